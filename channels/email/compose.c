/*
 * See compose.h. Called by build.c.
 *
 *   text                            <div>text</div>
 *
 *   signature                       <div>signature</div>
 *
 *   On 8 Mar 2027, 14:05 UTC,       <div>On ... wrote:</div>
 *   Ann wrote:
 *   > what she wrote                <blockquote type=cite>what she wrote, her inline images</blockquote>
 *
 * Without a quotation the signature stands behind "-- " (RFC 3676), so that mail programs know it as one; above a quotation that mark would
 * make them take the rest for signature too.
 */
#include "compose.h"

#include <string.h>

static gboolean has(const char *text)
{
	return text && *text;
}

/* An answer to a picture alone quotes that. */
static gboolean is_quoting(const struct letter *l)
{
	return has(l->quoted) || has(l->quoted_html);
}

/* Valid UTF-8, LF only, no white space at the end. */
static char *clean_text(const char *text)
{
	char *valid = g_utf8_make_valid(text ? text : "", -1), *to = valid;

	for (const char *from = valid; *from; from++) {
		if (*from != '\r')
			*to++ = *from;
		else if (from[1] != '\n')
			*to++ = '\n';
	}
	*to = '\0';
	return g_strchomp(valid);
}

/* One line: a name cannot add another. */
static char *one_line(const char *text)
{
	char *clean = clean_text(text);

	for (char *p = clean; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return g_strstrip(clean);
}

/* "On 8 Mar 2027, 14:05 UTC, Ann wrote:", so that mail programs, ours too, know where the quotation begins. */
static char *attribution(const struct letter *l)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	GDateTime *at = g_date_time_new_from_unix_utc((gint64)(l->quoted_at_us / 1000000));
	gboolean russian = l->lang && g_str_has_prefix(l->lang, "ru");
	char *who = one_line(l->quoted_from), *line;
	int day = g_date_time_get_day_of_month(at), month = g_date_time_get_month(at);

	if (russian)
		line = g_strdup_printf("%02d.%02d.%d, %02d:%02d UTC, %s пишет:", day, month,
			g_date_time_get_year(at), g_date_time_get_hour(at),
			g_date_time_get_minute(at), who);
	else
		line = g_strdup_printf("On %d %s %d, %02d:%02d UTC, %s wrote:", day,
			months[month - 1], g_date_time_get_year(at), g_date_time_get_hour(at),
			g_date_time_get_minute(at), who);
	g_date_time_unref(at);
	g_free(who);
	return line;
}

static void add_quoted_lines(GString *out, const char *text)
{
	gchar **lines = g_strsplit(text, "\n", -1);

	for (gchar **line = lines; *line; line++)
		g_string_append_printf(out, "%s%s\n", **line == '>' || !**line ? ">" : "> ", *line);
	g_strfreev(lines);
}

char *compose_plain(const struct letter *l)
{
	char *text = clean_text(l->text), *signature = clean_text(l->signature);
	GString *out = g_string_new(text);

	if (*signature)
		g_string_append_printf(out, "\n\n%s%s", is_quoting(l) ? "" : "-- \n", signature);
	if (is_quoting(l)) {
		char *quoted = clean_text(l->quoted), *says = attribution(l);
		g_string_append_printf(out, "\n\n%s\n", says);
		add_quoted_lines(out, quoted);
		g_free(quoted);
		g_free(says);
	}
	g_free(text);
	g_free(signature);
	return g_string_free(out, FALSE);
}

/* --- HTML */

static void add_html(GString *out, const char *text)
{
	char *escaped = g_markup_escape_text(text, -1);

	for (const char *p = escaped; *p; p++) {
		if (*p == '\n')
			g_string_append(out, "<br>\n");
		else if (*p == ' ' && p[1] == ' ')
			g_string_append(out, "&nbsp;");
		else if (g_ascii_iscntrl(*p) && *p != '\t')
			g_string_append_c(out, ' ');
		else
			g_string_append_c(out, *p);
	}
	g_free(escaped);
}

/* Whether the quoted HTML shows that image itself. */
static gboolean is_shown(const struct letter *l, const char *cid)
{
	char *source = g_strconcat("cid:", cid, NULL);
	gboolean shown = has(l->quoted_html) && strstr(l->quoted_html, source);

	g_free(source);
	return shown;
}

/* The images that came with the quoted words: their parts are in this mail too. */
static void add_images(GString *out, const struct letter *l)
{
	for (guint i = 0; i < l->parts->len; i++) {
		const struct letter_part *p = &g_array_index(l->parts, struct letter_part, i);
		if (!has(p->cid) || !p->type || !g_str_has_prefix(p->type, "image/") ||
			is_shown(l, p->cid))
			continue;
		char *cid = g_uri_escape_string(p->cid, "@", FALSE);
		g_string_append_printf(out, "<br>\n<img src=\"cid:%s\" alt=\"", cid);
		char *name = one_line(p->name);
		add_html(out, name);
		g_string_append(out, "\">");
		g_free(cid);
		g_free(name);
	}
}

static void add_quotation(GString *out, const struct letter *l)
{
	char *quoted = clean_text(l->quoted), *says = attribution(l);

	g_string_append(out, "<br>\n<div>");
	add_html(out, says);
	g_string_append(out, "</div>\n<blockquote type=\"cite\" style=\"margin:0 0 0 .8ex;"
			     "border-left:2px solid #ccc;padding-left:1ex\">");
	if (has(l->quoted_html)) {
		char *html = g_utf8_make_valid(l->quoted_html, -1);
		g_string_append(out, html);
		g_free(html);
	} else {
		add_html(out, quoted);
	}
	add_images(out, l);
	g_string_append(out, "</blockquote>\n");
	g_free(quoted);
	g_free(says);
}

char *compose_html(const struct letter *l)
{
	char *text = clean_text(l->text), *signature = clean_text(l->signature);
	GString *out = g_string_new("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head>"
				    "<body>\n<div>");

	add_html(out, text);
	g_string_append(out, "</div>\n");
	if (*signature) {
		g_string_append(out, "<br>\n<div style=\"color:#555\">");
		add_html(out, signature);
		g_string_append(out, "</div>\n");
	}
	if (is_quoting(l))
		add_quotation(out, l);
	g_string_append(out, "</body></html>\n");
	g_free(text);
	g_free(signature);
	return g_string_free(out, FALSE);
}
