/* See parse.h. Called by the worker (intake.c) and its tests; starts GMime at the first mail. */
#include "parse.h"

#include <gmime/gmime.h>
#include <openssl/sha.h>
#include <string.h>

#include "body.h"
#include "charset.h"
#include "mend.h"
#include "mime.h"
#include "refs.h"
#include "report.h"
#include "robot.h"
#include "scan.h"
#include "words.h"

enum { REFS_MAX = 60, HEADER_TEXT_MAX = 4096, FILE_BYTES_MAX = 200, SALVAGE_MAX = 65536 };

/* --- pieces of text */

char *parse_address(const char *text)
{
	const char *at;
	gsize n;

	if (!text)
		return NULL;
	n = strlen(text);
	at = strrchr(text, '@');
	if (!at || at == text || at - text > 64 || !at[1] || n > 254 ||
		!g_utf8_validate(text, (gssize)n, NULL))
		return NULL;
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x21 || *p == 0x7f || strchr("<>()[],;:\\", *p))
			return NULL;
	}
	if (at[1] == '.' || at[1] == '-' || text[n - 1] == '.')
		return NULL;
	return g_ascii_strdown(text, (gssize)n);
}

static bool is_direction_trick(gunichar c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
	       c == 0x200f || (c >= 0x200b && c <= 0x200d) || c == 0xfeff || c == 0xad;
}

/* Behind "utf-8''", which GMime leaves there when the pieces of a name (RFC 2231) come in another order. */
static const char *behind_charset(const char *name)
{
	size_t n = 0;

	while (n < 20 && (g_ascii_isalnum(name[n]) || (name[n] && strchr("-_", name[n]))))
		n++;
	return n > 2 && name[n] == '\'' && name[n + 1] == '\'' ? name + n + 2 : name;
}

char *parse_file_name(const char *name, unsigned number, const char *type)
{
	char *valid = g_utf8_make_valid(name ? name : "", -1);
	GString *out = g_string_new(NULL);

	for (const char *p = behind_charset(valid); *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (c == '/' || c == '\\')
			g_string_truncate(out, 0);
		else if (c == ':' || c == '*' || c == '?' || c == '"' || c == '<' || c == '>' ||
			 c == '|')
			g_string_append_c(out, '_');
		else if (!g_unichar_iscntrl(c) && !is_direction_trick(c) &&
			 out->len < FILE_BYTES_MAX)
			g_string_append_unichar(out, c);
	}
	g_free(valid);
	while (out->len && strchr(". ", out->str[0]))
		g_string_erase(out, 0, 1);
	while (out->len && strchr(". ", out->str[out->len - 1]))
		g_string_truncate(out, out->len - 1);
	if (!out->len) {
		const char *ext = strcmp(type, "text/plain") == 0	 ? ".txt"
				  : strcmp(type, "message/rfc822") == 0	 ? ".eml"
				  : strcmp(type, "application/pdf") == 0 ? ".pdf"
				  : strcmp(type, "text/rtf") == 0	 ? ".rtf"
				  : strcmp(type, "image/gif") == 0	 ? ".gif"
				  : strcmp(type, "text/html") == 0	 ? ".html"
				  : strcmp(type, "image/png") == 0	 ? ".png"
				  : strcmp(type, "image/jpeg") == 0	 ? ".jpg"
				  : strcmp(type, "text/calendar") == 0	 ? ".ics"
									 : "";
		g_string_printf(out, "attachment-%u%s", number, ext);
	}
	return g_string_free(out, FALSE);
}

/* Valid UTF-8 in one line, bounded; NULL stays NULL. */
static char *line_text(const char *text)
{
	char *valid;

	if (!text)
		return NULL;
	valid = g_utf8_make_valid(text, (gssize)strnlen(text, HEADER_TEXT_MAX));
	for (char *p = valid; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	}
	return g_strstrip(valid);
}

/* A message id without <>; NULL when it cannot be one. */
static char *bare_id(const char *text)
{
	char *id;

	if (!text)
		return NULL;
	text += strspn(text, " \t\r\n<");
	id = g_strndup(text, strcspn(text, "> \t\r\n"));
	if (!*id || strlen(id) > 900 || !g_utf8_validate(id, -1, NULL)) {
		g_free(id);
		return NULL;
	}
	return id;
}

