/*
 * See charset.h: which charset bytes without a usable label are in. Called by charset.c and parse.c.
 *
 * Western text has a letter of its own here and there; Russian is made of them. Which of the Russian charsets it is, is told by how often the
 * letters that come out stand in Russian text, and by capitals that follow small ones.
 */
#include "charset.h"

#include <string.h>

enum { SAMPLE_MAX = 4096, CAPITAL_INSIDE = 60, NO_LETTER = 60 };

/* Of 1,000 letters of Russian text, from а to я. */
static const unsigned char often[32] = { 80, 16, 45, 17, 30, 85, 9, 17, 74, 12, 35, 44, 32, 67, 110,
	28, 47, 55, 63, 26, 3, 10, 5, 14, 7, 4, 1, 19, 17, 3, 6, 20 };

static int score(const char *p, gsize n, const char *name)
{
	GString *text = g_string_new(NULL);
	int sum = 0;
	bool small = false;

	if (!charset_convert(text, p, MIN(n, (gsize)SAMPLE_MAX), name)) {
		g_string_free(text, TRUE);
		return G_MININT;
	}
	for (const char *c = text->str; *c; c = g_utf8_next_char(c)) {
		gunichar u = g_utf8_get_char(c);
		if (u >= 0x430 && u <= 0x44f)
			sum += often[u - 0x430];
		else if (u >= 0x410 && u <= 0x42f)
			sum += small ? -CAPITAL_INSIDE : often[u - 0x410];
		else if ((u >= 0x2500 && u <= 0x25ff) || u == 0xfffd || (u >= 0x80 && u < 0xa0))
			sum -= NO_LETTER;
		small = u >= 0x430 && u <= 0x44f;
	}
	g_string_free(text, TRUE);
	return sum;
}

const char *charset_guess(const char *p, gsize n)
{
	static const char *const names[] = { "windows-1251", "koi8-r", "cp866", "iso-8859-5" };
	gsize high = 0, ascii = 0;
	const char *best = names[0];
	int most = G_MININT;

	for (gsize i = 0; i < n; i++) {
		high += (p[i] & 0x80) != 0;
		ascii += g_ascii_isalpha(p[i]);
	}
	if (high * 3 < ascii)
		return "windows-1252";
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		int s = score(p, n, names[i]);
		if (s > most) {
			most = s;
			best = names[i];
		}
	}
	return best;
}

bool charset_is_foreign(const char *p, gsize n)
{
	gsize run = 0, together = 0, letters = 0;

	for (gsize i = 0; i <= n; i++) {
		bool high = i < n && (unsigned char)p[i] >= 0xc0;
		letters += i < n && (high || g_ascii_isalpha(p[i]));
		if (high) {
			run++;
			continue;
		}
		together += run >= 3 ? run : 0;
		run = 0;
	}
	return together >= 6 && together * 2 > letters;
}
