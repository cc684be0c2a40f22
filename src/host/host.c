/*
 * The host as a whole: which channels there are, reload, drain, and what status shows. Never touches a message.
 * Called by app.
 */
#include "host/host.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "host/inside.h"

static bool is_sanitized(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return false;
#endif
}

/* ASan builds and USHER_HOST_DEBUG=1 report each slow call, not one a second. */
static bool want_debug(void)
{
	const char *env = getenv("USHER_HOST_DEBUG");

	return is_sanitized() ? !env || env[0] != '0' : env && env[0] == '1';
}

struct host *host_new(struct loop *loop, struct store *store, struct http_server *http,
	const struct config *config)
{
	struct host *h = mem_alloc(sizeof(*h));

	h->loop = loop;
	h->store = store;
	h->http = http;
	h->config = config;
	h->tail = loop_tail_new(loop, later_run, h);
	h->recent = recent_new();
	h->debug = want_debug();
	h->sanitized = is_sanitized();
	watch_crashes(h);
	health_start(h);
	h->intake = true;
	chance_bytes(&h->boot, sizeof(h->boot));
	return h;
}

int host_open(struct host *h, struct err *err)
{
	struct err first = { "" };
	int status = 0;

	ASSERT(!h->open);
	h->open = true;
	for (size_t i = 0; i < h->config->channel_count; i++)
		if (!channel_open(h, &h->config->channels[i], &first))
			status = -EINVAL;
	return status ? err_set(err, EINVAL, "%s", first.text) : 0;
}

/* ---- reload ---- */

static bool channel_changed(const struct usher_host *h, const struct config *config)
{
	const struct channel *c = config_channel(config, slice_of(h->name));

	return !c || !h->self || !slice_is(c->plugin, h->plugin->name) ||
	       channel_hash(c) != h->options_hash;
}

int host_configure(struct host *h, const struct config *config, struct err *err)
{
	struct err first = { "" };
	int status = 0;

	h->config = config;
	LIST_FOR (c, &h->channels, struct usher_host, node) {
		if (channel_changed(c, config)) {
			channel_close(c); /* its successor opens when it has ended */
		} else if (c->state == CHANNEL_OPEN) {
			stream_renew_tls(c);
			PLUGIN_CALL(c, reloaded, c->self);
		}
	}
	for (size_t i = 0; i < config->channel_count; i++)
		if (!channel_find(h, config->channels[i].name) &&
			!channel_open(h, &config->channels[i], &first))
			status = -EINVAL;
	return status ? err_set(err, EINVAL, "%s", first.text) : 0;
}

void host_channel_ended(struct host *host, struct slice name)
{
	const struct channel *conf;

	if (host->closed && !host->channels.count) {
		void (*done)(void *arg) = host->closed;
		host->closed = NULL;
		done(host->closed_arg);
		return;
	}
	conf = config_channel(host->config, name);
	if (host->open && conf)
		(void)channel_open(host, conf, NULL);
}

/* ---- the end ---- */

static void host_close_empty(void *arg)
{
	struct host *h = arg;
	void (*done)(void *arg) = h->closed;

	h->closed = NULL;
	if (done)
		done(h->closed_arg);
}

void host_close(struct host *h, void (*done)(void *arg), void *arg)
{
	h->open = false;
	h->closed = done;
	h->closed_arg = arg;
	if (!h->channels.count) {
		loop_post(h->loop, host_close_empty, h);
		return;
	}
	LIST_FOR (c, &h->channels, struct usher_host, node)
		channel_close(c);
}

static void agent_names_free(struct host *h)
{
	struct map_entry e;

	for (size_t i = 0; map_next(&h->agent_names, &i, &e);)
		free(e.value);
	map_free(&h->agent_names);
}

void host_free(struct host **host)
{
	struct host *h = *host;

	*host = NULL;
	if (!h)
		return;
	h->open = false;
	h->closed = NULL;
	later_drop_all(h);
	LIST_FOR (c, &h->channels, struct usher_host, node)
		channel_end(c);
	later_drop_all(h);
	/* Those that the store still owes an answer are freed when it comes. */
	while (h->gone.first) {
		struct usher_host *c = LIST_ENTRY(h->gone.first, struct usher_host, node);
		list_remove(&c->node);
		c->host = NULL;
	}
	routes_free(h);
	agent_names_free(h);
	recent_free(&h->recent);
	loop_tail_free(&h->tail);
	loop_timer_free(&h->beat);
	free(h->intake_why);
	free(h);
}

/* ---- questions ---- */

void host_intake(struct host *h, bool open, const char *why)
{
	free(h->intake_why);
	h->intake = open;
	h->intake_why = slice_dup(slice_of(why ? why : "usher takes nothing in now"));
}

void host_shed(struct host *h, enum shed level)
{
	h->shed = level;
}

uint64_t host_shed_count(const struct host *h)
{
	return h->shed_count;
}

void host_leads(struct host *h, bool leads)
{
	h->rests = !leads;
	if (leads) {
		outbox_take_over(h->store);
		return;
	}
	outbox_rest(h->store);
	LIST_FOR (c, &h->channels, struct usher_host, node)
		outbound_rest(c);
}

void host_on_typing(
	struct host *h, void (*fn)(void *arg, struct slice channel, struct slice thread), void *arg)
{
	h->on_typing = fn;
	h->on_typing_arg = arg;
}

void host_each(
	const struct host *host, void (*fn)(void *arg, const struct channel_status *s), void *arg)
{
	LIST_FOR (h, &host->channels, struct usher_host, node) {
		struct channel_status s = h->count;
		s.up = h->up && h->state == CHANNEL_OPEN;
		s.why = s.up || !h->why ? "" : h->why;
		s.outbox = outbox_pending(host->store, slice_of(h->name));
		if (!h->counts_seen)
			s.seen =
				s.accepted + s.duplicate + s.quarantined + s.refused + s.retried_in;
		fn(arg, &s);
	}
}
