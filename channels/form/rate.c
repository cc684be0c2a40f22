/*
 * How often one address may post: token buckets in a small table. When many addresses come at once the oldest of a row
 * is forgotten, which lets somebody through rather than shutting somebody out. IPv6 counts by /64: one household.
 *
 * Not counted: this machine itself. A reverse proxy that is not named as trusted makes everybody 127.0.0.1, and one stranger must not
 * shut out all.
 *
 *   row (hash of the address) ─▶ [ key, full_us ] × 4      full_us: when the bucket would be full again
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"

enum { ROWS = 512, WAYS = 4 };

struct bucket {
	uint64_t key, full_us;
};

struct rate {
	uint64_t per_minute, seed;
	struct bucket rows[ROWS][WAYS];
};

struct rate *rate_new(uint64_t per_minute, uint64_t seed)
{
	struct rate *r;

	if (!per_minute)
		return NULL;
	r = zeroed(sizeof(*r));
	r->per_minute = per_minute;
	r->seed = seed;
	return r;
}

void rate_free(struct rate **r)
{
	free(*r);
	*r = NULL;
}

int rate_is_own(const char *peer)
{
	struct in6_addr address;

	return strcmp(peer, "127.0.0.1") == 0 || strcmp(peer, "::1") == 0 ||
	       (inet_pton(AF_INET, peer, &address) != 1 &&
		       inet_pton(AF_INET6, peer, &address) != 1);
}

/* 0: not counted. */
static uint64_t key_of(const struct rate *r, const char *peer)
{
	unsigned char address[16] = { 0 };
	size_t n = 4;
	uint64_t hash = r->seed ^ UINT64_C(14695981039346656037);

	if (rate_is_own(peer))
		return 0;
	if (inet_pton(AF_INET6, peer, address) == 1)
		n = 8;
	else
		(void)inet_pton(AF_INET, peer, address);
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ address[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 29;
	return hash ? hash : 1;
}

static struct bucket *bucket_of(struct rate *r, uint64_t key)
{
	struct bucket *row = r->rows[key % ROWS], *oldest = row;

	for (size_t i = 0; i < WAYS; i++) {
		if (row[i].key == key)
			return &row[i];
		if (row[i].full_us < oldest->full_us)
			oldest = &row[i];
	}
	*oldest = (struct bucket){ key, 0 };
	return oldest;
}

unsigned rate_take(struct rate *r, const char *peer, uint64_t now_us)
{
	uint64_t key = r ? key_of(r, peer) : 0;

	if (!key)
		return 0;
	struct bucket *b = bucket_of(r, key);
	uint64_t each_us = 60000000 / r->per_minute, whole_us = each_us * r->per_minute;
	/* Further away than a whole bucket: the clock was put back. */
	int kept = b->full_us > now_us && b->full_us <= now_us + whole_us;
	uint64_t full_us = kept ? b->full_us : now_us;

	if (full_us + each_us > now_us + whole_us)
		return (unsigned)((full_us + each_us - now_us - whole_us) / 1000000) + 1;
	b->full_us = full_us + each_us;
	return 0;
}
