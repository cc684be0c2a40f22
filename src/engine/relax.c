/*
 * Relaxation and parking; see relax.h. Decides and emits; called by decide*.c for what just began to wait, by
 * timers.c when a stage begins, and by the step when somebody came or left.
 */
#include "engine/relax.h"

#include "engine/agent.h"
#include "engine/conv.h"
#include "engine/emit.h"
#include "engine/order.h"
#include "engine/sets.h"

bool relax_serviceable(struct engine *e, const struct conv *c, uint32_t stage)
{
	uint32_t need = conv_need(e, c, stage);

	ASSERT(set_at(e, need)->asked);
	if ((c->flags & FLAG_DIRECTED) && stage == 0)
		return agent_ready(agent_at(e, c->also));
	if (c->also && agent_logged_in(agent_at(e, c->also)))
		return true;
	return set_at(e, need)->able > 0;
}

bool relax_conv(struct engine *e, struct conv *c)
{
	uint32_t count = conv_stage_count(e, c), stage = c->stage;
	bool parked = c->state == CONV_PARKED;

	ASSERT(c->state == CONV_WAITING || parked);
	while (stage + 1 < count && conv_stage_us(e, c, stage + 1) <= e->now_us)
		stage++;
	while (stage + 1 < count && !relax_serviceable(e, c, stage))
		stage++;
	if (!relax_serviceable(e, c, stage)) {
		if (!parked)
			EMIT(e, .type = EVENT_PARKED, .conv = c->id);
		return !parked;
	}
	if (parked)
		EMIT(e, .type = EVENT_UNPARKED, .conv = c->id);
	if (stage != c->stage)
		EMIT(e, .type = EVENT_STAGE, .conv = c->id, .stage = stage);
	else if (!parked)
		return false;
	/* Whoever is admitted only now may all have declined before. */
	relax_exclusions(e, c);
	return true;
}

/* Handles of a tree, appended to the array that relax_collect is filling. */
struct collected {
	uint32_t *v;
	size_t count;
};

static void relax_take(struct engine *e, uint32_t root, struct collected *out)
{
	for (uint32_t h = order_first(e, root, ORDER_SIG); h;
		h = order_after(e, root, ORDER_SIG, conv_at(e, h)))
		out->v[out->count++] = h;
}

/* Those of the signatures that `wanted` picks, in the total order: signatures are numbered by chance. */
static struct collected relax_collect(
	struct engine *e, bool odd_only, bool (*wanted)(struct engine *e, const struct sig *s))
{
	struct collected out = { .count = 0 };

	for (uint32_t i = 1; i <= e->sig_count; i++) {
		const struct sig *s = sig_at(e, i);

		if ((odd_only || !s->plain) && !s->odd)
			continue;
		if (!wanted(e, s))
			continue;
		if (!out.v)
			out.v = arena_array(&e->scratch, e->count[CONV_WAITING], sizeof(uint32_t));
		if (!odd_only)
			relax_take(e, s->plain, &out);
		relax_take(e, s->odd, &out);
	}
	order_sort(e, out.v, out.count);
	ASSERT(out.count <= e->count[CONV_WAITING]);
	return out;
}

/* Those who ask alike are served by nobody together: the first of them tells. */
static bool sig_unserviceable(struct engine *e, const struct sig *s)
{
	const struct conv *c = conv_at(e, s->plain ? s->plain : s->odd);

	if (!s->key.also)
		return set_at(e, s->key.need)->able == 0;
	return !relax_serviceable(e, c, c->stage);
}

/* Few enough are at work that those who declined could be all. */
static bool sig_few(struct engine *e, const struct sig *s)
{
	return set_at(e, s->key.need)->ready <= s->most_excluded;
}

static void relax_waiting(struct engine *e)
{
	struct collected found = relax_collect(e, false, sig_unserviceable);

	for (size_t i = 0; i < found.count; i++)
		relax_conv(e, conv_at(e, found.v[i]));
}

static void relax_parked(struct engine *e)
{
	uint32_t next;

	for (uint32_t h = e->chains[CONV_PARKED].first; h; h = next) {
		next = conv_at(e, h)->link.next;
		relax_conv(e, conv_at(e, h));
	}
}

/* Everybody at work who could take it has declined, and each has had the first cooldown of peace since. */
bool relax_resets(const struct engine *e, const struct conv *c)
{
	const struct sig_key *key = &sig_at(e, c->sig)->key;
	const struct agent *also = key->also ? agent_at(e, key->also) : NULL;
	uint32_t ready = set_at(e, key->need)->ready, excluded = 0;

	ASSERT(c->state == CONV_WAITING);
	if (also && agent_ready(also) && !set_met(e, key->need, also))
		ready++;
	for (uint32_t x = c->excluded; x; x = exclusion_at(e, x)->next) {
		const struct agent *a = agent_at(e, exclusion_at(e, x)->agent);

		if (exclusion_at(e, x)->until_us <= e->now_us || !agent_ready(a) ||
			(a != also && !set_met(e, key->need, a)))
			continue;
		if (exclusion_reset_us(e, exclusion_at(e, x)) > e->now_us)
			return false;
		excluded++;
	}
	ASSERT(excluded <= ready);
	return ready > 0 && excluded == ready;
}

void relax_exclusions(struct engine *e, struct conv *c)
{
	if (c->state == CONV_WAITING && c->excluded && relax_resets(e, c))
		EMIT(e, .type = EVENT_EXCLUSIONS_CLEARED, .conv = c->id);
}

static void relax_all_exclusions(struct engine *e)
{
	struct collected found = relax_collect(e, true, sig_few);

	for (size_t i = 0; i < found.count; i++)
		relax_exclusions(e, conv_at(e, found.v[i]));
}

void relax_run(struct engine *e)
{
	if (e->review_waiting) {
		e->review_waiting = false;
		relax_waiting(e);
	}
	if (e->review_parked) {
		e->review_parked = false;
		relax_parked(e);
	}
	if (e->review_excluded) {
		e->review_excluded = false;
		relax_all_exclusions(e);
	}
	ASSERT(!e->review_parked);
}
