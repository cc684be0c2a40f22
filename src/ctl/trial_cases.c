/*
 * What is tried with a plugin. Each case runs in a child of its own with a plugin that nobody has used yet; what goes wrong is told by trial_wrong, what
 * should be looked at by trial_warn, and a crash by the child's end. A case that does not concern a plugin says so and is skipped.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/trial.h"
#include "model/limits.h"

enum { PATIENCE_MS = 5000, MANY = 40, HUGE = 300000, FLOOD = 8388608 };

static struct usher_str text_of(const char *s)
{
	return (struct usher_str){ s, strlen(s) };
}

static void skip(struct trial *t, const char *why)
{
	t->note->skipped = 1;
	snprintf(t->note->what, sizeof(t->note->what), "%s", why);
}

/* A channel, or a complaint. */
static struct usher_host *opened(struct trial *t)
{
	char why[256];
	struct usher_host *h = trial_open(t, "trial", NULL, NULL, why, sizeof(why));
	struct usher_host none = { .t = t };

	if (h)
		trial_run(h, 50, NULL); /* what it begins with */
	else
		trial_wrong(&none, "open refused: %s", why);
	return h;
}

static bool is_in(const struct usher_host *h)
{
	return h->route_count || h->listener_count;
}

static const char *path_of(const struct usher_host *h)
{
	return h->t->path ? h->t->path : h->routes[0];
}

/* A stranger sends it. The request, when it is one. */
static struct usher_http *give(struct usher_host *h, const struct trial_sample *s)
{
	if (s->type && h->route_count)
		return trial_request(h, "POST", path_of(h), s->type, s->bytes);
	if (!s->type && h->listener_count)
		trial_feed(trial_connect(h), s->bytes);
	return NULL;
}

static bool all_over(struct usher_host *h)
{
	LIST_FOR (r, &h->requests, struct usher_http, node)
		if (!r->over)
			return false;
	return h->requests.count > 0;
}

static bool has_delivery(struct usher_host *h)
{
	return h->delivery_count > 0;
}

/* Gives the sample that an earlier case found good and waits until it is delivered. False when there is none. */
static bool deliver_one(struct usher_host *h, struct usher_http **r)
{
	int sample = h->t->note->sample;

	*r = NULL;
	if (!sample)
		return false;
	*r = give(h, &h->t->samples[sample - 1]);
	return trial_run(h, PATIENCE_MS, has_delivery);
}

#define NEEDS_SAMPLE(t)                                                                            \
	if (!(t)->note->sample) {                                                                  \
		skip(t, "nothing that it delivers is known: give it one with --post or --lines");  \
		return;                                                                            \
	}

/* ---- shape and options ---- */

static void run_table(struct trial *t)
{
	const struct usher_channel *c = &t->plugin->api;
	struct usher_host h = { .t = t };

	snprintf(t->note->what, sizeof(t->note->what), "name=%s version=%s ABI %u.%u", c->name,
		c->version ? c->version : "", c->abi_major, c->abi_minor);
	if (!c->version || !c->version[0])
		trial_warn(&h, "no version: status cannot say which one runs");
	if (!c->close)
		trial_warn(&h, "no close: it is cut off in the middle of its work");
	if (c->http_body && !c->http)
		trial_wrong(&h, "http_body without http");
	if ((c->capabilities & USHER_CAP_LIVE) && !c->update)
		trial_wrong(&h, "USHER_CAP_LIVE without update: nobody would hear the agent");
	if (!c->send && !c->update)
		trial_warn(&h, "neither send nor update: agents cannot answer but through "
			       "reply_by");
	if (c->size >= sizeof(*c) && c->option_size != sizeof(struct usher_option))
		trial_wrong(&h,
			"option_size is %zu: write .option_size = sizeof(struct usher_option)",
			c->option_size);
	for (const struct usher_option *o = c->options; o->key; o++)
		if (!o->help || !o->help[0])
			trial_warn(&h, "option %s has no help", o->key);
}

