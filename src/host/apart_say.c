/*
 * The services of a plugin in a process of its own that are lines to usherd, and the table with all of them. Called by the plugin.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/apart.h"

static struct usher_str words_of(const char *text)
{
	return to_str(slice_of(text));
}

/* ---- what it says of itself ---- */

static void say_log(struct usher_host *h, enum usher_level level, const char *text)
{
	static const char *const levels[] = { [USHER_DEBUG] = "debug",
		[USHER_INFO] = "info",
		[USHER_WARN] = "warn",
		[USHER_ERROR] = "error" };

	if (!service_allowed(h, "log"))
		return;
	struct str *line = line_begin("log");
	line_text(line, "level", words_of(levels[level > USHER_ERROR ? USHER_ERROR : level]));
	line_text(line, "text", words_of(text));
	line_end(line);
}

static void say_up_or_down(bool up, const char *why)
{
	if (!apart.ready)
		return; /* said with ready */
	struct str *line = line_begin("health");
	str_add_text(line, up ? ",\"up\":true" : ",\"up\":false");
	line_text(line, "why", words_of(why));
	line_end(line);
}

static void say_up(struct usher_host *h)
{
	if (!service_allowed(h, "up") || h->up)
		return;
	h->up = true;
	say_up_or_down(true, NULL);
}

static void end_now(struct usher_host *h, void *arg)
{
	(void)h;
	(void)arg;
	apart_exit(0);
}

static void say_down(struct usher_host *h, const char *why)
{
	if (!service_allowed(h, "down"))
		return;
	if (h->told_close) {
		call_later(h, end_now, NULL, NULL);
		return;
	}
	channel_set_down(h, why ? why : "");
	say_up_or_down(false, h->why);
}

static bool is_counter(const char *what)
{
	static const char *const words[] = { "seen", "accepted", "refused", "overload", "slow",
		"wrong" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(what, words[i]) == 0)
			return true;
	return false;
}

static void say_count(struct usher_host *h, const char *what, uint64_t n)
{
	if (!service_allowed(h, "count") || !n)
		return;
	if (!is_counter(what)) {
		plugin_wrong(h, "there is no counter %s", what);
		return;
	}
	struct str *line = line_begin("count");
	line_text(line, "what", words_of(what));
	line_number(line, "n", n);
	line_end(line);
}

/* What watch.c has found since it was last told: usherd counts it. */
void apart_say_found(void)
{
	const struct channel_status *count = &apart.h->count;
	uint64_t slow = count->slow - apart.slow, wrong = count->wrong - apart.wrong;

	apart.slow += slow;
	apart.wrong += wrong;
	say_count(apart.h, "slow", slow);
	say_count(apart.h, "wrong", wrong);
}

static int say_refuses(struct usher_host *h, enum usher_work what)
{
	unsigned kind = (unsigned)what & ~(unsigned)USHER_WORK_LOOK;

	if (!service_allowed(h, "refuses") || kind > USHER_WORK_MAIL ||
		!(apart.refuses & 1u << kind))
		return 0;
	if (kind == (unsigned)what)
		say_count(h, "overload", 1);
	return 1;
}

static void put(void *arg, struct usher_str json)
{
	str_add(arg, to_slice(json));
}

/* When there is something new to say. */
void apart_say_health(void)
{
	struct usher_host *h = apart.h;
	struct str said = { 0 };

	if (!h->api->health)
		return;
	PLUGIN_CALL(h, health, h->self, put, &said);
	if (slice_equal(str_slice(&said), str_slice(&apart.health))) {
		str_free(&said);
		return;
	}
	json_t *json = json_loadb(said.p ? said.p : "", said.n, 0, NULL);
	if (!json_is_object(json)) {
		plugin_wrong(h, "health is not one JSON object");
	} else {
		char *text = json_dumps(json, JSON_COMPACT);
		struct str *line = line_begin("health");
		str_addf(line, ",\"numbers\":%s", text);
		line_end(line);
		free(text);
	}
	json_decref(json);
	str_free(&apart.health);
	apart.health = said;
}

/* ---- messages ---- */

static void add_list(struct str *line, const char *name, const struct usher_str *list, size_t count)
{
	if (!count)
		return;
	str_addf(line, ",\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		str_add_text(line, i ? "," : "");
		str_add_json(line, to_slice(list[i]));
	}
	str_add_char(line, ']');
}

