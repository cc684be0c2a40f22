/*
 * See build.h. Called by smtp.c and its tests.
 *
 *   mixed ─┬─ related ─┬─ alternative ─┬─ text/plain
 *          │           │               └─ text/html      when there is HTML
 *          │           └─ inline images                  when parts have a cid and there is HTML
 *          └─ attachments                                when there are any
 *
 * A level that would have one child only is left out.
 */
#include "build.h"

#include "compose.h"
#include "mime.h"

#include <gmime/gmime.h>
#include <string.h>

enum { REFS_MAX = 20, SUBJECT_MAX = 800, LOCAL_PART_MAX = 64 };

struct letter *letter_new(void)
{
	struct letter *l = g_new0(struct letter, 1);

	l->refs = g_ptr_array_new_with_free_func(g_free);
	l->cc = g_ptr_array_new_with_free_func(g_free);
	l->parts = g_array_new(FALSE, TRUE, sizeof(struct letter_part));
	return l;
}

void letter_free(struct letter *l)
{
	if (!l)
		return;
	for (guint i = 0; i < l->parts->len; i++) {
		struct letter_part *p = &g_array_index(l->parts, struct letter_part, i);
		g_free(p->name);
		g_free(p->type);
		g_free(p->cid);
		if (p->bytes)
			g_byte_array_unref(p->bytes);
	}
	g_array_unref(l->parts);
	g_ptr_array_unref(l->refs);
	g_ptr_array_unref(l->cc);
	g_free(l->message);
	g_free(l->envelope);
	g_free(l->signature);
	g_free(l->quoted);
	g_free(l->quoted_from);
	g_free(l->quoted_html);
	g_free(l->lang);
	g_free(l->id);
	g_free(l->conv);
	g_free(l->to);
	g_free(l->subject);
	g_free(l->text);
	g_free(l->html);
	g_free(l->in_reply_to);
	g_free(l);
}

/* One line of valid UTF-8 for a header. */
static char *clean_line(const char *text, gsize max)
{
	char *valid = g_utf8_make_valid(text ? text : "", -1);
	GString *out = g_string_new(NULL);

	for (const char *p = valid; *p && out->len < max; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		g_string_append_unichar(
			out, g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029 ? ' ' : c);
	}
	g_free(valid);
	return g_strstrip(g_string_free(out, FALSE));
}

/* --- names */

static const char *domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : "localhost";
}

/* local+token@domain, or NULL when the left side would be longer than RFC 5321 allows. */
static char *plus_address(const char *mailbox, const char *token)
{
	const char *at = strrchr(mailbox, '@');
	gsize local = at ? (gsize)(at - mailbox) : 0;

	if (!at || local + 1 + strlen(token) > LOCAL_PART_MAX)
		return NULL;
	return g_strdup_printf("%.*s+%s%s", (int)local, mailbox, token, at);
}

char *letter_message_id(const struct letter *l, const struct letter_config *config)
{
	char token[TOKEN_MSGID_LEN + 1];

	token_msgid_make(&config->key, l->conv, l->message ? l->message : l->id, token);
	return g_strdup_printf("%s@%s", token, domain_of(config->mailbox));
}

char *letter_sender(const struct letter *l, const struct letter_config *config)
{
	char token[TOKEN_PLUS_LEN + 1], *address;

	if (l->automatic)
		return g_strdup("");
	token_plus_make(&config->key, TOKEN_BOUNCE, l->id, l->now_us, token);
	address = plus_address(config->mailbox, token);
	return address ? address : g_strdup(config->mailbox);
}

/* --- headers */

static bool is_reply_subject(const char *subject)
{
	static const char *const prefixes[] = { "re:", "re[",
		"отв:", "ответ:", "на:", "aw:", "sv:" };
	char *low = g_utf8_strdown(subject, -1);
	bool found = false;

	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
		found = found || g_str_has_prefix(low, prefixes[i]);
	g_free(low);
	return found;
}

static char *subject_line(const struct letter *l)
{
	char *subject = clean_line(l->subject, SUBJECT_MAX), *with;
	bool answer = (l->in_reply_to && *l->in_reply_to) || l->refs->len;

	if (!answer || is_reply_subject(subject))
		return subject;
	with = g_strdup_printf("Re: %s", subject);
	g_free(subject);
	return g_strchomp(with);
}

/* A message id fit for a header, with <>; NULL for keys of ours that are none ("hash:...", "conv:..."). */
static char *id_header(const char *key)
{
	gsize n;

	if (!key)
		return NULL;
	key += *key == '<';
	n = strcspn(key, ">");
	if (n < 3 || n > 900 || !memchr(key, '@', n))
		return NULL;
	for (gsize i = 0; i < n; i++) {
		if ((unsigned char)key[i] <= ' ' || key[i] == 0x7f || key[i] == '<' ||
			(key[i] & 0x80))
			return NULL;
	}
	return g_strdup_printf("<%.*s>", (int)n, key);
}