/* One value: taken, or refused with a reason; and check says the same as open. */
static void try_option(struct trial *t, const char *key, const char *value)
{
	char why[256], before[256];
	struct usher_host probe = { .t = t, .name = "trial", .api = &t->plugin->api };
	struct option given[65];
	size_t n = 0;
	int refused = 0;

	for (size_t i = 0; i < t->option_count; i++)
		if (!slice_is(t->options[i].name, key))
			given[n++] = t->options[i];
	given[n++] = (struct option){ .name = slice_of(key), .value = slice_of(value) };
	if (options_read(&probe.options, probe.api->options, given, n, 0, NULL, NULL))
		return; /* usher refuses it itself */
	size_t said = strlen(t->note->wrong);
	snprintf(t->note->what, sizeof(t->note->what), "%s=%.60s", key, value); /* of a crash */
	memset(before, 0, sizeof(before));
	if (probe.api->check) {
		trial_call_begin(&probe, "check");
		refused = probe.api->check(&probe, &trial_check_services, before, sizeof(before));
		trial_call_end(&probe);
		if (refused && !before[0])
			trial_wrong(&probe, "check refused %s and gave no reason", key);
	}
	struct usher_host *h = trial_open(t, "trial", key, value, why, sizeof(why));
	if (h && refused)
		trial_wrong(h, "%s=%.40s: check refused it (%s), open took it", key, value, before);
	if (!h && !refused && probe.api->check)
		trial_warn(
			&probe, "%s=%.40s: check took it, open refused it (%s)", key, value, why);
	if (h)
		trial_close(h);
	if (strlen(t->note->wrong) > said)
		trial_wrong(&probe, "... with %s=%.60s", key, value);
}

static void try_number(struct trial *t, const struct usher_option *o, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	try_option(t, o->key, text);
}

static void try_texts(struct trial *t, const struct usher_option *o)
{
	size_t most = o->most > 0 && o->most < OPTION_TEXT_MAX ? (size_t)o->most : OPTION_TEXT_MAX;
	char *text = mem_alloc(most + 1);

	try_option(t, o->key, "");
	try_option(t, o->key, "nonsense {} \" \\ %s й");
	memset(text, 'x', most);
	try_option(t, o->key, text);
	free(text);
}

static void run_options(struct trial *t)
{
	size_t n = 0;

	for (const struct usher_option *o = t->plugin->api.options; o->key; o++, n++) {
		if (strchr(o->key, '*'))
			continue;
		if (o->type == USHER_NUMBER) {
			try_number(t, o, o->least);
			try_number(t, o, o->most);
		} else if (o->type == USHER_BOOL) {
			try_option(t, o->key, "yes");
			try_option(t, o->key, "no");
		} else if (o->type == USHER_CHOICE) {
			for (struct slice rest = slice_of(o->choices); rest.p;) {
				char *one = slice_dup(slice_cut(&rest, '|'));
				try_option(t, o->key, one);
				free(one);
			}
		} else {
			try_texts(t, o);
		}
	}
	snprintf(t->note->what, sizeof(t->note->what),
		"%zu options at their limits and beyond sense", n);
}

/* ---- life ---- */

static void run_life(struct trial *t)
{
	for (int i = 0; i < 3; i++) {
		struct usher_host *h = opened(t);
		if (!h)
			return;
		trial_close(h);
	}
	snprintf(t->note->what, sizeof(t->note->what), "opened and closed three times");
}

static void run_two(struct trial *t)
{
	char why[256];
	struct usher_host *a = opened(t), *b = trial_open(t, "other", NULL, NULL, why, sizeof(why));

	if (!a || !b) {
		skip(t, "the second one refused to open with the same options");
		return;
	}
	trial_close(a);
	trial_run(b, 50, NULL);
	if (b->api->send) {
		trial_send(b, &(struct usher_outbound){ .thread = text_of("t"),
				      .to = text_of("t"),
				      .text = text_of("hello") });
		trial_run(b, PATIENCE_MS, trial_all_sent);
	}
	trial_close(b);
	snprintf(t->note->what, sizeof(t->note->what),
		"two channels; one closed while the other works");
}

/* ---- in ---- */

