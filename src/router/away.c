/*
 * Answers for a live visitor who has gone: what he has not seen is mailed to the address that he gave, by the channel that his own names
 * (`away_mail`); all that was said meanwhile goes in one letter.
 *
 *   answered while away, or left with answers unseen ─▶ due: in his row and in the list of those due
 *   that time comes ─▶ still away, still unseen? ─▶ letter, "mailed" in the row, recipient on the last of the messages, off the list: one commit
 *
 * So a restart forgets nobody and mails nothing twice. An address is a claim: what the visitor said is never in the letter, and an address gets
 * AWAY_MAILS_MOST. His answer by mail joins the conversation and no customer: the two cards are only suggested for a merge.
 * Never asks who has a desk or whose turn it is (engine). Called by turn.c, resolve.c, project.c and receipt.c.
 */
#include "model/limits.h"
#include "model/recipients.h"
#include "router/batch.h"
#include "text/address.h"

enum { SECOND_US = 1000000 };

/* Messages FIRST to LAST of a conversation, looked up for one letter. */
struct absent {
	struct row *row;
	uint64_t first, last;
	struct slice *packed;
	struct slice share; /* what his address has had */
};

static const struct channel *away_channel(const struct batch *b, const struct row *row)
{
	const struct channel *ch = config_channel(b->config, row->channel);

	return ch && ch->away_mailbox.n ? ch : NULL;
}

static uint64_t after_seen(const struct row *row)
{
	return (row->seen > row->mailed ? row->seen : row->mailed) + 1;
}

static bool away_is_wanted(const struct batch *b, const struct row *row)
{
	return row->left && row->mail_to.n && row->last_out >= after_seen(row) &&
	       away_channel(b, row);
}

/* ---- what a visitor says of himself ---- */

void away_learn(struct batch *b, struct row *row, const struct command *c)
{
	struct slice said = pairs_get(c->hints, "email", &b->arena);
	struct str address = { 0 };

	if (!away_channel(b, row) || !slice_equal(c->channel, row->channel))
		return;
	if (c->verified && slice_is(c->ident_kind, "email"))
		said = c->ident_value;
	if (said.n && address_normalize(&address, said) && !automatic_is_robot(str_slice(&address)))
		row->mail_to = arena_copy(&b->arena, str_slice(&address));
	str_free(&address);
}

bool away_keeps_place(const struct batch *b, const struct command *c)
{
	const struct row *row = id_is_none(c->conv) ? NULL : batch_row_find(b, c->conv);

	return c->visit == VISIT_LEFT && row && row->known &&
	       (row->left || (row->mail_to.n && away_channel(b, row)));
}

bool away_is_answer(const struct row *row, const struct command *c, bool signed_name)
{
	return signed_name && row->mailed && slice_is(c->ident_kind, "email") &&
	       slice_equal(row->mail_to, c->ident_value);
}

void away_joins(struct work *w, const struct row *row)
{
	struct id known =
		id_is_none(w->verified_customer) ? w->claimed_customer : w->verified_customer;

	w->beside = true;
	w->minted = false;
	w->c.customer = row->customer;
	w->c.suggest = id_equal(known, row->customer) ? (struct id){ 0, 0 } : known;
	w->c.name = (struct slice){ 0 };
}

/* ---- asking ---- */

void away_ask_first(struct batch *b, struct lookup *l)
{
	b->away_asked = true;
	lookup_away(l, AWAY_BATCH_MAX, &b->away);
}

bool away_ask_second(struct batch *b, struct lookup *l, uint64_t now_us)
{
	while (b->away_due < b->away.count && b->away.v[b->away_due].at_us <= now_us)
		batch_row_ask(b, l, b->away.v[b->away_due++].conv);
	return b->away_due > 0;
}

static struct absent *absent_ask(
	struct batch *b, struct lookup *l, struct row *row, uint64_t first, uint64_t last)
{
	struct absent *a = arena_alloc(&b->arena, sizeof(*a));

	if (last - first >= AWAY_MESSAGES_MAX)
		last = first + AWAY_MESSAGES_MAX - 1;
	*a = (struct absent){ .row = row, .first = first, .last = last };
	a->packed = arena_array(&b->arena, last - first + 1, sizeof(*a->packed));
	for (uint64_t seq = first; seq <= last; seq++)
		lookup_entry(l, row->conv, seq, &a->packed[seq - first]);
	return a;
}

