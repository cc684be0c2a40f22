#include "unit/cm.h"

#include <errno.h>

#include "base/err.h"
#include "base/utf8.h"

static void says_why_and_returns_the_code(void **state)
{
	struct err e = { "" };

	(void)state;
	assert_int_equal(err_set(&e, EINVAL, "queue %s: no such skill", "a"), -EINVAL);
	assert_string_equal(e.text, "queue a: no such skill");
	err_prefix(&e, "%s:%d", "x.yaml", 3);
	assert_string_equal(e.text, "x.yaml:3: queue a: no such skill");
	err_set(&e, EIO, "again: %s", e.text);
	assert_string_equal(e.text, "again: x.yaml:3: queue a: no such skill");
	assert_int_equal(err_set(NULL, EIO, "nobody listens"), -EIO);
	err_prefix(NULL, "nobody");
}

static void cuts_a_long_reason_at_a_character(void **state)
{
	struct err e;
	struct str s = { 0 };

	(void)state;
	str_add_char(&s, 'x');
	for (int i = 0; i < 400; i++)
		str_add_text(&s, "\u20ac");
	err_set(&e, EINVAL, "%s", s.p);
	assert_true(strlen(e.text) > 505);
	assert_true(utf8_valid(slice_of(e.text)));
	err_prefix(&e, "%s", "front");
	assert_memory_equal(e.text, "front: x", 8);
	assert_true(utf8_valid(slice_of(e.text)));
	str_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_why_and_returns_the_code),
		cmocka_unit_test(cuts_a_long_reason_at_a_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
