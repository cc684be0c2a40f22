/*
 * One configured channel: opens its plugin, closes it when nothing is owed any more, and takes back what the plugin held.
 * Decides nothing about messages. Called by host.c.
 *
 *   OPEN ──channel_close──▶ CLOSING ──said down, deliveries 0, sends 0──▶ GONE ──refs 0──▶ freed
 */
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "host/inside.h"

struct usher_host *channel_find(const struct host *host, struct slice name)
{
	LIST_FOR (h, &host->channels, struct usher_host, node)
		if (slice_is(name, h->name))
			return h;
	return NULL;
}

void channel_set_down(struct usher_host *h, const char *why)
{
	h->up = false;
	free(h->why);
	h->why = slice_dup(slice_of(why));
}

/* ---- opening ---- */

static void keep_first(void *arg, unsigned line, unsigned col, const char *message)
{
	struct err *err = arg;

	(void)line;
	(void)col;
	if (!err->text[0])
		err_set(err, EINVAL, "%s", message);
}

static struct usher_host *channel_new(struct host *host, const struct channel *conf)
{
	struct usher_host *h = mem_alloc(sizeof(*h));
	struct str scope = { 0 };

	h->host = host;
	h->refs = 1;
	h->name = slice_dup(conf->name);
	str_addf(&scope, "channel:%s", h->name);
	h->scope = str_take(&scope);
	h->count.name = slice_of(h->name);
	h->options_hash = channel_hash(conf);
	list_push_back(&host->channels, &h->node);
	return h;
}

static int channel_start(struct usher_host *h, const struct channel *conf, struct err *err)
{
	char why[256] = "";
	struct err first = { "" };

	h->plugin = plugin_of(h->host->config, conf, err);
	if (!h->plugin)
		return -ENOENT;
	h->api = &h->plugin->api;
	h->count.plugin = slice_of(h->plugin->name);
	if (plugin_options(h->plugin, conf, &h->options, keep_first, &first))
		return err_set(err, EINVAL, "%s", first.text);
	h->up = true;
	uint64_t began = call_begin(h, "open");
	h->self = h->api->open(h, &host_services, why, sizeof(why));
	call_end(h, began);
	why[sizeof(why) - 1] = 0;
	if (!h->self)
		return err_set(err, EINVAL, "%s", why[0] ? why : "the plugin refused to open");
	outbound_open(h);
	log_info(h->name, "open plugin=%s version=%s%s", h->plugin->name,
		h->api->version ? h->api->version : "", h->plugin->inner ? " isolated=yes" : "");
	return 0;
}

/* A channel that could not be opened stays in the list with its reason, so that status shows it. */
struct usher_host *channel_open(struct host *host, const struct channel *conf, struct err *err)
{
	struct usher_host *h = channel_new(host, conf);
	struct err why = { "" };
	int status = channel_start(h, conf, &why);

	if (status == 0)
		return h;
	channel_set_down(h, why.text);
	log_error(h->name, "not open why=\"%s\"", why.text);
	if (err && !err->text[0])
		err_set(err, -status, "channel %s: %s", h->name, why.text);
	return NULL;
}

/* ---- closing ---- */

static void look_now(struct usher_host *h, void *arg)
{
	(void)arg;
	if (h->state == CHANNEL_CLOSING && h->said_down && !h->deliveries && !h->stubborn.count &&
		outbound_is_idle(h))
		channel_end(h);
}

void channel_look(struct usher_host *h)
{
	if (h->state == CHANNEL_CLOSING)
		call_later(h, look_now, NULL, NULL);
}

static void close_now(struct usher_host *h, void *arg)
{
	(void)arg;
	h->told_close = true;
	PLUGIN_CALL(h, close, h->self);
}

void channel_close(struct usher_host *h)
{
	if (h->state != CHANNEL_OPEN)
		return;
	h->state = CHANNEL_CLOSING;
	channel_set_down(h, "closing");
	stream_stop_listening(h);
	if (h->self)
		outbound_stop(h);
	if (h->self && h->api->close)
		call_later(h, close_now, NULL, NULL);
	else
		h->said_down = true;
	channel_look(h);
}

static void channel_take_back(struct usher_host *h)
{
	http_drop_all(h);
	ws_drop_all(h);
	stream_drop_all(h);
	timer_drop_all(h);
	blob_drop_all(h);
	catch_up_drop_all(h);
	stubborn_drop_all(h);
	reread_drop_all(h);
	outbound_free(h);
}

void channel_end(struct usher_host *h)
{
	struct host *host = h->host;
	char *name = slice_dup(slice_of(h->name));

	ASSERT(h->state != CHANNEL_GONE);
	for (size_t i = 0; i < host->call_depth; i++)
		ASSERT(host->calls[i].h != h);
	h->state = CHANNEL_GONE;
	h->self = NULL;
	channel_take_back(h);
	list_remove(&h->node);
	list_push_back(&host->gone, &h->node);
	channel_release(h);
	host_channel_ended(host, slice_of(name));
	free(name);
}

void channel_release(struct usher_host *h)
{
	ASSERT(h->refs > 0);
	if (--h->refs)
		return;
	ASSERT(h->state == CHANNEL_GONE);
	if (h->node.on)
		list_remove(&h->node);
	options_free(&h->options);
	str_free(&h->health);
	free(h->why);
	free(h->scope);
	free(h->name);
	free(h);
}
