/*
 * Random command streams through the engine, with everything that must always hold checked after every step:
 * engine_check (invariants 1–4, 8, 9, 14, 16–18), an oracle of its own in this file (no idle pair, no bypass, best
 * agent, keys, exclusions, hold-back: 4–8, 16, 18), the index against a scan (10: engine_oracle), replay and snapshots (11),
 * agents and skills renamed (12), a skill that nobody asks (13), everything ended and closed at the end (14), late and repeated
 * commands (15), explain against the next offer (17). Reloads go among four configurations of random features. 19 and 20 are
 * in test_orders.c.
 *
 *   test_random [--seeds N] [--steps N] [--seed N]     one seed also prints its commands
 *
 * A failing seed is shrunk to few commands and printed.
 */
#include "engine/center.h"

#include <string.h>

#include "base/str.h"

enum { AGENTS = 6, CONVS = 400, STEPS_MAX = 4000, CONFIGS = 4 };

/* ---- operations: commands whose objects are found when they run, so that a stream can be cut anywhere ---- */

enum op_kind {
	OP_MESSAGE_NEW,
	OP_MESSAGE_AGAIN,
	OP_VISIT_LEFT,
	OP_VISIT_END,
	OP_DESK_UP,
	OP_DESK_DOWN,
	OP_AVAILABLE,
	OP_AWAY,
	OP_OFFLINE,
	OP_ACCEPT,
	OP_DECLINE,
	OP_REPLY,
	OP_NOTE,
	OP_TRANSFER_QUEUE,
	OP_TRANSFER_AGENT,
	OP_TRANSFER_SKILLS,
	OP_CONSULT,
	OP_RESOLVE,
	OP_WRAPUP_DONE,
	OP_WRAPUP_MORE,
	OP_REOPEN,
	OP_TAKE,
	OP_USER,
	OP_USER_OFF,
	OP_QUEUE,
	OP_NODE_UP,
	OP_TICK,
	OP_CONFIGURE,
	OP_WRITE,
	OP_KINDS
};
static const unsigned op_weight[OP_KINDS] = { 16, 6, 2, 2, 5, 2, 6, 2, 1, 18, 4, 12, 2, 2, 2, 1, 4,
	9, 3, 1, 1, 2, 3, 1, 1, 1, 12, 2, 2 };

struct op {
	enum op_kind kind;
	uint32_t a, b, c;
	uint64_t wait_us;
};

struct rng {
	uint64_t s;
};
static uint64_t rng_next(struct rng *r)
{
	r->s += 0x9e3779b97f4a7c15u;
	uint64_t x = r->s;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}
static uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)(rng_next(r) % n);
}

static struct op op_random(struct rng *r)
{
	static const uint64_t waits[] = { 0, 0, 1000, 500000, 2 * S_US, 10 * S_US, 25 * S_US,
		130 * S_US, 3000 * S_US };
	unsigned sum = 0, pick;
	struct op op = { .kind = OP_TICK };

	for (size_t i = 0; i < OP_KINDS; i++)
		sum += op_weight[i];
	pick = rng_below(r, sum);
	for (size_t i = 0; i < OP_KINDS; i++) {
		if (pick < op_weight[i]) {
			op.kind = (enum op_kind)i;
			break;
		}
		pick -= op_weight[i];
	}
	op.a = (uint32_t)rng_next(r);
	op.b = (uint32_t)rng_next(r);
	op.c = (uint32_t)rng_next(r);
	op.wait_us = waits[rng_below(r, rng_below(r, 4) ? 6 : 9)];
	if (rng_below(r, 400) == 0)
		op.wait_us = 5 * 3600 * S_US;
	return op;
}

/* ---- the world of one run ---- */

struct excluded {
	uint64_t conv, until_us;
	uint32_t agent;
};
struct shadow { /* what the oracle knows of a conversation from events alone */
	bool open, waiting;
	size_t offers; /* open ones, a consult apart */
	struct id consult;
	uint64_t refused_us[AGENTS]; /* declined or missed last; 0: never, or forgiven */
	int64_t key, rate;
	uint64_t tier, seq, stage, skipped;
	char also[32];
};
struct world {
	struct config *config, *configs[CONFIGS];
	struct engine *e, *replica, *twin; /* twin decides too, from a snapshot */
	uint64_t now_us, made, serial;
	uint64_t replica_us; /* of the last event that the replica has */
	struct id old_offer; /* of long ago */
	struct shadow shadow[CONVS];
	struct excluded excluded[2000];
	size_t excluded_count;
	const char *prefix;   /* of agents' names */
	const char *skills;   /* before each skill's name */
	const char *unused;   /* a skill nobody asks */
	uint64_t fingerprint; /* of the decisions, names of agents left out */
	char why[600];
	struct arena arena;
	bool print;
};

/* What the configurations of this run have: a reload goes from any to any, while people wait. */
static uint64_t variants;

enum variant {
	VARIANT_HOLD,	    /* hold-back */
	VARIANT_RATES,	    /* segments that age at different rates */
	VARIANT_TIERS,	    /* mass waits behind premier until it is promoted */
	VARIANT_LIMITS,	    /* length, longest wait, overflow */
	VARIANT_SHARE,	    /* an agent holds few of one queue */
	VARIANT_INTERRUPTS, /* chats interrupt mails */
	VARIANT_AUTO,	    /* auto-accept */
	VARIANT_OFFERS,	    /* offers to several at once */
	VARIANT_OTHER,	    /* other stages, and no queue "any" */
	VARIANTS
};

static bool fail(struct world *w, const char *what)
{
	if (!w->why[0])
		snprintf(w->why, sizeof(w->why), "%s", what);
	return false;
}

static struct slice agent_name(struct world *w, uint32_t n)
{
	return arena_printf(&w->arena, "%s%u", w->prefix, n % AGENTS);
}

/* "ru=80 cards=60" with another beginning of each name: the same order, other names. */
static struct slice skills_named(struct world *w, struct slice text)
{
	struct str out = { 0 };
	struct skill s;
	bool bad = false;

