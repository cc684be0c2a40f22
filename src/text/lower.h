/*
 * One code point in lower case. What most people write here is ASCII and Russian: looking each letter up in utf8proc's tables
 * took a third of the time that a mail cost.
 */
#ifndef USHER_TEXT_LOWER_H
#define USHER_TEXT_LOWER_H

#include <stdint.h>
#include <utf8proc.h>

static inline uint32_t cp_lower(uint32_t c)
{
	if (c < 0x80)
		return c - 'A' < 26 ? c + 0x20 : c;
	if (c >= 0x400 && c <= 0x45f)
		return c < 0x410 ? c + 0x50 : c < 0x430 ? c + 0x20 : c;
	return (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
}

/* Appends at most 4 bytes; returns how many. */
static inline size_t cp_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	return (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)out);
}

#endif
