/*
 * A growable string: bytes with a length, always NUL-terminated after the first append.
 * Zero-initialised is a valid empty string. Out of memory ends the process.
 */
#ifndef USHER_BASE_STR_H
#define USHER_BASE_STR_H

#include <stdarg.h>

#include "base/slice.h"

struct str {
	char *p;
	size_t n;
	size_t cap;
};

/* Frees the bytes and leaves an empty string. */
void str_free(struct str *s);
/* Length 0, memory kept. */
void str_clear(struct str *s);
/* Room for `more` further bytes; returns where they start. Follow with s->n += used. */
char *str_reserve(struct str *s, size_t more);
void str_add(struct str *s, struct slice bytes);
void str_add_text(struct str *s, const char *text);
void str_add_char(struct str *s, char c);
void str_add_u64(struct str *s, uint64_t v);
void str_add_i64(struct str *s, int64_t v);
void str_addf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_addv(struct str *s, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
/* Lower-case hexadecimal of `bytes`. */
void str_add_hex(struct str *s, struct slice bytes);
/* A JSON string literal with its quotes: escapes ", \, controls, U+2028/9; invalid UTF-8 becomes U+FFFD. */
void str_add_json(struct str *s, struct slice text);
/* application/x-www-form-urlencoded / path percent-encoding of everything but unreserved. */
void str_add_percent(struct str *s, struct slice text);
/* Removes `n` bytes from the front. */
void str_shift(struct str *s, size_t n);
/* Borrowed until the next change. */
static inline struct slice str_slice(const struct str *s)
{
	return (struct slice){ s->p, s->n };
}
/* Hands the NUL-terminated bytes to the caller (free() them) and leaves an empty string. */
char *str_take(struct str *s);
/* malloc'd, NUL-terminated copy; free() it. Never NULL. */
char *slice_dup(struct slice s);
/* Allocation that never fails: out of memory ends the process with a message. */
void *mem_alloc(size_t size);				/* zeroed */
void *mem_array(size_t count, size_t size);		/* zeroed, overflow checked */
void *mem_resize(void *old, size_t count, size_t size); /* not zeroed beyond the old size */

#endif
