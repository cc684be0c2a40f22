/*
 * An arena: many small allocations, one free. Used for a batch, a parsed request, a configuration.
 * Zero-initialised is a valid empty arena. Pointers live until arena_free or arena_reset.
 */
#ifndef USHER_BASE_ARENA_H
#define USHER_BASE_ARENA_H

#include "base/slice.h"

struct arena_block;
struct arena {
	struct arena_block *first; /* newest block */
	size_t used;		   /* bytes handed out, for limits and metrics */
};

/* Zeroed, aligned to 16. */
void *arena_alloc(struct arena *a, size_t size);
/* Zeroed array; the product is checked. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* A copy, NUL-terminated after its n bytes. The empty slice gives {"", 0}. */
struct slice arena_copy(struct arena *a, struct slice s);
struct slice arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Everything back; keeps one block for the next turn. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

#endif
