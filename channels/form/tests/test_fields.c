/*
 * A value is as long as its browser says, whatever it is made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "form.h"

static size_t length(const char *s)
{
	return characters((struct usher_str){ s, strlen(s) });
}

/* maxlength counts the end of a line as one; it is sent as two. */
static void test_length_is_that_of_maxlength(void **state)
{
	(void)state;
	assert_int_equal(length(""), 0);
	assert_int_equal(length("я\xf0\x9f\x98\x80z"), 3);
	assert_int_equal(length("a\r\nb\r\n"), 4);
	assert_int_equal(length("a\nb\r"), 4);
	assert_int_equal(length("\n\r\n\n"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_length_is_that_of_maxlength) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
