/* Whole conversations: what the client sends, and every byte it gets back; each also fed byte by byte. */
#include "cm.h"

#include "lmtp.h"

struct peer {
	struct lmtp l;
	GString *mail, *events;
	const char *refuse_data;
	bool answer_at_once;
};

static const char *on_rcpt(void *arg, const char *address)
{
	(void)arg;
	return g_str_has_prefix(address, "support") ? NULL : "550 5.1.1 no such mailbox here";
}

static const char *on_data(void *arg)
{
	return ((struct peer *)arg)->refuse_data;
}

static void on_bytes(void *arg, const char *p, size_t n)
{
	g_string_append_len(((struct peer *)arg)->mail, p, (gssize)n);
}

static void on_end(void *arg)
{
	struct peer *p = arg;

	g_string_append(p->events, "end ");
	if (!p->answer_at_once)
		return;
	for (guint i = 0; i < (p->l.smtp ? 1 : p->l.rcpts->len); i++)
		lmtp_answer(&p->l, "250 2.6.0 stored");
	lmtp_done(&p->l);
}

static void on_drop(void *arg, const char *why, unsigned rcpts)
{
	g_string_append_printf(((struct peer *)arg)->events, "drop(%s,%u) ", why, rcpts);
}

static void on_starttls(void *arg)
{
	g_string_append(((struct peer *)arg)->events, "starttls ");
}

static const struct lmtp_calls calls = { on_rcpt, on_data, on_bytes, on_end, on_drop, on_starttls };
static const struct lmtp_config lmtp = { "demo.test", 1000, false, true, false };
static const struct lmtp_config smtp = { "demo.test", 1000, true, false, false };
static const struct lmtp_config both = { "demo.test", 1000, false, false, true };

static void peer_init(struct peer *p, const struct lmtp_config *config)
{
	*p = (struct peer){ .answer_at_once = true };
	p->mail = g_string_new(NULL);
	p->events = g_string_new(NULL);
	lmtp_init(&p->l, config, &calls, p);
}

static void peer_clear(struct peer *p)
{
	lmtp_clear(&p->l);
	g_string_free(p->mail, TRUE);
	g_string_free(p->events, TRUE);
}

struct talk {
	const char *name;
	const struct lmtp_config *config;
	const char *sent, *replies, *mail, *events;
	bool dead;
};

#define HELLO	    "250-demo.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 1000\r\n"
#define LHLO_REPLY  HELLO "250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n"
#define START	    "LHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<support@demo.test>\r\n"
#define START_REPLY LHLO_REPLY "250 2.1.0 ok\r\n250 2.1.5 ok\r\n"
#define GO	    "354 end with <CR><LF>.<CR><LF>\r\n"
#define BARE	    "554 5.6.0 bare CR or LF in the mail: lines end with CR LF (RFC 5321 2.3.8)\r\n"

