#include "unit/cm.h"

#include "base/arena.h"

static void gives_zeroed_aligned_and_apart(void **state)
{
	struct arena a = { 0 };
	const size_t sizes[] = { 0, 1, 15, 16, 17, 4000, 5000, 16000, 100000, 3 };
	unsigned char *got[10];

	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < 10; i++) {
			got[i] = arena_alloc(&a, sizes[i]);
			assert_int_equal((uintptr_t)got[i] % 16, 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(got[i][k], 0);
			memset(got[i], i + 1, sizes[i]);
		}
		for (int i = 0; i < 10; i++)
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(got[i][k], i + 1);
		assert_true(a.used >= 125000);
		arena_reset(&a);
		assert_int_equal(a.used, 0);
	}
	arena_free(&a);
	assert_null(a.first);
}

static void copies_and_prints_terminated(void **state)
{
	struct arena a = { 0 };

	(void)state;
	struct slice s = arena_copy(&a, SLICE("abc\0d"));
	assert_int_equal(s.n, 5);
	assert_int_equal(s.p[5], 0);
	s = arena_copy(&a, (struct slice){ 0 });
	assert_non_null(s.p);
	assert_slice_is(s, "");
	s = arena_printf(&a, "%s=%d", "x", 5);
	assert_slice_is(s, "x=5");
	assert_int_equal(s.p[3], 0);
	for (int n = 250; n < 260; n++) { /* about the length that is formatted once */
		s = arena_printf(&a, "%0*d", n, 7);
		assert_int_equal(s.n, n);
		assert_int_equal(s.p[n - 1], '7');
		assert_int_equal(s.p[n], 0);
	}
	uint64_t *many = arena_array(&a, 10, sizeof(*many));
	many[9] = 1;
	arena_free(&a);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_and_apart),
		cmocka_unit_test(copies_and_prints_terminated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
