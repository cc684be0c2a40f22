/*
 * A saved state back into memory; see save.c for the order. The bytes may be damaged: every number is checked
 * before it is used, and the reason says which part was wrong.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/deadline.h"
#include "engine/index.h"
#include "engine/line.h"
#include "engine/pack.h"
#include "engine/sets.h"
#include "engine/wait.h"
#include "engine/window.h"

enum { LOAD_NAMES_MAX = 60000 };

static bool load_names(struct engine *e, struct unpack *u)
{
	uint32_t kinds = unpack_u32(u, KINDS_MAX - 1);

	for (uint32_t i = 1; i <= kinds && !u->bad; i++) {
		uint32_t h = kind_intern(e, unpack_slice(u));

		if (h != i)
			return false;
		e->kinds[h].cost = unpack_u32(u, UINT32_MAX);
		e->kinds[h].cost_pending = unpack_u32(u, UINT32_MAX);
		e->kinds[h].max = unpack_u32(u, UINT32_MAX);
		e->kinds[h].offer_s = unpack_u32(u, UINT32_MAX);
		e->kinds[h].live = unpack_u32(u, 1) != 0;
	}
	uint32_t labels = unpack_u32(u, LOAD_NAMES_MAX);

	for (uint32_t i = 1; i <= labels && !u->bad; i++)
		if (names_intern(&e->labels, unpack_slice(u), &e->keep) != i)
			return false;
	return !u->bad;
}

static bool load_line(struct engine *e, struct unpack *u)
{
	struct slice name = unpack_slice(u);

	if (u->bad || !name.n || line_find(e, name))
		return false;
	struct line *l = line_at(e, line_add(e, name));
	uint32_t bits = unpack_u32(u, 3);

	l->open = bits & 1;
	l->paused = bits & 2;
	l->hours_us = unpack_u64(u);
	l->answered = unpack_u64(u);
	l->answered_within = unpack_u64(u);
	l->abandoned = unpack_u64(u);
	l->abandoned_short = unpack_u64(u);
	l->waits_seen = unpack_u64(u);
	for (uint64_t i = 0; i < WAITS_KEPT && i < l->waits_seen; i++)
		l->waits_s[i] = unpack_u64(u);
	return !u->bad && (u->version < 2 || windows_load(e, l, u)) &&
	       (u->version < 3 || waits_load(e, l, u));
}

/* Hours as saved: the configuration's reading asks for a fresh look, the saved deadline is as good. */
static bool load_lines(struct engine *e, struct unpack *u)
{
	uint32_t count = unpack_u32(u, UINT16_MAX - 2);

	for (uint32_t i = 0; i < count; i++)
		if (!load_line(e, u))
			return false;
	uint64_t *hours = mem_array(count + 1, sizeof(uint64_t));

	for (uint32_t i = 1; i <= count; i++)
		hours[i] = line_at(e, i)->hours_us;
	lines_configure(e);
	for (uint32_t i = 1; i <= count; i++) {
		struct line *l = line_at(e, i);

		l->hours_us = hours[i];
		deadline_set(e, DEADLINE_LINE, i, l->hours_us ? l->hours_us : UINT64_MAX);
	}
	free(hours);
	return !u->bad;
}

static bool load_agent(struct engine *e, struct unpack *u)
{
	struct slice id = unpack_slice(u), name = unpack_slice(u);

	if (u->bad || !id.n || id.n > NAME_MAX_LEN || agent_find(e, id))
		return false;
	struct agent *a = agent_at(e, agent_add(e, id));

	a->name = slice_dup(name);
	a->role = (enum role)unpack_u32(u, ROLE_COUNT - 1);
	a->presence = (enum presence)unpack_u32(u, PRESENCE_COUNT - 1);
	a->off = unpack_u32(u, 1) != 0;
	a->skills = set_parse(e, unpack_slice(u));
	a->units = unpack_u32(u, UINT32_MAX);
	a->misses = unpack_u32(u, UINT32_MAX);
	a->since_us = unpack_u64(u);
	a->idle_since_us = unpack_u64(u);
	a->handled = unpack_u64(u);
	a->last_turn = unpack_u64(u);
	a->grace_us = unpack_u64(u);
	uint64_t sessions = unpack_u64(u);

	for (uint64_t i = 0; i < sessions && !u->bad; i++) {
		struct slice session = unpack_slice(u), node = unpack_slice(u);

		if (u->bad || !session.n || agent_session(a, session))
			return false;
		agent_session_add(a, session, node);
	}
	if (!a->skills || !a->role || !a->presence) {
		a->skills = SET_EMPTY;
		return false;
	}
	deadline_set(e, DEADLINE_AGENT, a->self, a->grace_us ? a->grace_us : UINT64_MAX);
	index_rarity(e, a, 1);
	agent_change_end(e, a);
	return !u->bad;
}

