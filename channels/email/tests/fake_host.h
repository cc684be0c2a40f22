/*
 * The host's half of the ABI for tests of the whole plugin, in one file: a queue instead of a loop, memory instead of
 * a store. It keeps the contract (answers come from fake_turn, never from inside a call) and records what the plugin does.
 */
#ifndef USHER_EMAIL_TESTS_FAKE_HOST_H
#define USHER_EMAIL_TESTS_FAKE_HOST_H

#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <usher/channel.h>

struct usher_blob {
	GByteArray *bytes;
};

struct usher_stream {
	void *data;
	GString *out; /* what the plugin wrote */
	bool paused, hung_up, tls;
};

struct delivered {
	char *dedup, *thread, *identity, *name, *to, *subject, *text, *html, *raw, *quarantine,
		*refs, *parts, *hints;
	int verified;
	bool automatic;
	uint64_t token;
};

struct turn {
	void (*fn)(void *arg);
	void *arg;
};

struct usher_host {
	void *self;
	GHashTable *options, *blobs, *remembered, *counts;
	pthread_mutex_t lock;
	GQueue turns;		   /* struct turn, from any thread */
	GPtrArray *delivered;	   /* struct delivered */
	GString *sent, *news;	   /* "id outcome remote why\n", "message what why\n" */
	enum usher_outcome answer; /* to deliver */
	const char *answer_why;
	bool hold; /* do not answer deliver by itself */
	bool blobs_fail;
	bool up, down;
	GPtrArray *streams;
};

void fake_init(struct usher_host *h);
void fake_clear(struct usher_host *h);
void fake_option(struct usher_host *h, const char *key, const char *value);
/* Opens the plugin; false and *why when it refuses. */
bool fake_open(struct usher_host *h, char *why, size_t why_size);
/* Runs turns until `until` says so, at most ten seconds; false when it never did. */
bool fake_run(struct usher_host *h, bool (*until)(struct usher_host *h, void *arg), void *arg);
struct usher_stream *fake_connect(struct usher_host *h);
void fake_say(struct usher_host *h, struct usher_stream *s, const char *text);
/* The peer hangs up. */
void fake_disconnect(struct usher_host *h, struct usher_stream *s);
/* Everything the plugin wrote contains `text`. */
bool fake_heard(struct usher_host *h, struct usher_stream *s, const char *text);

#endif
