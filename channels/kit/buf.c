/*
 * See buf.h. Called by every plugin that compiles it in.
 */
#include "kit/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void *or_end(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *zeroed(size_t size)
{
	return or_end(calloc(1, size));
}

char *str_copy(struct usher_str s)
{
	char *p = zeroed(s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

void buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

char *buf_room(struct buf *b, size_t more)
{
	if (b->cap - b->n <= more) {
		b->cap = b->n + more + b->cap / 2 + 64;
		b->p = or_end(realloc(b->p, b->cap));
	}
	return b->p + b->n;
}

void buf_add(struct buf *b, const char *p, size_t n)
{
	char *to = buf_room(b, n);

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
		vsnprintf(buf_room(b, (size_t)n), (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void buf_number(struct buf *b, uint64_t v)
{
	buf_printf(b, "%llu", (unsigned long long)v);
}

void buf_eat(struct buf *b, size_t n)
{
	if (n < b->n)
		memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	if (!b->n)
		buf_free(b);
}

/* Length of the well-formed UTF-8 sequence at p, which begins beyond ASCII, or 0. */
static size_t utf8_at(const unsigned char *p, size_t n)
{
	size_t len = p[0] >= 0xc2 && p[0] < 0xe0   ? 2
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
	size_t from = 0;

	buf_text(b, "\"");
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)p[i];
		bool special = c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
		size_t len = c < 0x80 ? 1 : utf8_at((const unsigned char *)p + i, n - i);
		if (special || !len) {
			buf_add(b, p + from, i - from);
			if (!len)
				buf_text(b, "\xef\xbf\xbd");
			else if (c == '"' || c == '\\')
				buf_printf(b, "\\%c", c);
			else
				buf_printf(b, "\\u%04x", c);
			from = i + 1;
		}
		i += len ? len : 1;
	}
	buf_add(b, p + from, n - from);
	buf_text(b, "\"");
}