/* The first and the last of a long thread. */
static void set_references(GMimeObject *mail, const struct letter *l)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	GString *line = g_string_new(NULL);
	char *last = id_header(l->in_reply_to);

	for (guint i = 0; i < l->refs->len; i++) {
		char *id = id_header(g_ptr_array_index(l->refs, i));
		if (id && last && strcmp(id, last) == 0)
			g_clear_pointer(&id, g_free);
		if (id)
			g_ptr_array_add(ids, id);
	}
	if (last)
		g_ptr_array_add(ids, g_strdup(last));
	for (guint i = 0; i < ids->len; i++) {
		if (i == 0 || i + REFS_MAX > ids->len)
			g_string_append_printf(line, "%s%s", line->len ? " " : "",
				(char *)g_ptr_array_index(ids, i));
	}
	if (last)
		g_mime_object_set_header(mail, "In-Reply-To", last, NULL);
	if (line->len)
		g_mime_object_set_header(mail, "References", line->str, NULL);
	g_free(last);
	g_string_free(line, TRUE);
	g_ptr_array_unref(ids);
}

static void add_address(
	GMimeMessage *mail, GMimeAddressType type, const char *name, const char *address)
{
	InternetAddress *a = internet_address_mailbox_new(name, address);

	internet_address_set_charset(a, "utf-8");
	internet_address_list_add(g_mime_message_get_addresses(mail, type), a);
	g_object_unref(a);
}

static void set_reply_to(
	GMimeMessage *mail, const struct letter *l, const struct letter_config *config)
{
	char token[TOKEN_PLUS_LEN + 1], *address;

	token_plus_make(&config->key, TOKEN_CONVERSATION, l->conv, l->now_us, token);
	address = plus_address(config->mailbox, token);
	add_address(mail, GMIME_ADDRESS_TYPE_REPLY_TO, config->from_name,
		address ? address : config->mailbox);
	g_free(address);
}

/* As it is written: GMime would make encoded words of a long address, and those are no address for any mail program. */
static void set_header_raw(GMimeObject *mail, const char *name, const char *value)
{
	GMimeHeaderList *all = g_mime_object_get_header_list(mail);
	char *raw = g_strdup_printf(" %s\n", value);

	g_mime_header_list_set(all, name, value, NULL);
	g_mime_header_set_raw_value(g_mime_header_list_get_header(all, name), raw);
	g_free(raw);
}

static void set_headers(
	GMimeMessage *mail, const struct letter *l, const struct letter_config *config)
{
	GMimeObject *object = GMIME_OBJECT(mail);
	GDateTime *date = g_date_time_new_from_unix_utc((gint64)(l->now_us / 1000000));
	char *subject = subject_line(l), *id = letter_message_id(l, config);

	add_address(mail, GMIME_ADDRESS_TYPE_FROM, config->from_name, config->from_address);
	add_address(mail, GMIME_ADDRESS_TYPE_TO, NULL, l->to);
	for (guint i = 0; i < l->cc->len; i++)
		add_address(mail, GMIME_ADDRESS_TYPE_CC, NULL, g_ptr_array_index(l->cc, i));
	set_reply_to(mail, l, config);
	g_mime_message_set_subject(mail, subject, "utf-8");
	g_mime_message_set_date(mail, date);
	g_mime_message_set_message_id(mail, id);
	set_references(object, l);
	if (l->automatic) {
		g_mime_object_set_header(object, "Auto-Submitted", "auto-replied", NULL);
		g_mime_object_set_header(object, "X-Auto-Response-Suppress", "All", NULL);
		if (config->unsubscribe && *config->unsubscribe)
			set_header_raw(object, "List-Unsubscribe", config->unsubscribe);
	}
	g_date_time_unref(date);
	g_free(subject);
	g_free(id);
}

/* --- parts */

/* Line ends are LF: the encoder makes CR LF of them. */
static GMimeObject *text_part(const char *text, const char *subtype)
{
	GMimeTextPart *part = g_mime_text_part_new_with_subtype(subtype);

	g_mime_text_part_set_charset(part, "utf-8");
	g_mime_text_part_set_text(part, text);
	return GMIME_OBJECT(part);
}

/* type/subtype of token characters, or what anything may be. */
static bool type_is_proper(const char *type)
{
	unsigned slashes = 0;

	if (!type || !*type)
		return false;
	for (const char *p = type; *p; p++) {
		slashes += *p == '/';
		if (!g_ascii_isalnum(*p) && !strchr("/.+-_", *p))
			return false;
	}
	return slashes == 1 && *type != '/' && type[strlen(type) - 1] != '/' && strlen(type) <= 100;
}

