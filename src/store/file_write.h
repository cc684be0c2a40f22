/*
 * Bytes into a file, whole. Never opens, never syncs. Called by what writes files here.
 */
#ifndef USHER_STORE_FILE_WRITE_H
#define USHER_STORE_FILE_WRITE_H

#include <errno.h>
#include <unistd.h>

#include "base/slice.h"

/* 0 or -errno; then a part of them may have been written. */
static inline int file_write(int fd, struct slice bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

#endif
