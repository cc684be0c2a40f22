/* The whole plugin against a host in memory: mails in, acknowledgements, reports, mails out to no server. */
#include "cm.h"

#include "fake_host.h"
#include "token.h"

#define OPEN "LHLO me\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<support@demo.test>\r\nDATA\r\n"
#define MAIL                                                                                       \
	"From: Ann <ann@example.org>\r\nSubject: Hi\r\nMessage-ID: <m1@x>\r\n\r\nHello\r\n.\r\n"

extern const struct usher_channel usher_channel_v1;

static struct usher_host host;
static struct token_key key;

static int set_up(void **state)
{
	char why[256] = "";

	(void)state;
	fake_init(&host);
	fake_option(&host, "addresses", "support@demo.test, Sales@Demo.test");
	fake_option(&host, "secret", "a long secret here");
	fake_option(&host, "listen", "127.0.0.1:2424");
	token_key_make(&key, "a long secret here", 18);
	return fake_open(&host, why, sizeof(why)) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	fake_clear(&host);
	return 0;
}

static struct delivered *delivered(unsigned i)
{
	assert_true(i < host.delivered->len);
	return g_ptr_array_index(host.delivered, i);
}

static guint64 counted(const char *what)
{
	const guint64 *n = g_hash_table_lookup(host.counts, what);

	return n ? *n : 0;
}

static void acknowledges_what_is_stored(void **state)
{
	struct usher_stream *s = fake_connect(&host);

	(void)state;
	fake_say(&host, s, OPEN MAIL "QUIT\r\n");
	assert_true(fake_heard(&host, s, "250 2.6.0 stored\r\n221 2.0.0 bye\r\n"));
	assert_true(s->hung_up);
	assert_int_equal(host.delivered->len, 1);
	assert_string_equal(delivered(0)->identity, "ann@example.org");
	assert_string_equal(delivered(0)->name, "Ann");
	assert_string_equal(delivered(0)->subject, "Hi");
	assert_string_equal(delivered(0)->text, "Hello\r\n");
	assert_true(g_str_has_prefix(delivered(0)->thread, "mail:"));
	assert_string_equal(delivered(0)->to, "support@demo.test");
	GByteArray *raw = g_hash_table_lookup(host.blobs, delivered(0)->raw);
	assert_memory_equal(raw->data, MAIL, raw->len);
	assert_int_equal(counted("seen"), 1);
}

static bool has_delivered(struct usher_host *h, void *arg)
{
	(void)arg;
	return h->delivered->len > 0;
}

static void nothing_is_said_before_the_acknowledgement(void **state)
{
	struct usher_stream *s = fake_connect(&host);
	struct delivered *d;

	(void)state;
	host.hold = true;
	fake_say(&host, s, OPEN MAIL);
	assert_true(s->paused);
	assert_true(fake_run(&host, has_delivered, NULL));
	d = delivered(0);
	assert_null(strstr(s->out->str, "2.6.0"));
	fake_say(&host, s, "NOOP\r\n");
	usher_channel_v1.ack(
		host.self, d->token, USHER_RETRY, (struct usher_str){ "the store is away", 17 });
	assert_non_null(strstr(s->out->str, "451 4.3.0 the store is away\r\n250 2.0.0 ok\r\n"));
	assert_false(s->paused);
	assert_int_equal(counted("seen"), 1);
	assert_int_equal(counted("refused"), 0); /* the host counts what it told to come again */
}

static void each_mailbox_gets_its_own(void **state)
{
	struct usher_stream *s = fake_connect(&host);

	(void)state;
	fake_say(&host, s,
		"LHLO me\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<Support@demo.test>\r\nRCPT "
		"TO:<sales@demo.test>\r\n"
		"RCPT TO:<support+x@demo.test>\r\nRCPT TO:<supporter@demo.test>\r\nDATA\r\n" MAIL);
	assert_true(fake_heard(
		&host, s, "250 2.6.0 stored\r\n250 2.6.0 stored\r\n250 2.6.0 stored\r\n"));
	assert_non_null(strstr(s->out->str, "550 5.1.1"));
	assert_int_equal(host.delivered->len, 2);
	assert_string_not_equal(delivered(0)->dedup, delivered(1)->dedup);
}

