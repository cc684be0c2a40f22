#include "unit/cm.h"

#include "base/id.h"

static const uint8_t chance[10] = { 0xd7, 0x67, 0x36, 0x39, 0x2d, 0x20, 0x41, 0x81, 0x02, 0xff };

static void prints_as_a_ulid(void **state)
{
	char text[ID_TEXT_LEN + 1];
	struct id a = id_make(1469918176385000u, chance), b = { 0, 0 };

	(void)state;
	/* The time of the example in the ULID specification: 1469918176385 ms is 01ARYZ6S41. */
	assert_memory_equal(id_text(a, text), "01ARYZ6S41", 10);
	assert_int_equal(strlen(text), 26);
	assert_true(id_parse(slice_of(text), &b));
	assert_true(id_equal(a, b));
	for (char *p = text; *p; p++)
		if (*p >= 'A')
			*p = (char)(*p + 32);
	assert_true(id_parse(slice_of(text), &b));
	assert_true(id_equal(a, b));
	assert_string_equal(id_text((struct id){ UINT64_MAX, UINT64_MAX }, text), "7ZZZZZZZZZZZZZZZ"
										  "ZZZZZZZZZZ");
	assert_string_equal(id_text((struct id){ 0, 0 }, text), "00000000000000000000000000");
	assert_true(id_is_none((struct id){ 0, 0 }));
}

static void refuses_what_is_no_id(void **state)
{
	struct id out = { 1, 2 };
	const char *bad[] = { "", "01ARYZ6S41TSV4RRFFQ69G5FA", "01ARYZ6S41TSV4RRFFQ69G5FAVX",
		"81ARYZ6S41TSV4RRFFQ69G5FAV", "01ARYZ6S41TSV4RRFFQ69G5FAU",
		"01ARYZ6S41TSV4RRFFQ69G5FA\xc3", "01ARYZ6S41TSV4RRFFQ69G5F I",
		"z1ARYZ6S41TSV4RRFFQ69G5FAV" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(id_parse(slice_of(bad[i]), &out));
	assert_false(id_parse(slice_make("01ARYZ6S41TSV4RRFFQ69G5FA\0", 26), &out));
	assert_true(out.hi == 1 && out.lo == 2);
}

static void sorts_by_time_as_text_does(void **state)
{
	char early[ID_TEXT_LEN + 1], late[ID_TEXT_LEN + 1];
	const uint8_t none[10] = { 0 };
	struct id a = id_make(1000, chance), b = id_make(2000, none);

	(void)state;
	assert_int_equal(id_compare(a, b), -1);
	assert_true(strcmp(id_text(a, early), id_text(b, late)) < 0);
	assert_int_equal(id_compare(a, a), 0);
	assert_int_equal(id_compare((struct id){ 1, 2 }, (struct id){ 1, 1 }), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_as_a_ulid),
		cmocka_unit_test(refuses_what_is_no_id),
		cmocka_unit_test(sorts_by_time_as_text_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
