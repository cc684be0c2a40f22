/*
 * HTTP requests in threads, so that nobody's slow service holds up the loop. Knows no message. Owner: struct webhook.
 */
#ifndef WEBHOOK_FETCH_H
#define WEBHOOK_FETCH_H

#include <stdbool.h>

#include "kit/buf.h"

enum { FETCH_THREADS = 4, FETCH_ANSWER_MAX = 65536, FETCH_HEADERS_MAX = 24 };

struct fetch {
	struct fetch *next;
	/* the request; owned by it */
	char *method, *url;
	struct buf body;
	char *headers[FETCH_HEADERS_MAX]; /* "Name: value" */
	size_t headers_count;
	bool allow_private;
	bool fixed; /* the address is the configuration's, with places filled: those may not climb */
	long timeout_s;
	/* what came of it */
	long status;	/* 0: there was no answer */
	bool may_have;	/* no answer, but the request had begun to be sent */
	bool forbidden; /* the address filter refused */
	bool climbs;	/* nothing was sent: see url_climbs */
	char why[256];
	size_t answer_max; /* 0: FETCH_ANSWER_MAX */
	bool cut;	   /* the answer was longer */
	struct buf answer;
	void (*prepare)(struct fetch *f); /* in the thread: makes body and headers; may be NULL */
	void (*done)(struct fetch *f);	  /* in the thread */
	void *arg;
};

void fetch_free(struct fetch *f);

struct fetch_pool;
struct fetch_pool *fetch_pool_new(void);
/* False when there is no thread. */
bool fetch_start(struct fetch_pool *pool, struct fetch *f);
/* When none is under way any more. */
void fetch_pool_free(struct fetch_pool **pool);

#endif
