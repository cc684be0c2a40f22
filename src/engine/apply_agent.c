/*
 * Events of agents: apply.h's third part.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "engine/agent.h"
#include "engine/apply.h"
#include "engine/deadline.h"
#include "engine/index.h"
#include "engine/sets.h"

static int apply_agent(struct engine *e, const struct event *ev, struct err *err)
{
	uint32_t skills = set_parse(e, ev->skills), h = agent_find(e, ev->agent);

	if (!ev->agent.n || ev->agent.n > NAME_MAX_LEN || !skills || ev->units > UINT32_MAX)
		return err_set(err, EINVAL, "agent: no name, or malformed skills");
	if (ev->role >= ROLE_COUNT)
		return err_set(err, EINVAL, "agent: unknown role");
	if (!h)
		h = agent_add(e, ev->agent);
	struct agent *a = agent_at(e, h);

	agent_change_begin(e, a);
	index_rarity(e, a, -1);
	free(a->name);
	a->name = slice_dup(ev->name);
	a->role = ev->role ? (enum role)ev->role : ROLE_AGENT;
	a->skills = skills;
	a->units = (uint32_t)ev->units;
	a->off = false;
	index_rarity(e, a, 1);
	agent_change_end(e, a);
	return 0;
}

static int apply_agent_off(struct engine *e, struct agent *a, struct err *err)
{
	if (a->work.count)
		return err_set(err, EINVAL, "agent_off: still has work");
	agent_change_begin(e, a);
	a->off = true;
	a->presence = PRESENCE_OFFLINE;
	a->since_us = e->last_us;
	while (a->sessions)
		agent_session_drop(a, a->sessions);
	a->grace_us = 0;
	a->misses = 0;
	deadline_set(e, DEADLINE_AGENT, a->self, UINT64_MAX);
	agent_change_end(e, a);
	return 0;
}

static int apply_desk(struct engine *e, struct agent *a, const struct event *ev, struct err *err)
{
	struct session *s = agent_session(a, ev->session);
	bool up = ev->type == EVENT_DESK_UP;

	if (!ev->session.n || (up ? s != NULL : s == NULL))
		return err_set(err, EINVAL, "%s: that session is %s", event_words[ev->type],
			up ? "there already" : "not there");
	agent_change_begin(e, a);
	if (up) {
		agent_session_add(a, ev->session, ev->node);
		a->grace_us = 0;
	} else {
		agent_session_drop(a, s);
		if (!a->sessions)
			a->grace_us = ev->until_us ? ev->until_us : ev->at_us;
	}
	deadline_set(e, DEADLINE_AGENT, a->self, a->grace_us ? a->grace_us : UINT64_MAX);
	agent_change_end(e, a);
	return 0;
}

static int apply_lost(struct engine *e, struct agent *a, struct err *err)
{
	if (a->sessions || !a->grace_us)
		return err_set(err, EINVAL, "lost: a desk is connected, or it is lost already");
	agent_change_begin(e, a);
	a->grace_us = 0;
	deadline_set(e, DEADLINE_AGENT, a->self, UINT64_MAX);
	agent_change_end(e, a);
	return 0;
}

static int apply_presence(
	struct engine *e, struct agent *a, const struct event *ev, struct err *err)
{
	if (ev->presence == PRESENCE_NONE || ev->presence >= PRESENCE_COUNT)
		return err_set(err, EINVAL, "presence: unknown");
	agent_change_begin(e, a);
	a->presence = (enum presence)ev->presence;
	a->since_us = ev->at_us;
	if (ev->presence == PRESENCE_AVAILABLE) {
		a->misses = 0;
		a->idle_since_us = ev->at_us;
	}
	agent_change_end(e, a);
	return 0;
}

int apply_agent_event(struct engine *e, const struct event *ev, struct err *err)
{
	uint32_t h = agent_find(e, ev->agent);

	if (ev->type == EVENT_AGENT)
		return apply_agent(e, ev, err);
	if (!h)
		return err_set(err, EINVAL, "%s: unknown agent", event_words[ev->type]);
	struct agent *a = agent_at(e, h);

	ASSERT(a->self == h);
	if (ev->type == EVENT_AGENT_OFF)
		return apply_agent_off(e, a, err);
	if (ev->type == EVENT_DESK_UP || ev->type == EVENT_DESK_DOWN)
		return apply_desk(e, a, ev, err);
	if (ev->type == EVENT_LOST)
		return apply_lost(e, a, err);
	if (ev->type == EVENT_PRESENCE)
		return apply_presence(e, a, ev, err);
	ASSERT(ev->type == EVENT_OVERLOADED); /* a mark for people: used > limit says it already */
	return 0;
}
