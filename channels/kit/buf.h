/*
 * What every plugin needs and usher does not give: bytes that grow, and borrowed strings. A plugin links to nothing of usher's, so these sources
 * are compiled into each of this tree; one outside may copy them. Out of memory ends the process, as everywhere in usher: nothing acknowledged is lost by that.
 */
#ifndef CHANNEL_KIT_BUF_H
#define CHANNEL_KIT_BUF_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <usher/channel.h>

/* Zero-initialised is empty; after the first append the bytes end in NUL, which n does not count. */
struct buf {
	char *p;
	size_t n, cap;
};

void buf_free(struct buf *b);
void buf_add(struct buf *b, const char *p, size_t n);
void buf_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_number(struct buf *b, uint64_t v);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void buf_json(struct buf *b, const char *p, size_t n);
/* Room for `more` bytes after the end; the caller counts what it put there. */
char *buf_room(struct buf *b, size_t more);
/* The first n bytes go. */
void buf_eat(struct buf *b, size_t n);
static inline struct usher_str buf_str(const struct buf *b)
{
	return (struct usher_str){ b->p, b->n };
}

static inline struct usher_str str_of(const char *text)
{
	return (struct usher_str){ text, text ? strlen(text) : 0 };
}
static inline bool str_is(struct usher_str s, const char *text)
{
	return s.n == strlen(text) && (!s.n || memcmp(s.p, text, s.n) == 0);
}
/* NUL-terminated, to be freed. */
char *str_copy(struct usher_str s);

/* calloc that ends the process when there is no memory. */
void *zeroed(size_t size);

#endif
