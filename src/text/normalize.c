/*
 * Clean Unicode in two passes over bounded text: a filter that decides code point by code point what may
 * from outside. Never looks at a locale.
 *
 * What goes and why:
 *   C0/C1 controls                terminals and logs obey them
 *   bidi overrides, embeddings    "gpj.exe" reads as "exe.jpg"; unbalanced ones spill over the page
 *   ZWSP, BOM, soft hyphen, ...   invisible: they defeat search, filters and comparison
 *   ZWJ/ZWNJ                      stay behind a script above U+0590 (Arabic, Indic, emoji), once
 *   tag characters                stay in a flag only; elsewhere they are a hidden second text
 *   the 9th combining mark        a tower that covers the lines above
 */
#include "text/normalize.h"

#include <utf8proc.h>

#include "base/assert.h"
#include "base/utf8.h"

enum { MARKS_MAX = 8 };

struct filter {
	uint32_t last; /* code point kept last */
	unsigned marks;
	bool was_cr;
	bool settled; /* NFC would change nothing */
};

static bool cp_is_between(uint32_t c, uint32_t low, uint32_t high)
{
	return c >= low && c <= high;
}

static bool cp_is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e || c == 0x200b || c == 0xfeff ||
	       cp_is_between(c, 0x202a, 0x202e) || cp_is_between(c, 0x2060, 0x206f) ||
	       cp_is_between(c, 0xfff0, 0xfffb) || c == 0xe0001;
}

static bool cp_is_control(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || cp_is_between(c, 0x7f, 0x9f) ||
	       (c & 0xfffe) == 0xfffe || cp_is_between(c, 0xfdd0, 0xfdef);
}

/*
 * Letters of the commonest scripts and the signs between them that are no marks and that NFC neither changes nor joins with what
 * stands before. Not all there are: for a Russian mail utf8proc took nine tenths of the time of this file.
 */
static bool cp_is_settled(uint32_t c)
{
	static const struct {
		uint32_t low, high;
	} runs[] = { { 0, 0x2ff }, { 0x391, 0x3ce }, { 0x400, 0x482 }, { 0x48a, 0x52f },
		{ 0x5d0, 0x5ea }, { 0x620, 0x64a }, { 0x1ea0, 0x1ef9 }, { 0x2010, 0x2027 },
		{ 0x2030, 0x205e }, { 0x20a0, 0x20bf }, { 0x2116, 0x2116 }, { 0x3041, 0x3096 },
		{ 0x30a1, 0x30fa }, { 0x4e00, 0x9ffc }, { 0xac00, 0xd7a3 }, { 0x1f300, 0x1f9ff } };

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]) && c >= runs[i].low; i++)
		if (c <= runs[i].high)
			return true;
	return false;
}

static bool cp_is_mark(uint32_t c)
{
	utf8proc_category_t kind;

	if (cp_is_settled(c))
		return false;
	kind = utf8proc_category((utf8proc_int32_t)c);
	return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME;
}

static bool filter_keeps(struct filter *f, uint32_t c)
{
	if (cp_is_control(c) || cp_is_invisible(c))
		return false;
	if (c == 0x200c || c == 0x200d)
		return f->last >= 0x590 && f->last != 0x200c && f->last != 0x200d;
	if (cp_is_between(c, 0xe0020, 0xe007f))
		return f->last == 0x1f3f4 || cp_is_between(f->last, 0xe0020, 0xe007e);
	f->marks = cp_is_mark(c) ? f->marks + 1 : 0;
	return f->marks <= MARKS_MAX;
}

/* One code point in, or nothing: line ends of all systems become LF. Returns false when it is to be left out. */
static bool filter_map(struct filter *f, uint32_t *c)
{
	bool was_cr = f->was_cr;

	f->was_cr = *c == '\r';
	if (*c == '\n' && was_cr)
		return false;
	if (*c == '\r' || *c == 0x85 || *c == 0x2028 || *c == 0x2029 || *c == 0x0b || *c == 0x0c)
		*c = '\n';
	return filter_keeps(f, *c);
}

