/*
 * See body.h. Called by parse.c.
 *
 * The text is made of pieces, in their order. A piece has a plain form, an HTML form, or both (an alternative). When every
 * piece has a plain form, the text is those; when one has only HTML, no text is given at all, so that nothing
 * is left out of it: the host makes text of the whole HTML, into which the plain pieces have been put.
 *
 *   mixed ─┬─ alternative ─┬─ text/plain ─┐ piece 1
 *          │               └─ text/html ──┘
 *          ├─ image (a file)
 *          └─ text/plain ─── piece 2 (a mailing list's footer)
 */
#include "body.h"

#include <string.h>

#include "charset.h"
#include "uuencode.h"

enum { DEPTH_MAX = 64, PIECES_MAX = 64, HTML_TOP = 2048 };

struct piece {
	GString *plain, *html;
};

struct walk {
	struct parsed *m;
	const struct token_key *key;
	uint64_t now_us;
	GArray *pieces;	    /* struct piece */
	struct piece *open; /* the alternative being read: its forms go here */
	bool report;
};

/* "quoted-printable;" is written by many a script: GMime takes it for no encoding at all. */
static void mend_encoding(GMimePart *part, GMimeDataWrapper *content)
{
	const char *value = g_mime_object_get_header(GMIME_OBJECT(part), "Content-Transfer-"
									 "Encoding");

	if (!value || g_mime_part_get_content_encoding(part) != GMIME_CONTENT_ENCODING_DEFAULT)
		return;
	value += strspn(value, " \t\r\n");
	char *word = g_strndup(value, strcspn(value, ";, \t\r\n"));
	g_mime_data_wrapper_set_encoding(content, g_mime_content_encoding_from_string(word));
	g_free(word);
}

static GByteArray *content_bytes(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GByteArray *bytes = g_byte_array_new();
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	if (content) {
		mend_encoding(part, content);
		g_mime_data_wrapper_write_to_stream(content, stream);
	}
	g_object_unref(stream);
	return bytes;
}

static GByteArray *object_bytes(GMimeObject *object)
{
	GByteArray *bytes = g_byte_array_new();
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_mime_object_write_to_stream(object, NULL, stream);
	g_object_unref(stream);
	return bytes;
}

static char *type_name(GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	char *name = type ? g_mime_content_type_get_mime_type(type)
			  : g_strdup("application/octet-stream");
	char *lower = g_ascii_strdown(name, -1);

	g_free(name);
	for (char *p = lower; *p; p++) {
		if (!g_ascii_isgraph(*p) || strchr("\"'<>;,\\", *p))
			*p = '_';
	}
	if (strlen(lower) > 100)
		lower[100] = '\0';
	return lower;
}

static void add_file(struct walk *w, GMimeObject *object, const char *name, GByteArray *bytes)
{
	const char *cid = g_mime_object_get_content_id(object);
	struct parsed_part part = { .bytes = bytes, .type = type_name(object) };

	part.name = parse_file_name(name, w->m->parts->len + 1, part.type);
	part.cid = cid ? g_utf8_make_valid(cid, -1) : NULL;
	g_array_append_val(w->m->parts, part);
}

/* One that was written into the text. */
static void add_inline(void *arg, const char *name, GByteArray *bytes)
{
	struct walk *w = arg;
	struct parsed_part part = { .bytes = bytes, .type = g_strdup("application/octet-stream") };

	part.name = parse_file_name(name, w->m->parts->len + 1, part.type);
	g_array_append_val(w->m->parts, part);
}

/* --- text */

static void piece_add(struct walk *w, GString *text, bool html)
{
	struct piece fresh = { NULL, NULL }, *piece = w->open;

	if (!piece) {
		if (w->pieces->len >= PIECES_MAX) {
			g_string_free(text, TRUE);
			return;
		}
		g_array_append_val(w->pieces, fresh);
		piece = &g_array_index(w->pieces, struct piece, w->pieces->len - 1);
	}
	GString **form = html ? &piece->html : &piece->plain;
	if (*form) {
		g_string_append(*form, html ? "<br>" : "\n");
		g_string_append_len(*form, text->str, (gssize)text->len);
		g_string_free(text, TRUE);
	} else {
		*form = text;
	}
}

static void read_text(struct walk *w, GMimePart *part, bool html)
{
	GMimeObject *object = GMIME_OBJECT(part);
	const char *charset = g_mime_object_get_content_type_parameter(object, "charset");
	const char *format = g_mime_object_get_content_type_parameter(object, "format");
	const char *delsp = g_mime_object_get_content_type_parameter(object, "delsp");
	GByteArray *bytes = content_bytes(part);
	const char *p = (const char *)bytes->data;
	char *own = html && !charset ? charset_in(p, MIN(bytes->len, (guint)HTML_TOP)) : NULL;
	GString *text = charset_to_utf8(p, bytes->len, own ? own : charset);

	g_free(own);
	g_byte_array_unref(bytes);
	if (!html && format && g_ascii_strcasecmp(format, "flowed") == 0) {
		GString *joined = flowed_join(
			text->str, text->len, delsp && g_ascii_strcasecmp(delsp, "yes") == 0);
		g_string_free(text, TRUE);
		text = joined;
	}
	if (!html)
		uuencode_take(text, add_inline, w);
	piece_add(w, text, html);
}

