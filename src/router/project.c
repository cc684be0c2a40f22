/*
 * Projection: what the engine decided becomes journal, views, history, outbox and effects, all in one commit. It decides
 * nothing; running it again over the same events writes the same views.
 */
#include "router/batch.h"

void batch_effect(struct batch *b, struct effect *ef)
{
	ef->n = ++b->push_n;
	ef->at_us = b->now_us;
	commit_effect(b->commit, ef);
}

bool project_ask(struct batch *b, struct lookup *l)
{
	bool asked = false;
	for (size_t i = 0; i < b->step_count; i++) {
		struct id conv = b->steps[i].ev.conv;
		if (id_is_none(conv))
			continue;
		struct row *row = batch_row(b, conv);
		if (row->asked || row->known)
			continue;
		row->asked = asked = true;
		lookup_conv(l, conv, &row->stored);
	}
	return asked;
}

/* ---- events ---- */

/* The last decisions, a line each, newest last; those long ago go first. */
static void keep_decisions(struct str *s, struct slice lines)
{
	enum { DECISIONS_KEPT = 16 };
	struct slice rest = lines;
	size_t count = 0;
	while (rest.p && lines.n) {
		(void)slice_cut(&rest, '\n');
		count++;
	}
	for (; count >= DECISIONS_KEPT; count--)
		(void)slice_cut(&lines, '\n');
	if (!lines.n)
		return;
	str_add(s, lines);
	str_add_char(s, '\n');
}

/* The engine's reasons, with whom and when, so that they can be asked months later. */
static struct slice decision_of(struct batch *b, const struct row *row, const struct event *ev)
{
	struct str s = { 0 };
	keep_decisions(&s, row->decision.n ? row->decision : found_get(&row->stored, "decision"));
	str_add_text(&s, "{\"agent\":");
	str_add_json(&s, ev->agent);
	str_addf(&s, ",\"at_ms\":%llu", (unsigned long long)(ev->at_us / 1000));
	if (slice_is(ev->why, "beside"))
		str_add_text(&s, ",\"beside\":true");
	if (ev->explain.n > 2) {
		str_add_char(&s, ',');
		str_add(&s, slice_make(ev->explain.p + 1, ev->explain.n - 1));
	} else {
		str_add_char(&s, '}');
	}
	struct slice kept = arena_copy(&b->arena, str_slice(&s));
	str_free(&s);
	return kept;
}

static void project_offer(struct batch *b, const struct event *ev)
{
	struct row *row = batch_row(b, ev->conv);
	if (!slice_is(ev->why, "consult"))
		row->decision = decision_of(b, row, ev);
	struct conv_view v;
	struct effect ef = conv_effect(row);
	ef.type = EFFECT_OFFER;
	ef.agent = ev->agent;
	ef.offer = ev->offer;
	ef.until_us = ev->until_us;
	ef.text = row->snippet;
	if (slice_is(ev->why, "consult"))
		ef.asked = row->owner;
	if (engine_conv(b->engine, row->conv, &v)) {
		ef.queue = v.queue;
		ef.skills = v.skills;
	}
	batch_effect(b, &ef);
}

static void project_offer_end(struct batch *b, const struct event *ev)
{
	struct effect ef = { .type = EFFECT_OFFER_ENDED,
		.agent = ev->agent,
		.offer = ev->offer,
		.conv = ev->conv,
		.end = ev->end,
		.why = ev->why };
	batch_effect(b, &ef);
}

