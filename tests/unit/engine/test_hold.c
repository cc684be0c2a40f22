/*
 * Hold-back: who is kept free, for whom, and for how long.
 */
#include "unit/engine/people.h"

#include "engine/hold.h"

#include "unit/engine/fixture.h"

static int begin(void **state)
{
	(void)state;
	c = center_new();
	c->segments[1].hold_back = 1; /* mass leaves one free */
	c->hold_max_s = 60;
	e = engine_new(c);
	return 0;
}

static void premier_comes(uint64_t n, uint64_t at_s)
{
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.id = center_id(1000 + n),
			.kind = SLICE("email"),
			.channel = SLICE("ch"),
			.queue = SLICE("any"),
			.segment = SLICE("premier") },
		at_s);
}

static void the_last_free_one_is_for_who_is_entitled(void **state)
{
	(void)state;
	hire(e, "ann", "", 1);
	hire(e, "bo", "", 1);
	comes(e, 1, "callback", "any", 10);
	assert_int_equal(view(e, 1).state, CONV_OFFERED);
	comes(e, 2, "callback", "any", 11);
	assert_int_equal(view(e, 2).state, CONV_WAITING);
	premier_comes(3, 12);
	assert_int_equal(view(e, 3).state, CONV_OFFERED);
	assert_int_equal(e->hold_idle.count, 0);
}

static void one_more_who_is_free_sets_it_free(void **state)
{
	(void)state;
	hire(e, "ann", "", 1);
	comes(e, 1, "email", "any", 10);
	assert_int_equal(view(e, 1).state, CONV_WAITING);
	hire(e, "bo", "", 20);
	assert_int_equal(view(e, 1).state, CONV_OFFERED);
}

static void who_has_something_may_get_more(void **state)
{
	(void)state;
	hire(e, "ann", "", 1);
	premier_comes(1, 10);
	comes(e, 2, "email", "any", 11);
	assert_slice_is(view(e, 2).agent, "ann");
}

static void nobody_is_held_back_for_longer_than_the_limit(void **state)
{
	(void)state;
	hire(e, "ann", "", 1);
	comes(e, 1, "email", "any", 10);
	tick(e, 69);
	assert_int_equal(view(e, 1).state, CONV_WAITING);
	tick(e, 70);
	assert_slice_is(view(e, 1).agent, "ann");
}

static void others_than_the_pool_are_kept_for_nobody(void **state)
{
	size_t n;

	(void)state;
	c->hold_pool = center_skills(c->arena, "vip=1", &n);
	c->hold_pool_count = n;
	hire(e, "ann", "", 1);
	comes(e, 1, "email", "any", 10);
	assert_slice_is(view(e, 1).agent, "ann");
	hire(e, "vi", "vip=50", 20);
	assert_int_equal(e->hold_idle.count, 1);
	give(e,
		(struct command){
			.type = COMMAND_PRESENCE, .agent = SLICE("vi"), .presence = PRESENCE_AWAY },
		21);
	assert_int_equal(e->hold_idle.count, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_last_free_one_is_for_who_is_entitled),
		T(one_more_who_is_free_sets_it_free),
		T(who_has_something_may_get_more),
		T(nobody_is_held_back_for_longer_than_the_limit),
		T(others_than_the_pool_are_kept_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
