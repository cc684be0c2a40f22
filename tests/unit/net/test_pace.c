/*
 * Buckets: what a stranger may have at once, what he waits for, and whom he does not slow.
 */
#include "net_test.h"

#include "net/pace.h"

static const struct pace FIVE = { 5, 10 };

static void a_bucket_gives_its_burst_then_makes_wait(void **state)
{
	uint64_t full_us = 0, now_us = 1000000000;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(pace_take(&FIVE, &full_us, now_us, 1), 0);
	assert_int_equal(pace_take(&FIVE, &full_us, now_us, 1), 100000);
	assert_int_equal(pace_take(&FIVE, &full_us, now_us, 3), 400000);
	now_us += 400000;
	assert_int_equal(pace_take(&FIVE, &full_us, now_us, 1), 100000);
	now_us += 60000000; /* no more than a whole bucket is saved up */
	assert_int_equal(pace_take(&FIVE, &full_us, now_us, 6), 100000);
}

static uint64_t take(struct pace_table *t, const char *address)
{
	return pace_table_take(t, address, 1000000000, 1, 300000);
}

static void one_address_does_not_slow_another(void **state)
{
	struct pace_table *t = pace_table_new(&FIVE);

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(take(t, "203.0.113.1"), 0);
	assert_int_equal(take(t, "203.0.113.1"), 0);
	assert_int_equal(take(t, "203.0.113.1"), 100000);
	assert_int_equal(take(t, "203.0.113.2"), 0);
	/* one household */
	for (int i = 0; i < 6; i++)
		take(t, i % 2 ? "2001:db8:1:2::1" : "2001:db8:1:2:ffff::9");
	assert_true(take(t, "2001:db8:1:2::77") > 0);
	assert_int_equal(take(t, "2001:db8:1:3::1"), 0);
	pace_table_free(&t);
	assert_null(t);
	pace_table_free(&t);
}

static void who_is_refused_owes_no_more_for_it(void **state)
{
	struct pace_table *t = pace_table_new(&FIVE);
	uint64_t wait_us = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		wait_us = take(t, "203.0.113.1");
	assert_int_equal(wait_us, 400000); /* the last that was let in waits 300 ms */
	pace_table_free(&t);
}

static void this_machine_and_what_has_no_address_are_not_counted(void **state)
{
	struct pace_table *t = pace_table_new(&FIVE);

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(take(t, "127.0.0.1"), 0);
		assert_int_equal(take(t, "::1"), 0);
		assert_int_equal(take(t, "unix"), 0);
	}
	pace_table_free(&t);
}

static void more_addresses_than_the_table_holds_are_let_through(void **state)
{
	struct pace_table *t = pace_table_new(&FIVE);
	char address[32];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		snprintf(address, sizeof(address), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		assert_int_equal(take(t, address), 0);
	}
	pace_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_gives_its_burst_then_makes_wait),
		cmocka_unit_test(one_address_does_not_slow_another),
		cmocka_unit_test(who_is_refused_owes_no_more_for_it),
		cmocka_unit_test(this_machine_and_what_has_no_address_are_not_counted),
		cmocka_unit_test(more_addresses_than_the_table_holds_are_let_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
