/*
 * What a stranger says so that a message comes in: a post, lines of a connection (LMTP, or just words), messages on a WebSocket; or nothing, when the plugin
 * fetches them itself. Called by the cases.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/trial.h"

enum { PATIENCE_MS = 5000, ANSWER_MS = 1000 };

void sample_add(struct trial *t, enum sample_way way, const char *type, struct slice bytes)
{
	t->samples[t->sample_count++] = (struct trial_sample){ way, type, bytes };
}

/* What many channels would understand. */
void samples_default(struct trial *t)
{
	sample_add(t, SAMPLE_POST, "text/plain; charset=utf-8", SLICE("Where is my card?"));
	sample_add(t, SAMPLE_POST, "application/json",
		SLICE("{\"id\":\"1\",\"thread\":\"t1\",\"from\":\"ann\",\"text\":\"Where is my "
		      "card?\"}"));
	sample_add(t, SAMPLE_POST, "application/x-www-form-urlencoded",
		SLICE("id=1&email=ann%40example.test&message=Where+is+my+card%3F"));
	sample_add(t, SAMPLE_SOCKET, NULL,
		SLICE("{\"t\":\"hello\",\"session\":null,\"from\":0}\n"
		      "{\"t\":\"say\",\"id\":\"m1\",\"text\":\"Where is my card?\"}\n"));
	sample_add(t, SAMPLE_LINES, NULL, SLICE("ann\nWhere is my card?\n"));
	sample_add(t, SAMPLE_LINES, NULL,
		SLICE("LHLO trial.test\r\n<\nMAIL FROM:<ann@example.test>\r\n<\nRCPT "
		      "TO:<{to}>\r\n<\n"
		      "DATA\r\n<\nFrom: Ann <ann@example.test>\r\nTo: {to}\r\nSubject: My card\r\n"
		      "Message-ID: <1@example.test>\r\n\r\nWhere is my card?\r\n.\r\n"));
	sample_add(t, SAMPLE_ITSELF, NULL, (struct slice){ 0 });
}

const char *sample_name(const struct trial_sample *s)
{
	switch (s->way) {
	case SAMPLE_POST:
		return s->type;
	case SAMPLE_LINES:
		return slice_starts(s->bytes, SLICE("LHLO ")) ? "LMTP" : "lines";
	case SAMPLE_SOCKET:
		return "WebSocket";
	case SAMPLE_ITSELF:
		break;
	}
	return "by itself";
}

const char *sample_path(const struct usher_host *h)
{
	return h->t->path ? h->t->path : h->routes[0];
}

/* An address of ours: what an option that speaks of addresses has. */
static struct slice own_address(const struct trial *t)
{
	for (size_t i = 0; i < t->option_count; i++) {
		struct slice value = t->options[i].value;
		if (strstr(slice_dup(t->options[i].name), "address") &&
			memchr(value.p ? value.p : "", '@', value.n))
			return slice_cut(&value, ' ');
	}
	return SLICE("support@demo.test");
}

/* The bytes with {to} filled in; they live as long as the case. */
static struct slice filled(const struct trial *t, struct slice bytes)
{
	struct str out = { 0 };
	const char *at;

	while (bytes.n && (at = memmem(bytes.p, bytes.n, "{to}", 4))) {
		size_t n = (size_t)(at - bytes.p);
		str_add(&out, slice_make(bytes.p, n));
		str_add(&out, own_address(t));
		bytes = slice_make(at + 4, bytes.n - n - 4);
	}
	str_add(&out, bytes);
	size_t n = out.n;
	return slice_make(str_take(&out), n);
}

/* ---- lines ---- */

static bool told_more(struct usher_host *h)
{
	return h->told > h->told_before;
}

static void say_lines(struct usher_host *h, struct slice text)
{
	struct usher_stream *s = trial_connect(h);
	const char *wait;

	trial_run(h, 20, NULL); /* a greeting */
	while (text.n && (wait = memmem(text.p, text.n, "\n<\n", 3))) {
		size_t n = (size_t)(wait - text.p);
		h->told_before = h->told;
		trial_feed(s, slice_make(text.p, n + 1));
		trial_run(h, ANSWER_MS, told_more);
		text = slice_make(wait + 3, text.n - n - 3);
	}
	h->told_before = h->told;
	trial_feed(s, text);
}

/* ---- a WebSocket ---- */

static void say_messages(struct usher_host *h, struct usher_ws *w, struct slice text)
{
	while (text.n) {
		struct slice line = slice_cut(&text, '\n');
		if (!line.n)
			continue;
		h->told_before = h->told;
		trial_say(w, line);
		trial_run(h, 20, NULL);
	}
}

static struct usher_ws *call_in(struct usher_host *h)
{
	const char *path = sample_path(h);
	char below[200];

	snprintf(below, sizeof(below), "%s%sws", path, path[strlen(path) - 1] == '/' ? "" : "/");
	return trial_socket(h, h->t->path ? path : below);
}

bool sample_repeat(struct usher_host *h, const struct trial_sample *s)
{
	struct slice text = s->bytes, last = { 0 };

	if (s->way != SAMPLE_SOCKET || !h->sockets.last)
		return false;
	while (text.n) {
		struct slice line = slice_cut(&text, '\n');
		last = line.n ? line : last;
	}
	trial_say(LIST_ENTRY(h->sockets.last, struct usher_ws, node), filled(h->t, last));
	trial_run(h, 300, NULL);
	return true;
}

/* ---- giving ---- */

bool sample_fits(const struct usher_host *h, const struct trial_sample *s)
{
	switch (s->way) {
	case SAMPLE_POST:
		return h->route_count;
	case SAMPLE_LINES:
		return h->listener_count;
	case SAMPLE_SOCKET:
		return h->route_count && h->api->ws;
	case SAMPLE_ITSELF:
		break;
	}
	return true;
}

struct usher_http *sample_give(struct usher_host *h, const struct trial_sample *s)
{
	struct usher_ws *w;

	switch (s->way) {
	case SAMPLE_POST:
		return trial_request(h, "POST", sample_path(h), s->type, filled(h->t, s->bytes));
	case SAMPLE_LINES:
		say_lines(h, filled(h->t, s->bytes));
		break;
	case SAMPLE_SOCKET:
		w = call_in(h);
		if (w)
			say_messages(h, w, filled(h->t, s->bytes));
		break;
	case SAMPLE_ITSELF:
		break;
	}
	return NULL;
}

bool trial_delivered(struct usher_host *h)
{
	return h->delivery_count > 0;
}

bool requests_over(struct usher_host *h)
{
	LIST_FOR (r, &h->requests, struct usher_http, node)
		if (!r->over)
			return false;
	return h->requests.count > 0;
}

bool sample_deliver(struct usher_host *h, struct usher_http **r)
{
	int sample = h->t->note->sample;

	*r = NULL;
	if (!sample)
		return false;
	*r = sample_give(h, &h->t->samples[sample - 1]);
	return trial_run(h, PATIENCE_MS, trial_delivered);
}