	while (skills_next(&text, &s, &bad))
		skills_add(&out, arena_printf(&w->arena, "%s%.*s", w->skills, SLICE_ARG(s.name)),
			s.level);
	struct slice kept = arena_copy(&w->arena, str_slice(&out));

	str_free(&out);
	return kept;
}

static void array_named(struct world *w, struct skill *v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		v[i].name = arena_printf(&w->arena, "%s%.*s", w->skills, SLICE_ARG(v[i].name));
}

static void config_named(struct world *w, struct config *c)
{
	for (size_t i = 0; i < c->queue_count; i++) {
		struct queue *q = &c->queues[i];

		array_named(w, q->prefer, q->prefer_count);
		for (size_t j = 0; j < q->stage_count; j++)
			array_named(w, q->stages[j].need, q->stages[j].need_count);
	}
	array_named(w, c->hold_pool, c->hold_pool_count);
}

static const char *const skill_choices[] = { "ru=80 cards=60", "ru=60", "ru=20 cards=30",
	"en=90 ru=50", "cards=90 premier=50", "en=50", "ru=100 cards=100 premier=90 en=1", "" };

/* The n-th conversation of a state, counted round. */
struct pick {
	uint32_t at, count;
	struct conv_view v;
};
static bool pick_fn(const struct conv_view *v, void *arg)
{
	struct pick *p = arg;

	if (p->at != UINT32_MAX && p->count == p->at)
		p->v = *v;
	p->count++;
	return true;
}
static bool first_offer(const struct conv_view *v, void *arg)
{
	if (v->state == CONV_OFFERED)
		*(struct conv_view *)arg = *v;
	return v->state != CONV_OFFERED;
}
static bool pick(struct world *w, enum conv_state s, uint32_t n, struct conv_view *out)
{
	struct pick p = { .at = UINT32_MAX };

	engine_each_conv(w->e, s, pick_fn, &p);
	if (!p.count)
		return false;
	p.at = n % p.count;
	p.count = 0;
	engine_each_conv(w->e, s, pick_fn, &p);
	*out = p.v;
	return true;
}

/* An open offer of some agent, those beside the first and those of a consult among them. */
static bool pick_offer(struct world *w, uint32_t n, struct conv_view *out)
{
	for (uint32_t i = 0; i < AGENTS; i++) {
		*out = (struct conv_view){ .state = CONV_NONE };
		engine_each_work(w->e, agent_name(w, n + i), first_offer, out);
		if (out->state == CONV_OFFERED)
			return true;
	}
	return false;
}

static const char *const queue_names[] = { "support", "cards", "desk", "any" };

/* The command of an operation in this state; type none when there is nothing to do it to. */
static struct command op_command(struct world *w, const struct op *op)
{
	static const char *const kinds[] = { "email", "chat", "callback", "email", "chat" };
	static const char *const wants[] = { "", "", "", "ru=60", "cards=90", "klingon=5", "en=1" };
	struct command c = { .at_us = w->now_us, .random = op->c };
	struct conv_view v = { .state = CONV_NONE };
	bool any = pick(w, CONV_NONE, op->a, &v);

