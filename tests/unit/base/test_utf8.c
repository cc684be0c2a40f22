#include "unit/cm.h"

#include "base/utf8.h"

static const char *const good[] = { "", "plain", "\xc2\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000",
	"\uffff", "\U00010000", "\U0010ffff", "eight by\u00e9te words all through" };
static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
	"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "\xe2\x82",
	"\xc3(", "\xe2(\xa1", "0123456789abcdef\x80" };

static void knows_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid(slice_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(slice_of(bad[i])));
}

/* Whatever the fragments, the verdict is the same. */
static void feeds_in_any_fragments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct slice s = slice_of(good[i]);
		for (size_t cut = 0; cut <= s.n; cut++) {
			uint32_t now = 0;
			assert_true(utf8_feed(&now, slice_make(s.p, cut)));
			assert_true(utf8_feed(&now, slice_make(s.p + cut, s.n - cut)));
			assert_int_equal(now, 0);
		}
	}
	uint32_t now = 0;
	assert_true(utf8_feed(&now, SLICE("\xe2\x82")));
	assert_int_not_equal(now, 0);
	assert_false(utf8_feed(&now, SLICE("x")));
	assert_false(utf8_feed(&now, SLICE("once wrong is always wrong")));
}

static void encodes_what_it_decodes(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 61) {
		struct str s = { 0 };
		uint32_t back = 0;
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		utf8_encode(&s, c);
		assert_true(utf8_valid(str_slice(&s)));
		assert_int_equal(utf8_decode(str_slice(&s), &back), s.n);
		assert_int_equal(back, c);
		str_free(&s);
	}
	uint32_t c = 1;
	assert_int_equal(utf8_decode(SLICE("\xff"), &c), 0);
}

static void cleans_as_unicode_recommends(void **state)
{
	/* Table 3-8 of the standard: one replacement for each maximal subpart. */
	struct str s = { 0 };

	(void)state;
	utf8_clean(&s, SLICE("a\xf1\x80\x80\xe1\x80\xc2"
			     "b\x80"
			     "c\x80\xbf"
			     "d"));
	assert_slice_is(str_slice(&s), "a\ufffd\ufffd\ufffd"
				       "b\ufffd"
				       "c\ufffd\ufffd"
				       "d");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		str_clear(&s);
		utf8_clean(&s, slice_of(bad[i]));
		assert_true(utf8_valid(str_slice(&s)));
		assert_non_null(strstr(s.p, "\ufffd"));
	}
	str_free(&s);
}

static void truncates_between_characters(void **state)
{
	struct slice s = SLICE("a\u20ac\U0001f600");

	(void)state;
	assert_slice_is(utf8_truncate(s, 100), "a\u20ac\U0001f600");
	assert_slice_is(utf8_truncate(s, 7), "a\u20ac");
	assert_slice_is(utf8_truncate(s, 4), "a\u20ac");
	assert_slice_is(utf8_truncate(s, 3), "a");
	assert_slice_is(utf8_truncate(s, 0), "");
	assert_int_equal(utf8_truncate(SLICE("\x80\x80\x80\x80\x80\x80\x80\x80"), 6).n, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_well_formed),
		cmocka_unit_test(feeds_in_any_fragments),
		cmocka_unit_test(encodes_what_it_decodes),
		cmocka_unit_test(cleans_as_unicode_recommends),
		cmocka_unit_test(truncates_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
