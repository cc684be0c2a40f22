/* See bounce.h. Called by the parse worker, its tests and fuzzer. */
#include "bounce.h"

#include <string.h>

enum { LOOK_MAX = 65536, WHY_MAX = 300 };

/* x.y.z with x 2, 4 or 5; its length, or 0. */
static gsize code_length(const char *p, gsize n)
{
	gsize i = 1;

	if (n < 5 || !strchr("245", p[0]) || !p[0])
		return 0;
	for (unsigned dots = 0; dots < 2; dots++) {
		gsize digits = 0;
		if (i >= n || p[i++] != '.')
			return 0;
		while (i < n && g_ascii_isdigit(p[i]) && digits < 4) {
			i++;
			digits++;
		}
		if (digits == 0 || digits > 3)
			return 0;
	}
	if (i < n &&
		(g_ascii_isalnum(p[i]) || (p[i] == '.' && i + 1 < n && g_ascii_isdigit(p[i + 1]))))
		return 0; /* an address 5.1.1.7, a version */
	return i;
}

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

static enum bounce_kind kind_of(const struct fields *f)
{
	char class = f->status->str[0];

	if (g_ascii_strcasecmp(f->action->str, "delayed") == 0 || class == '4')
		return BOUNCE_TEMPORARY;
	if (g_ascii_strcasecmp(f->action->str, "delivered") == 0 ||
		g_ascii_strcasecmp(f->action->str, "relayed") == 0 ||
		g_ascii_strcasecmp(f->action->str, "expanded") == 0 || class == '2')
		return BOUNCE_DELIVERED;
	if (g_ascii_strcasecmp(f->action->str, "failed") == 0 || class == '5')
		return BOUNCE_PERMANENT;
	return BOUNCE_NONE;
}

enum bounce_kind bounce_status(const char *text, gsize n, GString *why)
{
	struct fields f = { g_string_new(NULL), g_string_new(NULL), g_string_new(NULL) };
	enum bounce_kind kind;
	gsize code;

	fields_read(&f, text, n < LOOK_MAX ? n : LOOK_MAX);
	code = code_length(f.status->str, f.status->len);
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

static enum bounce_kind class_kind(char class)
{
	return class == '5' ? BOUNCE_PERMANENT : class == '4' ? BOUNCE_TEMPORARY : BOUNCE_DELIVERED;
}

enum bounce_kind bounce_words(const char *text, gsize n, GString *why)
{
	if (n > LOOK_MAX)
		n = LOOK_MAX;
	for (gsize i = 0; i < n; i++) {
		gsize len;
		if (i > 0 && (g_ascii_isalnum(text[i - 1]) || text[i - 1] == '.'))
			continue;
		len = code_length(text + i, n - i);
		/* "550 No such user": a reply code in front of words */
		if (!len && n - i > 5 && (text[i] == '5' || text[i] == '4') &&
			strchr("0123457", text[i + 1]) && text[i + 1] &&
			g_ascii_isdigit(text[i + 2]) &&
			(text[i + 3] == ' ' || text[i + 3] == '-') &&
			g_ascii_isalpha(text[i + 4]) &&
			(i == 0 || strchr(" \t\n:\"'(<", text[i - 1])))
			len = 3;
		if (!len || text[i] == '2')
			continue;
		const char *lf = memchr(text + i, '\n', n - i);
		value_append(why, text + i, lf ? (gsize)(lf - text) - i : n - i);
		return class_kind(text[i]);
	}
	return BOUNCE_NONE;
}
