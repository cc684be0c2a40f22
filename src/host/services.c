/*
 * The table that plugins get, and its small services: log, clock, options, state, counters. The larger ones are in the file
 * of their noun.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/inside.h"

static void service_log(struct usher_host *h, enum usher_level level, const char *text)
{
	static const enum log_level levels[] = { [USHER_DEBUG] = LOG_DEBUG,
		[USHER_INFO] = LOG_INFO,
		[USHER_WARN] = LOG_WARN,
		[USHER_ERROR] = LOG_ERROR };

	if (level > USHER_ERROR)
		level = USHER_ERROR;
	log_line(levels[level], h->name, "%s", text);
}

static uint64_t service_now_us(struct usher_host *h)
{
	return h->host->loop ? loop_wall_us(h->host->loop)
			     : clock_wall_us(); /* no loop: usherd -t */
}

static struct usher_str service_option(struct usher_host *h, const char *key)
{
	const struct channel *c = config_channel(h->host->config, slice_of(h->name));

	if (strcmp(key, "usher.away_mail") == 0)
		return to_str(c ? c->away_mailbox : (struct slice){ 0 });
	return to_str(options_get(&h->options, key));
}

static struct usher_str service_channel_name(struct usher_host *h)
{
	return to_str(slice_of(h->name));
}

static struct usher_str service_public_url(struct usher_host *h)
{
	return to_str(h->host->config->public_url);
}

static void service_random(struct usher_host *h, void *out, size_t n)
{
	(void)h;
	chance_bytes(out, n);
}

static void service_up(struct usher_host *h)
{
	if (!service_allowed(h, "up"))
		return;
	if (h->state != CHANNEL_OPEN || h->up)
		return;
	h->up = true;
	log_info(h->name, "up");
}

static void service_down(struct usher_host *h, const char *why)
{
	if (!service_allowed(h, "down"))
		return;
	/* What it says before it was told to close is no answer to that. */
	if (h->state == CHANNEL_CLOSING && h->told_close) {
		h->said_down = true;
		channel_look(h);
		return;
	}
	if (h->up)
		log_warn(h->name, "down why=\"%s\"", why ? why : "");
	channel_set_down(h, why ? why : "");
}

static void service_count(struct usher_host *h, const char *what, uint64_t n)
{
	if (!service_allowed(h, "count"))
		return;
	if (strcmp(what, "seen") == 0) {
		h->counts_seen = true;
		h->count.seen += n;
	} else if (strcmp(what, "accepted") == 0) {
		h->count.accepted += n;
	} else if (strcmp(what, "refused") == 0) {
		h->count.refused += n;
	} else if (strcmp(what, "overload") == 0) {
		h->host->shed_count += n;
	} else if (strcmp(what, "slow") == 0) {
		h->count.slow += n;
	} else if (strcmp(what, "wrong") == 0) {
		h->count.wrong += n;
	} else {
		plugin_wrong(h, "there is no counter %s", what);
	}
}

static int service_refuses(struct usher_host *h, enum usher_work what)
{
	static const enum shed from[] = { [USHER_WORK_ANONYMOUS] = SHED_ANONYMOUS,
		[USHER_WORK_LOW] = SHED_LOW,
		[USHER_WORK_MAIL] = SHED_MAIL };

	unsigned kind = (unsigned)what & ~(unsigned)USHER_WORK_LOOK;

	if (!service_allowed(h, "refuses") || kind < USHER_WORK_ANONYMOUS || kind > USHER_WORK_MAIL)
		return 0;
	bool refused = h->host->shed >= from[kind];
	if (refused && kind == (unsigned)what)
		h->host->shed_count++;
	return refused;
}

const struct usher_services check_services = {
	.size = sizeof(struct usher_services),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.log = service_log,
	.now_us = service_now_us,
	.option = service_option,
	.channel_name = service_channel_name,
	.public_url = service_public_url,
	.random = service_random,
	.http_route = check_path,
};

const struct usher_services host_services = {
	.size = sizeof(struct usher_services),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.log = service_log,
	.now_us = service_now_us,
	.option = service_option,
	.channel_name = service_channel_name,
	.public_url = service_public_url,
	.random = service_random,
	.deliver = service_deliver,
	.sent = service_sent,
	.delivery = service_delivery,
	.presence = service_presence,
	.catch_up = service_catch_up,
	.up = service_up,
	.down = service_down,
	.count = service_count,
	.timer = service_timer,
	.timer_set = service_timer_set,
	.timer_clear = service_timer_clear,
	.post = service_post,
	.http_route = service_http_route,
	.http_method = service_http_method,
	.http_path = service_http_path,
	.http_query = service_http_query,
	.http_header = service_http_header,
	.http_peer = service_http_peer,
	.http_read = service_http_read,
	.http_pause = service_http_pause,
	.http_set = service_http_set,
	.http_answer = service_http_answer,
	.http_problem = service_http_problem,
	.http_data = service_http_data,
	.http_get_data = service_http_get_data,
	.http_file = service_http_file,
	.http_is_upgrade = service_http_is_upgrade,
	.ws_accept = service_ws_accept,
	.ws_data = service_ws_data,
	.ws_send = service_ws_send,
	.ws_output = service_ws_output,
	.ws_close = service_ws_close,
	.ws_peer = service_ws_peer,
	.listen = service_listen,
	.listen_pause = service_listen_pause,
	.stream_data = service_stream_data,
	.stream_get_data = service_stream_get_data,
	.write = service_write,
	.starttls = service_starttls,
	.stream_is_tls = service_stream_is_tls,
	.read_pause = service_read_pause,
	.deadline = service_deadline,
	.hangup = service_hangup,
	.stream_peer = service_stream_peer,
	.remember = service_remember,
	.recall = service_recall,
	.blob_open = service_blob_open,
	.blob_write = service_blob_write,
	.blob_finish = service_blob_finish,
	.blob_drop = service_blob_drop,
	.blob_get = service_blob_get,
	.mail = service_mail,
	.tell = service_tell,
	.refuses = service_refuses,
	.rate = service_rate,
	.is_open = service_is_open,
	.remember_for = service_remember_for,
	.reread_done = service_reread_done,
	.http_each_header = service_http_each_header,
	.picture_get = service_picture_get,
};
