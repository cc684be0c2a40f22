/*
 * See escapes.h. Pure.
 */
#include "kit/escapes.h"

#include <string.h>

enum { ESCAPE_N = 6 }; /* \uXXXX */

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Of the escape at p, or -1 where none is. */
static int unit_at(const char *p, const char *end)
{
	int unit = 0;

	if (end - p < ESCAPE_N || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < ESCAPE_N; i++) {
		if (digit(p[i]) < 0)
			return -1;
		unit = unit << 4 | digit(p[i]);
	}
	return unit;
}

static int is_high(int unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static int is_low(int unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

void escapes_mend(char *json, size_t n, bool but_nul)
{
	char *end = json + n, *p = json;

	while (p < end && (p = memchr(p, '\\', (size_t)(end - p)))) {
		int unit = unit_at(p, end);
		if (unit < 0) {
			p += end - p > 1 ? 2 : 1; /* of two backslashes the second begins nothing */
		} else if (is_high(unit) && is_low(unit_at(p + ESCAPE_N, end))) {
			p += 2 * ESCAPE_N;
		} else {
			if ((!unit && !but_nul) || is_high(unit) || is_low(unit))
				memcpy(p + 2, "fffd", 4);
			p += ESCAPE_N;
		}
	}
}
