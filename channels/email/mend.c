/* See mend.h. */
#include "mend.h"

#include <stdbool.h>
#include <string.h>

#include "charset.h"
#include "scan.h"

enum { SAMPLE_MAX = 4096 };

/* "Name:" or the rest of such a line: the headers go on. */
static bool goes_on(const char *p, const char *end)
{
	if (p < end && (*p == ' ' || *p == '\t'))
		return true;
	const char *start = p;
	while (p<end && * p> ' ' && *p < 0x7f && *p != ':')
		p++;
	return p > start && p < end && *p == ':';
}

/* Where blanks stand for the empty line, and how many; 0 where none do. */
static gsize blanks_for_end(const char *p, gsize n, gsize *at)
{
	const char *end = p + n, *line = p;

	while (line < end && *line != '\n' && *line != '\r') {
		const char *lf = memchr(line, '\n', (gsize)(end - line));
		const char *next = lf ? lf + 1 : end;
		gsize blanks = 0;
		while (line + blanks < next && (line[blanks] == ' ' || line[blanks] == '\t'))
			blanks++;
		if (lf && blanks && (line[blanks] == '\n' || line[blanks] == '\r') &&
			!goes_on(next, end)) {
			*at = (gsize)(line - p);
			return blanks;
		}
		line = next;
	}
	return 0;
}

void mend_top(GByteArray *raw)
{
	gsize at = 0, blanks;

	if (raw->len > 3 && memcmp(raw->data, "\xef\xbb\xbf", 3) == 0)
		g_byte_array_remove_range(raw, 0, 3);
	blanks = blanks_for_end((const char *)raw->data, raw->len, &at);
	if (blanks)
		g_byte_array_remove_range(raw, (guint)at, (guint)blanks);
}

char *mend_charset(const GByteArray *raw)
{
	const char *p = (const char *)raw->data;
	gsize n = scan_body(p, raw->len);
	GString *letters;
	char *named;

	if (g_utf8_validate(p, (gssize)n, NULL))
		return NULL;
	named = charset_in(p, n);
	if (named)
		return named;
	/* What is ASCII in headers is not what they say. */
	letters = g_string_new(NULL);
	for (gsize i = 0; i < n && letters->len < SAMPLE_MAX; i++) {
		if (p[i] & 0x80)
			g_string_append_c(letters, p[i]);
		else if (letters->len && (letters->str[letters->len - 1] & 0x80))
			g_string_append_c(letters, ' ');
	}
	named = charset_is_foreign(letters->str, letters->len)
			? g_strdup(charset_guess(letters->str, letters->len))
			: g_strdup("windows-1252");
	g_string_free(letters, TRUE);
	return named;
}