/* --- headers */

static InternetAddressMailbox *first_mailbox(InternetAddressList *list, unsigned depth)
{
	for (int i = 0; list && depth < 4 && i < internet_address_list_length(list); i++) {
		InternetAddress *a = internet_address_list_get_address(list, i);
		if (INTERNET_ADDRESS_IS_MAILBOX(a))
			return INTERNET_ADDRESS_MAILBOX(a);
		if (INTERNET_ADDRESS_IS_GROUP(a)) {
			InternetAddressMailbox *m = first_mailbox(
				internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a)),
				depth + 1);
			if (m)
				return m;
		}
	}
	return NULL;
}

/* The first word that is an address, of a header that is not written as it should be. */
static char *address_in(const char *text)
{
	static const char ends[] = " \t\r\n<>()[]\",;:";
	char *address = NULL;

	while (text && *text && !address) {
		size_t n = strcspn(text, ends);
		char *word = g_strndup(text, n);
		address = parse_address(word);
		g_free(word);
		text += n + (text[n] != '\0');
	}
	return address;
}

static void read_from(GMimeMessage *message, struct parsed *m)
{
	InternetAddressMailbox *box = first_mailbox(g_mime_message_get_from(message), 0);

	if (!box)
		box = first_mailbox(g_mime_message_get_sender(message), 0);
	if (box) {
		m->from = parse_address(internet_address_mailbox_get_addr(box));
		m->from_name = line_text(internet_address_get_name(INTERNET_ADDRESS(box)));
	}
	if (!m->from)
		m->from = address_in(g_mime_object_get_header(GMIME_OBJECT(message), "From"));
}

static char *list_text(InternetAddressList *list)
{
	char *text, *line;

	if (!list || internet_address_list_length(list) == 0)
		return NULL;
	text = internet_address_list_to_string(list, NULL, FALSE);
	line = line_text(text);
	g_free(text);
	return line;
}

static void add_ref(struct parsed *m, const char *id)
{
	for (guint i = 0; i < m->refs->len; i++) {
		if (strcmp(g_ptr_array_index(m->refs, i), id) == 0)
			return;
	}
	g_ptr_array_add(m->refs, g_strdup(id));
}

/* In-Reply-To, then References from the newest back; each may stand there more than once. */
static void read_refs(GMimeObject *message, struct parsed *m)
{
	static const char *const names[] = { "In-Reply-To", "References" };
	GMimeHeaderList *headers = g_mime_object_get_header_list(message);
	int count = g_mime_header_list_get_count(headers);

	for (gsize n = 0; n < G_N_ELEMENTS(names); n++) {
		GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
		for (int i = 0; i < count; i++) {
			GMimeHeader *h = g_mime_header_list_get_header_at(headers, i);
			const char *value = g_mime_header_get_value(h);
			if (value && g_ascii_strcasecmp(g_mime_header_get_name(h), names[n]) == 0)
				refs_read(ids, value);
		}
		for (guint i = ids->len; i-- > 0 && m->refs->len < REFS_MAX;)
			add_ref(m, g_ptr_array_index(ids, i));
		g_ptr_array_unref(ids);
	}
}

static void find_conversation(struct parsed *m, const struct token_key *key, uint64_t now_us)
{
	char message[TOKEN_ID_LEN + 1];

	for (guint i = 0; i < m->refs->len; i++) {
		const char *id = g_ptr_array_index(m->refs, i);
		if (token_msgid_read(key, id, strlen(id), now_us, m->conv, message))
			return;
	}
}

static void read_date(GMimeMessage *message, struct parsed *m)
{
	GDateTime *date = g_mime_message_get_date(message);
	gint64 unix_s = date ? g_date_time_to_unix(date) : 0;

	if (unix_s > 0)
		m->date_us = (uint64_t)unix_s * 1000000;
}

static bool is_report(GMimeMessage *message)
{
	GMimeObject *part = g_mime_message_get_mime_part(message);
	GMimeContentType *type = part ? g_mime_object_get_content_type(part) : NULL;

	return type && g_mime_content_type_is_type(type, "multipart", "report");
}

