#include "unit/cm.h"

static void grows_and_stays_terminated(void **state)
{
	struct str s = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		str_add_char(&s, (char)('a' + i % 26));
	assert_int_equal(s.n, 1000);
	assert_int_equal(strlen(s.p), 1000);
	str_clear(&s);
	assert_string_equal(s.p, "");
	str_add(&s, (struct slice){ 0 });
	str_add_text(&s, "x");
	assert_slice_is(str_slice(&s), "x");
	memcpy(str_reserve(&s, 3), "abc", 3);
	s.n += 3;
	char *taken = str_take(&s);
	assert_string_equal(taken, "xabc");
	assert_null(s.p);
	free(taken);
	taken = str_take(&s);
	assert_string_equal(taken, "");
	free(taken);
	str_free(&s);
}

static void prints_numbers_at_their_ends(void **state)
{
	struct str s = { 0 };

	(void)state;
	str_add_u64(&s, 0);
	str_add_char(&s, ' ');
	str_add_u64(&s, UINT64_MAX);
	str_add_char(&s, ' ');
	str_add_i64(&s, INT64_MIN);
	str_add_char(&s, ' ');
	str_add_i64(&s, -1);
	assert_slice_is(str_slice(&s), "0 18446744073709551615 -9223372036854775808 -1");
	str_free(&s);
}

static void formats_more_than_it_has_room_for(void **state)
{
	struct str s = { 0 };
	char big[5000];

	(void)state;
	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	str_addf(&s, "<%s|%d>", big, 42);
	assert_int_equal(s.n, 1 + 4999 + 1 + 2 + 1);
	assert_string_equal(s.p + 5000, "|42>");
	str_free(&s);
}

static void shifts_from_the_front(void **state)
{
	struct str s = { 0 };

	(void)state;
	str_shift(&s, 0);
	str_add_text(&s, "hello");
	str_shift(&s, 2);
	assert_slice_is(str_slice(&s), "llo");
	str_shift(&s, 3);
	assert_slice_is(str_slice(&s), "");
	str_free(&s);
}

static void allocates_zeroed_even_nothing(void **state)
{
	unsigned char *p = mem_array(3, 5);

	(void)state;
	for (int i = 0; i < 15; i++)
		assert_int_equal(p[i], 0);
	p = mem_resize(p, 30, 1);
	free(p);
	p = mem_alloc(0);
	assert_non_null(p);
	free(p);
	char *copy = slice_dup((struct slice){ 0 });
	assert_string_equal(copy, "");
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_stays_terminated),
		cmocka_unit_test(prints_numbers_at_their_ends),
		cmocka_unit_test(formats_more_than_it_has_room_for),
		cmocka_unit_test(shifts_from_the_front),
		cmocka_unit_test(allocates_zeroed_even_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
