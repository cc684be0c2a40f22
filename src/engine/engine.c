/*
 * The engine's door: new, free, step, configure, apply. One step is: deadlines that have come, the command,
 * relaxation of what changed, offers; again while that makes deadlines due. See engine.h and README.md.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "engine/agent.h"
#include "engine/apply.h"
#include "engine/conv.h"
#include "engine/deadline.h"
#include "engine/decide.h"
#include "engine/emit.h"
#include "engine/hold.h"
#include "engine/index.h"
#include "engine/lane.h"
#include "engine/line.h"
#include "engine/offer.h"
#include "engine/relax.h"
#include "engine/sets.h"
#include "engine/timers.h"
#include "engine/wait.h"

struct engine *engine_blank(const struct config *config)
{
	struct engine *e = mem_alloc(sizeof(*e));

	ASSERT(config);
	e->config = config;
	sets_init(e);
	convs_init(e);
	lanes_configure(e);
	index_configure(e);
	return e;
}

struct engine *engine_new(const struct config *config)
{
	struct engine *e = engine_blank(config);

	lines_configure(e);
	ASSERT(e->set_count >= SET_EMPTY);
	return e;
}

void engine_free(struct engine **ep)
{
	struct engine *e = *ep;

	if (!e)
		return;
	convs_free(e);
	agents_free(e);
	lines_free(e);
	index_free(e);
	hold_free(e);
	sigs_free(e);
	sets_free(e);
	names_free(&e->skills);
	names_free(&e->labels);
	free(e->heap);
	free(e->dirty_agents);
	free(e->dirty_sigs);
	free(e->entered.v);
	free(e->events);
	str_free(&e->text);
	arena_free(&e->scratch);
	arena_free(&e->keep);
	free(e);
	*ep = NULL;
}

static void step_begin(struct engine *e, const struct command *c, uint64_t now_us, struct step *out)
{
	if (now_us > e->now_us)
		e->now_us = now_us;
	e->event_count = 0;
	arena_reset(&e->scratch);
	e->command = c;
	e->step = out;
	*out = (struct step){ .answer = ANSWER_OK, .why = "" };
}

/* Work in a queue that is gone goes where its channel sends it now. */
static void step_rehome(struct engine *e)
{
	static const enum conv_state where[] = { CONV_WAITING, CONV_PARKED };
	uint32_t next;

	for (uint32_t i = 1; i <= e->agent_count; i++)
		for (uint32_t h = agent_at(e, i)->work.first; h; h = next) {
			next = conv_at(e, h)->link.next;
			if (conv_at(e, h)->state == CONV_OFFERED &&
				!line_at(e, conv_at(e, h)->line)->conf)
				conv_revoke(e, conv_at(e, h), "queue removed");
		}
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++)
		for (uint32_t h = e->chains[where[i]].first; h; h = next) {
			struct conv *c = conv_at(e, h);
			uint32_t home = line_home(e, names_text(&e->labels, c->channel));

			next = c->link.next;
			if (!line_at(e, c->line)->conf && home)
				work_queue(e, c, line_at(e, home), c->key, "moved", NULL, 0);
		}
}

static void step_configure(struct engine *e)
{
	if (e->config_hash == e->config->hash && e->last_us)
		return;
	EMIT(e, .type = EVENT_CONFIGURED,
		.why = arena_printf(&e->scratch, "%llu", (unsigned long long)e->config->hash));
	step_rehome(e);
	ASSERT(e->config_hash == e->config->hash);
}

static void step_end(struct engine *e, struct step *out)
{
	for (;;) {
		relax_run(e);
		offers_run(e);
		if (!deadline_first(e) || deadline_first(e)->at_us > e->now_us)
			break;
		timers_run(e);
	}
	for (uint32_t i = 1; i <= e->line_count; i++)
		line_at(e, i)->parked_us = conv_parked_oldest(e, line_at(e, i));
	wait_estimate_all(e);
	e->command = NULL;
	e->step = NULL;
	out->events = e->events;
	out->count = e->event_count;
	ASSERT(out->answer != ANSWER_NONE && out->why);
}

