/* See probe.h. -DCAPABILITIES, -DMAJOR, -DSIZE, -DTEXT_MAX, -DSYMBOL make the variants. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CAPABILITIES
#define CAPABILITIES 0
#endif
#ifndef MAJOR
#define MAJOR USHER_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR USHER_ABI_MINOR
#endif
#ifndef SIZE
#define SIZE sizeof(struct usher_channel)
#endif
#ifndef SYMBOL
#define SYMBOL usher_channel_v1
#endif
#ifndef TEXT_MAX
#define TEXT_MAX 0
#endif

struct probe probe = { .answer = -1 };

static void enter(void)
{
	probe.nested += probe.inside++ > 0;
}
static void leave(void)
{
	probe.inside--;
}
static void copy(char to[PROBE_TEXT], struct usher_str s)
{
	snprintf(to, PROBE_TEXT, "%.*s", (int)s.n, s.n ? s.p : "");
}
static struct usher_str text(const char *s)
{
	return (struct usher_str){ s, strlen(s) };
}

static const struct usher_option options[] = {
	{ .key = "greeting", .fallback = "hi", .most = 20, .help = "what to say" },
	{ .key = "refuse", .fallback = "", .most = 100, .help = "reason to refuse to open" },
	{ .key = "early", .fallback = "", .most = 100, .help = "called sent while it opens" },
	{ .key = "against", .fallback = "", .most = 100, .help = "reason to refuse in check" },
	{ 0 },
};

static void *probe_open(
	struct usher_host *h, const struct usher_services *svc, char *why, size_t size)
{
	struct usher_str refuse = svc->option(h, "refuse");

	enter();
	probe.host = h;
	probe.svc = svc;
	probe.opened++;
#ifdef NEWER
	probe.has_newer = USHER_HAS(svc, newer) != 0;
#endif
	snprintf(why, size, "%s", refuse.p);
	if (svc->option(h, "early").n)
		svc->sent(h, svc->option(h, "early"), USHER_OK, text(""), text(""));
	leave();
	return refuse.n ? NULL : &probe;
}
static void probe_close(void *self)
{
	(void)self;
	enter();
	probe.closed++;
	if (!probe.slow_close)
		probe.svc->down(probe.host, "closed");
	leave();
}
static void keep(
	struct probe_ack *list, size_t *n, uint64_t token, int outcome, struct usher_str why)
{
	enter();
	if (*n < PROBE_MAX) {
		list[*n].token = token;
		list[*n].outcome = outcome;
		copy(list[*n].why, why);
		++*n;
	}
	leave();
}
static void probe_ack(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	(void)self;
	keep(probe.acks, &probe.ack_count, token, outcome, why);
}
static void probe_send(void *self, const struct usher_outbound *m)
{
	struct probe_send *s = &probe.sends[probe.send_count % PROBE_MAX];

	(void)self;
	enter();
	probe.send_count++;
	copy(s->id, m->id);
	copy(s->text, m->text);
	copy(s->to, m->to);
	copy(s->ref, m->refs_count ? m->refs[m->refs_count - 1] : text(""));
	copy(s->part, m->parts_count ? m->parts[0].name : text(""));
	s->attempt = m->attempt;
	if (probe.answer >= 0)
		probe.svc->sent(probe.host, m->id, (enum usher_outcome)probe.answer,
			text("remote-1"), text("said no"));
	leave();
}
static void probe_update(void *self, const struct usher_update *u)
{
	struct probe_update *p = &probe.updates[probe.update_count % PROBE_MAX];

	(void)self;
	enter();
	probe.update_count++;
	p->what = (int)u->what;
	p->from = (int)u->from;
	p->seq = u->what == USHER_UPDATE_POSITION ? u->position : u->seq;
	copy(p->thread, u->thread);
	copy(p->text, u->text);
	copy(p->name, u->name);
	copy(p->dedup, u->dedup);
	leave();
}
static void probe_caught(
	void *self, struct usher_str thread, uint64_t token, enum usher_outcome outcome)
{
	(void)self;
	keep(probe.caught, &probe.caught_count, token, outcome, thread);
}
static void probe_remembered(void *self, uint64_t token, enum usher_outcome outcome)
{
	(void)self;
	keep(probe.remembered, &probe.remembered_count, token, outcome, text(""));
}
static void probe_recalled(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str value)
{
	(void)self;
	keep(probe.recalled, &probe.recalled_count, token, outcome, value);
}
static void probe_blob_done(void *self, uint64_t token, enum usher_outcome outcome,
	struct usher_str name, uint64_t size)
{
	(void)self;
	(void)size;
	keep(probe.blobs, &probe.blob_count, token, outcome, name);
}
static void probe_blob_got(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	(void)self;
	keep(probe.blobs, &probe.blob_count, token, outcome, bytes);
}

/* Echoes whole lines; "bye" hangs up. */
static size_t probe_stream(
	void *self, struct usher_stream *s, enum usher_stream_event ev, struct usher_str bytes)
{
	static const char *const words[] = { "open ", "", "tls ", "", "closed " };
	const char *end;
	size_t n = 0;

	(void)self;
	enter();
	strncat(probe.stream, words[ev], sizeof(probe.stream) - strlen(probe.stream) - 1);
	if (ev == USHER_STREAM_CLOSED)
		copy(probe.stream_why, bytes);
	if (ev == USHER_STREAM_DATA && (end = memchr(bytes.p, '\n', bytes.n))) {
		n = (size_t)(end - bytes.p) + 1;
		if (n == 4 && memcmp(bytes.p, "bye", 3) == 0)
			probe.svc->hangup(s, 1, "said bye");
		else
			probe.svc->write(s, (struct usher_str){ bytes.p, n });
	}
	leave();
	return n;
}

static int probe_check(
	struct usher_host *h, const struct usher_services *svc, char *why, size_t size)
{
	struct usher_str against = svc->option(h, "against");

	/* Nothing that has an effect is to be had here. */
	if (svc->listen || svc->deliver)
		snprintf(why, size, "check could do something");
	else
		snprintf(why, size, "%s", against.p);
	return why[0] != 0;
}
static void probe_health(void *self, void (*put)(void *arg, struct usher_str json), void *arg)
{
	(void)self;
	enter();
	put(arg, text(probe.health));
	leave();
}

#if USHER_ABI_MINOR >= 2
static void probe_reloaded(void *self)
{
	(void)self;
	enter();
	probe.reloaded++;
	leave();
}
#endif

#ifdef NEWER
static void probe_newer(void *self)
{
	(void)self;
	abort(); /* today's host does not know it */
}
#endif

extern const struct usher_channel SYMBOL;
const struct usher_channel SYMBOL = {
	.size = SIZE,
	.abi_major = MAJOR,
	.abi_minor = MINOR,
	.name = "probe",
	.version = "1",
	.capabilities = CAPABILITIES,
	.text_max = TEXT_MAX,
	.options = options,
	.open = probe_open,
	.close = probe_close,
	.ack = probe_ack,
	.send = probe_send,
	.update = probe_update,
	.caught_up = probe_caught,
	.stream = probe_stream,
	.remembered = probe_remembered,
	.recalled = probe_recalled,
	.blob_done = probe_blob_done,
	.blob_got = probe_blob_got,
	.health = probe_health,
	.check = probe_check,
	.option_size = sizeof(struct usher_option),
#if USHER_ABI_MINOR >= 2
	.reloaded = probe_reloaded,
#endif
#ifdef NEWER /* a header of tomorrow: test_plugin.c makes it */
	.newer = probe_newer,
#endif
};
