/*
 * A redis-server (or valkey-server) of our own: a child on a unix socket in DATA/redis, writing its append-only file with
 * fsync before every answer. It dies with us and comes back when it crashes.
 *
 *   DATA/redis/lock        held by the child itself (an inherited descriptor): never two servers on one file
 *   DATA/redis/redis.conf  written anew at each start
 *   DATA/redis/secret      the password of its one user, 0600
 *   DATA/redis/redis.log   what it says
 *   DATA/redis/appendonlydir/
 */
#ifndef USHER_STORE_MANAGED_H
#define USHER_STORE_MANAGED_H

#include "net/loop.h"

struct managed;
struct managed_ops {
	/* Started for the first time; dial may not answer yet. */
	void (*started)(const char *dial, const char *user, const char *pass, void *arg);
	void (*failed)(
		const char *why, void *arg); /* it will not start: what to do is in the words */
};

/* data_dir exists. Ops are called later, never from here. */
struct managed *managed_new(
	struct loop *loop, const char *data_dir, const struct managed_ops *ops, void *arg);
/* Everybody is served: a crash from here on is met with a restart, however often. */
void managed_proven(struct managed *m);
/* Asks it to end and waits for that; SIGKILL after a while (nothing acknowledged is lost). */
void managed_stop(struct managed *m, void (*done)(void *arg), void *arg);
/* Kills what still runs. */
void managed_free(struct managed **m);
/* 0 when none runs. */
int managed_pid(const struct managed *m);

#endif
