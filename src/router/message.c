/*
 * A message that was decided: its entry in the history, into the outbox when it goes out, and told to desks and visitors; what a visitor does
 * besides writing. Called by project.c.
 */
#include "base/utf8.h"
#include "model/pairs.h"
#include "router/batch.h"

enum { SNIPPET_MAX = 240 }; /* bytes of the last message that an offer shows */

static struct slice author(const struct batch *b, const struct work *w, const struct row *row)
{
	struct agent_view a;
	if (!w->c.agent.n)
		return w->c.name.n ? w->c.name : row->name;
	if (engine_agent(b->engine, w->c.agent, &a) && a.name.n)
		return a.name;
	return w->c.agent;
}

static bool is_live(const struct batch *b, const struct row *row)
{
	const struct kind *k = config_kind(b->config, row->kind);
	return k && k->live;
}

/* The channel's own names of a message: what answers must refer to. Bounded: the oldest is kept, then the newest. */
static void add_refs(struct batch *b, struct row *row, struct slice also)
{
	enum { REFS_MAX = 4096 };
	if (!also.n)
		return;
	if (row->refs.n + also.n > REFS_MAX) {
		struct slice rest = row->refs;
		struct slice oldest = slice_cut(&rest, '\n');
		row->refs = oldest.n < REFS_MAX / 2 ? oldest : (struct slice){ 0 };
	}
	row->refs = row->refs.n ? arena_printf(&b->arena, "%.*s\n%.*s", SLICE_ARG(row->refs),
					  SLICE_ARG(also))
				: also;
}

static void project_inbound(struct batch *b, struct work *w, struct row *row)
{
	const struct command *c = &w->c;
	commit_thread(b->commit, c->channel, c->thread, row->conv);
	for (struct slice rest = c->also; rest.p;) {
		struct slice key = slice_cut(&rest, '\n');
		if (key.n)
			commit_thread(b->commit, c->channel, key, row->conv);
	}
	add_refs(b, row, c->also);
	if (c->again.n && !c->quarantine.n)
		commit_quarantine_end(b->commit, c->again);
	if (c->quarantine.n)
		b->quarantined++;
	else
		b->accepted++;
}

void message_system(struct batch *b, const struct event *ev)
{
	struct row *row = batch_row(b, ev->conv);
	struct slice text = automatic_text(b, row, ev);
	bool goes_out = !is_live(b, row);
	struct entry en = { .seq = ev->seq,
		.at_us = ev->at_us,
		.id = ev->id,
		.direction = DIRECTION_SYSTEM,
		.channel = row->channel,
		.from = b->config->brand,
		.text = text,
		.delivery = goes_out ? DELIVERY_QUEUED : DELIVERY_NONE,
		.automatic = 1 };
	if (goes_out)
		automatic_project(b, row, &en);
	commit_entry(b->commit, row->conv, &en);
	row->last_seq = ev->seq;
	row->touched = true;
	struct effect ef = { .type = EFFECT_MESSAGE,
		.conv = row->conv,
		.seq = ev->seq,
		.direction = DIRECTION_SYSTEM,
		.id = ev->id,
		.text = text,
		.name = en.from,
		.delivery = en.delivery,
		.owner = row->owner,
		.channel = row->channel,
		.kind = row->kind,
		.thread = row->thread };
	batch_effect(b, &ef);
}

/* Whoever writes is there; by mail he is not, but has read what was mailed to him. */
static void visitor_wrote(struct batch *b, struct row *row, const struct command *c)
{
	if (!is_live(b, row))
		return;
	if (!slice_equal(c->channel, row->channel)) {
		row->seen = row->mailed > row->seen ? row->mailed : row->seen;
		return;
	}
	row->left = 0;
}

/* What the history keeps of it. */
static struct entry message_entry(
	struct batch *b, struct work *w, const struct row *row, const struct event *ev)
{
	const struct command *c = &w->c;
	bool out = ev->direction == DIRECTION_OUT, live = is_live(b, row);
	struct slice none = { 0 };

