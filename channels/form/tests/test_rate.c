/*
 * One address may post so often and no more; others are not touched by it, this machine is not counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "form.h"

static const uint64_t start_us = 1700000000000000, second_us = 1000000;

static void test_bucket(void **state)
{
	struct rate *r = rate_new(20, 7);

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(rate_take(r, "192.0.2.1", start_us), 0);
	unsigned wait_s = rate_take(r, "192.0.2.1", start_us);
	assert_in_range(wait_s, 3, 4);
	assert_int_equal(rate_take(r, "192.0.2.2", start_us), 0);
	assert_int_equal(rate_take(r, "192.0.2.1", start_us + wait_s * second_us), 0);
	assert_true(rate_take(r, "192.0.2.1", start_us + wait_s * second_us) > 0);
	for (int i = 0; i < 20; i++) /* after a minute all is as at the beginning */
		assert_int_equal(rate_take(r, "192.0.2.1", start_us + 70 * second_us), 0);
	/* A clock that is put back shuts nobody out. */
	assert_int_equal(rate_take(r, "192.0.2.1", start_us - 3600 * second_us), 0);
	rate_free(&r);
}

static void test_addresses(void **state)
{
	struct rate *r = rate_new(1, 7), *none = rate_new(0, 7);
	char peer[64];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(rate_take(r, "127.0.0.1", start_us), 0);
		assert_int_equal(rate_take(r, "::1", start_us), 0);
		assert_int_equal(rate_take(none, "192.0.2.1", start_us), 0);
	}
	assert_int_equal(rate_take(r, "2001:db8:1:2::1", start_us), 0);
	assert_true(rate_take(r, "2001:db8:1:2:ffff::9", start_us) > 0); /* the same household */
	assert_int_equal(rate_take(r, "2001:db8:1:3::1", start_us), 0);
	/* A crowd makes it forget, never refuse those who come first. */
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(peer, sizeof(peer), "10.%u.%u.1", i >> 8, i & 255);
		assert_int_equal(rate_take(r, peer, start_us + i), 0);
	}
	rate_free(&r);
	rate_free(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
