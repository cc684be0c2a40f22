/*
 * How a desk gets from where it was to now: a snapshot, or the changes since a number. Either way it then replays from the push stream what
 * was committed meanwhile, until it has passed everything that came live, and is live itself. Nothing is buffered for it.
 */
#include <errno.h>

#include "base/assert.h"
#include "desk/audience.h"
#include "desk/client.h"
#include "desk/frames.h"
#include "model/limits.h"
#include "store/push.h"

static void try_again(struct client *c)
{
	ASSERT(!c->gone && c->state == CLIENT_CATCHING);
	loop_timer_set(c->timer, (uint64_t)DESK_AGAIN_MS * 1000);
}

static void resync(struct client *c)
{
	client_send(c, SLICE("{\"t\":\"resync\",\"why\":\"too much was missed\"}"));
	catchup_snapshot(c, "resync");
}

/* ---- the changes since ---- */

static void replay(struct client *c, const struct effect *ef)
{
	struct audience a = { .agent = client_agent(c),
		.oversees = policy_allows(c->role, ACTION_OVERSEE),
		.watched = &c->watched };
	struct str o = { 0 };
	if (audience_hears(&a, ef, owners_before(&c->d->owners, ef)) &&
		frame_effect(&o, ef, c->d->config))
		client_send(c, str_slice(&o));
	str_free(&o);
	c->n = ef->n;
}

static void on_range(void *arg, int status, const struct effect *effects, size_t count)
{
	struct client *c = arg;
	if (c->gone || c->d->ended) {
		client_release(c);
		return;
	}
	/* -ENOENT: older than what is kept, or a number that was never given */
	if (status == -ENOENT || (!status && !count && c->n < c->d->last_n)) {
		resync(c);
	} else if (status) {
		c->resuming = true;
		try_again(c);
	} else {
		for (size_t i = 0; i < count; i++)
			replay(c, &effects[i]);
		if (c->ops->output(c->transport) > DESK_OUTPUT_SLOW)
			c->state = CLIENT_SLOW;
		else if (c->n < c->d->last_n)
			catchup_replay(c);
		else
			c->state = CLIENT_LIVE;
	}
	client_release(c);
}

void catchup_replay(struct client *c)
{
	ASSERT(c->state == CLIENT_CATCHING);
	client_hold(c);
	push_range(c->d->store, c->n, DESK_REPLAY_MAX, on_range, c);
}

void catchup_resume(struct client *c, uint64_t from)
{
	c->state = CLIENT_CATCHING;
	loop_timer_clear(c->timer);
	c->n = from;
	c->resuming = true;
	catchup_replay(c);
}

/* ---- the whole ---- */

static void on_state(void *arg, const struct engine *e, uint64_t push_n)
{
	struct client *c = arg;
	if (!c->gone && !c->d->ended) {
		if (e)
			snapshot_send(c, e, push_n);
		else
			try_again(c);
	}
	client_release(c);
}

void catchup_snapshot(struct client *c, const char *why)
{
	c->state = CLIENT_CATCHING;
	loop_timer_clear(c->timer);
	c->why = why;
	c->resuming = false;
	client_hold(c);
	c->d->ports->read(c->d->app, on_state, c);
}