	return (struct entry){ .seq = ev->seq,
		.at_us = ev->at_us,
		.id = ev->id,
		.direction = ev->direction,
		.channel = out || !c->channel.n ? row->channel : c->channel,
		.from = author(b, w, row),
		.address = out ? none : c->ident_value,
		.agent = c->agent,
		.subject = c->subject,
		.text = c->text,
		.quoted = c->quoted,
		.html = c->html,
		.parts = c->parts,
		.hints = c->hints,
		.raw = c->raw,
		.quarantine = c->quarantine,
		.delivery = !out   ? DELIVERY_NONE
			    : live ? DELIVERY_SENT
				   : DELIVERY_QUEUED,
		.dedup = c->dedup,
		.verified = c->verified,
		.automatic = c->automatic,
		.mailbox = out ? none : c->to,
		.rcpts = out && !live ? letter_recipients(b, w, row) : none };
}

/* What desks and the channel are told of it. */
static void message_tell(
	struct batch *b, const struct work *w, const struct row *row, const struct entry *en)
{
	const struct command *c = &w->c;
	struct conv_view v;
	struct effect ef = { .type = EFFECT_MESSAGE,
		.conv = row->conv,
		.seq = en->seq,
		.direction = en->direction,
		.id = en->id,
		.text = c->text,
		.name = en->from,
		.agent = c->agent,
		.owner = engine_conv(b->engine, row->conv, &v) && conv_state_is_owned(v.state)
				 ? v.agent
				 : row->owner,
		.channel = row->channel,
		.by = slice_equal(en->channel, row->channel) ? (struct slice){ 0 } : en->channel,
		.kind = row->kind,
		.thread = row->thread,
		.dedup = c->dedup,
		.subject = c->subject,
		.parts = c->parts,
		.delivery = en->delivery,
		.rcpts = en->rcpts,
		.mailbox = en->mailbox,
		.to = pairs_get(c->hints, "to", &b->arena),
		.cc = pairs_get(c->hints, "cc", &b->arena),
		.why = c->html.n ? SLICE("html") : c->quarantine };

	batch_effect(b, &ef);
}

void message_project(struct batch *b, struct work *w, const struct event *ev)
{
	struct row *row = batch_row(b, ev->conv);
	struct entry en = message_entry(b, w, row, ev);

	commit_entry(b->commit, row->conv, &en);
	row->last_seq = ev->seq;
	row->touched = true;
	w->seq = ev->seq;
	if (ev->direction == DIRECTION_IN) {
		visitor_wrote(b, row, &w->c);
		row->snippet = utf8_truncate(w->c.text, SNIPPET_MAX);
		row->last_in = ev->seq;
		project_inbound(b, w, row);
		if (en.quarantine.n)
			commit_quarantine(b->commit, row->conv, &en, b->now_us);
	} else if (ev->direction == DIRECTION_OUT && is_live(b, row)) {
		row->last_out = ev->seq;
	} else if (ev->direction == DIRECTION_OUT) {
		letter_project(b, w, row, &en);
	}
	message_tell(b, w, row, &en);
}

/* Of a conversation that the engine has closed: its history takes the words as it took those before; the engine numbers it no more, nor does it
 * keep what was said twice in one batch apart. */
static void rate_late(struct batch *b, struct work *w, const struct row *row)
{
	struct event ev = { .type = EVENT_MESSAGE,
		.conv = row->conv,
		.id = w->c.id,
		.seq = row->last_seq + 1,
		.at_us = b->now_us,
		.direction = DIRECTION_NOTE };

	w->answer = ANSWER_OK;
	if (batch_dedup(b, w->c.dedup).p)
		return;
	message_project(b, w, &ev);
	if (w->c.dedup.n)
		batch_dedup_put(b, w->c.dedup, work_result(b, w));
}

void visit_project(struct batch *b, struct work *w)
{
	const struct command *c = &w->c;
	struct row *row = id_is_none(c->conv) ? NULL : batch_row_find(b, c->conv);
	uint64_t seen, left, rating;

	if (!row || !row->known)
		return;
	if (c->visit == VISIT_RATED && w->answer == ANSWER_UNKNOWN)
		rate_late(b, w, row);
	seen = c->visit == VISIT_SEEN && c->seq > row->seen ? c->seq : row->seen;
	if (seen > row->last_seq)
		seen = row->last_seq;
	left = c->visit == VISIT_LEFT ? 1 : c->visit == VISIT_BACK ? 0 : row->left;
	rating = c->visit == VISIT_RATED && w->answer == ANSWER_OK ? c->seq : row->rating;
	if (seen == row->seen && left == row->left && rating == row->rating)
		return;
	row->seen = seen;
	row->left = left;
	row->rating = rating;
	row->touched = true;
}