static const struct talk talks[] = {
	{ "one mail, two recipients, one unknown", &lmtp,
		START "RCPT TO:<nobody@demo.test>\r\nRCPT TO:<support+x@demo.test>\r\nDATA\r\nA: "
		      "b\r\n\r\nhi\r\n.\r\nQUIT\r\n",
		START_REPLY "550 5.1.1 no such mailbox here\r\n250 2.1.5 ok\r\n" GO "250 2.6.0 "
			    "stored\r\n250 "
			    "2.6.0 "
			    "stored\r\n221 "
			    "2.0.0 bye\r\n",
		"A: b\r\n\r\nhi\r\n", "end ", true },
	{ "dots", &lmtp, START "DATA\r\n..a\r\n.b\r\n...\r\nc.\r\n.d\r\n.\r\n",
		START_REPLY GO "250 2.6.0 stored\r\n", ".a\r\nb\r\n..\r\nc.\r\nd\r\n", "end ",
		false },
	{ "an empty mail", &lmtp, START "DATA\r\n.\r\n", START_REPLY GO "250 2.6.0 stored\r\n", "",
		"end ", false },
	{ "bare LF before the dot", &lmtp, START "DATA\r\nx\n.\r\nMAIL FROM:<evil@x>\r\n",
		START_REPLY GO BARE, "x", "drop(bare CR or LF,1) ", true },
	{ "bare CR before the dot", &lmtp, START "DATA\r\nx\r.\r\nMAIL FROM:<evil@x>\r\n",
		START_REPLY GO BARE, "x\r", "drop(bare CR or LF,1) ", true },
	{ "dot and bare LF", &lmtp, START "DATA\r\nx\r\n.\nMAIL FROM:<evil@x>\r\n",
		START_REPLY GO BARE, "x\r\n", "drop(bare CR or LF,1) ", true },
	{ "dot, CR, CR, LF", &lmtp, START "DATA\r\nx\r\n.\r\r\nQUIT\r\n", START_REPLY GO BARE,
		"x\r\n", "drop(bare CR or LF,1) ", true },
	{ "bare LF in a command", &lmtp, "LHLO me\nQUIT\r\n",
		"500 5.5.2 bare CR or LF: lines end with CR LF (RFC 5321 2.3.8)\r\n", "", "",
		true },
	{ "bare CR in a command", &lmtp, "LHLO m\re\r\nQUIT\r\n",
		"500 5.5.2 bare CR or LF: lines end with CR LF (RFC 5321 2.3.8)\r\n", "", "",
		true },
	{ "order", &lmtp,
		"MAIL FROM:<a@b>\r\nLHLO me\r\nRCPT TO:<support@x>\r\nDATA\r\nMAIL FROM:<>\r\nMAIL "
		"FROM:<>\r\nDATA\r\n",
		"503 5.5.1 say LHLO first\r\n" LHLO_REPLY "503 5.5.1 MAIL first\r\n503 5.5.1 MAIL "
		"first\r\n250 2.1.0 ok\r\n"
		"503 5.5.1 one mail at a time\r\n503 5.5.1 no valid recipients\r\n",
		"", "", false },
	{ "LMTP is not SMTP", &lmtp, "EHLO me\r\nHELO me\r\n",
		"500 5.5.1 this is LMTP: say LHLO\r\n500 5.5.1 this is LMTP: say LHLO\r\n", "", "",
		false },
	{ "SMTP has one reply", &smtp,
		"EHLO me\r\nMAIL FROM:<a@b> BODY=8BITMIME SIZE=10 SMTPUTF8\r\nRCPT "
		"TO:<support@x>\r\nRCPT TO:<support@y>\r\nDATA\r\nx\r\n.\r\n",
		HELLO "250 ENHANCEDSTATUSCODES\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.1.5 "
		      "ok\r\n" GO "250 2.6.0 stored\r\n",
		"x\r\n", "end ", false },
	{ "SMTP: HELO", &smtp, "HELO me\r\nLHLO me\r\n",
		"250 demo.test\r\n500 5.5.1 this is SMTP: say EHLO\r\n", "", "", false },
	{ "both: as the client says hello", &both,
		"HELO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<support@x>\r\nRCPT "
		"TO:<support@y>\r\nDATA\r\nx\r\n.\r\n",
		"250 demo.test\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n" GO "250 2.6.0 "
		"stored\r\n",
		"x\r\n", "end ", false },
	{ "parameters", &lmtp,
		"LHLO me\r\nMAIL FROM:<a@b> SIZE=1001\r\nMAIL FROM:<a@b> SIZE=-1\r\nMAIL "
		"FROM:<a@b> AUTH=<>\r\nMAIL FROM:<a@b>x\r\n"
		"MAIL FROM:a@b\r\nMAIL FROM: <a@b>\r\nRCPT TO:<support@x> NOTIFY=NEVER\r\nRCPT "
		"TO:<>\r\nRCPT TO:<@r.test:support@x>\r\n",
		LHLO_REPLY "552 5.3.4 mail too big\r\n501 5.5.4 SIZE is not a number\r\n555 5.5.4 "
			   "unknown parameter\r\n"
			   "501 5.5.4 syntax: MAIL FROM:<address>\r\n501 5.5.4 syntax: MAIL "
			   "FROM:<address>\r\n250 2.1.0 ok\r\n"
			   "555 5.5.4 unknown parameter\r\n501 5.5.4 syntax: RCPT "
			   "TO:<address>\r\n250 2.1.5 ok\r\n",
		"", "", false },
	{ "BDAT drops its bytes", &lmtp, START "BDAT 12 LAST\r\nRSET\r\nQUIT\r\nNOOP\r\n",
		START_REPLY "502 5.5.1 CHUNKING is not offered: use DATA\r\n250 2.0.0 ok\r\n", "",
		"", false },
	{ "STARTTLS stops everything behind it", &lmtp,
		"LHLO me\r\nSTARTTLS\r\nMAIL FROM:<evil@x>\r\n",
		LHLO_REPLY "220 2.0.0 go ahead\r\n", "", "starttls ", false },
	{ "no certificate", &smtp, "EHLO me\r\nSTARTTLS\r\n",
		HELLO "250 ENHANCEDSTATUSCODES\r\n502 5.5.1 no STARTTLS\r\n", "", "", false },
	{ "RSET, NOOP, VRFY", &lmtp, START "RSET\r\nDATA\r\nNOOP\r\nVRFY x\r\n",
		START_REPLY "250 2.0.0 ok\r\n503 5.5.1 MAIL first\r\n250 2.0.0 ok\r\n252 2.5.0 "
			    "send it and see\r\n",
		"", "", false },
	{ "ten wrong commands", &lmtp, "a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nj\r\nk\r\n",
		"500 5.5.1 unknown command\r\n500 5.5.1 unknown command\r\n500 5.5.1 unknown "
		"command\r\n"
		"500 5.5.1 unknown command\r\n500 5.5.1 unknown command\r\n500 5.5.1 unknown "
		"command\r\n"
		"500 5.5.1 unknown command\r\n500 5.5.1 unknown command\r\n500 5.5.1 unknown "
		"command\r\n"
		"500 5.5.1 unknown command\r\n421 4.7.0 too many errors\r\n",
		"", "", true },
};