static void a_repeated_mail_has_the_same_name(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct usher_stream *s = fake_connect(&host);
		host.answer = i ? USHER_DUPLICATE : USHER_OK;
		fake_say(&host, s, OPEN MAIL);
		assert_true(
			fake_heard(&host, s, i ? "250 2.6.0 stored before" : "250 2.6.0 stored"));
	}
	assert_string_equal(delivered(0)->dedup, delivered(1)->dedup);
	/* One Message-ID, another text: another mail. */
	struct usher_stream *s = fake_connect(&host);
	fake_say(&host, s, OPEN "From: a@b.test\r\nMessage-ID: <m1@x>\r\n\r\nother\r\n.\r\n");
	assert_true(fake_heard(&host, s, "250 2.6.0"));
	assert_string_not_equal(delivered(0)->dedup, delivered(2)->dedup);
	/* None: the whole mail names it. */
	s = fake_connect(&host);
	fake_say(&host, s, OPEN "From: a@b.test\r\n\r\nno id\r\n.\r\n");
	assert_true(fake_heard(&host, s, "250 2.6.0"));
	assert_true(g_str_has_prefix(delivered(3)->thread, "hash:"));
}

static void a_store_that_fails_means_later(void **state)
{
	struct usher_stream *s = fake_connect(&host);

	(void)state;
	host.blobs_fail = true;
	fake_say(&host, s, OPEN MAIL);
	assert_true(fake_heard(&host, s, "451 4.3.0"));
	assert_int_equal(host.delivered->len, 0);
}

static void what_is_refused_for_good_is_554(void **state)
{
	struct usher_stream *s = fake_connect(&host);

	(void)state;
	host.answer = USHER_FAIL;
	host.answer_why = "too\r\nlarge";
	fake_say(&host, s, OPEN MAIL);
	assert_true(fake_heard(&host, s, "554 5.6.0 too??large\r\n"));
}

static void files_are_stored_first(void **state)
{
	struct usher_stream *s = fake_connect(&host);

	(void)state;
	fake_say(&host, s,
		OPEN "From: a@b.test\r\nContent-Type: multipart/mixed; "
		     "boundary=m\r\n\r\n--m\r\n\r\nsee\r\n"
		     "--m\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nPDF\r\n"
		     "--m\r\nContent-Type: image/png; name=b.png\r\n\r\nPNG\r\n--m--\r\n.\r\n");
	assert_true(fake_heard(&host, s, "250 2.6.0 stored"));
	assert_string_equal(delivered(0)->text, "see");
	assert_string_equal(delivered(0)->parts, "a.pdf blob1 b.png blob2");
}

static void a_bomb_is_kept_and_shown(void **state)
{
	struct usher_stream *s = fake_connect(&host);
	GString *mail = g_string_new(OPEN "From: a@b.test\r\nContent-Type: multipart/mixed; "
					  "boundary=m\r\n\r\n");

	(void)state;
	for (int i = 0; i < 50000; i++)
		g_string_append(mail, "--m\r\n\r\n");
	g_string_append(mail, ".\r\n");
	fake_say(&host, s, mail->str);
	g_string_free(mail, TRUE);
	assert_true(fake_heard(&host, s, "250 2.6.0 stored"));
	assert_string_equal(delivered(0)->quarantine, "too complex: too many parts");
	assert_string_equal(delivered(0)->identity, "a@b.test");
}

static const char conv[] = "01K94F3NM0ABCDEFGHJKMNPQRS", msg[] = "01K94F3NM0ZZZZZZZZZZZZZZZZ";
static const uint64_t now = UINT64_C(1762160400) * 1000000;