/* --- delivery reports */

void body_own_id(const char *text, gsize n, const struct token_key *key, uint64_t now_us,
	char message[TOKEN_ID_LEN + 1])
{
	const char *end = text + n;
	char conv[TOKEN_ID_LEN + 1];

	while (text < end && !message[0]) {
		const char *lf = memchr(text, '\n', (gsize)(end - text));
		const char *line = text;
		text = lf ? lf + 1 : end;
		while (line < text && (*line == '>' || *line == ' ' || *line == '\t'))
			line++;
		if (end - line < 12 || g_ascii_strncasecmp(line, "message-id:", 11) != 0)
			continue;
		/* A long one stands in the next line. */
		const char *lt = memchr(line, '<', MIN((gsize)(end - line), (gsize)200));
		if (lt)
			token_msgid_read(key, lt + 1, (gsize)(end - lt) - 1, now_us, conv, message);
	}
}

/* A Message-ID of ours in the headers that came back. */
static void find_own_id(struct walk *w, const char *text, gsize n)
{
	body_own_id(text, n, w->key, w->now_us, w->m->bounce_message);
}

static void read_report_part(struct walk *w, GMimePart *part, const char *type)
{
	GByteArray *bytes = content_bytes(part);
	const char *p = (const char *)bytes->data;

	if (strcmp(type, "message/delivery-status") == 0 || strcmp(type, "message/"
									 "global-delivery-"
									 "status") == 0) {
		if (w->m->bounce == BOUNCE_NONE)
			w->m->bounce = bounce_status(p, bytes->len, w->m->bounce_why);
	} else if (strcmp(type, "text/rfc822-headers") == 0) {
		find_own_id(w, p, bytes->len);
	}
	g_byte_array_unref(bytes);
}

/* --- the tree */

static void walk_object(struct walk *w, GMimeObject *object, unsigned depth);

static bool is_attachment(GMimePart *part)
{
	const char *disposition = g_mime_object_get_disposition(GMIME_OBJECT(part));

	return (disposition && g_ascii_strcasecmp(disposition, "attachment") == 0) ||
	       g_mime_part_get_filename(part);
}

/* "Content-Type: text", of old and broken programs: GMime takes it for unknown bytes. */
static bool is_bare_text(GMimeObject *object)
{
	const char *value = g_mime_object_get_header(object, "Content-Type");

	if (!value)
		return false;
	value += strspn(value, " \t\r\n");
	return g_ascii_strncasecmp(value, "text", 4) == 0 &&
	       (!value[4] || strchr("; \t\r\n", value[4]));
}

/* Markup of old; its tags are left out as HTML's are. */
static bool is_enriched(const char *type)
{
	return strcmp(type, "text/enriched") == 0 || strcmp(type, "text/richtext") == 0;
}

/* A further form of a text that is there already, for programs of one kind. */
static bool is_spare_form(const struct walk *w, const char *type)
{
	return w->open && (w->open->plain || w->open->html) &&
	       (is_enriched(type) || strcmp(type, "text/x-amp-html") == 0 ||
		       strcmp(type, "text/watch-html") == 0);
}

static void walk_leaf(struct walk *w, GMimePart *part)
{
	char *type = type_name(GMIME_OBJECT(part));
	bool plain = strcmp(type, "text/plain") == 0 || is_bare_text(GMIME_OBJECT(part)),
	     html = strcmp(type, "text/html") == 0 || is_enriched(type);

	if (w->report || g_str_has_prefix(type, "message/delivery-status"))
		read_report_part(w, part, type);
	if (is_spare_form(w, type) && !is_attachment(part)) {
		g_free(type);
		return;
	}
	if ((plain || html) && !is_attachment(part)) {
		read_text(w, part, html);
	} else {
		const char *name = g_mime_part_get_filename(part);
		if (!name) /* of a saved page's pictures the only one */
			name = g_mime_part_get_content_location(part);
		add_file(w, GMIME_OBJECT(part), name, content_bytes(part));
	}
	g_free(type);
}

static const char *file_name(GMimeObject *object)
{
	const char *name = g_mime_object_get_content_disposition_parameter(object, "filename");

	return name ? name : g_mime_object_get_content_type_parameter(object, "name");
}

