/*
 * Bytes that grow. Zero-initialised is empty; after the first append they end in NUL. Out of memory ends the process.
 */
#ifndef WEBHOOK_BUF_H
#define WEBHOOK_BUF_H

#include <string.h>
#include <usher/channel.h>

struct buf {
	char *p;
	size_t n, cap;
};

void buf_free(struct buf *b);
void buf_add(struct buf *b, const char *p, size_t n);
static inline void buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}
/* Percent-encoded but for A-Z a-z 0-9 - . _ ~ */
void buf_url(struct buf *b, const char *p, size_t n);
static inline struct usher_str buf_str(const struct buf *b)
{
	return (struct usher_str){ b->p, b->n };
}
static inline struct usher_str str_of(const char *text)
{
	return (struct usher_str){ text, text ? strlen(text) : 0 };
}
char *str_copy(struct usher_str s);
/* calloc that ends the process when there is no memory. */
void *zeroed(size_t size);

#endif