static void project_event(struct batch *b, const struct decided *d)
{
	const struct event *ev = &d->ev;
	commit_event(b->commit, ++b->journal_n, ev);
	batch_agent_touch(b, ev->agent);
	if (!id_is_none(ev->conv)) {
		struct row *row = batch_row(b, ev->conv);
		row_load(row);
		row->touched = true;
	}
	switch ((enum event_type)ev->type) {
	case EVENT_MESSAGE:
		if (ev->direction == DIRECTION_SYSTEM)
			message_system(b, ev);
		else if (d->work)
			message_project(b, d->work, ev);
		return;
	case EVENT_OFFERED:
		project_offer(b, ev);
		return;
	case EVENT_OFFER_ENDED:
		project_offer_end(b, ev);
		return;
	case EVENT_ASSIGNED:
		batch_row(b, ev->conv)->owner = ev->agent;
		return;
	case EVENT_AGENT:
		if (d->work)
			user_project(b, d->work);
		return;
	case EVENT_AGENT_OFF:
		commit_user_remove(b->commit, ev->agent);
		return;
	case EVENT_MERGED:
	case EVENT_SPLIT:
	case EVENT_DISTINCT:
	case EVENT_UNDISTINCT:
		merge_project(b, ev, b->journal_n);
		return;
	case EVENT_NONE:
	case EVENT_CREATED:
	case EVENT_QUEUED:
	case EVENT_ESTIMATED:
	case EVENT_PARKED:
	case EVENT_UNPARKED:
	case EVENT_STAGE:
	case EVENT_PROMOTED:
	case EVENT_PROVED:
	case EVENT_PENDING:
	case EVENT_ACTIVE:
	case EVENT_WRAPUP:
	case EVENT_RESOLVED:
	case EVENT_RETURNED:
	case EVENT_ABANDONED:
	case EVENT_CLOSED:
	case EVENT_EXCLUDED:
	case EVENT_EXCLUSIONS_CLEARED:
	case EVENT_DESK_UP:
	case EVENT_DESK_DOWN:
	case EVENT_LOST:
	case EVENT_PRESENCE:
	case EVENT_OVERLOADED:
	case EVENT_QUEUE_OPEN:
	case EVENT_QUEUE_CLOSED:
	case EVENT_QUEUE_PAUSED:
	case EVENT_CONFIGURED:
	case EVENT_COUNT:
		return; /* shows in the state of its conversation, agent or queue, written once at the end */
	}
}

/* ---- commands ---- */

static void answer(struct batch *b, const struct work *w)
{
	struct effect ef = { .type = EFFECT_ANSWER,
		.session = w->c.session,
		.cmd = w->c.cmd,
		.agent = w->c.agent,
		.answer = w->answer,
		.why = w->why,
		.conv = w->conv,
		.seq = w->seq };
	if (w->c.session.n && w->c.cmd.n)
		batch_effect(b, &ef);
}

static void project_result(struct batch *b, const struct work *w)
{
	struct slice result = work_result(b, w);
	if (w->c.dedup.n && result.n)
		commit_dedup(b->commit, w->c.dedup, result);
}

static void project_work(struct batch *b, struct work *w)
{
	commit_applied(b->commit, w->inbox_id);
	if (w->damaged) {
		b->damaged++;
		return;
	}
	if (w->repeated) {
		b->duplicate += w->c.type == COMMAND_MESSAGE;
		return;
	}
	if (w->c.type == COMMAND_MESSAGE)
		customer_project(b, w);
	else if (w->c.type == COMMAND_WRITE)
		write_project(b, w);
	else if (w->c.type == COMMAND_RECEIPT)
		receipt_project(b, w);
	else if (w->c.type == COMMAND_RETRY)
		retry_project(b, w);
	else if (w->c.type == COMMAND_DISCARD)
		discard_project(b, w);
	else if (w->c.type == COMMAND_MAIL)
		mail_project(b, w);
	else if (w->c.type == COMMAND_VISIT)
		visit_project(b, w);
	else if (w->c.type == COMMAND_TEXT)
		commit_own_text(b->commit, w->c.agent, w->c.id, w->c.subject, w->c.text);
	project_result(b, w);
}

static void count(struct batch *b, const char *name, uint64_t n)
{
	if (n)
		commit_count(b->commit, name, (int64_t)n);
}

void project(struct batch *b)
{
	for (size_t i = 0; i < b->step_count; i++)
		project_event(b, &b->steps[i]);
	for (size_t i = 0; i < b->count; i++)
		project_work(b, &b->work[i]);
	away_project(b);
	struct map_entry e;
	for (size_t i = 0; map_next(&b->rows, &i, &e);) {
		struct row *row = e.value;
		if (!row->touched || !row->known)
			continue;
		away_plan(b, row);
		conv_project(b, row);
	}
	cards_project(b);
	for (size_t i = 0; map_next(&b->agents, &i, &e);)
		agent_project(b, e.key);
	for (size_t i = 0; i < b->count; i++)
		answer(b, &b->work[i]);
	count(b, "accepted", b->accepted);
	count(b, "quarantined", b->quarantined);
}