static void run_intake(struct trial *t)
{
	struct usher_host *h = opened(t);
	struct trial_note *note = t->note;

	if (!h)
		return;
	if (!is_in(h)) {
		skip(t, "it has no route and listens nowhere");
		return;
	}
	for (size_t i = 0; i < t->sample_count && !note->sample; i++) {
		give(h, &t->samples[i]);
		if (trial_run(h, 500, has_delivery)) {
			note->sample = (int)i + 1;
			memcpy(note->sample_dedup, h->deliveries[0].dedup, TRIAL_KEY);
		}
	}
	snprintf(note->what, sizeof(note->what), note->sample ? "a message came in (%s)" : "%s",
		!note->sample ? "none of the samples became a message: give it one with --post or "
				"--lines"
		: t->samples[note->sample - 1].type ? t->samples[note->sample - 1].type
						    : "stream");
	note->skipped = !note->sample;
	trial_end_all(h);
	trial_close(h);
}

static bool is_good(const struct usher_http *r)
{
	return r && r->status >= 200 && r->status <= 399; /* a page to go to is good news, too */
}

static void run_disk(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = opened(t);
	h->held = true;
	if (!deliver_one(h, &r)) {
		trial_wrong(h, "the sample was delivered once and is not any more");
		return;
	}
	trial_run(h, 500, NULL);
	if (is_good(r))
		trial_wrong(h, "it told the sender %d before the message was on disk", r->status);
	trial_release(h);
	trial_run(h, r ? PATIENCE_MS : 300, all_over);
	if (r && !r->over)
		trial_wrong(h, "the message is on disk and the sender was never answered");
	else if (r && !is_good(r))
		trial_wrong(h, "the message is on disk and the sender was told %d", r->status);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "no success told before ack");
}

static void run_duplicate(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = opened(t);
	h->outcome = USHER_DUPLICATE;
	if (!deliver_one(h, &r))
		return;
	trial_run(h, 500, NULL);
	if (r && !is_good(r))
		trial_wrong(h, "a duplicate is a success; it told the sender %d", r->status);
	if (strcmp(h->deliveries[0].dedup, t->note->sample_dedup) != 0)
		trial_warn(h, "the same message, sent again after its ack was lost, has another "
			      "dedup: "
			      "a sender that repeats is doubled (fine only if it never does)");
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what),
		"the same again, by a plugin that was started anew");
}

static void run_away(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = opened(t);
	h->outcome = h->store = USHER_RETRY;
	int sample = t->note->sample;
	r = give(h, &t->samples[sample - 1]);
	trial_run(h, 2000, all_over);
	bool again =
		h->delivery_count > 1 &&
		strcmp(h->deliveries[0].dedup, h->deliveries[h->delivery_count - 1].dedup) == 0;
	if (is_good(r) && !again)
		trial_wrong(h, "usher could not store it, yet the sender was told %d: it is lost",
			r->status);
	if (r && !r->over && !again)
		trial_wrong(h, "usher could not store it and the sender hears nothing");
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what),
		again ? "it delivered again with the same dedup"
		      : "the sender was told to come again");
}

static void run_refused(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = opened(t);
	h->outcome = USHER_FAIL;
	deliver_one(h, &r);
	trial_run(h, 500, NULL);
	if (is_good(r))
		trial_wrong(h, "usher refused it for good, yet the sender was told %d", r->status);
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "a message that usher refuses");
}

static void run_slow_host(struct trial *t)
{
	NEEDS_SAMPLE(t);
	struct usher_host *h = opened(t);
	h->held = true;
	for (int i = 0; i < MANY; i++)
		give(h, &t->samples[t->note->sample - 1]);
	trial_run(h, 300, NULL);
	size_t waiting = h->delivery_count;
	trial_release(h);
	trial_run(h, PATIENCE_MS / 5, all_over);
	LIST_FOR (r, &h->requests, struct usher_http, node)
		if (!r->over) {
			trial_wrong(h, "a request was never answered after usher had been slow");
			break;
		}
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "%d at once, %zu delivered and waiting",
		MANY, waiting);
}

