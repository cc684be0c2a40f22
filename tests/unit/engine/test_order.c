/*
 * The total order and its trees: what is put in any order comes out in one, ranks and counts agree with it, and nothing is lost
 * when something is taken from the middle.
 */
#include "unit/engine/people.h"

#include "engine/conv.h"
#include "engine/order.h"

#include "unit/engine/fixture.h"

enum { MANY = 200 };

static struct conv bare(uint8_t tier, int64_t key, uint64_t seq)
{
	return (struct conv){ .tier = tier, .key = key, .seq = seq };
}

static void tier_then_key_then_number(void **state)
{
	struct conv first = bare(0, 900, 9), a = bare(1, 100, 2), b = bare(1, 100, 3),
		    late = bare(1, 200, 1);

	(void)state;
	assert_true(order_before(e, &first, &a)); /* a lower tier, however late */
	assert_true(order_before(e, &a, &b));	  /* the same key: who came first */
	assert_true(order_before(e, &b, &late));
	assert_false(order_before(e, &a, &a));
}

/* Waiting conversations of the queue "desk", which is closed: nobody is offered any. */
static void in_whatever_order_they_come(void **state)
{
	uint32_t v[MANY], n = 0;
	const struct conv *before = NULL;

	(void)state;
	hire(e, "ann", "", 1);
	for (uint64_t i = 1; i <= MANY; i++) {
		give(e,
			(struct command){ .type = COMMAND_MESSAGE,
				.fresh = 1,
				.conv = center_id(i),
				.id = center_id(1000 + i),
				.kind = SLICE("email"),
				.channel = SLICE("ch"),
				.queue = SLICE("desk"),
				.priority = (int64_t)(i * 7919 % 100) * 1000 },
			2);
		v[i - 1] = conv_find(e, center_id(i));
	}
	uint32_t root = line_at(e, conv_at(e, v[0])->line)->root[0];

	for (uint32_t h = order_first(e, root, ORDER_LINE); h; n++) {
		const struct conv *x = conv_at(e, h);

		assert_true(!before || order_before(e, before, x));
		assert_int_equal(order_rank(e, root, ORDER_LINE, x), n);
		before = x;
		h = order_after(e, root, ORDER_LINE, x);
	}
	assert_int_equal(n, MANY);
	order_sort(e, v, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(order_line_rank(e, conv_at(e, v[i])), i);
}

static void taken_from_the_middle(void **state)
{
	(void)state;
	in_whatever_order_they_come(state);
	for (uint64_t i = 1; i <= MANY; i += 3)
		give(e,
			(struct command){
				.type = COMMAND_VISIT, .conv = center_id(i), .visit = VISIT_END },
			3); /* engine_check looks at every tree each time */
	struct queue_view q;

	assert_true(engine_queue(e, SLICE("desk"), &q));
	assert_int_equal(q.waiting, MANY - (MANY + 2) / 3);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin_plain, end)
	const struct CMUnitTest tests[] = { T(tier_then_key_then_number),
		T(in_whatever_order_they_come), T(taken_from_the_middle) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
