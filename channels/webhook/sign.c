/*
 * See sign.h. Called by intake.c and send.c.
 */
#include "sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/buf.h"

static void mac(const char *key, struct usher_str timestamp, struct usher_str body,
	unsigned char out[SIGN_BYTES])
{
	struct buf all = { 0 };
	unsigned n = SIGN_BYTES;

	buf_add(&all, timestamp.p, timestamp.n);
	if (timestamp.n)
		buf_text(&all, ".");
	buf_add(&all, body.p, body.n);
	if (!HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)all.p, all.n, out,
		    &n))
		abort(); /* out of memory */
	buf_free(&all);
}

void sign_make(const char *key, struct usher_str timestamp, struct usher_str body, char *hex)
{
	unsigned char bytes[SIGN_BYTES];

	mac(key, timestamp, body, bytes);
	for (size_t i = 0; i < SIGN_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* "sha256=HEX", "v1=HEX" or "HEX". */
static bool from_hex(struct usher_str s, unsigned char out[SIGN_BYTES])
{
	const char *equals = s.n ? memchr(s.p, '=', s.n) : NULL;

	if (equals) {
		s.n -= (size_t)(equals + 1 - s.p);
		s.p = equals + 1;
	}
	if (s.n != SIGN_HEX)
		return false;
	for (size_t i = 0; i < SIGN_BYTES; i++) {
		int high = digit(s.p[2 * i]), low = digit(s.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static struct usher_str next_one(struct usher_str *rest)
{
	const char *comma = memchr(rest->p, ',', rest->n);
	struct usher_str one = { rest->p, comma ? (size_t)(comma - rest->p) : rest->n };

	rest->n -= comma ? one.n + 1 : one.n;
	rest->p += comma ? one.n + 1 : one.n;
	while (one.n && *one.p == ' ') {
		one.p++;
		one.n--;
	}
	while (one.n && one.p[one.n - 1] == ' ')
		one.n--;
	return one;
}

static bool is_in_time(struct usher_str timestamp, uint64_t now_s)
{
	uint64_t t = 0;

	if (!timestamp.n || timestamp.n > 12)
		return false;
	for (size_t i = 0; i < timestamp.n; i++) {
		if (timestamp.p[i] < '0' || timestamp.p[i] > '9')
			return false;
		t = t * 10 + (uint64_t)(timestamp.p[i] - '0');
	}
	return t + SIGN_WINDOW_S >= now_s && t <= now_s + SIGN_WINDOW_S;
}

enum sign_result sign_check(const struct sign_keys *keys, bool with_time,
	struct usher_str timestamp, struct usher_str signature, struct usher_str body,
	uint64_t now_s, uint64_t *tag)
{
	unsigned char given[SIGN_BYTES], ours[SIGN_BYTES];
	bool good = false;

	if (!signature.n || (with_time && !timestamp.n))
		return SIGN_MISSING;
	if (!with_time)
		timestamp = (struct usher_str){ 0 };
	for (size_t k = 0; k < keys->count; k++) {
		mac(keys->keys[k], timestamp, body, ours);
		for (struct usher_str rest = signature; rest.n;)
			if (from_hex(next_one(&rest), given) &&
				CRYPTO_memcmp(given, ours, SIGN_BYTES) == 0) {
				good = true;
				memcpy(tag, ours, sizeof(*tag));
			}
	}
	if (!good)
		return SIGN_WRONG;
	return with_time && !is_in_time(timestamp, now_s) ? SIGN_OLD : SIGN_OK;
}

bool sign_equal(struct usher_str a, const char *b)
{
	size_t n = strlen(b);

	return a.n == n && n && CRYPTO_memcmp(a.p, b, n) == 0;
}

bool seen_has(const struct seen *s, uint64_t tag)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->tags[i] == tag)
			return true;
	return false;
}

void seen_add(struct seen *s, uint64_t tag)
{
	s->tags[s->next] = tag;
	s->next = (s->next + 1) % SEEN_MAX;
	if (s->count < SEEN_MAX)
		s->count++;
}
