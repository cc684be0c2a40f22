/*
 * What opens a quotation: a mail program's "On ... wrote:", its banner, a block of headers. Pure. Called by quote.c.
 */
#ifndef USHER_TEXT_QUOTE_OPEN_H
#define USHER_TEXT_QUOTE_OPEN_H

#include "base/slice.h"

enum quote_opening {
	QUOTE_NOTHING,
	QUOTE_MARKED,	/* what is quoted has marks (>) */
	QUOTE_UNMARKED, /* it goes on to the end */
	QUOTE_FORWARD	/* what follows is not quoted: it is what the mail is about */
};

/* What the line at `at` opens; *start is where its words start (most often `at`), *body where what it quotes does. */
enum quote_opening quote_opens(struct slice text, size_t at, size_t *start, size_t *body);

#endif