/* One walk over all headers: robots, and what our own mail server found out about the sender. */
static void read_traits(GMimeMessage *message, struct parsed *m, const char *sender,
	const struct parse_config *config)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
	const char *domain = m->from ? strrchr(m->from, '@') + 1 : "";
	InternetAddressList *from = g_mime_message_get_from(message);
	bool judged = false;

	m->automatic = sender && !*sender;
	for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
		GMimeHeader *h = g_mime_header_list_get_header_at(headers, i);
		const char *name = g_mime_header_get_name(h), *value = g_mime_header_get_value(h);
		if (!value)
			continue;
		m->automatic = m->automatic || robot_header(name, value);
		/* Only the topmost of that server's: those below were there when the mail came. */
		if (config->authserv && !judged &&
			g_ascii_strcasecmp(name, "Authentication-Results") == 0) {
			int result = auth_result(value, config->authserv, domain);
			judged = result >= 0;
			m->verified =
				result == 1 && m->from && internet_address_list_length(from) == 1;
		}
	}
	/* Read receipts and complaints, too. */
	m->automatic =
		m->automatic || is_report(message) || robot_subject(m->subject) ||
		bounce_sender(m->from) ||
		(m->from && g_str_has_prefix(m->from, "postmaster@") && bounce_subject(m->subject));
}

/* --- the whole */

static void hash_hex(const unsigned char *p, gsize n, char out[65])
{
	unsigned char sum[SHA256_DIGEST_LENGTH];

	/* Not GLib's: 50 MB take that one 190 ms. */
	SHA256(p, n, sum);
	for (unsigned i = 0; i < sizeof(sum); i++)
		g_snprintf(out + (size_t)2 * i, 3, "%02x", sum[i]);
}

static void options_free(gpointer options)
{
	g_mime_parser_options_free(options);
}

/* They live as long as the message, which decodes its headers when they are asked for. */
static GMimeParserOptions *options_new(const GByteArray *raw)
{
	GMimeParserOptions *options = g_mime_parser_options_new();
	char *charset = mend_charset(raw);
	const char *charsets[] = { "utf-8", charset ? charset : "windows-1251", "iso-8859-1",
		NULL };

	g_mime_parser_options_set_fallback_charsets(options, charsets);
	g_free(charset);
	return options;
}

static GMimeMessage *construct(GByteArray *raw)
{
	GMimeParserOptions *options;
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeMessage *message;

	mime_start();
	options = options_new(raw);
	stream = g_mime_stream_mem_new_with_byte_array(raw);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
	message = g_mime_parser_construct_message(parser, options);
	g_object_unref(parser);
	g_object_unref(stream);
	if (message)
		g_object_set_data_full(G_OBJECT(message), "options", options, options_free);
	else
		options_free(options);
	return message;
}

static void read_headers(GMimeMessage *message, struct parsed *m)
{
	read_from(message, m);
	m->subject = line_text(g_mime_message_get_subject(message));
	m->message_id = bare_id(g_mime_message_get_message_id(message));
	read_date(message, m);
	read_refs(GMIME_OBJECT(message), m);
}

/* Of a mail that is not to be parsed: its few telling headers, none of them long. */
static void salvage(const GByteArray *raw, struct parsed *m)
{
	static const char *const names[] = {
		"From:", "Subject:", "Message-ID:", "Date:", "In-Reply-To:"
	};
	GByteArray *top = g_byte_array_new();
	const char *p = (const char *)raw->data;
	gsize left = raw->len < SALVAGE_MAX ? raw->len : SALVAGE_MAX;
	bool seen[G_N_ELEMENTS(names)] = { false };

	while (left > 0 && *p != '\r' && *p != '\n') {
		const char *lf = memchr(p, '\n', left);
		gsize n = lf ? (gsize)(lf - p) + 1 : left;
		for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
			gsize len = strlen(names[i]);
			if (n > len && n < HEADER_TEXT_MAX && !seen[i] &&
				g_ascii_strncasecmp(p, names[i], len) == 0) {
				g_byte_array_append(top, (const guint8 *)p, (guint)n);
				seen[i] = true;
			}
		}
		p += n;
		left -= n;
	}
	g_byte_array_append(top, (const guint8 *)"\n", 1);
	GMimeMessage *message = construct(top);
	if (message) {
		read_headers(message, m);
		g_object_unref(message);
	}
	g_byte_array_unref(top);
}

