/* Patterns find what they say, mistakes are told with their place, and none can hold the router up. */
#include "unit/cm.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "model/limits.h"
#include "text/pattern.h"

/* Far above the milliseconds meant: a busy machine under sanitizers. */
enum { HOSTILE_US = 500000 };

static struct pattern *opened(const char *source)
{
	struct pattern *p = NULL;
	struct err err = { 0 };

	if (pattern_open(&p, slice_of(source), &err) != 0)
		fail_msg("%s: %s", source, err.text);
	return p;
}

static void finds_what_it_says(void **state)
{
	static const struct {
		const char *source, *text, *found;
	} cases[] = {
		{ "\\bINV-\\d{4,}\\b", "about inv-20231 please", "inv-20231" },
		{ "возврат\\w*", "ПРОШУ ВОЗВРАТА", "ВОЗВРАТА" },
		{ "^urgent", "subject\nurgent", NULL },
		{ "(?m)^urgent", "subject\nurgent", "urgent" },
		{ "a", "\xff\xfe a \xd0", "a" },
		{ "х", "", NULL },
		{ "x*", "ab", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pattern *p = opened(cases[i].source);
		struct slice found = { 0 };
		int n = pattern_find(p, slice_of(cases[i].text), &found);
		if (n != (cases[i].found != NULL))
			fail_msg("%s: %d", cases[i].source, n);
		if (n)
			assert_slice_is(found, cases[i].found);
		pattern_free(&p);
	}
}

static void mistakes_say_where(void **state)
{
	struct pattern *p = NULL;
	struct err err = { 0 };
	struct str longer = { 0 };

	(void)state;
	assert_int_equal(pattern_open(&p, SLICE("card(s"), &err), -EINVAL);
	assert_string_equal(err.text, "missing closing parenthesis at byte 7");
	assert_int_equal(pattern_open(&p, SLICE("*x"), &err), -EINVAL);
	assert_string_equal(err.text, "quantifier does not follow a repeatable item at byte 1");
	assert_int_equal(pattern_open(&p, SLICE(""), &err), -EINVAL);
	assert_int_equal(pattern_open(&p, SLICE("a\\Cb"), &err), -EINVAL);
	assert_int_equal(pattern_open(&p, SLICE("\xff"), &err), -EINVAL);
	while (longer.n <= CLASSIFY_PATTERN_MAX)
		str_add_char(&longer, 'a');
	assert_int_equal(pattern_open(&p, str_slice(&longer), &err), -EINVAL);
	assert_null(p);
	str_free(&longer);
}

static void a_hostile_pattern_gives_up_soon(void **state)
{
	/* they end in a class: a letter that the text has not would be missed before the search begins */
	static const char *const hostile[] = { "(a+)+$", "(a|aa)+$", "(.*)(.*)(.*)(.*)(.*)[bd]",
		"(?:a?){60}a{60}[bd]", "(?=(a+))*[bd]\\1", "(a*)*[bd]", "(?:(?:a+)+)+[bd]",
		"a+a+a+a+[bd]", ".*.*=.*[bd]", "((a{1,30}){1,30}){1,30}[bd]", "(?R)?a+[bd]",
		"(?s)(.+?)\\1\\1\\1[xy]", "(?<=a{200})[bd]", "\\w+[bd]", "(?:a(?=.*[bd]))+",
		"^(([a-z])+.)+[A-Z]([a-z])+$" };
	struct str text = { 0 };
	unsigned gave_up = 0;

	(void)state;
	while (text.n < CLASSIFY_TEXT_MAX - 1)
		str_add_char(&text, 'a');
	str_add_char(&text, '!');
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct pattern *p = opened(hostile[i]);
		struct slice found;
		uint64_t from = clock_monotonic_us();
		int n = pattern_find(p, str_slice(&text), &found);
		uint64_t took = clock_monotonic_us() - from;
		print_message("%-28s %d %llu us\n", hostile[i], n, (unsigned long long)took);
		gave_up += n == -E2BIG;
		if (took > HOSTILE_US)
			fail_msg("%s took %llu us", hostile[i], (unsigned long long)took);
		/* and it is as good as before on an easy text */
		assert_true(pattern_find(p, SLICE("zz"), &found) >= 0);
		pattern_free(&p);
	}
	assert_true(gave_up > 5);
	str_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_it_says),
		cmocka_unit_test(mistakes_say_where),
		cmocka_unit_test(a_hostile_pattern_gives_up_soon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
