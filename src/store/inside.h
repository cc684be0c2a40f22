/*
 * What the files of this room know of the store: its links, its keys, and one part for each noun.
 *
 *   struct store ─┬─ write   inbox puts, commits, blobs, what is remembered
 *                 ├─ ask     lookups, history, recovery
 *                 ├─ inbox ── reader (own link)       ─ follows `in`
 *                 ├─ followers ── readers (own links) ─ follow `push`
 *                 ├─ outboxes ── readers (own links)  ─ follow `out:CHANNEL`
 *                 ├─ fence   who may commit
 *                 ├─ blobs   files and their two threads
 *                 ├─ collector  takes files away that no message names
 *                 └─ pictures  on their way through a process that draws them anew
 *
 * Each part is made by X_new and freed by X_free, from store.c only.
 */
#ifndef USHER_STORE_INSIDE_H
#define USHER_STORE_INSIDE_H

#include "base/list.h"
#include "base/map.h"
#include "store/keys.h"
#include "store/link.h"
#include "store/store.h"

struct blobs;
struct collector;
struct pictures;
struct fence;
struct inbox;
struct managed;
struct lease;

struct store {
	struct loop *loop;
	const struct store_ops *ops;
	void *arg;
	char *domain, *node, *data_dir;
	bool takes_over, rests; /* other nodes' messages, or none: outbox.c */
	bool relaxed;
	struct keys keys;
	struct link_target target;
	struct managed *managed; /* NULL: somebody else's Redis */
	struct link *write, *ask;
	const char *durability; /* "always", "relaxed" */
	bool is_up, was_ready, failed, stopping;
	char *why_failed;
	struct inbox *inbox;
	struct fence *fence;
	struct lease *lease;
	struct list followers; /* of push.c */
	struct map outboxes;   /* of outbox.c, by channel */
	struct blobs *blobs;
	struct collector *collector;
	uint32_t unnamed_keep_s;
	uint64_t upload_last_us; /* of blob_life.c */
	struct pictures *pictures;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* store.c: the node cannot go on with these data; said once. */
void store_fail(struct store *s, const char *why);
/* inbox.c */
struct inbox *inbox_new(struct store *s);
void inbox_free(struct inbox **in);
void inbox_link_up(struct inbox *in);
/* A commit took n entries away. */
void inbox_taken(struct inbox *in, size_t n);
/* push.c, outbox.c */
void followers_free(struct store *s);
void outboxes_free(struct store *s);
/* The link that an outbox is read by: tests cut it. */
struct link *outbox_link(const struct store *s, struct slice channel);
/* lease.c */
struct lease *lease_new(struct store *s);
void lease_free(struct lease **l);
/* Another node has taken over: a commit said so. */
void lease_fenced(struct lease *l);
/* blob_files.c */
struct blobs *blobs_new(struct store *s);
void blobs_free(struct blobs **b);
/* picture.c */
struct pictures *pictures_new(struct store *s, const char *program);
void pictures_free(struct pictures **pictures);

#endif
