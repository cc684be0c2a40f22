/*
 * What customers do: write, leave, come back, end. See decide.h.
 */
#include "engine/agent.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/emit.h"
#include "engine/line.h"
#include "engine/offer.h"

static bool message_is_sound(struct engine *e, const struct command *cmd)
{
	if (id_is_none(cmd->conv)) {
		answer(e, ANSWER_INVALID, "the message belongs to no conversation");
		return false;
	}
	if (conv_find(e, cmd->conv))
		return true;
	if (!cmd->fresh) {
		answer(e, ANSWER_UNKNOWN, "that conversation is closed: start another");
		return false;
	}
	if (!cmd->kind.n || (!kind_find(e, cmd->kind) && e->kind_count + 2 >= KINDS_MAX)) {
		answer(e, ANSWER_INVALID, "the message has no known kind of channel");
		return false;
	}
	if (!line_find(e, cmd->queue) && !line_home(e, cmd->channel)) {
		answer(e, ANSWER_INVALID, "there is no queue for the message");
		return false;
	}
	return true;
}

/* Malformed skills came from a rule, not from a stranger; the message counts more than they do. */
static struct slice message_skills(const struct command *cmd)
{
	struct slice rest = cmd->skills;
	struct skill s;
	bool bad = false;
	size_t count = 0;

	while (skills_next(&rest, &s, &bad))
		if (++count > SKILLS_MAX || s.name.n > NAME_MAX_LEN)
			bad = true;
	return bad ? (struct slice){ NULL, 0 } : cmd->skills;
}

static struct line *message_line(struct engine *e, const struct command *cmd)
{
	uint32_t h = line_find(e, cmd->queue), home = line_home(e, cmd->channel);

	if (!h || (!line_at(e, h)->conf && home))
		h = home;
	ASSERT(h > 0);
	return line_at(e, h);
}

/*
 * What a customer reads at once: that somebody comes, or when. Who is not at the other end hears it only if the router found that an
 * automatic answer may go there. Its words are the configuration's; only its number is decided here.
 */
static void message_greets(
	struct engine *e, struct conv *c, const struct line *l, const struct command *cmd)
{
	const struct queue *q = l->conf;
	bool live = kind_at(e, c->kind)->live;
	struct id id = cmd->id;

	if (!q || (!live && !cmd->answerable))
		return;
	struct slice why = !l->open ? SLICE("away") : live ? SLICE("greeting") : SLICE("received");
	if (!queue_text(q, why).n)
		return;
	id.lo ^= 1; /* a message of its own, the same on a replay */
	EMIT(e, .type = EVENT_MESSAGE, .conv = c->id, .id = id, .seq = c->numbered + UINT64_C(1),
		.direction = DIRECTION_SYSTEM, .why = why);
}

/* A live customer for whom there is no room: told so, and free to come back. */
static void message_refused(struct engine *e, struct conv *c)
{
	work_tell(e, c, "full");
	if (c->state != CONV_RESOLVED)
		work_resolve(e, c, (struct slice){ NULL, 0 }, SLICE("refused"), "full");
	ASSERT(c->state == CONV_RESOLVED);
}

static void message_opens(struct engine *e, const struct command *cmd)
{
	const struct line *l = message_line(e, cmd);
	uint64_t arrived_us = cmd->at_us && cmd->at_us < e->now_us ? cmd->at_us : e->now_us;

	EMIT(e, .type = EVENT_CREATED, .conv = cmd->conv, .customer = cmd->customer,
		.queue = l->name, .channel = cmd->channel, .kind = cmd->kind,
		.segment = cmd->segment, .skills = message_skills(cmd), .priority = cmd->priority,
		.linked = cmd->linked, .key = (int64_t)arrived_us);
	struct conv *c = conv_at(e, conv_find(e, cmd->conv));

	ASSERT(c->state == CONV_SCHEDULED);
	const struct line *to = line_with_room(e, l);

	/* What is not live was taken for good: rather a line too long than a word lost. */
	if (!to && !kind_at(e, c->kind)->live)
		to = l;
	if (!to) {
		work_say(e, c, cmd->id, DIRECTION_IN, NULL);
		message_refused(e, c);
		return;
	}
	work_queue(e, c, to, work_key(e, c, arrived_us),
		to != l	   ? "overflow"
		: to->open ? "new"
			   : "overnight",
		NULL, 0);
	work_say(e, c, cmd->id, DIRECTION_IN, NULL);
	ASSERT(e->step->seq == 1);
	message_greets(e, c, to, cmd);
}

