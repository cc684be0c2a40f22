/*
 * What no text can hold does not make JSON unreadable; what is right, or wrong in another way, is left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "kit/escapes.h"

static void becomes(const char *text, const char *want)
{
	char got[128];

	snprintf(got, sizeof(got), "%s", text);
	escapes_mend(got, strlen(got), false);
	assert_string_equal(got, want);
}

static void test_what_there_is_not_is_replaced(void **state)
{
	(void)state;
	becomes("{\"t\":\"a\\u0000b\"}", "{\"t\":\"a\\ufffdb\"}");
	becomes("\\ud83d", "\\ufffd");
	becomes("\\uDE00 \\uD83d\\u0041", "\\ufffd \\ufffd\\u0041");
	becomes("\\ud83d\\ud83d\\ude00", "\\ufffd\\ud83d\\ude00");
	becomes("\\ud83dx\\u0000", "\\ufffdx\\ufffd");
}

static void test_nul_is_left_to_who_can_read_it(void **state)
{
	char got[] = "\\u0000\\ud83d\\u0000";

	(void)state;
	escapes_mend(got, strlen(got), true);
	assert_string_equal(got, "\\u0000\\ufffd\\u0000");
}

static void test_the_rest_is_left_alone(void **state)
{
	static const char *const same[] = { "", "\\", "\\u", "\\u00", "\\u000", "\\u00zz",
		"\\ud83d\\ude00", "\\\\u0000", "\\\\\\\\ud83d", "\\n\\\"\\u0001",
		"\xf0\x9f\x98\x80", NULL };

	(void)state;
	for (size_t i = 0; same[i]; i++)
		becomes(same[i], same[i]);
	becomes("\\\\\\u0000", "\\\\\\ufffd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_there_is_not_is_replaced),
		cmocka_unit_test(test_nul_is_left_to_who_can_read_it),
		cmocka_unit_test(test_the_rest_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
