/*
 * UTF-8 by table 3-7 of the Unicode standard. One byte after another through a state that says what
 * the next byte must be:
 *
 *   state = 0                          between code points
 *   state = left | low << 8 | high << 16   `left` continuation bytes to come, the next in low..high
 *
 * Only the second byte has narrower bounds than 80..BF; that keeps out overlong forms, surrogates
 * and what is above U+10FFFF. Never allocates but to append.
 */
#include "base/utf8.h"

#include "base/assert.h"

/* Nothing is in 1..0: a state that refuses every byte. */
static const uint32_t utf8_refuse = 1 | 1 << 8 | 0 << 16;

static uint32_t utf8_state(uint32_t left, uint32_t low, uint32_t high)
{
	return left | low << 8 | high << 16;
}

static uint32_t utf8_lead(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return utf8_state(1, 0x80, 0xbf);
	if (c == 0xe0)
		return utf8_state(2, 0xa0, 0xbf);
	if (c == 0xed)
		return utf8_state(2, 0x80, 0x9f);
	if (c >= 0xe1 && c <= 0xef)
		return utf8_state(2, 0x80, 0xbf);
	if (c == 0xf0)
		return utf8_state(3, 0x90, 0xbf);
	if (c >= 0xf1 && c <= 0xf3)
		return utf8_state(3, 0x80, 0xbf);
	if (c == 0xf4)
		return utf8_state(3, 0x80, 0x8f);
	return utf8_refuse;
}

static uint32_t utf8_step(uint32_t state, unsigned char c)
{
	if (state == 0)
		return utf8_lead(c);
	if (c < (state >> 8 & 0xff) || c > (state >> 16 & 0xff))
		return utf8_refuse;
	uint32_t left = (state & 0xff) - 1;
	return left ? utf8_state(left, 0x80, 0xbf) : 0;
}

/* Skips whole words of ASCII. */
static size_t utf8_ascii(struct slice s)
{
	size_t n = 0;
	uint64_t word;

	while (s.n - n >= sizeof(word)) {
		memcpy(&word, s.p + n, sizeof(word));
		if (word & 0x8080808080808080u)
			break;
		n += sizeof(word);
	}
	return n;
}

bool utf8_feed(uint32_t *state, struct slice part)
{
	uint32_t now = *state;

	for (size_t i = 0; i < part.n; i++) {
		if (now == 0) {
			i += utf8_ascii(slice_make(part.p + i, part.n - i));
			if (i == part.n)
				break;
		}
		now = utf8_step(now, (unsigned char)part.p[i]);
		if (now == utf8_refuse)
			break;
	}
	*state = now;
	return now != utf8_refuse;
}

bool utf8_valid(struct slice s)
{
	uint32_t state = 0;

	return utf8_feed(&state, s) && state == 0;
}

/* The length of the well-formed sequence at the front, or 0 and in *bad how many bytes are lost. */
static size_t utf8_length(struct slice s, size_t *bad)
{
	uint32_t state = 0;

	/* Most letters that are not ASCII. */
	if (s.n > 1 && ((unsigned char)s.p[0] & 0xe0) == 0xc0 && (unsigned char)s.p[0] >= 0xc2 &&
		((unsigned char)s.p[1] & 0xc0) == 0x80)
		return 2;
	for (size_t i = 0; i < s.n && i < 4; i++) {
		state = utf8_step(state, (unsigned char)s.p[i]);
		if (state == utf8_refuse) {
			*bad = i ? i : 1;
			return 0;
		}
		if (state == 0)
			return i + 1;
	}
	*bad = s.n; /* ends in the middle */
	return 0;
}

size_t utf8_decode(struct slice s, uint32_t *code_point)
{
	static const unsigned char lead_bits[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	size_t bad;
	size_t n = utf8_length(s, &bad);

	ASSERT(s.n > 0 && n <= 4);
	if (n == 0)
		return 0;
	uint32_t c = (unsigned char)s.p[0] & lead_bits[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	*code_point = c;
	return n;
}

size_t utf8_malformed(struct slice s)
{
	size_t bad = 1;
	size_t n = utf8_length(s, &bad);

	ASSERT(n == 0 && bad <= s.n);
	return bad;
}

void utf8_encode(struct str *out, uint32_t c)
{
	ASSERT(c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
	if (c < 0x80) {
		str_add_char(out, (char)c);
		return;
	}
	int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char lead[4] = { 0, 0xc0, 0xe0, 0xf0 };
	str_add_char(out, (char)(lead[more] | c >> 6 * more));
	while (more-- > 0)
		str_add_char(out, (char)(0x80 | (c >> 6 * more & 0x3f)));
}

void utf8_clean(struct str *out, struct slice s)
{
	size_t good = 0;

	str_reserve(out, s.n);
	while (good < s.n) {
		size_t bad = 0;
		good += utf8_ascii(slice_make(s.p + good, s.n - good));
		if (good == s.n)
			break;
		size_t n = utf8_length(slice_make(s.p + good, s.n - good), &bad);
		if (n) {
			good += n;
			continue;
		}
		str_add(out, slice_make(s.p, good));
		str_add(out, SLICE("\xef\xbf\xbd"));
		s = slice_make(s.p + good + bad, s.n - good - bad);
		good = 0;
	}
	str_add(out, s);
}

struct slice utf8_truncate(struct slice s, size_t max)
{
	if (s.n <= max)
		return s;
	size_t n = max;
	/* Back to the lead byte; more than three continuation bytes are no code point to save. */
	while (n > 0 && max - n < 3 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	if (((unsigned char)s.p[n] & 0xc0) == 0x80)
		n = max;
	return slice_make(s.p, n);
}