static bool load_rare(struct engine *e, struct conv *c, struct unpack *u, struct id *offer)
{
	struct rare r = { .offer = { 0, 0 } };

	*offer = unpack_id(u);
	r.linked = unpack_id(u);
	struct slice outcome = unpack_slice(u);

	r.first_reply_us = unpack_u64(u);
	r.wait = u->version < 3 ? 0 : unpack_u64(u);
	r.priority = unpack_i64(u);
	if (u->bad)
		return false;
	if (!id_is_none(r.linked) || outcome.n || r.first_reply_us || r.wait || r.priority) {
		*conv_rare(e, c) = r;
		if (outcome.n)
			conv_rare(e, c)->outcome = slice_dup(outcome);
	}
	return id_is_none(*offer) || !conv_by_offer(e, *offer);
}

static bool load_exclusions(struct engine *e, struct conv *c, struct unpack *u)
{
	uint64_t count = unpack_u64(u);

	for (uint64_t i = 0; i < count && !u->bad; i++) {
		uint32_t agent = unpack_u32(u, e->agent_count);
		uint64_t until_us = unpack_u64(u);
		uint32_t span_s = unpack_u32(u, UINT32_MAX);

		if (!agent)
			return false;
		conv_exclude(e, c, agent, until_us, span_s);
	}
	return !u->bad;
}

static bool load_conv(struct engine *e, enum conv_state chain, uint32_t owner, struct unpack *u)
{
	struct id id = unpack_id(u), customer = unpack_id(u), offer;
	uint32_t line = unpack_u32(u, e->line_count), state = unpack_u32(u, CONV_STATE_COUNT - 1);

	if (u->bad || id_is_none(id) || conv_find(e, id) || !line ||
		(owner ? !state_is_work(state) : state != (uint32_t)chain))
		return false;
	struct conv *c = conv_add(e, id, line);

	c->customer = customer;
	c->key = unpack_i64(u);
	c->seq = unpack_u64(u);
	c->arrived_us = unpack_u64(u);
	c->state_us = unpack_u64(u);
	c->until_us = unpack_u64(u);
	c->stage_from_us = unpack_u64(u);
	uint32_t wants = set_parse(e, unpack_slice(u)), agent = unpack_u32(u, e->agent_count);

	c->last_agent = unpack_u32(u, e->agent_count);
	c->also = unpack_u32(u, e->agent_count);
	c->numbered = unpack_u32(u, UINT32_MAX);
	uint32_t units = unpack_u32(u, UINT32_MAX);

	c->kind = (uint8_t)unpack_u32(u, e->kind_count);
	c->channel = (uint16_t)unpack_u32(u, e->labels.count);
	c->segment = (uint16_t)unpack_u32(u, e->labels.count);
	c->tier = (uint8_t)unpack_u32(u, UINT8_MAX);
	c->stage = (uint8_t)unpack_u32(u, STAGES_MAX);
	c->flags = (uint8_t)unpack_u32(u, FLAG_DIRECTED | FLAG_REPLIED);
	if (!load_rare(e, c, u, &offer) || !load_exclusions(e, c, u) || !wants || !c->kind ||
		agent != owner || ((c->flags & FLAG_DIRECTED) && !c->also) ||
		(state == CONV_OFFERED) == id_is_none(offer))
		return false;
	c->wants = wants;
	conv_restore(e, c, (enum conv_state)state, agent, units);
	if (!id_is_none(offer))
		conv_set_offer(e, c, offer);
	return !u->bad;
}

