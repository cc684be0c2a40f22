/*
 * Deciding commands: one function for each, by subject. They look at the state, emit events, and answer; they
 * never change anything themselves. engine.c calls them, then relaxes and offers.
 */
#ifndef USHER_ENGINE_DECIDE_H
#define USHER_ENGINE_DECIDE_H

#include "engine/state.h"

/* decide_customer.c: what customers do */
void decide_message(struct engine *e, const struct command *cmd);
void decide_visit(struct engine *e, const struct command *cmd);
/* decide_merge.c: who is the same person */
void decide_merge(struct engine *e, const struct command *cmd);
/* decide_desk.c: what an agent does with an offer or says in a conversation */
void decide_accept(struct engine *e, const struct command *cmd);
void decide_decline(struct engine *e, const struct command *cmd);
void decide_reply(struct engine *e, const struct command *cmd);
void decide_note(struct engine *e, const struct command *cmd);
void decide_write(struct engine *e, const struct command *cmd);
/* decide_work.c: where a conversation goes */
void decide_consult(struct engine *e, const struct command *cmd); /* consult.c */
void decide_transfer(struct engine *e, const struct command *cmd);
void decide_resolve(struct engine *e, const struct command *cmd);
void decide_wrapup_more(struct engine *e, const struct command *cmd);
void decide_wrapup_done(struct engine *e, const struct command *cmd);
void decide_reopen(struct engine *e, const struct command *cmd);
void decide_take(struct engine *e, const struct command *cmd);
/* decide_staff.c: who works here, and the queues */
void decide_user(struct engine *e, const struct command *cmd);
void decide_user_off(struct engine *e, const struct command *cmd);
void decide_desk_up(struct engine *e, const struct command *cmd);
void decide_desk_down(struct engine *e, const struct command *cmd);
void decide_node_up(struct engine *e, const struct command *cmd);
void decide_presence(struct engine *e, const struct command *cmd);
void decide_queue(struct engine *e, const struct command *cmd);

/* ---- steps that several of them and timers.c share (work.c) ---- */

/* The conversation of the command, with step->conv set; NULL after answering unknown. */
struct conv *work_find(struct engine *e, const struct command *cmd);
/* The acting agent; NULL after answering. */
struct agent *work_actor(struct engine *e, const struct command *cmd);
/* The actor and a conversation that is the actor's, or anybody's when the actor leads; NULL after answering. */
struct conv *work_of(struct engine *e, const struct command *cmd, struct agent **a);
/* Out of whoever's hands it is in, to be queued again. */
void work_let_go(struct engine *e, struct conv *c, const char *why);
/* Somebody who works here has them. */
bool skills_exist(const struct engine *e, uint32_t set);
/* The colleague who was asked takes over (consult.c). */
void consult_accept(struct engine *e, struct conv *c, struct agent *a);
static inline bool work_owned(const struct conv *c)
{
	return conv_state_is_owned((enum conv_state)c->state);
}
void work_say(
	struct engine *e, struct conv *c, struct id id, enum direction d, const struct agent *a);
/* Into a line, at `key`, first to `first` (or NULL) until `until_us`. Not from an owner: return it before. */
void work_queue(struct engine *e, struct conv *c, const struct line *l, int64_t key,
	const char *why, const struct agent *first, uint64_t until_us);
/* ... and asks `wants` (a set) from now on. */
void work_queue_for(struct engine *e, struct conv *c, const struct line *l, int64_t key,
	uint32_t wants, const char *why);
/* Says a text of the configuration, by its name, to a live customer. */
void work_tell(struct engine *e, struct conv *c, const char *which);
/* Says so when the agent has more than its limit. */
void work_flag_overload(struct engine *e, const struct agent *a);
/* From its owner back to its old place. */
void work_return(struct engine *e, struct conv *c, const char *why);
void work_assign(struct engine *e, struct conv *c, struct agent *a, const char *why);
/* The customer's turn, the agent's turn. */
void work_turn(struct engine *e, struct conv *c, bool customers);
void work_resolve(struct engine *e, struct conv *c, struct slice agent, struct slice outcome,
	const char *why);
/* To wrap-up when its queue has one, else resolved. */
void work_finish(struct engine *e, struct conv *c, struct slice outcome, const char *why);
/* Key of something that arrives now. */
int64_t work_key(const struct engine *e, const struct conv *c, uint64_t arrived_us);
struct slice work_outcome(const struct engine *e, const struct conv *c);

#endif
