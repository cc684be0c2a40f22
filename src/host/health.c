/*
 * What only a plugin knows of itself, for status; and, with the same heart-beat, sends that it never answered. Called by host.c and app.
 */
#include <jansson.h>

#include "base/log.h"
#include "host/inside.h"
#include "model/limits.h"

enum { BEAT_US = 10000000 };

static void put(void *arg, struct usher_str json)
{
	str_add(arg, to_slice(json));
}

/* One JSON object, or nothing and a word about it. */
static void health_ask(struct usher_host *h)
{
	struct str said = { 0 };
	json_error_t error;

	if (!h->self || !h->api->health || h->state != CHANNEL_OPEN)
		return;
	PLUGIN_CALL(h, health, h->self, put, &said);
	json_t *json =
		said.n <= HEALTH_MAX ? json_loadb(said.p ? said.p : "", said.n, 0, &error) : NULL;
	str_clear(&h->health);
	if (json_is_object(json)) {
		char *text = json_dumps(json, JSON_COMPACT);
		str_add_text(&h->health, text ? text : "{}");
		free(text);
	} else if (said.n > HEALTH_MAX) {
		plugin_wrong(h, "health has %zu bytes, at most %d are taken", said.n, HEALTH_MAX);
	} else {
		plugin_wrong(h, "health is not one JSON object");
	}
	json_decref(json);
	str_free(&said);
}

static void beat(void *arg)
{
	struct host *host = arg;

	LIST_FOR (h, &host->channels, struct usher_host, node)
		if (h->state == CHANNEL_OPEN)
			outbound_look_overdue(h);
	loop_timer_set(host->beat, BEAT_US);
}

void health_start(struct host *host)
{
	host->beat = loop_timer_new(host->loop, beat, host);
	loop_timer_set(host->beat, BEAT_US);
}

struct slice host_health(struct host *host, struct slice channel)
{
	struct usher_host *h = channel_find(host, channel);

	if (!h || host->call_depth)
		return (struct slice){ 0 };
	health_ask(h);
	return str_slice(&h->health);
}
