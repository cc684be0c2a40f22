/*
 * Long poll: the same frames for a visitor whose network lets no WebSocket through. One request waits until there is news; each says how
 * many frames have arrived, so an answer that was lost on the way is given again, and two that overtake each other do no harm.
 *
 *   POST {poll: null|ID, got: N, frames: [...]} ─▶ {poll: ID, from: M, frames: [M, M+1 ...], closed?}
 *
 * Called by post.c with whole bodies and by line.c with frames. Never reads the network itself.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

struct poll_frame {
	struct poll_frame *next;
	size_t n;
	char text[];
};

struct poll {
	char id[TOKEN_LEN + 1];
	struct tab *tab;
	struct usher_http *held; /* the request that waits, or NULL */
	uint64_t held_us, heard_us;
	uint64_t from; /* number of the first frame kept; frames are numbered from 0 */
	struct poll_frame *first, **last;
	size_t bytes;
	struct poll *next_news;
	unsigned has_news : 1;
	int code; /* not 0: to be told that it is closed */
	const char *why;
};

/* ---- answers ---- */

static void add_closed(struct buf *b, int code, const char *why)
{
	buf_text(b, ",\"closed\":{\"code\":");
	buf_number(b, (uint64_t)code);
	buf_text(b, ",\"why\":");
	buf_json(b, why, strlen(why));
	buf_text(b, "}");
}

static void answer(struct poll *p, int with_frames)
{
	struct chat *c = p->tab->chat;
	struct usher_http *r = p->held;
	struct buf b = { 0 };

	if (!r)
		return;
	p->held = NULL;
	p->heard_us = c->svc->now_us(c->host);
	buf_text(&b, "{\"poll\":\"");
	buf_text(&b, p->id);
	buf_text(&b, "\",\"from\":");
	buf_number(&b, p->from);
	buf_text(&b, ",\"frames\":[");
	for (struct poll_frame *f = with_frames ? p->first : NULL; f; f = f->next) {
		buf_add(&b, f->text, f->n);
		if (f->next)
			buf_text(&b, ",");
	}
	buf_text(&b, "]");
	if (with_frames && p->code)
		add_closed(&b, p->code, p->why);
	buf_text(&b, "}");
	post_answer(c, r, (struct usher_str){ b.p, b.n });
	buf_free(&b);
}

static void refuse(struct chat *c, struct usher_http *r, int code, const char *why)
{
	struct buf b = { 0 };

	buf_text(&b, "{\"poll\":null,\"from\":0,\"frames\":[]");
	add_closed(&b, code, why);
	buf_text(&b, "}");
	post_answer(c, r, (struct usher_str){ b.p, b.n });
	buf_free(&b);
}

/* ---- time ---- */

static void wake_at(struct chat *c, uint64_t due_us)
{
	uint64_t now = c->svc->now_us(c->host);

	if (c->poll_due_us && c->poll_due_us <= due_us)
		return;
	c->poll_due_us = due_us;
	c->svc->timer_set(c->poll_timer, due_us > now ? due_us - now : 0);
}

/* What was said in one turn goes out in one answer. */
static void news(struct poll *p)
{
	struct chat *c = p->tab->chat;

	if (p->has_news || !p->held)
		return;
	p->has_news = 1;
	p->next_news = c->news;
	c->news = p;
	wake_at(c, c->svc->now_us(c->host));
}

static void news_tell(struct chat *c)
{
	while (c->news) {
		struct poll *p = c->news;
		c->news = p->next_news;
		p->has_news = 0;
		answer(p, 1);
		if (p->code)
			tab_drop(p->tab);
	}
}

/* From now on where the clock was put back. */
static uint64_t since(uint64_t *then_us, uint64_t now_us)
{
	if (*then_us > now_us)
		*then_us = now_us;
	return now_us - *then_us;
}

static void look(struct poll *p, uint64_t now_us)
{
	if (p->held && since(&p->held_us, now_us) >= HOLD_US)
		answer(p, 1);
	else if (!p->held && since(&p->heard_us, now_us) >= POLL_GONE_US)
		tab_drop(p->tab);
}

