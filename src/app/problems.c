/*
 * Collects what is wrong, all of it and not only the first, and knows which word was probably meant. Never
 * prints. Called by the loader of the configuration and by usherd's own options.
 */
#include "app/problems.h"

#include <stdio.h>

enum { SUGGEST_WORD_MAX = 40 };

void problem_at(struct problems *p, unsigned line, unsigned col, const char *format, ...)
{
	va_list ap;

	if (p->count++ >= PROBLEMS_MAX)
		return;
	str_addf(p->out, "%s:%u:%u: ", p->file, line, col);
	va_start(ap, format);
	str_addv(p->out, format, ap);
	va_end(ap);
	str_add_char(p->out, '\n');
}

/* Edits (insert, remove, replace, swap two neighbours) that make one word of the other. */
static size_t distance(struct slice a, struct slice b)
{
	size_t rows[3][SUGGEST_WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	if (a.n > SUGGEST_WORD_MAX || b.n > SUGGEST_WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t best = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
				a.p[i - 2] == b.p[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[b.n];
}

struct suggest suggest_for(struct slice wanted)
{
	return (struct suggest){ .wanted = wanted, .distance = SIZE_MAX };
}

void suggest_add(struct suggest *s, struct slice known)
{
	size_t d = distance(s->wanted, known);

	if (d < s->distance) {
		s->distance = d;
		s->best = known;
	}
}

const char *suggest_text(const struct suggest *s, char out[128])
{
	size_t near = s->wanted.n / 3 < 1 ? 1 : s->wanted.n / 3;

	out[0] = '\0';
	if (s->best.n && s->distance <= near)
		snprintf(out, 128, "; did you mean '%.*s'?", SLICE_ARG(s->best));
	return out;
}
