/*
 * Estimated waits against what came of them: Poisson arrivals, exponential service, agents who accept at once, in
 * virtual time. Prints bias, error and how many of ten waits ended within the range that was told, at the arrival and
 * half a minute later; and holds the engine to it.
 *
 *   test_wait [--arrivals N]
 */
#include "engine/center.h"

#include <math.h>
#include <string.h>

#include "base/str.h"

enum { AGENTS_MAX = 16, TYPES_MAX = 2, AGAIN_S = 30 };

struct type {
	const char *queue, *segment;
	double per_h;
};
struct model {
	const char *name;
	struct type types[TYPES_MAX];
	size_t type_count, agents,
		both; /* the first `both` agents serve both queues, the others the second */
	double service_s;
	unsigned within_least; /* of a hundred ranges */
};

struct told {
	double arrived_s, due_s; /* due: when the range is told again; 0: it was */
	double low_s, high_s, again_low_s, again_high_s, again_at_s;
	bool known, again;
};
struct result {
	uint64_t waited, told, kept, again, again_kept;
	double width_s, error_s, error_sq, mean_s;
};
struct run {
	const struct model *m;
	struct config *config;
	struct engine *e;
	struct told *told; /* by number of conversation */
	uint64_t made;
	double now_s, next_s[TYPES_MAX];
	struct {
		bool busy;
		double until_s;
		uint64_t conv;
	} agents[AGENTS_MAX];
	struct result result;
};

