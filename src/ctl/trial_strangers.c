/*
 * What strangers send: garbage, too much, in odd pieces, and they leave in the middle. Called by trial.c through the table of cases.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/trial.h"

enum { FLOOD = 8388608 };

static struct slice flood(void)
{
	char *bytes = mem_alloc(FLOOD);

	memset(bytes, 'x', FLOOD);
	return slice_make(bytes, FLOOD);
}

static const struct slice garbage[] = { { "", 0 }, { "\0\xff\xfe\r\n\r\n{[\"", 10 },
	{ "{\"t\":\"hello\",\"id\":[[[[", 20 }, { "\xd0\xb9\xcc\x88 \xf0\x9f\x99\x82\n", 10 },
	{ "=&=&%zz&%00=1;;\n", 16 }, { "{}", 2 } };

void case_requests(struct trial *t)
{
	static const char *const types[] = { "application/json",
		"application/x-www-form-urlencoded", "text/plain",
		"multipart/form-data; boundary=x", "" };
	static const char *const methods[] = { "GET", "POST", "HEAD", "DELETE", "OPTIONS" };
	struct usher_host *h = trial_opened(t);

	if (!h)
		return;
	if (!h->route_count) {
		trial_skip(t, "it has no route");
		return;
	}
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		trial_request(h, methods[i], sample_path(h), "", garbage[0]);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (size_t g = 0; g < sizeof(garbage) / sizeof(garbage[0]); g++)
			trial_request(h, "POST", sample_path(h), types[i], garbage[g]);
		trial_request(h, "POST", sample_path(h), types[i], flood());
	}
	trial_request(h, "GET", "/nowhere/../at/all", "", garbage[0]);
	trial_run(h, 1000, requests_over);
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

void case_streams(struct trial *t)
{
	struct usher_host *h = trial_opened(t);

	if (!h)
		return;
	if (!h->listener_count) {
		trial_skip(t, "it listens nowhere");
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

void case_sockets(struct trial *t)
{
	struct usher_host *h = trial_opened(t);
	char path[160];

	if (!h)
		return;
	if (!h->api->ws || !h->route_count) {
		trial_skip(t, "it takes no WebSockets");
		return;
	}
	snprintf(path, sizeof(path), "%s%sws", sample_path(h),
		sample_path(h)[strlen(sample_path(h)) - 1] == '/' ? "" : "/");
	struct usher_ws *w = trial_socket(h, t->path ? t->path : path);
	if (!w) {
		trial_skip(t, "it accepted no WebSocket at ROUTE/ws: say where with --path");
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
