/* Mails as they come, and what usher makes of them. */
#include "cm.h"

#include "parse.h"

static const uint64_t now = UINT64_C(1762160400) * 1000000; /* 3 Nov 2025 */
static struct parse_config config;

static struct parsed *parse_from(const char *mail, const char *sender)
{
	GByteArray *raw = g_byte_array_new();

	g_byte_array_append(raw, (const guint8 *)mail, (guint)strlen(mail));
	return parse_mail(raw, sender, now, &config);
}

static struct parsed *parse(const char *mail)
{
	return parse_from(mail, "ann@example.org");
}

static struct parsed_part *part(struct parsed *m, unsigned i)
{
	assert_true(i < m->parts->len);
	return &g_array_index(m->parts, struct parsed_part, i);
}

static void reads_a_plain_mail(void **state)
{
	struct parsed *m = parse("From: =?utf-8?B?0JDQvdC90LA=?= <Ann@Example.org>\r\nTo: Support "
				 "<support@demo.test>\r\n"
				 "Cc: bob@example.org\r\nSubject: =?koi8-r?B?+sHLwdo=?= "
				 "42\r\nMessage-ID: <m1@example.org>\r\n"
				 "Date: Mon, 3 Nov 2025 12:00:00 +0300\r\nIn-Reply-To: <r3@x>\r\n"
				 "References: <r1@x>\r\n <r2@x> <r3@x>\r\n\r\nHello,\r\nwhere is "
				 "it?\r\n");

	(void)state;
	assert_null(m->quarantine);
	assert_string_equal(m->from, "ann@example.org");
	assert_string_equal(m->from_name, "Анна");
	assert_string_equal(m->subject, "Заказ 42");
	assert_string_equal(m->message_id, "m1@example.org");
	assert_string_equal(m->cc, "bob@example.org");
	assert_string_equal(m->text->str, "Hello,\r\nwhere is it?\r\n");
	assert_int_equal(m->html->len, 0);
	assert_true(m->date_us == UINT64_C(1762160400) * 1000000);
	assert_int_equal(m->refs->len, 3);
	assert_string_equal(g_ptr_array_index(m->refs, 0), "r3@x");
	assert_string_equal(g_ptr_array_index(m->refs, 1), "r2@x");
	assert_string_equal(g_ptr_array_index(m->refs, 2), "r1@x");
	assert_false(m->automatic);
	assert_false(m->verified);
	parsed_free(m);
}

static void reads_headers_that_break_the_rules(void **state)
{
	struct parsed *m = parse("From: \xc0\xed\xed\xe0 <ann@example.org>\nSubject: "
				 "\xcf\xf0\xe8\xe2\xe5\xf2\nX-Bad\n\nx");

	(void)state;
	assert_string_equal(m->from_name, "Анна");
	assert_string_equal(m->subject, "Привет");
	assert_null(m->message_id);
	assert_int_equal(strlen(m->hash), 64);
	parsed_free(m);
	m = parse("From: Ann\nSubject: no address\n\nx");
	assert_null(m->quarantine);
	assert_string_equal(m->from, "ann@example.org"); /* the envelope's */
	parsed_free(m);
	m = parse_from("From: Ann\n\nx", "");
	assert_string_equal(m->quarantine, "no sender's address in it");
	parsed_free(m);
	m = parse("just some text\nno headers\n");
	assert_non_null(m->quarantine);
	parsed_free(m);
	m = parse("");
	assert_non_null(m->quarantine);
	parsed_free(m);
	m = parse("From: g: a@b.test, c@d.test;\nSubject:\n\n");
	assert_string_equal(m->from, "a@b.test");
	assert_string_equal(m->subject, "");
	parsed_free(m);
}

#define MIXED(inner)                                                                               \
	"From: a@b.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n" inner   \
	"--m--\n"
#define PLAIN "--m\nContent-Type: text/plain; charset=utf-8\n\n"
#define HTML  "--m\nContent-Type: text/html; charset=utf-8\n\n"