static void run_left(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = opened(t);
	h->held = true;
	deliver_one(h, &r);
	trial_end_all(h); /* everybody leaves between delivery and ack */
	trial_release(h);
	trial_run(h, 300, NULL);
	h->held = true;
	deliver_one(h, &r);
	trial_close(h); /* closed with deliveries under way; acks come while it is closing */
	trial_end_all(h);
	snprintf(t->note->what, sizeof(t->note->what),
		"senders leave, and the channel closes, before ack");
}

/* ---- what strangers do ---- */

static struct slice flood(void)
{
	char *bytes = mem_alloc(FLOOD);

	memset(bytes, 'x', FLOOD);
	return slice_make(bytes, FLOOD);
}

static const struct slice garbage[] = { { "", 0 }, { "\0\xff\xfe\r\n\r\n{[\"", 10 },
	{ "{\"t\":\"hello\",\"id\":[[[[", 20 }, { "\xd0\xb9\xcc\x88 \xf0\x9f\x99\x82\n", 10 },
	{ "=&=&%zz&%00=1;;\n", 16 }, { "{}", 2 } };

static void run_requests(struct trial *t)
{
	static const char *const types[] = { "application/json",
		"application/x-www-form-urlencoded", "text/plain",
		"multipart/form-data; boundary=x", "" };
	static const char *const methods[] = { "GET", "POST", "HEAD", "DELETE", "OPTIONS" };
	struct usher_host *h = opened(t);

	if (!h)
		return;
	if (!h->route_count) {
		skip(t, "it has no route");
		return;
	}
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		trial_request(h, methods[i], path_of(h), "", garbage[0]);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (size_t g = 0; g < sizeof(garbage) / sizeof(garbage[0]); g++)
			trial_request(h, "POST", path_of(h), types[i], garbage[g]);
		trial_request(h, "POST", path_of(h), types[i], flood());
	}
	trial_request(h, "GET", "/nowhere/../at/all", "", garbage[0]);
	trial_run(h, 1000, all_over);
	size_t open = 0;
	LIST_FOR (r, &h->requests, struct usher_http, node)
		open += !r->over;
	if (open)
		trial_warn(h, "%zu of %zu odd requests are still without an answer", open,
			h->requests.count);
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "methods, types, garbage, 8 MiB bodies");
}

static void run_streams(struct trial *t)
{
	struct usher_host *h = opened(t);

	if (!h)
		return;
	if (!h->listener_count) {
		skip(t, "it listens nowhere");
		return;
	}
	for (size_t g = 0; g < sizeof(garbage) / sizeof(garbage[0]); g++) {
		struct usher_stream *s = trial_connect(h);
		for (size_t i = 0; i < garbage[g].n; i++)
			trial_feed(s, slice_make(garbage[g].p + i, 1));
		trial_run(h, 20, NULL);
		trial_hangup(s, "the peer closed");
	}
	struct usher_stream *s = trial_connect(h);
	trial_feed(s, flood());
	trial_run(h, 200, NULL);
	if (!s->over && !s->hungup && !s->paused && s->in.n >= FLOOD)
		trial_warn(h, "a line of 8 MiB without its end: it neither takes it nor hangs up");
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what),
		"byte by byte, garbage, 8 MiB without a line end, closed in the middle");
}

static void run_sockets(struct trial *t)
{
	struct usher_host *h = opened(t);
	char path[160];

	if (!h)
		return;
	if (!h->api->ws || !h->route_count) {
		skip(t, "it takes no WebSockets");
		return;
	}
	snprintf(path, sizeof(path), "%s%sws", path_of(h),
		path_of(h)[strlen(path_of(h)) - 1] == '/' ? "" : "/");
	struct usher_ws *w = trial_socket(h, t->path ? t->path : path);
	if (!w) {
		skip(t, "it accepted no WebSocket at ROUTE/ws: say where with --path");
		return;
	}
	for (size_t g = 1; g < sizeof(garbage) / sizeof(garbage[0]); g++) {
		trial_say(w, garbage[g]);
		trial_run(h, 20, NULL);
		if (w->over)
			w = trial_socket(h, t->path ? t->path : path);
		if (!w)
			break;
	}
	if (w)
		trial_leave(w);
	trial_run(h, 100, NULL);
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "garbage, closed in the middle");
}

