/*
 * Which measures refuse which work: each by itself reaches every level (the wait in the inbox never refuses log-ins), in order, and the worst one is named.
 */
#include "unit/cm.h"

#include "app/strain.h"

static void calm(uint64_t v[STRAIN_COUNT])
{
	for (size_t i = 0; i < STRAIN_COUNT; i++)
		v[i] = 0;
	v[STRAIN_DISK] = 100000;
}

static void nothing_is_refused_when_it_is_calm(void **state)
{
	uint64_t v[STRAIN_COUNT];
	size_t worst;

	(void)state;
	calm(v);
	assert_int_equal(strain_level(v, &worst), SHED_NOTHING);
}

static void each_measure_raises_the_level_step_by_step(void **state)
{
	uint64_t v[STRAIN_COUNT];
	size_t worst;

	(void)state;
	for (size_t i = 0; i < STRAIN_COUNT; i++) {
		enum shed before = SHED_NOTHING;
		calm(v);
		for (uint64_t x = 0; x <= 100000; x++) {
			v[i] = i == STRAIN_DISK ? 100000 - x : x;
			enum shed now = strain_level(v, &worst);
			assert_true(now == before || now == before + 1);
			assert_true(now == SHED_NOTHING || worst == i);
			before = now;
		}
		assert_int_equal(before, i == STRAIN_WAIT ? SHED_MAIL : SHED_LOGINS);
	}
}

static void the_worst_is_named(void **state)
{
	uint64_t v[STRAIN_COUNT];
	size_t worst;

	(void)state;
	calm(v);
	v[STRAIN_INBOX] = 30000; /* 3 */
	v[STRAIN_MEMORY] = 94;	 /* 4 */
	assert_int_equal(strain_level(v, &worst), SHED_MAIL);
	assert_int_equal(worst, STRAIN_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_refused_when_it_is_calm),
		cmocka_unit_test(each_measure_raises_the_level_step_by_step),
		cmocka_unit_test(the_worst_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