static bool load_chain(struct engine *e, enum conv_state chain, uint32_t owner, struct unpack *u)
{
	uint64_t count = unpack_u64(u);

	for (uint64_t i = 0; i < count; i++)
		if (u->bad || !load_conv(e, chain, owner, u))
			return false;
	return !u->bad;
}

static bool load_ask(struct engine *e, struct unpack *u)
{
	uint32_t h = conv_find(e, unpack_id(u));
	struct ask k = { .agent = unpack_u32(u, e->agent_count),
		.units = unpack_u32(u, UINT32_MAX),
		.line = unpack_u32(u, e->line_count),
		.wants = set_parse(e, unpack_slice(u)) };

	k.offer = unpack_id(u);
	k.until_us = unpack_u64(u);
	k.turn = unpack_u64(u);
	if (u->bad || !h || !k.agent || !k.line || !k.wants || id_is_none(k.offer) ||
		conv_by_offer(e, k.offer) || ask_of(e, conv_at(e, h), k.agent))
		return false;
	struct conv *c = conv_at(e, h);

	if (c->agent == k.agent ||
		(c->state != CONV_OFFERED && c->state != CONV_ACTIVE && c->state != CONV_PENDING))
		return false;
	ask_add(e, c, &k);
	return true;
}

static bool load_asks(struct engine *e, struct unpack *u)
{
	uint64_t count = unpack_u64(u);

	for (uint64_t i = 0; i < count; i++)
		if (u->bad || !load_ask(e, u))
			return false;
	return !u->bad;
}

static const char *load_all(struct engine *e, struct unpack *u)
{
	e->config_hash = unpack_u64(u);
	e->last_us = e->now_us = unpack_u64(u);
	e->last_seq = unpack_u64(u);
	e->turns = unpack_u64(u);
	if (!load_names(e, u))
		return "kinds or labels";
	if (!load_lines(e, u))
		return "queues";
	uint64_t agents = unpack_u64(u);

	for (uint64_t i = 0; i < agents; i++)
		if (u->bad || !load_agent(e, u))
			return "agents";
	if (!load_chain(e, CONV_WAITING, 0, u) || !load_chain(e, CONV_PARKED, 0, u) ||
		!load_chain(e, CONV_RESOLVED, 0, u))
		return "conversations";
	for (uint32_t i = 1; i <= e->agent_count; i++)
		if (!load_chain(e, CONV_NONE, i, u))
			return "work of agents";
	if (u->version >= 4 && !load_asks(e, u))
		return "offers beside the first";
	return u->rest.n ? "bytes after the end" : NULL;
}

/* "usher-engine N\n" in front; 0 when these are other bytes. What follows it is in `rest`. */
static uint64_t load_version(struct slice *rest)
{
	const struct slice header = SLICE("usher-engine ");
	uint64_t version = 0;

	if (!slice_starts(*rest, header))
		return 0;
	*rest = slice_make(rest->p + header.n, rest->n - header.n);
	struct slice number = slice_cut(rest, '\n');

	return rest->p && slice_u64(number, &version) ? version : 0;
}

struct engine *engine_load(const struct config *config, struct slice saved, struct err *err)
{
	struct unpack u = { .rest = saved };
	uint64_t version = load_version(&u.rest);

	if (!version) {
		err_set(err, EINVAL, "not a snapshot of the engine");
		return NULL;
	}
	if (version > SNAPSHOT_VERSION) {
		err_set(err, EINVAL,
			"snapshot of version %llu, this program knows versions 1 to %d: "
			"start the newer usherd that wrote it",
			(unsigned long long)version, SNAPSHOT_VERSION);
		return NULL;
	}
	u.version = (uint32_t)version;
	struct engine *e = engine_blank(config);
	const char *wrong = load_all(e, &u);

	if (wrong) {
		err_set(err, EINVAL, "damaged snapshot of the engine: %s", wrong);
		engine_free(&e);
	}
	ASSERT(!e || e->last_us <= e->now_us);
	return e;
}
