/*
 * What a frame from a desk does: the policy is asked, then either the desk answers itself or the command goes into the inbox, once. Whether
 * the agent owns what it speaks of is the engine's to decide. Who acts is set here from the log-in, whatever the frame says.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "desk/attach.h"
#include "desk/client.h"
#include "desk/frames.h"
#include "desk/protocol.h"
#include "model/limits.h"
#include "store/history.h"
#include "store/inbox.h"

static void answer_ok(struct client *c, struct slice id)
{
	struct str o = { 0 };
	frame_answer(&o, id, ANSWER_OK, "", (struct id){ 0 }, 0);
	if (id.n)
		client_send(c, str_slice(&o));
	str_free(&o);
}

/* ---- commands ---- */

struct put {
	struct client *c;
	char *id;
};

static void on_put(void *arg, int status)
{
	struct put *p = arg;
	ASSERT(p->c->commands > 0);
	p->c->commands--;
	if (status) {
		log_warn("desk", "command not saved agent=%s status=%d", p->c->agent, status);
		client_error(p->c, slice_of(p->id), "busy",
			status == -EIO ? "the connection to the disk was lost; repeat it under the "
					 "same id"
				       : "it could not be saved; repeat it under the same id");
	}
	client_release(p->c);
	free(p->id);
	free(p);
}

static bool carries_message(enum frame_type type)
{
	return type == FRAME_REPLY || type == FRAME_NOTE || type == FRAME_WRITE ||
	       type == FRAME_TRANSFER || type == FRAME_CONSULT;
}

/* A repeat is the same words under the same id in the same log-in; presence alone is meant anew each time. */
static struct slice dedup_key(const struct client *c, const struct frame *f, struct arena *arena)
{
	const char *scope = *c->key ? c->key : c->session.p;
	if (f->type == FRAME_PRESENCE)
		return (struct slice){ 0 };
	return arena_printf(arena, "desk\n%s\n%.*s\n%016llx", scope, SLICE_ARG(f->id),
		(unsigned long long)record_hash(&command_table, &f->c));
}

static void command_put(struct client *c, struct frame *f, struct arena *arena)
{
	struct desk *d = c->d;
	uint8_t chance[10];
	if (c->commands >= DESK_COMMANDS_MAX) {
		client_error(c, f->id, "busy", "too many commands at once; wait for answers");
		return;
	}
	f->c.dedup = dedup_key(c, f, arena);
	f->c.at_us = loop_wall_us(d->loop);
	f->c.agent = client_agent(c);
	f->c.session = c->session;
	f->c.node = slice_of(store_node(d->store));
	f->c.cmd = f->id;
	if (carries_message(f->type)) {
		chance_bytes(chance, sizeof(chance));
		f->c.id = id_make(f->c.at_us, chance);
	}
	struct put *p = mem_alloc(sizeof(*p));
	client_hold(c);
	c->commands++;
	*p = (struct put){ c, slice_dup(f->id) };
	inbox_put(d->store, &f->c, on_put, p);
}

/* ---- what the desk does itself ---- */

static void on_typing_conv(void *arg, int status, const struct pairs_found *fields)
{
	struct client *c = arg;
	if (!status && !c->gone && !c->d->ended &&
		slice_equal(found_get(fields, "owner"), client_agent(c)))
		c->d->ports->typing(c->d->app, found_get(fields, "channel"),
			found_get(fields, "thread"), slice_of(c->name));
	client_release(c);
}

/* Once a second is enough for "... is typing". */
static void typing(struct client *c, struct id conv)
{
	uint64_t now_us = loop_monotonic_us(c->d->loop);
	if (c->typed_us && now_us - c->typed_us < 1000000)
		return;
	c->typed_us = now_us;
	client_hold(c);
	conv_read(c->d->store, conv, on_typing_conv, c);
}

struct seen {
	struct client *c; /* held */
	uint64_t seq;
};

static void on_seen_conv(void *arg, int status, const struct pairs_found *fields)
{
	struct seen *s = arg;
	struct client *c = s->c;
	if (!status && !c->gone && !c->d->ended &&
		slice_equal(found_get(fields, "owner"), client_agent(c)))
		c->d->ports->seen(c->d->app, found_get(fields, "channel"),
			found_get(fields, "thread"), s->seq);
	free(s);
	client_release(c);
}

/* For the visitor's eyes only, and lost with the connection: nothing of it is kept. */
static void seen(struct client *c, struct id conv, uint64_t seq)
{
	struct seen *s = mem_alloc(sizeof(*s));
	client_hold(c);
	*s = (struct seen){ c, seq };
	conv_read(c->d->store, conv, on_seen_conv, s);
}

