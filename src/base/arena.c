/*
 * An arena: blocks in a chain, the newest first; only the first one has room. Something larger than
 * a quarter of a block gets a block of its own behind the first, so it wastes nothing.
 *
 *   first ──▶ block [ used | room ] ──▶ block [ full ] ──▶ ... ──▶ NULL
 *
 * Never frees a single allocation and never moves one. A block is not cleared as a whole: most of what is taken is copied into
 * at once, and clearing 16 KiB for one short message cost more than reading it.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"

enum { ARENA_ALIGN = 16, ARENA_BLOCK = 16 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(ARENA_ALIGN) unsigned char data[];
};

static struct arena_block *arena_block_new(size_t size)
{
	size_t total;
	bool huge = __builtin_add_overflow(sizeof(struct arena_block), size, &total);

	ASSERT(!huge);
	struct arena_block *b = mem_resize(NULL, 1, total);
	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

/* The block to take `size` bytes from: the first, or a new one put in its right place. */
static struct arena_block *arena_room(struct arena *a, size_t size)
{
	struct arena_block *first = a->first;

	if (first && first->size - first->used >= size)
		return first;
	if (first && size > ARENA_BLOCK / 4) {
		struct arena_block *own = arena_block_new(size);
		own->next = first->next;
		first->next = own;
		return own;
	}
	struct arena_block *b = arena_block_new(size > ARENA_BLOCK ? size : ARENA_BLOCK);
	b->next = first;
	a->first = b;
	return b;
}

/* Bytes as they are: for what is written over at once. */
static void *arena_take(struct arena *a, size_t size)
{
	ASSERT(size <= SIZE_MAX - ARENA_ALIGN);
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size == 0)
		size = ARENA_ALIGN;
	struct arena_block *b = arena_room(a, size);
	void *p = b->data + b->used;
	b->used += size;
	a->used += size;
	ASSERT(b->used <= b->size);
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_take(a, size), 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;
	bool huge = __builtin_mul_overflow(count, size, &total);

	ASSERT(!huge);
	return arena_alloc(a, total);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	if (s.n == 0)
		return SLICE("");
	ASSERT(s.n < SIZE_MAX);
	char *p = arena_take(a, s.n + 1);
	memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return slice_make(p, s.n);
}

struct slice arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap, again;
	char shorts[256]; /* most are: formatted once */

	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(shorts, sizeof(shorts), format, ap);
	va_end(ap);
	ASSERT(n >= 0);
	char *p = arena_take(a, (size_t)n + 1);
	if ((size_t)n < sizeof(shorts)) {
		memcpy(p, shorts, (size_t)n + 1);
	} else {
		int m = vsnprintf(p, (size_t)n + 1, format, again);
		ASSERT(m == n);
	}
	va_end(again);
	return slice_make(p, (size_t)n);
}

static void arena_free_chain(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->first;

	a->used = 0;
	if (!keep)
		return;
	arena_free_chain(keep->next);
	keep->next = NULL;
	/* One huge turn must not hold its memory for ever. */
	if (keep->size > ARENA_BLOCK) {
		free(keep);
		a->first = NULL;
		return;
	}
	keep->used = 0;
}

void arena_free(struct arena *a)
{
	arena_free_chain(a->first);
	*a = (struct arena){ 0 };
}
