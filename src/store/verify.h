/*
 * What the walk (verify.c) and the checks of single keys (verify_keys.c) share.
 *
 *   SCAN ─▶ page of keys ─▶ for each: one MULTI of what must agree ─▶ violations ─▶ next page
 */
#ifndef USHER_STORE_VERIFY_H
#define USHER_STORE_VERIFY_H

#include "base/map.h"
#include "store/inside.h"

struct verify {
	struct store *store;
	void (*line)(void *arg, const char *text);
	void (*fn)(void *arg, int status, size_t violations, size_t checked);
	void *arg;
	int status; /* the first answer that did not come */
	size_t violations, checked;
	uint64_t taken, found; /* messages of customers: counted when taken, found in histories */
	size_t due;	       /* checks under way */
	struct slice at;       /* SCAN's place; "0" at the end */
	char at_text[24];
	struct map blobs; /* names already looked at */
};

/* Reports a violation. */
void verify_line(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A check begins and ends; the walk goes on when none is under way. */
void verify_begin(struct verify *v);
void verify_end(struct verify *v);
/* The list of messages that could not be sent. */
void verify_dead(struct verify *v);
/* The list of conversations whose visitor is to be mailed. */
void verify_away(struct verify *v);
/* Begins the checks that a key of this family asks for. */
void verify_key(struct verify *v, enum key_family f, struct slice key, struct slice rest);

#endif
