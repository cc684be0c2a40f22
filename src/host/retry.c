/*
 * See retry.h. Knows no message and no timer. Called by outbound.c.
 */
#include "host/retry.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/limits.h"

enum { AT_ONCE_FIRST = 4 };

struct destination {
	uint32_t failures;
	uint64_t until_us;
};

void retry_init(struct retry *r)
{
	*r = (struct retry){ .at_once = AT_ONCE_FIRST };
}

void retry_free(struct retry *r)
{
	struct map_entry e;

	for (size_t i = 0; map_next(&r->destinations, &i, &e);)
		free(e.value);
	map_free(&r->destinations);
}

uint64_t retry_until(const struct retry *r, struct slice destination)
{
	const struct destination *d = map_get(&r->destinations, destination);

	return d ? d->until_us : 0;
}

uint64_t retry_back_off_us(uint32_t failures)
{
	const uint64_t most = SEND_AGAIN_MOST_S * UINT64_C(1000000);
	uint64_t us = SEND_AGAIN_LEAST_S * UINT64_C(1000000);
	uint16_t chance;

	for (uint32_t i = 1; i < failures && us < most; i++)
		us *= 2;
	if (us > most)
		us = most;
	chance_bytes(&chance, sizeof(chance));
	return us / 2 + us * chance / 65536;
}

uint64_t retry_failed(struct retry *r, struct slice destination, uint64_t now_us)
{
	struct destination *d = map_get(&r->destinations, destination);

	r->credit = 0;
	r->at_once = r->at_once > 1 ? r->at_once / 2 : 1;
	if (!d) {
		d = mem_alloc(sizeof(*d));
		map_put(&r->destinations, destination, d);
	}
	d->failures++;
	d->until_us = now_us + retry_back_off_us(d->failures);
	return d->until_us;
}

void retry_worked(struct retry *r)
{
	r->worked++;
	if (++r->credit < r->at_once || r->at_once >= SENDS_AT_ONCE_MAX)
		return;
	r->credit = 0;
	r->at_once++;
}

void retry_forget(struct retry *r, struct slice destination)
{
	free(map_remove(&r->destinations, destination));
}