static void check_talk(const struct talk *t, bool bytewise)
{
	struct peer p;
	size_t n = strlen(t->sent), used = 0;

	peer_init(&p, t->config);
	if (bytewise) {
		while (used < n && lmtp_feed(&p.l, t->sent + used, 1) == 1)
			used++;
	} else {
		lmtp_feed(&p.l, t->sent, n);
	}
	if (strcmp(p.l.out->str, t->replies) != 0)
		print_error("talk: %s\n", t->name);
	assert_string_equal(p.l.out->str, t->replies);
	assert_string_equal(p.events->str, t->events);
	if (!t->dead)
		assert_string_equal(p.mail->str, t->mail);
	assert_int_equal(p.l.state == LMTP_DEAD, t->dead);
	peer_clear(&p);
}

static void talks_as_the_standards_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(talks); i++) {
		check_talk(&talks[i], false);
		check_talk(&talks[i], true);
	}
}

/* RFC 5321 4.5.2 in the slow way: line by line. False: a bare CR or LF comes before the end. */
static bool mail_of(const char *p, GString *mail)
{
	for (;;) {
		size_t n = strcspn(p, "\r\n");
		if (p[n] != '\r' || p[n + 1] != '\n')
			return false;
		if (n == 1 && *p == '.')
			return true;
		g_string_append_len(mail, p + (*p == '.'), (gssize)(n + 2 - (*p == '.')));
		p += n + 2;
	}
}

static void check_data(const char *data)
{
	char *sent = g_strconcat(START "DATA\r\n", data, "\r\n.\r\n", NULL);
	GString *mail = g_string_new(NULL);
	bool whole = mail_of(strstr(sent, "DATA\r\n") + 6, mail);

	for (size_t step = 1; step <= 64; step *= 4) {
		struct peer p;
		peer_init(&p, &lmtp);
		for (size_t at = 0; at < strlen(sent); at += step)
			lmtp_feed(&p.l, sent + at, MIN(step, strlen(sent) - at));
		assert_int_equal(g_str_has_prefix(p.events->str, "end"), whole);
		if (whole)
			assert_string_equal(p.mail->str, mail->str);
		peer_clear(&p);
	}
	g_string_free(mail, TRUE);
	g_free(sent);
}

static void every_order_of_dots_and_line_ends_is_read_as_it_stands(void **state)
{
	static const char letters[] = "a.\r\n";
	enum { LENGTH_MAX = 6 };

	(void)state;
	for (unsigned length = 0; length <= LENGTH_MAX; length++) {
		for (unsigned n = 0; n < 1U << (2 * length); n++) {
			char data[LENGTH_MAX + 1] = "";
			for (unsigned i = 0; i < length; i++)
				data[i] = letters[n >> (2 * i) & 3];
			check_data(data);
		}
	}
}

