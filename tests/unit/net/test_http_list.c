/* Header fields that are lists: words, tags, codings with their q. */
#include "net_test.h"

#include "net/http_list.h"

static void words_are_found_in_any_case(void **state)
{
	(void)state;
	assert_true(http_list_has(SLICE("keep-alive,\t Upgrade "), SLICE("upgrade")));
	assert_true(http_list_has(SLICE("close"), SLICE("close")));
	assert_false(http_list_has(SLICE("upgraded"), SLICE("upgrade")));
	assert_false(http_list_has(SLICE(""), SLICE("upgrade")));
	assert_false(http_list_has((struct slice){ 0 }, SLICE("upgrade")));
}

static void tags_are_compared_weakly(void **state)
{
	(void)state;
	assert_true(http_list_has_tag(SLICE("\"a\""), "\"a\""));
	assert_true(http_list_has_tag(SLICE("\"b\", W/\"a\""), "\"a\""));
	assert_true(http_list_has_tag(SLICE("*"), "\"a\""));
	assert_false(http_list_has_tag(SLICE("a"), "\"a\""));
	assert_false(http_list_has_tag(SLICE("W/"), "\"a\""));
	assert_false(http_list_has_tag((struct slice){ 0 }, "\"a\""));
}

static void a_coding_is_accepted_by_name_or_star_unless_its_q_is_0(void **state)
{
	static const char *const yes[] = { "gzip", "GZip", "br, gzip", "gzip;q=0.001", "*",
		"gzip; q=1", "br;q=1.0, gzip;q=0.5, *;q=0", "*;q=0, gzip", "gzip;level=0" };
	static const char *const no[] = { "", "br", "gzip;q=0", "gzip; Q=0.000", "*, gzip;q=0.0",
		"*;q=0", "identity", "xgzip", ",;,=", "gzip ;q=0." };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (!http_list_accepts(slice_of(yes[i]), SLICE("gzip")))
			fail_msg("not accepted: %s", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		if (http_list_accepts(slice_of(no[i]), SLICE("gzip")))
			fail_msg("accepted: %s", no[i]);
	}
	assert_false(http_list_accepts((struct slice){ 0 }, SLICE("gzip")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_found_in_any_case),
		cmocka_unit_test(tags_are_compared_weakly),
		cmocka_unit_test(a_coding_is_accepted_by_name_or_star_unless_its_q_is_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
