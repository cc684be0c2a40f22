/*
 * What several keys must say together: costs that fit, rates, tiers that end, overflows that lead somewhere, segments that can be reached.
 * Reports each with its place; never changes but a default that is another key's value. Called by config.c.
 */
#include "app/cross.h"

#include "model/limits.h"

static void check_kinds(struct loader *l, const struct tree *root)
{
	struct config *c = l->config;

	for (size_t i = 0; i < c->kind_count; i++) {
		struct kind *k = &c->kinds[i];
		const struct tree *at = tree_named(root, "kinds", k->name, "cost");
		if (!tree_named(root, "kinds", k->name, "cost_pending"))
			k->cost_pending = k->cost;
		if (k->cost > c->units)
			problem_at(&l->problems, at->line, at->col,
				"cost in kind '%.*s': %u is more than the %u units of an agent "
				"(desk.units)",
				SLICE_ARG(k->name), k->cost, c->units);
	}
}

static const struct tree *value_at(
	const struct tree *root, const char *section, struct slice name, const char *key)
{
	const struct tree *at = tree_named(root, section, name, key);

	return at ? at : tree_named(root, section, name, NULL);
}

static void check_interrupts(struct loader *l, const struct tree *root)
{
	const struct config *c = l->config;

	for (size_t i = 0; i < c->kind_count; i++) {
		const struct kind *k = &c->kinds[i];
		const struct tree *at = value_at(root, "kinds", k->name, "interrupted_by");

		for (size_t j = 0; j < k->interrupted_by_count; j++) {
			struct slice by = k->interrupted_by[j];

			if (slice_equal(by, k->name))
				problem_at(&l->problems, at->line, at->col,
					"interrupted_by of kind '%.*s' names the kind itself: "
					"raise its max or lower its cost instead",
					SLICE_ARG(k->name));
			else if (!config_kind(c, by))
				problem_at(&l->problems, at->line, at->col,
					"interrupted_by of kind '%.*s': there is no kind '%.*s'",
					SLICE_ARG(k->name), SLICE_ARG(by));
		}
	}
}

/* Whoever overflows gets somewhere in the end: the chain of overflows from `q` has an end. */
static bool overflow_ends(const struct config *c, const struct queue *q)
{
	for (size_t steps = 0; q && q->overflow.n; steps++) {
		if (steps > c->queue_count)
			return false;
		q = config_queue(c, q->overflow);
	}
	return true;
}

static void check_overflow(struct loader *l, const struct tree *root, const struct queue *q)
{
	const struct config *c = l->config;
	const struct tree *at = value_at(root, "queues", q->name, "overflow");

	if (q->overflow.n && !config_queue(c, q->overflow))
		problem_at(&l->problems, at->line, at->col,
			"overflow of queue '%.*s': there is no queue '%.*s'", SLICE_ARG(q->name),
			SLICE_ARG(q->overflow));
	else if (!overflow_ends(c, q))
		problem_at(&l->problems, at->line, at->col,
			"overflow of queue '%.*s' leads in a circle: nobody would ever get "
			"anywhere",
			SLICE_ARG(q->name));
	if ((q->overflow.n || q->full_text.n) && !q->length_max && !q->wait_max_s)
		problem_at(&l->problems, at->line, at->col,
			"queue '%.*s' has %s but neither length nor max_wait: say when",
			SLICE_ARG(q->name), q->overflow.n ? "overflow" : "full");
	at = value_at(root, "queues", q->name, q->length_max ? "length" : "max_wait");
	if ((q->length_max || q->wait_max_s) && !q->overflow.n && !q->full_text.n)
		problem_at(&l->problems, at->line, at->col,
			"queue '%.*s' has %s but neither overflow (a queue) nor full (a text): say "
			"what becomes of them",
			SLICE_ARG(q->name), q->length_max ? "length" : "max_wait");
}

static void check_queues(struct loader *l, const struct tree *root)
{
	const struct config *c = l->config;

	for (size_t i = 0; i < c->queue_count; i++) {
		const struct queue *q = &c->queues[i];
		const struct tree *at = value_at(root, "queues", q->name, "auto_accept");

		check_overflow(l, root, q);
		if (q->auto_accept && q->offers > 1)
			problem_at(&l->problems, at->line, at->col,
				"queue '%.*s' has auto_accept and offers %u: what is accepted at "
				"once is offered to one",
				SLICE_ARG(q->name), q->offers);
	}
}

/* Nobody starves: who waits behind others does so for a time that is written. */
static void check_tiers(struct loader *l, const struct tree *root)
{
	const struct config *c = l->config;

	for (size_t i = 0; i < c->segment_count; i++) {
		const struct segment *s = &c->segments[i];
		const struct tree *at =
			value_at(root, "segments", s->name, s->tier ? "tier" : "promote");

		if (s->tier && !s->promote_s)
			problem_at(&l->problems, at->line, at->col,
				"segment '%.*s' is of tier %u and would wait for as long as others "
				"come: say after how long it is promoted (promote: 10m)",
				SLICE_ARG(s->name), s->tier);
		if (!s->tier && s->promote_s)
			problem_at(&l->problems, at->line, at->col,
				"segment '%.*s' has promote but no tier: it is in the first one "
				"already",
				SLICE_ARG(s->name));
	}
}

