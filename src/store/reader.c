/*
 * The loop of a waiting read: ask, wait, hand over, ask again. Never keeps what it read: the position is
 * its owner's, so a lost answer is simply asked for again. Called by inbox, push and outbox.
 */
#include "store/reader.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "store/inbox.h"

enum { REFUSED_WAIT_MS = 1000 };

struct reader {
	struct link *link;
	const char *name;
	const struct reader_ops *ops;
	void *arg;
	struct argv command;
	struct arena arena;
	struct loop_timer *again;
	bool asked;   /* an answer is due */
	bool waiting; /* after a refusal */
};

static void reader_answer(void *arg, int status, const struct reply *reply);

static void reader_ask(struct reader *r)
{
	if (r->asked || r->waiting || !link_is_up(r->link))
		return;
	argv_clear(&r->command);
	arena_reset(&r->arena);
	if (!r->ops->ask(&r->command, &r->arena, r->arg))
		return;
	r->asked = true;
	link_call(r->link, &r->command, reader_answer, r);
}

static void reader_answer(void *arg, int status, const struct reply *reply)
{
	struct reader *r = arg;

	if (!reply) {
		r->asked = false; /* asked again when the link is up */
		if (r->ops->lost)
			r->ops->lost(r->arg);
		return;
	}
	if (status) {
		r->asked = false;
		log_warn("store", "redis refused a read link=%s why=%.*s", r->name,
			SLICE_ARG(reply->text));
		r->waiting = true;
		loop_timer_set(r->again, REFUSED_WAIT_MS * 1000);
		if (r->ops->refused)
			r->ops->refused(status, reply, r->arg);
		return;
	}
	if (reply->type != REPLY_NIL)
		r->ops->got(reply, r->arg); /* a wake from in there waits for its end */
	r->asked = false;
	reader_ask(r);
}

static void reader_again(void *arg)
{
	struct reader *r = arg;

	r->waiting = false;
	reader_ask(r);
}

static void reader_up(void *arg)
{
	reader_ask(arg);
}

static void reader_down(const char *why, void *arg)
{
	(void)why;
	(void)arg; /* the write link says it for all */
}

static const struct link_ops reader_link_ops = { .up = reader_up, .down = reader_down };

struct reader *reader_new(
	struct store *s, const char *name, const struct reader_ops *ops, void *arg)
{
	struct reader *r = mem_alloc(sizeof(*r));

	ASSERT(s->target.dial);
	r->name = name;
	r->ops = ops;
	r->arg = arg;
	r->again = loop_timer_new(s->loop, reader_again, r);
	r->link = link_new(s->loop, name, &s->target, &reader_link_ops, r);
	link_start(r->link);
	return r;
}

void reader_free(struct reader **reader)
{
	struct reader *r = *reader;

	if (!r)
		return;
	*reader = NULL;
	link_free(&r->link);
	loop_timer_free(&r->again);
	argv_free(&r->command);
	arena_free(&r->arena);
	free(r);
}

void reader_wake(struct reader *r)
{
	reader_ask(r);
}

struct link *reader_link(struct reader *r)
{
	return r->link;
}

bool stream_id_parse(struct slice text, struct stream_id *out)
{
	struct slice rest = text, ms = slice_cut(&rest, '-');
	struct stream_id id = { 0, 0 };

	if (!slice_u64(ms, &id.ms) || !slice_u64(rest, &id.n))
		return false;
	*out = id;
	return true;
}

struct slice stream_id_text(struct stream_id id, struct arena *arena)
{
	return arena_printf(
		arena, "%llu-%llu", (unsigned long long)id.ms, (unsigned long long)id.n);
}

const struct reply *stream_entries(const struct reply *xread)
{
	return reply_at(reply_at(xread, 0), 1);
}