static bool cp_is_space(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == 0xa0 || c == 0x1680 ||
	       cp_is_between(c, 0x2000, 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000;
}

static size_t cp_next(struct slice s, uint32_t *c)
{
	size_t n = utf8_decode(s, c);

	if (n)
		return n;
	*c = 0xfffd;
	return utf8_malformed(s);
}

/* U+0400 to U+047F, of which Russian and its neighbours are made. */
static bool is_cyrillic(const char *p)
{
	unsigned char lead = (unsigned char)p[0], next = (unsigned char)p[1];

	return (lead == 0xd0 || lead == 0xd1) && (next & 0xc0) == 0x80;
}

/* How many bytes from here on stay just as they are: printable ASCII and Cyrillic, in which no rule has anything to say. */
static size_t plain_run(struct slice s, size_t max, bool one_line)
{
	size_t n = 0, end = s.n < max ? s.n : max;
	char least = one_line ? '!' : ' ';

	while (n < end) {
		if (s.p[n] >= least && s.p[n] < 0x7f)
			n++;
		else if (end - n >= 2 && is_cyrillic(s.p + n))
			n += 2;
		else
			break;
	}
	return n;
}

/* Appends what may stay, until `max` bytes; returns whether NFC would leave it as it is. */
static bool filter_text(struct str *out, struct slice s, size_t max, bool one_line)
{
	struct filter f = { .settled = true };
	size_t from = out->n;
	bool space = false;
	uint32_t c;

	while (s.n > 0 && out->n - from < max) {
		size_t run = plain_run(s, max - (out->n - from), one_line);
		if (run) {
			if (space)
				str_add_char(out, ' ');
			space = false;
			str_add(out, slice_make(s.p, run));
			f = (struct filter){ .last = 'x', .settled = f.settled };
			s = slice_make(s.p + run, s.n - run);
			continue;
		}
		size_t n = cp_next(s, &c);
		s = slice_make(s.p + n, s.n - n);
		if (!filter_map(&f, &c))
			continue;
		f.last = c;
		if (one_line && cp_is_space(c)) {
			space = out->n > from;
			continue;
		}
		if (space)
			str_add_char(out, ' ');
		space = false;
		f.settled = f.settled && cp_is_settled(c);
		utf8_encode(out, c);
	}
	return f.settled;
}

/* NFC of what stands behind `from`. */
static void compose(struct str *out, size_t from)
{
	utf8proc_uint8_t *nfc = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)out->p + from,
		(utf8proc_ssize_t)(out->n - from), &nfc, UTF8PROC_STABLE | UTF8PROC_COMPOSE);

	/* The filter made it valid; what is left to fail is memory. */
	ASSERT(n >= 0 && nfc);
	out->n = from;
	str_add(out, slice_make(nfc, (size_t)n));
	free(nfc);
}

static void cut_at(struct str *out, size_t n)
{
	out->n = n;
	out->p[n] = '\0';
}

/* Blank lines in front, white space behind. */
static void trim_lines(struct str *out, size_t from)
{
	size_t end = out->n, start = from;

	while (end > from && strchr(" \t\n", out->p[end - 1]))
		end--;
	for (size_t i = from; i < end && strchr(" \t\n", out->p[i]); i++) {
		if (out->p[i] == '\n')
			start = i + 1;
	}
	memmove(out->p + from, out->p + start, end - start);
	cut_at(out, from + end - start);
}

static void normalize(struct str *out, struct slice text, size_t max, bool one_line)
{
	size_t from = out->n;

	if (text.n == 0 || max == 0)
		return;
	str_reserve(out, text.n < max ? text.n : max);
	if (!filter_text(out, text, max, one_line))
		compose(out, from);
	if (out->n == from)
		return;
	cut_at(out, from + utf8_truncate(slice_make(out->p + from, out->n - from), max).n);
	trim_lines(out, from);
}

void text_normalize(struct str *out, struct slice text, size_t max)
{
	normalize(out, text, max, false);
}

void text_normalize_line(struct str *out, struct slice text, size_t max)
{
	normalize(out, text, max, true);
}
