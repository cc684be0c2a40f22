/*
 * Blobs as files: DATA/blobs/ab/cdef..., written by two threads of our own so that no fsync stops the loop.
 *
 *   loop ── job ─▶ [queue of a thread] ─▶ work ─▶ [finished] ─ eventfd ─▶ loop: done
 *
 * All jobs of one file go to one thread, in order. A blob is only ever replaced by the same bytes.
 */
#ifndef USHER_STORE_BLOB_FILES_H
#define USHER_STORE_BLOB_FILES_H

#include "base/str.h"
#include "store/blob.h"

struct blobs;
struct blob_file;

struct blob_file *blob_file_new(struct blobs *b);
/* Takes the bytes and leaves an empty string. */
void blob_file_append(struct blob_file *f, struct str *bytes);
/* Consumes the file. fn on the loop. */
void blob_file_finish(struct blob_file **f,
	void (*fn)(void *arg, int status, const char *name, uint64_t size_bytes), void *arg);
void blob_file_drop(struct blob_file **f);
/* The name is 64 hexadecimal digits. */
void blob_file_read(struct blobs *b, struct slice name,
	void (*fn)(void *arg, int status, struct slice bytes), void *arg);

#endif
