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
	size_t header_lines, header_bytes, addresses, comparisons, times;
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

/* "boundary" as a parameter's name at v: where its value stands, or 0. */
static size_t boundary_name(struct view v, size_t i)
{
	const size_t n = strlen("boundary");
	size_t j = i + n;

	if (!starts_nocase((struct view){ v.p + i, v.n - i }, "boundary") ||
		(i > 0 && !strchr("; \t\r\n", v.p[i - 1])))
		return 0;
	while (j < v.n && strchr(" \t\r\n", v.p[j]) && v.p[j])
		j++;
	if (j >= v.n || v.p[j] != '=')
		return 0;
	j++;
	while (j < v.n && strchr(" \t\r\n", v.p[j]) && v.p[j])
		j++;
	return j;
}

static bool has_word(struct view v, const char *word)
{
	for (size_t i = 0; i < v.n; i++) {
		if (starts_nocase((struct view){ v.p + i, v.n - i }, word))
			return true;
	}
	return false;
}

/* Nothing in it that is not meant literally. */
static bool value_is_plain(struct view v, bool quoted)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\\' || v.p[i] == '\0' || (!quoted && strchr("()\"", v.p[i])))
			return false;
	}
	return true;
}

/*
 * The value of boundary= in an unfolded or folded header. False when a parser might read another one: there are two, or it is
 * written in one of the ways (boundary*0*=, comments in between) that no mail program uses for it.
 */
static bool boundary_find(struct view v, struct view *boundary)
{
	unsigned count = 0;

	*boundary = (struct view){ NULL, 0 };
	for (size_t i = 0; i < v.n; i++) {
		size_t start = boundary_name(v, i), stop;
		if (!start)
			continue;
		bool quoted = start < v.n && v.p[start] == '"';
		start += quoted;
		stop = start;
		while (stop < v.n && (quoted ? v.p[stop] != '"' : !strchr("; \t\r\n", v.p[stop])))
			stop++;
		*boundary = (struct view){ v.p + start, stop - start };
		count += value_is_plain(*boundary, quoted) ? 1 : 2;
	}
	return count == 1 || (count == 0 && !has_word(v, "boundary"));
}

static void push(struct scan *s, struct view boundary)
{
	if (s->depth >= SCAN_DEPTH_MAX) {
		s->why = "too many levels of parts";
		return;
	}
	s->stack[s->depth++] = (struct level){ boundary.p, boundary.n };
}

/* What stands behind the name and its colon, in front of which some put a blank. */
static bool value_of(struct view header, const char *name, struct view *value)
{
	size_t n = strlen(name);

	if (!starts_nocase(header, name))
		return false;
	while (n < header.n && (header.p[n] == ' ' || header.p[n] == '\t'))
		n++;
	if (n >= header.n || header.p[n] != ':')
		return false;
	*value = (struct view){ header.p + n + 1, header.n - n - 1 };
	return true;
}

/* Headers that hold addresses: each costs the parser an object. */
static void addresses_count(struct scan *s, struct view header)
{
	static const char *const names[] = { "to", "cc", "from", "bcc", "reply-to", "sender",
		"resent-to", "resent-cc", "resent-bcc", "resent-from", "resent-sender",
		"resent-reply-to", "disposition-notification-to" };
	struct view value;
	bool counts = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		counts = counts || value_of(header, names[i], &value);
	if (!counts)
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
	struct view value, found;

	addresses_count(s, h);
	if (!value_of(h, "content-type", &value))
		return;
	if (*body != BODY_PLAIN || !boundary_find(value, &found))
		s->why = "an ambiguous Content-Type"; /* the parser might choose the other one */
	while (value.n && strchr(" \t\r\n", *value.p) && *value.p)
		value = (struct view){ value.p + 1, value.n - 1 };
	if (value.n && *value.p == '(') {
		s->why = "a Content-Type that starts with a comment";
	} else if (starts_nocase(value, "multipart/")) {
		*body = BODY_MULTIPART;
		*boundary = found;
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
		if (line.n < 2 || line.p[0] != '-' || line.p[1] != '-')
			continue;
		s.comparisons += s.depth;
		if (s.comparisons > SCAN_COMPARISONS_MAX * s.times)
			s.why = "too many lines like boundaries";
		level = boundary_of(&s, line, &closes);
		if (level == 0)
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
