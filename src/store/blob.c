/*
 * Blobs by content: small ones in Redis, larger ones as files. Called by host.
 *
 *   writer: [bytes] up to BLOB_REDIS_MAX ─ finish ─▶ SET blob:NAME NX, with an expiry (blob_life.h)
 *              └ more ─▶ blob_file, in pieces of SPILL_BYTES ─ finish ─▶ DATA/blobs/ab/cdef...
 */
#include "store/blob.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "model/limits.h"
#include "store/blob_files.h"
#include "store/blob_life.h"
#include "store/inside.h"

enum { SPILL_BYTES = 256 * 1024 };

struct blob_writer {
	struct store *store;
	struct str bytes; /* not yet given to the file */
	struct blob_file *file;
	uint64_t written;
	bool too_big;
};

/* ---- writing ---- */

struct blob_ask {
	char name[BLOB_NAME_LEN + 1];
	uint64_t size;
	void (*fn)(void *arg, int status, const char *name, uint64_t size_bytes);
	void *arg;
};

static void blob_stored(void *arg, int status)
{
	struct blob_ask *ask = arg;

	ask->fn(ask->arg, status, status ? NULL : ask->name, ask->size);
	free(ask);
}

static void blob_store(struct store *s, struct slice bytes,
	void (*fn)(void *arg, int status, const char *name, uint64_t size_bytes), void *arg)
{
	struct blob_ask *ask = mem_alloc(sizeof(*ask));

	sha256_hex(bytes, ask->name);
	ask->size = bytes.n;
	ask->fn = fn;
	ask->arg = arg;
	blob_write_key(s, slice_make(ask->name, BLOB_NAME_LEN), bytes, blob_stored, ask);
}

struct blob_writer *blob_open(struct store *s)
{
	struct blob_writer *w = mem_alloc(sizeof(*w));

	w->store = s;
	return w;
}

void blob_append(struct blob_writer *w, struct slice piece)
{
	if (w->too_big)
		return;
	if (piece.n > BLOB_MAX - w->written) {
		w->too_big = true;
		str_free(&w->bytes);
		if (w->file)
			blob_file_drop(&w->file);
		return;
	}
	w->written += piece.n;
	str_add(&w->bytes, piece);
	if (w->written <= BLOB_REDIS_MAX || w->bytes.n < SPILL_BYTES)
		return;
	if (!w->file)
		w->file = blob_file_new(w->store->blobs);
	blob_file_append(w->file, &w->bytes);
}

static void blob_refused(void *arg, int status, const struct reply *r)
{
	struct blob_ask *ask = arg;

	(void)r;
	ask->fn(ask->arg, status, NULL, ask->size);
	free(ask);
}

void blob_finish(struct blob_writer **writer,
	void (*fn)(void *arg, int status, const char *name, uint64_t size_bytes), void *arg)
{
	struct blob_writer *w = *writer;

	ASSERT(fn);
	if (w->too_big) {
		struct blob_ask *ask = mem_alloc(sizeof(*ask));
		*ask = (struct blob_ask){ .size = w->written, .fn = fn, .arg = arg };
		link_later(w->store->write, -EFBIG, blob_refused, ask);
	} else if (w->written <= BLOB_REDIS_MAX) {
		blob_store(w->store, str_slice(&w->bytes), fn, arg);
	} else {
		if (!w->file)
			w->file = blob_file_new(w->store->blobs);
		if (w->bytes.n)
			blob_file_append(w->file, &w->bytes);
		blob_file_finish(&w->file, fn, arg);
	}
	blob_drop(writer);
}

void blob_drop(struct blob_writer **writer)
{
	struct blob_writer *w = *writer;

	if (!w)
		return;
	*writer = NULL;
	if (w->file)
		blob_file_drop(&w->file);
	str_free(&w->bytes);
	free(w);
}

struct blob_put_ask {
	void (*fn)(void *arg, int status, const char *name);
	void *arg;
};

static void blob_put_answer(void *arg, int status, const char *name, uint64_t size_bytes)
{
	struct blob_put_ask *ask = arg;

	(void)size_bytes;
	ask->fn(ask->arg, status, name);
	free(ask);
}

void blob_put(struct store *s, struct slice bytes,
	void (*fn)(void *arg, int status, const char *name), void *arg)
{
	struct blob_put_ask *ask = mem_alloc(sizeof(*ask));
	struct blob_writer *w = blob_open(s);

	ASSERT(fn);
	*ask = (struct blob_put_ask){ fn, arg };
	blob_append(w, bytes);
	blob_finish(&w, blob_put_answer, ask);
}

/* ---- reading ---- */

struct blob_get_ask {
	struct store *store;
	char name[BLOB_NAME_LEN + 1];
	void (*fn)(void *arg, int status, struct slice bytes);
	void *arg;
};

static void blob_got(void *arg, int status, const struct reply *r)
{
	struct blob_get_ask *ask = arg;
	struct slice none = { NULL, 0 }, name = slice_make(ask->name, BLOB_NAME_LEN);
	char hex[SHA256_HEX_LEN + 1];

	if (r && status == 0 && (r->type == REPLY_NIL || blob_is_mark(name, r->text))) {
		blob_file_read(ask->store->blobs, name, ask->fn, ask->arg);
		free(ask);
		return;
	}
	if (!r && status == -EIO)
		status = -EAGAIN; /* a read changes nothing */
	if (status == 0) {
		sha256_hex(r->text, hex);
		if (memcmp(hex, ask->name, BLOB_NAME_LEN) != 0)
			status = -EBADMSG;
	}
	ask->fn(ask->arg, status, status ? none : r->text);
	free(ask);
}

void blob_get(struct store *s, struct slice name,
	void (*fn)(void *arg, int status, struct slice bytes), void *arg)
{
	struct blob_get_ask *ask = mem_alloc(sizeof(*ask));

	ASSERT(fn);
	ask->store = s;
	ask->fn = fn;
	ask->arg = arg;
	if (!sha256_is_name(name)) {
		link_later(s->ask, -ENOENT, blob_got, ask);
		return;
	}
	memcpy(ask->name, name.p, BLOB_NAME_LEN);
	struct key key = key_of_sha256(&s->keys, KEY_BLOB, name);
	struct slice words[] = { SLICE("GET"), key_slice(&key) };
	link_call(s->ask, &(struct argv){ words, 2, 2 }, blob_got, ask);
}
