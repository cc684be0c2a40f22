/*
 * What became of outbound messages, and once more by hand. The delivery state of an entry, and of each of its recipients, only
 * moves forward: a late "sent" never covers a "bounced". "queued" once more says why it has not left yet.
 */
#include "model/recipients.h"
#include "router/batch.h"

/* Where an entry is. */
struct place {
	struct id conv;
	uint64_t seq;
};

static struct slice place_of(struct batch *b, struct id conv, uint64_t seq)
{
	struct place *p = arena_alloc(&b->arena, sizeof(*p));
	*p = (struct place){ conv, seq };
	return slice_make(p, sizeof(*p));
}

/* As this batch has it: two receipts of one message come together. */
static bool entry_read(struct batch *b, const struct work *w, struct entry *en)
{
	struct err err;
	const struct entry *known = map_get(&b->entries, place_of(b, w->c.conv, w->c.seq));
	if (known) {
		*en = *known;
		return true;
	}
	return w->entry.n && record_unpack(&entry_table, en, w->entry, &err) == 0;
}

/* Kept for what else this batch says of it, stored, and told. */
void receipt_tell(struct batch *b, const struct row *row, const struct entry *en)
{
	struct entry *kept = arena_alloc(&b->arena, sizeof(*kept));
	*kept = *en;
	map_put(&b->entries, place_of(b, row->conv, en->seq), kept);
	commit_entry_set(b->commit, row->conv, en);
	struct effect ef = { .type = EFFECT_RECEIPT,
		.conv = row->conv,
		.seq = en->seq,
		.delivery = en->delivery,
		.why = en->why,
		.until_us = en->until_us,
		.rcpts = en->rcpts,
		.owner = row->owner,
		.channel = row->channel,
		.thread = row->thread };
	batch_effect(b, &ef);
}

static void entry_write(
	struct batch *b, const struct row *row, const struct entry *en, uint32_t before)
{
	bool dead =
		delivery_is_retryable(en->delivery); /* somebody has to decide what becomes of it */
	if (dead || delivery_is_retryable(before))
		commit_dead(b->commit, row->conv, en, b->now_us, dead);
	receipt_tell(b, row, en);
}

/* False when it is no news. */
static bool receipt_takes(struct batch *b, const struct work *w, struct entry *en)
{
	const struct command *c = &w->c;
	bool moved = delivery_is_news(c->delivery, en->delivery);
	if (en->rcpts.n) {
		en->rcpts =
			recipients_set(en->rcpts, c->copy, c->delivery, c->why, &b->arena, &moved);
		en->delivery = recipients_state(en->rcpts, &en->why, &b->arena);
	} else if (moved) {
		en->delivery = c->delivery;
		en->why = c->why;
	}
	if (moved)
		en->until_us = en->delivery == DELIVERY_QUEUED ? c->until_us : 0;
	return moved;
}

void receipt_project(struct batch *b, struct work *w)
{
	struct entry en;
	struct row *row = id_is_none(w->c.conv) ? NULL : batch_row_find(b, w->c.conv);
	if (!row || !row->known || !entry_read(b, w, &en)) {
		w->answer = ANSWER_UNKNOWN;
		return;
	}
	uint32_t before = en.delivery;
	if (en.delivery == DELIVERY_NONE || !receipt_takes(b, w, &en))
		return;
	if (w->c.remote.n && !w->c.copy)
		en.remote = w->c.remote;
	entry_write(b, row, &en, before);
}

/* Whoever has the conversation, or had it last; those who lead; and usherctl, which acts for no agent. */
static bool may_retry(const struct batch *b, const struct work *w, const struct row *row)
{
	struct agent_view a;
	bool leads = engine_agent(b->engine, w->c.agent, &a) &&
		     (a.role == ROLE_SUPERVISOR || a.role == ROLE_ADMIN);
	return leads || !w->c.agent.n || slice_equal(row->owner, w->c.agent);
}

/* What a person may decide about: the entry and its conversation. False: answered. */
static struct row *decision_of(struct batch *b, struct work *w, struct entry *en)
{
	struct row *row = id_is_none(w->c.conv) ? NULL : batch_row_find(b, w->c.conv);
	if (!row || !row->known || !entry_read(b, w, en)) {
		w->answer = ANSWER_UNKNOWN;
		w->why = SLICE("there is no such message");
		return NULL;
	}
	if (!may_retry(b, w, row)) {
		w->answer = ANSWER_FORBIDDEN;
		w->why = SLICE("this conversation is another agent's");
		return NULL;
	}
	if (!delivery_is_retryable(en->delivery)) {
		w->answer = ANSWER_NOOP;
		return NULL;
	}
	return row;
}

void retry_project(struct batch *b, struct work *w)
{
	struct entry en;
	struct row *row = decision_of(b, w, &en);
	if (!row)
		return;
	uint32_t before = en.delivery;
	if (w->absent && !away_again(b, w, row, &en)) {
		w->answer = ANSWER_STATE;
		w->why = SLICE("its channel mails nobody any more, or the message is gone");
		return;
	}
	if (!w->absent)
		letter_project(b, w, row, &en);
	if (en.rcpts.n)
		en.rcpts = recipients_retry(en.rcpts, &b->arena);
	en.delivery = DELIVERY_QUEUED;
	en.why = (struct slice){ 0 };
	en.until_us = 0;
	entry_write(b, row, &en, before);
}

/* It stays what it is, with who decided so in its reason; nobody is asked about it any more. */
void discard_project(struct batch *b, struct work *w)
{
	struct entry en;
	struct row *row = decision_of(b, w, &en);
	if (!row)
		return;
	struct slice who = w->c.agent.n ? w->c.agent : SLICE("usherctl");
	en.why = arena_printf(&b->arena, "%.*s%sset aside by %.*s", SLICE_ARG(en.why),
		en.why.n ? "; " : "", SLICE_ARG(who));
	commit_dead(b->commit, row->conv, &en, b->now_us, false);
	receipt_tell(b, row, &en);
}
