/* Names of keys: one for each thing, none that a stranger could choose. */
#include "unit/cm.h"

#include "store/keys.h"

static struct keys keys;

static int setup(void **state)
{
	(void)state;
	keys_init(&keys, SLICE("main"));
	return 0;
}

/* These names are on people's disks: a change here is a migration. */
static void are_what_they_have_always_been(void **state)
{
	uint8_t chance[10] = { 1, 2, 3 };
	struct id id = id_make(1700000000000000, chance);

	(void)state;
	assert_string_equal(keys.inbox.text, "usher:{main}:in");
	assert_string_equal(keys.epoch.text, "usher:{main}:epoch");
	assert_string_equal(key_of_name(&keys, KEY_OUT, SLICE("mail")).text, "usher:{main}:out:"
									     "mail");
	assert_string_equal(key_of_id(&keys, KEY_CONV, id).text, "usher:{main.154}:conv:"
								 "01HF7YAT000410600000000000");
	assert_string_equal(key_of_hash(&keys, KEY_THREAD, SLICE("mail"), SLICE("<1@x>")).text,
		"usher:{main.255}:thread:"
		"1eddf15b3ce8941216f7067ea4f23dde1e813a0a97b3db0a5899280c2f4fab76");
}

static void a_strangers_text_never_shows(void **state)
{
	static const char *const nasty[] = { "}:in", "a b", "x\r\nFLUSHALL", "", "{other}", "*",
		"\xff\xfe" };

	(void)state;
	for (size_t i = 0; i < sizeof(nasty) / sizeof(*nasty); i++) {
		struct key named = key_of_name(&keys, KEY_USER, slice_of(nasty[i]));
		struct key hashed =
			key_of_hash(&keys, KEY_DEDUP, slice_of(nasty[i]), slice_of(nasty[i]));
		assert_true(slice_starts(key_slice(&named), SLICE("usher:{main}:user:=")));
		assert_int_equal(strspn(named.text + strlen("usher:{main}:user:="), "0123456789abcd"
										    "ef"),
			SHA256_HEX_LEN);
		const char *last = strrchr(hashed.text, ':') + 1;
		assert_int_equal(strspn(last, "0123456789abcdef"), SHA256_HEX_LEN);
		assert_int_equal(strlen(last), SHA256_HEX_LEN);
	}
	assert_string_not_equal(key_of_hash(&keys, KEY_THREAD, SLICE("a"), SLICE("bc")).text,
		key_of_hash(&keys, KEY_THREAD, SLICE("ab"), SLICE("c")).text);
}

static void are_told_apart_again(void **state)
{
	struct keys longer;
	enum key_family f;
	struct slice rest;

	(void)state;
	struct key key = key_of_hash(&keys, KEY_CLAIM, SLICE("email"), SLICE("x"));
	assert_true(key_parse(&keys, key_slice(&key), &f, &rest));
	assert_int_equal(f, KEY_CLAIM);
	assert_int_equal(rest.n, SHA256_HEX_LEN);
	assert_string_equal(key_family_type(f), "string");
	assert_false(key_parse(&keys, key_slice(&keys.inbox), &f, &rest));
	assert_false(key_parse(&keys, SLICE("usher:{main}:what:x"), &f, &rest));
	assert_false(key_parse(&keys, SLICE("usher:{main"), &f, &rest));
	keys_init(&longer, SLICE("main2"));
	key = key_of_name(&longer, KEY_USER, SLICE("bo"));
	assert_false(key_parse(&keys, key_slice(&key), &f, &rest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_what_they_have_always_been),
		cmocka_unit_test(a_strangers_text_never_shows),
		cmocka_unit_test(are_told_apart_again),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
