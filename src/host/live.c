/*
 * Committed effects to live threads: messages, place in the queue, who answers, the end. Notes between employees never
 * leave. Called by app with what the store pushed; reading back is catchup.c.
 */
#include "host/live.h"

#include <stdlib.h>

#include "model/limits.h"

/* The parts of a message that a plugin sees. */
static void live_parts(struct slice parts, struct arena *arena, struct usher_update *out)
{
	struct part p;
	struct usher_part *list;

	if (!parts.n)
		return;
	list = arena_array(arena, MESSAGE_PARTS_MAX, sizeof(*list));
	for (struct slice rest = parts;
		out->parts_count < MESSAGE_PARTS_MAX && parts_next(&rest, &p, arena);)
		list[out->parts_count++] = (struct usher_part){ .name = to_str(p.name),
			.type = to_str(p.type),
			.blob = to_str(p.blob),
			.cid = to_str(p.cid),
			.size = p.size_bytes };
	out->parts = list;
}

/* The plugin's own dedup, out of "channel\ndedup"; empty when the message came by another channel. */
static struct slice own_dedup(const struct usher_host *h, struct slice dedup)
{
	size_t n = strlen(h->name);

	if (dedup.n <= n || memcmp(dedup.p, h->name, n) != 0 || dedup.p[n] != '\n')
		return (struct slice){ 0 };
	return slice_make(dedup.p + n + 1, dedup.n - n - 1);
}

bool live_message(const struct usher_host *h, const struct entry *en, struct arena *arena,
	struct usher_update *out)
{
	*out = (struct usher_update){ .size = sizeof(*out),
		.what = USHER_UPDATE_MESSAGE,
		.seq = en->seq,
		.at_us = en->at_us,
		.text = to_str(en->text),
		.name = to_str(en->from) };
	switch ((enum direction)en->direction) {
	case DIRECTION_IN:
		/* Whoever typed somebody's address here must not read what that person answers by mail. */
		out->dedup = to_str(own_dedup(h, en->dedup));
		if (!out->dedup.n)
			return false;
		out->from = USHER_FROM_YOU;
		break;
	case DIRECTION_OUT:
		out->from = USHER_FROM_AGENT;
		break;
	case DIRECTION_SYSTEM:
		out->from = USHER_FROM_SYSTEM;
		break;
	case DIRECTION_NOTE:
	case DIRECTION_NONE:
	case DIRECTION_COUNT:
		return false;
	}
	live_parts(en->parts, arena, out);
	return true;
}

/* ---- effects ---- */

static void update(struct usher_host *h, const struct effect *ef, struct usher_update *u)
{
	u->size = sizeof(*u);
	u->thread = to_str(ef->thread);
	u->at_us = ef->at_us;
	PLUGIN_CALL(h, update, h->self, u);
}

static void push_message(struct usher_host *h, const struct effect *ef)
{
	struct arena arena = { 0 };
	struct usher_update u;
	struct entry en = { .seq = ef->seq,
		.at_us = ef->at_us,
		.direction = ef->direction,
		.from = ef->name,
		.text = ef->text,
		.parts = ef->parts,
		.dedup = ef->dedup };

	if (live_message(h, &en, &arena, &u) && !catch_up_holds(h, ef->thread, ef->seq))
		update(h, ef, &u);
	arena_free(&arena);
}

static void push_position(struct usher_host *h, const struct effect *ef)
{
	struct usher_update u = { .what = USHER_UPDATE_POSITION,
		.position = ef->position,
		.low_s = ef->low_s,
		.high_s = ef->high_s };

	update(h, ef, &u);
}

static void push_conv(struct usher_host *h, const struct effect *ef)
{
	struct usher_update u = { .what = USHER_UPDATE_ENDED };
	const char *name;

	if (ef->state == CONV_RESOLVED || ef->state == CONV_CLOSED) {
		u.text = to_str(slice_of(conv_state_words[ef->state]));
		update(h, ef, &u);
	} else if (ef->state == CONV_ACTIVE && ef->owner.n) {
		name = map_get(&h->host->agent_names, ef->owner);
		u.what = USHER_UPDATE_AGENT;
		u.name = to_str(name ? slice_of(name) : ef->owner);
		update(h, ef, &u);
	}
}

void live_standing(struct usher_host *h, struct usher_str thread, const struct pairs_found *view)
{
	uint32_t state = word_parse(conv_state_words, found_get(view, "state"));
	struct slice owner = found_get(view, "owner");
	struct usher_update u = {
		.size = sizeof(u), .thread = thread, .at_us = loop_wall_us(h->host->loop)
	};
	const char *name;

	if (state == CONV_RESOLVED || state == CONV_CLOSED) {
		u.what = USHER_UPDATE_ENDED;
		u.text = to_str(slice_of(conv_state_words[state]));
	} else if ((state == CONV_ACTIVE || state == CONV_PENDING) && owner.n) {
		/* after a restart his name is known once he does something */
		name = map_get(&h->host->agent_names, owner);
		if (!name)
			return;
		u.what = USHER_UPDATE_AGENT;
		u.name = to_str(slice_of(name));
	} else {
		return;
	}
	PLUGIN_CALL(h, update, h->self, &u);
}

static void push_to_channel(struct host *host, const struct effect *ef)
{
	struct usher_host *h =
		ef->channel.n && ef->thread.n ? channel_find(host, ef->channel) : NULL;

	if (!h || !h->self || !(h->api->capabilities & USHER_CAP_LIVE))
		return;
	switch ((enum effect_type)ef->type) {
	case EFFECT_MESSAGE:
		push_message(h, ef);
		break;
	case EFFECT_POSITION:
		push_position(h, ef);
		break;
	case EFFECT_CONV:
		push_conv(h, ef);
		break;
	case EFFECT_NONE:
	case EFFECT_ANSWER:
	case EFFECT_OFFER:
	case EFFECT_OFFER_ENDED:
	case EFFECT_RECEIPT:
	case EFFECT_AGENT:
	case EFFECT_QUEUE:
	case EFFECT_CARD:
	case EFFECT_COUNT:
		break;
	}
}

void host_push(struct host *host, const struct effect *effects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct effect *ef = &effects[i];
		if (ef->type == EFFECT_AGENT && ef->agent.n && ef->name.n)
			free(map_put(&host->agent_names, ef->agent, slice_dup(ef->name)));
		else
			push_to_channel(host, ef);
	}
}

void host_seen(struct host *host, struct slice channel, struct slice thread, uint64_t seq)
{
	struct usher_host *h = channel_find(host, channel);
	struct usher_update u = { .size = sizeof(u),
		.what = USHER_UPDATE_SEEN,
		.thread = to_str(thread),
		.at_us = loop_wall_us(host->loop),
		.seq = seq };

	if (h && h->self && (h->api->capabilities & USHER_CAP_READ_MARKS))
		PLUGIN_CALL(h, update, h->self, &u);
}

void host_typing(struct host *host, struct slice channel, struct slice thread, struct slice name)
{
	struct usher_host *h = channel_find(host, channel);
	struct usher_update u = { .size = sizeof(u),
		.what = USHER_UPDATE_TYPING,
		.thread = to_str(thread),
		.at_us = loop_wall_us(host->loop),
		.name = to_str(name) };

	if (h && h->self && (h->api->capabilities & USHER_CAP_TYPING))
		PLUGIN_CALL(h, update, h->self, &u);
}
