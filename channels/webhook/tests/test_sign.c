/* Signatures: which are taken, which are not. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/buf.h"
#include "sign.h"

enum { NOW = 1700000000 };

static struct sign_keys keys = { { (char *)"old-key", (char *)"new-key" }, 2 };

static enum sign_result check(const char *timestamp, const char *signature, const char *body)
{
	uint64_t tag;

	return sign_check(
		&keys, true, str_of(timestamp), str_of(signature), str_of(body), NOW, &tag);
}

static char *signature(const char *key, const char *timestamp, const char *body)
{
	static char text[SIGN_HEX + 8];

	memcpy(text, "sha256=", 8);
	sign_make(key, str_of(timestamp), str_of(body), text + 7);
	return text;
}

/* What openssl says: printf '1700000000.{}' | openssl dgst -sha256 -hmac old-key */
static void test_is_the_known_value(void **state)
{
	char hex[SIGN_HEX + 1];

	(void)state;
	sign_make("old-key", str_of("1700000000"), str_of("{}"), hex);
	assert_string_equal(hex, "7a70f339d2a6772d1fb9c1ab6b6e4905c48d370e94b2b29a26f67e759070104"
				 "b");
}

static void test_both_live_keys(void **state)
{
	char both[300];

	(void)state;
	assert_int_equal(
		check("1700000000", signature("old-key", "1700000000", "{}"), "{}"), SIGN_OK);
	assert_int_equal(
		check("1700000000", signature("new-key", "1700000000", "{}"), "{}"), SIGN_OK);
	assert_int_equal(
		check("1700000000", signature("other", "1700000000", "{}"), "{}"), SIGN_WRONG);
	snprintf(both, sizeof(both), "sha256=%064d, %s", 0,
		signature("new-key", "1700000000", "{}"));
	assert_int_equal(check("1700000000", both, "{}"), SIGN_OK);
	assert_int_equal(
		check("1700000000", signature("old-key", "1700000000", "{}") + 7, "{}"), SIGN_OK);
}

static void test_time_and_body_are_signed(void **state)
{
	(void)state;
	assert_int_equal(
		check("1700000001", signature("old-key", "1700000000", "{}"), "{}"), SIGN_WRONG);
	assert_int_equal(
		check("1700000000", signature("old-key", "1700000000", "{}"), "{ }"), SIGN_WRONG);
	assert_int_equal(
		check("1699999700", signature("old-key", "1699999700", "{}"), "{}"), SIGN_OK);
	assert_int_equal(
		check("1699999699", signature("old-key", "1699999699", "{}"), "{}"), SIGN_OLD);
	assert_int_equal(
		check("1700000301", signature("old-key", "1700000301", "{}"), "{}"), SIGN_OLD);
	assert_int_equal(check("now", signature("old-key", "now", "{}"), "{}"), SIGN_OLD);
}

static void test_what_is_no_signature(void **state)
{
	(void)state;
	assert_int_equal(check("1700000000", "", "{}"), SIGN_MISSING);
	assert_int_equal(check("", signature("old-key", "", "{}"), "{}"), SIGN_MISSING);
	assert_int_equal(check("1700000000", "sha256=", "{}"), SIGN_WRONG);
	assert_int_equal(check("1700000000", ",,=,sha256=zz", "{}"), SIGN_WRONG);
}

static void test_seen_forgets_the_oldest(void **state)
{
	struct seen *s = zeroed(sizeof(*s));

	(void)state;
	for (uint64_t i = 1; i <= SEEN_MAX + 1; i++)
		seen_add(s, i);
	assert_false(seen_has(s, 1));
	assert_true(seen_has(s, 2));
	assert_true(seen_has(s, SEEN_MAX + 1));
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_the_known_value),
		cmocka_unit_test(test_both_live_keys),
		cmocka_unit_test(test_time_and_body_are_signed),
		cmocka_unit_test(test_what_is_no_signature),
		cmocka_unit_test(test_seen_forgets_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
