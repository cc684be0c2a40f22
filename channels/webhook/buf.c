/*
 * See buf.h. Used by every file of this plugin.
 */
#include "buf.h"

#include <ctype.h>
#include <stdlib.h>

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

void buf_add(struct buf *b, const char *p, size_t n)
{
	if (b->cap - b->n <= n) {
		b->cap = b->n + n + b->n / 2 + 64;
		b->p = realloc(b->p, b->cap);
		if (!b->p)
			abort();
	}
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = 0;
}

void buf_url(struct buf *b, const char *p, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		const char three[3] = { '%', hex[c >> 4], hex[c & 15] };
		if (c < 0x80 && (isalnum(c) || (c && strchr("-._~", c))))
			buf_add(b, p + i, 1);
		else
			buf_add(b, three, 3);
	}
}

char *str_copy(struct usher_str s)
{
	char *p = zeroed(s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}
