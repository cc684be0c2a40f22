/* Return path and signed addresses, read from the headers of a mail that comes without an envelope. */
#include "cm.h"

#include "envelope.h"

static void check_sender(const char *raw, const char *want)
{
	char *sender = envelope_sender(raw, strlen(raw));

	if (want)
		assert_string_equal(sender, want);
	else
		assert_null(sender);
	g_free(sender);
}

static void the_return_path_is_the_sender(void **state)
{
	(void)state;
	check_sender("Received: x\r\nReturn-Path: <ann@x.org>\r\n\r\n", "ann@x.org");
	check_sender("return-path:\r\n <>\r\n\r\n", "");
	check_sender("From: ann@x.org\r\n\r\nReturn-Path: <in@the.body>\r\n", NULL);
	check_sender("Return-Path: nonsense\r\nX: <a@b>\r\n\r\n", NULL);
	check_sender("", NULL);
}

static void check_tokens(const char *raw, const char *want)
{
	GPtrArray *found = envelope_tokens(raw, strlen(raw), "support@demo.test");
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < found->len; i++)
		g_string_append_printf(
			all, "%s%s", i ? " " : "", (const char *)g_ptr_array_index(found, i));
	assert_string_equal(all->str, want);
	g_string_free(all, TRUE);
	g_ptr_array_unref(found);
}

static void tokens_are_found_where_a_server_notes_them(void **state)
{
	(void)state;
	check_tokens("Delivered-To: support+cab12@demo.test\r\n\r\n", "support+cab12@demo.test");
	check_tokens("To: \"Us\" <Support+C1@Demo.Test>,\r\n support+c2@demo.test\r\n\r\n",
		"Support+C1@Demo.Test support+c2@demo.test");
	check_tokens("To: support@demo.test, sales+c1@demo.test\r\n\r\n", "");
	check_tokens("To: mysupport+c1@demo.test, support+c1@demo.tes\r\n\r\n", "");
	check_tokens("Subject: support+c1@demo.test\r\n\r\nTo: support+c1@demo.test\r\n", "");
	check_tokens("To: support+", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_return_path_is_the_sender),
		cmocka_unit_test(tokens_are_found_where_a_server_notes_them) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
