/*
 * Waits double within their limits and jitter; what works is done more at once, what does not half as much.
 */
#include "unit/cm.h"

#include "host/retry.h"
#include "model/limits.h"

static const uint64_t second = 1000000;

static void test_waits(void **state)
{
	struct retry r;
	uint64_t figure = SEND_AGAIN_LEAST_S * second, most = SEND_AGAIN_MOST_S * second;

	(void)state;
	retry_init(&r);
	assert_int_equal(retry_until(&r, SLICE("ann@x.org")), 0);
	for (int i = 0; i < 30; i++) {
		uint64_t at = retry_failed(&r, SLICE("ann@x.org"), 1000 * second);
		assert_int_equal(retry_until(&r, SLICE("ann@x.org")), at);
		assert_true(
			at >= 1000 * second + figure / 2 && at <= 1000 * second + figure * 3 / 2);
		figure = figure * 2 > most ? most : figure * 2;
	}
	assert_int_equal(retry_until(&r, SLICE("bo@x.org")), 0);
	retry_forget(&r, SLICE("ann@x.org"));
	assert_int_equal(retry_until(&r, SLICE("ann@x.org")), 0);
	retry_free(&r);
}

static void test_spread(void **state)
{
	struct retry r;
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	retry_init(&r);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t at = retry_failed(&r, slice_make(&i, sizeof(i)), 0);
		least = at < least ? at : least;
		most = at > most ? at : most;
	}
	assert_true(most - least > SEND_AGAIN_LEAST_S * second / 2);
	retry_free(&r);
}

static void test_at_once(void **state)
{
	struct retry r;

	(void)state;
	retry_init(&r);
	size_t first = r.at_once;
	for (size_t i = 0; i < first; i++)
		retry_worked(&r);
	assert_int_equal(r.at_once, first + 1);
	for (int i = 0; i < 100000; i++)
		retry_worked(&r);
	assert_int_equal(r.at_once, SENDS_AT_ONCE_MAX);
	retry_failed(&r, SLICE("a"), 0);
	assert_int_equal(r.at_once, SENDS_AT_ONCE_MAX / 2);
	for (int i = 0; i < 20; i++)
		retry_failed(&r, SLICE("a"), 0);
	assert_int_equal(r.at_once, 1);
	retry_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
