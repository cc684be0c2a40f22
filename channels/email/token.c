/* See token.h. Pure but for OpenSSL's HMAC; called by parse, build and bounce in any thread. */
#include "token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const uint64_t day_us = UINT64_C(86400) * 1000000;

void token_key_make(struct token_key *key, const char *secret, size_t n)
{
	unsigned size = sizeof(key->bytes);
	static const char purpose[] = "usher email tokens";

	HMAC(EVP_sha256(), secret, (int)n, (const unsigned char *)purpose, sizeof(purpose) - 1,
		key->bytes, &size);
}

static void mac(const struct token_key *key, char kind, const char *text, size_t n,
	char out[TOKEN_MAC_LEN + 1])
{
	unsigned char input[1 + TOKEN_TEXT_MAX], sum[EVP_MAX_MD_SIZE];
	unsigned size = 0, bits = 0;
	uint32_t acc = 0;
	size_t at = 0;

	input[0] = (unsigned char)kind;
	memcpy(input + 1, text, n);
	HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes), input, n + 1, sum, &size);
	for (size_t i = 0; at < TOKEN_MAC_LEN; i++) {
		acc = (acc << 8 | sum[i]) & 0xffff;
		for (bits += 8; bits >= 5 && at < TOKEN_MAC_LEN; bits -= 5)
			out[at++] = alphabet[acc >> (bits - 5) & 31];
	}
	out[at] = '\0';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int digit(char c)
{
	const char *at = c ? strchr(alphabet, lower(c)) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

static bool lower_copy(char *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (digit(text[i]) < 0)
			return false;
		out[i] = lower(text[i]);
	}
	return true;
}

static void upper_copy(char *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
	out[n] = '\0';
}

static bool mac_is_right(
	const struct token_key *key, char kind, const char *text, size_t n, const char *given)
{
	char right[TOKEN_MAC_LEN + 1];

	mac(key, kind, text, n, right);
	return CRYPTO_memcmp(right, given, TOKEN_MAC_LEN) == 0;
}

/* A day of slack for clocks that disagree. */
static bool day_is_live(uint64_t day, uint64_t now_us)
{
	uint64_t today = now_us / day_us;

	return day <= today + 1 && day + TOKEN_DAYS >= today;
}

void token_plus_make(const struct token_key *key, enum token_kind kind, const char *id,
	uint64_t now_us, char out[TOKEN_PLUS_LEN + 1])
{
	uint64_t day = now_us / day_us;

	out[0] = (char)kind;
	for (size_t i = 0; i < TOKEN_ID_LEN; i++)
		out[1 + i] = lower(id[i]);
	for (unsigned i = 0; i < 4; i++)
		out[1 + TOKEN_ID_LEN + i] = alphabet[day >> 5 * (3 - i) & 31];
	mac(key, (char)kind, out, 1 + TOKEN_ID_LEN + 4, out + 1 + TOKEN_ID_LEN + 4);
}

bool token_plus_read(const struct token_key *key, enum token_kind kind, const char *text, size_t n,
	uint64_t now_us, char id[TOKEN_ID_LEN + 1])
{
	char low[TOKEN_PLUS_LEN];
	uint64_t day = 0;

	if (n != TOKEN_PLUS_LEN || lower(text[0]) != (char)kind || !lower_copy(low, text, n))
		return false;
	for (unsigned i = 0; i < 4; i++)
		day = day << 5 | (unsigned)digit(low[1 + TOKEN_ID_LEN + i]);
	if (!day_is_live(day, now_us) ||
		!mac_is_right(key, (char)kind, low, TOKEN_PLUS_LEN - TOKEN_MAC_LEN,
			low + TOKEN_PLUS_LEN - TOKEN_MAC_LEN))
		return false;
	upper_copy(id, low + 1, TOKEN_ID_LEN);
	return true;
}

void token_sign(const struct token_key *key, enum token_kind kind, const char *text,
	char out[TOKEN_MAC_LEN + 1])
{
	size_t n = strlen(text);

	mac(key, (char)kind, text, n < TOKEN_TEXT_MAX ? n : TOKEN_TEXT_MAX, out);
}

void token_msgid_make(const struct token_key *key, const char *conv, const char *message,
	char out[TOKEN_MSGID_LEN + 1])
{
	for (size_t i = 0; i < TOKEN_ID_LEN; i++) {
		out[i] = lower(conv[i]);
		out[TOKEN_ID_LEN + 1 + i] = lower(message[i]);
	}
	out[TOKEN_ID_LEN] = out[2 * TOKEN_ID_LEN + 1] = '.';
	mac(key, 'm', out, 2 * TOKEN_ID_LEN + 2, out + 2 * TOKEN_ID_LEN + 2);
}

/* The first ten characters of an id are milliseconds since 1970. */
static uint64_t id_day(const char *id)
{
	uint64_t ms = 0;

	for (unsigned i = 0; i < 10; i++)
		ms = ms << 5 | (unsigned)digit(id[i]);
	return ms * 1000 / day_us;
}

bool token_msgid_read(const struct token_key *key, const char *text, size_t n, uint64_t now_us,
	char conv[TOKEN_ID_LEN + 1], char message[TOKEN_ID_LEN + 1])
{
	char low[TOKEN_MSGID_LEN];
	const size_t body = 2 * TOKEN_ID_LEN + 2;

	if (n <= TOKEN_MSGID_LEN || text[TOKEN_MSGID_LEN] != '@' || text[TOKEN_ID_LEN] != '.' ||
		text[body - 1] != '.')
		return false;
	low[TOKEN_ID_LEN] = low[body - 1] = '.';
	if (!lower_copy(low, text, TOKEN_ID_LEN) ||
		!lower_copy(low + TOKEN_ID_LEN + 1, text + TOKEN_ID_LEN + 1, TOKEN_ID_LEN) ||
		!lower_copy(low + body, text + body, TOKEN_MAC_LEN))
		return false;
	if (!day_is_live(id_day(low + TOKEN_ID_LEN + 1), now_us) ||
		!mac_is_right(key, 'm', low, body, low + body))
		return false;
	upper_copy(conv, low, TOKEN_ID_LEN);
	upper_copy(message, low + TOKEN_ID_LEN + 1, TOKEN_ID_LEN);
	return true;
}
