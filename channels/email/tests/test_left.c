/* The note of a mail that stays in its mailbox: what is written is read, what a stranger wrote is not. */
#include "cm.h"

#include <string.h>

#include "left.h"

static const struct left place = { "0123456789abcdef", 7, 4294967295u };

static GByteArray *note(const char *headers, const char *secret)
{
	GByteArray *raw = g_byte_array_new();
	struct token_key key;

	token_key_make(&key, secret, strlen(secret));
	g_byte_array_append(raw, (const guint8 *)headers, (guint)strlen(headers));
	left_write(raw, &place, &key);
	return raw;
}

static bool is_read(const GByteArray *raw, gsize n, struct left *left)
{
	struct token_key key;

	token_key_make(&key, "a secret", 8);
	return left_read((const char *)raw->data, n, &key, left);
}

static void it_is_read_back(void **state)
{
	const char *const headers[] = { "", "Subject: x\r\n\r\n" };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++) {
		GByteArray *raw = note(headers[i], "a secret");
		struct left left;
		assert_true(is_read(raw, raw->len, &left));
		assert_string_equal(left.box, place.box);
		assert_int_equal(left.validity, place.validity);
		assert_int_equal(left.uid, place.uid);
		assert_memory_equal(
			raw->data + raw->len - strlen(headers[i]), headers[i], strlen(headers[i]));
		g_byte_array_unref(raw);
	}
}

static void a_strangers_is_not(void **state)
{
	GByteArray *raw = note("Subject: x\r\n\r\n", "another secret");
	struct left left;

	(void)state;
	assert_false(is_read(raw, raw->len, &left));
	g_byte_array_unref(raw);
	raw = note("", "a secret");
	raw->data[35] ^= 1; /* a figure of its place */
	assert_false(is_read(raw, raw->len, &left));
	raw->data[35] ^= 1;
	for (gsize n = 0; n < 60; n++)
		assert_false(is_read(raw, n, &left));
	g_byte_array_unref(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_read_back),
		cmocka_unit_test(a_strangers_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
