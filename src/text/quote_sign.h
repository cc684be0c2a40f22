/*
 * Where a signature starts: "-- ", a phone's "Sent from ...", a sign-off with a name below it. Pure. Called by quote.c.
 */
#ifndef USHER_TEXT_QUOTE_SIGN_H
#define USHER_TEXT_QUOTE_SIGN_H

#include "base/slice.h"

/* Does the line at `at` open a signature that goes on to the end of the text? */
bool sign_opens(struct slice text, size_t at);
/*
 * No line before that one opens a signature, whatever sign_opens is asked: but for "-- ", all stand near the end. It is the line
 * above the first that may, or 0. `text` does not end with LF.
 */
size_t sign_search_from(struct slice text);

#endif
