/*
 * Invariants: everything that one state can show (engine.h, engine_check). Rebuilds what is derived and compares. Meant
 * for tests and `usherctl verify`; looks only.
 */
#include "base/str.h"
#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/deadline.h"
#include "engine/eligible.h"
#include "engine/hold.h"
#include "engine/index.h"
#include "engine/order.h"
#include "engine/relax.h"
#include "engine/sets.h"

struct check {
	struct engine *e; /* only conv_need's memory is written */
	struct str *out;
	size_t count;
	size_t convs;	  /* seen in chains */
	size_t deadlines; /* expected */
	size_t asks;
	size_t states[CONV_STATE_COUNT];
};

static void check_fail(struct check *k, const char *what, struct slice who)
{
	k->count++;
	str_add_text(k->out, what);
	str_add_text(k->out, ": ");
	str_add(k->out, who);
	str_add_char(k->out, '\n');
}

static void check_conv_fail(struct check *k, const char *what, const struct conv *c)
{
	char text[ID_TEXT_LEN + 1];

	check_fail(k, what, slice_of(id_text(c->id, text)));
}

/* Promotion and the longest wait: due, and not late. */
static void check_wait_deadlines(struct check *k, const struct conv *c, uint32_t place, bool *wants)
{
	const struct engine *e = k->e;
	uint64_t due[] = { conv_overflow_us(e, c),
		c->state == CONV_WAITING ? conv_promote_us(e, c) : UINT64_MAX };

	for (size_t i = 0; i < 2; i++) {
		if (due[i] == UINT64_MAX)
			continue;
		*wants = true;
		if (place && e->heap[place].at_us > due[i])
			check_conv_fail(k, "is promoted, or overflows, late", c);
		if (due[i] <= e->now_us)
			check_conv_fail(k, "should be promoted, or have overflowed", c);
	}
}

/* 3: exactly the deadline that the state asks for. */
static void check_deadline(struct check *k, const struct conv *c)
{
	struct engine *e = k->e;
	uint32_t place = deadline_place(e, DEADLINE_CONV, c->self);
	bool wants = c->until_us != 0;

	if (c->state == CONV_WAITING) {
		uint64_t stage = c->stage + 1u < conv_stage_count(e, c)
					 ? conv_stage_us(e, c, c->stage + 1u)
					 : UINT64_MAX;

		wants = stage != UINT64_MAX;
		check_wait_deadlines(k, c, place, &wants);
		if (c->sig && sig_at(e, c->sig)->key.hold && hold_us(e, c) != UINT64_MAX) {
			wants = true;
			if (place && e->heap[place].at_us > hold_us(e, c))
				check_conv_fail(k, "the end of its hold-back is late", c);
		}
		if (place && stage != UINT64_MAX && e->heap[place].at_us > stage)
			check_conv_fail(k, "the stage's deadline is late", c);
		for (uint32_t x = c->excluded; x; x = exclusion_at(e, x)->next)
			if (exclusion_at(e, x)->until_us > e->now_us) {
				wants = true;
				if (place && e->heap[place].at_us > exclusion_at(e, x)->until_us)
					check_conv_fail(k, "an exclusion's deadline is late", c);
			}
	} else if (c->state == CONV_PARKED) {
		wants = false;
		check_wait_deadlines(k, c, place, &wants);
	} else if ((c->state == CONV_ACTIVE || c->state == CONV_PENDING) && ask_first(e, c)) {
		wants = true;
	} else if (wants && place && e->heap[place].at_us != c->until_us) {
		check_conv_fail(k, "another deadline than its own", c);
	}
	if ((c->state == CONV_OFFERED || c->state == CONV_WRAPUP || c->state == CONV_RESOLVED) &&
		!c->until_us)
		check_conv_fail(k, "no end of offer, wrap-up or rest", c);
	if (wants != (place != 0))
		check_conv_fail(k, wants ? "no deadline" : "a deadline too many", c);
	if (place)
		k->deadlines++;
}