	c.id = center_id(1000000 + ++w->serial);
	switch (op->kind) {
	case OP_MESSAGE_NEW:
		if (w->made + 1 >= CONVS)
			break;
		c.type = COMMAND_MESSAGE;
		c.conv = center_id(++w->made);
		c.fresh = 1;
		c.kind = c.channel = slice_of(kinds[op->a % 5]);
		c.queue = slice_of(queue_names[op->b % 4]);
		c.segment = slice_of(op->c % 3 ? "mass" : "premier");
		c.skills = skills_named(w, slice_of(wants[op->c % 7]));
		c.priority = op->c % 11 == 0 ? -30 * (int64_t)S_US : 0;
		c.at_us = w->now_us - op->b % 3000000;
		break;
	case OP_WRITE:
		if (w->made + 1 >= CONVS)
			break;
		c.type = COMMAND_WRITE;
		c.conv = c.customer = center_id(++w->made);
		c.agent = agent_name(w, op->b);
		c.kind = c.channel = slice_of(kinds[op->a % 5]);
		c.queue = slice_of(queue_names[op->b % 4]);
		c.segment = slice_of(op->c % 3 ? "mass" : "premier");
		break;
	case OP_MESSAGE_AGAIN:
		if (any)
			c.type = COMMAND_MESSAGE;
		c.conv = v.conv;
		c.automatic = op->b % 7 == 0;
		break;
	case OP_VISIT_LEFT:
	case OP_VISIT_END:
		if (any)
			c.type = COMMAND_VISIT;
		c.conv = v.conv;
		c.visit = op->kind == OP_VISIT_LEFT ? VISIT_LEFT : VISIT_END;
		break;
	case OP_DESK_UP:
	case OP_DESK_DOWN:
		c.type = op->kind == OP_DESK_UP ? COMMAND_DESK_UP : COMMAND_DESK_DOWN;
		c.agent = agent_name(w, op->a);
		c.session = slice_of(op->b % 3 ? "n1:1" : "n2:1");
		c.node = slice_of(op->b % 3 ? "n1" : "n2");
		break;
	case OP_AVAILABLE:
	case OP_AWAY:
	case OP_OFFLINE:
		c.type = COMMAND_PRESENCE;
		c.agent = agent_name(w, op->a);
		c.presence = op->kind == OP_AVAILABLE ? PRESENCE_AVAILABLE
			     : op->kind == OP_AWAY    ? PRESENCE_AWAY
						      : PRESENCE_OFFLINE;
		break;
	case OP_ACCEPT:
	case OP_DECLINE:
		if (!pick_offer(w, op->a, &v))
			break;
		c.type = op->kind == OP_ACCEPT ? COMMAND_ACCEPT : COMMAND_DECLINE;
		c.offer = v.offer;
		if (id_is_none(w->old_offer) || op->c % 20 == 0)
			w->old_offer = v.offer;
		else if (op->b % 12 == 0)
			c.offer = w->old_offer; /* late: most often over by now */
		c.agent = op->b % 10 ? v.agent : agent_name(w, op->c);
		break;
	case OP_REPLY:
		if (any && (pick(w, CONV_ACTIVE, op->a, &v) || op->b % 4 == 0))
			c.type = COMMAND_REPLY;
		c.conv = v.conv;
		c.agent = op->b % 10 && v.agent.n ? v.agent : agent_name(w, op->c);
		break;
	case OP_NOTE:
	case OP_RESOLVE:
	case OP_WRAPUP_DONE:
	case OP_REOPEN:
	case OP_TAKE:
	case OP_TRANSFER_QUEUE:
	case OP_TRANSFER_AGENT:
	case OP_TRANSFER_SKILLS:
	case OP_CONSULT:
	case OP_WRAPUP_MORE:
		if (!any)
			break;
		if (op->kind == OP_CONSULT)
			pick(w, op->b % 2 ? CONV_ACTIVE : CONV_PENDING, op->a, &v);
		if (op->kind == OP_RESOLVE && op->c % 4)
			pick(w, CONV_PENDING, op->a, &v);
		if (op->kind == OP_WRAPUP_DONE || op->kind == OP_WRAPUP_MORE)
			pick(w, CONV_WRAPUP, op->a, &v);
		c.type = op->kind == OP_NOTE	      ? COMMAND_NOTE
			 : op->kind == OP_RESOLVE     ? COMMAND_RESOLVE
			 : op->kind == OP_WRAPUP_DONE ? COMMAND_WRAPUP_DONE
			 : op->kind == OP_WRAPUP_MORE ? COMMAND_WRAPUP_MORE
			 : op->kind == OP_REOPEN      ? COMMAND_REOPEN
			 : op->kind == OP_TAKE	      ? COMMAND_TAKE
			 : op->kind == OP_CONSULT     ? COMMAND_CONSULT
						      : COMMAND_TRANSFER;
		c.conv = v.conv;
		c.agent = op->b % 5 && v.agent.n ? v.agent : agent_name(w, op->b);
		c.outcome = slice_of(op->c % 2 ? "solved" : "");
		if (op->kind == OP_TAKE)
			c.to = agent_name(w, op->c);
		else if (op->kind == OP_TRANSFER_SKILLS ||
			 (op->kind == OP_CONSULT && op->c % 3 == 0))
			c.to = arena_printf(&w->arena, "skills:%.*s",
				SLICE_ARG(skills_named(w, slice_of(wants[3 + op->c % 4]))));
		else if (op->kind == OP_TRANSFER_QUEUE ||
			 (op->kind == OP_CONSULT && op->c % 3 == 1))
			c.to = arena_printf(&w->arena, "queue:%s", queue_names[op->c % 4]);
		else
			c.to = arena_printf(
				&w->arena, "agent:%.*s", SLICE_ARG(agent_name(w, op->c)));
		c.text = slice_of(op->c % 3 ? "" : "please");
		break;
	case OP_USER:
		c.type = COMMAND_USER;
		c.agent = agent_name(w, op->a);
		c.skills = arena_printf(&w->arena, "%.*s %s",
			SLICE_ARG(skills_named(w, slice_of(skill_choices[op->b % 8]))), w->unused);
		c.role = op->a % AGENTS == 0 ? ROLE_SUPERVISOR
			 : op->c % 50 == 0   ? ROLE_AUDITOR
					     : ROLE_AGENT;
		c.units = op->c % 5 ? 0 : 60 + op->c % 100;
		break;
	case OP_USER_OFF:
		c.type = COMMAND_USER_OFF;
		c.agent = agent_name(w, op->a);
		break;
	case OP_QUEUE:
		c.type = COMMAND_QUEUE;
		c.queue = slice_of(queue_names[op->a % 4]);
		c.paused = op->b % 3 == 0;
		break;
	case OP_NODE_UP:
		c.type = COMMAND_NODE_UP;
		c.node = slice_of(op->a % 2 ? "n1" : "n2");
		break;
	case OP_TICK:
	case OP_CONFIGURE:
	case OP_KINDS:
		c.type = COMMAND_TICK;
		break;
	}
	return c;
}

/* ---- the oracle: written against views and events only ---- */

static bool oracle_skills(struct slice need, const struct agent_view *a)
{
	struct skill n, h;
	bool bad = false;

	while (skills_next(&need, &n, &bad)) {
		struct slice has = a->skills;
		bool met = slice_starts(n.name, SLICE("agent:")) &&
			   slice_equal(slice_make(n.name.p + 6, n.name.n - 6), a->agent);

		while (!met && skills_next(&has, &h, &bad))
			met = slice_equal(h.name, n.name) && h.level >= n.level;
		if (!met)
			return false;
	}
	return true;
}

/* Desks as the events tell: views do not say whether a desk is connected or in its grace. */
static int desks[AGENTS];

static uint32_t agent_number(struct slice name)
{
	return (uint32_t)(name.p[name.n - 1] - '0');
}

struct pool {
	const struct world *w;
	size_t free;
};

static bool pool_has(const struct world *w, const struct agent_view *a)
{
	if (a->used || !desks[agent_number(a->agent)] || a->presence != PRESENCE_AVAILABLE ||
		a->role == ROLE_AUDITOR)
		return false;
	for (size_t i = 0; i < w->config->hold_pool_count; i++) {
		struct str need = { 0 };

		skills_add(&need, w->config->hold_pool[i].name, w->config->hold_pool[i].level);
		bool met = oracle_skills(str_slice(&need), a);

		str_free(&need);
		if (!met)
			return false;
	}
	return true;
}

static bool count_pool(const struct agent_view *a, void *arg)
{
	struct pool *p = arg;

	p->free += pool_has(p->w, a);
	return true;
}

/* 18: an agent who has nothing is kept from who must leave that many to others, until it has waited long enough. */
static bool oracle_held(struct world *w, const struct engine *e, const struct conv_view *c,
	const struct agent_view *a)
{
	const struct segment *s = config_segment(w->config, c->segment);
	struct pool p = { .w = w };

	if (!s || !s->hold_back || !pool_has(w, a) ||
		w->now_us >= c->arrived_us + w->config->hold_max_s * S_US)
		return false;
	engine_each_agent(e, count_pool, &p);
	return p.free <= s->hold_back;
}

