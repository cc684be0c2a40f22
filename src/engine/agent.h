/*
 * Agents: who works here, whether they can be offered something, how much they hold.
 */
#ifndef USHER_ENGINE_AGENT_H
#define USHER_ENGINE_AGENT_H

#include "engine/state.h"

uint32_t agent_find(const struct engine *e, struct slice id); /* 0: none */
uint32_t agent_add(struct engine *e, struct slice id);
void agents_free(struct engine *e);

/* A desk is connected. */
static inline bool agent_connected(const struct agent *a)
{
	return a->sessions != NULL;
}
/* Counted when we ask whether anybody could ever serve: at work, perhaps at lunch, perhaps reconnecting. */
bool agent_logged_in(const struct agent *a);
/* Takes work right now, capacity apart. */
bool agent_ready(const struct agent *a);
uint32_t agent_limit(const struct engine *e, const struct agent *a);
static inline bool agent_leads(const struct agent *a)
{
	return a->role == ROLE_SUPERVISOR || a->role == ROLE_ADMIN;
}

/* Whatever changes presence, desks, skills or role stands between these two: they keep the counts of sets,
 * and mark what may follow from it. */
void agent_change_begin(struct engine *e, struct agent *a);
void agent_change_end(struct engine *e, struct agent *a);

struct session *agent_session(const struct agent *a, struct slice name);
void agent_session_add(struct agent *a, struct slice name, struct slice node);
void agent_session_drop(struct agent *a, struct session *s);

/* Its units leave room for one more of this kind; what the kind may interrupt is no obstacle. */
bool agent_fits(const struct engine *e, const struct agent *a, uint32_t kind);
/* For one more of some kind. */
bool agent_has_room(const struct engine *e, const struct agent *a);
/* Conversations of a queue that it holds or is offered. */
uint32_t agent_share(const struct engine *e, const struct agent *a, uint32_t line);
/* Units and number of conversations of a kind; the last thing given or ended begins the idle time. */
void agent_hold(struct engine *e, struct agent *a, uint32_t kind, uint32_t units);
void agent_release(
	struct engine *e, struct agent *a, uint32_t kind, uint32_t units, uint64_t at_us);
/* It may be able to take something that it could not before. */
void agent_mark(struct engine *e, struct agent *a);

#endif