static void chooses_the_text(void **state)
{
	struct parsed *m = parse("From: a@b.test\nContent-Type: multipart/alternative; "
				 "boundary=m\n\n" PLAIN "plain\n" HTML "<b>rich</b>\n--m--\n");

	(void)state;
	assert_string_equal(m->text->str, "plain");
	assert_string_equal(m->html->str, "<b>rich</b>");
	assert_int_equal(m->parts->len, 0);
	parsed_free(m);
	m = parse(MIXED(HTML "<p>All of it</p>\n" PLAIN "a & <footer>\n"));
	assert_int_equal(m->text->len, 0); /* else the host would show the footer only */
	assert_string_equal(m->html->str, "<p>All of it</p><pre>a &amp; &lt;footer></pre>");
	parsed_free(m);
	m = parse(MIXED(PLAIN "one\n" PLAIN "two\n"));
	assert_string_equal(m->text->str, "one\n\ntwo");
	parsed_free(m);
	m = parse("From: a@b.test\nContent-Type: multipart/alternative; boundary=m\n\n" PLAIN
		  "\n \n" HTML "rich\n--m--\n");
	assert_int_equal(m->text->len, 0);
	assert_string_equal(m->html->str, "rich");
	parsed_free(m);
	m = parse("From: a@b.test\nContent-Type: text/plain; format=flowed; delsp=yes\n\nsoft "
		  "\nline\n");
	assert_string_equal(m->text->str, "softline");
	parsed_free(m);
}

static void keeps_files(void **state)
{
	struct parsed *m = parse(MIXED(PLAIN "see\n--m\nContent-Type: "
					     "application/pdf\nContent-Transfer-Encoding: base64\n"
					     "Content-Disposition: attachment; "
					     "filename*=utf-8''%D0%A1%D1%87%D1%91%D1%82."
					     "pdf\n\naGVsbG8=\n"
					     "--m\nContent-Type: image/png; "
					     "name=\"=?utf-8?B?0LvQvtCz0L4ucG5n?=\"\nContent-ID: "
					     "<logo@x>\n"
					     "Content-Disposition: "
					     "inline\nContent-Transfer-Encoding: base64\n\nAAEC\n"
					     "--m\nContent-Type: text/plain\nContent-Disposition: "
					     "attachment; filename=\"../../etc/passwd\"\n\nroot\n"
					     "--m\nContent-Type: message/rfc822\n\nFrom: "
					     "x@y\nSubject: inner\n\ninner text\n"));

	(void)state;
	assert_string_equal(m->text->str, "see");
	assert_int_equal(m->parts->len, 4);
	assert_string_equal(part(m, 0)->name, "Счёт.pdf");
	assert_string_equal(part(m, 0)->type, "application/pdf");
	assert_int_equal(part(m, 0)->bytes->len, 5);
	assert_memory_equal(part(m, 0)->bytes->data, "hello", 5);
	assert_string_equal(part(m, 1)->name, "лого.png");
	assert_string_equal(part(m, 1)->cid, "logo@x");
	assert_int_equal(part(m, 1)->bytes->len, 3);
	assert_string_equal(part(m, 2)->name, "passwd");
	assert_string_equal(part(m, 3)->name, "inner.eml");
	assert_string_equal(part(m, 3)->type, "message/rfc822");
	assert_non_null(g_strstr_len(
		(char *)part(m, 3)->bytes->data, part(m, 3)->bytes->len, "inner text"));
	parsed_free(m);
}

static void makes_file_names_safe(void **state)
{
	static const char *const cases[][2] = { { "a.txt", "a.txt" },
		{ "C:\\Users\\x\\b.doc", "b.doc" }, { "../..", "attachment-7.pdf" },
		{ "", "attachment-7.pdf" }, { "x\r\ny\t.pdf", "xy.pdf" },
		{ "photo\xe2\x80\xaegpj.exe", "photogpj.exe" }, { ".htaccess", "htaccess" },
		{ "a<b>:c?.txt", "a_b__c_.txt" }, { "dir/", "attachment-7.pdf" } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *name = parse_file_name(cases[i][0], 7, "application/pdf");
		assert_string_equal(name, cases[i][1]);
		g_free(name);
	}
}

