/* What a command waits that comes now: known only while there is a line, and then from what was really taken of it. */
#include "unit/cm.h"

#include "app/inbox_wait.h"

enum { LOOK_US = 250000 };

static struct inbox_wait w;
static uint64_t now_us = 1000000, taken;

static uint64_t look(uint64_t length, uint64_t went, bool stands)
{
	now_us += LOOK_US;
	taken += went;
	return inbox_wait_ms(&w, now_us, length, taken, stands);
}

static int anew(void **state)
{
	(void)state;
	w = (struct inbox_wait){ 0 };
	return 0;
}

static void is_the_length_by_the_rate(void **state)
{
	(void)state;
	look(100, 0, false);
	assert_int_equal(look(200, 25, false), 0); /* too soon */
	for (int i = 0; i < 30; i++)
		assert_int_equal(look(400, 25, false), 4000); /* 100 a second */
}

static void follows_the_rate_within_two_seconds(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		look(1000, 1000, false);
	for (int i = 0; i < INBOX_WAIT_LOOKS; i++)
		look(1000, 10, false);
	assert_int_equal(look(1000, 10, false), 25000);
}

/* Ten come in every second and are done at once: that says nothing of a hundred. */
static void says_nothing_of_a_line_that_runs_empty(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(look(3, 0, false), 0);
		assert_int_equal(look(0, 3, false), 0);
	}
	assert_int_equal(look(100, 0, false), 0);
	assert_int_equal(look(60, 40, false), 0);
	assert_int_equal(look(20, 40, false), 125);
}

static void says_nothing_while_redis_stands(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		look(100, 100, false);
	for (int i = 0; i < 10; i++)
		assert_int_equal(look(5000, 0, true), 0);
	assert_int_equal(look(5000, 0, false), 0);
	assert_int_equal(look(4900, 100, false), 0);
	assert_int_equal(look(4800, 100, false), 12000);
	/* Nothing at all is taken: not known, and the store's own measure speaks. */
	for (int i = 0; i < INBOX_WAIT_LOOKS; i++)
		look(5000, 0, false);
	assert_int_equal(look(5000, 0, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_the_length_by_the_rate, anew),
		cmocka_unit_test_setup(follows_the_rate_within_two_seconds, anew),
		cmocka_unit_test_setup(says_nothing_of_a_line_that_runs_empty, anew),
		cmocka_unit_test_setup(says_nothing_while_redis_stands, anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