/* What an agent holds that matters to one conversation. */
struct load {
	const struct world *w;
	const struct conv_view *of;
	uint64_t units; /* that are an obstacle */
	size_t kind, queue;
};
static bool load_conv(const struct conv_view *v, void *arg)
{
	struct load *l = arg;
	const struct kind *k = config_kind(l->w->config, v->kind);
	bool yields = false;

	for (size_t i = 0; k && i < k->interrupted_by_count; i++)
		yields = yields || slice_equal(k->interrupted_by[i], l->of->kind);
	l->units += yields ? 0 : v->units;
	l->kind += slice_equal(v->kind, l->of->kind);
	l->queue += slice_equal(v->queue, l->of->queue);
	return true;
}

static bool oracle_eligible(struct world *w, const struct engine *e, const struct conv_view *c,
	const struct agent_view *a, bool connected)
{
	const struct kind *kind = config_kind(w->config, c->kind);
	const struct shadow *s = &w->shadow[c->conv.lo];
	struct queue_view q;
	struct load l = { .w = w, .of = c };
	const struct queue *conf = config_queue(w->config, c->queue);

	if (!engine_queue(e, c->queue, &q) || !q.open || q.paused)
		return false;
	if (!connected || a->presence != PRESENCE_AVAILABLE || a->role == ROLE_AUDITOR)
		return false;
	if (!slice_is(a->agent, s->also) && !oracle_skills(c->skills, a))
		return false;
	engine_each_work(e, a->agent, load_conv, &l);
	if (l.units + kind->cost > a->limit || l.kind >= kind->max)
		return false;
	if (conf->agent_max && l.queue >= conf->agent_max)
		return false;
	for (size_t i = 0; i < w->excluded_count; i++)
		if (w->excluded[i].conv == c->conv.lo && w->excluded[i].until_us > w->now_us &&
			slice_equal(agent_name(w, w->excluded[i].agent), a->agent))
			return false;
	return !oracle_held(w, e, c, a);
}

static uint64_t oracle_key(
	const struct world *w, const struct conv_view *c, const struct agent_view *a)
{
	const struct queue *q = config_queue(w->config, c->queue);

	if (q->strategy == STRATEGY_LEAST_LOADED)
		return (a->used << 24) / a->limit;
	if (q->strategy == STRATEGY_FEWEST_HANDLED)
		return a->handled;
	if (q->strategy == STRATEGY_LONGEST_IDLE)
		return a->idle_since_us | (a->used ? UINT64_C(1) << 63 : 0);
	return 0; /* the others are not seen in views */
}

static int64_t oracle_score(
	const struct world *w, const struct conv_view *c, const struct agent_view *a)
{
	const struct queue *q = config_queue(w->config, c->queue);
	int64_t score = 0;

	for (size_t i = 0; i < q->prefer_count; i++) {
		struct slice has = a->skills;
		struct skill h;
		bool bad = false;

		while (skills_next(&has, &h, &bad))
			if (slice_equal(h.name, q->prefer[i].name))
				score += (int64_t)h.level * q->prefer[i].level;
	}
	return score;
}

struct scan {
	struct world *w;
	const struct engine *e;
	const struct event *offer; /* NULL: nobody may be eligible at all */
	const struct conv_view *conv;
	const struct shadow *last;
	bool bad, reached, beside;
	size_t seen[4]; /* of each queue */
};

static bool scan_agent(const struct agent_view *a, void *arg)
{
	struct scan *s = arg;
	struct world *w = s->w;

	if (!oracle_eligible(w, s->e, s->conv, a, desks[agent_number(a->agent)] != 0))
		return true;
	if (!s->offer) {
		s->bad = fail(w, "oracle: waits while an eligible agent idles");
		return false;
	}
	if (!id_equal(s->conv->conv, s->offer->conv)) {
		s->bad = true;
		fail(w, "oracle: somebody before it in the order had an eligible agent");
		return false;
	}
	struct agent_view best;
	const struct queue *q = config_queue(w->config, s->conv->queue);
	bool seen = q->strategy != STRATEGY_ROUND_ROBIN && q->strategy != STRATEGY_FEWEST_SKILLS;

	engine_agent(s->e, s->offer->agent, &best);
	int64_t score = oracle_score(w, s->conv, a), best_score = oracle_score(w, s->conv, &best);
	uint64_t key = oracle_key(w, s->conv, a), best_key = oracle_key(w, s->conv, &best);

	if (score > best_score ||
		(seen && score == best_score &&
			(key < best_key ||
				(key == best_key && slice_compare(a->agent, best.agent) < 0)))) {
		s->bad = true;
		fail(w, "oracle: a better agent was passed over");
	}
	if (slice_equal(a->agent, s->offer->agent))
		s->reached = true;
	return true;
}

/* Of two who wait, who is first by now. */
static bool shadow_before(const struct world *w, const struct shadow *a, const struct shadow *b)
{
	/* Two days at most, a rate below 10: 64 bits are enough here. */
	int64_t x = ((int64_t)w->now_us - a->key) * a->rate;
	int64_t y = ((int64_t)w->now_us - b->key) * b->rate;

	if (a->tier != b->tier)
		return a->tier < b->tier;
	return x != y ? x > y : a->seq < b->seq;
}

static bool scan_conv(const struct conv_view *c, void *arg)
{
	struct scan *s = arg;
	const struct shadow *mine = &s->w->shadow[c->conv.lo];

	/* A replica lists by the time of its last event, so before an offer the order is ours. */
	if (s->offer && !s->beside && !id_equal(c->conv, s->offer->conv) &&
		!shadow_before(s->w, mine, &s->w->shadow[s->offer->conv.lo]))
		return true;
	if (!s->offer && s->last && shadow_before(s->w, mine, s->last))
		s->bad = !fail(s->w, "oracle: waiting ones are not listed in the order");
	if (c->key != mine->key)
		s->bad = !fail(s->w, "oracle: a key changed by itself");
	for (size_t i = 0; !s->offer && i < 4; i++)
		if (slice_is(c->queue, queue_names[i]) &&
			engine_position(s->e, c->conv) != ++s->seen[i])
			s->bad = !fail(s->w, "oracle: its position is not how many are before it");
	s->last = mine;
	s->conv = c;
	engine_each_agent(s->e, scan_agent, s);
	return !s->bad;
}

