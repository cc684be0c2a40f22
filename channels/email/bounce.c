/* See bounce.h. Called by the parse worker, its tests and fuzzer. */
#include "bounce.h"

#include <string.h>

enum { LOOK_MAX = 65536, WHY_MAX = 300 };

static bool header_is(const char *p, gsize n, const char *name)
{
	gsize len = strlen(name);

	return n >= len && g_ascii_strncasecmp(p, name, len) == 0;
}

/* One field's value, unfolded, in one line and bounded. */
static void value_append(GString *out, const char *p, gsize n)
{
	bool space = false;

	for (gsize i = 0; i < n && out->len < WHY_MAX; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c <= ' ' || c == 0x7f) {
			space = out->len > 0;
			continue;
		}
		if (space)
			g_string_append_c(out, ' ');
		space = false;
		g_string_append_c(out, c < 0x80 ? (char)c : '?');
	}
}

/* The field at p with its continuation lines. */
static gsize field_length(const char *p, gsize n)
{
	gsize i = 0;

	do {
		const char *lf = memchr(p + i, '\n', n - i);
		i = lf ? (gsize)(lf - p) + 1 : n;
	} while (i < n && (p[i] == ' ' || p[i] == '\t'));
	return i;
}

struct fields {
	GString *action, *status, *diagnostic;
};

static void fields_read(struct fields *f, const char *p, gsize n)
{
	while (n > 0) {
		gsize len = field_length(p, n);
		if (header_is(p, len, "Action:") && !f->action->len)
			value_append(f->action, p + 7, len - 7);
		else if (header_is(p, len, "Status:") && !f->status->len)
			value_append(f->status, p + 7, len - 7);
		else if (header_is(p, len, "Diagnostic-Code:") && !f->diagnostic->len)
			value_append(f->diagnostic, p + 16, len - 16);
		p += len;
		n -= len;
	}
}

/* "smtp; 550 5.1.1 <x@y>: no such user" without what the status says already. */
static const char *diagnostic_words(const char *text, const char *status)
{
	const char *semicolon = strchr(text, ';');

	if (semicolon)
		text = semicolon + 1;
	text += strspn(text, " ");
	if (strspn(text, "0123456789") == 3) {
		text += 3;
		text += strspn(text, " -");
	}
	if (*status && g_str_has_prefix(text, status))
		text += strlen(status);
	return text + strspn(text, " ");
}

static bool action_is(const struct fields *f, const char *word)
{
	return g_ascii_strncasecmp(f->action->str, word, strlen(word)) == 0;
}

/* What was done is said by the action; the status only where there is none: "failed" with 4.4.7 will not be tried again. */
static enum bounce_kind kind_of(const struct fields *f)
{
	char class = f->status->str[0];

	if (action_is(f, "delayed"))
		return BOUNCE_TEMPORARY;
	if (action_is(f, "delivered") || action_is(f, "relayed") || action_is(f, "expanded"))
		return BOUNCE_DELIVERED;
	if (action_is(f, "fail") || action_is(f, "error"))
		return BOUNCE_PERMANENT;
	return class == '2'   ? BOUNCE_DELIVERED
	       : class == '4' ? BOUNCE_TEMPORARY
	       : class == '5' ? BOUNCE_PERMANENT
			      : BOUNCE_NONE;
}

enum bounce_kind bounce_status(const char *text, gsize n, GString *why)
{
	struct fields f = { g_string_new(NULL), g_string_new(NULL), g_string_new(NULL) };
	enum bounce_kind kind;
	gsize code;

	fields_read(&f, text, n < LOOK_MAX ? n : LOOK_MAX);
	code = bounce_code(f.status->str, f.status->len);
	g_string_truncate(f.status, code);
	kind = kind_of(&f);
	if (kind != BOUNCE_NONE) {
		g_string_append(why, f.status->str);
		const char *words = diagnostic_words(f.diagnostic->str, f.status->str);
		if (*words)
			g_string_append_printf(why, "%s%s", why->len ? " " : "", words);
	}
	g_string_free(f.action, TRUE);
	g_string_free(f.status, TRUE);
	g_string_free(f.diagnostic, TRUE);
	return kind;
}
