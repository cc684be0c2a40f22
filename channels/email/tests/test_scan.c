/* Bombs are refused by the scan, for the right reason and quickly; ordinary mails pass. */
#include "cm.h"

#include "scan.h"

static void repeat(GString *s, const char *piece, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		g_string_append(s, piece);
}

static void check(GString *mail, const char *want)
{
	const char *why = scan_refusal(mail->str, mail->len, false);

	if (want)
		assert_non_null(why);
	if (want)
		assert_string_equal(why, want);
	else
		assert_null(why);
	g_string_free(mail, TRUE);
}

static void ordinary_mails_pass(void **state)
{
	GString *m = g_string_new("From: a@b\r\nContent-Type: multipart/mixed;\r\n boundary=\"x "
				  "y\"\r\n\r\npre\r\n");

	(void)state;
	repeat(m, "--x y\r\nContent-Type: text/plain\r\n\r\n-- \r\nsig\r\n--- diff\r\n", 100);
	g_string_append(m, "--x y--\r\nafter\r\n");
	check(m, NULL);
	check(g_string_new(""), NULL);
	check(g_string_new("From: a@b"), NULL);
	check(g_string_new("\r\nbody only"), NULL);
	m = g_string_new("From: a@b\n\n");
	repeat(m, "-- \n--- a/file\n+++ b/file\n--x\n", 20000);
	check(m, NULL);
}

static void too_many_parts(void **state)
{
	GString *m = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");

	(void)state;
	repeat(m, "--b\n\n", 1000000);
	check(m, "too many parts");
	m = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n");
	repeat(m, "--c\n\n--c--\n", 300000);
	check(m, "too many lines like boundaries");
}

static void too_deep(void **state)
{
	GString *m = g_string_new(NULL);

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		g_string_append_printf(
			m, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
	check(m, "too many levels of parts");
	m = g_string_new(NULL);
	repeat(m, "Content-Type: message/rfc822\n\n", 100000);
	check(m, "too many levels of parts");
}

static void too_many_headers_and_addresses(void **state)
{
	GString *m = g_string_new("To: ");

	(void)state;
	repeat(m, "a@b,\n ", 3000);
	check(m, "too many header lines");
	m = g_string_new("To: ");
	repeat(m, "a@b,", 3000);
	g_string_append(m, "\n\n");
	check(m, "too many addresses");
	m = g_string_new("X: ");
	repeat(m, "0123456789", 30000);
	g_string_append(m, "\n\n");
	check(m, "headers too long");
	m = g_string_new("From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n");
	repeat(m, "X: y\n", 2000);
	check(m, "too many header lines");
}

static void what_two_readers_could_read_differently(void **state)
{
	(void)state;
	static const char *const bad[] = { "x=\"; boundary=a\"; boundary=b",
		"boundary=a; boundary=b", "boundary*0=a; boundary*1=b", "boundary*=us-ascii''a",
		"boundary(c)=a", "boundary=\"a\\\"b\"", "boundary=a(b)" };
	static const char *const good[] = { "boundary=\"the_boundary\"", "boundary=BOUNDARY",
		"\n\tboundary = \"=_boundary=1\"", "x=\"boundary\"; boundary=b" };

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		GString *m = g_string_new(NULL);
		g_string_printf(m, "Content-Type: multipart/mixed; %s\n\n", bad[i]);
		check(m, "an ambiguous Content-Type");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		GString *m = g_string_new(NULL);
		g_string_printf(m, "Content-Type : multipart/mixed; %s\n\n", good[i]);
		check(m, NULL);
	}
	check(g_string_new("Content-Type: multipart/mixed; boundary=a\nContent-Type: "
			   "multipart/mixed; boundary=b\n\n"),
		"an ambiguous Content-Type");
	check(g_string_new("Content-Type: (x) multipart/mixed; boundary=a\n\n"), "a Content-Type "
										 "that starts with "
										 "a comment");
}

static void finds_the_body(void **state)
{
	(void)state;
	assert_int_equal(scan_body("A: b\r\n\r\nx", 9), 8);
	assert_int_equal(scan_body("A: b\n\nx", 7), 6);
	assert_int_equal(scan_body("A: b", 4), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ordinary_mails_pass),
		cmocka_unit_test(too_many_parts), cmocka_unit_test(too_deep),
		cmocka_unit_test(too_many_headers_and_addresses),
		cmocka_unit_test(what_two_readers_could_read_differently),
		cmocka_unit_test(finds_the_body) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
