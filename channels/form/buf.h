/*
 * Bytes that grow, and the escapes that pages and JSON need. Zero-initialised is empty; after the first append the bytes end in
 * NUL. Out of memory ends the process.
 */
#ifndef FORM_BUF_H
#define FORM_BUF_H

#include <usher/channel.h>

struct buf {
	char *p;
	size_t n, cap;
};

void buf_free(struct buf *b);
void buf_add(struct buf *b, const char *p, size_t n);
void buf_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* & < > " ' escaped: content or a quoted attribute. */
void buf_html(struct buf *b, const char *p, size_t n);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void buf_json(struct buf *b, const char *p, size_t n);
static inline struct usher_str buf_str(const struct buf *b)
{
	return (struct usher_str){ b->p, b->n };
}
/* calloc that ends the process when there is no memory. */
void *zeroed(size_t size);

#endif
