/*
 * Redis' protocol: commands to bytes (hiredis' formatter), bytes to replies (hiredis' reader with
 * our own objects, which live in an arena and are gone after the callback).
 *
 *   reply ARRAY ── items ─▶ [ STRING | INTEGER | NIL | ARRAY ── items ─▶ [...] ]
 */
#ifndef USHER_STORE_RESP_H
#define USHER_STORE_RESP_H

#include "base/arena.h"
#include "base/err.h"
#include "model/record.h"

enum reply_type { REPLY_NIL, REPLY_STATUS, REPLY_STRING, REPLY_INTEGER, REPLY_ARRAY, REPLY_ERROR };
struct reply {
	enum reply_type type;
	int64_t integer;
	struct slice text; /* status, string, error; NUL-terminated after its n bytes */
	struct reply *items;
	size_t count;
};

/* Appends one command. */
void resp_command(struct str *out, const struct argv *command);

struct resp_reader;
struct resp_reader *resp_reader_new(void);
void resp_reader_free(struct resp_reader **r);
/* Feeds bytes. Do it in pieces of RESP_PIECE at most: the reader moves its rest after each. */
enum { RESP_PIECE = 16384 };
int resp_feed(struct resp_reader *r, struct slice bytes, struct err *err);
/* The next whole reply, valid until the next call; NULL when more bytes are needed. -EPROTO on garbage, -EFBIG beyond
 * REDIS_REPLY_MAX or REDIS_ITEMS_MAX. */
int resp_next(struct resp_reader *r, const struct reply **out, struct err *err);

/* 0 for everything but an error; its meaning as -errno (store.h) otherwise. */
int reply_status(const struct reply *r);
/* NIL when the reply is no array or shorter. */
const struct reply *reply_at(const struct reply *r, size_t i);
/* An integer, or decimal text; 0 otherwise. */
uint64_t reply_u64(const struct reply *r);
/* The items' texts as slices in the arena; count of them. */
size_t reply_slices(const struct reply *r, struct slice **out, struct arena *arena);
bool reply_is(const struct reply *r, const char *text);

#endif
