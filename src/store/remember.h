/*
 * Small durable things beside the flow: a channel's cursor, desk log-in sessions.
 */
#ifndef USHER_STORE_REMEMBER_H
#define USHER_STORE_REMEMBER_H

#include "store/lookup.h"

/* scope: "channel:<name>", "session" ...; ttl_s 0: for ever. Keys are hashed. Empty value deletes. */
void remember(struct store *s, const char *scope, struct slice key, struct slice value,
	uint32_t ttl_s, void (*fn)(void *arg, int status), void *arg);
/* Only when nothing is there: 0 also when the same value is, -EEXIST when another is. The value is not empty. */
void remember_once(struct store *s, const char *scope, struct slice key, struct slice value,
	uint32_t ttl_s, void (*fn)(void *arg, int status), void *arg);
/* -ENOENT: nothing there. */
void recall(struct store *s, const char *scope, struct slice key,
	void (*fn)(void *arg, int status, struct slice value), void *arg);
/* Names of all users, for the administrator's list. */
void users_read(struct store *s,
	void (*fn)(void *arg, int status, const struct slice *names, size_t count), void *arg);

#endif