static void quarantines_what_is_too_complex_and_says_who_and_what(void **state)
{
	GString *s = g_string_new("From: Ann <ann@example.org>\nSubject: bomb\nMessage-ID: <b@x>\n"
				  "Content-Type: multipart/mixed; boundary=b\n\n");
	struct parsed *m;

	(void)state;
	for (int i = 0; i < 100000; i++)
		g_string_append(s, "--b\n\n");
	m = parse(s->str);
	assert_string_equal(m->quarantine, "too complex: too many parts");
	assert_string_equal(m->from, "ann@example.org");
	assert_string_equal(m->subject, "bomb");
	assert_string_equal(m->message_id, "b@x");
	parsed_free(m);
	g_string_free(s, TRUE);
}

static bool is_automatic(const char *header, const char *sender)
{
	char *mail = g_strdup_printf("From: a@b.test\n%s\n\nx", header);
	struct parsed *m = parse_from(mail, sender);
	bool automatic = m->automatic;

	parsed_free(m);
	g_free(mail);
	return automatic;
}

static void knows_robots_and_the_verified(void **state)
{
	static const char *const judged = "Authentication-Results: mx.demo.test; dmarc=pass "
					  "header.from=b.test";
	char *mail;
	struct parsed *m;

	(void)state;
	assert_false(is_automatic("X: y", "a@b.test"));
	assert_true(is_automatic("X: y", ""));
	assert_true(is_automatic("Auto-Submitted: auto-replied", "a@b.test"));
	assert_true(is_automatic("List-Id: <l.test>", "a@b.test"));
	mail = g_strdup_printf("%s\nFrom: a@b.test\n\nx", judged);
	m = parse(mail);
	assert_true(m->verified);
	parsed_free(m);
	g_free(mail);
	/* A second one further down was there before our server looked. */
	mail = g_strdup_printf("Authentication-Results: mx.demo.test; dmarc=fail "
			       "header.from=b.test\n%s\nFrom: a@b.test\n\nx",
		judged);
	m = parse(mail);
	assert_false(m->verified);
	parsed_free(m);
	g_free(mail);
	mail = g_strdup_printf("%s\nFrom: a@b.test, c@evil.test\n\nx", judged);
	m = parse(mail);
	assert_false(m->verified);
	parsed_free(m);
	g_free(mail);
}

static const char conv[] = "01K94F3NM0ABCDEFGHJKMNPQRS", msg[] = "01K94F3NM0ZZZZZZZZZZZZZZZZ";

static void finds_our_own_ids(void **state)
{
	char id[128], *mail;
	struct parsed *m;

	(void)state;
	token_msgid_make(&config.key, conv, msg, id);
	mail = g_strdup_printf("From: a@b.test\nIn-Reply-To: <%s@demo.test>\n\nyes", id);
	m = parse(mail);
	assert_string_equal(m->conv, conv);
	parsed_free(m);
	g_free(mail);
	mail = g_strdup_printf("From: a@b.test\nMessage-ID: <%s@demo.test>\n\nloop", id);
	m = parse(mail);
	assert_true(m->automatic);
	parsed_free(m);
	g_free(mail);
	id[60]++;
	mail = g_strdup_printf("From: a@b.test\nIn-Reply-To: <%s@demo.test>\n\nforged", id);
	m = parse(mail);
	assert_string_equal(m->conv, "");
	parsed_free(m);
	g_free(mail);
}