/* ---- out ---- */

static void send_all(struct usher_host *h)
{
	static char long_text[HUGE + 1];
	struct usher_part part = { text_of("a picture.png"), text_of("image/png"),
		text_of("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"), { 0 },
		19 };
	struct usher_part parts[20];
	size_t most = h->api->text_max && h->api->text_max < MESSAGE_TEXT_MAX ? h->api->text_max
									      : MESSAGE_TEXT_MAX;
	struct usher_outbound m = { .thread = text_of("trial-thread"),
		.to = text_of("ann@example.test"),
		.from = text_of("Bo"),
		.subject = text_of("Re: hello"),
		.text = text_of("hello") };

	memset(long_text, 'x', most);
	for (size_t i = 0; i < 20; i++)
		parts[i] = part;
	for (int i = 0; i < 10; i++)
		trial_send(h, &m);
	m.text = text_of("\"quoted\" \\ {thread} %s <b> \n й 😀");
	trial_send(h, &m);
	m.text = (struct usher_str){ long_text, most };
	trial_send(h, &m);
	m.text = m.subject = m.from = m.to = (struct usher_str){ 0 };
	trial_send(h, &m);
	m.automatic = 1;
	m.text = text_of("automatic");
	trial_send(h, &m);
	if (!(h->api->capabilities & USHER_CAP_FILES))
		return;
	m.parts = parts;
	m.parts_count = 1;
	trial_send(h, &m);
	m.parts_count = h->api->parts_max && h->api->parts_max < 20 ? h->api->parts_max : 20;
	trial_send(h, &m);
}

static void run_sends_with(struct trial *t, enum usher_outcome store)
{
	struct usher_host *h = opened(t);

	if (!h)
		return;
	if (!h->api->send) {
		skip(t, h->api->update ? "it is live: update, not send" : "it has no send");
		return;
	}
	h->store = store;
	send_all(h);
	if (!trial_run(h, t->patience_ms, trial_all_sent))
		trial_wrong(h, "some sends got no sent within %llu s",
			(unsigned long long)t->patience_ms / 1000);
	size_t good = 0;
	for (size_t i = 0; i < h->send_count; i++)
		good += h->sends[i].outcome == USHER_OK;
	snprintf(t->note->what, sizeof(t->note->what), "%zu sends, each answered; %zu of them sent",
		h->send_count, good);
	trial_close(h);
}

static void run_sends(struct trial *t)
{
	run_sends_with(t, USHER_OK);
}

static void run_sends_away(struct trial *t)
{
	run_sends_with(t, USHER_RETRY);
	if (!t->note->skipped && !t->note->wrong[0])
		run_sends_with(t, USHER_FAIL);
}

static void run_sends_closing(struct trial *t)
{
	struct usher_host *h = opened(t);

	if (!h)
		return;
	if (!h->api->send) {
		skip(t, "it has no send");
		return;
	}
	send_all(h);
	trial_close(h); /* complains of those without an answer */
	snprintf(t->note->what, sizeof(t->note->what), "closed with %zu sends under way",
		h->send_count);
}

/* ---- live ---- */

static void run_updates(struct trial *t)
{
	struct usher_host *h = opened(t);

	if (!h)
		return;
	if (!h->api->update) {
		skip(t, "it is not live");
		return;
	}
	for (int what = USHER_UPDATE_MESSAGE; what <= USHER_UPDATE_SEEN; what++)
		for (int from = USHER_FROM_YOU; from <= USHER_FROM_SYSTEM; from++) {
			struct usher_update u = { .size = sizeof(u),
				.thread = text_of("nobody here"),
				.seq = 7,
				.dedup = text_of("d"),
				.name = text_of("Bo"),
				.text = text_of("hello") };
			u.what = (__typeof__(u.what))what;
			u.from = (__typeof__(u.from))from;
			TRIAL_CALL(h, update, h->self, &u);
		}
	trial_run(h, 100, NULL);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "every kind, for a thread that nobody has");
}

