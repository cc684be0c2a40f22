/*
 * The whole state as bytes, "usher-engine VERSION" first. Everything in an order that follows from the events alone,
 * so equal states have equal bytes, and engine_hash is their hash. What can be derived is left out.
 *
 *   header · counters · kinds · labels · lines · agents · waiting · parked · resolved · work of each agent
 */
#include "base/str.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/pack.h"
#include "engine/sets.h"
#include "engine/wait.h"
#include "engine/window.h"

static void save_line(const struct engine *e, const struct line *l, struct str *out)
{
	uint64_t kept = l->waits_seen < WAITS_KEPT ? l->waits_seen : WAITS_KEPT;

	pack_slice(out, l->name);
	pack_u64(out, (l->open ? 1u : 0u) | (l->paused ? 2u : 0u));
	pack_u64(out, l->hours_us);
	pack_u64(out, l->answered);
	pack_u64(out, l->answered_within);
	pack_u64(out, l->abandoned);
	pack_u64(out, l->abandoned_short);
	pack_u64(out, l->waits_seen);
	for (uint64_t i = 0; i < kept; i++)
		pack_u64(out, l->waits_s[i]);
	windows_save(l, out);
	waits_save(e, l, out);
}

static void save_agent(const struct engine *e, const struct agent *a, struct str *out)
{
	size_t sessions = 0;

	ASSERT(a->id.n > 0);
	pack_slice(out, a->id);
	pack_slice(out, slice_of(a->name));
	pack_u64(out, a->role);
	pack_u64(out, a->presence);
	pack_u64(out, a->off ? 1 : 0);
	pack_slice(out, set_text(e, a->skills));
	pack_u64(out, a->units);
	pack_u64(out, a->misses);
	pack_u64(out, a->since_us);
	pack_u64(out, a->idle_since_us);
	pack_u64(out, a->handled);
	pack_u64(out, a->last_turn);
	pack_u64(out, a->grace_us);
	for (const struct session *s = a->sessions; s; s = s->next)
		sessions++;
	pack_u64(out, sessions);
	for (const struct session *s = a->sessions; s; s = s->next) {
		pack_slice(out, slice_of(s->name));
		pack_slice(out, slice_of(s->node));
	}
}

static void save_rare(const struct rare *r, struct str *out)
{
	pack_id(out, r->offer);
	pack_id(out, r->linked);
	pack_slice(out, slice_of(r->outcome));
	pack_u64(out, r->first_reply_us);
	pack_u64(out, r->wait);
	pack_i64(out, r->priority);
}

static void save_conv(const struct engine *e, const struct conv *c, struct str *out)
{
	static const struct rare nothing;
	size_t excluded = 0;

	pack_id(out, c->id);
	pack_id(out, c->customer);
	pack_u64(out, c->line);
	pack_u64(out, c->state);
	pack_i64(out, c->key);
	pack_u64(out, c->seq);
	pack_u64(out, c->arrived_us);
	pack_u64(out, c->state_us);
	pack_u64(out, c->until_us);
	pack_u64(out, c->stage_from_us);
	pack_slice(out, set_text(e, c->wants));
	pack_u64(out, c->agent);
	pack_u64(out, c->last_agent);
	pack_u64(out, c->also);
	pack_u64(out, c->numbered);
	pack_u64(out, c->units);
	pack_u64(out, c->kind);
	pack_u64(out, c->channel);
	pack_u64(out, c->segment);
	pack_u64(out, c->tier);
	pack_u64(out, c->stage);
	pack_u64(out, c->flags);
	save_rare(c->rare ? rare_at(e, c->rare) : &nothing, out);
	for (uint32_t x = c->excluded; x; x = exclusion_at(e, x)->next)
		excluded++;
	pack_u64(out, excluded);
	for (uint32_t x = c->excluded; x; x = exclusion_at(e, x)->next) {
		pack_u64(out, exclusion_at(e, x)->agent);
		pack_u64(out, exclusion_at(e, x)->until_us);
		pack_u64(out, exclusion_at(e, x)->span_s);
	}
}

static void save_chain(const struct engine *e, const struct chain *ch, struct str *out)
{
	pack_u64(out, ch->count);
	for (uint32_t h = ch->first; h; h = conv_at(e, h)->link.next)
		save_conv(e, conv_at(e, h), out);
}

static void save_names(const struct engine *e, struct str *out)
{
	pack_u64(out, e->kind_count);
	for (uint32_t i = 1; i <= e->kind_count; i++) {
		const struct kind *k = kind_at(e, i);

		pack_slice(out, k->name);
		pack_u64(out, k->cost);
		pack_u64(out, k->cost_pending);
		pack_u64(out, k->max);
		pack_u64(out, k->offer_s);
		pack_u64(out, k->live ? 1 : 0);
	}
	pack_u64(out, e->labels.count);
	for (uint32_t i = 1; i <= e->labels.count; i++)
		pack_slice(out, names_text(&e->labels, i));
}

static void save_asks(const struct engine *e, struct str *out)
{
	pack_u64(out, e->asks.count);
	for (uint32_t i = 1; i <= e->agent_count; i++)
		for (uint32_t h = agent_at(e, i)->asked; h; h = ask_at(e, h)->next_of_agent) {
			const struct ask *k = ask_at(e, h);

			pack_id(out, conv_at(e, k->conv)->id);
			pack_u64(out, k->agent);
			pack_u64(out, k->units);
			pack_u64(out, k->line);
			pack_slice(out, set_text(e, k->wants));
			pack_id(out, k->offer);
			pack_u64(out, k->until_us);
			pack_u64(out, k->turn);
		}
}

void engine_save(const struct engine *e, struct str *out)
{
	ASSERT(e->count[CONV_SCHEDULED] == 0); /* between steps nothing is on its way */
	ASSERT(e->convs.count == e->by_id.count);
	str_addf(out, "usher-engine %d\n", SNAPSHOT_VERSION);
	pack_u64(out, e->config_hash);
	pack_u64(out, e->last_us);
	pack_u64(out, e->last_seq);
	pack_u64(out, e->turns);
	save_names(e, out);
	pack_u64(out, e->line_count);
	for (uint32_t i = 1; i <= e->line_count; i++)
		save_line(e, line_at(e, i), out);
	pack_u64(out, e->agent_count);
	for (uint32_t i = 1; i <= e->agent_count; i++)
		save_agent(e, agent_at(e, i), out);
	save_chain(e, &e->chains[CONV_WAITING], out);
	save_chain(e, &e->chains[CONV_PARKED], out);
	save_chain(e, &e->chains[CONV_RESOLVED], out);
	for (uint32_t i = 1; i <= e->agent_count; i++)
		save_chain(e, &agent_at(e, i)->work, out);
	save_asks(e, out);
}

uint64_t engine_hash(const struct engine *e)
{
	struct str bytes = { 0 };

	engine_save(e, &bytes);
	uint64_t hash = slice_hash(str_slice(&bytes));

	str_free(&bytes);
	return hash;
}
