/*
 * Estimated waits; see wait.h. Two estimates, both of the whole wait from the arrival:
 *
 *   HOL  somebody who asks the same stands before it: the age of the first of them, in the order's time (key, not arrival, so
 *        that a head start counts), moved by its own offset. It needs no count of agents or services, so it holds where agents
 *        are shared between queues (Ibrahim and Whitt 2009).
 *   LES  it is the first: the last waits of those who asked the same, longer than it has waited already.
 *
 * What people are told is a range: the estimate times the ratios, outcome to estimate, that nine of ten lately had, given
 * how long it has waited. So it is as wide as the estimates were wrong.
 */
#include "engine/wait.h"

#include <stdlib.h>

#include "base/str.h"
#include "engine/conv.h"
#include "engine/emit.h"
#include "engine/line.h"
#include "engine/order.h"
#include "engine/pack.h"
#include "engine/sets.h"

enum {
	RATIO_ONE = 1024,
	RATIO_PAIRS_LEAST = 8, /* before that many, from half to double */
	SMOOTH_MS =
		5000, /* added to both sides of a ratio: seconds of accepting are no factor of ten */
	LOW_OF_TEN = 1,
	HIGH_OF_TEN = 9,
	ERROR_MAX_MS = 1 << 28, /* three days: 128 of its squares are a 63-bit sum */
};

/* ---- the last waits ---- */

static struct wait_class *class_find(const struct line *l, const struct conv *c)
{
	for (struct wait_class *k = l->classes; k; k = k->next)
		if (k->kind == c->kind && k->wants == c->wants && k->segment == c->segment)
			return k;
	return NULL;
}

static struct wait_class *class_add(struct line *l, uint32_t kind, uint32_t wants, uint32_t segment)
{
	struct wait_class **at = &l->classes, *k;
	uint32_t count = 0;

	for (; *at; at = &(*at)->next)
		count++;
	if (count == WAIT_CLASSES_MAX)
		return NULL;
	k = mem_alloc(sizeof(*k));
	k->kind = kind;
	k->wants = wants;
	k->segment = segment;
	*at = k;
	return k;
}

