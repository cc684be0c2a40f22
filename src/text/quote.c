/*
 * Where the new part of a reply ends. The first thing that opens a quotation (quote_open.h) decides:
 *
 *   an attribution, a banner or a block of headers     everything behind is quoted
 *   the same, and marks (>) behind it                  the marked lines are quoted
 *   marks alone                                        they are, unless an attribution follows further down
 *   a forwarded mail's banner                          nothing is: the mail is about what was forwarded
 *
 * When new lines stand behind marked ones, they were answers between the lines (or below the quotation), and nothing may be
 * hidden. The signature is looked for in what is fresh (quote_sign.h). Pure; time is linear.
 */
#include "text/quote.h"

#include "text/quote_line.h"
#include "text/quote_open.h"
#include "text/quote_sign.h"

/* Nobody answers below more lines than that; what costs a little for each must not cost much for all. */
enum { LINES_MAX = 3000 };

bool quote_is_forward(struct slice subject)
{
	static const char *const prefixes[] = { "fw:", "fwd:", "[fwd:", "пересл:", "пересланное",
		"пер:", "переслать:", "wg:", "tr:", "rv:", "enc:", "i:", "vs:", "vb:", "doorst:",
		"转发:", NULL };
	struct fold f;

	return starts_with_any(fold_line(&f, subject, FOLD_MAX), prefixes);
}

static struct slice trim_lines(struct slice s)
{
	while (s.n > 0 && line_is_blank(line_at(s, 0).s)) {
		size_t next = line_at(s, 0).next;
		s = slice_make(s.p + next, s.n - next);
	}
	while (s.n > 0 && strchr(" \t\n", s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct slice cut(struct slice text, size_t from, size_t to)
{
	return trim_lines(slice_make(text.p + from, to - from));
}

static struct quote_parts all_fresh(struct slice text)
{
	return (struct quote_parts){ trim_lines(text), { 0 }, { 0 } };
}

static bool is_dashes(struct slice line)
{
	struct slice s = slice_trim(line);

	while (s.n > 0 && (s.p[0] == '-' || s.p[0] == '_'))
		s = slice_make(s.p + 1, s.n - 1);
	return s.n == 0;
}

static void take_signature(struct quote_parts *parts)
{
	struct slice s = parts->fresh;
	size_t above = 0; /* where the last line with something in it starts */

	for (size_t at = sign_search_from(s); at < s.n; at = line_at(s, at).next) {
		if (line_is_blank(line_at(s, at).s))
			continue;
		if (at > 0 && sign_opens(s, at)) {
			if (above > 0 && is_dashes(line_at(s, above).s))
				at = above;
			parts->signature = cut(s, at, s.n);
			parts->fresh = cut(s, 0, at);
			return;
		}
		above = at;
	}
}

/* An address that was too long for its line: "> see (https://x.test/a" goes on without a mark. */
static bool leaves_link_open(struct slice line)
{
	for (size_t i = line.n; i > 0; i--) {
		if (strchr(")>", line.p[i - 1]) && i > 1)
			return false;
		if (strchr("(<", line.p[i - 1]))
			return slice_starts(slice_make(line.p + i, line.n - i), SLICE("http"));
	}
	return false;
}

static bool is_only_link(struct slice line)
{
	struct slice s = slice_trim(line);

	return s.n > 0 && strchr("(<", s.p[0]) &&
	       slice_starts(slice_make(s.p + 1, s.n - 1), SLICE("http")) &&
	       strchr(")>", s.p[s.n - 1]);
}

/* Where the marked lines from `at` end, blank ones between them included. */
static size_t marked_end(struct slice text, size_t at)
{
	size_t end = at;
	bool open = false;

	while (at < text.n) {
		struct line l = line_at(text, at);
		if (line_is_marked(l.s)) {
			end = l.next;
			open = leaves_link_open(l.s);
		} else if (!line_is_blank(l.s)) {
			if (!open && !is_only_link(l.s))
				break;
			open = false;
		}
		at = l.next;
	}
	return end;
}

static bool has_marked(struct slice text)
{
	for (size_t at = 0; at < text.n; at = line_at(text, at).next) {
		if (line_is_marked(line_at(text, at).s))
			return true;
	}
	return false;
}

/* The first line from `at` on that opens a quotation and is not itself marked. */
static enum quote_opening find_opening(
	struct slice text, size_t at, bool marks, size_t *start, size_t *body)
{
	for (unsigned lines = 0; at < text.n && lines < LINES_MAX;
		at = line_at(text, at).next, lines++) {
		if (!marks && line_is_marked(line_at(text, at).s))
			continue;
		enum quote_opening o = quote_opens(text, at, start, body);
		if (o != QUOTE_NOTHING)
			return o;
	}
	return QUOTE_NOTHING;
}

/* Text behind the marked lines: a signature ends it, further quotation is quoted, anything else is an answer. */
static struct quote_parts split_marked(struct slice text, size_t start, size_t body)
{
	size_t end = marked_end(text, body), again, behind;
	struct slice below = cut(text, end, text.n);
	struct quote_parts parts = { cut(text, 0, start), { 0 }, cut(text, start, end) };

	if (below.n == 0)
		return parts;
	if (parts.fresh.n && sign_opens(below, 0) && !has_marked(below)) {
		parts.signature = below;
		return parts;
	}
	if (quote_opens(below, 0, &again, &behind) == QUOTE_UNMARKED) {
		parts.quoted = cut(text, start, text.n);
		return parts;
	}
	if (parts.fresh.n == 0 && !has_marked(below)) {
		parts.fresh = below; /* answered below */
		return parts;
	}
	/* Answers between the lines; what the program quoted below them all the same. */
	enum quote_opening o = find_opening(text, end, false, &again, &behind);
	if (o == QUOTE_UNMARKED || (o == QUOTE_MARKED && marked_end(text, behind) >= text.n))
		return (struct quote_parts){ cut(text, 0, again), { 0 }, cut(text, again, text.n) };
	return all_fresh(text);
}

struct quote_parts quote_split(struct slice text)
{
	size_t start, body;
	struct quote_parts parts = all_fresh(text);

	switch (find_opening(text, 0, true, &start, &body)) {
	case QUOTE_MARKED:
		parts = split_marked(text, start, body);
		break;
	case QUOTE_UNMARKED:
		parts = (struct quote_parts){ cut(text, 0, start), { 0 },
			cut(text, start, text.n) };
		break;
	case QUOTE_FORWARD:
		return parts;
	case QUOTE_NOTHING:
		break;
	}
	if (parts.fresh.n == 0)
		parts = all_fresh(text);
	if (parts.signature.n == 0)
		take_signature(&parts);
	return parts;
}
