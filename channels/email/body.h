/*
 * The parts of a parsed message: which are its text, which are files. Runs in the parse worker, on GMime's tree.
 */
#ifndef USHER_EMAIL_BODY_H
#define USHER_EMAIL_BODY_H

#include <gmime/gmime.h>

#include "parse.h"

/* Fills text, html, parts and the bounce fields of `m`. */
void body_read(
	GMimeMessage *message, struct parsed *m, const struct token_key *key, uint64_t now_us);

/* A Message-ID: line in the text that names a message of ours: its id, else nothing is written. */
void body_own_id(const char *text, gsize n, const struct token_key *key, uint64_t now_us,
	char message[TOKEN_ID_LEN + 1]);

#endif
