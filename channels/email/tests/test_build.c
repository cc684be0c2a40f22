/* Letters as the next server sees them; read back by the parser, which is another program's. */
#include "cm.h"

#include <gmime/gmime.h>

#include "build.h"
#include "parse.h"

static const uint64_t now = UINT64_C(1762160400) * 1000000;
static struct letter_config config;
static struct parse_config parse_config;

static struct letter *letter_make(const char *subject, const char *text, const char *html)
{
	struct letter *l = letter_new();

	l->id = g_strdup("01K94F3NM0ZZZZZZZZZZZZZZZZ");
	l->conv = g_strdup("01K94F3NM0ABCDEFGHJKMNPQRS");
	l->to = g_strdup("ann@example.org");
	l->envelope = g_strdup("ann@example.org");
	l->subject = g_strdup(subject);
	l->text = g_strdup(text);
	l->html = g_strdup(html);
	l->in_reply_to = g_strdup("");
	l->now_us = now;
	return l;
}

static void add_part(
	struct letter *l, const char *name, const char *type, const char *cid, const char *bytes)
{
	struct letter_part p = { g_strdup(name), g_strdup(type), g_strdup(cid),
		g_byte_array_new() };

	g_byte_array_append(p.bytes, (const guint8 *)bytes, (guint)strlen(bytes));
	g_array_append_val(l->parts, p);
}

