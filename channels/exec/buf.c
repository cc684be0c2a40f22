/*
 * See buf.h. Used by every file of this plugin.
 */
#include "buf.h"

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

char *buf_room(struct buf *b, size_t more)
{
	if (b->cap - b->n < more) {
		size_t cap = b->n + more + b->cap / 2;
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
	if (!n)
		return;
	memcpy(buf_room(b, n), p, n);
	b->n += n;
}

void buf_eat(struct buf *b, size_t n)
{
	if (n < b->n)
		memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	if (!b->n)
		buf_free(b);
}
