/*
 * A binary min-heap of pointers to intrusive nodes; each node knows its place, so it can be taken out
 * of the middle. Order is (at, seq) and seq never repeats, so there are no ties and no chance.
 *
 *   nodes[0] is the least; children of nodes[i] are nodes[2i+1] and nodes[2i+2]; pos = i + 1
 */
#include "base/heap.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"

static bool heap_before(const struct heap_node *a, const struct heap_node *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void heap_set(struct heap *h, size_t i, struct heap_node *n)
{
	h->nodes[i] = n;
	n->pos = i + 1;
}

static void heap_up(struct heap *h, size_t i, struct heap_node *n)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;
		if (!heap_before(n, h->nodes[parent]))
			break;
		heap_set(h, i, h->nodes[parent]);
		i = parent;
	}
	heap_set(h, i, n);
}

static void heap_down(struct heap *h, size_t i, struct heap_node *n)
{
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= h->count)
			break;
		if (child + 1 < h->count && heap_before(h->nodes[child + 1], h->nodes[child]))
			child++;
		if (!heap_before(h->nodes[child], n))
			break;
		heap_set(h, i, h->nodes[child]);
		i = child;
	}
	heap_set(h, i, n);
}

void heap_free(struct heap *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->nodes[i]->pos = 0;
	free(h->nodes);
	*h = (struct heap){ 0 };
}

void heap_insert(struct heap *h, struct heap_node *n, uint64_t at)
{
	ASSERT(n->pos == 0);
	if (h->count == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->nodes = mem_resize(h->nodes, h->cap, sizeof(struct heap_node *));
	}
	n->at = at;
	n->seq = h->next_seq++;
	heap_up(h, h->count++, n);
	ASSERT(n->pos > 0);
}

void heap_remove(struct heap *h, struct heap_node *n)
{
	ASSERT(n->pos > 0 && n->pos <= h->count);
	ASSERT(h->nodes[n->pos - 1] == n);
	size_t i = n->pos - 1;
	struct heap_node *last = h->nodes[--h->count];

	n->pos = 0;
	if (last == n)
		return;
	if (i > 0 && heap_before(last, h->nodes[(i - 1) / 2]))
		heap_up(h, i, last);
	else
		heap_down(h, i, last);
}

/* A moved node counts as newly inserted among those of the same time. */
void heap_move(struct heap *h, struct heap_node *n, uint64_t at)
{
	if (n->pos)
		heap_remove(h, n);
	heap_insert(h, n, at);
}

struct heap_node *heap_min(const struct heap *h)
{
	ASSERT(!h->count || h->nodes[0]->pos == 1);
	return h->count ? h->nodes[0] : NULL;
}
