/*
 * A growable string. Doubles when it grows, so appending n bytes costs O(n) in all. Never shrinks on
 * its own: str_free gives memory back.
 *
 *   p ──▶ [ n bytes used | NUL | room ... ]   cap bytes in all, n < cap
 *
 * Escaping for JSON, HTML and URLs is in escape.c.
 */
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

enum { STR_FIRST = 64 };

void str_free(struct str *s)
{
	free(s->p);
	*s = (struct str){ 0 };
}

void str_clear(struct str *s)
{
	s->n = 0;
	if (s->p)
		s->p[0] = '\0';
}

static void str_grow(struct str *s, size_t more)
{
	size_t need;
	bool huge = __builtin_add_overflow(s->n, more, &need) ||
		    __builtin_add_overflow(need, (size_t)1, &need);

	ASSERT(!huge);
	size_t cap = s->cap ? s->cap : STR_FIRST;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	s->p = mem_resize(s->p, cap, 1);
	s->cap = cap;
	s->p[s->n] = '\0';
}

/* The byte after the caller's use is NUL only once something is appended or taken. */
char *str_reserve(struct str *s, size_t more)
{
	if (more >= s->cap - s->n)
		str_grow(s, more);
	ASSERT(s->p && s->n < s->cap);
	return s->p + s->n;
}

void str_add(struct str *s, struct slice bytes)
{
	char *to = str_reserve(s, bytes.n);

	if (bytes.n)
		memcpy(to, bytes.p, bytes.n);
	to[bytes.n] = '\0';
	s->n += bytes.n;
}

void str_add_text(struct str *s, const char *text)
{
	str_add(s, slice_of(text));
}

void str_add_char(struct str *s, char c)
{
	char *to = str_reserve(s, 1);

	to[0] = c;
	to[1] = '\0';
	s->n++;
}

void str_add_u64(struct str *s, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	str_add(s, slice_make(digits + at, sizeof(digits) - at));
}

void str_add_i64(struct str *s, int64_t v)
{
	if (v < 0)
		str_add_char(s, '-');
	str_add_u64(s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void str_addf(struct str *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	str_addv(s, format, ap);
	va_end(ap);
}

void str_addv(struct str *s, const char *format, va_list ap)
{
	va_list again;
	char *to = str_reserve(s, strlen(format) + 16);

	va_copy(again, ap);
	int n = vsnprintf(to, s->cap - s->n, format, ap);
	ASSERT(n >= 0);
	if ((size_t)n >= s->cap - s->n) {
		to = str_reserve(s, (size_t)n);
		n = vsnprintf(to, s->cap - s->n, format, again);
		ASSERT(n >= 0 && (size_t)n < s->cap - s->n);
	}
	va_end(again);
	s->n += (size_t)n;
}

void str_shift(struct str *s, size_t n)
{
	ASSERT(n <= s->n);
	if (n == 0)
		return;
	memmove(s->p, s->p + n, s->n - n);
	s->n -= n;
	s->p[s->n] = '\0';
}

char *str_take(struct str *s)
{
	*str_reserve(s, 0) = '\0';
	char *p = s->p;
	*s = (struct str){ 0 };
	return p;
}

char *slice_dup(struct slice s)
{
	char *p = mem_alloc(s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}
