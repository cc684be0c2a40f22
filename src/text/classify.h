/*
 * What a message is about, by rules: any of some words, a pattern, a language. Compiled once per configuration; a
 * message is read once, however many rules there are. The same message and rules always give the same answer and the same reason.
 *
 *   words    "карта", "credit card"  by stems (stem.h): карты, КАРТОЙ, credit cards; a phrase in this order, nothing between
 *   pattern  by pattern.h
 *   language of the message: "ru", "en" ..., or "unknown" for none
 *
 *   classifier ── map: stems of a phrase ─▶ use ─▶ use      which rules look for it, in their order
 *              └─ rules[] ── pattern, language, and where its first word was found in the message being read
 *
 * Looks at the first CLASSIFY_TEXT_MAX bytes of subject and text together.
 */
#ifndef USHER_TEXT_CLASSIFY_H
#define USHER_TEXT_CLASSIFY_H

#include "base/err.h"
#include "base/slice.h"

struct classifier;

/* ---- compiling ---- */
struct classifier *classifier_new(void);
void classifier_free(struct classifier **c);
/* The number of a new rule, from 0; it matches everything until more is said of it. What it is given is copied. */
size_t classifier_rule(struct classifier *c);
/* One word or a phrase of up to CLASSIFY_PHRASE_MAX; -EINVAL when there is no word in it, or too many. */
int classifier_word(struct classifier *c, size_t rule, struct slice phrase, struct err *err);
/* At most one. -EINVAL: what is wrong with it, and at which byte. */
int classifier_pattern(struct classifier *c, size_t rule, struct slice source, struct err *err);
void classifier_language(struct classifier *c, size_t rule, struct slice language);

/* ---- reading ---- */
struct classify_hit {
	struct slice word;    /* of the rule, as it was given; empty: none asked for */
	struct slice pattern; /* of the rule, likewise */
	struct slice said;    /* what in the message matched: of the word when both are asked for */
	bool gave_up; /* the pattern needed too long, for the first time since it was compiled */
};
/* The message that classify_matches is about; borrowed until the next one. */
void classify_begin(
	struct classifier *c, struct slice subject, struct slice text, struct slice language);
/* True when all holds that the rule asks for; *hit says why, borrowed until the next classify_begin. */
bool classify_matches(struct classifier *c, size_t rule, struct classify_hit *hit);

#endif