static void on_time(void *arg)
{
	struct chat *c = arg;
	uint64_t now_us = c->svc->now_us(c->host);
	int sweep = 0;

	c->poll_due_us = 0;
	news_tell(c);
	/* Dropping moves others to a free place, which a walk may then meet twice or not at all: next second will do. */
	for (size_t i = 0; i < c->polls.cap; i++) {
		if (!c->polls.slots[i].value)
			continue;
		look(c->polls.slots[i].value, now_us);
		sweep = 1;
	}
	if (sweep)
		wake_at(c, now_us + 1000000);
}

/* ---- what line.c asks ---- */

void poll_send(struct poll *p, struct usher_str frame)
{
	struct poll_frame *f;

	if (p->code) /* as a socket: nothing comes after the end */
		return;
	f = zeroed(sizeof(*f) + frame.n);
	memcpy(f->text, frame.p, frame.n);
	f->n = frame.n;
	*p->last = f;
	p->last = &f->next;
	p->bytes += frame.n;
	news(p);
}

size_t poll_output(const struct poll *p)
{
	return p->bytes;
}

void poll_close(struct poll *p, int code, const char *why)
{
	if (p->code)
		return;
	p->code = code;
	p->why = why;
	if (p->tab->chat->closing)
		answer(p, 1);
	else
		news(p);
}

static void forget(struct poll *p, uint64_t got)
{
	while (p->first && p->from < got) {
		struct poll_frame *f = p->first;
		p->first = f->next;
		if (!p->first)
			p->last = &p->first;
		p->bytes -= f->n;
		p->from++;
		free(f);
	}
}

void poll_free(struct poll **poll)
{
	struct poll *p = *poll;
	struct chat *c;

	*poll = NULL;
	if (!p)
		return;
	c = p->tab->chat;
	for (struct poll **at = &c->news; *at; at = &(*at)->next_news) {
		if (*at != p)
			continue;
		*at = p->next_news;
		break;
	}
	answer(p, 1);
	forget(p, UINT64_MAX);
	table_remove(&c->polls, p->id);
	free(p);
}

/* ---- requests ---- */

static struct poll *poll_new(struct chat *c, struct usher_http *r)
{
	const char *why = NULL;
	struct tab *t = tab_new(c, c->svc->http_peer(r), &why);

	if (!t) {
		refuse(c, r, 1013, why);
		return NULL;
	}
	struct poll *p = zeroed(sizeof(*p));
	token_make(c, p->id);
	p->tab = t;
	p->last = &p->first;
	t->poll = p;
	table_put(&c->polls, p->id, p);
	if (!c->poll_timer)
		c->poll_timer = c->svc->timer(c->host, on_time, c);
	return p;
}

static struct poll *poll_find(struct chat *c, const json_t *ask)
{
	const char *id = json_string_value(json_object_get(ask, "poll"));

	return id && token_ok(id) ? table_get(&c->polls, id) : NULL;
}

void poll_request(struct chat *c, struct usher_http *r, struct usher_str body)
{
	json_t *ask = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *frames = json_object_get(ask, "frames");
	json_int_t got = json_integer_value(json_object_get(ask, "got"));
	int first = json_is_null(json_object_get(ask, "poll"));
	uint64_t now_us = c->svc->now_us(c->host);
	struct poll *p;
	size_t i;

	if (json_array_size(frames) > POLL_FRAMES_MAX) {
		refuse(c, r, 1008, "a poll has at most 50 frames; send the rest with the next");
		json_decref(ask);
		return;
	}
	p = first ? poll_new(c, r) : poll_find(c, ask);
	if (!p) {
		if (!first)
			refuse(c, r, 4404, "this connection is not known here: say hello again");
		json_decref(ask);
		return;
	}
	answer(p, 0); /* an older request gives way */
	p->held = r;
	p->held_us = p->heard_us = now_us;
	post_hold(r, c, p);
	if (got > 0)
		forget(p, (uint64_t)got);
	/* Who was sent away, or has moved to another token, says no more here. */
	for (i = 0; i < json_array_size(frames) && !p->code; i++)
		visitor_json(p->tab, json_array_get(frames, i));
	if (p->first || p->code)
		news(p);
	wake_at(c, now_us + 1000000);
	json_decref(ask);
}

void poll_gone(struct chat *c, struct usher_http *r, struct poll *p)
{
	if (p->held != r)
		return;
	p->held = NULL;
	p->heard_us = c->svc->now_us(c->host);
}
