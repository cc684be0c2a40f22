/*
 * Texts that no person wrote (RFC 3834): who may get one, how often, and what it says. A robot gets none; an address gets one in
 * `automatic.again`, a mail domain `automatic.most` in `automatic.window`, so two machines that answer each other fall silent. A stranger's own
 * words are never repeated to an address that only claims to be his. What counts is kept with the commit that sends.
 */
#include "base/assert.h"
#include "model/limits.h"
#include "router/batch.h"
#include "text/address.h"
#include "text/template.h"

enum { SECOND_US = 1000000 };

/* ---- how much somebody has had: "START COUNT" ---- */

/*
 * A mailbox is one however it is written: letters of any case, and what follows a + is its owner's own. Some domains tell them apart; there, one who
 * has several shares them.
 */
static struct slice share_key(struct batch *b, const char *what, struct slice who)
{
	struct slice at = address_domain(who), local = who;

	if (at.n) {
		at = slice_make(at.p - 1, at.n + 1);
		local = slice_make(who.p, who.n - at.n);
		size_t plus = slice_find(local, '+');
		local.n = plus ? plus : local.n;
	}
	struct slice key = arena_printf(
		&b->arena, "share\n%s\n%.*s%.*s", what, SLICE_ARG(local), SLICE_ARG(at));
	char *lower = arena_array(&b->arena, key.n, 1);
	for (size_t i = 0; i < key.n; i++)
		lower[i] = (char)(key.p[i] | (key.p[i] >= 'A' && key.p[i] <= 'Z' ? 0x20 : 0));
	return slice_make(lower, key.n);
}

static struct slice share_know(const struct batch *b, struct slice key, struct slice stored)
{
	struct slice decided = batch_dedup(b, key);
	return decided.p ? decided : stored;
}

/* The share after one more, or p NULL: it has had `most` since the window began. */
static struct slice share_more(struct batch *b, struct slice had, uint64_t window_s, uint64_t most)
{
	uint64_t start = 0, count = 0;
	struct slice rest = had;

	if (!slice_u64(slice_cut(&rest, ' '), &start) || !slice_u64(rest, &count) ||
		b->now_us - start >= window_s * SECOND_US || start > b->now_us) {
		start = b->now_us;
		count = 0;
	}
	if (count >= most)
		return (struct slice){ NULL, 0 };
	return arena_printf(
		&b->arena, "%llu %llu", (unsigned long long)start, (unsigned long long)count + 1);
}

/* ---- how much an address has had of what somebody asked for, or was answered ---- */

struct slice automatic_share_key(struct batch *b, const char *sort, struct slice address)
{
	return share_key(b, sort, address);
}

bool automatic_share_take(struct batch *b, const char *sort, struct slice address,
	struct slice stored, uint64_t most, struct slice *share)
{
	struct slice key = share_key(b, sort, address);
	struct slice had = share_know(b, key, stored);
	struct slice more = share_more(b, had, MAIL_ASKED_S, most);

	*share = more.p ? more : had;
	if (!more.p)
		return false;
	batch_dedup_put(b, key, more);
	commit_dedup(b->commit, key, more);
	return true;
}

uint64_t automatic_share_ends(struct slice share)
{
	uint64_t start = 0;

	(void)slice_u64(slice_cut(&share, ' '), &start);
	return start + MAIL_ASKED_S * UINT64_C(1000000);
}

/* ---- who ---- */

static bool is_asked_for(const struct work *w)
{
	return w->c.type == COMMAND_MAIL;
}

static struct slice whom(const struct work *w)
{
	return is_asked_for(w) ? w->c.to : w->c.ident_value;
}

/* Names behind which nobody reads. */
bool automatic_is_robot(struct slice address)
{
	static const char *const whole[] = { "mailer-daemon", "postmaster", "listserv", "majordomo",
		"daemon", "abuse", "root" };
	static const char *const parts[] = { "noreply", "no-reply", "no_reply", "donotreply",
		"do-not-reply", "-request", "-bounces", "bounce+", "bounces+", "owner-" };
	struct slice local = slice_make(address.p, address.n - address_domain(address).n - 1);

	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (slice_equal_nocase(local, slice_of(whole[i])))
			return true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (memmem(local.p, local.n, parts[i], strlen(parts[i])))
			return true;
	return false;
}

