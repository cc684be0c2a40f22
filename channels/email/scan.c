/*
 * See scan.h. Called by the parse worker, its tests and fuzzer.
 *
 * The scan follows boundaries as a parser would, with a stack:
 *
 *   top headers ─ Content-Type: multipart; boundary=A ─▶ push A
 *   line "--A"    part + 1, read the part's headers, which may push B
 *   line "--B--"  pop to below B
 *   message/rfc822: the body starts with headers again, one level deeper, with no boundary of its own
 *
 * A line is compared with the boundaries on the stack only when it starts with "--": at most DEPTH_MAX
 * comparisons a line. What the scan takes for nested is never less than what the parser does.
 */
#include "scan.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct level {
	const char *boundary; /* NULL: a message inside a message */
	size_t n;
};

struct scan {
	const char *p, *end;
	struct level stack[SCAN_DEPTH_MAX];
	unsigned depth, parts;
	size_t header_lines, header_bytes, addresses, times;
	const char *why;
};

struct view {
	const char *p;
	size_t n;
};

/* The next line without its end. */
static bool line_next(struct scan *s, struct view *line)
{
	const char *lf;

	if (s->p >= s->end)
		return false;
	lf = memchr(s->p, '\n', (size_t)(s->end - s->p));
	line->p = s->p;
	line->n = (size_t)((lf ? lf : s->end) - s->p);
	s->p = lf ? lf + 1 : s->end;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool starts_nocase(struct view v, const char *word)
{
	size_t n = strlen(word);

	return v.n >= n && strncasecmp(v.p, word, n) == 0;
}

static unsigned words_count(struct view v, const char *word)
{
	unsigned count = 0;

	for (size_t i = 0; i < v.n; i++)
		count += starts_nocase((struct view){ v.p + i, v.n - i }, word);
	return count;
}

/* The value of boundary= in an unfolded or folded header. */
static struct view boundary_find(struct view v)
{
	for (size_t i = 0; i + 9 <= v.n; i++) {
		struct view at = { v.p + i, v.n - i };
		size_t j = 8;
		if (!starts_nocase(at, "boundary"))
			continue;
		while (j < at.n && strchr(" \t\r\n*0=", at.p[j]) && at.p[j])
			j++;
		bool quoted = j < at.n && at.p[j] == '"';
		size_t start = j + quoted, stop = start;
		while (stop < at.n &&
			(quoted ? at.p[stop] != '"' : !strchr("; \t\r\n", at.p[stop])))
			stop++;
		return (struct view){ at.p + start, stop - start };
	}
	return (struct view){ NULL, 0 };
}

static void push(struct scan *s, struct view boundary)
{
	if (s->depth >= SCAN_DEPTH_MAX) {
		s->why = "too many levels of parts";
		return;
	}
	s->stack[s->depth++] = (struct level){ boundary.p, boundary.n };
}

/* Headers that hold addresses: each costs the parser an object. */
static void addresses_count(struct scan *s, struct view header)
{
	if (!starts_nocase(header, "to:") && !starts_nocase(header, "cc:") &&
		!starts_nocase(header, "from:") && !starts_nocase(header, "bcc:") &&
		!starts_nocase(header, "reply-to:") && !starts_nocase(header, "resent-") &&
		!starts_nocase(header, "sender:"))
		return;
	for (size_t i = 0; i < header.n; i++)
		s->addresses += header.p[i] == ',' || header.p[i] == ';' || header.p[i] == '@' ||
				header.p[i] == '(';
	if (s->addresses > 2 * SCAN_ADDRESSES_MAX * s->times)
		s->why = "too many addresses";
}

enum body { BODY_PLAIN, BODY_MULTIPART, BODY_MESSAGE };

static void header_seen(struct scan *s, struct view h, enum body *body, struct view *boundary)
{
	addresses_count(s, h);
	if (!starts_nocase(h, "content-type:"))
		return;
	struct view value = { h.p + 13, h.n - 13 };
	if (*body != BODY_PLAIN || words_count(value, "boundary") > 1)
		s->why = "an ambiguous Content-Type"; /* the parser might choose the other one */
	while (value.n && strchr(" \t\r\n", *value.p) && *value.p)
		value = (struct view){ value.p + 1, value.n - 1 };
	if (value.n && *value.p == '(') {
		s->why = "a Content-Type that starts with a comment";
	} else if (starts_nocase(value, "multipart/")) {
		*body = BODY_MULTIPART;
		*boundary = boundary_find(value);
	} else if (starts_nocase(value, "message/")) {
		*body = BODY_MESSAGE;
	}
}

/* Reads one block of headers; says what stands below it. */
static enum body headers(struct scan *s, struct view *boundary)
{
	enum body body = BODY_PLAIN;
	struct view line, header = { NULL, 0 };

	while (!s->why && line_next(s, &line)) {
		s->header_bytes += line.n + 1;
		if (++s->header_lines > SCAN_HEADER_LINES_MAX * s->times)
			s->why = "too many header lines";
		else if (s->header_bytes > SCAN_HEADER_BYTES_MAX * s->times)
			s->why = "headers too long";
		if (line.n && (*line.p == ' ' || *line.p == '\t') && header.p) {
			header.n = (size_t)(line.p + line.n - header.p);
			continue;
		}
		if (header.p)
			header_seen(s, header, &body, boundary);
		header = line;
		if (line.n == 0)
			return body;
	}
	if (header.p && !s->why)
		header_seen(s, header, &body, boundary);
	return body;
}

/* Headers, and those of messages directly inside. */
static void entity(struct scan *s)
{
	while (!s->why) {
		struct view boundary = { NULL, 0 };
		enum body body = headers(s, &boundary);
		if (body == BODY_PLAIN)
			return;
		if (body == BODY_MULTIPART) {
			if (boundary.n > SCAN_BOUNDARY_MAX)
				s->why = "a boundary too long";
			else if (boundary.n)
				push(s, boundary);
			return;
		}
		push(s, (struct view){ NULL, 0 });
	}
}

/* Which level's boundary this line is: its index + 1, or 0; *closes for "--boundary--". */
static unsigned boundary_of(const struct scan *s, struct view line, bool *closes)
{
	for (unsigned i = s->depth; i-- > 0;) {
		const struct level *l = &s->stack[i];
		if (!l->boundary || line.n < l->n + 2 || memcmp(line.p + 2, l->boundary, l->n) != 0)
			continue;
		struct view rest = { line.p + 2 + l->n, line.n - 2 - l->n };
		*closes = rest.n >= 2 && rest.p[0] == '-' && rest.p[1] == '-';
		return i + 1;
	}
	return 0;
}

const char *scan_refusal(const char *raw, size_t n, bool wide)
{
	struct scan s = { .p = raw, .end = raw + n, .times = wide ? SCAN_WIDER : 1 };
	struct view line;

	entity(&s);
	while (!s.why && line_next(&s, &line)) {
		bool closes = false;
		unsigned level;
		if (line.n < 2 || line.p[0] != '-' || line.p[1] != '-' ||
			(level = boundary_of(&s, line, &closes)) == 0)
			continue;
		s.depth = closes ? level - 1 : level;
		if (closes)
			continue;
		if (++s.parts > SCAN_PARTS_MAX * s.times)
			s.why = "too many parts";
		entity(&s);
	}
	return s.why;
}

size_t scan_body(const char *raw, size_t n)
{
	struct scan s = { .p = raw, .end = raw + n };
	struct view line;

	while (line_next(&s, &line)) {
		if (line.n == 0)
			return (size_t)(s.p - raw);
	}
	return n;
}
