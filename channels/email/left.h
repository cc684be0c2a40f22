/*
 * The note of a mail that stays in its mailbox because it could not be fetched whole: one header line that says where it is, signed,
 * before what is here of it. By it a person's "read again" finds the mail on its server. Pure.
 */
#ifndef USHER_EMAIL_LEFT_H
#define USHER_EMAIL_LEFT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "token.h"

enum { LEFT_BOX_LEN = 16 };

struct left {
	char box[LEFT_BOX_LEN + 1]; /* which mailbox: left_box of its key */
	uint32_t validity, uid;
};

void left_box(char out[LEFT_BOX_LEN + 1], const char *key);
/* Puts the line before `raw`, the headers of the mail, or nothing: then a sentence stands for the mail. */
void left_write(GByteArray *raw, const struct left *left, const struct token_key *key);
/* False unless `raw` begins with a line that left_write wrote with that key. */
bool left_read(const char *raw, gsize n, const struct token_key *key, struct left *left);

#endif
