/* The client's half of SMTP against a scripted server: what is sent, and what each silence means. */
#include "cm.h"

#include <string.h>

#include "dialog.h"

struct script {
	const char *answers; /* all that the server will ever say */
	gsize at;
	GString *heard;
	gsize step; /* bytes given at a time */
};

static bool script_write(void *arg, const char *p, gsize n)
{
	struct script *s = arg;

	g_string_append_len(s->heard, p, (gssize)n);
	return true;
}

static gsize script_read(void *arg, char *to, gsize size)
{
	struct script *s = arg;
	gsize n = MIN(MIN(size, s->step), strlen(s->answers) - s->at);

	memcpy(to, s->answers + s->at, n);
	s->at += n;
	return n;
}

static enum usher_outcome run(struct dialog *d, struct script *s, const char *to, const char *text,
	GString *why, bool *fresh)
{
	GByteArray *bytes = g_byte_array_new();
	struct dialog_mail mail = { "b@demo.test", to, "01ID", bytes };

	s->heard = g_string_new(NULL);
	s->step = s->step ? s->step : 1;
	d->write = script_write;
	d->read = script_read;
	d->arg = s;
	g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text));
	enum usher_outcome outcome = dialog_send(d, &mail, why, fresh);
	g_byte_array_unref(bytes);
	return outcome;
}

static void offers(struct dialog *d, const char *const *lines)
{
	for (; *lines; lines++)
		dialog_offer(&d->offers, *lines, strlen(*lines));
}

static const char *const everything[] = { "250-mx.demo.test\r\n", "250-PIPELINING\r\n",
	"250-SIZE 1000\r\n", "250-DSN\r\n", "250-SMTPUTF8\r\n", "250 8BITMIME\r\n", NULL };

static void asks_for_reports_and_pipelines(void **state)
{
	struct dialog d = { 0 };
	struct script s = { .answers = "250 ok\r\n250-two\r\n250 lines\r\n354 go\r\n250 2.0.0 "
				       "taken\r\n" };
	GString *why = g_string_new(NULL);
	bool fresh;

	(void)state;
	offers(&d, everything);
	assert_int_equal(run(&d, &s, "an+n@x.org", "Hi\r\n.dot\r\nend", why, &fresh), USHER_OK);
	assert_string_equal(s.heard->str, "MAIL FROM:<b@demo.test> SIZE=13 RET=HDRS ENVID=01ID\r\n"
					  "RCPT TO:<an+n@x.org> NOTIFY=FAILURE,DELAY "
					  "ORCPT=rfc822;an+2Bn@x.org\r\n"
					  "DATA\r\nHi\r\n..dot\r\nend\r\n.\r\n");
	assert_false(d.lost || d.dirty);
	g_string_free(s.heard, TRUE);
	g_string_free(why, TRUE);
}

struct fate {
	const char *answers;
	enum usher_outcome outcome;
	const char *why;
	bool lost;
};

static void knows_what_each_answer_means(void **state)
{
	static const struct fate fates[] = {
		{ "250 a\r\n550 5.1.1 no such user\r\n554 none\r\n", USHER_FAIL,
			"550 5.1.1 no such user", false },
		{ "250 a\r\n450 4.2.1 later\r\n354 go\r\n554 none\r\n", USHER_RETRY, "450 4.2.1",
			false },
		{ "250 a\r\n552 5.2.2 full\r\n554 none\r\n", USHER_RETRY, "552", false },
		{ "530 log in\r\n503 x\r\n503 x\r\n", USHER_RETRY, "530", false },
		{ "421 going\r\n", USHER_RETRY, "421", true },
		{ "250 a\r\n250 b\r\n354 go\r\n552 5.3.4 too big\r\n", USHER_FAIL, "552", false },
		{ "250 a\r\n250 b\r\n354 go\r\n451 4.3.0 disk\r\n", USHER_RETRY, "451", false },
		{ "250 a\r\n250 b\r\n354 go\r\n", USHER_UNSURE, "lost", true },
		{ "250 a\r\n250 b\r\n354 go\r\n25", USHER_UNSURE, "lost", true },
		{ "250 a\r\n250 b\r\n", USHER_RETRY, "lost", true },
		{ "250 a\r\nHTTP/1.1 400 what\r\n", USHER_RETRY, "HTTP", true },
		{ "", USHER_RETRY, "lost", true },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(fates); i++) {
		struct dialog d = { .offers.pipelining = true };
		struct script s = { .answers = fates[i].answers };
		GString *why = g_string_new(NULL);
		bool fresh;
		enum usher_outcome outcome = run(&d, &s, "a@x.org", "Hi\r\n", why, &fresh);
		if (outcome != fates[i].outcome || !strstr(why->str, fates[i].why))
			print_error("%zu: %d \"%s\"\n", i, (int)outcome, why->str);
		assert_int_equal(outcome, fates[i].outcome);
		assert_non_null(strstr(why->str, fates[i].why));
		assert_int_equal(d.lost, fates[i].lost);
		assert_int_equal(fresh, !*fates[i].answers);
		g_string_free(s.heard, TRUE);
		g_string_free(why, TRUE);
	}
}