/* Whoever is due by now, looked at: what follows is that he is mailed, is put off, or leaves the list. */
static bool due_ask(struct batch *b, struct lookup *l)
{
	bool asked = false;

	if (b->away_due)
		b->absents = arena_array(&b->arena, b->away_due, sizeof(struct absent *));
	for (size_t i = 0; i < b->away_due; i++) {
		struct row *row = batch_row(b, b->away.v[i].conv);
		row_load(row);
		row->mail_listed_us = b->away.v[i].at_us;
		if (!row->known || !away_is_wanted(b, row))
			continue;
		struct absent *a = absent_ask(b, l, row, after_seen(row), row->last_out);
		lookup_dedup(l, automatic_share_key(b, "away", row->mail_to), &a->share);
		b->absents[b->absent_count++] = a;
		asked = true;
	}
	return asked;
}

/* The recipient of the letter that ended with this message. */
static bool recipient_of(struct batch *b, const struct entry *en, struct recipient *r)
{
	struct slice rest = en->rcpts;

	return en->rcpts.n && recipients_next(&rest, r, &b->arena) && slice_is(r->role, "mail");
}

static bool again_ask(struct batch *b, struct lookup *l, struct work *w)
{
	struct row *row = id_is_none(w->c.conv) ? NULL : batch_row_find(b, w->c.conv);
	struct recipient r;
	struct entry en;

	if (w->c.type != COMMAND_RETRY || !row || !row->known || !w->entry.n ||
		record_unpack(&entry_table, &en, w->entry, NULL) || !recipient_of(b, &en, &r) ||
		!r.first || r.first > en.seq)
		return false;
	w->absent = absent_ask(b, l, row, r.first, en.seq);
	return true;
}

bool away_ask_third(struct batch *b, struct lookup *l)
{
	bool asked = due_ask(b, l);

	for (size_t i = 0; i < b->count; i++)
		asked = again_ask(b, l, &b->work[i]) || asked;
	return asked;
}

/* ---- the letter ---- */

struct letter_words {
	const char *subject, *before, *after;
};
static const struct letter_words english = { "our answer to your chat",
	"You wrote to us in the chat and had left when this was said:",
	"To go on, answer this mail; it is one conversation with the chat. If it was not you who "
	"wrote to us, take no notice." };
static const struct letter_words russian = { "ответ на ваше обращение в чате",
	"Вы писали нам в чат и уже вышли, когда мы ответили:",
	"Чтобы продолжить, ответьте на это письмо: разговор в чате и по почте один. Если вы нам не "
	"писали, не обращайте внимания." };

/* Text and files so far. */
struct body {
	struct str text, parts;
	size_t part_count;
};

/* False: there is no room for it beside what is there. */
static bool body_add(struct batch *b, struct body *body, const struct entry *en, bool first)
{
	size_t count = 0;
	struct part p;

	for (struct slice rest = en->parts; parts_next(&rest, &p, &b->arena);)
		count++;
	if (!first && (body->text.n + en->text.n > MESSAGE_TEXT_MAX ||
			      body->part_count + count > MESSAGE_PARTS_MAX))
		return false;
	str_addf(&body->text, "\n\n%.*s:\n%.*s", SLICE_ARG(en->from), SLICE_ARG(en->text));
	for (struct slice rest = en->parts; parts_next(&rest, &p, &b->arena);)
		parts_add(&body->parts, &p);
	body->part_count += count;
	return true;
}

/* Only what agents said, and only what he has not seen; false: nothing. *last: the last of it; a->last: how far it goes. */
static bool letter_fill(
	struct batch *b, struct absent *a, uint64_t after, struct outbound *o, struct entry *last)
{
	const struct letter_words *words = slice_is(a->row->lang, "ru") ? &russian : &english;
	struct body body = { .part_count = 0 };
	bool any = false;