static void add_parts(struct str *line, const struct usher_inbound *m)
{
	if (!m->parts_count)
		return;
	str_add_text(line, ",\"files\":[");
	for (size_t i = 0; i < m->parts_count; i++) {
		const struct usher_part *p = &m->parts[i];
		str_addf(line, "%s{\"size\":%llu", i ? "," : "", (unsigned long long)p->size);
		line_text(line, "file", p->blob);
		line_text(line, "name", p->name);
		line_text(line, "type", p->type);
		line_text(line, "cid", p->cid);
		str_add_char(line, '}');
	}
	str_add_char(line, ']');
}

/* The first of a name counts: an object has each once. */
static bool is_repeated(const struct usher_inbound *m, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (slice_equal(to_slice(m->hints[i].name), to_slice(m->hints[at].name)))
			return true;
	return false;
}

static void add_hints(struct str *line, const struct usher_inbound *m)
{
	bool some = false;

	if (!m->hints_count)
		return;
	str_add_text(line, ",\"hints\":{");
	for (size_t i = 0; i < m->hints_count; i++) {
		if (!m->hints[i].name.n || is_repeated(m, i))
			continue;
		str_add_text(line, some ? "," : "");
		str_add_json(line, to_slice(m->hints[i].name));
		str_add_char(line, ':');
		str_add_json(line, to_slice(m->hints[i].value));
		some = true;
	}
	str_add_char(line, '}');
}

static void add_from(struct str *line, const struct usher_inbound *m)
{
	str_addf(line, ",\"from\":{\"verified\":%s", m->verified ? "true" : "false");
	line_text(line, "kind", m->identity_kind);
	line_text(line, "value", m->identity);
	line_text(line, "name", m->name);
	str_add_char(line, '}');
}

static void say_deliver(struct usher_host *h, const struct usher_inbound *given, uint64_t token)
{
	struct usher_inbound own = { 0 };

	if (!service_allowed(h, "deliver"))
		return;
	memcpy(&own, given, given->size < sizeof(own) ? given->size : sizeof(own));
	const struct usher_inbound *m = &own;
	if (!m->dedup.n || !m->thread.n) {
		plugin_wrong(h, "delivery refused: it has no %s", m->dedup.n ? "thread" : "dedup");
		ack_refuse(h, token, "a message has a dedup and a thread");
		return;
	}
	if (!owe_or_refuse(h, OWED_ACK, m->dedup, token))
		return;
	struct str *line = line_begin("in");
	line_text(line, "id", m->dedup);
	line_text(line, "thread", m->thread);
	add_from(line, m);
	line_text(line, "to", m->to);
	line_text(line, "subject", m->subject);
	line_text(line, "text", m->text);
	line_text(line, "quoted", m->quoted);
	line_text(line, "html", m->html);
	line_text(line, "lang", m->lang);
	line_text(line, "raw", m->raw);
	line_text(line, "quarantine", m->quarantine);
	line_text(line, "again", m->again);
	add_list(line, "refs", m->refs, m->refs_count);
	add_list(line, "also", m->also, m->also_count);
	add_parts(line, m);
	add_hints(line, m);
	if (m->sent_us)
		line_number(line, "sent", m->sent_us / 1000000);
	line_yes(line, "automatic", m->automatic);
	line_end(line);
}

static void say_sent(struct usher_host *h, struct usher_str id, enum usher_outcome outcome,
	struct usher_str remote, struct usher_str why)
{
	if (!service_allowed(h, "sent"))
		return;
	if (!map_remove(&apart.sends, to_slice(id))) {
		plugin_wrong(h, "sent a second time for %.*s, or for what it was not given",
			(int)id.n, id.n ? id.p : "");
		return;
	}
	if (outcome > USHER_UNSURE) {
		plugin_wrong(h, "sent with the outcome %d, which there is not", (int)outcome);
		outcome = USHER_UNSURE;
	}
	if (outcome == USHER_DUPLICATE)
		outcome = USHER_OK;
	struct str *line = line_begin("sent");
	line_text(line, "id", id);
	line_text(line, "outcome", words_of(outcome_word(outcome)));
	line_text(line, "remote", remote);
	line_text(line, "why", why);
	line_end(line);
}