static void step_decide(struct engine *e, const struct command *c)
{
	switch ((enum command_type)c->type) {
	case COMMAND_MESSAGE:
		decide_message(e, c);
		return;
	case COMMAND_VISIT:
		decide_visit(e, c);
		return;
	case COMMAND_DESK_UP:
		decide_desk_up(e, c);
		return;
	case COMMAND_DESK_DOWN:
		decide_desk_down(e, c);
		return;
	case COMMAND_PRESENCE:
		decide_presence(e, c);
		return;
	case COMMAND_ACCEPT:
		decide_accept(e, c);
		return;
	case COMMAND_DECLINE:
		decide_decline(e, c);
		return;
	case COMMAND_REPLY:
		decide_reply(e, c);
		return;
	case COMMAND_NOTE:
		decide_note(e, c);
		return;
	case COMMAND_WRITE:
		decide_write(e, c);
		return;
	case COMMAND_TRANSFER:
		decide_transfer(e, c);
		return;
	case COMMAND_RESOLVE:
		decide_resolve(e, c);
		return;
	case COMMAND_REOPEN:
		decide_reopen(e, c);
		return;
	case COMMAND_TAKE:
		decide_take(e, c);
		return;
	case COMMAND_CONSULT:
		decide_consult(e, c);
		return;
	case COMMAND_WRAPUP_MORE:
		decide_wrapup_more(e, c);
		return;
	case COMMAND_WRAPUP_DONE:
		decide_wrapup_done(e, c);
		return;
	case COMMAND_MERGE:
	case COMMAND_SPLIT:
	case COMMAND_DISTINCT:
	case COMMAND_UNDISTINCT:
		decide_merge(e, c);
		return;
	case COMMAND_USER:
		decide_user(e, c);
		return;
	case COMMAND_USER_OFF:
		decide_user_off(e, c);
		return;
	case COMMAND_QUEUE:
		decide_queue(e, c);
		return;
	case COMMAND_NODE_UP:
		decide_node_up(e, c);
		return;
	case COMMAND_RECEIPT: /* the router's business: delivery is no state of the engine */
	case COMMAND_RETRY:
	case COMMAND_DISCARD:
		e->step->conv = c->conv;
		return;
	case COMMAND_TICK:
	case COMMAND_MAIL: /* of no conversation: the router's too */
	case COMMAND_TEXT:
		return;
	case COMMAND_NONE:
	case COMMAND_COUNT:
		break;
	}
	answer(e, ANSWER_INVALID, "unknown command");
}

void engine_step(struct engine *e, const struct command *c, uint64_t now_us, struct step *out)
{
	ASSERT(e && c && out);
	step_begin(e, c, now_us, out);
	step_configure(e);
	timers_run(e);
	step_decide(e, c);
	step_end(e, out);
}

void engine_configure(
	struct engine *e, const struct config *config, uint64_t now_us, struct step *out)
{
	ASSERT(config);
	step_begin(e, NULL, now_us, out);
	e->config = config;
	/* Two configurations may differ in what the hash does not cover; the caller asked. */
	EMIT(e, .type = EVENT_CONFIGURED,
		.why = arena_printf(&e->scratch, "%llu", (unsigned long long)config->hash));
	step_rehome(e);
	timers_run(e);
	step_end(e, out);
}

int engine_apply(struct engine *e, const struct event *ev, struct err *err)
{
	int rc = apply_event(e, ev, err);

	ASSERT(rc <= 0);
	arena_reset(&e->scratch);
	return rc;
}

uint64_t engine_now_us(const struct engine *e)
{
	return e->now_us;
}

uint64_t engine_deadline(const struct engine *e)
{
	const struct deadline *d = deadline_first(e);

	if (e->config_hash != e->config->hash || !e->last_us)
		return 0;
	return d ? d->at_us : UINT64_MAX;
}

uint64_t engine_probes(const struct engine *e)
{
	return e->probes;
}

void engine_oracle(struct engine *e, bool on)
{
	e->oracle = on;
}