/* 8: each stage admits everyone that the one before admitted. 9, 18: the signature is what it
 * would be now; so who has waited hold_max is held back no more. */
static void check_waiting(struct check *k, const struct conv *c)
{
	struct engine *e = k->e;
	const struct sig *s = c->sig ? sig_at(e, c->sig) : NULL;
	struct sig_key key = conv_sig_key(e, c);

	if (!s || memcmp(&s->key, &key, sizeof(key)) != 0) {
		check_conv_fail(k, "hangs at another signature than its own", c);
		return;
	}
	for (uint32_t stage = c->stage; stage + 1 < conv_stage_count(e, c); stage++)
		for (uint32_t i = 1; i <= e->agent_count; i++) {
			const struct agent *a = agent_at(e, i);

			if (i != c->also && set_met(e, conv_need(e, c, stage), a) &&
				!set_met(e, conv_need(e, c, stage + 1), a))
				check_conv_fail(k, "a stage narrows", c);
		}
	if (!relax_serviceable(e, c, c->stage))
		check_conv_fail(k, "waits at a stage that nobody logged in could serve", c);
	if (c->stage + 1u < conv_stage_count(e, c) &&
		conv_stage_us(e, c, c->stage + 1u) <= e->now_us)
		check_conv_fail(k, "its next stage has begun", c);
	if (c->excluded && relax_resets(e, c))
		check_conv_fail(k, "everybody is excluded and that was not ended", c);
	for (uint32_t i = 1; i <= e->agent_count; i++)
		if (eligible(e, &s->key, c, agent_at(e, i)))
			check_conv_fail(k, "waits while an eligible agent idles", c); /* 4, 17 */
}

static void check_parked(struct check *k, const struct conv *c)
{
	if (relax_serviceable(k->e, c, conv_stage_count(k->e, c) - 1))
		check_conv_fail(k, "parked although somebody could serve it", c);
}

static void check_chain(struct check *k, const struct chain *ch, uint32_t state, uint32_t agent)
{
	struct engine *e = k->e;
	uint32_t count = 0, prev = 0;

	for (uint32_t h = ch->first; h; prev = h, h = conv_at(e, h)->link.next) {
		const struct conv *c = conv_at(e, h);

		count++;
		k->convs++;
		k->states[c->state]++;
		if (c->self != h || c->link.prev != prev || conv_find(e, c->id) != h)
			check_conv_fail(k, "is not where its links or its id say", c);
		if (agent ? !state_is_work(c->state) || c->agent != agent : c->state != state)
			check_conv_fail(k, "is in the chain of another state", c);
		if (!agent && (c->agent || c->units))
			check_conv_fail(k, "has an agent or units in a state without", c);
		if ((c->state == CONV_WAITING) != (c->sig != 0))
			check_conv_fail(k, "is left in an index, or missing", c); /* 14 */
		if ((c->state == CONV_OFFERED) !=
			(c->rare && !id_is_none(rare_at(e, c->rare)->offer)))
			check_conv_fail(k, "an offer without the state, or the reverse", c);
		check_deadline(k, c);
		if (c->state == CONV_WAITING)
			check_waiting(k, c);
		else if (c->state == CONV_PARKED)
			check_parked(k, c);
	}
	if (count != ch->count || prev != ch->last)
		check_fail(
			k, "a chain's length or end is wrong", slice_of(conv_state_words[state]));
}