/* To whoever had it last, for as long as the segment or the queue says, when that agent could take it right now. */
static void message_reopens(struct engine *e, struct conv *c)
{
	uint32_t home = line_home(e, names_text(&e->labels, c->channel));
	const struct line *l = line_at(e, c->line);
	const struct agent *last = c->last_agent ? agent_at(e, c->last_agent) : NULL;
	const struct segment *s = config_segment(e->config, names_text(&e->labels, c->segment));
	uint32_t sticky_s = s && s->sticky_s ? s->sticky_s : line_sticky_s(l);

	if (!l->conf && home)
		l = line_at(e, home);
	if (last && (!sticky_s || !agent_ready(last) || !agent_fits(e, last, c->kind)))
		last = NULL;
	if (!last) {
		const struct line *to = line_with_room(e, l);

		if (!to && kind_at(e, c->kind)->live) {
			message_refused(e, c);
			return;
		}
		l = to ? to : l;
	}
	work_queue(e, c, l, work_key(e, c, e->now_us), "reopened", last,
		last ? e->now_us + sticky_s * SECOND_US : 0);
}

void decide_message(struct engine *e, const struct command *cmd)
{
	e->step->conv = cmd->conv;
	if (!message_is_sound(e, cmd))
		return;
	if (!conv_find(e, cmd->conv)) {
		message_opens(e, cmd);
		return;
	}
	struct conv *c = conv_at(e, conv_find(e, cmd->conv));

	/* Who serves it serves him from here on, and not whoever he had claimed to be. */
	if (cmd->verified && !id_is_none(cmd->customer) && !id_equal(cmd->customer, c->customer))
		EMIT(e, .type = EVENT_PROVED, .conv = c->id, .customer = cmd->customer);
	work_say(e, c, cmd->id, DIRECTION_IN, NULL);
	/* An out-of-office reply is kept and shown, but it is nobody's turn because of it. */
	if (cmd->automatic)
		return;
	if (c->state == CONV_RESOLVED)
		message_reopens(e, c);
	else if (work_owned(c))
		work_turn(e, c, false);
	ASSERT(c->state != CONV_PENDING);
}

static void visit_ends_waiting(struct engine *e, struct conv *c, const char *why)
{
	conv_revoke(e, c, why);
	EMIT(e, .type = EVENT_ABANDONED, .conv = c->id, .why = slice_of(why));
	work_resolve(e, c, (struct slice){ NULL, 0 }, SLICE("abandoned"), why);
}

void decide_visit(struct engine *e, const struct command *cmd)
{
	struct conv *c;
	bool left = cmd->visit == VISIT_LEFT;

	if (cmd->visit == VISIT_NONE || cmd->visit >= VISIT_COUNT) {
		answer(e, ANSWER_INVALID, "it does not say what the visitor did");
		return;
	}
	e->step->conv = cmd->conv;
	if (!left && cmd->visit != VISIT_END && cmd->visit != VISIT_RATED)
		return;
	c = work_find(e, cmd);
	if (!c)
		return;
	if (cmd->visit == VISIT_RATED) {
		/* for the history and whoever reads it; nobody's turn because of it */
		work_say(e, c, cmd->id, DIRECTION_NOTE, NULL);
		return;
	}
	if (c->state == CONV_RESOLVED) {
		answer(e, ANSWER_NOOP, "the conversation is over");
	} else if (work_owned(c)) {
		if (left)
			return; /* the owner sees it; the answer waits for the visitor's return */
		if (c->state == CONV_WRAPUP)
			answer(e, ANSWER_NOOP, "the conversation is over");
		else
			work_finish(e, c, SLICE("ended by customer"), "customer");
	} else if (!left || (kind_at(e, c->kind)->live && line_at(e, c->line)->open)) {
		/* what was written to a closed queue waits for its opening, whoever has gone home meanwhile */
		visit_ends_waiting(e, c, left ? "left" : "ended");
	}
}
