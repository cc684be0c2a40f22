/*
 * What happened, taken from the journal so that it can be run again: what came from outside, when, and what each conversation took.
 *
 *   past ─┬─ inputs  arrivals, people's coming and going, pauses, in the order they came
 *         └─ facts   conversation ─▶ episodes (from one accepting to the next) ─▶ acts, each so long after the accepting
 *
 * It lives in the process that serves, so it has a limit of bytes. Reads no clock and no Redis. Called by rerun.c.
 */
#ifndef USHER_APP_PAST_H
#define USHER_APP_PAST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "engine/engine.h"

enum { PAST_CHANGES_MAX = 64 };

/* What an agent or the customer did, so long after the agent had accepted. */
enum act_kind { ACT_REPLY, ACT_HEARD, ACT_TRANSFER, ACT_RESOLVE };
struct act {
	struct act *next;
	uint64_t after_us;
	enum act_kind kind;
	struct slice to;
};
/* From accepting to the next time it had to be accepted. */
struct episode {
	struct episode *next;
	uint64_t accept_us; /* how long accepting took */
	uint64_t began_us;  /* as it was */
	struct act *first, *last;
};
struct fact { /* a conversation */
	struct id conv;
	struct episode *first, *last;	/* as they were */
	struct episode *now;		/* what comes next in the run */
	uint64_t offered_us, leaves_us; /* so long after it came; 0: it did not */
	uint64_t arrived_us, serial;
	bool works, wrapped;
};
struct input {
	uint64_t at_us;
	struct command c;
	struct fact *fact; /* of an arrival */
};
struct change { /* of people: without `name`, or `more` like it */
	struct slice name;
	uint64_t more;
};

struct past {
	const struct config *what_if; /* borrowed */
	size_t bytes_max;
	struct arena arena;
	struct map facts; /* by id */
	struct input *inputs;
	size_t input_count, input_cap;
	struct change changes[PAST_CHANGES_MAX];
	size_t change_count;
	uint64_t accept_sum_us, accepts;
};

/* "-bo,+2=eva": without bo, two more like eva. -EINVAL with a reason. */
int past_change(struct past *p, struct slice agents, struct err *err);
/* What is there when it begins. */
void past_open_conv(struct past *p, const struct conv_view *v, uint64_t from_us);
void past_open_agent(struct past *p, const struct agent_view *v, uint64_t from_us);
/* The next event. -EFBIG with a reason: it would take more than bytes_max. */
int past_event(struct past *p, const struct event *ev, struct err *err);
/* NULL: it is not of this past. */
struct fact *past_find(const struct past *p, struct id conv);
void past_free(struct past *p);

#endif
