/*
 * The cardboard host: a channel's life, its ways in, and the tables of services. Its loop is trial_loop.c, what is said trial_messages.c; what the
 * store would say is made up in trial_keep.c. Called by the cases and, as services, by the plugin.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "ctl/trial.h"

/* ---- small services ---- */

static void s_log(struct usher_host *h, enum usher_level level, const char *text)
{
	(void)level;
	service_here(h, "log");
	if (!utf8_valid(slice_of(text)))
		trial_warn(h, "log of what is no UTF-8");
}
static uint64_t s_now_us(struct usher_host *h)
{
	(void)h;
	return clock_wall_us();
}
static struct usher_str s_option(struct usher_host *h, const char *key)
{
	struct slice s = options_get(&h->options, key);

	return (struct usher_str){ s.p, s.n };
}
static struct usher_str s_channel_name(struct usher_host *h)
{
	return (struct usher_str){ h->name, strlen(h->name) };
}
static struct usher_str s_public_url(struct usher_host *h)
{
	(void)h;
	return (struct usher_str){ "http://usher.test", 17 };
}
static void s_random(struct usher_host *h, void *out, size_t n)
{
	(void)h;
	chance_bytes(out, n);
}
static void s_up(struct usher_host *h)
{
	if (service_here(h, "up"))
		h->up = true;
}
static void s_down(struct usher_host *h, const char *why)
{
	if (!service_here(h, "down"))
		return;
	if (!why)
		trial_wrong(h, "down without a reason");
	h->up = false;
	h->down = h->closing;
}
static void s_count(struct usher_host *h, const char *what, uint64_t n)
{
	(void)n;
	if (service_here(h, "count") && strcmp(what, "seen") != 0 && strcmp(what, "refused") != 0 &&
		strcmp(what, "accepted") != 0 && strcmp(what, "overload") != 0 &&
		strcmp(what, "slow") != 0 && strcmp(what, "wrong") != 0)
		trial_wrong(h, "there is no counter \"%s\"", what);
}

/* ---- ways in ---- */

static void s_http_route(struct usher_host *h, const char *prefix)
{
	if (!service_here(h, "http_route"))
		return;
	if (prefix[0] != '/')
		trial_wrong(h, "http_route(\"%s\"): a path begins with /", prefix);
	if (!h->api->http)
		trial_wrong(h, "http_route, but the plugin has no http");
	if (h->route_count < TRIAL_ROUTES)
		snprintf(h->routes[h->route_count++], sizeof(h->routes[0]), "%s", prefix);
}
static int s_listen(struct usher_host *h, struct usher_str address, struct usher_str cert,
	struct usher_str key, int starttls_only)
{
	(void)cert;
	(void)key;
	(void)starttls_only;
	service_here(h, "listen");
	if (!h->api->stream)
		trial_wrong(h, "listen, but the plugin has no stream");
	if (!address.n)
		return -EINVAL;
	return 20000 + (int)++h->listener_count; /* nobody listens really */
}
static void s_listen_pause(struct usher_host *h, int pause)
{
	(void)pause;
	service_here(h, "listen_pause");
}

const struct usher_services trial_check_services = { .size = sizeof(struct usher_services),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.log = s_log,
	.now_us = s_now_us,
	.option = s_option,
	.channel_name = s_channel_name,
	.public_url = s_public_url,
	.random = s_random };

