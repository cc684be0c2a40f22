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
/* DATA/blobs/tmp/NODE~aside~SHA: being taken away. */
#define BLOB_ASIDE "~aside~"
/* In a thread: something done to the file of that name below DATA/blobs. fn on the loop. Names are 64 hexadecimal digits. */
typedef int blob_work_fn(const char *dir, const char *node, const char *name, uint64_t *size_bytes);
void blob_files_run(struct blobs *b, struct slice name, blob_work_fn *work,
	void (*fn)(void *arg, int status, uint64_t size_bytes), void *arg);
/* 0 or -ENOENT. */
void blob_file_is(struct blobs *b, struct slice name,
	void (*fn)(void *arg, int status, uint64_t size_bytes), void *arg);
/* What was renamed, made or unlinked in a directory is on disk. In a thread. */
int dir_sync(const char *path);
void blob_file_read(struct blobs *b, struct slice name,
	void (*fn)(void *arg, int status, struct slice bytes), void *arg);

#endif
