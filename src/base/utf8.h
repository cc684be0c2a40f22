/*
 * UTF-8 by the Unicode table of well-formed sequences (no overlongs, no surrogates, ≤ U+10FFFF).
 */
#ifndef USHER_BASE_UTF8_H
#define USHER_BASE_UTF8_H

#include "base/str.h"

bool utf8_valid(struct slice s);
/* Incremental validator for fragments: start with 0; returns false at the first bad byte.
 * After the last fragment the text is whole when *state == 0. */
bool utf8_feed(uint32_t *state, struct slice part);
/* Decodes one code point at s.p (s.n > 0); returns its length 1..4, or 0 when malformed. */
size_t utf8_decode(struct slice s, uint32_t *code_point);
/* Where utf8_decode gave 0: the bytes that one U+FFFD stands for, 1..3 (Unicode's "maximal subpart"). */
size_t utf8_malformed(struct slice s);
void utf8_encode(struct str *out, uint32_t code_point);
/* Appends `s` with every malformed sequence replaced by U+FFFD. */
void utf8_clean(struct str *out, struct slice s);
/* The longest prefix of at most `max` bytes that ends on a code point boundary. */
struct slice utf8_truncate(struct slice s, size_t max);

#endif
