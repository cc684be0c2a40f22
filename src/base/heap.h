/*
 * An indexed binary min-heap of intrusive nodes ordered by (at, seq): equal times keep insertion
 * order, so everything built on it is deterministic. O(log n) insert, remove anywhere, change.
 */
#ifndef USHER_BASE_HEAP_H
#define USHER_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	uint64_t at;  /* key, e.g. microseconds */
	uint64_t seq; /* set by heap_insert */
	size_t pos;   /* 1-based; 0 when not in a heap */
};
struct heap {
	struct heap_node **nodes;
	size_t count, cap;
	uint64_t next_seq;
};

void heap_free(struct heap *h);
void heap_insert(struct heap *h, struct heap_node *n, uint64_t at);
void heap_remove(struct heap *h, struct heap_node *n);		  /* must be in */
void heap_move(struct heap *h, struct heap_node *n, uint64_t at); /* inserts when not in */
struct heap_node *heap_min(const struct heap *h);		  /* NULL when empty */
static inline bool heap_has(const struct heap_node *n)
{
	return n->pos != 0;
}

#endif
