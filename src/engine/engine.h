/*
 * The routing engine: who gets the next conversation, and why. A pure, deterministic, single-writer state machine of
 * one domain: (state, command, now) → events. It does no I/O, reads no clock, no chance, no locale; integers only.
 *
 * The router calls engine_step for each command, commits the events, and only then lets effects out. Recovery and replicas call
 * engine_apply with the recorded events and reach the same state, byte for byte (engine_hash).
 */
#ifndef USHER_ENGINE_ENGINE_H
#define USHER_ENGINE_ENGINE_H

#include "model/config.h"
#include "model/event.h"

struct engine;

/* What one step decided. Borrowed until the next call that changes the engine. */
struct step {
	const struct event *events;
	size_t count;
	enum answer answer;
	const char *
		why; /* a reason that names what to do; "" when ok. Static or borrowed like the events */
	struct id conv; /* the conversation the command turned out to concern, or none */
	uint64_t seq;	/* number of the message it made, or 0 */
};

/* The configuration is borrowed until engine_configure replaces it. */
struct engine *engine_new(const struct config *config);
void engine_free(struct engine **e);

/* Decides one command at `now_us` (never less than the step before: a clock that went back is clamped).
 * Commands carry what the resolver found; see model/command.h. Late or repeated commands change nothing. */
void engine_step(struct engine *e, const struct command *c, uint64_t now_us, struct step *out);
/* A new configuration while thousands wait: re-reads queues, kinds, skills, stages; returns what follows from it. */
void engine_configure(
	struct engine *e, const struct config *config, uint64_t now_us, struct step *out);
/* Applies a recorded event. Returns -EINVAL with a reason when it does not fit the state (a damaged journal). */
int engine_apply(struct engine *e, const struct event *ev, struct err *err);
/* The time of the last step: no later one is earlier. */
uint64_t engine_now_us(const struct engine *e);
/* When the engine next wants a COMMAND_TICK; UINT64_MAX: never. */
uint64_t engine_deadline(const struct engine *e);

/* A fingerprint of the whole state; equal states have equal hashes in any process. */
uint64_t engine_hash(const struct engine *e);
/* The whole state as versioned bytes, and back. load returns NULL with a reason. */
void engine_save(const struct engine *e, struct str *out);
struct engine *engine_load(const struct config *config, struct slice saved, struct err *err);
/* Walks every invariant of the design (1–9, 14, 16–18 as far as one state shows them) and returns the number of violations, each described on a line. */
size_t engine_check(const struct engine *e, struct str *out);
/* Matches probed since the start, for the metric usher_engine_probes. */
uint64_t engine_probes(const struct engine *e);
/* Makes every match a second time by scanning; a difference ends the process. For tests and the simulator. */
void engine_oracle(struct engine *e, bool on);

/* ---- reading. Slices are borrowed until the next change. ---- */

struct conv_view {
	struct id conv, customer, offer, linked;
	enum conv_state state;
	struct slice queue, channel, kind, segment,
		agent; /* agent: owner, or whom it is offered to */
	struct slice last_agent, outcome;
	struct slice
		asked; /* owned: who is asked to take it over; offered: which owner asks; or empty */
	struct slice skills; /* required now, at its stage: "ru=80 cards=20" */
	uint64_t arrived_us, state_us /* since when in this state */,
		until_us /* deadline of offer, wrap-up, answer; 0 none */;
	uint64_t next_stage_us; /* 0: none */
	int64_t key, priority;
	uint64_t tier, stage, seq_last, units;
	uint64_t first_reply_us; /* 0: not yet */
};
struct agent_view {
	struct slice agent, name, skills;
	enum role role;
	enum presence presence;
	bool online; /* a desk is connected or within its grace */
	uint64_t used, limit, since_us /* in this presence */, idle_since_us, handled;
	size_t offers, assigned;
	bool overloaded;
};
struct queue_view {
	struct slice queue;
	size_t waiting, offered, active, parked;
	uint64_t longest_us; /* arrival of the longest waiting, offered or parked; 0: nobody */
	bool open, paused;
	/* Since the start of the engine's memory of it: for service level = within / (answered + abandoned), null when 0. */
	uint64_t answered, answered_within, abandoned, abandoned_short;
};

/* What was counted in a window of time that ends now; service level = within / (answered + abandoned), null when that is 0.
 * 15m and 1h are whole minutes, the present one included; today begins at the caller's midnight, on a quarter of an hour. */