/* 2: units are the sum over its work. */
static void check_work(struct check *k, const struct agent *a)
{
	struct engine *e = k->e;
	uint64_t used = 0, held[KINDS_MAX] = { 0 }, units[KINDS_MAX] = { 0 };
	size_t offers = 0, asks = 0;

	for (uint32_t h = a->work.first; h; h = conv_at(e, h)->link.next) {
		used += conv_at(e, h)->units;
		held[conv_at(e, h)->kind]++;
		units[conv_at(e, h)->kind] += conv_at(e, h)->units;
		offers += conv_at(e, h)->state == CONV_OFFERED;
	}
	for (uint32_t h = a->asked; h; h = ask_at(e, h)->next_of_agent) {
		const struct ask *x = ask_at(e, h);
		const struct conv *c = conv_at(e, x->conv);

		asks++;
		k->asks++;
		used += x->units;
		held[c->kind]++;
		units[c->kind] += x->units;
		if (x->agent != a->self || ask_of(e, c, a->self) != h || c->agent == a->self ||
			ask_by_offer(e, x->offer) != h)
			check_conv_fail(k, "an offer beside is not where its links say", c);
		if (c->state != CONV_OFFERED && c->state != CONV_ACTIVE && c->state != CONV_PENDING)
			check_conv_fail(k, "is offered beside in a state without", c);
		if (c->state == CONV_OFFERED
				? x->until_us != c->until_us
				: e->heap[deadline_place(e, DEADLINE_CONV, c->self)].at_us >
					  x->until_us)
			check_conv_fail(k, "an offer beside ends late", c);
	}
	if (asks != a->asks)
		check_fail(k, "the number of asks is wrong", a->id);
	if (used != a->used || offers + asks != a->offers)
		check_fail(k, "used units or offers are not the sum", a->id);
	for (uint32_t i = 1; i <= e->kind_count; i++)
		if (held[i] != a->held[i] || units[i] != a->units_of[i])
			check_fail(k, "the number of a kind is not the sum", a->id);
	if (hold_counts(e, a) != (a->hold_place != 0))
		check_fail(k, "is free for hold-back, or not, otherwise than kept", a->id);
	if (a->off && (a->work.count || a->sessions))
		check_fail(k, "is off but has work or desks", a->id);
	if ((a->grace_us != 0) != (deadline_place(e, DEADLINE_AGENT, a->self) != 0) ||
		(a->grace_us && a->sessions))
		check_fail(k, "grace and its deadline differ", a->id);
	if (!agent_ready(a) && a->presence != PRESENCE_AVAILABLE && a->offers)
		check_fail(k, "has offers while not available", a->id);
	if (deadline_place(e, DEADLINE_AGENT, a->self))
		k->deadlines++;
}

/* 9: a tree is in order, its counts and oldest are right. Returns how many it holds. */
static size_t check_tree(struct check *k, uint32_t root, enum order_kind kind)
{
	const struct engine *e = k->e;
	size_t n = 0;
	uint64_t oldest = UINT64_MAX;
	const struct conv *last = NULL;

	for (uint32_t h = order_first(e, root, kind); h; n++) {
		const struct conv *c = conv_at(e, h);

		if (last && !order_before(e, last, c))
			check_conv_fail(k, "is out of order", c);
		if (order_rank(e, root, kind, c) != n)
			check_conv_fail(k, "its rank is wrong", c);
		if (c->arrived_us < oldest)
			oldest = c->arrived_us;
		last = c;
		h = order_after(e, root, kind, c);
	}
	if (root && conv_at(e, root)->order[kind].count != n)
		check_conv_fail(k, "the size of its tree is wrong", conv_at(e, root));
	if (root && kind == ORDER_LINE && conv_at(e, root)->oldest_us != oldest)
		check_conv_fail(k, "the oldest of its tree is wrong", conv_at(e, root));
	return n;
}

static uint64_t check_parked_oldest(const struct engine *e, const struct line *l)
{
	uint64_t oldest_us = 0;

	for (uint32_t h = e->chains[CONV_PARKED].first; h; h = conv_at(e, h)->link.next)
		if (conv_at(e, h)->line == l->self &&
			(!oldest_us || conv_at(e, h)->arrived_us < oldest_us))
			oldest_us = conv_at(e, h)->arrived_us;
	return oldest_us;
}

