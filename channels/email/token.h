/*
 * Signed names by which an answer, or a bounce, finds its way back without trusting any header.
 *
 *   Reply-To      support+c<conversation 26><day 4><mac 16>@domain
 *   Message-ID    <conversation 26.message 26.mac 16@domain>
 *   return path   support+b<message 26><day 4><mac 16>@domain
 *
 * All in lower-case base32 (Crockford), since mail systems may change the case of addresses; ids are given
 * back in upper case, as usher writes them. The mac is HMAC-SHA256 cut to 80 bits over a letter for the kind and
 * all that stands before it. Tokens end TOKEN_DAYS after they were made (the Message-ID's day is in the message's id).
 */
#ifndef USHER_EMAIL_TOKEN_H
#define USHER_EMAIL_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TOKEN_ID_LEN = 26,
	TOKEN_DAYS = 400,
	TOKEN_MAC_LEN = 16,
	TOKEN_TEXT_MAX = 127,
	TOKEN_PLUS_LEN = 1 + 26 + 4 + 16,
	TOKEN_MSGID_LEN = 26 + 1 + 26 + 1 + 16
};

struct token_key {
	unsigned char bytes[32];
};

enum token_kind { TOKEN_CONVERSATION = 'c', TOKEN_BOUNCE = 'b', TOKEN_LEFT = 'l' };

/* The key from the configured secret, whatever its length. */
void token_key_make(struct token_key *key, const char *secret, size_t n);
/* What stands behind the plus; `id` has 26 characters. */
void token_plus_make(const struct token_key *key, enum token_kind kind, const char *id,
	uint64_t now_us, char out[TOKEN_PLUS_LEN + 1]);
/* True when genuine and not too old; the id in upper case. */
bool token_plus_read(const struct token_key *key, enum token_kind kind, const char *text, size_t n,
	uint64_t now_us, char id[TOKEN_ID_LEN + 1]);
/* The mac alone, of `text` (at most TOKEN_TEXT_MAX). */
void token_sign(const struct token_key *key, enum token_kind kind, const char *text,
	char out[TOKEN_MAC_LEN + 1]);
/* The left side of a Message-ID. */
void token_msgid_make(const struct token_key *key, const char *conv, const char *message,
	char out[TOKEN_MSGID_LEN + 1]);
/* `text`: a Message-ID without <>. */
bool token_msgid_read(const struct token_key *key, const char *text, size_t n, uint64_t now_us,
	char conv[TOKEN_ID_LEN + 1], char message[TOKEN_ID_LEN + 1]);

#endif