static void takes_nothing_while_a_mail_waits(void **state)
{
	struct peer p;
	static const char sent[] = START "DATA\r\nx\r\n.\r\nNOOP\r\n";
	size_t used;

	(void)state;
	peer_init(&p, &lmtp);
	p.answer_at_once = false;
	used = lmtp_feed(&p.l, sent, sizeof(sent) - 1);
	assert_int_equal(used, sizeof(sent) - 1 - 6);
	assert_int_equal(lmtp_feed(&p.l, "NOOP\r\n", 6), 0);
	g_string_truncate(p.l.out, 0);
	lmtp_answer(&p.l, "451 4.3.0 later");
	lmtp_done(&p.l);
	assert_int_equal(lmtp_feed(&p.l, "NOOP\r\n", 6), 6);
	assert_string_equal(p.l.out->str, "451 4.3.0 later\r\n250 2.0.0 ok\r\n");
	peer_clear(&p);
}

static void refuses_what_is_too_big_but_goes_on(void **state)
{
	struct peer p;
	GString *sent = g_string_new(START "RCPT TO:<support@y>\r\nDATA\r\n");

	(void)state;
	for (int i = 0; i < 200; i++)
		g_string_append(sent, "0123456789\r\n");
	g_string_append(sent, ".\r\nNOOP\r\n");
	peer_init(&p, &lmtp);
	lmtp_feed(&p.l, sent->str, sent->len);
	assert_true(p.mail->len <= 1000);
	assert_string_equal(p.l.out->str, START_REPLY "250 2.1.5 ok\r\n" GO "552 5.3.4 mail too "
						      "big\r\n552 5.3.4 mail "
						      "too big\r\n250 2.0.0 "
						      "ok\r\n");
	assert_string_equal(p.events->str, "drop(mail too big,2) ");
	peer_clear(&p);
	g_string_free(sent, TRUE);
}

static void bounds_lines_and_recipients(void **state)
{
	struct peer p;
	GString *line = g_string_new("NOOP ");

	(void)state;
	peer_init(&p, &lmtp);
	lmtp_feed(&p.l, START, sizeof(START) - 1);
	for (int i = 1; i < LMTP_RCPTS_MAX; i++)
		lmtp_feed(&p.l, "RCPT TO:<support@x>\r\n", 21);
	g_string_truncate(p.l.out, 0);
	lmtp_feed(&p.l, "RCPT TO:<support@x>\r\n", 21);
	assert_string_equal(p.l.out->str, "452 4.5.3 too many recipients\r\n");
	for (int i = 0; i < 300; i++)
		g_string_append(line, "0123456789");
	g_string_truncate(p.l.out, 0);
	lmtp_feed(&p.l, line->str, line->len);
	assert_string_equal(p.l.out->str, "500 5.5.6 line too long\r\n");
	assert_true(p.l.line->len <= LMTP_LINE_MAX + 1);
	peer_clear(&p);
	g_string_free(line, TRUE);
}

static void says_busy_and_forgets_the_mail(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p, &lmtp);
	p.refuse_data = "451 4.3.2 busy, try again later";
	lmtp_feed(&p.l, START "DATA\r\nDATA\r\n", sizeof(START) - 1 + 12);
	assert_string_equal(p.l.out->str, START_REPLY "451 4.3.2 busy, try again later\r\n503 "
						      "5.5.1 MAIL first\r\n");
	peer_clear(&p);
}

static void forgets_everything_behind_tls(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p, &lmtp);
	lmtp_feed(&p.l, START "STARTTLS\r\n", sizeof(START) - 1 + 10);
	g_string_truncate(p.l.out, 0);
	lmtp_secured(&p.l);
	lmtp_feed(&p.l, "DATA\r\nLHLO me\r\nSTARTTLS\r\n", 25);
	assert_string_equal(p.l.out->str, "503 5.5.1 MAIL first\r\n" HELLO "250 "
					  "ENHANCEDSTATUSCODES\r\n"
					  "502 5.5.1 no "
					  "STARTTLS\r\n");
	peer_clear(&p);
}

static void refuses_nul_in_commands(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p, &lmtp);
	lmtp_feed(&p.l, "LHLO a\0b\r\n", 10);
	assert_string_equal(p.l.out->str, "500 5.5.2 NUL in a command\r\n");
	assert_int_equal(p.l.state, LMTP_DEAD);
	peer_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(talks_as_the_standards_say),
		cmocka_unit_test(every_order_of_dots_and_line_ends_is_read_as_it_stands),
		cmocka_unit_test(takes_nothing_while_a_mail_waits),
		cmocka_unit_test(refuses_what_is_too_big_but_goes_on),
		cmocka_unit_test(bounds_lines_and_recipients),
		cmocka_unit_test(says_busy_and_forgets_the_mail),
		cmocka_unit_test(forgets_everything_behind_tls),
		cmocka_unit_test(refuses_nul_in_commands) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
