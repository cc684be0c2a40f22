/*
 * Lanes: who is first of two rates changes with time at one exact moment, and never overflows.
 */
#include "unit/engine/people.h"

#include "engine/lane.h"

#include "unit/engine/fixture.h"

static int begin(void **state)
{
	(void)state;
	c = center_new();
	c->segments[0].rate = 2;
	c->segments[0].offset_s = 0;
	e = engine_new(c);
	tick(e, 0);
	return 0;
}

static int compare(int64_t premier_s, int64_t mass_s, uint64_t now_s)
{
	const int64_t start = (int64_t)CENTER_START_US, s = (int64_t)S_US;
	struct conv premier = { .key = start + premier_s * s, .lane = 1 };
	struct conv mass = { .key = start + mass_s * s, .lane = 0 };

	e->now_us = CENTER_START_US + now_s * S_US;
	assert_int_equal(lane_compare(e, &premier, &mass), -lane_compare(e, &mass, &premier));
	return lane_compare(e, &premier, &mass);
}

static void the_faster_overtakes_at_one_moment(void **state)
{
	(void)state;
	assert_int_equal(e->lane_count, 2);
	/* came a hundred seconds later at twice the rate: as far after another hundred */
	assert_true(compare(100, 0, 199) > 0);
	assert_int_equal(compare(100, 0, 200), 0);
	assert_true(compare(100, 0, 201) < 0);
	/* a key that is still to come has lost, and more so at the higher rate */
	assert_true(compare(50, 50, 40) > 0);
}

static void centuries_do_not_overflow(void **state)
{
	(void)state;
	c->segments[0].rate = 1000000;
	c->hash = 8;
	struct step out;

	engine_configure(e, c, CENTER_START_US, &out);
	assert_true(compare(-4000000000, 0, 4000000000) < 0);
	assert_true(compare(4000000000, 0, 1) > 0);
}

static void a_segment_without_a_rate_is_of_the_first_lane(void **state)
{
	(void)state;
	comes(e, 1, "email", "any", 1);
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(2),
			.id = center_id(7),
			.kind = SLICE("email"),
			.channel = SLICE("ch"),
			.queue = SLICE("any"),
			.segment = SLICE("premier") },
		11);
	give(e, (struct command){ .type = COMMAND_QUEUE, .queue = SLICE("any"), .paused = 1 }, 12);
	hire(e, "ann", "", 13);
	tick(e, 20);
	assert_int_equal(engine_position(e, center_id(1)), 1);
	tick(e, 22);
	assert_int_equal(engine_position(e, center_id(2)), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_faster_overtakes_at_one_moment),
		T(centuries_do_not_overflow),
		T(a_segment_without_a_rate_is_of_the_first_lane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
