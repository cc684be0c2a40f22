/* See uuencode.h. Called by body.c and its tests. */
#include "uuencode.h"

#include <stdbool.h>
#include <string.h>

/* The line at p without its end; *next is behind it. */
static gsize line_at(const char *p, const char *end, const char **next)
{
	const char *lf = memchr(p, '\n', (gsize)(end - p));
	gsize n = (gsize)((lf ? lf : end) - p);

	*next = lf ? lf + 1 : end;
	return n && p[n - 1] == '\r' ? n - 1 : n;
}

static guint8 value_of(char c)
{
	return (guint8)((c - ' ') & 63);
}

/* One line of up to 45 bytes; false when it is none. Blanks at its end may have been lost on the way: they stand for zeros. */
static bool line_decode(const char *p, gsize n, GByteArray *out)
{
	gsize count = n ? value_of(p[0]) : 0, left = count;

	if (!n || p[0] < ' ' || p[0] > '`' || count > 45 || n > 1 + (count + 2) / 3 * 4 + 1)
		return false;
	for (gsize i = 1; i < n; i++) {
		if (p[i] < ' ' || p[i] > '`')
			return false;
	}
	for (gsize i = 1; left > 0; i += 4) {
		guint8 v[4], bytes[3];
		for (gsize k = 0; k < 4; k++)
			v[k] = i + k < n ? value_of(p[i + k]) : 0;
		bytes[0] = (guint8)(v[0] << 2 | v[1] >> 4);
		bytes[1] = (guint8)(v[1] << 4 | v[2] >> 2);
		bytes[2] = (guint8)(v[2] << 6 | v[3]);
		g_byte_array_append(out, bytes, (guint)MIN(left, (gsize)3));
		left -= MIN(left, (gsize)3);
	}
	return true;
}

/* "begin 644 name": the name, or NULL. */
static char *begin_name(const char *p, gsize n)
{
	gsize i = 6;

	if (n < 11 || memcmp(p, "begin ", 6) != 0)
		return NULL;
	while (i < n && p[i] >= '0' && p[i] <= '7')
		i++;
	if (i < 9 || i > 10 || i + 1 >= n || p[i] != ' ')
		return NULL;
	return g_strndup(p + i + 1, n - i - 1);
}

/* The file that begins at p: where it ends, or NULL when it is not well-formed. */
static const char *file_read(const char *p, const char *end, char **name, GByteArray **bytes)
{
	const char *next;

	*bytes = NULL;
	*name = begin_name(p, line_at(p, end, &next));
	if (!*name)
		return NULL;
	*bytes = g_byte_array_new();
	for (p = next; p < end; p = next) {
		gsize n = line_at(p, end, &next);
		if (n == 3 && memcmp(p, "end", 3) == 0)
			return next;
		if (n && !line_decode(p, n, *bytes))
			break;
	}
	g_byte_array_unref(*bytes);
	g_free(*name);
	return NULL;
}

void uuencode_take(
	GString *text, void (*found)(void *arg, const char *name, GByteArray *bytes), void *arg)
{
	const char *p = text->str, *end = p + text->len;
	GString *rest = NULL;
	unsigned files = 0;

	/* Most mails have none: nothing is copied for them. */
	while (p < end) {
		const char *next, *behind = NULL;
		GByteArray *bytes;
		char *name;
		gsize n = line_at(p, end, &next);
		if (files < UU_FILES_MAX && n > 6 && *p == 'b')
			behind = file_read(p, end, &name, &bytes);
		if (behind) {
			if (!rest)
				rest = g_string_new_len(text->str, p - text->str);
			found(arg, name, bytes);
			g_free(name);
			files++;
		} else if (rest) {
			g_string_append_len(rest, p, next - p);
		}
		p = behind ? behind : next;
	}
	if (!rest)
		return;
	g_string_assign(text, rest->str);
	g_string_free(rest, TRUE);
}