/* Each rate is a lane of the engine; who is of no segment has rate 1. */
static void check_rates(struct loader *l, const struct tree *root)
{
	const struct config *c = l->config;
	uint32_t seen[LANES_MAX] = { 1 };
	size_t count = 1, k;

	for (size_t i = 0; i < c->segment_count; i++) {
		const struct segment *s = &c->segments[i];

		for (k = 0; k < count && seen[k] != s->rate; k++)
			;
		if (k < count)
			continue;
		if (count == LANES_MAX) {
			const struct tree *at = tree_named(root, "segments", s->name, "rate");
			problem_at(&l->problems, at->line, at->col,
				"rate of segment '%.*s' is one too many: at most %d different, 1 "
				"among them",
				SLICE_ARG(s->name), LANES_MAX);
			return;
		}
		seen[count++] = s->rate;
	}
}

/* Somebody must be entitled to the agents whom the others leave free. */
static void check_hold(struct loader *l, const struct tree *root)
{
	const struct config *c = l->config;
	const struct segment *least = NULL;

	for (size_t i = 0; i < c->segment_count; i++)
		if (!least || c->segments[i].hold_back < least->hold_back)
			least = &c->segments[i];
	if (!least || !least->hold_back || !segment_is_open(&c->segments[c->segment_count - 1]))
		return;
	const struct tree *at = tree_named(root, "segments", least->name, "hold_back");

	problem_at(&l->problems, at->line, at->col,
		"hold_back of segment '%.*s': every segment leaves %u free agents or more to "
		"others, "
		"so they would serve nobody; one segment must have 0",
		SLICE_ARG(least->name), least->hold_back);
}

/* Who is mailed what he has not seen was at the other end, and a mailbox can write to him. */
static void check_away(struct loader *l, const struct tree *root)
{
	const struct config *c = l->config;
	char hint[128];

	for (size_t i = 0; i < c->channel_count; i++) {
		const struct channel *ch = &c->channels[i];
		const struct channel *by = config_channel(c, ch->away_mailbox);
		const struct tree *map = tree_named(root, "channels", ch->name, "away_mail");
		const struct tree *at = map ? tree_get(map, "mailbox") : NULL;
		struct suggest near = suggest_for(ch->away_mailbox);

		if (!map || !ch->kind)
			continue;
		at = at ? at : map;
		for (size_t k = 0; k < c->channel_count; k++)
			suggest_add(&near, c->channels[k].name);
		if (!ch->kind->live)
			problem_at(&l->problems, map->line, map->col,
				"away_mail of channel '%.*s': its kind '%.*s' is not live, so "
				"answers are sent anyway",
				SLICE_ARG(ch->name), SLICE_ARG(ch->kind->name));
		else if (!ch->away_mailbox.n)
			problem_at(&l->problems, at->line, at->col,
				"away_mail of channel '%.*s' names no mailbox: say which channel "
				"sends them (mailbox: NAME)",
				SLICE_ARG(ch->name));
		else if (!by)
			problem_at(&l->problems, at->line, at->col,
				"mailbox in away_mail of channel '%.*s': there is no channel "
				"'%.*s'%s",
				SLICE_ARG(ch->name), SLICE_ARG(ch->away_mailbox),
				suggest_text(&near, hint));
		else if (by->kind && by->kind->live)
			problem_at(&l->problems, at->line, at->col,
				"mailbox in away_mail of channel '%.*s': '%.*s' is live, too, and "
				"reaches nobody who left",
				SLICE_ARG(ch->name), SLICE_ARG(by->name));
	}
}

static void check_rest(struct loader *l, const struct tree *root)
{
	const struct config *c = l->config;

	if (c->tls_cert.n && !c->tls_key.n) {
		const struct tree *at = tree_get(root, "tls");
		problem_at(&l->problems, at->line, at->col, "tls has a cert but no key");
	}
	if (!c->queue_count)
		problem_at(&l->problems, root->line, root->col, "queues: at least one is needed");
	for (size_t i = 0; i + 1 < c->segment_count; i++) {
		const struct segment *s = &c->segments[i];
		const struct tree *at = tree_named(root, "segments", s->name, NULL);
		if (segment_is_open(s))
			problem_at(&l->problems, at->line, at->col,
				"segment '%.*s' matches everybody, so those after it match nobody: "
				"put it last",
				SLICE_ARG(s->name));
	}
	check_rates(l, root);
	check_tiers(l, root);
	check_hold(l, root);
	check_queues(l, root);
	check_interrupts(l, root);
	check_away(l, root);
}

void cross_check(struct loader *l, const struct tree *root)
{
	check_kinds(l, root);
	check_rest(l, root);
}
