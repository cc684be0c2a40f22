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
	return slice_is(why, "received") ? q->received : q->greeting;
}