static bool may_hear(const struct batch *b, const struct command *c)
{
	const struct kind *k = config_kind(b->config, c->kind);
	const struct queue *q = config_queue(b->config, c->queue);

	return !c->automatic && !c->quarantine.n && k && !k->live && q &&
	       (q->received.n || q->away_text.n) && slice_is(c->ident_kind, "email") &&
	       address_valid(c->ident_value) && !automatic_is_robot(c->ident_value);
}

void automatic_ask(struct batch *b, struct lookup *l, struct work *w)
{
	struct slice who = whom(w);

	if (w->c.type != COMMAND_MESSAGE && w->c.type != COMMAND_MAIL)
		return;
	if (!address_valid(who) || w->c.automatic)
		return;
	if (is_asked_for(w)) {
		lookup_dedup(l, share_key(b, "asked", who), &w->shares[0]);
		return;
	}
	lookup_dedup(l, share_key(b, "address", who), &w->shares[0]);
	lookup_dedup(l, share_key(b, "domain", address_domain(who)), &w->shares[1]);
}

void automatic_resolve(struct batch *b, struct work *w)
{
	const struct config *config = b->config;
	struct command *c = &w->c;

	c->answerable = 0;
	if (!may_hear(b, c))
		return;
	struct slice key = share_key(b, "address", c->ident_value);
	struct slice wide_key = share_key(b, "domain", address_domain(c->ident_value));
	struct slice one =
		share_more(b, share_know(b, key, w->shares[0]), config->automatic_again_s, 1);
	struct slice wide = share_more(b, share_know(b, wide_key, w->shares[1]),
		config->automatic_window_s, config->automatic_most);
	if (!one.p || !wide.p)
		return;
	batch_dedup_put(b, key, one);
	batch_dedup_put(b, wide_key, wide);
	c->answerable = 1;
}

/* ---- what ---- */

struct slice automatic_text(struct batch *b, const struct row *row, const struct event *ev)
{
	const struct queue *q = config_queue(b->config, row->queue);

	/* Where a queue that is full says nothing, the one it overflows to is full, too, and may. */
	for (size_t i = 0; q && slice_is(ev->why, "full") && !q->full_text.n; i++)
		q = i < b->config->queue_count ? config_queue(b->config, q->overflow) : NULL;
	struct slice missing, text = q ? queue_text(q, ev->why) : (struct slice){ 0 };

	/* The configuration was refused if anything could be missing; a queue that has left it says nothing. */
	return letter_text(b, row, (struct slice){ 0 }, text, &missing);
}

static struct slice automatic_subject(struct batch *b, const struct row *row)
{
	const struct queue *q = config_queue(b->config, row->queue);
	char conv[ID_TEXT_LEN + 1];
	struct slice missing;

	if (q && q->received_subject.n)
		return letter_text(b, row, (struct slice){ 0 }, q->received_subject, &missing);
	return arena_printf(
		&b->arena, "%.*s [%s]", SLICE_ARG(b->config->brand), id_text(row->conv, conv));
}

static void share_commit(struct batch *b, struct slice key)
{
	struct slice share = batch_dedup(b, key);
	if (share.p)
		commit_dedup(b->commit, key, share);
}

void automatic_project(struct batch *b, const struct row *row, const struct entry *en)
{
	struct entry out = *en;

	ASSERT(en->automatic && row->address.n);
	share_commit(b, share_key(b, "address", row->address));
	share_commit(b, share_key(b, "domain", address_domain(row->address)));
	out.subject = automatic_subject(b, row);
	letter_project(b, NULL, row, &out);
}

/* ---- mail that somebody asked for: a transcript, a confirmation ---- */

void mail_project(struct batch *b, struct work *w)
{
	const struct command *c = &w->c;
	struct slice share;

	if (!address_valid(c->to) || automatic_is_robot(c->to) ||
		!automatic_share_take(b, "asked", c->to, w->shares[0], MAIL_ASKED_MOST, &share)) {
		w->answer = ANSWER_INVALID;
		w->why = SLICE("nothing more goes to this address now");
		return;
	}
	struct outbound o = { .id = c->id,
		.message = c->id,
		.conv = c->conv,
		.at_us = b->now_us,
		.channel = c->channel,
		.to = c->to,
		.from = b->config->brand,
		.subject = c->subject,
		.text = c->text,
		.parts = c->parts,
		.lang = c->lang,
		.automatic = 1 };
	commit_outbound(b->commit, &o);
}
