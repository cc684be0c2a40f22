#include "unit/cm.h"

#include "base/heap.h"

struct thing {
	struct heap_node node;
	int name;
};

static void gives_the_least_and_keeps_order_of_equals(void **state)
{
	struct heap h = { 0 };
	struct thing t[6] = { 0 };
	const uint64_t at[6] = { 5, 1, 5, 1, 9, 0 };
	const int want[6] = { 5, 1, 3, 0, 2, 4 };

	(void)state;
	assert_null(heap_min(&h));
	for (int i = 0; i < 6; i++) {
		t[i].name = i;
		heap_insert(&h, &t[i].node, at[i]);
		assert_true(heap_has(&t[i].node));
	}
	for (int i = 0; i < 6; i++) {
		struct thing *least = (struct thing *)heap_min(&h);
		assert_int_equal(least->name, want[i]);
		heap_remove(&h, &least->node);
		assert_false(heap_has(&least->node));
	}
	heap_free(&h);
}

/* Against a plain search through everything, on a long random walk. */
static void agrees_with_a_search(void **state)
{
	enum { N = 200 };
	static struct thing t[N];
	struct heap h = { 0 };
	uint64_t chance = 88172645463325252u;

	(void)state;
	for (int step = 0; step < 20000; step++) {
		chance ^= chance << 13;
		chance ^= chance >> 7;
		chance ^= chance << 17;
		struct heap_node *n = &t[chance % N].node;
		if (chance >> 20 & 1 && heap_has(n))
			heap_remove(&h, n);
		else
			heap_move(&h, n, chance >> 32 & 63);

		const struct heap_node *least = NULL;
		size_t count = 0;
		for (int i = 0; i < N; i++) {
			const struct heap_node *c = &t[i].node;
			if (!heap_has(c))
				continue;
			count++;
			if (!least || c->at < least->at ||
				(c->at == least->at && c->seq < least->seq))
				least = c;
		}
		assert_ptr_equal(heap_min(&h), least);
		assert_int_equal(h.count, count);
		for (size_t i = 1; i < h.count; i++)
			assert_true(h.nodes[(i - 1) / 2]->at <= h.nodes[i]->at);
	}
	heap_free(&h);
	for (int i = 0; i < N; i++)
		assert_false(heap_has(&t[i].node));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_least_and_keeps_order_of_equals),
		cmocka_unit_test(agrees_with_a_search),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