static bool rate_conv(const struct conv_view *c, void *arg)
{
	struct world *w = arg;
	const struct segment *s = config_segment(w->config, c->segment);

	w->shadow[c->conv.lo].rate = s && s->rate ? s->rate : 1;
	return true;
}

/* Beside the first offer: to somebody eligible who has none of it, and only when nobody who waits could have that agent. */
static bool oracle_beside(struct world *w, const struct engine *e, const struct event *offer)
{
	struct scan s = { .w = w, .e = e, .offer = offer, .beside = true };
	const struct queue *q = config_queue(w->config, offer->queue);
	struct conv_view c;
	struct agent_view a;

	engine_each_conv(e, CONV_WAITING, rate_conv, w);
	engine_each_conv(e, CONV_WAITING, scan_conv, &s);
	if (!engine_conv(e, offer->conv, &c) || !engine_agent(e, offer->agent, &a) ||
		c.state != CONV_OFFERED || slice_equal(c.agent, offer->agent) ||
		!oracle_eligible(w, e, &c, &a, desks[agent_number(a.agent)] != 0))
		return fail(w, "oracle: offered beside to somebody who is not eligible");
	if (w->shadow[offer->conv.lo].offers >= q->offers)
		return fail(w, "oracle: offered to more at once than the queue says");
	return !w->why[0];
}

/* A consult: somebody at work, with room, who does not own it. */
static bool oracle_consult(struct world *w, const struct engine *e, const struct event *offer)
{
	struct conv_view c;
	struct agent_view a;

	if (!engine_conv(e, offer->conv, &c) || !engine_agent(e, offer->agent, &a) ||
		(c.state != CONV_ACTIVE && c.state != CONV_PENDING) ||
		slice_equal(c.agent, offer->agent) || !desks[agent_number(a.agent)] ||
		a.presence != PRESENCE_AVAILABLE)
		return fail(w, "oracle: somebody was asked who cannot take it over");
	return true;
}

/* 6: with head starts of at most O, nobody is overtaken, at an agent who could have both, by who arrived more than O later. */
enum { OFFSETS_MOST_S = 120 + 30 }; /* premier's, and what a rule gives */
struct overtaking {
	struct world *w;
	const struct engine *e;
	const struct conv_view *offered;
	const struct agent_view *to;
};
static bool overtaken(const struct conv_view *c, void *arg)
{
	struct overtaking *o = arg;
	struct world *w = o->w;

	if (c->tier != o->offered->tier || w->shadow[c->conv.lo].rate != 1 ||
		c->arrived_us + OFFSETS_MOST_S * S_US >= o->offered->arrived_us)
		return true;
	if (!oracle_eligible(w, o->e, c, o->to, desks[agent_number(o->to->agent)] != 0))
		return true;
	return fail(w, "oracle: overtaken by who came later than any head start explains");
}

static bool oracle_overtaking(struct world *w, const struct engine *e, const struct event *offer)
{
	struct conv_view c;
	struct agent_view a;
	struct overtaking o = { w, e, &c, &a };

	if (engine_conv(e, offer->conv, &c) && engine_agent(e, offer->agent, &a) &&
		w->shadow[offer->conv.lo].rate == 1)
		engine_each_conv(e, CONV_WAITING, overtaken, &o);
	return !w->why[0];
}

/* 17: asked just before, explain says of this agent that it can have it. */
static bool oracle_explained(struct world *w, const struct engine *e, const struct event *offer)
{
	struct str json = { 0 }, says = { 0 };

	str_addf(&says, "\"%.*s\":\"eligible\"", SLICE_ARG(offer->agent));
	bool good = w->replica_us != offer->at_us ||
		    (engine_explain(e, offer->conv, w->now_us, &json) && strstr(json.p, says.p));

	str_free(&json);
	str_free(&says);
	return good || fail(w, "explain: says something else than the next offer");
}

/* Before an offer: it is the first that has an agent, and this is the best one. */
static bool oracle_offer(struct world *w, const struct engine *e, const struct event *offer)
{
	struct scan s = { .w = w, .e = e, .offer = offer };

	if (slice_is(offer->why, "consult"))
		return oracle_consult(w, e, offer);
	if (slice_is(offer->why, "beside"))
		return oracle_beside(w, e, offer);
	engine_each_conv(e, CONV_WAITING, rate_conv, w);
	engine_each_conv(e, CONV_WAITING, scan_conv, &s);
	if (!s.bad && !s.reached)
		fail(w, "oracle: offered to somebody who is not eligible");
	oracle_explained(w, e, offer);
	oracle_overtaking(w, e, offer);
	return !w->why[0];
}

static bool oracle_after(struct world *w)
{
	struct scan s = { .w = w, .e = w->e };

	engine_each_conv(w->e, CONV_WAITING, rate_conv, w);
	engine_each_conv(w->e, CONV_WAITING, scan_conv, &s);
	return !w->why[0];
}

static void oracle_forget(struct world *w, uint64_t conv, struct slice agent)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->excluded_count; i++)
		if (w->excluded[i].conv != conv ||
			(agent.n && w->excluded[i].agent != agent_number(agent)))
			w->excluded[kept++] = w->excluded[i];
	w->excluded_count = kept;
}

/* All are forgiven at once, when the first of them has cooled down (or gave it away, which is another matter). */
static bool oracle_cooled(const struct world *w, const struct event *ev)
{
	uint64_t cooldown_us = w->config->decline_cooldown_s * S_US;

	for (size_t i = 0; i < w->excluded_count; i++) {
		const struct excluded *x = &w->excluded[i];
		uint64_t refused_us = w->shadow[ev->conv.lo].refused_us[x->agent];

		if (x->conv == ev->conv.lo && (!refused_us || x->until_us <= ev->at_us ||
						      ev->at_us >= refused_us + cooldown_us))
			return true;
	}
	return false;
}

/* A queue that closes: those who wait or are only offered become overnight in that very event. */
static void oracle_overnight(struct world *w, struct slice queue)
{
	for (uint64_t i = 1; i <= w->made; i++) {
		struct conv_view v;

		if (engine_conv(w->replica, center_id(i), &v) && slice_equal(v.queue, queue) &&
			(v.state == CONV_WAITING || v.state == CONV_PARKED ||
				v.state == CONV_OFFERED))
			w->shadow[i].tier = 0;
	}
}