static void check_indexes(struct check *k)
{
	const struct engine *e = k->e;
	size_t by_line = 0, by_sig = 0;

	for (uint32_t i = 1; i <= e->line_count; i++) {
		const struct line *l = line_at(e, i);
		size_t n = 0;

		for (uint32_t lane = 0; lane < e->lane_count; lane++)
			n += check_tree(k, l->root[lane], ORDER_LINE);
		for (uint32_t lane = e->lane_count; lane < LANES_MAX; lane++)
			if (l->root[lane])
				check_fail(k, "something is left in a lane that is gone", l->name);

		by_line += n;
		if (n != l->count[CONV_WAITING])
			check_fail(k, "a queue's tree and count differ", l->name);
		if (l->parked_us && l->parked_us != check_parked_oldest(e, l))
			check_fail(k, "another is the oldest parked of", l->name);
		if (deadline_place(e, DEADLINE_LINE, i))
			k->deadlines++;
	}
	for (uint32_t i = 1; i <= e->sig_count; i++)
		by_sig += check_tree(k, sig_at(e, i)->plain, ORDER_SIG) +
			  check_tree(k, sig_at(e, i)->odd, ORDER_SIG);
	if (by_line != e->count[CONV_WAITING] || by_sig != e->count[CONV_WAITING])
		check_fail(k, "trees and the number waiting differ", SLICE("all"));
	for (uint32_t i = 1; i <= e->set_count; i++) {
		uint32_t able = 0, ready = 0;

		for (uint32_t a = 1; set_at(e, i)->asked && a <= e->agent_count; a++) {
			if (!set_met(e, i, agent_at(e, a)))
				continue;
			able += agent_logged_in(agent_at(e, a));
			ready += agent_ready(agent_at(e, a));
		}
		if (able != set_at(e, i)->able || ready != set_at(e, i)->ready)
			check_fail(k, "the number able is wrong for", set_text(e, i));
	}
}

static void check_sums(struct check *k)
{
	const struct engine *e = k->e;

	for (uint32_t s = CONV_SCHEDULED; s < CONV_STATE_COUNT; s++) {
		size_t lines = 0;

		for (uint32_t i = 1; i <= e->line_count; i++)
			lines += line_at(e, i)->count[s];
		if (k->states[s] != e->count[s] || lines != e->count[s])
			check_fail(
				k, "the number in a state is wrong", slice_of(conv_state_words[s]));
	}
	if (k->convs != e->convs.count || e->by_id.count != e->convs.count)
		check_fail(k, "conversations are missing from chains or found twice", SLICE("all"));
	if (e->by_offer.count != e->count[CONV_OFFERED])
		check_fail(k, "offers and offered conversations differ", SLICE("all"));
	if (k->asks != e->asks.count || e->by_ask.count != k->asks)
		check_fail(k, "offers beside are lost, or found twice", SLICE("all"));
	if (k->deadlines != e->heap_count)
		check_fail(k, "deadlines without an object", SLICE("all"));
	for (uint32_t i = 2; i <= e->heap_count; i++)
		if (e->heap[i].at_us < e->heap[i / 2].at_us)
			check_fail(k, "the heap is out of order", SLICE("all"));
}

size_t engine_check(const struct engine *e, struct str *out)
{
	struct check k = { .e = (struct engine *)(uintptr_t)e, .out = out };

	ASSERT(e->step == NULL);
	for (uint32_t s = CONV_SCHEDULED; s < CONV_STATE_COUNT; s++)
		if (!state_is_work(s))
			check_chain(&k, &e->chains[s], s, 0);
	for (uint32_t i = 1; i <= e->agent_count; i++) {
		check_chain(&k, &agent_at(e, i)->work, CONV_ACTIVE, i);
		check_work(&k, agent_at(e, i));
	}
	check_indexes(&k);
	index_settle(k.e);
	k.count += index_check(e, out);
	check_sums(&k);
	return k.count;
}
