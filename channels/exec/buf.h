/*
 * Bytes that grow. Zero-initialised is empty. Out of memory ends the process.
 */
#ifndef EXEC_BUF_H
#define EXEC_BUF_H

#include <stddef.h>

struct buf {
	char *p;
	size_t n, cap;
};

void buf_free(struct buf *b);
void buf_add(struct buf *b, const char *p, size_t n);
/* Room for `more` bytes after the end; the caller counts what it put there. */
char *buf_room(struct buf *b, size_t more);
/* The first n bytes go. */
void buf_eat(struct buf *b, size_t n);
/* calloc that ends the process when there is no memory. */
void *zeroed(size_t size);

#endif
