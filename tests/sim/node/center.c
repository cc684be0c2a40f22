/*
 * The contact center of this world: one queue, so that the order is total, two channels of equal cost, a segment with a head
 * start. Called by proc.c.
 */
#include "model/config.h"

#include "proc.h"

struct config *center_config(const char *node)
{
	struct arena *a = &world.arena;
	struct config *c = arena_alloc(a, sizeof(*c));

	c->arena = a;
	c->hash = 1;
	c->domain = SLICE("main");
	c->node = slice_of(node);
	c->public_url = SLICE("http://127.0.0.1");
	c->web_dir = SLICE("/nonexistent");
	c->plugin_dir = SLICE("/nonexistent");
	c->grace_s = 10;
	c->miss_limit = 3;
	c->decline_cooldown_s = 5;
	c->units = 100;
	c->kinds = arena_array(a, 2, sizeof(struct kind));
	c->kinds[c->kind_count++] = (struct kind){
		.name = SLICE("mail"), .cost = 25, .cost_pending = 25, .max = 4, .offer_s = 8
	};
	c->kinds[c->kind_count++] = (struct kind){ .name = SLICE("chat"),
		.cost = 25,
		.cost_pending = 25,
		.max = 4,
		.offer_s = 5,
		.live = true };
	c->queues = arena_array(a, 1, sizeof(struct queue));
	c->queue_count = 1;
	struct queue *q = &c->queues[0];
	q->name = q->title = SLICE("q");
	q->strategy = STRATEGY_LONGEST_IDLE;
	q->target_s = 20;
	q->close_s = 40;
	q->wrapup_s = 2;
	q->answer_s = 30;
	q->greeting = SLICE("hello");
	q->stages = arena_array(a, 1, sizeof(struct stage));
	q->stage_count = 1;
	c->segments = arena_array(a, 2, sizeof(struct segment));
	c->segment_count = 2;
	c->segments[0] = (struct segment){ .name = SLICE("premier"), .offset_s = -20 };
	c->segments[0].domains = arena_array(a, 1, sizeof(struct slice));
	c->segments[0].domains[0] = SLICE("premier.test");
	c->segments[0].domain_count = 1;
	c->segments[1] = (struct segment){ .name = SLICE("mass") };
	c->channels = arena_array(a, CHANNELS, sizeof(struct channel));
	c->channel_count = CHANNELS;
	c->channels[CHANNEL_MAIL] = (struct channel){
		.name = SLICE("mail"), .plugin = SLICE("simmail"), .kind = &c->kinds[0], .queue = q
	};
	c->channels[CHANNEL_CHAT] = (struct channel){ .name = SLICE("chat"),
		.plugin = SLICE("simchat"),
		.kind = &c->kinds[1],
		.queue = q,
		.away_mailbox = SLICE("mail"),
		.away_s = 4 };
	return c;
}
