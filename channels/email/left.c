/* See left.h. Called by box.c, which writes it, and email.c, which reads it; a mail that merely carries such a line has no signature. */
#include "left.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum { PLACE_MAX = LEFT_BOX_LEN + 2 * 11 + 1 };

static const char name[] = "X-Usher-Left: ";

void left_box(char out[LEFT_BOX_LEN + 1], const char *key)
{
	char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);

	g_strlcpy(out, sum, LEFT_BOX_LEN + 1);
	g_free(sum);
}

static void place(char out[PLACE_MAX], const struct left *left)
{
	g_snprintf(out, PLACE_MAX, "%s %u %u", left->box, left->validity, left->uid);
}

void left_write(GByteArray *raw, const struct left *left, const struct token_key *key)
{
	char at[PLACE_MAX], sign[TOKEN_MAC_LEN + 1];
	GString *line = g_string_new(name);

	place(at, left);
	token_sign(key, TOKEN_LEFT, at, sign);
	g_string_append_printf(line, "%s %s\r\n", at, sign);
	if (!raw->len)
		g_string_append_printf(
			line, "\r\nThis mail stays in its mailbox, as number %u.\r\n", left->uid);
	g_byte_array_prepend(raw, (const guint8 *)line->str, (guint)line->len);
	g_string_free(line, TRUE);
}

bool left_read(const char *raw, gsize n, const struct token_key *key, struct left *left)
{
	char line[sizeof(name) + PLACE_MAX + TOKEN_MAC_LEN + 2], at[PLACE_MAX];
	char sign[TOKEN_MAC_LEN + 1], given[TOKEN_MAC_LEN + 1];
	const char *end = memchr(raw, '\r', MIN(n, sizeof(line) - 1));

	if (!end || n < sizeof(name) || memcmp(raw, name, sizeof(name) - 1) != 0)
		return false;
	memcpy(line, raw, (size_t)(end - raw));
	line[end - raw] = '\0';
	if (sscanf(line + sizeof(name) - 1, "%16[0-9a-f] %10u %10u %16[0-9a-z]", left->box,
		    &left->validity, &left->uid, given) != 4 ||
		strlen(given) != TOKEN_MAC_LEN)
		return false;
	place(at, left);
	token_sign(key, TOKEN_LEFT, at, sign);
	return CRYPTO_memcmp(sign, given, TOKEN_MAC_LEN) == 0;
}
