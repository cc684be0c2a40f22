/*
 * Buckets of what strangers ask for. Never waits and never refuses: it says how long. Called by http_server.c for each address, by ws.c for each socket.
 *
 *   row (hash of the address) ─▶ [ key, full_us ] × 4
 */
#include "net/pace.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/siphash.h"
#include "base/str.h"
#include "net/address.h"

enum { ROWS = 512, WAYS = 4 };

struct bucket {
	uint64_t key, full_us;
};
struct pace_table {
	struct pace pace;
	uint8_t secret[16];
	struct bucket rows[ROWS][WAYS];
};

static uint64_t each_us(const struct pace *p)
{
	return 1000000 / p->per_s;
}

static uint64_t wait_of(const struct pace *p, uint64_t full_us, uint64_t now_us)
{
	uint64_t free_until_us = now_us + p->burst * each_us(p);

	return full_us > free_until_us ? full_us - free_until_us : 0;
}

uint64_t pace_take(const struct pace *p, uint64_t *full_us, uint64_t now_us, uint32_t cost)
{
	if (*full_us < now_us)
		*full_us = now_us;
	*full_us += cost * each_us(p);
	return wait_of(p, *full_us, now_us);
}

struct pace_table *pace_table_new(const struct pace *p)
{
	struct pace_table *t = mem_alloc(sizeof(*t));

	ASSERT(p->burst > 0 && p->per_s > 0);
	t->pace = *p;
	ASSERT(RAND_bytes(t->secret, sizeof(t->secret)) == 1);
	return t;
}

void pace_table_free(struct pace_table **t)
{
	free(*t);
	*t = NULL;
}

/* 0: not counted. */
static uint64_t key_of(const struct pace_table *t, const char *address)
{
	char bytes[16];
	struct slice household = address_household(address, bytes);

	if (!household.p)
		return 0;
	uint64_t key = siphash(t->secret, household);
	return key ? key : 1;
}

static struct bucket *bucket_of(struct pace_table *t, uint64_t key)
{
	struct bucket *row = t->rows[key % ROWS], *fullest = row;

	for (size_t i = 0; i < WAYS; i++) {
		if (row[i].key == key)
			return &row[i];
		if (row[i].full_us < fullest->full_us)
			fullest = &row[i];
	}
	*fullest = (struct bucket){ key, 0 };
	return fullest;
}

uint64_t pace_table_take(
	struct pace_table *t, const char *address, uint64_t now_us, uint32_t cost, uint64_t most_us)
{
	uint64_t key = key_of(t, address);

	if (!key)
		return 0;
	struct bucket *b = bucket_of(t, key);
	uint64_t wait_us = wait_of(&t->pace, b->full_us, now_us);
	if (wait_us <= most_us)
		pace_take(&t->pace, &b->full_us, now_us, cost);
	return wait_us;
}
