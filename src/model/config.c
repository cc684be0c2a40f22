/*
 * Finding things of the configuration by name. The lists are short and read at the edges of a step, so a scan serves.
 */
#include "model/config.h"

#define FIND(list, count, wanted)                                                                  \
	for (size_t i = 0; i < (count); i++)                                                       \
		if (slice_equal((list)[i].name, wanted))                                           \
			return &(list)[i];                                                         \
	return NULL

const struct queue *config_queue(const struct config *c, struct slice name)
{
	FIND(c->queues, c->queue_count, name);
}

const struct segment *config_segment(const struct config *c, struct slice name)
{
	FIND(c->segments, c->segment_count, name);
}

const struct kind *config_kind(const struct config *c, struct slice name)
{
	FIND(c->kinds, c->kind_count, name);
}

const struct channel *config_channel(const struct config *c, struct slice name)
{
	FIND(c->channels, c->channel_count, name);
}

uint64_t config_today(const struct config *c, uint64_t now_us)
{
	const uint64_t day_us = UINT64_C(86400000000);
	size_t low = 0, high = c->midnight_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->midnights[mid] <= now_us)
			low = mid + 1;
		else
			high = mid;
	}
	/* beyond what is known: UTC's day is better than a day that never ends */
	if (!low || now_us - c->midnights[low - 1] > day_us + day_us / 24)
		return now_us - now_us % day_us;
	return c->midnights[low - 1];
}

bool segment_is_open(const struct segment *s)
{
	return !s->domain_count && !s->address_count && !s->hint_name.n && !s->language.n &&
	       !s->attribute_count;
}

bool rule_reads_text(const struct rule *r)
{
	return r->word_count || r->pattern.n || r->language.n;
}

struct slice queue_text(const struct queue *q, struct slice why)
{
	if (slice_is(why, "away"))
		return q->away_text;
	if (slice_is(why, "full"))
		return q->full_text;
	return slice_is(why, "received") ? q->received : q->greeting;
}
