/*
 * The lines of a text and what they are compared by: for quote.c, quote_open.c and quote_sign.c, and for nobody else.
 * Pure; nothing is copied but what is folded, and that is at most FOLD_MAX bytes.
 */
#ifndef USHER_TEXT_QUOTE_LINE_H
#define USHER_TEXT_QUOTE_LINE_H

#include "base/slice.h"

enum { FOLD_MAX = 400 };

/* A line of the text and where the next starts. */
struct line {
	struct slice s; /* without LF */
	size_t next;
};

/* A line, or several joined by spaces, in lower case. */
struct fold {
	char p[FOLD_MAX + 8];
	size_t n;
};

struct line line_at(struct slice text, size_t at);
bool line_is_blank(struct slice line);
/* It starts with '>'. */
bool line_is_marked(struct slice line);
/* The line without "> > " in front and blanks around. */
struct slice line_unmark(struct slice line);
/* At least ten of one of _ - and the long dashes, and nothing else. */
bool line_is_rule(struct slice line);

/* Wide colons and brackets become narrow ones, odd blanks a space. False: it has no room, or is not UTF-8. */
bool fold_add(struct fold *f, struct slice s);
struct slice fold_slice(const struct fold *f);
/* The line trimmed and folded, when it is no longer than `max`; else the empty slice. Lives as long as *f. */
struct slice fold_line(struct fold *f, struct slice line, size_t max);

bool slice_has(struct slice s, const char *part);
/* `list` ends with NULL. */
bool starts_with_any(struct slice s, const char *const *list);
bool ends_with_any(struct slice s, const char *const *list);
bool has_any(struct slice s, const char *const *list);

#endif
