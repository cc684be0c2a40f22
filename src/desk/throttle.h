/*
 * How often a password may be tried: by account and by network (/24, /64), with waits that double. A try is charged before it is made,
 * so that many at once gain nothing; a right password gives it back. In memory: each node counts its own.
 */
#ifndef USHER_DESK_THROTTLE_H
#define USHER_DESK_THROTTLE_H

#include "base/list.h"
#include "base/map.h"

struct throttle {
	struct map keys;   /* "a:account", "n:network" → struct throttle_key */
	struct list order; /* the one touched longest ago first */
};

/* 0: go on, the try is charged. Else: seconds until another try. */
uint32_t throttle_try(struct throttle *t, struct slice account, const char *peer, uint64_t now_us);
/* It was the right password: forgets the account's failures and gives the network its try back. */
void throttle_forgive(struct throttle *t, struct slice account, const char *peer);
/* The network of a numeric address: "192.0.2.", "2001:db8:0:1" ...; the whole text when it is none. */
struct slice throttle_network(const char *peer, char out[64]);
void throttle_free(struct throttle *t);

#endif