static void a_signed_address_names_the_conversation(void **state)
{
	struct usher_stream *s = fake_connect(&host);
	char plus[TOKEN_PLUS_LEN + 1], *said;

	(void)state;
	token_plus_make(&key, TOKEN_CONVERSATION, conv, now, plus);
	said = g_strdup_printf("LHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT "
			       "TO:<support+%s@demo.test>\r\nDATA\r\n"
			       "From: a@b.test\r\nIn-Reply-To: <old@x>\r\n\r\nyes\r\n.\r\n",
		plus);
	fake_say(&host, s, said);
	assert_true(fake_heard(&host, s, "250 2.6.0 stored"));
	assert_string_equal(delivered(0)->refs, "conv:01K94F3NM0ABCDEFGHJKMNPQRS old@x");
	g_free(said);
}

static void a_bounce_is_news_of_the_message(void **state)
{
	struct usher_stream *s = fake_connect(&host);
	char plus[TOKEN_PLUS_LEN + 1], *said;

	(void)state;
	token_plus_make(&key, TOKEN_BOUNCE, msg, now, plus);
	said = g_strdup_printf("LHLO me\r\nMAIL FROM:<>\r\nRCPT "
			       "TO:<support+%s@demo.test>\r\nDATA\r\n"
			       "From: mailer-daemon@mx.test\r\nContent-Type: multipart/report; "
			       "boundary=m\r\n\r\n--m\r\n\r\nSorry\r\n"
			       "--m\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: "
			       "dns; x\r\n\r\nAction: failed\r\n"
			       "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such "
			       "user\r\n--m--\r\n.\r\n",
		plus);
	fake_say(&host, s, said);
	assert_true(fake_heard(&host, s, "250 2.6.0 stored"));
	assert_string_equal(host.news->str, "01K94F3NM0ZZZZZZZZZZZZZZZZ 3 5.1.1 no such user\n");
	assert_int_equal(host.delivered->len, 0);
	assert_int_equal(counted("seen"), 1);
	assert_int_equal(counted("accepted"), 1);
	g_free(said);
	/* An answering machine that writes to the return path is no bounce: it is delivered, as a robot's. */
	s = fake_connect(&host);
	said = g_strdup_printf("LHLO me\r\nMAIL FROM:<>\r\nRCPT "
			       "TO:<support+%s@demo.test>\r\nDATA\r\nFrom: a@b.test\r\n"
			       "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n.\r\n",
		plus);
	fake_say(&host, s, said);
	assert_true(fake_heard(&host, s, "250 2.6.0 stored"));
	assert_true(delivered(0)->automatic);
	g_free(said);
}

static void a_peer_that_leaves_loses_nothing_that_was_whole(void **state)
{
	struct usher_stream *s = fake_connect(&host), *other = fake_connect(&host);

	(void)state;
	fake_say(&host, s, OPEN MAIL);
	fake_disconnect(&host, s);
	fake_say(&host, other, OPEN "From: a@b.test\r\n\r\nhalf");
	fake_disconnect(&host, other);
	other = fake_connect(&host);
	fake_say(&host, other, OPEN MAIL);
	assert_true(fake_heard(&host, other, "250 2.6.0 stored"));
	assert_int_equal(host.delivered->len, 2);
}

static void pipelined_sessions_get_every_reply(void **state)
{
	struct usher_stream *s = fake_connect(&host);
	GString *said = g_string_new("LHLO me\r\n");

	(void)state;
	for (int i = 0; i < 20; i++)
		g_string_append_printf(said,
			"MAIL FROM:<a@b.test>\r\nRCPT TO:<support@demo.test>\r\nDATA\r\nFrom: "
			"a@b.test\r\n\r\nmail %d\r\n.\r\n",
			i);
	g_string_append(said, "QUIT\r\n");
	fake_say(&host, s, said->str);
	g_string_free(said, TRUE);
	assert_true(fake_heard(&host, s, "221 2.0.0 bye"));
	assert_int_equal(host.delivered->len, 20);
}

static bool has_sent(struct usher_host *h, void *arg)
{
	(void)arg;
	return h->sent->len > 0;
}

