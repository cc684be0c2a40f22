/*
 * Short ways to say what happens in a small center (engine/center.h): people come, customers write, agents answer.
 */
#ifndef TESTS_UNIT_ENGINE_PEOPLE_H
#define TESTS_UNIT_ENGINE_PEOPLE_H

#include "unit/cm.h"

#include "base/str.h"
#include "engine/center.h"
#include "engine/state.h"

/* What the last command led to; borrowed until the next one. */
static struct step last;

static inline void give(struct engine *e, struct command c, uint64_t at_s)
{
	struct str faults = { 0 };

	c.at_us = CENTER_START_US + at_s * S_US;
	engine_step(e, &c, c.at_us, &last);
	if (engine_check(e, &faults))
		fail_msg("%s", faults.p);
	str_free(&faults);
}

static inline void tick(struct engine *e, uint64_t at_s)
{
	give(e, (struct command){ .type = COMMAND_TICK }, at_s);
}

/* A user with a desk, available. */
static inline void hire(struct engine *e, const char *who, const char *skills, uint64_t at_s)
{
	struct slice name = slice_of(who);

	give(e,
		(struct command){ .type = COMMAND_USER,
			.agent = name,
			.skills = slice_of(skills),
			.role = ROLE_AGENT },
		at_s);
	give(e, (struct command){ .type = COMMAND_DESK_UP, .agent = name, .session = name }, at_s);
	give(e,
		(struct command){
			.type = COMMAND_PRESENCE, .agent = name, .presence = PRESENCE_AVAILABLE },
		at_s);
}

/* Conversation n begins. */
static inline void comes(
	struct engine *e, uint64_t n, const char *kind, const char *queue, uint64_t at_s)
{
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.id = center_id(1000 + n),
			.channel = SLICE("ch"),
			.kind = slice_of(kind),
			.queue = slice_of(queue),
			.segment = SLICE("mass") },
		at_s);
}

static inline struct conv_view view(struct engine *e, uint64_t n)
{
	struct conv_view v = { .state = CONV_CLOSED };

	engine_conv(e, center_id(n), &v);
	return v;
}

/* The first offer that an agent has; none: it has none. */
static inline bool people_offer(const struct conv_view *v, void *arg)
{
	if (v->state == CONV_OFFERED)
		*(struct id *)arg = v->offer;
	return v->state != CONV_OFFERED;
}
static inline struct id offer_to(struct engine *e, const char *who)
{
	struct id offer = { 0, 0 };

	engine_each_work(e, slice_of(who), people_offer, &offer);
	return offer;
}
static inline void answers(
	struct engine *e, enum command_type type, const char *who, struct id offer, uint64_t at_s)
{
	give(e, (struct command){ .type = type, .agent = slice_of(who), .offer = offer }, at_s);
}
/* An agent does something with conversation n. */
static inline void does(struct engine *e, enum command_type type, const char *who, uint64_t n,
	const char *to, uint64_t at_s)
{
	give(e,
		(struct command){ .type = type,
			.agent = slice_of(who),
			.conv = center_id(n),
			.id = center_id(5000 + at_s),
			.to = slice_of(to) },
		at_s);
}

static inline uint64_t used(struct engine *e, const char *who)
{
	struct agent_view a = { .used = UINT64_MAX };

	engine_agent(e, slice_of(who), &a);
	return a.used;
}

#endif
