/*
 * A waiting read (XREAD, XREADGROUP with BLOCK) on a link of its own, asked again after every loss.
 */
#ifndef USHER_STORE_READER_H
#define USHER_STORE_READER_H

#include "store/inside.h"

struct reader;
struct reader_ops {
	/* Appends the command; false: nothing is wanted now (reader_wake later). Slices may live in the arena. */
	bool (*ask)(struct argv *out, struct arena *arena, void *arg);
	/* The answer: not nil, no error. Asked again afterwards. */
	void (*got)(const struct reply *r, void *arg);
	/* An answer was lost on its way. Asked again. May be NULL. */
	void (*lost)(void *arg);
	/* An error in words other than "away"; may mend it. Asked again after a second. May be NULL. */
	void (*refused)(int status, const struct reply *r, void *arg);
};

struct reader *reader_new(
	struct store *s, const char *name, const struct reader_ops *ops, void *arg);
/* Not from inside got: set a flag there and free at a later time. */
void reader_free(struct reader **r);
/* Something is wanted now. Harmless at any time. */
void reader_wake(struct reader *r);
/* For commands beside the waiting one (they queue behind it). */
struct link *reader_link(struct reader *r);

/* Redis' stream id "ms-n"; false when it is none. */
struct stream_id;
bool stream_id_parse(struct slice text, struct stream_id *out);
struct slice stream_id_text(struct stream_id id, struct arena *arena);
/* The entries of the first stream of an XREAD answer: each [id, [name, value ...]]. */
const struct reply *stream_entries(const struct reply *xread);

#endif
