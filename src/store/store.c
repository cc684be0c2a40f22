/*
 * The store as a whole: reads where Redis is, starts it when it is ours, checks that what it acknowledges
 * is on disk, and says when it is there. Never reads or writes a message. Called by app.
 *
 *   new ─▶ [managed child] ─▶ links ─▶ write link: CONFIG GET ..., format ─▶ up ┐
 *                                    └▶ ask link: up ───────────────────────────┴▶ ready / up
 */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/blob_life.h"
#include "store/durability.h"
#include "store/fence.h"
#include "store/format.h"
#include "store/inside.h"
#include "store/managed.h"
#include "store/target.h"

static void store_say_failed(void *arg, int status, const struct reply *r)
{
	struct store *s = arg;

	(void)status;
	(void)r;
	if (!s->stopping)
		s->ops->failed(s->why_failed, s->arg);
}

void store_fail(struct store *s, const char *why)
{
	if (s->failed)
		return;
	s->failed = true;
	s->why_failed = slice_dup(slice_of(why));
	link_later(s->write, 0, store_say_failed, s);
}

/* ---- up and down ---- */

static void store_look(struct store *s, const char *why)
{
	bool up = link_is_up(s->write) && link_is_up(s->ask);

	if (up == s->is_up || s->failed || s->stopping)
		return;
	s->is_up = up;
	if (!up) {
		log_warn("store", "redis is away why=%s", why);
		s->ops->down(why, s->arg);
		return;
	}
	if (s->managed)
		managed_proven(s->managed);
	inbox_link_up(s->inbox);
	log_info("store", "redis is there durability=%s", s->durability);
	if (s->was_ready) {
		s->ops->up(s->arg);
		return;
	}
	s->was_ready = true;
	s->ops->ready(s->arg);
}

static void store_format_checked(void *arg, int status, const char *why)
{
	struct store *s = arg;

	if (status == 0)
		link_admit(s->write);
	else if (status != -EAGAIN)
		store_fail(s, why);
}

static void store_checked(void *arg, int status, const char *why)
{
	struct store *s = arg;

	if (status == -EAGAIN)
		return; /* lost meanwhile: checked again when it is back */
	if (status == 0 || s->relaxed) {
		if (status)
			log_warn("store", "acknowledgements are not durable why=%s", why);
		s->durability = status || s->relaxed ? "relaxed" : "always";
		format_check(s, store_format_checked, s);
		return;
	}
	if (!s->was_ready) {
		store_fail(s, why);
		return;
	}
	/* It was good and no longer is: a different server, or somebody changed it. Away until it is good again. */
	log_error("store", "redis no longer keeps what it acknowledges why=%s", why);
	link_fault(s->write, why);
}

static void store_write_check(void *arg)
{
	struct store *s = arg;

	durability_check(s->write, store_checked, s);
}

static void store_link_up(void *arg)
{
	store_look(arg, "");
}

static void store_write_down(const char *why, void *arg)
{
	struct store *s = arg;

	fence_lost(s->fence);
	store_look(s, why);
}

static void store_refused(const char *why, void *arg)
{
	struct store *s = arg;
	char text[512];

	if (s->was_ready)
		return;
	snprintf(text, sizeof(text), "%s; correct the user and password in redis:", why);
	store_fail(s, text);
}

static void store_ask_down(const char *why, void *arg)
{
	store_look(arg, why);
}

static const struct link_ops store_write_ops = {
	.check = store_write_check,
	.up = store_link_up,
	.down = store_write_down,
	.refused = store_refused,
};
static const struct link_ops store_ask_ops = { .up = store_link_up, .down = store_ask_down };

/* ---- beginning ---- */

static void store_dial(struct store *s)
{
	struct str client = { 0 };

	str_addf(&client, "usher-%s-%s", s->domain, s->node);
	s->target.client = str_take(&client);
	link_start(s->write);
	link_start(s->ask);
}

static void store_managed_started(const char *dial, const char *user, const char *pass, void *arg)
{
	struct store *s = arg;

	s->target.dial = slice_dup(slice_of(dial));
	s->target.user = slice_dup(slice_of(user));
	s->target.pass = slice_dup(slice_of(pass));
	store_dial(s);
}

static void store_managed_failed(const char *why, void *arg)
{
	store_fail(arg, why);
}

static const struct managed_ops store_managed_ops = {
	.started = store_managed_started,
	.failed = store_managed_failed,
};

struct store *store_new(
	struct loop *loop, const struct store_options *o, const struct store_ops *ops, void *arg)
{
	struct store *s = mem_alloc(sizeof(*s));
	struct err err = { "" };

	s->loop = loop;
	s->ops = ops;
	s->arg = arg;
	s->domain = slice_dup(slice_of(o->domain));
	s->node = slice_dup(slice_of(o->node));
	s->data_dir = slice_dup(slice_of(o->data_dir));
	s->relaxed = o->relaxed;
	s->durability = o->relaxed ? "relaxed" : "always";
	keys_init(&s->keys, slice_of(s->domain));
	s->write = link_new(loop, "write", &s->target, &store_write_ops, s);
	s->ask = link_new(loop, "ask", &s->target, &store_ask_ops, s);
	s->inbox = inbox_new(s);
	s->fence = fence_new(s);
	s->lease = lease_new(s);
	s->unnamed_keep_s = o->unnamed_keep_s ? o->unnamed_keep_s : UNNAMED_KEEP_S;
	s->blobs = blobs_new(s);
	s->collector = collector_new(s);
	s->pictures = pictures_new(s, o->picture);
	if (slice_is(slice_of(o->redis), "managed"))
		s->managed = managed_new(loop, o->data_dir, &store_managed_ops, s);
	else if (target_parse(&s->target, o->redis, o->redis_ca, &err))
		store_fail(s, err.text);
	else
		store_dial(s);
	return s;
}

/* ---- ending ---- */

static void store_all_stopped(void *arg)
{
	struct store *s = arg;

	s->stopped(s->stopped_arg);
}

static void store_nothing_to_stop(void *arg, int status, const struct reply *r)
{
	(void)status;
	(void)r;
	store_all_stopped(arg);
}

/* Writes of the last turn have had their answers or will be unknown: the links close only in store_free. */
void store_stop(struct store *s, void (*done)(void *arg), void *arg)
{
	ASSERT(!s->stopping);
	s->stopping = true;
	s->stopped = done;
	s->stopped_arg = arg;
	if (s->managed)
		managed_stop(s->managed, store_all_stopped, s);
	else
		link_later(s->write, 0, store_nothing_to_stop, s);
}

void store_free(struct store **store)
{
	struct store *s = *store;

	if (!s)
		return;
	*store = NULL;
	pictures_free(&s->pictures);
	collector_free(&s->collector);
	blobs_free(&s->blobs);
	outboxes_free(s);
	followers_free(s);
	lease_free(&s->lease);
	fence_free(&s->fence);
	inbox_free(&s->inbox);
	link_free(&s->write);
	link_free(&s->ask);
	managed_free(&s->managed);
	target_free(&s->target);
	free(s->domain);
	free(s->node);
	free(s->data_dir);
	free(s->why_failed);
	free(s);
}

/* ---- questions ---- */

bool store_is_up(const struct store *s)
{
	return s->is_up;
}

const char *store_durability(const struct store *s)
{
	return s->durability;
}

const char *store_node(const struct store *s)
{
	return s->node;
}

uint64_t store_oldest_us(const struct store *s)
{
	return link_oldest_us(s->write);
}

size_t store_inflight(const struct store *s)
{
	return link_inflight(s->write);
}