static void walk_message(struct walk *w, GMimeMessagePart *part)
{
	GMimeMessage *inner = g_mime_message_part_get_message(part);
	const char *subject = inner ? g_mime_message_get_subject(inner) : NULL;
	const char *given = file_name(GMIME_OBJECT(part));
	GByteArray *bytes;
	char *name;

	if (!inner)
		return;
	bytes = object_bytes(GMIME_OBJECT(inner));
	if (w->report)
		find_own_id(w, (const char *)bytes->data, bytes->len < 65536 ? bytes->len : 65536);
	name = given ? g_strdup(given)
		     : g_strdup_printf("%.80s.eml", subject && *subject ? subject : "message");
	add_file(w, GMIME_OBJECT(part), name, bytes);
	g_free(name);
}

static void walk_alternative(struct walk *w, GMimeMultipart *multi, unsigned depth)
{
	struct piece forms = { NULL, NULL }, *outer = w->open;

	w->open = outer ? outer : &forms;
	for (int i = 0; i < g_mime_multipart_get_count(multi); i++)
		walk_object(w, g_mime_multipart_get_part(multi, i), depth + 1);
	w->open = outer;
	if (outer || (!forms.plain && !forms.html))
		return;
	if (w->pieces->len < PIECES_MAX) {
		g_array_append_val(w->pieces, forms);
		return;
	}
	if (forms.plain)
		g_string_free(forms.plain, TRUE);
	if (forms.html)
		g_string_free(forms.html, TRUE);
}

/* What a Mac keeps beside a file, and nobody else can open. */
static bool is_resource_fork(GMimeObject *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);

	return type && g_mime_content_type_is_type(type, "application", "applefile");
}

static void walk_object(struct walk *w, GMimeObject *object, unsigned depth)
{
	if (!object || depth > DEPTH_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multi = GMIME_MULTIPART(object);
		GMimeContentType *type = g_mime_object_get_content_type(object);
		bool report = w->report;
		if (g_mime_content_type_is_type(type, "multipart", "alternative")) {
			walk_alternative(w, multi, depth);
			return;
		}
		bool twin = g_mime_content_type_is_type(type, "multipart", "appledouble");
		w->report = report || g_mime_content_type_is_type(type, "multipart", "report");
		for (int i = 0; i < g_mime_multipart_get_count(multi); i++) {
			GMimeObject *part = g_mime_multipart_get_part(multi, i);
			if (!twin || !is_resource_fork(part))
				walk_object(w, part, depth + 1);
		}
		w->report = report;
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		walk_message(w, GMIME_MESSAGE_PART(object));
	} else if (GMIME_IS_PART(object)) {
		walk_leaf(w, GMIME_PART(object));
	}
}

/* --- the pieces */

static void append_escaped(GString *out, const GString *plain)
{
	g_string_append(out, "<pre>");
	for (gsize i = 0; i < plain->len; i++) {
		char c = plain->str[i];
		if (c == '<')
			g_string_append(out, "&lt;");
		else if (c == '&')
			g_string_append(out, "&amp;");
		else
			g_string_append_c(out, c);
	}
	g_string_append(out, "</pre>");
}

static bool is_blank(const GString *s)
{
	for (gsize i = 0; i < s->len; i++) {
		if (!g_ascii_isspace(s->str[i]))
			return false;
	}
	return true;
}

static void join_pieces(struct walk *w)
{
	bool any_html = false, all_plain = true;

	for (guint i = 0; i < w->pieces->len; i++) {
		struct piece *p = &g_array_index(w->pieces, struct piece, i);
		if (p->plain && p->html &&
			is_blank(p->plain)) { /* a plain form for the form's sake */
			g_string_free(p->plain, TRUE);
			p->plain = NULL;
		}
		any_html = any_html || p->html;
		all_plain = all_plain && p->plain;
	}
	for (guint i = 0; i < w->pieces->len; i++) {
		struct piece *p = &g_array_index(w->pieces, struct piece, i);
		if (all_plain) {
			if (w->m->text->len)
				g_string_append(w->m->text, "\n\n");
			g_string_append_len(w->m->text, p->plain->str, (gssize)p->plain->len);
		}
		if (any_html && p->html)
			g_string_append_len(w->m->html, p->html->str, (gssize)p->html->len);
		else if (any_html)
			append_escaped(w->m->html, p->plain);
		if (p->plain)
			g_string_free(p->plain, TRUE);
		if (p->html)
			g_string_free(p->html, TRUE);
	}
}

void body_read(
	GMimeMessage *message, struct parsed *m, const struct token_key *key, uint64_t now_us)
{
	struct walk w = { .m = m, .key = key, .now_us = now_us };

	w.pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
	walk_object(&w, g_mime_message_get_mime_part(message), 0);
	join_pieces(&w);
	g_array_unref(w.pieces);
}