/* One command at a time, and what follows a refusal begins anew. */
static void goes_on_after_a_refusal(void **state)
{
	struct dialog d = { 0 };
	struct script s = { .answers = "250 a\r\n550 no\r\n" };
	GString *why = g_string_new(NULL);
	bool fresh;

	(void)state;
	assert_int_equal(run(&d, &s, "a@x.org", "Hi\r\n", why, &fresh), USHER_FAIL);
	assert_string_equal(s.heard->str, "MAIL FROM:<b@demo.test>\r\nRCPT TO:<a@x.org>\r\n");
	g_string_free(s.heard, TRUE);
	s = (struct script){ .answers = "250 reset\r\n250 a\r\n250 b\r\n354 go\r\n250 ok\r\n" };
	assert_int_equal(run(&d, &s, "b@x.org", "Hi\r\n", why, &fresh), USHER_OK);
	assert_true(g_str_has_prefix(s.heard->str, "RSET\r\nMAIL FROM"));
	g_string_free(s.heard, TRUE);
	g_string_free(why, TRUE);
}

static void writes_other_letters_as_the_server_can(void **state)
{
	struct dialog d = { 0 };
	struct script s = { .answers = "250 a\r\n250 b\r\n354 go\r\n250 ok\r\n" };
	GString *why = g_string_new(NULL);
	bool fresh;

	(void)state;
	assert_int_equal(run(&d, &s, "ann@почта.рф", "Hi\r\n", why, &fresh), USHER_OK);
	assert_non_null(strstr(s.heard->str, "RCPT TO:<ann@xn--80a1acny.xn--p1ai>\r\n"));
	g_string_free(s.heard, TRUE);
	s.at = 0;
	assert_int_equal(run(&d, &s, "анна@почта.рф", "Hi\r\n", why, &fresh), USHER_FAIL);
	assert_non_null(strstr(why->str, "SMTPUTF8"));
	g_string_free(s.heard, TRUE);
	offers(&d, everything);
	d.offers.pipelining = d.offers.dsn = false;
	assert_int_equal(run(&d, &s, "анна@почта.рф", "Hi\r\n", why, &fresh), USHER_OK);
	assert_non_null(strstr(s.heard->str, " SMTPUTF8\r\nRCPT TO:<анна@почта.рф>\r\n"));
	g_string_free(s.heard, TRUE);
	g_string_free(why, TRUE);
}

static void does_not_begin_what_is_too_large(void **state)
{
	struct dialog d = { .offers.size_max = 3 };
	struct script s = { .answers = "" };
	GString *why = g_string_new(NULL);
	bool fresh;

	(void)state;
	assert_int_equal(run(&d, &s, "a@x.org", "Hi\r\n", why, &fresh), USHER_FAIL);
	assert_string_equal(why->str, "it has 4 bytes, the mail server takes 3");
	assert_int_equal(s.heard->len, 0);
	g_string_free(s.heard, TRUE);
	g_string_free(why, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(asks_for_reports_and_pipelines),
		cmocka_unit_test(knows_what_each_answer_means),
		cmocka_unit_test(goes_on_after_a_refusal),
		cmocka_unit_test(writes_other_letters_as_the_server_can),
		cmocka_unit_test(does_not_begin_what_is_too_large) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
