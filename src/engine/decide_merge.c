/*
 * Merge and split: whether somebody may say that two customers are one person, or that they are two. The cards are not here: what the command says of
 * them (suggested or not) was looked up by the router, and the events only go into the journal. See decide.h.
 */
#include "engine/agent.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/emit.h"

/* An agent speaks of people whom he serves now. */
static bool merge_serves(struct engine *e, const struct agent *a, struct id one, struct id other)
{
	for (uint32_t h = a->work.first; h; h = conv_at(e, h)->link.next) {
		const struct conv *c = conv_at(e, h);

		if (id_equal(c->customer, one) || id_equal(c->customer, other))
			return true;
	}
	return false;
}

static bool merge_may(struct engine *e, const struct command *cmd)
{
	struct agent *a;

	if (!cmd->agent.n)
		return true; /* the operator, over the control socket */
	a = work_actor(e, cmd);
	if (!a || agent_leads(a))
		return a != NULL;
	if (!merge_serves(e, a, cmd->customer, cmd->linked)) {
		answer(e, ANSWER_FORBIDDEN, "you do not serve this customer now");
		return false;
	}
	/* To know a card's id must not be enough to read it. */
	if (cmd->type == COMMAND_MERGE && id_is_none(cmd->suggest)) {
		answer(e, ANSWER_FORBIDDEN,
			"these two are not suggested to each other: a supervisor may merge them");
		return false;
	}
	return true;
}

static enum event_type merge_event(enum command_type type)
{
	return type == COMMAND_MERGE	  ? EVENT_MERGED
	       : type == COMMAND_SPLIT	  ? EVENT_SPLIT
	       : type == COMMAND_DISTINCT ? EVENT_DISTINCT
					  : EVENT_UNDISTINCT;
}

void decide_merge(struct engine *e, const struct command *cmd)
{
	if (id_is_none(cmd->customer) || id_is_none(cmd->linked) ||
		id_equal(cmd->customer, cmd->linked)) {
		answer(e, ANSWER_INVALID, "it takes two customers");
		return;
	}
	if (!merge_may(e, cmd))
		return;
	EMIT(e, .type = merge_event(cmd->type), .customer = cmd->customer, .linked = cmd->linked,
		.agent = cmd->agent, .why = cmd->why);
}
