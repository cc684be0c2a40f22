/*
 * Treaps of waiting conversations; see order.h. Called by conv.c (insert, remove) and by whoever reads.
 */
#include "engine/order.h"

#include "engine/lane.h"

bool order_before(const struct engine *e, const struct conv *a, const struct conv *b)
{
	if (a->tier != b->tier)
		return a->tier < b->tier;
	if (a->lane != b->lane) {
		int order = lane_compare(e, a, b);

		return order ? order < 0 : a->seq < b->seq;
	}
	if (a->key != b->key)
		return a->key < b->key;
	return a->seq < b->seq;
}

/* seq never repeats, so priorities hardly do; the shape decides nothing. */
static uint64_t order_height(const struct conv *c)
{
	uint64_t x = c->seq * 0x9e3779b97f4a7c15u;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9u;
	return x ^ (x >> 32);
}

static uint32_t order_count(const struct engine *e, enum order_kind kind, uint32_t h)
{
	return h ? conv_at(e, h)->order[kind].count : 0;
}

static uint64_t order_oldest(const struct engine *e, uint32_t h)
{
	return h ? conv_at(e, h)->oldest_us : UINT64_MAX;
}

static void order_pull(struct engine *e, enum order_kind kind, struct conv *c)
{
	struct order_node *n = &c->order[kind];

	n->count = 1 + order_count(e, kind, n->left) + order_count(e, kind, n->right);
	if (kind == ORDER_LINE) {
		uint64_t left = order_oldest(e, n->left), right = order_oldest(e, n->right);
		uint64_t least = left < right ? left : right;

		c->oldest_us = c->arrived_us < least ? c->arrived_us : least;
	}
}

static void order_split(struct engine *e, enum order_kind kind, uint32_t root,
	const struct conv *at, uint32_t *before, uint32_t *after)
{
	if (!root) {
		*before = *after = 0;
		return;
	}
	struct conv *c = conv_at(e, root);

	if (order_before(e, c, at)) {
		order_split(e, kind, c->order[kind].right, at, &c->order[kind].right, after);
		*before = root;
	} else {
		order_split(e, kind, c->order[kind].left, at, before, &c->order[kind].left);
		*after = root;
	}
	order_pull(e, kind, c);
}

static uint32_t order_merge(struct engine *e, enum order_kind kind, uint32_t a, uint32_t b)
{
	if (!a || !b)
		return a ? a : b;
	struct conv *ca = conv_at(e, a), *cb = conv_at(e, b);

	if (order_height(ca) > order_height(cb)) {
		ca->order[kind].right = order_merge(e, kind, ca->order[kind].right, b);
		order_pull(e, kind, ca);
		return a;
	}
	cb->order[kind].left = order_merge(e, kind, a, cb->order[kind].left);
	order_pull(e, kind, cb);
	return b;
}

static uint32_t order_put(struct engine *e, enum order_kind kind, uint32_t root, struct conv *c)
{
	struct conv *top = root ? conv_at(e, root) : NULL;

	if (!top || order_height(c) > order_height(top)) {
		order_split(e, kind, root, c, &c->order[kind].left, &c->order[kind].right);
		order_pull(e, kind, c);
		return c->self;
	}
	if (order_before(e, c, top))
		top->order[kind].left = order_put(e, kind, top->order[kind].left, c);
	else
		top->order[kind].right = order_put(e, kind, top->order[kind].right, c);
	order_pull(e, kind, top);
	return root;
}

static uint32_t order_take(struct engine *e, enum order_kind kind, uint32_t root, struct conv *c)
{
	ASSERT(root);
	struct conv *top = conv_at(e, root);

	if (top == c)
		return order_merge(e, kind, c->order[kind].left, c->order[kind].right);
	if (order_before(e, c, top))
		top->order[kind].left = order_take(e, kind, top->order[kind].left, c);
	else
		top->order[kind].right = order_take(e, kind, top->order[kind].right, c);
	order_pull(e, kind, top);
	return root;
}

void order_insert(struct engine *e, uint32_t *root, enum order_kind kind, uint32_t h)
{
	struct conv *c = conv_at(e, h);

	ASSERT(c->self == h && c->order[kind].count == 0);
	*root = order_put(e, kind, *root, c);
	ASSERT(c->order[kind].count > 0);
}

void order_remove(struct engine *e, uint32_t *root, enum order_kind kind, uint32_t h)
{
	struct conv *c = conv_at(e, h);

	ASSERT(c->order[kind].count > 0);
	*root = order_take(e, kind, *root, c);
	c->order[kind] = (struct order_node){ 0 };
}

uint32_t order_first(const struct engine *e, uint32_t root, enum order_kind kind)
{
	while (root && conv_at(e, root)->order[kind].left)
		root = conv_at(e, root)->order[kind].left;
	return root;
}

uint32_t order_after(
	const struct engine *e, uint32_t root, enum order_kind kind, const struct conv *c)
{
	uint32_t found = 0;

	while (root) {
		const struct conv *top = conv_at(e, root);

		if (order_before(e, c, top)) {
			found = root;
			root = top->order[kind].left;
		} else {
			root = top->order[kind].right;
		}
	}
	return found;
}

uint32_t order_rank(
	const struct engine *e, uint32_t root, enum order_kind kind, const struct conv *c)
{
	uint32_t before = 0;

	while (root) {
		const struct conv *top = conv_at(e, root);

		if (order_before(e, top, c)) {
			before += 1 + order_count(e, kind, top->order[kind].left);
			root = top->order[kind].right;
		} else {
			root = top->order[kind].left;
		}
	}
	return before;
}

uint32_t order_line_rank(const struct engine *e, const struct conv *c)
{
	const struct line *l = line_at(e, c->line);
	uint32_t before = 0;

	ASSERT(c->state == CONV_WAITING);
	for (uint32_t lane = 0; lane < e->lane_count; lane++)
		before += order_rank(e, l->root[lane], ORDER_LINE, c);
	return before;
}

static void order_sift(const struct engine *e, uint32_t *v, size_t i, size_t count)
{
	for (size_t child = 2 * i + 1; child < count; child = 2 * i + 1) {
		if (child + 1 < count &&
			order_before(e, conv_at(e, v[child]), conv_at(e, v[child + 1])))
			child++;
		if (!order_before(e, conv_at(e, v[i]), conv_at(e, v[child])))
			return;
		uint32_t swap = v[i];

		v[i] = v[child];
		v[child] = swap;
		i = child;
	}
}

/* Heapsort: no memory, no worst case. */
void order_sort(const struct engine *e, uint32_t *handles, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		order_sift(e, handles, i, count);
	for (size_t n = count; n > 1;) {
		uint32_t last = handles[--n];

		handles[n] = handles[0];
		handles[0] = last;
		order_sift(e, handles, 0, n);
	}
	ASSERT(count < 2 || !order_before(e, conv_at(e, handles[1]), conv_at(e, handles[0])));
}
