#include "unit/cm.h"

static void compares_bytewise_shorter_first(void **state)
{
	(void)state;
	assert_int_equal(slice_compare(SLICE("abc"), SLICE("abd")), -1);
	assert_int_equal(slice_compare(SLICE("ab"), SLICE("abc")), -1);
	assert_int_equal(slice_compare(SLICE("\xff"), SLICE("a")), 1);
	assert_int_equal(slice_compare((struct slice){ 0 }, SLICE("")), 0);
	assert_true(slice_equal((struct slice){ 0 }, SLICE("")));
	assert_true(slice_equal_nocase(SLICE("Content-TYPE"), SLICE("content-type")));
	/* '@' and '`' differ by the case bit and are no letters. */
	assert_false(slice_equal_nocase(SLICE("@"), SLICE("`")));
	assert_true(slice_is(SLICE("x"), "x"));
	assert_false(slice_is(SLICE("x"), "xy"));
}

static void finds_ends_and_trims(void **state)
{
	(void)state;
	assert_true(slice_starts(SLICE("queue:a"), SLICE("queue:")));
	assert_false(slice_starts(SLICE("q"), SLICE("queue:")));
	assert_true(slice_ends(SLICE("a.so"), SLICE(".so")));
	assert_false(slice_ends(SLICE("so"), SLICE(".so")));
	assert_true(slice_starts((struct slice){ 0 }, (struct slice){ 0 }));
	assert_int_equal(slice_find(SLICE("a=b=c"), '='), 1);
	assert_int_equal(slice_find(SLICE("abc"), '='), 3);
	assert_int_equal(slice_find((struct slice){ 0 }, '='), 0);
	assert_slice_is(slice_trim(SLICE(" \t\r\n a b \v\f")), "a b");
	assert_slice_is(slice_trim(SLICE("   ")), "");
}

static void cuts_every_part_once(void **state)
{
	struct slice rest = SLICE("a,,b,");
	const char *want[] = { "a", "", "b", "" };
	size_t n = 0;

	(void)state;
	while (rest.p) {
		assert_true(n < 4);
		struct slice part = slice_cut(&rest, ',');
		assert_slice_is(part, want[n++]);
	}
	assert_int_equal(n, 4);
}

static void reads_numbers_or_refuses(void **state)
{
	uint64_t u = 7;
	int64_t i = 7;

	(void)state;
	assert_true(slice_u64(SLICE("18446744073709551615"), &u));
	assert_true(u == UINT64_MAX);
	assert_true(slice_u64(SLICE("007"), &u));
	assert_int_equal(u, 7);
	const char *bad[] = { "", "18446744073709551616", "99999999999999999999", "+1", "-1", " 1",
		"1 ", "1x" };
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		assert_false(slice_u64(slice_of(bad[k]), &u));
	assert_int_equal(u, 7);
	assert_true(slice_i64(SLICE("-9223372036854775808"), &i));
	assert_true(i == INT64_MIN);
	assert_true(slice_i64(SLICE("9223372036854775807"), &i));
	assert_true(i == INT64_MAX);
	assert_false(slice_i64(SLICE("9223372036854775808"), &i));
	assert_false(slice_i64(SLICE("-9223372036854775809"), &i));
	assert_false(slice_i64(SLICE("-"), &i));
	assert_false(slice_i64(SLICE("--1"), &i));
	assert_true(i == INT64_MAX);
}

static void hashes_as_published(void **state)
{
	(void)state;
	/* The FNV authors' test vectors. */
	assert_true(slice_hash(SLICE("")) == 0xcbf29ce484222325u);
	assert_true(slice_hash(SLICE("a")) == 0xaf63dc4c8601ec8cu);
	assert_true(slice_hash(SLICE("foobar")) == 0x85944171f73967e8u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_bytewise_shorter_first),
		cmocka_unit_test(finds_ends_and_trims),
		cmocka_unit_test(cuts_every_part_once),
		cmocka_unit_test(reads_numbers_or_refuses),
		cmocka_unit_test(hashes_as_published),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
