/*
 * Who works here: users, desks, presence; and pausing queues. See decide.h.
 */
#include "base/str.h"
#include "engine/agent.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/emit.h"
#include "engine/line.h"
#include "engine/offer.h"
#include "engine/sets.h"

static bool name_is_sound(struct slice name)
{
	if (!name.n || name.n > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char ch = name.p[i];

		if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' ||
			    ch == '-'))
			return false;
	}
	return true;
}

static void staff_presence(struct engine *e, struct agent *a, enum presence to, const char *why)
{
	ASSERT(to > PRESENCE_NONE && to < PRESENCE_COUNT);
	EMIT(e, .type = EVENT_PRESENCE, .agent = a->id, .presence = to, .why = slice_of(why));
	if (to != PRESENCE_AVAILABLE)
		offers_revoke(e, a, "presence");
}

/* An absent field keeps what was; skills "-" takes all away. */
void decide_user(struct engine *e, const struct command *cmd)
{
	uint32_t h = agent_find(e, cmd->agent);
	const struct agent *a = h ? agent_at(e, h) : NULL;
	struct slice skills = cmd->skills, name = cmd->name;

	if (!name_is_sound(cmd->agent)) {
		answer(e, ANSWER_INVALID, "a user's name is 1 to 64 of a-z 0-9 _ -");
		return;
	}
	if (slice_is(skills, "-"))
		skills = (struct slice){ NULL, 0 };
	else if (!skills.n && a)
		skills = set_text(e, a->skills);
	if (!set_parse(e, skills)) {
		answer(e, ANSWER_INVALID,
			"skills must read NAME=LEVEL NAME=LEVEL ..., levels 0 to 100");
		return;
	}
	if (cmd->role >= ROLE_COUNT || cmd->units > UINT32_MAX || name.n > MESSAGE_NAME_MAX) {
		answer(e, ANSWER_INVALID, "unknown role, too long a name or too many units");
		return;
	}
	if (!name.n)
		name = a ? slice_of(a->name) : cmd->agent;
	uint32_t role = cmd->role ? cmd->role : a ? (uint32_t)a->role : (uint32_t)ROLE_AGENT;

	EMIT(e, .type = EVENT_AGENT, .agent = cmd->agent, .name = name, .role = role,
		.skills = skills,
		.units = cmd->units ? cmd->units
			 : a	    ? a->units
				    : 0);
	if (role == ROLE_AUDITOR && a && a->presence != PRESENCE_OFFLINE)
		staff_presence(e, agent_at(e, h), PRESENCE_OFFLINE, "role");
}

void decide_user_off(struct engine *e, const struct command *cmd)
{
	uint32_t h = agent_find(e, cmd->agent);

	if (!h || agent_at(e, h)->off) {
		answer(e, h ? ANSWER_NOOP : ANSWER_UNKNOWN,
			h ? "this user is off already" : "there is no such user");
		return;
	}
	struct agent *a = agent_at(e, h);

	offers_revoke(e, a, "user_off");
	while (a->work.first) {
		struct conv *c = conv_at(e, a->work.first);

		if (c->state == CONV_WRAPUP)
			work_resolve(e, c, a->id, work_outcome(e, c), "user_off");
		else
			work_return(e, c, "user_off");
	}
	EMIT(e, .type = EVENT_AGENT_OFF, .agent = a->id);
	ASSERT(a->off && !a->used);
}

void decide_desk_up(struct engine *e, const struct command *cmd)
{
	uint32_t h = agent_find(e, cmd->agent);

	if (!h || agent_at(e, h)->off) {
		answer(e, h ? ANSWER_FORBIDDEN : ANSWER_UNKNOWN,
			h ? "this user is off" : "there is no such user");
		return;
	}
	if (!cmd->session.n || cmd->session.n > MESSAGE_KEY_MAX || cmd->node.n > MESSAGE_KEY_MAX) {
		answer(e, ANSWER_INVALID, "a desk has a session");
		return;
	}
	if (agent_session(agent_at(e, h), cmd->session)) {
		answer(e, ANSWER_NOOP, "this desk is connected already");
		return;
	}
	EMIT(e, .type = EVENT_DESK_UP, .agent = agent_at(e, h)->id, .session = cmd->session,
		.node = cmd->node);
}

static void staff_desk_down(struct engine *e, struct agent *a, struct session *s)
{
	bool last = !a->sessions->next;

	ASSERT(s);
	EMIT(e, .type = EVENT_DESK_DOWN, .agent = a->id, .session = slice_of(s->name),
		.node = slice_of(s->node),
		.until_us = last ? e->now_us + e->config->grace_s * SECOND_US : 0);
	ASSERT(!last || a->grace_us);
}

void decide_desk_down(struct engine *e, const struct command *cmd)
{
	uint32_t h = agent_find(e, cmd->agent);
	struct session *s = h ? agent_session(agent_at(e, h), cmd->session) : NULL;

	if (!s) {
		answer(e, ANSWER_NOOP, "this desk is not connected");
		return;
	}
	staff_desk_down(e, agent_at(e, h), s);
}

void decide_node_up(struct engine *e, const struct command *cmd)
{
	for (uint32_t i = 1; i <= e->agent_count; i++) {
		struct agent *a = agent_at(e, i);
		struct session *next;

		for (struct session *s = a->sessions; s; s = next) {
			next = s->next;
			if (slice_is(cmd->node, s->node))
				staff_desk_down(e, a, s);
		}
	}
}

void decide_presence(struct engine *e, const struct command *cmd)
{
	uint32_t h = agent_find(e, cmd->agent);

	if (!h || agent_at(e, h)->off) {
		answer(e, ANSWER_UNKNOWN, "there is no such user");
		return;
	}
	struct agent *a = agent_at(e, h);

	if (cmd->presence != PRESENCE_AVAILABLE && cmd->presence != PRESENCE_AWAY &&
		cmd->presence != PRESENCE_OFFLINE)
		answer(e, ANSWER_INVALID, "presence is available, away or offline");
	else if (a->role == ROLE_AUDITOR && cmd->presence == PRESENCE_AVAILABLE)
		answer(e, ANSWER_FORBIDDEN, "an auditor takes no conversations");
	else if (a->presence == cmd->presence)
		answer(e, ANSWER_NOOP, "that is the presence already");
	else
		staff_presence(e, a, (enum presence)cmd->presence, "agent");
}

void decide_queue(struct engine *e, const struct command *cmd)
{
	uint32_t h = line_find(e, cmd->queue);

	if (!h || !line_at(e, h)->conf) {
		answer(e, ANSWER_UNKNOWN, "there is no such queue");
		return;
	}
	if (line_at(e, h)->paused == (cmd->paused != 0)) {
		answer(e, ANSWER_NOOP, cmd->paused ? "it is paused already" : "it is not paused");
		return;
	}
	EMIT(e, .type = EVENT_QUEUE_PAUSED, .queue = line_at(e, h)->name,
		.paused = cmd->paused != 0);
	ASSERT(line_at(e, h)->paused == (cmd->paused != 0));
}
