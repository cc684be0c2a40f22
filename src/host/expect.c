/*
 * What a live channel wants to know of the center: whether somebody is there for a new conversation, and, after a restart, which
 * conversations are open though nobody is connected. Called by plugins through the services table, and by app when it has recovered.
 */
#include <stdlib.h>

#include "host/live.h"
#include "model/limits.h"

/* ---- open or closed ---- */

static bool hints_say(const struct usher_pair *hints, size_t count, const struct rule *r)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(to_slice(hints[i].name), r->hint_name))
			return slice_equal_nocase(to_slice(hints[i].value), r->hint_value);
	return false;
}

/* As the router will choose it, as far as that can be known before anything is said. */
static const struct queue *queue_for(
	const struct usher_host *h, const struct usher_pair *hints, size_t count)
{
	const struct config *c = h->host->config;
	const struct channel *ch = config_channel(c, slice_of(h->name));

	for (size_t i = 0; i < c->rule_count; i++) {
		const struct rule *r = &c->rules[i];
		if (r->queue && !rule_reads_text(r) &&
			(!r->channel.n || slice_is(r->channel, h->name)) &&
			(!r->hint_name.n || hints_say(hints, count, r)))
			return r->queue;
	}
	return ch ? ch->queue : NULL;
}

int service_is_open(
	struct usher_host *h, const struct usher_pair *hints, size_t count, uint64_t *opens_us)
{
	const struct queue *q = queue_for(h, hints, count);
	const struct calendar *cal = q ? q->hours : NULL;
	uint64_t now_us = loop_wall_us(h->host->loop);

	*opens_us = 0;
	if (!cal)
		return 1;
	for (size_t i = 0; i < cal->count; i++) {
		if (cal->open[i].to_us <= now_us)
			continue;
		if (cal->open[i].from_us <= now_us)
			return 1;
		*opens_us = cal->open[i].from_us;
		break;
	}
	return 0;
}

/* ---- who was there before the restart ---- */

struct expect {
	struct host *host;
	struct arena arena;
	struct pairs_found *views;
	size_t count;
};

static void tell_expected(struct host *host, const struct pairs_found *view)
{
	struct usher_host *h = channel_find(host, found_get(view, "channel"));
	struct usher_update u = { .size = sizeof(u),
		.what = USHER_UPDATE_EXPECTED,
		.thread = to_str(found_get(view, "thread")),
		.at_us = loop_wall_us(host->loop) };

	if (slice_is(found_get(view, "left"), "1"))
		return; /* before the restart, and what follows from that was decided then */
	if (h && h->self && u.thread.n && (h->api->capabilities & USHER_CAP_LIVE))
		PLUGIN_CALL(h, update, h->self, &u);
}

static void expect_viewed(void *arg, int status)
{
	struct expect *e = arg;

	for (size_t i = 0; !status && e->host->open && i < e->count; i++)
		tell_expected(e->host, &e->views[i]);
	arena_free(&e->arena);
	free(e);
}

void host_expect(struct host *host, const struct id *convs, size_t count)
{
	while (count) {
		struct expect *e = mem_alloc(sizeof(*e));
		e->host = host;
		e->count = count < EXPECTED_MAX ? count : EXPECTED_MAX;
		e->views = arena_array(&e->arena, e->count, sizeof(*e->views));
		struct lookup *l = lookup_new(host->store, &e->arena);
		for (size_t i = 0; i < e->count; i++)
			lookup_conv(l, convs[i], &e->views[i]);
		lookup_run(l, expect_viewed, e);
		convs += e->count;
		count -= e->count;
	}
}
