/*
 * The words of a text as stems: letters folded (case, ё as е, full width as plain), each word stemmed by the rules of
 * its own script: Cyrillic by the Russian ones, any other by the English ones. So `Картой` and `карты` are one word, and a
 * text of two languages is read in both. Stems know nothing of typos.
 *
 *   text    "Верните деньги, refunds!"
 *   joined  "верн деньг refund"
 *   list     └at 0  └at 9 ...   and where in the text each was said
 */
#ifndef USHER_TEXT_STEM_H
#define USHER_TEXT_STEM_H

#include "base/str.h"

struct stemmer;

struct stem {
	uint32_t at, n;	   /* in `joined`, bytes */
	uint32_t from, to; /* in the text it was read from, bytes */
};
/* Zero-initialised is empty; its memory is used again by the next text. */
struct stems {
	struct str joined; /* one space between */
	struct stem *list;
	size_t count, cap;
};

struct stemmer *stemmer_new(void);
void stemmer_free(struct stemmer **s);
/* Replaces what `out` holds. A word longer than 96 bytes is known by its beginning. text.n ≤ MESSAGE_TEXT_MAX. */
void stemmer_read(struct stemmer *s, struct slice text, struct stems *out);
/* `count` words from `first` on, as one slice of `joined`. */
struct slice stems_run(const struct stems *s, size_t first, size_t count);
void stems_free(struct stems *s);

#endif