/* UTF-8 for every parameter: GMime would choose the shortest charset, and not all mail programs know those. */
static void params_set_utf8(GMimeParamList *params)
{
	for (int i = 0; params && i < g_mime_param_list_length(params); i++)
		g_mime_param_set_charset(g_mime_param_list_get_parameter_at(params, i), "utf-8");
}

static GMimeObject *file_part(const struct letter_part *p, bool inline_image)
{
	gchar **type =
		g_strsplit(type_is_proper(p->type) ? p->type : "application/octet-stream", "/", 2);
	GMimePart *part = g_mime_part_new_with_type(type[0], type[1]);
	GMimeStream *stream =
		g_mime_stream_mem_new_with_buffer((const char *)p->bytes->data, p->bytes->len);
	GMimeDataWrapper *content =
		g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
	char *name = clean_line(p->name, 200);

	g_mime_part_set_content(part, content);
	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
	g_mime_object_set_disposition(GMIME_OBJECT(part), inline_image ? "inline" : "attachment");
	if (*name)
		g_mime_part_set_filename(part, name);
	params_set_utf8(g_mime_content_type_get_parameters(
		g_mime_object_get_content_type(GMIME_OBJECT(part))));
	params_set_utf8(g_mime_content_disposition_get_parameters(
		g_mime_object_get_content_disposition(GMIME_OBJECT(part))));
	if (inline_image) {
		char *cid = clean_line(p->cid, 200);
		g_mime_object_set_content_id(GMIME_OBJECT(part), cid);
		g_free(cid);
	}
	g_free(name);
	g_object_unref(content);
	g_object_unref(stream);
	g_strfreev(type);
	return GMIME_OBJECT(part);
}

/* Takes over both. */
static GMimeObject *wrap(const char *subtype, GMimeObject *first, GMimeObject *second)
{
	GMimeMultipart *multi = g_mime_multipart_new_with_subtype(subtype);

	g_mime_multipart_add(multi, first);
	g_object_unref(first);
	if (second) {
		g_mime_multipart_add(multi, second);
		g_object_unref(second);
	}
	return GMIME_OBJECT(multi);
}

/* An automatic answer is plain: it shows nothing. */
static bool has_html(const struct letter *l)
{
	return !l->automatic || (l->html && *l->html);
}

static bool is_inline(const struct letter *l, const struct letter_part *p)
{
	return has_html(l) && p->cid && *p->cid && p->type && g_str_has_prefix(p->type, "image/");
}

static GMimeObject *words(const struct letter *l)
{
	char *plain = compose_plain(l), *html = NULL;
	GMimeObject *body = text_part(plain, "plain");

	if (has_html(l)) {
		html = l->html && *l->html ? g_utf8_make_valid(l->html, -1) : compose_html(l);
		body = wrap("alternative", body, text_part(html, "html"));
	}
	g_free(plain);
	g_free(html);
	return body;
}

static GMimeObject *content(const struct letter *l)
{
	GMimeObject *body = words(l);

	for (int files = 0; files < 2; files++) { /* inline images inside, files outside */
		GMimeObject *outer = NULL;
		for (guint i = 0; i < l->parts->len; i++) {
			struct letter_part *p = &g_array_index(l->parts, struct letter_part, i);
			if (!p->bytes || is_inline(l, p) == (files == 1))
				continue;
			GMimeObject *file = file_part(p, files == 0);
			if (!outer)
				outer = body = wrap(files ? "mixed" : "related", body, NULL);
			g_mime_multipart_add(GMIME_MULTIPART(outer), file);
			g_object_unref(file);
		}
	}
	return body;
}

GByteArray *letter_build(const struct letter *l, const struct letter_config *config)
{
	GMimeFormatOptions *format;
	GByteArray *bytes = g_byte_array_new();
	GMimeStream *stream;
	GMimeMessage *mail;
	GMimeObject *body;

	mime_start();
	stream = g_mime_stream_mem_new_with_byte_array(bytes);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	mail = g_mime_message_new(FALSE);
	set_headers(mail, l, config);
	body = content(l);
	g_mime_message_set_mime_part(mail, body);
	g_mime_object_encode(GMIME_OBJECT(mail), GMIME_ENCODING_CONSTRAINT_7BIT);
	format = g_mime_format_options_new();
	g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
	g_mime_object_write_to_stream(GMIME_OBJECT(mail), format, stream);
	g_mime_format_options_free(format);
	g_object_unref(body);
	g_object_unref(mail);
	g_object_unref(stream);
	return bytes;
}
