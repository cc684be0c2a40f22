/*
 * Why a conversation waits, or who has it, as one JSON object. Asks the same eligibility function as the
 * matching, so it cannot tell another story. Looks only.
 */
#include "base/str.h"
#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/eligible.h"
#include "engine/hold.h"
#include "engine/order.h"
#include "engine/sets.h"
#include "engine/view.h"

enum { EXPLAIN_NAMES_MAX = 500 }; /* agents named one by one; all are counted */

static void json_key(struct str *t, const char *key)
{
	if (t->n && t->p[t->n - 1] != '{')
		str_add_char(t, ',');
	str_add_char(t, '"');
	str_add_text(t, key);
	str_add_text(t, "\":");
}

static void json_u64(struct str *t, const char *key, uint64_t v)
{
	json_key(t, key);
	str_add_u64(t, v);
}

static void json_text(struct str *t, const char *key, struct slice v)
{
	json_key(t, key);
	str_add_json(t, v);
}

/* Who is offered it beside the first, or asked to take it over. */
static void explain_asked(const struct engine *e, const struct conv *c, struct str *t)
{
	json_key(t, c->state == CONV_OFFERED ? "offered_beside" : "asked");
	for (uint32_t h = ask_first(e, c); h; h = ask_at(e, h)->next) {
		str_add_char(t, h == ask_first(e, c) ? '[' : ',');
		str_add_json(t, agent_at(e, ask_at(e, h)->agent)->id);
	}
	str_add_char(t, ']');
}

static void explain_state(const struct engine *e, const struct conv *c, struct str *t)
{
	struct conv_view v;
	char id[ID_TEXT_LEN + 1];

	view_conv(e, c, &v);
	json_text(t, "conv", slice_of(id_text(v.conv, id)));
	json_text(t, "state", slice_of(conv_state_words[v.state]));
	json_text(t, "queue", v.queue);
	json_text(t, "channel", v.channel);
	json_text(t, "kind", v.kind);
	json_text(t, "segment", v.segment);
	json_text(t, "requires", v.skills);
	json_u64(t, "stage", v.stage);
	json_u64(t, "stages", conv_stage_count(e, c));
	if (v.next_stage_us)
		json_u64(t, "next_stage_ms", v.next_stage_us / 1000);
	if (v.agent.n)
		json_text(t, c->state == CONV_OFFERED ? "offered_to" : "owner", v.agent);
	if (ask_first(e, c))
		explain_asked(e, c, t);
	if (v.until_us)
		json_u64(t, "until_ms", v.until_us / 1000);
	json_u64(t, "arrived_ms", v.arrived_us / 1000);
	json_u64(t, "since_ms", v.state_us / 1000);
	json_u64(t, "tier", v.tier);
	json_key(t, "key_ms");
	str_add_i64(t, v.key / 1000);
}

static void explain_agents(const struct engine *e, const struct sig_key *key, const struct conv *c,
	struct str *t, size_t failing[PREDICATE_COUNT])
{
	size_t named = 0;

	json_key(t, "agents");
	str_add_char(t, '{');
	for (uint32_t i = 1; i <= e->agent_count; i++) {
		const struct agent *a = agent_at(e, i);

		if (!agent_logged_in(a))
			continue;
		enum predicate p = eligible_first_failing(e, key, c, a);

		failing[p]++;
		if (named++ >= EXPLAIN_NAMES_MAX)
			continue;
		str_add_text(t, named > 1 ? "," : "");
		str_add_json(t, a->id);
		str_add_char(t, ':');
		str_add_json(t, slice_of(predicate_words[p]));
	}
	str_add_char(t, '}');
}

/* The predicate that stands between it and most agents who have the skills; else skills, else the desks. */
static enum predicate explain_hurdle(const size_t failing[PREDICATE_COUNT])
{
	static const enum predicate near_first[] = { NOT_QUEUE, NOT_HELD, NOT_EXCLUDED, NOT_KIND,
		NOT_SHARE, NOT_CAPACITY, NOT_PRESENCE, NOT_SKILLS };

	if (failing[ELIGIBLE])
		return ELIGIBLE;
	for (size_t i = 0; i < sizeof(near_first) / sizeof(near_first[0]); i++)
		if (failing[near_first[i]])
			return near_first[i];
	return NOT_DESK;
}

/* The level at which somebody logged in has a skill best; *agent 0: nobody has it. */
static uint32_t explain_best(const struct engine *e, uint32_t skill, uint32_t *agent)
{
	uint32_t best = 0;

	*agent = 0;
	for (uint32_t i = 1; i <= e->agent_count; i++) {
		const struct agent *a = agent_at(e, i);
		const struct set *has = set_at(e, a->skills);

		for (uint32_t k = 0; agent_logged_in(a) && k < has->count; k++)
			if (has->v[k].skill == skill && (!*agent || has->v[k].level > best)) {
				best = has->v[k].level;
				*agent = i;
			}
	}
	return best;
}

