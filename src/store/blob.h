/*
 * Blobs by content (sha-256): attachments and raw sources. Small ones (BLOB_REDIS_MAX) in Redis, larger ones as files in the data
 * directory, written and fsynced (file and directory) by a worker thread. Never overwritten. One that no message names within
 * store_options.unnamed_keep_s of its last writing is taken away; inbox_put of a message that names it keeps it for ever.
 */
#ifndef USHER_STORE_BLOB_H
#define USHER_STORE_BLOB_H

#include "store/store.h"

struct blob_writer;
enum { BLOB_NAME_LEN = 64 };

/* status 0: on disk under `name` (hexadecimal). The bytes are copied. */
void blob_put(struct store *s, struct slice bytes,
	void (*fn)(void *arg, int status, const char *name), void *arg);
/* Streamed: append in pieces (spills to a temporary file above BLOB_REDIS_MAX), then finish or drop. -EFBIG above BLOB_MAX is reported by finish. */
struct blob_writer *blob_open(struct store *s);
void blob_append(struct blob_writer *w, struct slice piece);
void blob_finish(struct blob_writer **w,
	void (*fn)(void *arg, int status, const char *name, uint64_t size_bytes), void *arg);
void blob_drop(struct blob_writer **w);
/* The blobs of these parts (model/pairs.h) and of `raw`, if any, are there and stay for unnamed_keep_s more at least; -ENOENT: one is not. */
void blob_hold(struct store *s, struct slice parts, struct slice raw,
	void (*fn)(void *arg, int status), void *arg);
/* Anew, for what is written from now on. */
void blob_unnamed_keep(struct store *s, uint32_t keep_s);
uint32_t blob_keeps_s(const struct store *s);
/* What was taken away since the start: files that nobody named. */
struct blobs_collected {
	uint64_t files, bytes;
};
struct blobs_collected blobs_collected(const struct store *s);
/* The whole blob. -ENOENT, -EBADMSG (content does not match its name). */
void blob_get(struct store *s, struct slice name,
	void (*fn)(void *arg, int status, struct slice bytes), void *arg);

#endif