/* ---- reading again ---- */

struct reread_line {
	struct list_node node;
	uint64_t token;
	char *of;
};

void reread_owed(uint64_t token, struct slice of)
{
	struct reread_line *r = mem_alloc(sizeof(*r));

	r->token = token;
	r->of = slice_dup(of);
	list_push_back(&apart.rereads, &r->node);
}

static void say_reread_done(
	struct usher_host *h, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	if (!service_allowed(h, "reread_done"))
		return;
	LIST_FOR (r, &apart.rereads, struct reread_line, node) {
		if (r->token != token)
			continue;
		struct str *line = line_begin("reread");
		line_text(line, "of", words_of(r->of));
		line_text(line, "outcome",
			words_of(outcome == USHER_OK || outcome == USHER_DUPLICATE ? "ok"
				 : outcome == USHER_RETRY			   ? "retry"
										   : "fail"));
		line_text(line, "why", why);
		line_end(line);
		list_remove(&r->node);
		free(r->of);
		free(r);
		return;
	}
	plugin_wrong(h, "answers a question that nobody asked");
}

/* ---- what cannot leave usherd's process ---- */

static void say_catch_up(
	struct usher_host *h, struct usher_str thread, uint64_t after_seq, uint64_t token)
{
	(void)thread;
	(void)after_seq;
	(void)token;
	plugin_wrong(h, "catch_up is for live channels, which do not run isolated");
}

static int say_is_open(
	struct usher_host *h, const struct usher_pair *hints, size_t count, uint64_t *opens_us)
{
	(void)hints;
	(void)count;
	*opens_us = 0;
	if (!h->count.wrong)
		plugin_wrong(h, "is_open cannot be asked isolated: it always says yes");
	return 1;
}

static struct usher_ws *no_ws(struct usher_http *r, size_t max, void *data)
{
	(void)max;
	(void)data;
	web_http_problem(r, 400, "there is no WebSocket here");
	return NULL;
}

static uint64_t loop_now_us(struct usher_host *h)
{
	return loop_wall_us(h->host->loop);
}
static struct usher_str option_of(struct usher_host *h, const char *key)
{
	return to_str(options_get(&h->options, key));
}
static struct usher_str name_of(struct usher_host *h)
{
	return words_of(h->name);
}
static struct usher_str url_of(struct usher_host *h)
{
	return to_str(h->host->config->public_url);
}
static void random_bytes(struct usher_host *h, void *out, size_t n)
{
	(void)h;
	chance_bytes(out, n);
}

const struct usher_services apart_services = {
	.size = sizeof(struct usher_services),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.log = say_log,
	.now_us = loop_now_us,
	.option = option_of,
	.channel_name = name_of,
	.public_url = url_of,
	.random = random_bytes,
	.deliver = say_deliver,
	.sent = say_sent,
	.delivery = say_delivery,
	.presence = say_presence,
	.tell = say_tell,
	.catch_up = say_catch_up,
	.up = say_up,
	.down = say_down,
	.count = say_count,
	.timer = service_timer,
	.timer_set = service_timer_set,
	.timer_clear = service_timer_clear,
	.post = service_post,
	.http_route = web_http_route,
	.http_method = web_http_method,
	.http_path = web_http_path,
	.http_query = web_http_query,
	.http_header = web_http_header,
	.http_peer = web_http_peer,
	.http_read = web_http_read,
	.http_pause = web_http_pause,
	.http_set = web_http_set,
	.http_answer = web_http_answer,
	.http_problem = web_http_problem,
	.http_data = web_http_data,
	.http_get_data = web_http_get_data,
	.http_file = web_http_file,
	.http_is_upgrade = web_http_is_upgrade,
	.http_each_header = web_http_each_header,
	.ws_accept = no_ws,
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
	.remember = keep_remember,
	.recall = keep_recall,
	.blob_open = keep_blob_open,
	.blob_write = keep_blob_write,
	.blob_finish = keep_blob_finish,
	.blob_drop = keep_blob_drop,
	.blob_get = keep_blob_get,
	.mail = say_mail,
	.rate = say_rate,
	.is_open = say_is_open,
	.remember_for = keep_remember_for,
	.reread_done = say_reread_done,
	.refuses = say_refuses,
};
