/*
 * Runs transactions under the epoch: the only ones on the write link, as any other EXEC would end the
 * WATCH of the next. Never makes their contents. Called by commit (run), lease (epoch) and
 * cursor (known).
 */
#include "store/fence.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "store/inside.h"

struct fence {
	struct store *store;
	uint64_t epoch;
	enum { FENCE_OPEN, FENCE_ASKED, FENCE_WATCHED, FENCE_FOREIGN } state;
	uint64_t serial; /* answers to an older WATCH count for nothing */
	bool unknown;
	/* the one transaction: waiting for WATCH, or sent */
	bool busy, sent;
	int refusal; /* known at once, told at the tail */
	struct str commands;
	size_t count;
	void (*fn)(void *arg, int status);
	void *arg;
};

struct watch {
	struct fence *fence;
	uint64_t serial;
	int status; /* of WATCH itself */
};

static void fence_end(struct fence *f, int status)
{
	void (*fn)(void *, int) = f->fn;

	ASSERT(f->busy);
	f->busy = f->sent = false;
	str_clear(&f->commands);
	if (f->commands.cap > (1 << 20))
		str_free(&f->commands);
	if (status == -EIO)
		f->unknown = true;
	fn(f->arg, status);
}

static void fence_send(struct fence *f);

static void fence_watch_answer(void *arg, int status, const struct reply *r)
{
	struct watch *w = arg;
	struct fence *f = w->fence;
	bool stale = w->serial != f->serial;

	if (r && status == 0)
		status = w->status;
	free(w);
	if (stale)
		return;
	if (!r || status) {
		f->state = FENCE_OPEN;
		if (f->busy && !f->sent)
			fence_end(f, r ? status : -EAGAIN); /* not sent: nothing was written */
		return;
	}
	f->state = reply_u64(r) == f->epoch ? FENCE_WATCHED : FENCE_FOREIGN;
	if (f->busy && !f->sent)
		fence_send(f);
}

static void fence_watch_done(void *arg, int status, const struct reply *r)
{
	struct watch *w = arg;

	(void)r;
	w->status = status; /* the answer to GET follows */
}

static void fence_unwatched(void *arg, int status, const struct reply *r)
{
	(void)arg;
	(void)status;
	(void)r;
}

static void fence_watch(struct fence *f)
{
	const struct keys *k = &f->store->keys;
	struct slice watch[] = { SLICE("WATCH"), key_slice(&k->epoch), key_slice(&k->fence) };
	struct slice get[] = { SLICE("GET"), key_slice(&k->epoch) };
	struct slice unwatch[] = { SLICE("UNWATCH") };
	struct watch *w = mem_alloc(sizeof(*w));

	/* A change that an older WATCH saw would void this one's EXEC as well. */
	if (f->state != FENCE_WATCHED)
		link_call(f->store->write, &(struct argv){ unwatch, 1, 1 }, fence_unwatched, NULL);
	f->state = FENCE_ASKED;
	*w = (struct watch){ f, ++f->serial, 0 };
	link_call(f->store->write, &(struct argv){ watch, 3, 3 }, fence_watch_done, w);
	link_call(f->store->write, &(struct argv){ get, 2, 2 }, fence_watch_answer, w);
}

/* Errors inside an EXEC are ours (a wrong type, a missing list): the rest was applied. */
static void fence_complain(const struct reply *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].type == REPLY_ERROR)
			log_error("store", "redis refused part of a commit command=%zu why=%.*s", i,
				SLICE_ARG(r->items[i].text));
}

static void fence_exec_answer(void *arg, int status, const struct reply *r)
{
	struct fence *f = arg;

	if (r && status == 0 && r->type == REPLY_NIL) {
		log_warn("store", "a commit was refused: another node routes epoch=%llu",
			(unsigned long long)f->epoch);
		status = -EPERM;
	} else if (r && status == 0) {
		fence_complain(r);
	}
	fence_end(f, status);
}

static void fence_send(struct fence *f)
{
	ASSERT(f->busy && !f->sent);
	if (f->state == FENCE_FOREIGN) {
		fence_end(f, -EPERM);
		return;
	}
	ASSERT(f->state == FENCE_WATCHED);
	f->sent = true;
	link_multi(f->store->write, str_slice(&f->commands), f->count, fence_exec_answer, f);
	fence_watch(f); /* for the next: EXEC has ended this one's */
}

/* Refusals known at once are told later: nothing is called from inside fence_run. */
static void fence_refuse(void *arg, int status, const struct reply *r)
{
	struct fence *f = arg;

	(void)r;
	fence_end(f, status);
}

void fence_run(struct fence *f, struct str *commands, size_t count,
	void (*fn)(void *arg, int status), void *arg)
{
	struct str swap = f->commands;

	ASSERT(!f->busy && count > 0);
	f->commands = *commands;
	*commands = swap;
	f->count = count;
	f->fn = fn;
	f->arg = arg;
	f->busy = true;
	f->refusal = f->unknown ? -EIO : f->epoch == 0 || f->state == FENCE_FOREIGN ? -EPERM : 0;
	if (f->refusal)
		link_later(f->store->write, f->refusal, fence_refuse, f);
	else if (f->state == FENCE_WATCHED)
		fence_send(f);
	else if (f->state == FENCE_OPEN)
		fence_watch(f);
}

/* What was watched no longer counts. */
static void fence_restart(struct fence *f)
{
	f->state = FENCE_OPEN;
	f->serial++;
	if (f->busy && !f->sent && !f->refusal)
		fence_watch(f);
}

void fence_set_epoch(struct fence *f, uint64_t epoch)
{
	f->epoch = epoch;
	fence_restart(f);
}

uint64_t fence_epoch(const struct fence *f)
{
	return f->epoch;
}

void fence_lost(struct fence *f)
{
	/* A transaction that waits for its WATCH is ended by the lost answer to it. */
	if (f->state != FENCE_ASKED)
		f->state = FENCE_OPEN;
}

bool fence_is_unknown(const struct fence *f)
{
	return f->unknown;
}

void fence_known(struct fence *f)
{
	f->unknown = false;
	fence_restart(f);
}

struct fence *fence_new(struct store *s)
{
	struct fence *f = mem_alloc(sizeof(*f));

	f->store = s;
	return f;
}

void fence_free(struct fence **f)
{
	if (!*f)
		return;
	str_free(&(*f)->commands);
	free(*f);
	*f = NULL;
}
