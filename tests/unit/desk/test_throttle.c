/* How many passwords can be tried, by whom, and that the right one ends it. */
#include "unit/cm.h"

#include <stdio.h>

#include "desk/throttle.h"
#include "model/limits.h"

static uint64_t now_us = 1000000000;

static uint32_t try(struct throttle *t, const char *account, const char *peer)
{
	return throttle_try(t, slice_of(account), peer, now_us);
}

static void an_account_waits_longer_and_longer(void **state)
{
	struct throttle t = { 0 };
	uint32_t last = 0;
	(void)state;
	for (int i = 0; i < LOGIN_FREE_ACCOUNT; i++)
		assert_int_equal(try(&t, "bo", "192.0.2.1"), 0);
	assert_int_equal(
		try(&t, "bo", "198.51.100.1"), 0); /* the sixth, from anywhere, starts the wait */
	for (int i = 0; i < 12; i++) {
		uint32_t wait = try(&t, "bo", "203.0.113.1");
		assert_true(wait >= last && wait > 0 && wait <= LOGIN_WAIT_MAX_S);
		assert_int_equal(try(&t, "bo", "203.0.113.1"), wait); /* asking is not trying */
		last = wait;
		now_us += (uint64_t)wait * 1000000;
		assert_int_equal(try(&t, "bo", "203.0.113.1"), 0);
	}
	assert_int_equal(last, LOGIN_WAIT_MAX_S);
	assert_int_equal(try(&t, "ann", "192.0.2.77"), 0);
	throttle_free(&t);
}

static void a_network_counts_all_its_accounts(void **state)
{
	struct throttle t = { 0 };
	char account[16], peer[16];
	(void)state;
	for (int i = 0; i <= LOGIN_FREE_NETWORK; i++) {
		(void)snprintf(account, sizeof(account), "user%d", i);
		(void)snprintf(peer, sizeof(peer), "192.0.2.%d", i);
		assert_int_equal(try(&t, account, peer), 0);
	}
	assert_int_not_equal(try(&t, "fresh", "192.0.2.200"), 0);
	assert_int_equal(try(&t, "fresh", "192.0.3.200"), 0);
	throttle_free(&t);
}

/* More names than are remembered, from one who has to wait: what others have tried stays counted. */
static void who_waits_pushes_nobody_out(void **state)
{
	struct throttle t = { 0 };
	char account[16];
	(void)state;
	for (int i = 0; i <= LOGIN_FREE_ACCOUNT; i++)
		assert_int_equal(try(&t, "bo", "198.51.100.1"), 0);
	assert_int_not_equal(try(&t, "bo", "198.51.100.1"), 0);
	for (int i = 0; i < 2 * LOGIN_KEYS_MAX; i++) {
		(void)snprintf(account, sizeof(account), "user%d", i);
		(void)try(&t, account, "192.0.2.1");
	}
	assert_int_not_equal(try(&t, "bo", "198.51.100.1"), 0);
	throttle_free(&t);
}

static void the_right_password_forgets(void **state)
{
	struct throttle t = { 0 };
	(void)state;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(try(&t, "bo", "192.0.2.1"), 0);
		for (int i = 0; i < 3; i++)
			throttle_forgive(&t, SLICE("bo"), "192.0.2.1");
	}
	throttle_free(&t);
}

/* An office of many behind one address: mistakes of a whole day are not held against the last one. */
static void a_day_of_mistakes_locks_no_office_out(void **state)
{
	struct throttle t = { 0 };
	char account[24];
	(void)state;
	for (int i = 0; i < 80; i++) { /* one in six minutes, for eight hours */
		(void)snprintf(account, sizeof(account), "user%d", i);
		assert_int_equal(try(&t, account, "192.0.2.1"), 0);
		now_us += 360 * UINT64_C(1000000);
	}
	assert_int_equal(try(&t, "bo", "192.0.2.1"), 0);
	assert_int_equal(try(&t, "ann", "192.0.2.1"), 0);
	throttle_free(&t);
}

static void memory_is_bounded(void **state)
{
	struct throttle t = { 0 };
	char account[24];
	(void)state;
	for (int i = 0; i < LOGIN_KEYS_MAX + 1000; i++) {
		(void)snprintf(account, sizeof(account), "user%d", i);
		(void)try(&t, account, "unix");
	}
	assert_true(t.keys.count <= LOGIN_KEYS_MAX);
	throttle_free(&t);
}

static void networks(void **state)
{
	char out[64];
	(void)state;
	assert_string_equal(throttle_network("192.0.2.77", out).p, "192.0.2.");
	assert_string_equal(throttle_network("::ffff:192.0.2.77", out).p, "192.0.2.");
	assert_string_equal(throttle_network("2001:db8:1:2:3::4", out).p, "2001:0db8:0001:0002");
	assert_string_equal(throttle_network("unix", out).p, "unix");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(an_account_waits_longer_and_longer),
		cmocka_unit_test(a_network_counts_all_its_accounts),
		cmocka_unit_test(who_waits_pushes_nobody_out),
		cmocka_unit_test(the_right_password_forgets),
		cmocka_unit_test(a_day_of_mistakes_locks_no_office_out),
		cmocka_unit_test(memory_is_bounded), cmocka_unit_test(networks) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
