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

enum { PATIENCE_MS = 5000, HUGE = 300000 };

void trial_skip(struct trial *t, const char *why)
{
	t->note->skipped = 1;
	snprintf(t->note->what, sizeof(t->note->what), "%s", why);
}

static bool is_up(struct usher_host *h)
{
	return h->up;
}

/* A channel, or a complaint. */
struct usher_host *trial_opened(struct trial *t)
{
	char why[256];
	struct usher_host *h = trial_open(t, "trial", NULL, NULL, why, sizeof(why));
	struct usher_host none = { .t = t };

	if (!h) {
		t->note->refused = 1;
		trial_wrong(&none, "open refused: %s", why);
		return NULL;
	}
	trial_run(h, 50, NULL); /* what it begins with */
	if (!h->up)
		trial_run(h, PATIENCE_MS, is_up); /* or stays down: also a way to live */
	return h;
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
		struct usher_host *h = trial_opened(t);
		if (!h)
			return;
		TRIAL_CALL(h, reloaded, h->self);
		trial_close(h);
	}
	snprintf(t->note->what, sizeof(t->note->what),
		"opened, told of a reload and closed three times");
}

static void run_two(struct trial *t)
{
	char why[256];
	struct usher_host *a = trial_opened(t),
			  *b = trial_open(t, "other", NULL, NULL, why, sizeof(why));

	if (!a || !b) {
		trial_skip(t, "the second one refused to open with the same options");
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
	struct usher_http *r;
	bool known = sample_deliver(h, &r); /* answers go to whoever wrote, if anybody did */
	struct usher_outbound m = { .thread = text_of(
					    known ? h->deliveries[0].thread : "trial-thread"),
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
	struct usher_host *h = trial_opened(t);

	if (!h)
		return;
	if (!h->api->send) {
		trial_skip(t, h->api->update ? "it is live: update, not send" : "it has no send");
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
	struct usher_host *h = trial_opened(t);

	if (!h)
		return;
	if (!h->api->send) {
		trial_skip(t, "it has no send");
		return;
	}
	send_all(h);
	trial_close(h); /* complains of those without an answer */
	snprintf(t->note->what, sizeof(t->note->what), "closed with %zu sends under way",
		h->send_count);
}

/* ---- live ---- */

/* Somebody is there and an agent writes to him. False: nobody could be. */
static bool update_heard(struct usher_host *h)
{
	struct usher_http *r;

	if (!sample_deliver(h, &r) || r)
		return false;
	trial_run(h, 200, NULL);
	struct usher_update u = { .size = sizeof(u),
		.what = USHER_UPDATE_MESSAGE,
		.thread = text_of(h->deliveries[0].thread),
		.seq = 2,
		.from = USHER_FROM_AGENT,
		.name = text_of("Bo"),
		.text = text_of("It is on its way") };
	size_t before = h->told;
	TRIAL_CALL(h, update, h->self, &u);
	trial_run(h, 200, NULL);
	if (h->told == before)
		trial_wrong(h, "an agent's words were not told to the customer who is there");
	trial_end_all(h);
	return true;
}

static void run_updates(struct trial *t)
{
	struct usher_host *h = trial_opened(t);

	if (!h)
		return;
	if (!h->api->update) {
		trial_skip(t, "it is not live");
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
	bool live = update_heard(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "every kind, for a thread that nobody has%s",
		live ? "; an agent's words for one that is there" : "");
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
			if (sample_fits(h, &t->samples[s]))
				sample_give(h, &t->samples[s]);
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
	struct usher_host *h = trial_opened(t);

	if (!h)
		return;
	if (!h->api->reread) {
		trial_skip(t, "it quarantines nothing");
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
	struct usher_host *h = trial_opened(t);
	struct str said = { 0 };

	if (!h)
		return;
	if (!h->api->health) {
		trial_skip(t, "it has no health");
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
	{ "life", "open, a reload, close", run_life },
	{ "two", "two channels of it are two", run_two },
	{ "intake", "a message comes in", case_intake },
	{ "disk", "nobody is told of success before the disk", case_disk },
	{ "duplicates", "a repeat, its first ack lost", case_duplicate },
	{ "away", "usher cannot store: try again later", case_away },
	{ "refused", "usher refuses a message for good", case_refused },
	{ "slow-host", "many wait for a slow usher", case_slow_host },
	{ "left", "senders leave, the channel closes, before ack", case_left },
	{ "requests", "odd and oversized requests", case_requests },
	{ "streams", "odd and oversized streams", case_streams },
	{ "sockets", "odd WebSocket messages", case_sockets },
	{ "sends", "every send gets exactly one sent", run_sends },
	{ "sends-away", "files of a send cannot be read", run_sends_away },
	{ "sends-closing", "closed with sends under way", run_sends_closing },
	{ "updates", "news for threads that nobody has", run_updates },
	{ "store-away", "everything it asks the store is refused", run_store_away },
	{ "reread", "a quarantined message once more", run_reread },
	{ "health", "one JSON object", run_health },
};
const size_t trial_case_count = sizeof(trial_cases) / sizeof(trial_cases[0]);