/* Each skill that is asked beside the best that anybody at work has: what nobody reaches is what is missing. */
static void explain_skills(const struct engine *e, uint32_t need, struct str *t)
{
	const struct set *set = set_at(e, need);
	uint32_t agent;

	json_key(t, "asked_and_best");
	str_add_char(t, '[');
	for (uint32_t i = 0; i < set->count; i++) {
		uint32_t best = explain_best(e, set->v[i].skill, &agent);

		str_add_text(t, i ? ",{" : "{");
		json_text(t, "skill", names_text(&e->skills, set->v[i].skill));
		json_u64(t, "level", set->v[i].level);
		if (agent) {
			json_u64(t, "best", best);
			json_text(t, "agent", agent_at(e, agent)->id);
		}
		str_add_char(t, '}');
	}
	str_add_char(t, ']');
}

/* When something changes by itself: the doors open, somebody's exclusion ends. */
static void explain_times(const struct engine *e, const struct conv *c, struct str *t)
{
	const struct line *l = line_at(e, c->line);
	uint64_t until_us = UINT64_MAX;

	if (l->paused)
		json_text(t, "queue_is", SLICE("paused"));
	else if (!l->open)
		json_text(t, "queue_is", SLICE("closed"));
	if (!l->open && l->hours_us > 1)
		json_u64(t, "opens_ms", l->hours_us / 1000);
	for (uint32_t x = c->excluded; x; x = exclusion_at(e, x)->next)
		if (exclusion_at(e, x)->until_us > e->now_us &&
			exclusion_at(e, x)->until_us < until_us)
			until_us = exclusion_at(e, x)->until_us;
	if (until_us != UINT64_MAX)
		json_u64(t, "first_exclusion_ends_ms", until_us / 1000);
	if (c->state == CONV_WAITING && c->stage + 1u < conv_stage_count(e, c)) {
		struct engine *memory = (struct engine *)(uintptr_t)e;

		json_text(t, "next_requires", set_text(e, conv_need(memory, c, c->stage + 1u)));
	}
}

static void explain_estimate(
	const struct engine *e, const struct conv *c, uint64_t now_us, struct str *t)
{
	uint64_t low_s, high_s;

	json_u64(t, "rank", order_line_rank(e, c));
	json_u64(t, "ahead", engine_ahead(e, c->id));
	if (!engine_wait(e, c->id, now_us, &low_s, &high_s))
		return;
	json_key(t, "wait_s");
	str_add_char(t, '[');
	str_add_u64(t, low_s);
	str_add_char(t, ',');
	str_add_u64(t, high_s);
	str_add_char(t, ']');
}

static void explain_waiting(struct engine *e, const struct conv *c, uint64_t now_us, struct str *t)
{
	struct sig_key key = conv_sig_key(e, c);
	size_t failing[PREDICATE_COUNT] = { 0 };
	bool first = true;

	if (c->state == CONV_WAITING)
		explain_estimate(e, c, now_us, t);
	explain_times(e, c, t);
	explain_skills(e, key.need, t);
	if (e->lane_count > 1)
		json_u64(t, "rate", e->rates[key.lane]);
	if (key.hold) {
		json_u64(t, "hold_back", key.hold);
		if (hold_us(e, c) != UINT64_MAX)
			json_u64(t, "hold_until_ms", hold_us(e, c) / 1000);
	}
	explain_agents(e, &key, c, t, failing);
	json_key(t, "failing");
	str_add_char(t, '{');
	for (size_t p = 0; p < PREDICATE_COUNT; p++) {
		if (!failing[p])
			continue;
		str_add_text(t, first ? "\"" : ",\"");
		str_add_text(t, predicate_words[p]);
		str_add_text(t, "\":");
		str_add_u64(t, failing[p]);
		first = false;
	}
	str_add_char(t, '}');
	json_text(t, "would_change", slice_of(predicate_changes[explain_hurdle(failing)]));
}

bool engine_explain(const struct engine *e, struct id conv, uint64_t now_us, struct str *json)
{
	uint32_t h = conv_find(e, conv);

	if (!h)
		return false;
	const struct conv *c = conv_at(e, h);

	ASSERT(c->self == h);
	str_add_char(json, '{');
	explain_state(e, c, json);
	json_u64(json, "waited_ms", now_us > c->arrived_us ? (now_us - c->arrived_us) / 1000 : 0);
	if (c->state == CONV_WAITING || c->state == CONV_PARKED)
		explain_waiting((struct engine *)(uintptr_t)e, c, now_us, json);
	str_add_char(json, '}');
	return true;
}

void decisions_json(struct slice lines, struct str *json)
{
	struct slice rest = lines, last = { NULL, 0 };
	bool first = true;

	if (!lines.n)
		return;
	json_key(json, "decisions");
	str_add_char(json, '[');
	while (rest.p) {
		last = slice_cut(&rest, '\n');
		str_add_text(json, first ? "" : ",");
		str_add(json, last);
		first = false;
	}
	str_add_char(json, ']');
	json_key(json, "decision");
	str_add(json, last);
}