/* A live conversation that arrives finds a queue that is not full; what is not live is never turned away. */
static bool oracle_room(struct world *w, const struct event *ev)
{
	const struct queue *conf = config_queue(w->config, ev->queue);
	struct queue_view q;
	struct conv_view v;

	if (!slice_is(ev->why, "new") || !conf || !conf->length_max ||
		!engine_conv(w->replica, ev->conv, &v) || !slice_is(v.kind, "chat") ||
		!engine_queue(w->replica, ev->queue, &q))
		return true;
	return q.waiting + q.offered + q.parked < conf->length_max || fail(w, "oracle: a queue "
									      "that is full took "
									      "one more");
}

static bool oracle_event(struct world *w, const struct event *ev)
{
	struct shadow *s = &w->shadow[ev->conv.lo < CONVS ? ev->conv.lo : 0];

	switch (ev->type) {
	case EVENT_CREATED:
		s->key = ev->key;
		s->tier = 1;
		break;
	case EVENT_QUEUED:
		if ((slice_is(ev->why, "returned") || slice_is(ev->why, "transferred") ||
			    slice_is(ev->why, "moved") ||
			    (slice_is(ev->why, "overflow") && s->seq)) &&
			s->key != ev->key)
			return fail(w, "oracle: a returned conversation lost its key");
		if (!oracle_room(w, ev))
			return false;
		s->key = ev->key;
		s->tier = ev->tier;
		s->seq = ev->seq;
		if (!slice_is(ev->why, "returned")) {
			s->stage = 0;
			snprintf(s->also, sizeof(s->also), "%.*s", SLICE_ARG(ev->agent));
		}
		break;
	case EVENT_STAGE:
		if (ev->stage <= s->stage)
			return fail(w, "oracle: a stage did not widen");
		s->stage = ev->stage;
		break;
	case EVENT_ASSIGNED:
		if (s->offers)
			return fail(w, "oracle: accepted, and somebody is offered it still");
		break;
	case EVENT_PROMOTED:
		s->tier = ev->tier;
		break;
	case EVENT_OFFERED: /* 16 */
		if (slice_is(ev->why, "consult")) {
			s->consult = ev->offer;
			break;
		}
		s->offers++;
		if (s->refused_us[agent_number(ev->agent)] &&
			ev->at_us < s->refused_us[agent_number(ev->agent)] +
					    w->config->decline_cooldown_s * S_US)
			return fail(w, "oracle: offered again to who has just declined it");
		break;
	case EVENT_OFFER_ENDED:
		if (id_equal(s->consult, ev->offer))
			break;
		s->offers--;
		if (ev->end == OFFER_DECLINED || ev->end == OFFER_MISSED)
			s->refused_us[agent_number(ev->agent)] = ev->at_us;
		break;
	case EVENT_RESOLVED:
		memset(s->refused_us, 0, sizeof(s->refused_us));
		s->also[0] = 0;
		s->stage = 0;
		oracle_forget(w, ev->conv.lo, (struct slice){ NULL, 0 });
		break;
	case EVENT_EXCLUSIONS_CLEARED:
		if (!oracle_cooled(w, ev))
			return fail(w, "oracle: forgiven before anybody's cooldown was over");
		memset(s->refused_us, 0, sizeof(s->refused_us));
		oracle_forget(w, ev->conv.lo, (struct slice){ NULL, 0 });
		break;
	case EVENT_EXCLUDED:
		if (ev->until_us == ev->at_us) /* transferred to the very agent who had declined */
			s->refused_us[agent_number(ev->agent)] = 0;
		oracle_forget(w, ev->conv.lo, ev->agent);
		if (w->excluded_count < 2000)
			w->excluded[w->excluded_count++] = (struct excluded){ ev->conv.lo,
				ev->until_us, agent_number(ev->agent) };
		break;
	case EVENT_DESK_UP:
		desks[agent_number(ev->agent)]++;
		break;
	case EVENT_DESK_DOWN:
		desks[agent_number(ev->agent)]--;
		break;
	case EVENT_AGENT_OFF:
		desks[agent_number(ev->agent)] = 0;
		break;
	case EVENT_CONFIGURED: /* another configuration may have fewer stages */
		for (uint64_t i = 1; i <= w->made; i++)
			w->shadow[i].stage = 0;
		break;
	case EVENT_QUEUE_CLOSED:
		oracle_overnight(w, ev->queue);
		break;
	default:
		break;
	}
	return true;
}

/* ---- running ---- */

static void fingerprint(struct world *w, const struct event *ev)
{
	struct event plain = *ev;

	w->fingerprint = w->fingerprint * 1099511628211u ^ ev->type;
	w->fingerprint = w->fingerprint * 1099511628211u ^ ev->conv.lo;
	w->fingerprint = w->fingerprint * 1099511628211u ^ ev->until_us;
	w->fingerprint = w->fingerprint * 1099511628211u ^ ev->stage;
	if (plain.agent.n)
		w->fingerprint = w->fingerprint * 1099511628211u ^ agent_number(ev->agent);
}

static bool events_equal(const struct step *a, const struct step *b)
{
	if (a->count != b->count || a->answer != b->answer)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (record_hash(&event_table, &a->events[i]) !=
			record_hash(&event_table, &b->events[i]))
			return false;
	return true;
}

static void print_command(const struct world *w, const struct command *c)
{
	struct str s = { 0 };

	record_print(&command_table, c, &s);
	printf("  %8.3f %.*s\n", (double)(w->now_us - CENTER_START_US) / 1e6,
		SLICE_ARG(str_slice(&s)));
	str_free(&s);
}

static void print_event(const struct event *ev)
{
	struct str s = { 0 };

	record_print(&event_table, ev, &s);
	printf("           -> %.*s\n", SLICE_ARG(str_slice(&s)));
	str_free(&s);
}