#define LEVELS(X)                                                                                  \
	X(LEVEL_15M, "15m")                                                                        \
	X(LEVEL_1H, "1h")                                                                          \
	X(LEVEL_TODAY, "today")
#define LEVEL_ENUM(name, word) name,
enum level_window { LEVELS(LEVEL_ENUM) LEVEL_COUNT };
#undef LEVEL_ENUM
extern const char *const level_words[];
struct level_view {
	uint64_t answered, within, abandoned, missed;
};

bool engine_conv(const struct engine *e, struct id conv, struct conv_view *out);
bool engine_agent(const struct engine *e, struct slice agent, struct agent_view *out);
bool engine_queue(const struct engine *e, struct slice queue, struct queue_view *out);
/* The conversation an offer is of; false when the offer is over. */
bool engine_offer(const struct engine *e, struct id offer, struct conv_view *out);
/* How good the estimates were: those who waited in that queue lately (at most 128). False when nobody did. */
struct wait_stats {
	uint64_t pairs; /* of an estimate and its outcome, since the start of the engine's memory */
	uint64_t p50_ms, p90_ms; /* of the waits */
	int64_t bias_ms;	 /* mean of estimate − outcome */
	uint64_t mse_ms2;	 /* mean squared error */
};
bool engine_wait_stats(const struct engine *e, struct slice queue, struct wait_stats *out);
/* Calls fn for each conversation in `state` (CONV_NONE: all but closed), in a deterministic order; waiting ones in the total order. fn returns false to stop. */
void engine_each_conv(const struct engine *e, enum conv_state state,
	bool (*fn)(const struct conv_view *v, void *arg), void *arg);
/* Conversations offered to, owned by or in wrap-up at an agent, oldest first. */
void engine_each_work(const struct engine *e, struct slice agent,
	bool (*fn)(const struct conv_view *v, void *arg), void *arg);
void engine_each_agent(
	const struct engine *e, bool (*fn)(const struct agent_view *v, void *arg), void *arg);
void engine_each_queue(
	const struct engine *e, bool (*fn)(const struct queue_view *v, void *arg), void *arg);
/* Of a queue; false when there is none of that name. */
bool engine_levels(const struct engine *e, struct slice queue, uint64_t now_us, uint64_t today_us,
	struct level_view out[LEVEL_COUNT]);
/* Of each segment that had any of it in that queue. */
void engine_each_level(const struct engine *e, struct slice queue, uint64_t now_us,
	uint64_t today_us,
	bool (*fn)(struct slice segment, const struct level_view levels[LEVEL_COUNT], void *arg),
	void *arg);
/* As one line of numbers for an effect, and back; an empty or malformed line reads as nothing. */
void levels_write(const struct level_view levels[LEVEL_COUNT], struct str *out);
bool levels_read(struct slice text, struct level_view levels[LEVEL_COUNT]);
/* Number ahead of a waiting conversation in its queue, 1-based; 0 when it does not wait. */
size_t engine_position(const struct engine *e, struct id conv);
/* How many stand before a waiting conversation, in any queue, whom an agent at work could serve as well as it. What a visitor is
 * told is one more. 0 also when it does not wait. */
size_t engine_ahead(const struct engine *e, struct id conv);
/* Every conversation that nobody at work could serve, in the total order, with how many such of its queue stand before it: whoever of them
 * logs in takes the first. O(n log n) of them. */
void engine_each_parked(
	const struct engine *e, void (*fn)(void *arg, struct id conv, size_t ahead), void *arg);
/* A range for its remaining wait in seconds that eight of ten should keep, as estimates lately turned out in its queue; false
 * when nothing is known yet, the queue is closed, or it does not wait. */
bool engine_wait(
	const struct engine *e, struct id conv, uint64_t now_us, uint64_t *low_s, uint64_t *high_s);

/* Why a conversation waits, or why it was given to whom, as one JSON object: state, stage and next relaxation, rank, a histogram of the
 * first failing predicate over the logged-in agents, each agent by name with its first failing predicate, and what would have to
 * change. False when unknown. */
bool engine_explain(const struct engine *e, struct id conv, uint64_t now_us, struct str *json);
/* Past decisions, one JSON object a line, newest last, as the members `decisions` and `decision` (the last) of an object that has been
 * begun. Nothing when there is none. */
void decisions_json(struct slice lines, struct str *json);

#endif
