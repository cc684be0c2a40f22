/* The pure pieces about text: charsets, format=flowed, reports, robots. */
#include "cm.h"

#include "bounce.h"
#include "charset.h"
#include "robot.h"
#include "words.h"

static void check_charset(const char *bytes, const char *label, const char *want)
{
	GString *got = charset_to_utf8(bytes, strlen(bytes), label);

	assert_string_equal(got->str, want);
	g_string_free(got, TRUE);
}

static void reads_charsets_and_their_mistakes(void **state)
{
	(void)state;
	check_charset("\xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2", "koi8-r", "Привет, мир");
	check_charset("\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0", "windows-1251", "Привет, мир");
	check_charset("\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0", NULL, "Привет, мир");
	check_charset("\xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2", NULL, "Привет, мир");
	check_charset("\xcf\xf0\xe8\xe2\xe5\xf2", "us-ascii", "Привет");
	check_charset("Привет", "iso-8859-1", "Привет"); /* a wrong label over UTF-8 */
	check_charset("Привет", "windows-1251", "Привет");
	check_charset("Привет", "no-such-charset", "Привет");
	check_charset("caf\xe9 au lait", NULL, "café au lait");
	check_charset("\x93quoted\x94", "iso-8859-1", "“quoted”"); /* windows-1252 in truth */
	check_charset("\x1b$B$3$s\x1b(B", "iso-2022-jp", "こん");
	check_charset("\xc4\xe3\xba\xc3", "gb2312", "你好");
	check_charset("bad \xff\xfe", "utf-8", "bad \xef\xbf\xbd\xef\xbf\xbd");
	check_charset("\xcf\xf0\xe8\xe2\xe5\xf2", "utf-8", "Привет");
	check_charset("\xef\xbb\xbf"
		      "bom",
		"utf-8", "bom");
	check_charset("ok", NULL, "ok");
	/* Russian under a western label, in the charsets of old systems, in capitals, under a label that is none */
	check_charset("\xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2", "iso-8859-1", "Привет, мир");
	check_charset("\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0", "windows-1252", "Привет, мир");
	check_charset("\x8f\xe0\xa8\xa2\xa5\xe2, \xac\xa8\xe0", NULL, "Привет, мир");
	check_charset("\xcf\xd0\xc8\xc2\xc5\xd2, \xcc\xc8\xd0", NULL, "ПРИВЕТ, МИР");
	check_charset("\xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2", "no-such-charset", "Привет, мир");
	check_charset("d\xe9j\xe0 d\xe9pass\xe9", "iso-8859-1", "déjà dépassé");
	check_charset("+BB8EQAQ4-", "unicode-1-1-utf-7", "При");
	/* encoded twice: by way of windows-1251, of windows-1252 */
	check_charset("РџСЂРёРІРµС‚", "utf-8", "Привет");
	check_charset("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "utf-8", "привет");
	check_charset("Привет, ÀÁ", "utf-8", "Привет, ÀÁ");
	check_charset("ÀÁ", "utf-8", "ÀÁ");
	check_charset("", "koi8-r", "");
}

static void joins_flowed_lines(void **state)
{
	static const struct {
		const char *in;
		bool delsp;
		const char *want;
	} cases[] = { { "one \r\ntwo\r\nthree", false, "one two\nthree" }, { "a \nb", true, "ab" },
		{ "> q \n> r\nnew \nline", false, "> q r\nnew line" },
		{ " stuffed\n >x", false, "stuffed\n>x" },
		{ "end \n-- \nsig", false, "end \n-- \nsig" },
		{ "> a \n>> b", false, "> a \n>> b" }, { "", false, "" } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GString *got = flowed_join(cases[i].in, strlen(cases[i].in), cases[i].delsp);
		assert_string_equal(got->str, cases[i].want);
		g_string_free(got, TRUE);
	}
}

static void check_bounce(enum bounce_kind (*fn)(const char *, gsize, GString *), const char *text,
	enum bounce_kind kind, const char *why)
{
	GString *got = g_string_new(NULL);

	assert_int_equal(fn(text, strlen(text), got), kind);
	assert_string_equal(got->str, why);
	g_string_free(got, TRUE);
}

static void reads_reports(void **state)
{
	(void)state;
	check_bounce(bounce_status,
		"Reporting-MTA: dns; mx.test\r\n\r\nFinal-Recipient: rfc822; x@y.test\r\nAction: "
		"failed\r\nStatus: 5.1.1\r\n"
		"Diagnostic-Code: smtp; 550 5.1.1 <x@y.test>:\r\n no such user\r\n",
		BOUNCE_PERMANENT, "5.1.1 <x@y.test>: no such user");
	check_bounce(bounce_status, "Action: delayed\nStatus: 4.4.1\n", BOUNCE_TEMPORARY, "4.4.1");
	check_bounce(
		bounce_status, "Action: delivered\nStatus: 2.0.0\n", BOUNCE_DELIVERED, "2.0.0");
	check_bounce(bounce_status, "Status: 5.2.2 (mailbox full)\n", BOUNCE_PERMANENT, "5.2.2");
	check_bounce(bounce_status, "nothing here", BOUNCE_NONE, "");
	check_bounce(bounce_words,
		"Hi. This is the qmail-send program.\n<x@y>:\n550 5.1.1 No such user here\n",
		BOUNCE_PERMANENT, "5.1.1 No such user here");
	check_bounce(bounce_words, "said: 552 Mailbox is full (in reply)\n", BOUNCE_PERMANENT,
		"552 Mailbox is full (in reply)");
	check_bounce(bounce_words, "will retry: 4.4.1 connection timed out\n", BOUNCE_TEMPORARY,
		"4.4.1 connection timed out");
	check_bounce(bounce_words, "Version 5.1.1.7 of the product, room 550B, 5.1.1a\n",
		BOUNCE_NONE, "");
	check_bounce(bounce_words, "I am away until Monday.\n", BOUNCE_NONE, "");
	/* Nobody will try again, whatever the status was. */
	check_bounce(bounce_status,
		"Action: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp;554 5.4.7 expired\n",
		BOUNCE_PERMANENT, "4.4.7 5.4.7 expired");
	check_bounce(
		bounce_status, "Action: failure\nStatus: 553 too long\n", BOUNCE_PERMANENT, "");
}

static void reads_reports_in_words(void **state)
{
	static const struct {
		const char *text;
		enum bounce_kind kind;
		const char *why;
	} cases[] = {
		/* qmail: the code stands behind the words */
		{ "I wasn't able to deliver your message.\n<x@y.test>:\nSorry, no mailbox here by "
		  "that "
		  "name. (#5.1.1)\n\n--- Below this line is a copy of the message.\nReceived: by "
		  "4.8.1\n",
			BOUNCE_PERMANENT, "Sorry, no mailbox here by that name. (#5.1.1)" },
		/* Exim */
		{ "A message that you sent could not be delivered to one or more of its "
		  "recipients. This "
		  "is a permanent error.\n\n  x@y.test\n    Unrouteable address: unknown "
		  "user\n\n------ "
		  "This is a copy of the message\nSubject: 550 Gardens\n",
			BOUNCE_PERMANENT, "Unrouteable address: unknown user" },
		{ "A message that you sent has not yet been delivered to one or more of its "
		  "recipients "
		  "after more than 24 hours.\nNo action is required.\n",
			BOUNCE_TEMPORARY, "" },
		/* Postfix of old */
		{ "I'm sorry to have to inform you that the message returned\nbelow could not be "
		  "delivered.\n\n<x@y.test>: host mx[1.2.3.4] said: 550 <x@y.test>: User unknown\n",
			BOUNCE_PERMANENT, "550 <x@y.test>: User unknown" },
		{ "THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE.\nIt could not "
		  "be "
		  "delivered: 4.4.1 timed out\n",
			BOUNCE_TEMPORARY, "4.4.1 timed out" },
		/* Exchange */
		{ "Your message\n  To: x\n  Subject: y\ndid not reach the following "
		  "recipient(s):\nx@y.test "
		  "on Mon\n    The recipient name is not recognized\n",
			BOUNCE_PERMANENT, "The recipient name is not recognized" },
		/* Gmail */
		{ "Address not found\nYour message wasn't delivered to x@y.test because the "
		  "address "
		  "couldn't be found.\n",
			BOUNCE_PERMANENT, "Address not found" },
		/* Mail.ru, Yandex */
		{ "Ваше письмо не может быть доставлено одному получателю:\nпользователь не "
		  "найден\n",
			BOUNCE_PERMANENT, "пользователь не найден" },
		{ "Почта не доставлена. Мы будем пытаться: попытки будут продолжены 3 дня\n",
			BOUNCE_TEMPORARY, "" },
		/* what came back is not what is said of it */
		{ "Hello\n--- Original message follows.\n550 5.1.1 no such user\n", BOUNCE_NONE,
			"" },
		{ "Thank you, we have got your message.\n", BOUNCE_NONE, "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check_bounce(bounce_words, cases[i].text, cases[i].kind, cases[i].why);
	assert_true(bounce_sender("mailer-daemon@y.test"));
	assert_true(bounce_sender("MAILER-DAEMON"));
	assert_true(bounce_sender("bounce-5@y.test"));
	assert_false(bounce_sender("bouncer@y.test"));
	assert_false(bounce_sender(NULL));
	assert_true(bounce_subject("Undeliverable: order 5"));
	assert_true(bounce_subject("Недоставленное сообщение"));
	assert_false(bounce_subject("My order"));
	assert_false(bounce_subject("Automatic reply: Undeliverable: order"));
}

static void knows_robots(void **state)
{
	(void)state;
	assert_true(robot_header("Auto-Submitted", "auto-replied"));
	assert_true(robot_header("auto-submitted", " auto-generated; x"));
	assert_false(robot_header("Auto-Submitted", "no"));
	assert_false(robot_header("Auto-Submitted", " No (a person)"));
	assert_true(robot_header("Precedence", "bulk"));
	assert_false(robot_header("Precedence", "first-class"));
	assert_true(robot_header("List-Id", "<x.test>"));
	assert_true(robot_header("List-Unsubscribe", "<mailto:x@y>"));
	assert_true(robot_header("X-Auto-Response-Suppress", "All"));
	assert_true(robot_header("X-Autoreply", "yes"));
	assert_false(robot_header("Subject", "Auto-Submitted"));
	assert_true(robot_header("X-Autoreply-From", "x@y"));
	assert_true(robot_header("X-Yandex-Autoreply", "yes"));
	assert_true(robot_header("X-Autoresponder", "yes"));
	assert_false(robot_header("X-Automation", "no"));
	assert_true(robot_header("X-Precedence", "auto_reply"));
	assert_true(robot_header("Delivered-To", "Autoresponder"));
	assert_false(robot_header("Delivered-To", "support@demo.test"));
	assert_true(robot_subject("Automatic reply: order 5"));
	assert_true(robot_subject("[Auto-Reply] order 5"));
	assert_true(robot_subject("Автоответ: заказ"));
	assert_true(robot_subject("Abwesenheitsnotiz: Bestellung"));
	assert_true(robot_subject("Out of Office"));
	assert_true(robot_subject("自动回复：订单"));
	assert_false(robot_subject("Out of office hours?"));
	assert_false(robot_subject("Auto insurance"));
	assert_false(robot_subject("Re: Automatic reply: order 5"));
	assert_false(robot_subject(NULL));
}

static void joins_encoded_words(void **state)
{
	static const char *const cases[][2] = {
		{ "=?UTF-8?B?0Y8=?= =?UTF-8?B?INGC?= x", "=?UTF-8?B?0Y8g0YI=?= x" },
		{ "a =?utf-8?b?0Y8?=\r\n\t=?UTF-8?B?INGC?=", "a =?utf-8?B?0Y8g0YI=?=" },
		{ "=?UTF-8?B?0LDQ?= =?UTF-8?B?sA==?= =?koi8-r?B?wQ==?=", "=?UTF-8?B?0LDQsA==?= "
									 "=?koi8-r?B?wQ==?=" },
		{ "=?UTF-8?Q?a?= =?UTF-8?B?YQ==?= =?", "=?UTF-8?Q?a?= =?UTF-8?B?YQ==?= =?" },
		{ "=?utf-8?Q?=D0=9F=D1?=\r\n =?utf-8?q?=80_a?=", "=?utf-8?Q?=D0=9F=D1=80_a?=" },
		{ "=?utf-8?B?0J8=?==?utf-8?B?0YA=?=", "=?utf-8?B?0J/RgA==?=" },
		{ "=?UTF-8?B?YQ==?= text =?UTF-8?B?YQ==?=", "=?UTF-8?B?YQ==?= text "
							    "=?UTF-8?B?YQ==?=" },
		{ "=?=?=?UTF-8?B?Y", "=?=?=?UTF-8?B?Y" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GByteArray *raw = g_byte_array_new();
		g_byte_array_append(raw, (const guint8 *)cases[i][0], (guint)strlen(cases[i][0]));
		words_join(raw);
		assert_int_equal(raw->len, strlen(cases[i][1]));
		assert_memory_equal(raw->data, cases[i][1], raw->len);
		g_byte_array_unref(raw);
	}
}

static void believes_one_server_only(void **state)
{
	(void)state;
	assert_int_equal(auth_result("mx.demo.test; spf=pass; dmarc=pass (p=reject) "
				     "header.from=x.org",
				 "mx.demo.test", "x.org"),
		1);
	assert_int_equal(auth_result("mx.demo.test 1;\r\n\tdmarc=pass header.from=x.org",
				 "mx.demo.test", "x.org"),
		1);
	assert_int_equal(
		auth_result("mx.demo.test; dmarc=fail header.from=x.org", "mx.demo.test", "x.org"),
		0);
	assert_int_equal(auth_result("mx.demo.test; dmarc=pass header.from=evil.org",
				 "mx.demo.test", "x.org"),
		0);
	assert_int_equal(
		auth_result("mx.demo.test; spf=pass (dmarc=pass)", "mx.demo.test", "x.org"), 0);
	assert_int_equal(auth_result("mx.demo.test; dmarc=passed", "mx.demo.test", "x.org"), 0);
	assert_int_equal(auth_result("evil.test; dmarc=pass", "mx.demo.test", "x.org"), -1);
	assert_int_equal(auth_result("\"mx.demo.test\"; dmarc=pass header.from=\"x.org\"",
				 "mx.demo.test", "x.org"),
		1);
	/* What the server repeats of the sender says nothing: in quotes, in comments with escapes, or bare beside the server's own. */
	static const char *const repeated[] = {
		"spf=pass smtp.mailfrom=\"a; dmarc=pass header.from=x.org \"@evil.org",
		"spf=pass smtp.mailfrom=\"\\\"; dmarc=pass header.from=x.org \"@evil.org",
		"spf=pass (of \\) ; dmarc=pass header.from=x.org ; \\( at evil.org)",
		"dkim=fail reason=\"(\"; spf=pass smtp.helo=\"); dmarc=pass\"",
		("spf=pass smtp.mailfrom=a; dmarc=pass header.from=x.org @evil.org; dmarc=fail "
		 "header.from=x.org"),
		"dmarc = none; spf=pass smtp.mailfrom=a; dmarc=pass header.from=x.org @evil.org",
	};
	for (size_t i = 0; i < G_N_ELEMENTS(repeated); i++) {
		char *value = g_strconcat("mx.demo.test; ", repeated[i], NULL);
		assert_int_equal(auth_result(value, "mx.demo.test", "x.org"), 0);
		g_free(value);
	}
	assert_int_equal(auth_result("mx.demo.test.evil; dmarc=pass", "mx.demo.test", "x.org"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_charsets_and_their_mistakes),
		cmocka_unit_test(joins_flowed_lines), cmocka_unit_test(reads_reports),
		cmocka_unit_test(reads_reports_in_words), cmocka_unit_test(knows_robots),
		cmocka_unit_test(joins_encoded_words), cmocka_unit_test(believes_one_server_only) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
