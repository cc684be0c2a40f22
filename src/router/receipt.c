/*
 * Outbound messages: into the outbox, what became of them, and once more by hand. The delivery state of an entry only moves
 * forward: a late "sent" never covers a "bounced".
 */
#include "base/assert.h"
#include "router/batch.h"

static int delivery_rank(enum delivery d)
{
	switch (d) {
	case DELIVERY_NONE:
	case DELIVERY_COUNT:
		return 0;
	case DELIVERY_QUEUED:
		return 1;
	case DELIVERY_UNSURE:
		return 2;
	case DELIVERY_SENT:
		return 3;
	case DELIVERY_FAILED:
		return 4;
	case DELIVERY_DELIVERED:
		return 5;
	case DELIVERY_READ:
		return 6;
	case DELIVERY_BOUNCED:
		return 7;
	}
	return 0;
}

static bool entry_read(const struct work *w, struct entry *en)
{
	struct err err;
	return w->entry.n && record_unpack(&entry_table, en, w->entry, &err) == 0;
}

static void entry_write(struct batch *b, const struct row *row, const struct entry *en)
{
	commit_entry_set(b->commit, row->conv, en);
	struct effect ef = { .type = EFFECT_RECEIPT,
		.conv = row->conv,
		.seq = en->seq,
		.delivery = en->delivery,
		.why = en->why,
		.owner = row->owner,
		.channel = row->channel,
		.thread = row->thread };
	batch_effect(b, &ef);
}

void receipt_project(struct batch *b, struct work *w)
{
	struct entry en;
	struct row *row = id_is_none(w->c.conv) ? NULL : batch_row_find(b, w->c.conv);
	if (!row || !row->known || !entry_read(w, &en)) {
		w->answer = ANSWER_UNKNOWN;
		return;
	}
	if (en.direction != DIRECTION_OUT ||
		delivery_rank(w->c.delivery) <= delivery_rank(en.delivery))
		return;
	en.delivery = w->c.delivery;
	en.why = w->c.why;
	if (w->c.remote.n)
		en.remote = w->c.remote;
	entry_write(b, row, &en);
}

void outbox_project(struct batch *b, const struct row *row, const struct entry *en)
{
	static const char RE[] = "Re: ";
	struct slice subject = row->subject;
	if (subject.n && !slice_equal_nocase(slice_make(subject.p, subject.n < 3 ? subject.n : 3),
				 SLICE("re:")))
		subject = arena_printf(&b->arena, "%s%.*s", RE, SLICE_ARG(subject));
	struct slice last = row->refs;
	for (struct slice rest = row->refs; rest.p;) {
		struct slice ref = slice_cut(&rest, '\n');
		if (ref.n)
			last = ref;
	}
	struct outbound o = { .id = en->id,
		.conv = row->conv,
		.seq = en->seq,
		.at_us = en->at_us,
		.channel = row->channel,
		.thread = row->thread,
		.to = row->address,
		.from = en->from,
		.subject = subject,
		.text = en->text,
		.html = en->html,
		.parts = en->parts,
		.in_reply_to = last,
		.refs = row->refs };
	commit_outbound(b->commit, &o);
	char conv[ID_TEXT_LEN + 1], message[ID_TEXT_LEN + 1];
	commit_dedup(b->commit, arena_printf(&b->arena, "sent\n%s", id_text(en->id, message)),
		arena_printf(&b->arena, "%s %llu", id_text(row->conv, conv),
			(unsigned long long)en->seq));
}

void retry_project(struct batch *b, struct work *w)
{
	struct entry en;
	struct row *row = id_is_none(w->c.conv) ? NULL : batch_row_find(b, w->c.conv);
	if (!row || !row->known || !entry_read(w, &en)) {
		w->answer = ANSWER_UNKNOWN;
		w->why = SLICE("there is no such message");
		return;
	}
	if (en.delivery != DELIVERY_FAILED && en.delivery != DELIVERY_UNSURE &&
		en.delivery != DELIVERY_BOUNCED) {
		w->answer = ANSWER_NOOP;
		return;
	}
	en.delivery = DELIVERY_QUEUED;
	en.why = (struct slice){ 0 };
	outbox_project(b, row, &en);
	entry_write(b, row, &en);
}
