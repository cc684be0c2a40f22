/*
 * Log-in limits; see the header. Never asks a clock: the caller says what time it is.
 *
 *   keys: name ─▶ key      order: oldest ⇄ key ⇄ key ⇄ newest; beyond LOGIN_KEYS_MAX the oldest is forgotten
 */
#include "desk/throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"
#include "model/limits.h"

struct throttle_key {
	struct list_node node;
	char *name;
	uint32_t failures;
	uint64_t until_us;
	uint64_t forgot_us; /* up to when failures were forgotten */
};

struct slice throttle_network(const char *peer, char out[64])
{
	struct in_addr v4;
	struct in6_addr v6;
	const uint8_t *b = (const uint8_t *)&v4;
	if (inet_pton(AF_INET, peer, &v4) == 1) {
		(void)snprintf(out, 64, "%u.%u.%u.", b[0], b[1], b[2]);
	} else if (inet_pton(AF_INET6, peer, &v6) == 1) {
		b = v6.s6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&v6))
			(void)snprintf(out, 64, "%u.%u.%u.", b[12], b[13], b[14]);
		else
			(void)snprintf(out, 64, "%02x%02x:%02x%02x:%02x%02x:%02x%02x", b[0], b[1],
				b[2], b[3], b[4], b[5], b[6], b[7]);
	} else {
		(void)snprintf(out, 64, "%s", peer);
	}
	return slice_of(out);
}

static void key_drop(struct throttle *t, struct throttle_key *k)
{
	ASSERT(map_remove(&t->keys, slice_of(k->name)) == k);
	list_remove(&k->node);
	free(k->name);
	free(k);
}

static uint32_t free_tries(const struct throttle_key *k)
{
	return k->name[0] == 'a' ? LOGIN_FREE_ACCOUNT : LOGIN_FREE_NETWORK;
}

/* As many as are free are forgotten in LOGIN_FORGET_S, one after the other: an office of many behind one address makes mistakes all day. */
static void key_forget(struct throttle_key *k, uint64_t now_us)
{
	uint64_t each_us = (uint64_t)LOGIN_FORGET_S * 1000000 / free_tries(k);
	uint64_t n = (now_us - k->forgot_us) / each_us;
	k->forgot_us += n * each_us;
	k->failures = n < k->failures ? k->failures - (uint32_t)n : 0;
}

/* The key of this kind and name, made when it is new, moved to the young end. */
static struct throttle_key *key_touch(
	struct throttle *t, char kind, struct slice name, uint64_t now_us)
{
	struct str text = { 0 };
	str_addf(&text, "%c:%.*s", kind, SLICE_ARG(name));
	struct throttle_key *k = map_get(&t->keys, str_slice(&text));
	if (k) {
		key_forget(k, now_us);
		list_remove(&k->node);
		str_free(&text);
	} else {
		if (t->keys.count >= LOGIN_KEYS_MAX)
			key_drop(t, LIST_ENTRY(t->order.first, struct throttle_key, node));
		k = mem_alloc(sizeof(*k));
		k->name = str_take(&text);
		k->forgot_us = now_us;
		ASSERT(!map_put(&t->keys, slice_of(k->name), k));
	}
	list_push_back(&t->order, &k->node);
	return k;
}

static uint32_t key_wait_s(const struct throttle_key *k, uint64_t now_us)
{
	return k->until_us > now_us ? (uint32_t)((k->until_us - now_us + 999999) / 1000000) : 0;
}

static void key_charge(struct throttle_key *k, uint64_t now_us)
{
	k->failures++;
	if (k->failures <= free_tries(k))
		return;
	uint32_t doublings = k->failures - free_tries(k) - 1;
	uint64_t wait_s = doublings < 16 ? (uint64_t)1 << doublings : LOGIN_WAIT_MAX_S;
	if (wait_s > LOGIN_WAIT_MAX_S)
		wait_s = LOGIN_WAIT_MAX_S;
	k->until_us = now_us + wait_s * 1000000;
}

uint32_t throttle_try(struct throttle *t, struct slice account, const char *peer, uint64_t now_us)
{
	char network[64];
	struct throttle_key *n = key_touch(t, 'n', throttle_network(peer, network), now_us);
	uint32_t wait_s = key_wait_s(n, now_us);
	if (wait_s)
		return wait_s; /* and makes no key: with many names it would push out whose tries are counted */
	struct throttle_key *a = key_touch(t, 'a', account, now_us);
	wait_s = key_wait_s(a, now_us);
	if (wait_s)
		return wait_s;
	key_charge(a, now_us);
	key_charge(n, now_us);
	return 0;
}

void throttle_forgive(struct throttle *t, struct slice account, const char *peer)
{
	struct str text = { 0 };
	char network[64];
	str_addf(&text, "a:%.*s", SLICE_ARG(account));
	struct throttle_key *a = map_get(&t->keys, str_slice(&text));
	if (a)
		key_drop(t, a);
	str_clear(&text);
	str_addf(&text, "n:%.*s", SLICE_ARG(throttle_network(peer, network)));
	struct throttle_key *n = map_get(&t->keys, str_slice(&text));
	if (n && n->failures) {
		n->failures--;
		n->until_us = 0;
	}
	str_free(&text);
}

void throttle_free(struct throttle *t)
{
	while (t->order.first)
		key_drop(t, LIST_ENTRY(t->order.first, struct throttle_key, node));
	map_free(&t->keys);
}
