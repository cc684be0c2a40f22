/*
 * Names of the closed sets of words, made from their tables.
 */
#include "model/words.h"

#define WORD_TEXT(name, text) text,
const char *const conv_state_words[] = { "", CONV_STATES(WORD_TEXT) NULL };
const char *const presence_words[] = { "", PRESENCES(WORD_TEXT) NULL };
const char *const direction_words[] = { "", DIRECTIONS(WORD_TEXT) NULL };
const char *const delivery_words[] = { "", DELIVERIES(WORD_TEXT) NULL };
const char *const role_words[] = { "", ROLES(WORD_TEXT) NULL };
const char *const strategy_words[] = { "", STRATEGIES(WORD_TEXT) NULL };
const char *const visit_words[] = { "", VISITS(WORD_TEXT) NULL };
const char *const offer_end_words[] = { "", OFFER_ENDS(WORD_TEXT) NULL };
const char *const answer_words[] = { "", ANSWERS(WORD_TEXT) NULL };

uint32_t word_parse(const char *const *words, struct slice name)
{
	for (uint32_t i = 1; words[i]; i++)
		if (slice_is(name, words[i]))
			return i;
	return 0;
}
