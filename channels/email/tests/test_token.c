#include "cm.h"

#include "token.h"

static const char conv[] = "01HF000000ABCDEFGHJKMNPQRS", msg[] = "01HF7YAT00ZZZZZZZZZZZZZZZZ";
static const uint64_t now = UINT64_C(1700000000) * 1000000, day = UINT64_C(86400) * 1000000;

static void comes_back_whatever_the_case(void **state)
{
	struct token_key key;
	char plus[TOKEN_PLUS_LEN + 1], id[27];

	(void)state;
	token_key_make(&key, "a long secret here", 18);
	token_plus_make(&key, TOKEN_CONVERSATION, conv, now, plus);
	assert_int_equal(strlen(plus), TOKEN_PLUS_LEN);
	assert_true(token_plus_read(&key, TOKEN_CONVERSATION, plus, strlen(plus), now, id));
	assert_string_equal(id, conv);
	for (char *p = plus; *p; p++)
		*p = g_ascii_toupper(*p);
	assert_true(token_plus_read(&key, TOKEN_CONVERSATION, plus, strlen(plus), now, id));
	assert_string_equal(id, conv);
}

static void every_changed_character_is_noticed(void **state)
{
	struct token_key key, other;
	char plus[TOKEN_PLUS_LEN + 1], id[27];

	(void)state;
	token_key_make(&key, "a long secret here", 18);
	token_key_make(&other, "another secret here", 19);
	token_plus_make(&key, TOKEN_BOUNCE, msg, now, plus);
	assert_false(token_plus_read(&other, TOKEN_BOUNCE, plus, strlen(plus), now, id));
	assert_false(token_plus_read(&key, TOKEN_CONVERSATION, plus, strlen(plus), now, id));
	assert_false(token_plus_read(&key, TOKEN_BOUNCE, plus, strlen(plus) - 1, now, id));
	for (size_t i = 0; i < TOKEN_PLUS_LEN; i++) {
		char was = plus[i];
		plus[i] = was == '2' ? '3' : '2';
		assert_false(token_plus_read(&key, TOKEN_BOUNCE, plus, strlen(plus), now, id));
		plus[i] = '-';
		assert_false(token_plus_read(&key, TOKEN_BOUNCE, plus, strlen(plus), now, id));
		plus[i] = was;
	}
	assert_true(token_plus_read(&key, TOKEN_BOUNCE, plus, strlen(plus), now, id));
}

static void grows_old(void **state)
{
	struct token_key key;
	char plus[TOKEN_PLUS_LEN + 1], id[27];

	(void)state;
	token_key_make(&key, "a long secret here", 18);
	token_plus_make(&key, TOKEN_CONVERSATION, conv, now, plus);
	assert_true(token_plus_read(
		&key, TOKEN_CONVERSATION, plus, strlen(plus), now + TOKEN_DAYS * day, id));
	assert_false(token_plus_read(
		&key, TOKEN_CONVERSATION, plus, strlen(plus), now + (TOKEN_DAYS + 2) * day, id));
	assert_false(
		token_plus_read(&key, TOKEN_CONVERSATION, plus, strlen(plus), now - 3 * day, id));
}

static void message_ids_name_both(void **state)
{
	struct token_key key;
	char text[128], got_conv[27], got_msg[27];
	uint64_t when = UINT64_C(1699999999) * 1000000; /* msg's own time is 1700000000 s or near */

	(void)state;
	token_key_make(&key, "a long secret here", 18);
	token_msgid_make(&key, conv, msg, text);
	strcat(text, "@demo.test");
	assert_true(token_msgid_read(&key, text, strlen(text), when, got_conv, got_msg));
	assert_string_equal(got_conv, conv);
	assert_string_equal(got_msg, msg);
	assert_false(
		token_msgid_read(&key, text, strlen(text), when + 500 * day, got_conv, got_msg));
	text[3] ^= 1;
	assert_false(token_msgid_read(&key, text, strlen(text), when, got_conv, got_msg));
	assert_false(token_msgid_read(&key, "x@y", 3, when, got_conv, got_msg));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(comes_back_whatever_the_case),
		cmocka_unit_test(every_changed_character_is_noticed), cmocka_unit_test(grows_old),
		cmocka_unit_test(message_ids_name_both) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
