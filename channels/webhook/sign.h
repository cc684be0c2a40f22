/*
 * Signatures of bodies, and which were seen already. Pure but for the hash.
 *
 *   hex(HMAC-SHA256(key, timestamp "." body))        the header: "sha256=HEX", several with commas between, one for each live key
 */
#ifndef WEBHOOK_SIGN_H
#define WEBHOOK_SIGN_H

#include <stdbool.h>
#include <stdint.h>
#include <usher/channel.h>

enum {
	SIGN_BYTES = 32,
	SIGN_HEX = 64,
	SIGN_WINDOW_S = 300,
	SIGN_KEYS = 2,
	SIGN_KEY_MIN =
		16, /* RFC 2104 wants 32 and discourages less; services give out some of 16 */
	SEEN_MAX = 16384
};

enum sign_result { SIGN_OK, SIGN_MISSING, SIGN_OLD, SIGN_WRONG };

struct sign_keys {
	char *keys[SIGN_KEYS];
	size_t count;
};

/* An empty timestamp: over the body alone. hex has SIGN_HEX + 1 bytes. */
void sign_make(const char *key, struct usher_str timestamp, struct usher_str body, char *hex);
/* Compares in constant time with each key; *tag is then something of this very signature. */
enum sign_result sign_check(const struct sign_keys *keys, bool with_time,
	struct usher_str timestamp, struct usher_str signature, struct usher_str body,
	uint64_t now_s, uint64_t *tag);
bool sign_equal(struct usher_str a, const char *b);

/* The latest signatures that were taken; the oldest goes first. */
struct seen {
	uint64_t tags[SEEN_MAX];
	size_t count, next;
};
bool seen_has(const struct seen *s, uint64_t tag);
void seen_add(struct seen *s, uint64_t tag);

#endif