const struct usher_services trial_services = { .size = sizeof(struct usher_services),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.log = s_log,
	.now_us = s_now_us,
	.option = s_option,
	.channel_name = s_channel_name,
	.public_url = s_public_url,
	.random = s_random,
	.deliver = msg_deliver,
	.sent = msg_sent,
	.delivery = msg_delivery,
	.presence = msg_presence,
	.catch_up = msg_catch_up,
	.up = s_up,
	.down = s_down,
	.count = s_count,
	.timer = turn_timer,
	.timer_set = turn_timer_set,
	.timer_clear = turn_timer_clear,
	.post = turn_post,
	.http_route = s_http_route,
	.http_method = pipe_method,
	.http_path = pipe_path,
	.http_query = pipe_query,
	.http_header = pipe_header,
	.http_peer = pipe_http_peer,
	.http_read = pipe_read,
	.http_pause = pipe_pause,
	.http_set = pipe_set,
	.http_answer = pipe_answer,
	.http_problem = pipe_problem,
	.http_data = pipe_http_data,
	.http_get_data = pipe_http_get_data,
	.http_file = pipe_file,
	.http_is_upgrade = pipe_is_upgrade,
	.ws_accept = pipe_ws_accept,
	.ws_data = pipe_ws_data,
	.ws_send = pipe_ws_send,
	.ws_output = pipe_ws_output,
	.ws_close = pipe_ws_close,
	.ws_peer = pipe_ws_peer,
	.listen = s_listen,
	.listen_pause = s_listen_pause,
	.stream_data = pipe_stream_data,
	.stream_get_data = pipe_stream_get_data,
	.write = pipe_write,
	.starttls = pipe_starttls,
	.stream_is_tls = pipe_is_tls,
	.read_pause = pipe_read_pause,
	.deadline = pipe_deadline,
	.hangup = pipe_hangup,
	.stream_peer = pipe_stream_peer,
	.remember = keep_remember,
	.recall = keep_recall,
	.blob_open = keep_blob_open,
	.blob_write = keep_blob_write,
	.blob_finish = keep_blob_finish,
	.blob_drop = keep_blob_drop,
	.blob_get = keep_blob_get,
	.rate = msg_rate,
	.is_open = msg_is_open,
	.remember_for = keep_remember_for,
	.mail = msg_mail,
	.tell = msg_tell,
	.refuses = msg_refuses,
	.reread_done = msg_reread_done,
	.http_each_header = pipe_each_header,
	.picture_get = keep_picture_get };

/* ---- a channel's life ---- */

static void keep_problem(void *arg, unsigned line, unsigned col, const char *message)
{
	char *why = arg;

	(void)line;
	(void)col;
	if (!why[0])
		snprintf(why, 256, "%s", message);
}

struct usher_host *trial_open(struct trial *t, const char *name, const char *extra,
	const char *value, char *why, size_t size)
{
	struct usher_host *h = mem_alloc(sizeof(*h));
	struct option given[65];
	size_t n = 0;

	trial_loop_begin();
	h->t = t;
	h->name = name;
	h->api = &t->plugin->api;
	for (size_t i = 0; i < t->option_count; i++)
		if (!extra || !slice_is(t->options[i].name, extra))
			given[n++] = t->options[i];
	if (extra)
		given[n++] = (struct option){ .name = slice_of(extra), .value = slice_of(value) };
	memset(why, 0x7f, size); /* a reason without its end shows */
	why[0] = 0;
	if (options_read(&h->options, h->api->options, given, n, 0, keep_problem, why)) {
		free(h);
		return NULL;
	}
	h->up = true;
	trial_call_begin(h, "open");
	h->self = h->api->open(h, &trial_services, why, size);
	trial_call_end(h);
	if (h->self)
		return h;
	if (!memchr(why, 0, size))
		trial_wrong(h, "open refused with a reason that has no end");
	else if (!why[0])
		trial_wrong(h, "open refused and gave no reason");
	free(h); /* its options too are for the child's whole life */
	return NULL;
}

static bool is_down(struct usher_host *h)
{
	return h->down;
}

void trial_close(struct usher_host *h)
{
	h->closing = true;
	h->held = false;
	if (h->api->close) {
		TRIAL_CALL(h, close, h->self);
		trial_release(h);
		if (!trial_run(h, h->t->patience_ms, is_down))
			trial_wrong(h, "close: it did not say that it is down within %llu s",
				(unsigned long long)h->t->patience_ms / 1000);
	}
	for (size_t i = 0; i < h->send_count; i++)
		if (!h->sends[i].answers)
			trial_wrong(h, "no sent for %s before it was down", h->sends[i].id);
	h->down = true;
	h->self = NULL;
}