static void watch(struct client *c, const struct frame *f)
{
	struct slice key = slice_make(&f->c.conv, sizeof(f->c.conv));
	if (!f->on) {
		(void)map_remove(&c->watched, key);
	} else if (c->watched.count >= DESK_WATCH_MAX && !map_get(&c->watched, key)) {
		client_error(c, f->id, "busy", "too many are watched; stop watching another first");
		return;
	} else {
		(void)map_put(&c->watched, key, c);
	}
	answer_ok(c, f->id);
}

static void act(struct client *c, struct frame *f, struct arena *arena)
{
	switch (f->type) {
	case FRAME_PING:
		client_send(c, SLICE("{\"t\":\"pong\"}"));
		return;
	case FRAME_RESUME: /* the first one was seen to by client_line; a late one has its snapshot */
		answer_ok(c, f->id);
		return;
	case FRAME_TYPING:
		typing(c, f->c.conv);
		return;
	case FRAME_SEEN:
		seen(c, f->c.conv, f->c.seq);
		return;
	case FRAME_WATCH:
		watch(c, f);
		return;
	case FRAME_PRESENCE:
	case FRAME_ACCEPT:
	case FRAME_DECLINE:
	case FRAME_REPLY:
	case FRAME_WRITE:
		if (f->c.parts.n)
			attach_check(c, f, arena, command_put);
		else
			command_put(c, f, arena);
		return;
	case FRAME_NOTE:
	case FRAME_TRANSFER:
	case FRAME_CONSULT:
	case FRAME_RESOLVE:
	case FRAME_REOPEN:
	case FRAME_TAKE:
	case FRAME_WRAPUP_DONE:
	case FRAME_WRAPUP_MORE:
	case FRAME_RETRY:
	case FRAME_DISCARD:
	case FRAME_MERGE:
	case FRAME_SPLIT:
	case FRAME_DISTINCT:
	case FRAME_UNDISTINCT:
	case FRAME_QUEUE:
		command_put(c, f, arena);
		return;
	case FRAME_NONE:
	case FRAME_COUNT:
		break;
	}
	ASSERT(false);
}

static void dispatch(struct client *c, struct frame *f, struct arena *arena)
{
	if (policy_allows(c->role, f->action)) {
		act(c, f, arena);
		return;
	}
	struct slice why = arena_printf(arena, "the role %s may not do this: %s",
		role_words[c->role], action_name(f->action));
	client_error(c, f->id, "forbidden", why.p);
}

/* ---- frames in ---- */

static void line_parse(struct client *c, struct slice text)
{
	struct arena arena = { 0 };
	struct frame f;
	const char *code, *message;
	bool read = protocol_parse(text, &arena, &f, &code, &message);
	if (read && c->state == CLIENT_FRESH && f.type == FRAME_RESUME)
		catchup_resume(c, f.from);
	if (read)
		dispatch(c, &f, &arena);
	else
		client_error(c, f.id, code, message);
	arena_free(&arena);
}

/* What comes before the first snapshot waits for it, so that a desk sees the state before answers. */
static bool must_wait(const struct client *c)
{
	return c->attaching || (c->state == CLIENT_CATCHING && !c->resuming && !c->why);
}

static bool hold(struct client *c, struct slice text)
{
	if (!must_wait(c))
		return false;
	if (c->held.count >= DESK_COMMANDS_MAX) {
		client_error(c, SLICE(""), "busy", "too many commands at once; wait for answers");
		return true;
	}
	struct held_line *h = mem_alloc(sizeof(*h));
	h->text = slice_dup(text);
	h->n = text.n;
	list_push_back(&c->held, &h->node);
	return true;
}

void dispatch_held(struct client *c)
{
	while (c->held.first && !c->gone && !c->attaching) {
		struct held_line *h = LIST_ENTRY(list_pop_front(&c->held), struct held_line, node);
		line_parse(c, slice_make(h->text, h->n));
		free(h->text);
		free(h);
	}
}

static bool is_resume(struct slice text)
{
	struct arena arena = { 0 };
	struct frame f;
	const char *code, *message;
	bool resume = protocol_parse(text, &arena, &f, &code, &message) && f.type == FRAME_RESUME;
	arena_free(&arena);
	return resume;
}

void client_line(struct client *c, struct slice text)
{
	if (c->gone || c->d->ended)
		return;
	if (c->state == CLIENT_FRESH && !is_resume(text))
		catchup_snapshot(c, NULL);
	if (!hold(c, text))
		line_parse(c, text);
}