/* Everything that must hold of a finished step. */
static bool after_step(struct world *w, const struct step *out)
{
	struct str text = { 0 };
	struct err err = { "" };

	for (size_t i = 0; i < out->count; i++) {
		const struct event *ev = &out->events[i];

		if (w->print)
			print_event(ev);
		fingerprint(w, ev);
		if (ev->type == EVENT_OFFERED && !oracle_offer(w, w->replica, ev))
			return false;
		if (!oracle_event(w, ev))
			return false;
		if (engine_apply(w->replica, ev, &err))
			return fail(w, err.text);
		w->replica_us = ev->at_us;
	}
	if (engine_check(w->e, &text)) {
		fail(w, text.p);
		str_free(&text);
		return false;
	}
	str_free(&text);
	if (engine_hash(w->e) != engine_hash(w->replica))
		return fail(w, "replay: another state than the original");
	return oracle_after(w);
}

static bool repeatable(uint32_t type)
{
	return type == COMMAND_ACCEPT || type == COMMAND_DECLINE || type == COMMAND_DESK_UP ||
	       type == COMMAND_DESK_DOWN || type == COMMAND_PRESENCE || type == COMMAND_VISIT ||
	       type == COMMAND_WRAPUP_DONE || type == COMMAND_QUEUE || type == COMMAND_USER_OFF ||
	       type == COMMAND_NODE_UP || type == COMMAND_TICK || type == COMMAND_CONSULT;
}

static bool repeat(struct world *w, const struct command *c)
{
	uint64_t before = engine_hash(w->e);
	struct step out;

	engine_step(w->e, c, w->now_us, &out);
	if (out.count || engine_hash(w->e) != before)
		return fail(w, "a repeated command changed something");
	return true;
}

/* Save and load: equal; from then on the loaded ones are the replica and the twin. */
static bool reload(struct world *w)
{
	struct str bytes = { 0 };
	struct err err = { "" };
	uint64_t hash = engine_hash(w->e);

	engine_save(w->e, &bytes);
	engine_free(&w->replica);
	engine_free(&w->twin);
	w->replica = engine_load(w->config, str_slice(&bytes), &err);
	w->twin = engine_load(w->config, str_slice(&bytes), &err);
	str_free(&bytes);
	if (!w->replica || !w->twin)
		return fail(w, err.text);
	return engine_hash(w->replica) == hash || fail(w, "loaded: another state than saved");
}

static bool run_op(struct world *w, const struct op *op, bool deep)
{
	struct step out, twin;

	w->now_us += op->wait_us;
	struct command c = op_command(w, op);
	struct conv_view v;
	bool late = (c.type == COMMAND_ACCEPT || c.type == COMMAND_DECLINE) &&
		    !engine_offer(w->e, c.offer, &v);

	if (!c.type)
		return true;
	if (w->print)
		print_command(w, &c);
	if (op->kind == OP_CONFIGURE) {
		w->config = w->configs[op->a % CONFIGS];
		engine_configure(w->e, w->config, w->now_us, &out);
		/* A replica is told the configuration as a router would tell it: from a snapshot. */
		for (size_t i = 0; i < out.count; i++) {
			fingerprint(w, &out.events[i]);
			if (w->print)
				print_event(&out.events[i]);
			oracle_event(w, &out.events[i]);
		}
		return reload(w) && after_step(w, &(struct step){ .answer = ANSWER_OK });
	}
	engine_step(w->e, &c, w->now_us, &out);
	if (out.answer == ANSWER_NONE || !out.why)
		return fail(w, "no answer");
	if (late && out.answer == ANSWER_OK)
		return fail(w, "a late command was taken for a timely one");
	if (w->twin) {
		engine_step(w->twin, &c, w->now_us, &twin);
		if (!events_equal(&out, &twin)) {
			for (size_t i = 0; w->print && i < out.count; i++)
				print_event(&out.events[i]);
			for (size_t i = 0; w->print && i < twin.count; i++)
				print_event(&twin.events[i]);
			return fail(w, "an engine from a snapshot decides otherwise");
		}
	}
	if (!after_step(w, &out))
		return false;
	if (deep && repeatable(c.type) && !repeat(w, &c))
		return false;
	if (deep && op->c % 16 == 0)
		return reload(w);
	return true;
}

static void variant_limits(struct config *c, bool odd)
{
	struct queue *support = &c->queues[0], *cards = &c->queues[1];

	support->length_max = odd ? 3 : 6;
	support->full_text = SLICE("nobody is free");
	support->wait_max_s = odd ? 40 : 0;
	cards->length_max = 2;
	cards->overflow = odd ? SLICE("support") : SLICE("desk");
	cards->wait_max_s = odd ? 15 : 90;
}

/* The n-th configuration of this run: each feature by a bit, in one of two forms. */
static struct config *config_variant(uint32_t n)
{
	uint64_t bits = variants >> (n * VARIANTS);
	struct config *c = center_new();
	bool odd = n % 2;

	c->hash = 7 + n;
	if (bits >> VARIANT_HOLD & 1) {
		c->segments[odd ? 0 : 1].hold_back = odd ? 2 : 1;
		c->hold_max_s = odd ? 20 : 45;
		if (odd)
			c->hold_pool = center_skills(c->arena, "ru=50", &c->hold_pool_count);
	}
	if (bits >> VARIANT_RATES & 1) {
		c->segments[0].rate = odd ? 2 : 3;
		c->segments[1].rate = odd ? 5 : 1;
	}
	if (bits >> VARIANT_TIERS & 1) {
		c->segments[odd ? 0 : 1].tier = odd ? 2 : 1;
		c->segments[odd ? 0 : 1].promote_s = odd ? 10 : 200;
	}
	if (bits >> VARIANT_LIMITS & 1)
		variant_limits(c, odd);
	if (bits >> VARIANT_SHARE & 1) {
		c->queues[odd ? 0 : 3].agent_max = 1;
		c->kinds[odd].max = 2; /* before the units are used up */
	}
	if (bits >> VARIANT_INTERRUPTS & 1) {
		static struct slice chat = SLICE_INIT("chat");

		c->kinds[0].interrupted_by = &chat;
		c->kinds[0].interrupted_by_count = 1;
	}
	if (bits >> VARIANT_AUTO & 1)
		c->queues[odd ? 2 : 1].auto_accept = true;
	if ((bits >> VARIANT_OFFERS & 1) && !(bits >> VARIANT_AUTO & 1)) {
		c->queues[0].offers = odd ? 2 : 3;
		c->queues[2].offers = 8;
	}
	if (bits >> VARIANT_OTHER & 1) {
		center_stage(c, &c->queues[0], 60, "");
		c->queue_count = 3;
	}
	return c;
}