static uint32_t waited_ms(const struct conv *c, uint64_t at_us)
{
	uint64_t ms = at_us > c->arrived_us ? (at_us - c->arrived_us) / 1000 : 0;

	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static void wait_sort(uint32_t *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint32_t x = v[i];
		size_t j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

/* The middle one of those longer than it has waited; 0: none was. */
static uint64_t wait_middle(const uint32_t *waits, uint64_t seen, uint32_t kept, uint64_t least_ms)
{
	uint32_t rest[WAIT_PAIRS_KEPT];
	size_t n = 0;

	for (uint64_t i = 0; i < seen && i < kept; i++)
		if (waits[i] > least_ms)
			rest[n++] = waits[i];
	wait_sort(rest, n);
	return n ? rest[n / 2] : 0;
}

/* LES: its class, else its line, else those who were only slow to be accepted. 0: nobody knows. */
static uint64_t wait_les(const struct line *l, const struct conv *c, uint64_t least_ms)
{
	const struct wait_class *k = class_find(l, c);
	uint32_t all[WAITS_KEPT];
	uint64_t ms = 0;

	if (k)
		ms = wait_middle(k->waits_ms, k->seen, WAIT_CLASS_KEPT, least_ms);
	if (!ms && l->pairs)
		ms = wait_middle(l->pairs->outcome_ms, l->pairs->seen, WAIT_PAIRS_KEPT, least_ms);
	if (ms || !l->waits_seen)
		return ms;
	for (uint32_t i = 0; i < WAITS_KEPT; i++)
		all[i] = (uint32_t)l->waits_s[i] * 1000;
	return wait_middle(all, l->waits_seen, WAITS_KEPT, least_ms);
}

/* HOL: its whole wait if it goes on as it went for the first of those who ask the same; 0: it is the first. */
static uint64_t wait_hol(const struct engine *e, const struct conv *c, uint64_t now_us)
{
	const struct sig *s = c->sig ? sig_at(e, c->sig) : NULL;
	const struct conv *head = s && s->head ? conv_at(e, s->head) : NULL;

	if (!head || head == c || head->tier != c->tier)
		return 0;
	int64_t age_us = (int64_t)now_us - head->key;
	int64_t whole_us = age_us + (c->key - (int64_t)c->arrived_us);

	return whole_us > 1000 ? (uint64_t)whole_us / 1000 : 1;
}

/* The whole wait, milliseconds; 0: nobody knows. */
static uint64_t wait_estimate(const struct engine *e, const struct conv *c, uint64_t now_us)
{
	const struct line *l = line_at(e, c->line);
	uint64_t so_far = waited_ms(c, now_us);

	if (!line_serves(l) || c->tier == TIER_OVERNIGHT)
		return 0;
	uint64_t ms = c->state == CONV_WAITING ? wait_hol(e, c, now_us) : 0;

	if (ms <= so_far)
		ms = wait_les(l, c, so_far);
	return ms < UINT32_MAX ? ms : UINT32_MAX;
}

/* ---- a conversation's estimate, from its arrival until it is accepted ---- */

void wait_entered(struct engine *e, const struct conv *c)
{
	numbers_add(&e->entered, c->self);
}

void wait_estimate_all(struct engine *e)
{
	for (uint32_t i = 0; i < e->entered.count; i++) {
		const struct conv *c = conv_at(e, e->entered.v[i]);

		if (c->state == CONV_WAITING && !c->until_us)
			EMIT(e, .type = EVENT_ESTIMATED, .conv = c->id,
				.wait_ms = wait_estimate(e, c, e->now_us));
	}
	e->entered.count = 0;
}

void wait_begun(struct conv *c, uint64_t wait_ms)
{
	ASSERT(c->state == CONV_WAITING);
	c->until_us = wait_ms ? wait_ms + 2 : 1;
}

void wait_offered(struct engine *e, struct conv *c)
{
	conv_rare(e, c)->wait = c->until_us;
}

void wait_resumed(struct engine *e, struct conv *c)
{
	c->until_us = rare_at(e, c->rare)->wait;
	rare_at(e, c->rare)->wait = 0;
}

static void wait_pair(struct line *l, uint64_t estimate_ms, uint32_t outcome_ms)
{
	if (!l->pairs)
		l->pairs = mem_alloc(sizeof(*l->pairs));
	struct wait_pairs *p = l->pairs;

	p->estimate_ms[p->seen % WAIT_PAIRS_KEPT] = (uint32_t)estimate_ms;
	p->outcome_ms[p->seen % WAIT_PAIRS_KEPT] = outcome_ms;
	p->seen++;
}

void wait_ended(struct engine *e, struct conv *c, uint64_t at_us)
{
	struct line *l = line_at(e, c->line);
	uint32_t ms = waited_ms(c, at_us);
	uint64_t wait = rare_at(e, c->rare)->wait;

	l->waits_s[l->waits_seen++ % WAITS_KEPT] = ms / 1000;
	rare_at(e, c->rare)->wait = 0;
	if (!wait || c->tier == TIER_OVERNIGHT)
		return; /* it was offered at once, or waited for the morning */
	struct wait_class *k = class_find(l, c);

	if (!k)
		k = class_add(l, c->kind, c->wants, c->segment);
	if (k)
		k->waits_ms[k->seen++ % WAIT_CLASS_KEPT] = ms;
	if (wait > 1)
		wait_pair(l, wait - 2, ms);
}

/* ---- ranges ---- */

static uint32_t ratio_of(uint64_t outcome_ms, uint64_t estimate_ms)
{
	uint64_t r = (outcome_ms + SMOOTH_MS) * RATIO_ONE / (estimate_ms + SMOOTH_MS);

	return r < UINT32_MAX ? (uint32_t)r : UINT32_MAX;
}

static uint64_t ratio_apply(uint64_t estimate_ms, uint32_t ratio)
{
	uint64_t ms = (estimate_ms + SMOOTH_MS) * ratio / RATIO_ONE;

	return ms > SMOOTH_MS ? ms - SMOOTH_MS : 0;
}

/* The ratios of the line, ascending; derived from the pairs, so nobody sees when it is made. */
static uint32_t ratios_of(struct wait_pairs *p)
{
	uint32_t n = p->seen < WAIT_PAIRS_KEPT ? (uint32_t)p->seen : WAIT_PAIRS_KEPT;

	if (p->ratio_seen == p->seen)
		return n;
	for (uint32_t i = 0; i < n; i++)
		p->ratio[i] = ratio_of(p->outcome_ms[i], p->estimate_ms[i]);
	wait_sort(p->ratio, n);
	p->ratio_seen = p->seen;
	return n;
}

/* Of the whole wait, given that it has waited so long already. */
static void wait_range(const struct line *l, uint64_t estimate_ms, uint64_t so_far_ms,
	uint64_t *low_ms, uint64_t *high_ms)
{
	uint32_t n = l->pairs ? ratios_of(l->pairs) : 0, first = 0;

	if (n < RATIO_PAIRS_LEAST) {
		*low_ms = estimate_ms / 2;
		*high_ms = estimate_ms * 2;
	} else {
		while (first < n - 1 &&
			ratio_apply(estimate_ms, l->pairs->ratio[first]) <= so_far_ms)
			first++;
		n -= first;
		*low_ms = ratio_apply(
			estimate_ms, l->pairs->ratio[first + (n - 1) * LOW_OF_TEN / 10]);
		*high_ms = ratio_apply(
			estimate_ms, l->pairs->ratio[first + (n - 1) * HIGH_OF_TEN / 10]);
	}
	if (*low_ms < so_far_ms)
		*low_ms = so_far_ms;
	/* longer than anybody lately: it may take as long again */
	if (*high_ms <= so_far_ms)
		*high_ms = so_far_ms * 2;
}

/* Steps that a person would say: of 5 s in the first minute, of half a minute in the first ten, then of minutes. */
static uint64_t said_s(uint64_t ms, bool up)
{
	uint64_t s = ms / 1000, step = s < 60 ? 5 : s < 600 ? 30 : 60;

	return (s + (up ? step : 0)) / step * step;
}

bool engine_wait(
	const struct engine *e, struct id conv, uint64_t now_us, uint64_t *low_s, uint64_t *high_s)
{
	uint32_t h = conv_find(e, conv);
	uint64_t low_ms, high_ms;

	if (!h || (conv_at(e, h)->state != CONV_WAITING && conv_at(e, h)->state != CONV_OFFERED))
		return false;
	const struct conv *c = conv_at(e, h);
	uint64_t so_far = waited_ms(c, now_us), estimate = wait_estimate(e, c, now_us);

	if (!estimate && (!line_at(e, c->line)->waits_seen || !line_serves(line_at(e, c->line)) ||
				 c->tier == TIER_OVERNIGHT))
		return false;
	wait_range(line_at(e, c->line), estimate ? estimate : so_far, so_far, &low_ms, &high_ms);
	*low_s = said_s(low_ms - so_far, false);
	*high_s = said_s(high_ms - so_far, true);
	ASSERT(*low_s <= *high_s);
	return true;
}

/* ---- figures ---- */

bool engine_wait_stats(const struct engine *e, struct slice queue, struct wait_stats *out)
{
	uint32_t h = line_find(e, queue);
	const struct wait_pairs *p = h ? line_at(e, h)->pairs : NULL;
	uint32_t outcomes[WAIT_PAIRS_KEPT];
	uint64_t squares = 0;
	int64_t sum = 0;

	*out = (struct wait_stats){ .pairs = 0 };
	if (!p)
		return false;
	uint32_t n = p->seen < WAIT_PAIRS_KEPT ? (uint32_t)p->seen : WAIT_PAIRS_KEPT;

	for (uint32_t i = 0; i < n; i++) {
		int64_t off = (int64_t)p->estimate_ms[i] - (int64_t)p->outcome_ms[i];

		sum += off;
		off = off < 0 ? -off : off;
		if (off > ERROR_MAX_MS)
			off = ERROR_MAX_MS;
		squares += (uint64_t)(off * off);
		outcomes[i] = p->outcome_ms[i];
	}
	wait_sort(outcomes, n);
	out->pairs = p->seen;
	out->p50_ms = outcomes[(n - 1) / 2];
	out->p90_ms = outcomes[(n - 1) * 9 / 10];
	out->bias_ms = sum / (int64_t)n;
	out->mse_ms2 = squares / n;
	return true;
}

/* ---- snapshots ---- */

void waits_free(struct line *l)
{
	while (l->classes) {
		struct wait_class *k = l->classes;

		l->classes = k->next;
		free(k);
	}
	free(l->pairs);
	l->pairs = NULL;
}

static void ring_save(const uint32_t *v, uint64_t seen, uint32_t kept, struct str *out)
{
	for (uint64_t i = 0; i < seen && i < kept; i++)
		pack_u64(out, v[i]);
}

static void ring_load(uint32_t *v, uint64_t seen, uint32_t kept, struct unpack *u)
{
	for (uint64_t i = 0; i < seen && i < kept; i++)
		v[i] = unpack_u32(u, UINT32_MAX);
}

void waits_save(const struct engine *e, const struct line *l, struct str *out)
{
	uint64_t seen = l->pairs ? l->pairs->seen : 0, classes = 0;

	pack_u64(out, seen);
	if (seen) {
		ring_save(l->pairs->estimate_ms, seen, WAIT_PAIRS_KEPT, out);
		ring_save(l->pairs->outcome_ms, seen, WAIT_PAIRS_KEPT, out);
	}
	for (const struct wait_class *k = l->classes; k; k = k->next)
		classes++;
	pack_u64(out, classes);
	for (const struct wait_class *k = l->classes; k; k = k->next) {
		pack_u64(out, k->kind);
		pack_slice(out, set_text(e, k->wants));
		pack_u64(out, k->segment);
		pack_u64(out, k->seen);
		ring_save(k->waits_ms, k->seen, WAIT_CLASS_KEPT, out);
	}
}

static bool class_load(struct engine *e, struct line *l, struct unpack *u)
{
	uint32_t kind = unpack_u32(u, e->kind_count), wants = set_parse(e, unpack_slice(u));
	uint32_t segment = unpack_u32(u, e->labels.count);

	if (u->bad || !kind || !wants)
		return false;
	for (const struct wait_class *k = l->classes; k; k = k->next)
		if (k->kind == kind && k->wants == wants && k->segment == segment)
			return false;
	struct wait_class *k = class_add(l, kind, wants, segment);

	if (!k)
		return false;
	k->seen = unpack_u64(u);
	ring_load(k->waits_ms, k->seen, WAIT_CLASS_KEPT, u);
	return !u->bad;
}

bool waits_load(struct engine *e, struct line *l, struct unpack *u)
{
	uint64_t seen = unpack_u64(u);

	if (u->bad)
		return false;
	if (seen) {
		l->pairs = mem_alloc(sizeof(*l->pairs));
		l->pairs->seen = seen;
		ring_load(l->pairs->estimate_ms, seen, WAIT_PAIRS_KEPT, u);
		ring_load(l->pairs->outcome_ms, seen, WAIT_PAIRS_KEPT, u);
	}
	uint32_t classes = unpack_u32(u, WAIT_CLASSES_MAX);

	for (uint32_t i = 0; i < classes && !u->bad; i++)
		if (!class_load(e, l, u))
			return false;
	return !u->bad;
}
