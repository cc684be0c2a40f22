/*
 * One code point in lower case. Most of what people write is ASCII, or was when this was measured: looking each letter up in
 * utf8proc's tables took a third of the time that a mail cost.
 */
#ifndef USHER_TEXT_LOWER_H
#define USHER_TEXT_LOWER_H

#include <stdint.h>
#include <utf8proc.h>

static inline uint32_t cp_lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
	return (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
}

/* Appends at most 4 bytes; returns how many. */
static inline size_t cp_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out = (char)c;
		return 1;
	}
	return (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)out);
}

#endif