static void reads_a_delivery_report(void **state)
{
	char id[128], *mail;
	struct parsed *m;

	(void)state;
	token_msgid_make(&config.key, conv, msg, id);
	mail = g_strdup_printf("From: MAILER-DAEMON@mx.test\nSubject: Undelivered\n"
			       "Content-Type: multipart/report; report-type=delivery-status; "
			       "boundary=m\n\n" PLAIN "Sorry.\n"
			       "--m\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; "
			       "mx.test\n\n"
			       "Final-Recipient: rfc822; x@y\nAction: failed\nStatus: "
			       "5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n"
			       "--m\nContent-Type: message/rfc822\n\nFrom: "
			       "support@demo.test\nMessage-ID: <%s@demo.test>\n\nold\n--m--\n",
		id);
	m = parse_from(mail, "");
	assert_int_equal(m->bounce, BOUNCE_PERMANENT);
	assert_string_equal(m->bounce_why->str, "5.1.1 no such user");
	assert_string_equal(m->bounce_message, msg);
	assert_true(m->automatic);
	parsed_free(m);
	g_free(mail);
	m = parse_from("From: mailer-daemon@mx.test\nSubject: failure notice\n\nSorry:\n<x@y>: 550 "
		       "5.1.1 unknown\n",
		"");
	assert_int_equal(m->bounce, BOUNCE_PERMANENT);
	parsed_free(m);
	/* qmail's: the mail that came back stands in the text. No author, HTML, an absent person. */
	mail = g_strdup_printf("From: <>\nSubject: failure notice\n\nI wasn't able to deliver "
			       "your message.\n\n--- Below this line is a copy.\n\nSubject: "
			       "x\nMessage-ID:\n <%s@demo.test>\n\nold\n",
		id);
	m = parse_from(mail, "");
	assert_int_equal(m->bounce, BOUNCE_PERMANENT);
	assert_string_equal(m->bounce_message, msg);
	parsed_free(m);
	g_free(mail);
	m = parse_from("From: postmaster@mx.test\nSubject: Undeliverable: x\nContent-Type: "
		       "text/html\n\n<p>Your message <b>was not delivered</b>.<br>User not "
		       "found</p>",
		NULL);
	assert_int_equal(m->bounce, BOUNCE_PERMANENT);
	assert_string_equal(m->bounce_why->str, "User not found");
	assert_true(m->automatic);
	parsed_free(m);
	m = parse_from("From: ann@x.test\nSubject: Automatic reply: x\n\nI am away, your message "
		       "could not be delivered to me.\n",
		"");
	assert_int_equal(m->bounce, BOUNCE_NONE);
	assert_true(m->automatic);
	parsed_free(m);
	/* A read receipt says nothing of a delivery, and nobody wrote it. */
	m = parse("From: ann@x.test\nSubject: Read: order\nContent-Type: multipart/report; "
		  "report-type=disposition-notification; boundary=m\n\n" PLAIN "Your message was "
		  "read.\n--m\nContent-Type: message/disposition-notification\n\nDisposition: "
		  "manual-action/MDN-sent-manually; displayed\n--m--\n");
	assert_true(m->automatic);
	assert_int_equal(m->bounce, BOUNCE_NONE);
	parsed_free(m);
	/* A person who quotes a number is no report. */
	m = parse("From: a@b.test\n\nI got 550 5.1.1 unknown user\n");
	assert_int_equal(m->bounce, BOUNCE_NONE);
	parsed_free(m);
}

static void check_top(const char *mail, const char *subject, const char *text)
{
	struct parsed *m = parse(mail);

	assert_string_equal(m->subject, subject);
	assert_non_null(strstr(m->text->str, text));
	assert_null(m->quarantine);
	parsed_free(m);
}

