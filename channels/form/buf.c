/*
 * See buf.h. Used by every file of this plugin.
 */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *zeroed(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		abort();
	return p;
}

void buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

static char *room(struct buf *b, size_t more)
{
	if (b->cap - b->n <= more) {
		size_t cap = b->cap + more + b->cap / 2 + 64;
		char *p = realloc(b->p, cap);
		if (!p)
			abort();
		b->p = p;
		b->cap = cap;
	}
	return b->p + b->n;
}

void buf_add(struct buf *b, const char *p, size_t n)
{
	char *to = room(b, n);

	if (n)
		memcpy(to, p, n);
	to[n] = 0;
	b->n += n;
}

void buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap, again;

	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n > 0) {
		char *to = room(b, (size_t)n);
		vsnprintf(to, (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void buf_html(struct buf *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		switch (p[i]) {
		case '&':
			buf_text(b, "&amp;");
			break;
		case '<':
			buf_text(b, "&lt;");
			break;
		case '>':
			buf_text(b, "&gt;");
			break;
		case '"':
			buf_text(b, "&quot;");
			break;
		case '\'':
			buf_text(b, "&#39;");
			break;
		default:
			buf_add(b, p + i, 1);
		}
	}
}

/* Length of the well-formed UTF-8 sequence at p, or 0. */
static size_t utf8_at(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80		   ? 1
		     : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		     : (p[0] & 0xf0) == 0xe0	   ? 3
		     : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						   : 0;

	if (len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void buf_json(struct buf *b, const char *p, size_t n)
{
	buf_text(b, "\"");
	for (size_t i = 0; i < n;) {
		size_t len = utf8_at((const unsigned char *)p + i, n - i);
		if (!len)
			buf_text(b, "\xef\xbf\xbd");
		else if (p[i] == '"' || p[i] == '\\')
			buf_printf(b, "\\%c", p[i]);
		else if ((unsigned char)p[i] < 0x20)
			buf_printf(b, "\\u%04x", (unsigned)p[i]);
		else
			buf_add(b, p + i, len);
		i += len ? len : 1;
	}
	buf_text(b, "\"");
}
