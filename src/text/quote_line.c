/* See quote_line.h. */
#include "text/quote_line.h"

#include "base/utf8.h"
#include "text/lower.h"

struct line line_at(struct slice text, size_t at)
{
	const char *p = text.p + at, *end = at < text.n ? memchr(p, '\n', text.n - at) : NULL;
	size_t n = end ? (size_t)(end - p) : text.n - at;

	return (struct line){ slice_make(p, n), at + n + (end != NULL) };
}

bool line_is_blank(struct slice line)
{
	return slice_trim(line).n == 0;
}

bool line_is_marked(struct slice line)
{
	struct slice s = slice_trim(line);

	return s.n > 0 && s.p[0] == '>';
}

struct slice line_unmark(struct slice line)
{
	struct slice s = slice_trim(line);

	while (s.n > 0 && s.p[0] == '>')
		s = slice_trim(slice_make(s.p + 1, s.n - 1));
	return s;
}

bool line_is_rule(struct slice line)
{
	struct slice s = slice_trim(line);
	size_t n = 0;

	while (s.n > 0) {
		bool ascii = s.p[0] == '_' || s.p[0] == '-';
		/* U+2012 to U+2015 */
		if (!ascii && (s.n < 3 || memcmp(s.p, "\xe2\x80", 2) != 0 ||
				      (unsigned char)s.p[2] < 0x92 || (unsigned char)s.p[2] > 0x95))
			return false;
		s = slice_make(s.p + (ascii ? 1 : 3), s.n - (ascii ? 1 : 3));
		n++;
	}
	return n >= 10;
}

static uint32_t narrow(uint32_t c)
{
	switch (c) {
	case 0xa0:
	case 0x202f:
	case 0x3000:
		return ' ';
	case 0xff1a:
		return ':';
	case 0xff1c:
		return '<';
	case 0xff1e:
		return '>';
	default:
		return c;
	}
}

bool fold_add(struct fold *f, struct slice s)
{
	if (f->n && f->n < FOLD_MAX)
		f->p[f->n++] = ' ';
	for (;;) {
		uint32_t c;
		size_t room = FOLD_MAX - (f->n < FOLD_MAX ? f->n : FOLD_MAX), ascii = 0;
		while (ascii < s.n && ascii < room && (c = (unsigned char)s.p[ascii]) < 0x80)
			f->p[f->n + ascii++] = (char)cp_lower(c);
		f->n += ascii;
		s = slice_make(s.p + ascii, s.n - ascii);
		if (s.n == 0)
			return true;
		if (f->n >= FOLD_MAX)
			return false;
		size_t n = utf8_decode(s, &c);
		if (n == 0)
			return false;
		s = slice_make(s.p + n, s.n - n);
		f->n += cp_put(f->p + f->n, cp_lower(narrow(c)));
	}
}

struct slice fold_slice(const struct fold *f)
{
	return slice_trim(slice_make(f->p, f->n));
}

struct slice fold_line(struct fold *f, struct slice line, size_t max)
{
	struct slice s = slice_trim(line);

	f->n = 0;
	if (s.n == 0 || s.n > max || !fold_add(f, s))
		return (struct slice){ 0 };
	return fold_slice(f);
}

bool slice_has(struct slice s, const char *part)
{
	/* Most lines have not even its first byte, and to find that out is cheaper. */
	const char *first = s.n > 0 ? memchr(s.p, part[0], s.n) : NULL;

	return first && memmem(first, s.n - (size_t)(first - s.p), part, strlen(part));
}

bool starts_with_any(struct slice s, const char *const *list)
{
	if (s.n == 0)
		return false;
	for (; *list; list++) {
		if (**list == s.p[0] && slice_starts(s, slice_of(*list)))
			return true;
	}
	return false;
}

bool ends_with_any(struct slice s, const char *const *list)
{
	for (; *list; list++) {
		if (slice_ends(s, slice_of(*list)))
			return true;
	}
	return false;
}

bool has_any(struct slice s, const char *const *list)
{
	for (; *list; list++) {
		if (slice_has(s, *list))
			return true;
	}
	return false;
}
