/*
 * Lanes; see lane.h. Never decides; derived from the configuration, never saved. Called by line.c (configure), conv.c
 * (which lane) and order.c (compare).
 */
#include "engine/lane.h"

/* Ages of centuries in microseconds times a rate: 64 bits are not enough. */
__extension__ typedef __int128 wide;

static uint32_t lane_find(const struct engine *e, uint32_t rate)
{
	uint32_t lane = 0;

	while (lane < e->lane_count && e->rates[lane] != rate)
		lane++;
	return lane;
}

void lanes_configure(struct engine *e)
{
	const struct config *c = e->config;

	e->lane_count = 1;
	e->rates[0] = 1;
	for (size_t i = 0; i < c->segment_count; i++) {
		uint32_t rate = c->segments[i].rate ? c->segments[i].rate : 1;

		if (lane_find(e, rate) < e->lane_count)
			continue;
		ASSERT(e->lane_count < LANES_MAX); /* whoever made the configuration saw to it */
		e->rates[e->lane_count++] = rate;
	}
}

uint32_t lane_of(const struct engine *e, const struct conv *c)
{
	const struct segment *s;

	if (e->lane_count == 1)
		return 0;
	s = config_segment(e->config, names_text(&e->labels, c->segment));
	uint32_t lane = s && s->rate ? lane_find(e, s->rate) : 0;

	ASSERT(lane < e->lane_count);
	return lane;
}

int lane_compare(const struct engine *e, const struct conv *a, const struct conv *b)
{
	wide x = ((wide)e->now_us - a->key) * e->rates[a->lane];
	wide y = ((wide)e->now_us - b->key) * e->rates[b->lane];

	ASSERT(a->lane < e->lane_count && b->lane < e->lane_count);
	return x > y ? -1 : x < y;
}