/* ---- the store ---- */

static void run_store_away(struct trial *t)
{
	static const enum usher_outcome outcomes[] = { USHER_RETRY, USHER_FAIL };
	char why[256];

	for (size_t i = 0; i < 2; i++) {
		struct usher_host *h = trial_open(t, "trial", NULL, NULL, why, sizeof(why));
		if (!h)
			return;
		h->store = h->outcome = outcomes[i]; /* from its first breath */
		trial_run(h, 300, NULL);
		for (size_t s = 0; s < t->sample_count; s++)
			give(h, &t->samples[s]);
		trial_run(h, 300, NULL);
		trial_end_all(h);
		trial_close(h);
	}
	snprintf(t->note->what, sizeof(t->note->what),
		"remember, recall, blobs and deliveries are refused");
}

/* ---- once more ---- */

static bool is_reread(struct usher_host *h)
{
	return h->rereads_done == h->rereads;
}

static void run_reread(struct trial *t)
{
	static const enum usher_outcome outcomes[] = { USHER_OK, USHER_RETRY, USHER_FAIL };
	struct usher_host *h = opened(t);

	if (!h)
		return;
	if (!h->api->reread) {
		skip(t, "it quarantines nothing");
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		h->store = outcomes[i];
		h->rereads++;
		TRIAL_CALL(h, reread, h->self,
			text_of("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
			text_of("01J00000000000000000000000"), REREAD_TOKEN);
		if (!trial_run(h, t->patience_ms, is_reread))
			trial_wrong(h, "reread without a reread_done");
	}
	trial_close(h);
	snprintf(
		t->note->what, sizeof(t->note->what), "what was quarantined, there, away and gone");
}

/* ---- health ---- */

static void put(void *arg, struct usher_str json)
{
	str_add(arg, slice_make(json.p, json.n));
}

static void run_health(struct trial *t)
{
	struct usher_host *h = opened(t);
	struct str said = { 0 };

	if (!h)
		return;
	if (!h->api->health) {
		skip(t, "it has no health");
		return;
	}
	TRIAL_CALL(h, health, h->self, put, &said);
	json_t *json = json_loadb(said.p ? said.p : "", said.n, 0, NULL);
	if (!json_is_object(json))
		trial_wrong(h, "health is not one JSON object");
	if (said.n > HEALTH_MAX)
		trial_wrong(h, "health has %zu bytes, at most %d are taken", said.n, HEALTH_MAX);
	json_decref(json);
	snprintf(t->note->what, sizeof(t->note->what), "%.*s", (int)(said.n < 200 ? said.n : 200),
		said.n ? said.p : "");
	str_free(&said);
	trial_close(h);
}

const struct trial_case trial_cases[] = {
	{ "table", "its table is whole and agrees with itself", run_table },
	{ "options", "options at their limits are taken or refused with a reason", run_options },
	{ "life", "open and close", run_life },
	{ "two", "two channels of it are two", run_two },
	{ "intake", "a message comes in", run_intake },
	{ "disk", "nobody is told of success before the disk", run_disk },
	{ "duplicates", "a repeat, its first ack lost", run_duplicate },
	{ "away", "usher cannot store: try again later", run_away },
	{ "refused", "usher refuses a message for good", run_refused },
	{ "slow-host", "many wait for a slow usher", run_slow_host },
	{ "left", "senders leave, the channel closes, before ack", run_left },
	{ "requests", "odd and oversized requests", run_requests },
	{ "streams", "odd and oversized streams", run_streams },
	{ "sockets", "odd WebSocket messages", run_sockets },
	{ "sends", "every send gets exactly one sent", run_sends },
	{ "sends-away", "files of a send cannot be read", run_sends_away },
	{ "sends-closing", "closed with sends under way", run_sends_closing },
	{ "updates", "news for threads that nobody has", run_updates },
	{ "store-away", "everything it asks the store is refused", run_store_away },
	{ "reread", "a quarantined message once more", run_reread },
	{ "health", "one JSON object", run_health },
};
const size_t trial_case_count = sizeof(trial_cases) / sizeof(trial_cases[0]);