static char *built(struct letter *l)
{
	GByteArray *bytes = letter_build(l, &config);

	g_byte_array_append(bytes, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(bytes, FALSE);
}

static void assert_has(const char *mail, const char *what)
{
	if (!strstr(mail, what))
		print_error("missing: %s\nin:\n%s\n", what, mail);
	assert_non_null(strstr(mail, what));
}

static struct parsed *reread(const char *mail)
{
	GByteArray *raw = g_byte_array_new();

	g_byte_array_append(raw, (const guint8 *)mail, (guint)strlen(mail));
	return parse_mail(raw, "x@y", now, &parse_config);
}

static void answers_in_the_thread(void **state)
{
	struct letter *l = letter_make("Заказ № 42: где он? Очень длинная тема, чтобы строка была "
				       "сложена",
		"Здравствуйте!\n.\nОн в пути.\n", "");
	char *mail, *sender, id[27], other[27];
	struct parsed *m;

	(void)state;
	g_free(l->in_reply_to);
	l->in_reply_to = g_strdup("m2@example.org");
	g_ptr_array_add(l->refs, g_strdup("m1@example.org"));
	g_ptr_array_add(l->refs, g_strdup("hash:abc"));
	g_ptr_array_add(l->refs, g_strdup("<m2@example.org>"));
	mail = built(l);
	assert_has(mail, "From: =?UTF-8?");
	assert_has(mail, "<support@demo.test>\r\n");
	assert_has(mail, "To: ann@example.org\r\n");
	assert_has(mail, "In-Reply-To: <m2@example.org>\r\n");
	assert_has(mail, "References: <m1@example.org> <m2@example.org>\r\n");
	assert_has(mail, "Date: Mon, 03 Nov 2025 09:00:00 +0000\r\n");
	assert_has(mail, "MIME-Version: 1.0\r\n");
	assert_null(strstr(mail, "Auto-Submitted"));
	for (const char *p = mail; *p; p++) {
		assert_false(*p == '\n' && (p == mail || p[-1] != '\r'));
		assert_true((unsigned char)*p < 0x80);
	}
	m = reread(mail);
	assert_string_equal(m->subject, "Re: Заказ № 42: где он? Очень длинная тема, чтобы строка "
					"была сложена");
	assert_string_equal(m->from_name, "Служба поддержки");
	g_strdelimit(m->text->str, "\r", ' ');
	assert_has(m->text->str, "Он в пути.");
	/* Its Message-ID and its reply address lead back to the conversation. */
	assert_true(token_msgid_read(
		&config.key, m->message_id, strlen(m->message_id), now, id, other));
	assert_string_equal(id, l->conv);
	assert_string_equal(other, l->id);
	const char *plus = strchr(m->reply_to, '+') + 1;
	assert_true(token_plus_read(&config.key, TOKEN_CONVERSATION, plus,
		(size_t)(strchr(plus, '@') - plus), now, id));
	assert_string_equal(id, l->conv);
	sender = letter_sender(l, &config);
	plus = strchr(sender, '+') + 1;
	assert_true(token_plus_read(
		&config.key, TOKEN_BOUNCE, plus, (size_t)(strchr(plus, '@') - plus), now, id));
	assert_string_equal(id, l->id);
	g_free(sender);
	parsed_free(m);
	g_free(mail);
	letter_free(l);
}

static void nothing_gets_into_a_header(void **state)
{
	struct letter *l = letter_make("Hi\r\nBcc: evil@x\r\n\r\nbody", "text", "");
	char *mail;

	(void)state;
	g_free(l->in_reply_to);
	l->in_reply_to = g_strdup("a@b>\r\nX-Evil: 1");
	g_ptr_array_add(l->refs, g_strdup("a@b\r\nX-Evil: 2"));
	add_part(l, "a\r\nX-Evil: 3.txt", "text/plain\r\nX-Evil: 4", "", "x");
	mail = built(l);
	assert_null(strstr(mail, "\r\nBcc"));
	assert_null(strstr(mail, "\nX-Evil"));
	g_free(mail);
	letter_free(l);
}

static void keeps_a_reply_a_reply(void **state)
{
	static const char *const cases[][2] = { { "Re: x", "Re: x" }, { "RE: x", "RE: x" },
		{ "Ответ: x", "Ответ: x" }, { "x", "Re: x" }, { "", "Re:" } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct letter *l = letter_make(cases[i][0], "t", "");
		g_ptr_array_add(l->refs, g_strdup("m@x"));
		char *mail = built(l);
		struct parsed *m = reread(mail);
		assert_string_equal(m->subject, cases[i][1]);
		parsed_free(m);
		g_free(mail);
		letter_free(l);
	}
}

static void carries_html_images_and_files(void **state)
{
	struct letter *l = letter_make("s", "plain", "<img src=\"cid:logo@x\">");
	char *mail;
	struct parsed *m;

	(void)state;
	add_part(l, "logo.png", "image/png", "logo@x", "PNG");
	add_part(l, "Счёт за ноябрь.pdf", "application/pdf", "", "PDF bytes");
	mail = built(l);
	m = reread(mail);
	assert_string_equal(m->text->str, "plain");
	assert_string_equal(m->html->str, "<img src=\"cid:logo@x\">");
	assert_int_equal(m->parts->len, 2);
	struct parsed_part *p = &g_array_index(m->parts, struct parsed_part, 0);
	assert_string_equal(p->cid, "logo@x");
	p = &g_array_index(m->parts, struct parsed_part, 1);
	assert_string_equal(p->name, "Счёт за ноябрь.pdf");
	assert_memory_equal(p->bytes->data, "PDF bytes", 9);
	assert_has(mail, "multipart/mixed");
	assert_has(mail, "multipart/related");
	assert_has(mail, "multipart/alternative");
	parsed_free(m);
	g_free(mail);
	letter_free(l);
}

static void quotes_what_it_answers(void **state)
{
	struct letter *l = letter_make("s", "Он в пути.", "");
	char *mail;
	struct parsed *m;

	(void)state;
	l->signature = g_strdup("Bo\nDemo Bank");
	l->quoted = g_strdup("Где <b>мой</b> заказ?\n\n> раньше\n");
	l->quoted_from = g_strdup("Анна\r\n> \"x\"");
	l->quoted_at_us = now;
	l->lang = g_strdup("ru");
	g_ptr_array_add(l->cc, g_strdup("kim@example.org"));
	add_part(l, "a \"b\".png", "image/png", "i\"1@x", "PNG");
	mail = built(l);
	m = reread(mail);
	g_strdelimit(m->text->str, "\r", ' ');
	assert_string_equal(m->text->str, "Он в пути.\n\nBo\nDemo Bank\n\n03.11.2025, 09:00 UTC, "
					  "Анна > \"x\" пишет:\n"
					  "> Где <b>мой</b> заказ?\n>\n>> раньше\n");
	assert_has(m->html->str, "Где &lt;b&gt;мой&lt;/b&gt; заказ?");
	assert_has(m->html->str, "<img src=\"cid:i%221@x\" alt=\"a &quot;b&quot;.png\">");
	assert_has(m->html->str, "<blockquote");
	assert_has(mail, "Cc: kim@example.org\r\n");
	parsed_free(m);
	g_free(mail);
	letter_free(l);
}

/* Longer than a line may be folded: still one address. */
#define LEAVE                                                                                      \
	"<https://demo.test/leave?list=answers&of=support-of-the-demo-center-and-its-many-"        \
	"queues>, <mailto:leave@demo.test>"

static void says_when_a_rule_wrote_it(void **state)
{
	struct letter *l = letter_make("s", "t", "");
	char *mail, *sender;

	(void)state;
	l->automatic = true;
	mail = built(l);
	assert_has(mail, "Auto-Submitted: auto-replied\r\n");
	assert_null(strstr(mail, "List-Unsubscribe"));
	g_free(mail);
	config.unsubscribe = (char *)(uintptr_t)LEAVE;
	mail = built(l);
	assert_has(mail, "\r\nList-Unsubscribe: " LEAVE "\r\n");
	l->automatic = false;
	g_free(mail);
	mail = built(l);
	assert_null(strstr(mail, "List-Unsubscribe"));
	config.unsubscribe = NULL;
	l->automatic = true;
	sender = letter_sender(l, &config);
	assert_string_equal(sender, "");
	g_free(sender);
	g_free(mail);
	letter_free(l);
}

static void shortens_long_threads(void **state)
{
	struct letter *l = letter_make("s", "t", "");
	char *mail;

	(void)state;
	for (int i = 0; i < 60; i++)
		g_ptr_array_add(l->refs, g_strdup_printf("m%d@x", i));
	mail = built(l);
	assert_has(mail, "<m0@x>");
	assert_has(mail, "<m59@x>");
	assert_null(strstr(mail, "<m20@x>"));
	g_free(mail);
	letter_free(l);
}

static int set_up(void **state)
{
	(void)state;
	g_mime_init();
	token_key_make(&config.key, "a long secret here", 18);
	parse_config.key = config.key;
	config.from_name = (char *)(uintptr_t) "Служба поддержки";
	config.from_address = config.mailbox = (char *)(uintptr_t) "support@demo.test";
	return 0;
}

static void html_is_quoted_as_html(void **state)
{
	struct letter *l = letter_make("Re: card", "It is there.", "");
	char *mail;

	(void)state;
	l->quoted = g_strdup("Where is <it>?");
	l->quoted_from = g_strdup("Ann");
	l->quoted_html = g_strdup("<p>Where is <b>it</b>? <img src=\"cid:one@x\"></p>");
	add_part(l, "one.png", "image/png", "one@x", "1");
	add_part(l, "two.png", "image/png", "two@x", "2");
	mail = built(l);
	assert_has(mail, "> Where is <it>?");
	assert_has(mail, "<p>Where is <b>it</b>?");
	assert_has(mail, "cid:two@x"); /* which the quotation does not show itself */
	assert_null(strstr(strstr(mail, "cid:one@x") + 1, "cid:one@x"));
	g_free(mail);
	letter_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_in_the_thread),
		cmocka_unit_test(nothing_gets_into_a_header),
		cmocka_unit_test(keeps_a_reply_a_reply),
		cmocka_unit_test(carries_html_images_and_files),
		cmocka_unit_test(quotes_what_it_answers),
		cmocka_unit_test(says_when_a_rule_wrote_it),
		cmocka_unit_test(html_is_quoted_as_html), cmocka_unit_test(shortens_long_threads) };

	return cmocka_run_group_tests(tests, set_up, NULL);
}
