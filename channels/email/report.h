/*
 * Reports about mails of ours that have no part for programs: known by who wrote them and what they are called, read by their
 * words. Called by parse.c.
 */
#ifndef USHER_EMAIL_REPORT_H
#define USHER_EMAIL_REPORT_H

#include "parse.h"

/* Fills the bounce fields of an automatic mail that body_read has read; `raw` is all of it. */
void report_read(
	struct parsed *m, const GByteArray *raw, const struct token_key *key, uint64_t now_us);

#endif
