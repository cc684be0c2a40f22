/*
 * Clean Unicode: what is stored and shown of any text from outside.
 *
 * Valid UTF-8 (bad bytes become U+FFFD), NFC, line ends as LF; without control characters, bidirectional
 * overrides and embeddings, invisible fillers, and towers of combining marks. Zero-width joiners stay where
 * a script or an emoji needs them. At most `max` bytes are appended, cut at a code point.
 */
#ifndef USHER_TEXT_NORMALIZE_H
#define USHER_TEXT_NORMALIZE_H

#include "base/str.h"

/* Many lines: tabs and LF stay; blank lines at both ends go. */
void text_normalize(struct str *out, struct slice text, size_t max);
/* One line (a subject, a name): white space of any kind becomes one space, none at the ends. */
void text_normalize_line(struct str *out, struct slice text, size_t max);

#endif
