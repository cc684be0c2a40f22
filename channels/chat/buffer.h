/*
 * A growable run of bytes for frames, with JSON strings. Zero-initialised is empty. Out of memory ends the process, as
 * everywhere in usher: nothing acknowledged is lost by that.
 */
#ifndef CHAT_BUFFER_H
#define CHAT_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *p;
	size_t n, cap;
};

void *chat_alloc(size_t size); /* zeroed */
void buffer_free(struct buffer *b);
void buffer_add(struct buffer *b, const char *p, size_t n);
void buffer_text(struct buffer *b, const char *text);
void buffer_number(struct buffer *b, uint64_t v);
/* A JSON string literal with quotes; the input is valid UTF-8. */
void buffer_json(struct buffer *b, const char *p, size_t n);

#endif