/* A byte order mark in front, blanks for the empty line, letters in headers that nobody encoded; HTML that names its own charset. */
static void reads_what_is_not_quite_a_mail(void **state)
{
	struct parsed *m;

	(void)state;
	check_top("\xef\xbb\xbfSubject: a\nFrom: a@b.test\n\nhello\n", "a", "hello");
	check_top("From: a@b.test\nSubject: a\n \nhello, you\n", "a", "hello, you");
	check_top("From: a@b.test\nX: y\n \n\tz\nSubject: a\n\nhello\n", "a", "hello");
	check_top("From: a@b.test\nSubject: \xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2\n\nhello\n",
		"Привет, мир", "hello");
	check_top("From: a@b.test\nSubject: \xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0\n\nhello\n",
		"Привет, мир", "hello");
	check_top("From: a@b.test\nSubject: re\xe7u apr\xe8s\n\nhello\n", "reçu après", "hello");
	check_top("From: a@b.test\nSubject: \xc4\xe3\xba\xc3\nContent-Type: text/plain; "
		  "charset=gb2312\n\nhello\n",
		"你好", "hello");
	m = parse("From: a@b.test\nContent-Type: text/html\n\n<meta charset=\"koi8-r\"><p>"
		  "\xf0\xd2\xc9\xd7\xc5\xd4");
	assert_non_null(strstr(m->html->str, "Привет"));
	parsed_free(m);
}

static const struct parsed_part *part_at(const struct parsed *m, guint i)
{
	return &g_array_index(m->parts, struct parsed_part, i);
}

/* Parts of kinds that only some programs write, or write wrongly. */
static void reads_odd_parts(void **state)
{
	struct parsed *m;

	(void)state;
	/* a boundary that never comes, and none at all: nothing is lost from sight */
	m = parse("From: a@b.test\nContent-Type: multipart/mixed; boundary=zz\n\nhello\n");
	assert_non_null(strstr(m->text->str, "hello"));
	parsed_free(m);
	m = parse("From: a@b.test\nContent-Type: multipart/mixed\n\n--x\n\nhello\n--x--\n");
	assert_non_null(strstr(m->text->str, "hello"));
	parsed_free(m);
	/* one text in a form for some programs only */
	m = parse("From: a@b.test\nContent-Type: multipart/alternative; boundary=m\n\n" PLAIN
		  "hello\n--m\nContent-Type: text/x-amp-html\n\n<html amp4email>\n--m--\n");
	assert_non_null(strstr(m->text->str, "hello"));
	assert_int_equal(m->parts->len, 0);
	parsed_free(m);
	m = parse("From: a@b.test\nContent-Type: text/enriched\n\n<bold>hello</bold>\n");
	assert_non_null(strstr(m->html->str, "hello"));
	assert_int_equal(m->parts->len, 0);
	parsed_free(m);
	/* an encoding with more behind it than belongs there */
	m = parse("From: a@b.test\nContent-Transfer-Encoding: Quoted-Printable;\n\nhel=\nlo=2C\n");
	assert_string_equal(m->text->str, "hello,\n");
	parsed_free(m);
	m = parse("From: a@b.test\nContent-Transfer-Encoding: none\n\nhel=2C\n");
	assert_string_equal(m->text->str, "hel=2C\n");
	parsed_free(m);
	/* a name that stands in its address only */
	m = parse("From: a@b.test\nContent-Type: image/jpeg\nContent-Location: "
		  "http://x.test/a/Photo25.jpg\n\ny\n");
	assert_string_equal(part_at(m, 0)->name, "Photo25.jpg");
	parsed_free(m);
	/* a Mac's two halves of one file */
	m = parse("From: a@b.test\nContent-Type: multipart/appledouble; boundary=m\n\n--m\n"
		  "Content-Type: application/applefile; name=a.jpg\n\nx\n--m\nContent-Type: "
		  "image/jpeg; name=a.jpg\n\ny\n--m--\n");
	assert_int_equal(m->parts->len, 1);
	assert_string_equal(part_at(m, 0)->type, "image/jpeg");
	parsed_free(m);
	/* an attached mail keeps the name it was given; the pieces of a name in the wrong order */
	m = parse("From: a@b.test\nContent-Type: multipart/mixed; boundary=m\n\n--m\n"
		  "Content-Type: message/rfc822; name=\"old one.eml\"\n\nSubject: s\n\nx\n--m\n"
		  "Content-Type: application/pdf\nContent-Disposition: attachment; "
		  "filename*1*=%D1%82.pdf; filename*0*=utf-8''%D0%A1\n\ny\n--m--\n");
	assert_int_equal(m->parts->len, 2);
	assert_string_equal(part_at(m, 0)->name, "old one.eml");
	assert_string_equal(part_at(m, 1)->name, "Ст.pdf");
	parsed_free(m);
	m = parse("From: \"Ann\" Ann@B.test\n\nhello\n");
	assert_string_equal(m->from, "ann@b.test");
	parsed_free(m);
}

