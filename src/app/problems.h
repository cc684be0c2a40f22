/*
 * What is wrong with a configuration: one line for each, `file:line:col: message`, and "did you mean".
 */
#ifndef USHER_APP_PROBLEMS_H
#define USHER_APP_PROBLEMS_H

#include "base/str.h"

enum { PROBLEMS_MAX = 20 };

struct problems {
	const char *file;
	struct str *out; /* lines; those beyond PROBLEMS_MAX are only counted */
	size_t count;
};

void problem_at(struct problems *p, unsigned line, unsigned col, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The nearest of some known words to a wrong one. */
struct suggest {
	struct slice wanted, best;
	size_t distance;
};
struct suggest suggest_for(struct slice wanted);
void suggest_add(struct suggest *s, struct slice known);
/* "; did you mean 'length'?", or "" when nothing is near. Written to out, which it returns. */
const char *suggest_text(const struct suggest *s, char out[128]);

#endif