static bool has_headers(const GByteArray *raw)
{
	/* "Name:" or an mbox line; GMime takes anything else for a body. */
	const char *p = (const char *)raw->data;
	gsize n = raw->len < 1000 ? raw->len : 1000, i = 0;

	if (n > 5 && memcmp(p, "From ", 5) == 0)
		return true;
	while (i < n && p[i] > ' ' && p[i] != ':' && p[i] != 0x7f)
		i++;
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i > 0 && i < n && p[i] == ':';
}

/* A mail without a single part in it has broken boundaries: better its source than nothing. */
static void show_source(struct parsed *m, const GByteArray *raw)
{
	const char *p = (const char *)raw->data;
	gsize body = scan_body(p, raw->len);
	GString *text;

	if (m->text->len || m->html->len || m->parts->len)
		return;
	text = charset_to_utf8(p + body, MIN(raw->len - body, (gsize)SALVAGE_MAX), NULL);
	g_string_append_len(m->text, text->str, (gssize)text->len);
	g_string_free(text, TRUE);
}

static void parse_whole(struct parsed *m, GByteArray *raw, const char *sender, uint64_t now_us,
	const struct parse_config *config)
{
	GMimeMessage *message;
	char conv[TOKEN_ID_LEN + 1], own[TOKEN_ID_LEN + 1];

	words_join(raw);
	message = construct(raw);
	if (!message) {
		m->quarantine = g_strdup("it could not be read as a mail");
		return;
	}
	read_headers(message, m);
	m->to = list_text(g_mime_message_get_to(message));
	m->cc = list_text(g_mime_message_get_cc(message));
	m->reply_to = list_text(g_mime_message_get_reply_to(message));
	m->list = line_text(g_mime_object_get_header(GMIME_OBJECT(message), "List-Id"));
	read_traits(message, m, sender, config);
	find_conversation(m, &config->key, now_us);
	body_read(message, m, &config->key, now_us);
	show_source(m, raw);
	report_read(m, raw, &config->key, now_us);
	/* A mail of our own that comes back is a loop. */
	if (m->message_id && token_msgid_read(&config->key, m->message_id, strlen(m->message_id),
				     now_us, conv, own))
		m->automatic = true;
	g_object_unref(message);
	if (!m->from)
		m->from = parse_address(sender);
	if (!m->from)
		m->quarantine = g_strdup("no sender's address in it");
}

struct parsed *parse_mail(
	GByteArray *raw, const char *sender, uint64_t now_us, const struct parse_config *config)
{
	struct parsed *m = g_new0(struct parsed, 1);

	mend_top(raw);
	const char *refusal = scan_refusal((const char *)raw->data, raw->len, config->wide);

	m->refs = g_ptr_array_new_with_free_func(g_free);
	m->text = g_string_new(NULL);
	m->html = g_string_new(NULL);
	m->parts = g_array_new(FALSE, TRUE, sizeof(struct parsed_part));
	m->bounce_why = g_string_new(NULL);
	if (refusal) {
		m->quarantine = g_strdup_printf("too complex: %s", refusal);
		salvage(raw, m);
	} else if (!has_headers(raw)) {
		m->quarantine = g_strdup("not a mail: it does not start with headers");
	} else {
		parse_whole(m, raw, sender, now_us, config);
	}
	gsize body = m->message_id ? scan_body((const char *)raw->data, raw->len) : 0;
	hash_hex(raw->data + body, raw->len - body, m->hash);
	g_byte_array_unref(raw);
	return m;
}

void parsed_free(struct parsed *m)
{
	if (!m)
		return;
	for (guint i = 0; i < m->parts->len; i++) {
		struct parsed_part *p = &g_array_index(m->parts, struct parsed_part, i);
		g_free(p->name);
		g_free(p->type);
		g_free(p->cid);
		if (p->bytes)
			g_byte_array_unref(p->bytes);
	}
	g_array_unref(m->parts);
	g_ptr_array_unref(m->refs);
	g_string_free(m->text, TRUE);
	g_string_free(m->html, TRUE);
	g_string_free(m->bounce_why, TRUE);
	g_free(m->quarantine);
	g_free(m->from);
	g_free(m->from_name);
	g_free(m->subject);
	g_free(m->message_id);
	g_free(m->to);
	g_free(m->cc);
	g_free(m->reply_to);
	g_free(m->list);
	g_free(m);
}