static void check_refs(const char *headers, const char *want)
{
	char *mail = g_strdup_printf("From: a@b.test\n%s\n\nhello\n", headers), *got;
	struct parsed *m = parse(mail);

	g_ptr_array_add(m->refs, NULL);
	got = g_strjoinv(" ", (gchar **)m->refs->pdata);
	assert_string_equal(got, want);
	g_free(got);
	parsed_free(m);
	g_free(mail);
}

/* The newest is what a thread hangs on, however it is written. */
static void reads_references_as_they_come(void **state)
{
	(void)state;
	check_refs("In-Reply-To: <1@x>\nReferences: <2@x> <3@x>", "1@x 3@x 2@x");
	check_refs("References: <1@x> <2@x>,\n <3@x>", "3@x 2@x 1@x");
	check_refs("References: <1@x><2@x>", "2@x 1@x");
	check_refs("In-Reply-To: Your message of \"Mon, 3 Nov 2025\" <1@x> (Ann)", "1@x");
	check_refs("In-Reply-To: 1@x", "1@x");
	check_refs("References: 1@x, 2@x", "2@x 1@x");
	check_refs("In-Reply-To: \"<1@x>\"", "1@x");
	check_refs("In-Reply-To: <<1@x>>", "1@x");
	check_refs("In-Reply-To: <1@\n x>", "1@x");
	check_refs("References: <1@x <2@x>", "2@x 1@x");
	check_refs("In-Reply-To: <1@x", "1@x");
	check_refs("References: <1@x>\nReferences: <2@x>", "2@x 1@x");
	check_refs("In-Reply-To: <1@x>\nReferences: <1@x>", "1@x");
	check_refs("In-Reply-To: yesterday's mail", "");
	check_refs("In-Reply-To: <>", "");
}

static void the_same_body_hashes_alike(void **state)
{
	struct parsed *a = parse("Received: one\nFrom: a@b.test\nMessage-ID: <x@y>\n\nsame\n");
	struct parsed *b = parse("Received: two\nFrom: a@b.test\nMessage-ID: <x@y>\n\nsame\n");
	struct parsed *c = parse("Received: two\nFrom: a@b.test\nMessage-ID: <x@y>\n\nother\n");

	(void)state;
	assert_string_equal(a->hash, b->hash);
	assert_string_not_equal(a->hash, c->hash);
	parsed_free(a);
	parsed_free(b);
	parsed_free(c);
}

static int set_up(void **state)
{
	(void)state;
	token_key_make(&config.key, "a long secret here", 18);
	config.authserv = (char *)(uintptr_t) "mx.demo.test";
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_a_plain_mail),
		cmocka_unit_test(reads_headers_that_break_the_rules),
		cmocka_unit_test(chooses_the_text), cmocka_unit_test(keeps_files),
		cmocka_unit_test(makes_file_names_safe),
		cmocka_unit_test(quarantines_what_is_too_complex_and_says_who_and_what),
		cmocka_unit_test(knows_robots_and_the_verified),
		cmocka_unit_test(finds_our_own_ids), cmocka_unit_test(reads_a_delivery_report),
		cmocka_unit_test(reads_what_is_not_quite_a_mail), cmocka_unit_test(reads_odd_parts),
		cmocka_unit_test(reads_references_as_they_come),
		cmocka_unit_test(the_same_body_hashes_alike) };

	return cmocka_run_group_tests(tests, set_up, NULL);
}
