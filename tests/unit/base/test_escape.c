#include "unit/cm.h"

static void gives(void (*add)(struct str *, struct slice), struct slice in, const char *want)
{
	struct str s = { 0 };

	add(&s, in);
	assert_non_null(s.p);
	assert_slice_is(str_slice(&s), want);
	str_free(&s);
}

static void json_is_one_literal(void **state)
{
	(void)state;
	gives(str_add_json, SLICE(""), "\"\"");
	gives(str_add_json, (struct slice){ 0 }, "\"\"");
	gives(str_add_json, SLICE("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	gives(str_add_json, SLICE("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	gives(str_add_json, SLICE("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\"");
	gives(str_add_json, SLICE("\u041f\u0440 \u20ac \U0001f600"),
		"\"\u041f\u0440 \u20ac \U0001f600\"");
	gives(str_add_json, SLICE("\u2027\u2028\u2029"), "\"\u2027\\u2028\\u2029\"");
}

static void json_repairs_what_is_not_utf8(void **state)
{
	(void)state;
	gives(str_add_json,
		SLICE("a\xff"
		      "b"),
		"\"a\ufffd"
		"b\"");
	gives(str_add_json, SLICE("\xed\xa0\x80"), "\"\ufffd\ufffd\ufffd\""); /* a surrogate */
	gives(str_add_json, SLICE("\xe2\x82"), "\"\ufffd\"");	    /* cut in the middle */
	gives(str_add_json, SLICE("\xc0\x80"), "\"\ufffd\ufffd\""); /* overlong */
}

static void percent_leaves_only_unreserved(void **state)
{
	(void)state;
	gives(str_add_percent, SLICE("aZ09-._~"), "aZ09-._~");
	gives(str_add_percent, SLICE("a b+c&d=e/\xc3\xa9"), "a%20b%2Bc%26d%3De%2F%C3%A9");
	gives(str_add_percent, SLICE(""), "");
}

static void hex_is_lower_case(void **state)
{
	(void)state;
	gives(str_add_hex, SLICE("\0\xab\xff"), "00abff");
	gives(str_add_hex, SLICE(""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_one_literal),
		cmocka_unit_test(json_repairs_what_is_not_utf8),
		cmocka_unit_test(percent_leaves_only_unreserved),
		cmocka_unit_test(hex_is_lower_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