/* 14: everything is ended by hand, in whatever state it is, and closed by time: nothing is left, anywhere. */
static bool run_ends(struct world *w)
{
	struct op hire = { .kind = OP_USER, .a = 0, .c = 1 };
	struct conv_view v;
	struct pick none = { .at = UINT32_MAX };

	engine_free(&w->twin);
	bool good = run_op(w, &hire, false);

	for (uint32_t n = 0; good && n < 2 * CONVS && pick(w, CONV_NONE, 0, &v); n++) {
		struct command c = { .type = v.state == CONV_WRAPUP ? COMMAND_WRAPUP_DONE
								    : COMMAND_RESOLVE,
			.agent = agent_name(w, 0),
			.conv = v.conv,
			.at_us = w->now_us };
		struct step out;

		if (v.state == CONV_RESOLVED)
			break;
		engine_step(w->e, &c, w->now_us, &out);
		good = out.answer == ANSWER_OK ? after_step(w, &out)
					       : fail(w, "at the end: it cannot be ended");
	}
	for (uint32_t i = 0; good && i < 4; i++) {
		struct op tick = { .kind = OP_TICK, .wait_us = 90000 * S_US };

		good = run_op(w, &tick, false);
	}
	engine_each_conv(w->e, CONV_NONE, pick_fn, &none);
	return good && (none.count == 0 || fail(w, "at the end: something is left"));
}

static bool run(const struct op *ops, size_t count, const char *prefix, const char *skills,
	const char *unused, bool deep, bool print, struct world *w)
{
	bool good = true;

	*w = (struct world){ .now_us = CENTER_START_US + 6 * 3600 * S_US,
		.prefix = prefix,
		.skills = skills,
		.unused = unused,
		.print = print };
	memset(desks, 0, sizeof(desks));
	for (uint32_t i = 0; i < CONFIGS; i++)
		config_named(w, w->configs[i] = config_variant(i));
	w->config = w->configs[0];
	w->e = engine_new(w->config);
	engine_oracle(w->e, true);
	w->replica = engine_new(w->config);
	for (uint32_t i = 0; good && i < AGENTS; i++) {
		struct op hire = { .kind = OP_USER, .a = i, .b = i, .c = 1 };

		good = run_op(w, &hire, false);
	}
	for (size_t i = 0; good && i < count; i++)
		good = run_op(w, &ops[i], deep);
	good = good && run_ends(w);
	engine_free(&w->e);
	engine_free(&w->replica);
	engine_free(&w->twin);
	for (uint32_t i = 0; i < CONFIGS; i++)
		center_free(w->configs[i]);
	arena_free(&w->arena);
	return good;
}

/* Leaves out as many operations as it can, in ever smaller runs. */
static size_t shrink(struct op *ops, size_t count, struct world *w)
{
	struct op *less = calloc(count + 1, sizeof(*less));

	for (size_t len = count / 2; len > 0; len /= 2) {
		for (size_t at = 0; at + len <= count;) {
			memcpy(less, ops, at * sizeof(*ops));
			memcpy(less + at, ops + at + len, (count - at - len) * sizeof(*ops));
			if (!run(less, count - len, "ag", "", "", true, false, w)) {
				memcpy(ops, less, (count - len) * sizeof(*ops));
				count -= len;
			} else {
				at += len;
			}
		}
	}
	free(less);
	return count;
}

static bool seed_holds(uint64_t seed, size_t steps, bool print)
{
	static struct op ops[STEPS_MAX];
	static struct world w;
	struct rng r = { seed * 0x2545f4914f6cdd1du };

	variants = rng_next(&r) & rng_next(&(struct rng){ seed ^ 0xabcdef });
	for (size_t i = 0; i < steps; i++)
		ops[i] = op_random(&r);
	if (!run(ops, steps, "ag", "", "", true, print, &w)) {
		char why[sizeof(w.why)];

		snprintf(why, sizeof(why), "%s", w.why);
		size_t few = shrink(ops, steps, &w);

		printf("seed %llu fails: %s\n  shrunk to %zu commands: %s\n",
			(unsigned long long)seed, why, few, w.why);
		run(ops, few, "ag", "", "", true, true, &w);
		return false;
	}
	if (seed % 4)
		return true;
	uint64_t fingerprint_plain = w.fingerprint;

	/* Another name in the same order, and a skill that nobody asks, change no decision. */
	if (!run(ops, steps, "some-other-name-", "", "", false, false, &w) ||
		w.fingerprint != fingerprint_plain) {
		printf("seed %llu: renaming agents changed decisions\n", (unsigned long long)seed);
		return false;
	}
	if (!run(ops, steps, "ag", "skill-", "", false, false, &w) ||
		w.fingerprint != fingerprint_plain) {
		printf("seed %llu: renaming skills changed decisions\n", (unsigned long long)seed);
		return false;
	}
	if (!run(ops, steps, "ag", "", "unused=5", false, false, &w) ||
		w.fingerprint != fingerprint_plain) {
		printf("seed %llu: an unused skill changed decisions\n", (unsigned long long)seed);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	uint64_t seeds = 200, seed = 0, failed = 0;
	size_t steps = 300;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seeds"))
			seeds = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--steps"))
			steps = strtoull(argv[i + 1], NULL, 10);
	}
	if (steps > STEPS_MAX)
		steps = STEPS_MAX;
	if (seed)
		return seed_holds(seed, steps, true) ? 0 : 1;
	for (uint64_t s = 1; s <= seeds && failed < 3; s++)
		failed += !seed_holds(s, steps, false);
	printf("%s random: %llu seeds of %zu commands\n", failed ? "not ok" : "ok",
		(unsigned long long)seeds, steps);
	return failed ? 1 : 0;
}