static uint64_t rng_state;
static double chance(void)
{
	rng_state += 0x9e3779b97f4a7c15u;
	uint64_t x = rng_state;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return ((double)((x ^ (x >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}
static double exponential(double mean)
{
	return -log(chance()) * mean;
}

static uint64_t us_of(double s)
{
	return CENTER_START_US + (uint64_t)(s * 1e6);
}

static uint32_t agent_number(struct slice name)
{
	uint64_t n = 0;

	(void)slice_u64(slice_make(name.p + 1, name.n - 1), &n);
	return (uint32_t)n;
}

/* It has an agent now: what was told is held against what came. */
static void ends(struct run *r, uint64_t n)
{
	const struct told *t = &r->told[n];
	double wait_s = r->now_s - t->arrived_s, rest_s = r->now_s - t->again_at_s;
	struct result *out = &r->result;

	r->told[n].due_s = 0;
	if (wait_s < 0.001 || n < 500) /* at once, or while nothing was known */
		return;
	out->waited++;
	out->mean_s += wait_s;
	if (t->known) {
		out->told++;
		out->kept += wait_s >= t->low_s && wait_s <= t->high_s;
		out->width_s += t->high_s - t->low_s;
	}
	if (t->again) {
		out->again++;
		out->again_kept += rest_s >= t->again_low_s && rest_s <= t->again_high_s;
	}
}

struct taken {
	struct id offer;
	uint64_t conv;
	uint32_t agent;
};

static void give(struct run *r, struct command c);

static void take(struct run *r, struct taken t)
{
	char name[16];

	snprintf(name, sizeof(name), "a%u", (unsigned)t.agent);
	r->agents[t.agent].busy = true;
	r->agents[t.agent].until_s = r->now_s + exponential(r->m->service_s);
	r->agents[t.agent].conv = t.conv;
	ends(r, t.conv);
	give(r, (struct command){
			.type = COMMAND_ACCEPT, .agent = slice_of(name), .offer = t.offer });
}

/* One command; whatever it made the engine offer is accepted at once. */
static void give(struct run *r, struct command c)
{
	struct taken taken[4];
	size_t count = 0;
	struct step out;

	c.at_us = us_of(r->now_s);
	engine_step(r->e, &c, c.at_us, &out);
	for (size_t i = 0; i < out.count; i++) {
		const struct event *ev = &out.events[i];

		if (ev->type == EVENT_OFFERED && count < 4)
			taken[count++] =
				(struct taken){ ev->offer, ev->conv.lo, agent_number(ev->agent) };
	}
	for (size_t i = 0; i < count; i++)
		take(r, taken[i]);
}

static bool tell(struct run *r, uint64_t n, double *low_s, double *high_s)
{
	uint64_t low, high;

	if (!engine_wait(r->e, center_id(n), us_of(r->now_s), &low, &high))
		return false;
	*low_s = (double)low;
	*high_s = (double)high;
	return true;
}

static void arrives(struct run *r, const struct type *type)
{
	uint64_t n = ++r->made;
	struct told *t = &r->told[n];

	t->arrived_s = r->now_s;
	t->due_s = r->now_s + AGAIN_S;
	give(r, (struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.id = center_id(n),
			.channel = SLICE("site"),
			.kind = SLICE("callback"),
			.segment = slice_of(type->segment),
			.queue = slice_of(type->queue) });
	if (t->due_s > 0)
		t->known = tell(r, n, &t->low_s, &t->high_s);
}

static void told_again(struct run *r, uint64_t n)
{
	struct told *t = &r->told[n];

	t->due_s = 0;
	t->again_at_s = r->now_s;
	t->again = tell(r, n, &t->again_low_s, &t->again_high_s);
}

static void finishes(struct run *r, uint32_t a)
{
	char name[16];
	struct command c = { .type = COMMAND_RESOLVE, .conv = center_id(r->agents[a].conv) };

	snprintf(name, sizeof(name), "a%u", (unsigned)a);
	c.agent = slice_of(name);
	r->agents[a].busy = false;
	give(r, c);
}

static void begin(struct run *r)
{
	for (unsigned i = 0; i < r->m->agents; i++) {
		char name[16];
		struct command c = { .type = COMMAND_USER };

		snprintf(name, sizeof(name), "a%u", i);
		c.agent = c.name = slice_of(name);
		c.skills = i < r->m->both ? SLICE("ru=80 cards=80") : SLICE("cards=80");
		give(r, c);
		c = (struct command){ .type = COMMAND_DESK_UP, .agent = slice_of(name) };
		c.session = SLICE("n1:1");
		c.node = SLICE("n1");
		give(r, c);
		c = (struct command){ .type = COMMAND_PRESENCE, .agent = slice_of(name) };
		c.presence = PRESENCE_AVAILABLE;
		give(r, c);
	}
}

/* The next thing to happen: an arrival, an end of service, or a range to be told again. */
static void run_model(struct run *r, uint64_t arrivals)
{
	uint64_t first_due = 1;

	for (size_t i = 0; i < r->m->type_count; i++)
		r->next_s[i] = exponential(3600 / r->m->types[i].per_h);
	while (r->made < arrivals) {
		size_t type = 0;
		uint32_t agent = AGENTS_MAX;
		double at_s;

		for (size_t i = 1; i < r->m->type_count; i++)
			if (r->next_s[i] < r->next_s[type])
				type = i;
		at_s = r->next_s[type];
		for (uint32_t i = 0; i < r->m->agents; i++)
			if (r->agents[i].busy && r->agents[i].until_s < at_s) {
				agent = i;
				at_s = r->agents[i].until_s;
			}
		while (first_due <= r->made && r->told[first_due].due_s <= 0)
			first_due++;
		if (first_due <= r->made && r->told[first_due].due_s <= at_s) {
			r->now_s = r->told[first_due].due_s;
			told_again(r, first_due);
			continue;
		}
		r->now_s = at_s;
		if (agent < AGENTS_MAX) {
			finishes(r, agent);
			continue;
		}
		r->next_s[type] += exponential(3600 / r->m->types[type].per_h);
		arrives(r, &r->m->types[type]);
	}
}

static int report(const struct run *r, uint64_t pairs_least)
{
	const struct result *out = &r->result;
	struct wait_stats s;
	int bad = 0;
	double kept = out->told ? 100.0 * (double)out->kept / (double)out->told : 0;
	double again = out->again ? 100.0 * (double)out->again_kept / (double)out->again : 0;

	printf("%-10s %llu waited, %.1f s on average; the range held %.1f %% at first (%.0f s "
	       "wide), "
	       "%.1f %% of %llu after %d s\n",
		r->m->name, (unsigned long long)out->waited, out->mean_s / (double)out->waited,
		kept, out->width_s / (double)out->told, again, (unsigned long long)out->again,
		AGAIN_S);
	for (size_t i = 0; i < r->m->type_count; i++) {
		if (i && strcmp(r->m->types[i].queue, r->m->types[0].queue) == 0)
			continue;
		if (!engine_wait_stats(r->e, slice_of(r->m->types[i].queue), &s)) {
			printf("  %s: no figures\n", r->m->types[i].queue);
			bad = 1;
			continue;
		}
		printf("  %s: last 128 of %llu: p50 %.1f s, p90 %.1f s, bias %+.1f s, root of the "
		       "mean "
		       "square %.1f s\n",
			r->m->types[i].queue, (unsigned long long)s.pairs, (double)s.p50_ms / 1000,
			(double)s.p90_ms / 1000, (double)s.bias_ms / 1000,
			sqrt((double)s.mse_ms2) / 1000);
		bad = bad || s.pairs < pairs_least;
	}
	if (kept < r->m->within_least || again < r->m->within_least) {
		printf("not ok %s: fewer than %u of a hundred within the range\n", r->m->name,
			r->m->within_least);
		bad = 1;
	}
	return bad;
}

static const struct model models[] = {
	{ "calm", { { "cards", "mass", 120 } }, 1, 10, 0, 240, 70 },
	{ "busy", { { "cards", "mass", 142 } }, 1, 10, 0, 240, 70 },
	{ "segments", { { "cards", "premier", 40 }, { "cards", "mass", 100 } }, 2, 10, 0, 240, 70 },
	{ "shared", { { "support", "mass", 50 }, { "cards", "mass", 85 } }, 2, 10, 4, 240, 70 },
};

int main(int argc, char **argv)
{
	uint64_t arrivals = 20000;
	int bad = 0;

	if (argc == 3 && strcmp(argv[1], "--arrivals") == 0)
		arrivals = strtoull(argv[2], NULL, 10);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct run r = { .m = &models[i], .config = center_new() };

		rng_state = 1;
		/* no stages: the wait is for an agent, not for what is asked */
		r.config->queues[0].stage_count = r.config->queues[1].stage_count = 1;
		r.config->queues[0].wrapup_s = r.config->queues[0].answer_s = 0;
		r.config->queues[0].close_s = r.config->queues[1].close_s = 1;
		r.config->queues[1].stages[0].need = r.config->queues[1].prefer = NULL;
		r.config->queues[1].stages[0].need_count = r.config->queues[1].prefer_count = 0;
		r.e = engine_new(r.config);
		r.told = calloc(arrivals + 2, sizeof(*r.told));
		begin(&r);
		run_model(&r, arrivals);
		bad = report(&r, arrivals / 20) || bad;
		engine_free(&r.e);
		free(r.told);
		center_free(r.config);
	}
	printf("%s wait\n", bad ? "not ok" : "ok");
	return bad;
}