static void send_letter(const char *to)
{
	struct usher_outbound out = { .size = sizeof(out),
		.id = { msg, 26 },
		.conv = { conv, 26 },
		.to = { to, strlen(to) },
		.subject = { "s", 1 },
		.text = { "t", 1 },
		.attempt = 1 };

	g_string_truncate(host.sent, 0);
	usher_channel_v1.send(host.self, &out);
	assert_int_equal(host.sent->len, 0); /* never from inside */
	assert_true(fake_run(&host, has_sent, NULL));
}

static void says_what_became_of_a_letter(void **state)
{
	(void)state;
	send_letter("ann@example.org");
	assert_non_null(strstr(host.sent->str, " 3 ")); /* USHER_FAIL: no server configured */
	assert_non_null(strstr(host.sent->str, "it only receives"));
	send_letter("not an address\r\nBcc: x@y");
	assert_non_null(strstr(host.sent->str, "not a mail address"));
}

static bool is_up(struct usher_host *h, void *arg)
{
	(void)arg;
	return h->up;
}

static void refuses_what_is_wrong_in_the_configuration(void **state)
{
	static const char *const cases[][3] = { { "addresses", "nonsense",
							"addresses: \"nonsense\" is not a mail "
							"address" },
		{ "addresses", "", "addresses: at least one is needed" },
		{ "secret", "short", "secret: at least 16 characters" },
		{ "from", "Support", "from: write it as \"Name <address@domain>\"" },
		{ "smtp_url", "http://x",
			"smtp_url: write it as smtp://host:port or smtps://host:port" },
		{ "listen", "nowhere", "listen: nowhere: Invalid argument" },
		{ "imap.0.url", "pop3://x",
			"imap.0.url: write it as imaps://host or imap://host:port" },
		{ "imap.0.url", "imaps://x/INBOX",
			"imap.0.url: host and port only; the folder is an option of its own" },
		{ "imap.0.url", "imaps://x", "imap.0.user: a log-in name is needed" } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char why[256] = "";
		fake_init(&host);
		fake_option(&host, "addresses", "support@demo.test");
		fake_option(&host, cases[i][0], cases[i][1]);
		assert_false(fake_open(&host, why, sizeof(why)));
		assert_string_equal(why, cases[i][2]);
		fake_clear(&host);
	}
	/* Without a secret one is made and remembered. */
	fake_init(&host);
	fake_option(&host, "addresses", "support@demo.test");
	char why[256] = "";
	assert_true(fake_open(&host, why, sizeof(why)));
	struct usher_stream *s = fake_connect(&host);
	fake_say(&host, s, OPEN);
	assert_true(fake_heard(&host, s, "451 4.3.2 starting"));
	assert_true(fake_run(&host, is_up, NULL));
	assert_int_equal(strlen(g_hash_table_lookup(host.remembered, "secret")), 64);
	fake_clear(&host);
}

#define ON_A_CHANNEL(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { ON_A_CHANNEL(acknowledges_what_is_stored),
		ON_A_CHANNEL(nothing_is_said_before_the_acknowledgement),
		ON_A_CHANNEL(each_mailbox_gets_its_own),
		ON_A_CHANNEL(a_repeated_mail_has_the_same_name),
		ON_A_CHANNEL(a_store_that_fails_means_later),
		ON_A_CHANNEL(what_is_refused_for_good_is_554), ON_A_CHANNEL(files_are_stored_first),
		ON_A_CHANNEL(a_bomb_is_kept_and_shown),
		ON_A_CHANNEL(a_signed_address_names_the_conversation),
		ON_A_CHANNEL(a_bounce_is_news_of_the_message),
		ON_A_CHANNEL(a_peer_that_leaves_loses_nothing_that_was_whole),
		ON_A_CHANNEL(pipelined_sessions_get_every_reply),
		ON_A_CHANNEL(says_what_became_of_a_letter),
		cmocka_unit_test(refuses_what_is_wrong_in_the_configuration) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
