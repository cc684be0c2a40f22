#include "unit/cm.h"

#include <utf8proc.h>

#include "base/utf8.h"
#include "text/normalize.h"

static void check(void (*fn)(struct str *, struct slice, size_t), struct slice in, size_t max,
	const char *want)
{
	struct str out = { 0 };

	fn(&out, in, max);
	assert_slice_is(str_slice(&out), want);
	str_free(&out);
}

static void cleans_text(void **state)
{
	static const char *const cases[][2] = {
		{ "a\r\nb\rc\n", "a\nb\nc" },
		{ "bad \xff\xfe utf8", "bad \xef\xbf\xbd\xef\xbf\xbd utf8" },
		{ "\x1b[31mred\x07\x7f", "[31mred" },
		{ "invoice\xe2\x80\xaegpj.exe", "invoicegpj.exe" },
		{ "a\xe2\x80\x8b"
		  "b\xef\xbb\xbf"
		  "c\xc2\xad"
		  "d",
			"abcd" },
		{ "e\xcc\x81", "\xc3\xa9" },	    /* NFC */
		{ "\xd0\xb8\xcc\x86", "\xd0\xb9" }, /* и + breve = й, as macOS sends it */
		{ "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9", "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0"
								  "\x9f\x91\xa9" },
		{ "pay\xe2\x80\x8dpal", "paypal" },
		{ "hi\xf3\xa0\x81\xa1\xf3\xa0\x81\xa2", "hi" }, /* tag characters */
		{ "\n \n\n  one\n\ntwo \n\n", "  one\n\ntwo" },
		{ "line\xe2\x80\xa8sep", "line\nsep" },
		{ "tab\tstays", "tab\tstays" },
		{ "\n \t\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(text_normalize, slice_of(cases[i][0]), 1000, cases[i][1]);
	check(text_normalize, SLICE("nul\0byte"), 1000, "nulbyte");
	check(text_normalize, (struct slice){ 0 }, 1000, "");
}

static void makes_one_line(void **state)
{
	(void)state;
	check(text_normalize_line, SLICE("  Re:\r\n\tYour \xc2\xa0 order  "), 100,
		"Re: Your order");
	check(text_normalize_line, SLICE("a\r\nBcc: x@y"), 100, "a Bcc: x@y");
}

static void stays_in_its_bounds(void **state)
{
	struct str long_text = { 0 }, out = { 0 };

	(void)state;
	check(text_normalize, SLICE("яяяяя"), 5, "яя");
	check(text_normalize, SLICE("x"), 0, "");
	/* What grows in NFC (U+0958 becomes two) is cut again. */
	for (int i = 0; i < 1000; i++)
		str_add_text(&long_text, "\xe0\xa5\x98");
	text_normalize(&out, str_slice(&long_text), 1500);
	assert_true(out.n <= 1500 && utf8_valid(str_slice(&out)));
	str_free(&long_text);
	str_free(&out);
}

static void cuts_towers_of_marks(void **state)
{
	struct str tower = { 0 }, out = { 0 };

	(void)state;
	str_add_char(&tower, 'q');
	for (int i = 0; i < 500; i++)
		str_add_text(&tower, "\xcc\xb8");
	text_normalize(&out, str_slice(&tower), 10000);
	assert_int_equal(out.n, 1 + 8 * 2);
	str_free(&tower);
	str_free(&out);
}

static void appends_behind_what_is_there(void **state)
{
	struct str out = { 0 };

	(void)state;
	str_add_text(&out, "kept:");
	text_normalize(&out, SLICE("\n\n\xd0\xb8\xcc\x86\n"), 100);
	assert_slice_is(str_slice(&out), "kept:й");
	str_free(&out);
}

static void composes_whatever_stands_there(void **state)
{
	static const char *const behind[] = { "и", "o", "α", "ا" };
	struct str in = { 0 }, out = { 0 };

	(void)state;
	for (uint32_t c = 0x20; c < 0x20000; c += c < 0x3400 ? 1 : 61) {
		if (c >= 0xd800 && c < 0xe000)
			continue;
		str_clear(&in);
		str_clear(&out);
		for (size_t i = 0; i < 4; i++) {
			str_add_text(&in, behind[i]);
			utf8_encode(&in, c);
		}
		text_normalize(&out, str_slice(&in), 100);
		char *nfc = (char *)utf8proc_NFC((const utf8proc_uint8_t *)out.p);
		assert_slice_is(str_slice(&out), nfc);
		free(nfc);
	}
	str_free(&in);
	str_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(cleans_text),
		cmocka_unit_test(makes_one_line), cmocka_unit_test(stays_in_its_bounds),
		cmocka_unit_test(cuts_towers_of_marks),
		cmocka_unit_test(appends_behind_what_is_there),
		cmocka_unit_test(composes_whatever_stands_there) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