	str_add_text(&body.text, words->before);
	for (uint64_t seq = a->first; seq <= a->last; seq++) {
		struct entry en = { 0 };
		struct slice packed = a->packed[seq - a->first];
		if (seq <= after || !packed.n || record_unpack(&entry_table, &en, packed, NULL) ||
			en.direction != DIRECTION_OUT)
			continue;
		if (!body_add(b, &body, &en, !any)) {
			a->last = seq - 1;
			break;
		}
		*last = en;
		any = true;
	}
	str_addf(&body.text, "\n\n%s", words->after);
	o->text = arena_copy(&b->arena, str_slice(&body.text));
	o->parts = arena_copy(&b->arena, str_slice(&body.parts));
	o->subject =
		arena_printf(&b->arena, "%.*s: %s", SLICE_ARG(b->config->brand), words->subject);
	str_free(&body.text);
	str_free(&body.parts);
	return any;
}

static void letter_put(struct batch *b, const struct absent *a, struct slice mailbox,
	struct outbound *o, struct entry *last)
{
	struct recipient r = { .address = o->to,
		.role = SLICE("mail"),
		.delivery = DELIVERY_QUEUED,
		.at_us = b->now_us,
		.first = a->first };
	struct str rcpts = { 0 };

	o->id = o->message = last->id;
	o->conv = a->row->conv;
	o->seq = last->seq;
	o->at_us = b->now_us;
	o->channel = mailbox;
	o->from = last->from;
	o->refs = a->row->refs;
	o->in_reply_to = letter_last_ref(o->refs);
	o->lang = a->row->lang;
	letter_copy_put(b, o);
	recipients_add(&rcpts, &r);
	last->rcpts = arena_copy(&b->arena, str_slice(&rcpts));
	last->address = o->to;
	last->delivery = DELIVERY_QUEUED;
	last->why = (struct slice){ 0 };
	str_free(&rcpts);
}

/* ---- projecting ---- */

static void absent_project(struct batch *b, struct absent *a)
{
	struct row *row = a->row;
	struct slice share;
	struct outbound o = { .to = row->mail_to };
	struct entry last;

	if (!away_is_wanted(b, row))
		return; /* he came back, or has read it elsewhere */
	row->mail_us = 0;
	if (!letter_fill(b, a, row->seen, &o, &last)) {
		row->mailed = a->last;
		return;
	}
	if (!automatic_share_take(b, "away", row->mail_to, a->share, AWAY_MAILS_MOST, &share)) {
		row->mail_us = automatic_share_ends(share);
		return;
	}
	letter_put(b, a, away_channel(b, row)->away_mailbox, &o, &last);
	receipt_tell(b, row, &last);
	row->mailed = a->last;
	b->mailed++;
}

void away_project(struct batch *b)
{
	for (size_t i = 0; i < b->absent_count; i++)
		absent_project(b, b->absents[i]);
	for (size_t i = 0; i < b->away_due; i++) {
		struct row *row = batch_row_find(b, b->away.v[i].conv);
		if (row && row->known)
			row->touched = true;
		else
			commit_away(b->commit, b->away.v[i].conv, 0);
	}
}

bool away_again(struct batch *b, const struct work *w, struct row *row, struct entry *en)
{
	const struct channel *ch = away_channel(b, row);
	struct outbound o = { .to = row->mail_to };
	struct entry last;

	if (!w->absent || !ch || !letter_fill(b, w->absent, 0, &o, &last))
		return false;
	letter_put(b, w->absent, ch->away_mailbox, &o, &last);
	en->rcpts = last.rcpts;
	return true;
}

void away_plan(struct batch *b, struct row *row)
{
	const struct channel *ch = away_channel(b, row);
	uint64_t before = row->mail_listed_us;

	if (!away_is_wanted(b, row))
		row->mail_us = 0;
	else if (!row->mail_us)
		row->mail_us = b->now_us + (uint64_t)ch->away_s * SECOND_US;
	if (row->mail_us != before)
		commit_away(b->commit, row->conv, row->mail_us);
	if (row->mail_us && (!b->away_next_us || row->mail_us < b->away_next_us))
		b->away_next_us = row->mail_us;
}

uint64_t away_next_us(const struct batch *b, uint64_t known_us)
{
	uint64_t next_us = known_us;

	if (b->away_asked && b->away_due < b->away.count)
		next_us = b->away.v[b->away_due].at_us;
	else if (b->away_asked)
		next_us = b->away_due == AWAY_BATCH_MAX ? b->now_us : UINT64_MAX;
	return b->away_next_us && b->away_next_us < next_us ? b->away_next_us : next_us;
}
