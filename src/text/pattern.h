/*
 * A regular expression of the administrator's, on text of a stranger's. Perl's syntax (PCRE2), Unicode, capitals alike.
 * However it is written, a search ends after CLASSIFY_STEPS_MAX steps, which is milliseconds: a pattern that needs more has not matched
 * and says so.
 */
#ifndef USHER_TEXT_PATTERN_H
#define USHER_TEXT_PATTERN_H

#include "base/err.h"
#include "base/slice.h"

struct pattern;

/* -EINVAL: the reason and at which byte of the source. */
int pattern_open(struct pattern **out, struct slice source, struct err *err);
void pattern_free(struct pattern **p);
/* 1 and what it found, borrowed from the text; 0: not there; -E2BIG: gave up. Any bytes; what is not UTF-8 matches nothing. */
int pattern_find(struct pattern *p, struct slice text, struct slice *found);

#endif
