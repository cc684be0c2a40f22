/*
 * Pairs, parts and skills survive any bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/pairs.h"

static void pairs_keep_any_bytes(void **state)
{
	(void)state;
	struct str s = { 0 };
	struct arena a = { 0 };
	struct slice value = slice_make("a=b&c\n\0%zz +", 12);
	pairs_add(&s, SLICE("page"), SLICE("/help?x=1&y=2"));
	pairs_add(&s, SLICE("odd name="), value);
	assert_true(slice_is(pairs_get(str_slice(&s), "page", &a), "/help?x=1&y=2"));
	assert_true(slice_equal(pairs_get(str_slice(&s), "odd name=", &a), value));
	assert_null(pairs_get(str_slice(&s), "absent", &a).p);
	str_free(&s);
	arena_free(&a);
}

static void parts_are_lines(void **state)
{
	(void)state;
	struct str s = { 0 };
	struct arena a = { 0 };
	struct part one = { SLICE("счёт.pdf"), SLICE("application/pdf"), 12345, SLICE("ab12"),
		{ 0 } };
	struct part two = { SLICE("logo\n.png"), SLICE("image/png"), 1, SLICE("cd34"),
		SLICE("x@y") };
	struct part p;
	parts_add(&s, &one);
	parts_add(&s, &two);
	struct slice rest = str_slice(&s);
	assert_true(parts_next(&rest, &p, &a));
	assert_true(slice_equal(p.name, one.name));
	assert_int_equal(p.size_bytes, 12345);
	assert_int_equal(p.cid.n, 0);
	assert_true(parts_next(&rest, &p, &a));
	assert_true(slice_equal(p.name, two.name));
	assert_true(slice_is(p.cid, "x@y"));
	assert_false(parts_next(&rest, &p, &a));
	str_free(&s);
	arena_free(&a);
}

static void skills_have_levels(void **state)
{
	(void)state;
	struct skill s;
	bool bad;
	struct slice rest = SLICE("ru=80  cards");
	assert_true(skills_next(&rest, &s, &bad));
	assert_true(slice_is(s.name, "ru"));
	assert_int_equal(s.level, 80);
	assert_true(skills_next(&rest, &s, &bad));
	assert_int_equal(s.level, 1);
	assert_false(skills_next(&rest, &s, &bad));
	assert_false(bad);
	const char *wrong[] = { "ru=101", "=5", "ru=x", "ru=-1", "ru=" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		rest = slice_of(wrong[i]);
		assert_false(skills_next(&rest, &s, &bad));
		assert_true(bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_keep_any_bytes),
		cmocka_unit_test(parts_are_lines),
		cmocka_unit_test(skills_have_levels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
