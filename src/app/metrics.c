/*
 * Numbers for machines, from the same readings that people see. Labels are names of the configuration only, so that
 * no stranger can make series. Called by admin.c.
 */
#include "app/metrics.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "store/blob.h"
#include "store/picture.h"

struct metric_row {
	const char *name, *type, *labels, *help;
};
#define METRIC_ROW(id, name, type, labels, help, write) { "usher_" name, type, labels, help },
static const struct metric_row rows[] = { METRICS(METRIC_ROW) };

struct scrape {
	struct node *n;
	const struct engine *e;
	struct str *out;
	enum metric m;
	struct router_counts counts;
	size_t presences[PRESENCE_COUNT];
};

/* One label's value; quotes and backslashes cannot be in names. */
static void label(struct scrape *s, const char *name, struct slice value, bool first)
{
	str_addf(s->out, "%s%s=", first ? "{" : ",", name);
	str_add_json(s->out, value);
}

static void name_only(struct scrape *s)
{
	str_add_text(s->out, rows[s->m].name);
}

static void value(struct scrape *s, uint64_t v)
{
	str_addf(s->out, " %llu\n", (unsigned long long)v);
}

static void plain(struct scrape *s, uint64_t v)
{
	name_only(s);
	value(s, v);
}

static void seconds(struct scrape *s, uint64_t us)
{
	enum { SECOND_US = 1000000 };

	str_addf(s->out, " %llu.%06llu\n", (unsigned long long)(us / SECOND_US),
		(unsigned long long)(us % SECOND_US));
}

static void one(struct scrape *s, const char *name, struct slice v, uint64_t n)
{
	name_only(s);
	label(s, name, v, true);
	str_add_char(s->out, '}');
	value(s, n);
}

static void two(struct scrape *s, const char *name, struct slice v, const char *second,
	const char *word, uint64_t n)
{
	name_only(s);
	label(s, name, v, true);
	label(s, second, slice_of(word), false);
	str_add_char(s->out, '}');
	value(s, n);
}

static void longest(struct scrape *s, const struct queue_view *v)
{
	uint64_t now = loop_wall_us(s->n->loop);

	if (!v->longest_us)
		return;
	name_only(s);
	label(s, "queue", v->queue, true);
	str_add_char(s->out, '}');
	seconds(s, now > v->longest_us ? now - v->longest_us : 0);
}

/* within / (answered + abandoned); the segment's label when there is one. */
static void level_ratio(struct scrape *s, struct slice queue, const struct slice *segment,
	const struct level_view levels[LEVEL_COUNT])
{
	enum { PARTS = 10000 };

	for (uint32_t i = 0; i < LEVEL_COUNT; i++) {
		uint64_t all = levels[i].answered + levels[i].abandoned;

		if (!all)
			continue;
		uint64_t parts = levels[i].within * PARTS / all;

		name_only(s);
		label(s, "queue", queue, true);
		if (segment)
			label(s, "segment", *segment, false);
		label(s, "window", slice_of(level_words[i]), false);
		str_addf(s->out, "} %llu.%04llu\n", (unsigned long long)(parts / PARTS),
			(unsigned long long)(parts % PARTS));
	}
}

struct level_scrape {
	struct scrape *s;
	struct slice queue;
};

static bool on_segment(struct slice segment, const struct level_view levels[LEVEL_COUNT], void *arg)
{
	const struct level_scrape *l = arg;

	level_ratio(l->s, l->queue, &segment, levels);
	return true;
}

static bool on_level(const struct queue_view *v, void *arg)
{
	struct scrape *s = arg;
	struct level_view levels[LEVEL_COUNT];
	uint64_t now_us = loop_wall_us(s->n->loop);
	uint64_t today_us = config_today(s->n->config, now_us);

	if (s->m == METRIC_LEVEL_SEGMENT)
		engine_each_level(s->e, v->queue, now_us, today_us, on_segment,
			&(struct level_scrape){ s, v->queue });
	else if (engine_levels(s->e, v->queue, now_us, today_us, levels))
		level_ratio(s, v->queue, NULL, levels);
	return true;
}

static void one_label(struct scrape *s, struct slice queue)
{
	name_only(s);
	label(s, "queue", queue, true);
}

static void milliseconds(struct scrape *s, uint64_t ms)
{
	str_addf(s->out, "} %llu.%03llu\n", (unsigned long long)(ms / 1000),
		(unsigned long long)(ms % 1000));
}

static bool on_wait(const struct queue_view *v, void *arg)
{
	struct scrape *s = arg;
	struct wait_stats w;

	if (!engine_wait_stats(s->e, v->queue, &w))
		return true;
	one_label(s, v->queue);
	if (s->m == METRIC_WAIT) {
		label(s, "quantile", SLICE("0.5"), false);
		milliseconds(s, w.p50_ms);
		one_label(s, v->queue);
		label(s, "quantile", SLICE("0.9"), false);
		milliseconds(s, w.p90_ms);
	} else if (s->m == METRIC_WAIT_BIAS) {
		uint64_t off = (uint64_t)(w.bias_ms < 0 ? -w.bias_ms : w.bias_ms);

		str_addf(s->out, "} %s%llu.%03llu\n", w.bias_ms < 0 ? "-" : "",
			(unsigned long long)(off / 1000), (unsigned long long)(off % 1000));
	} else {
		str_addf(s->out, "} %llu.%06llu\n", (unsigned long long)(w.mse_ms2 / 1000000),
			(unsigned long long)(w.mse_ms2 % 1000000));
	}
	return true;
}

static bool on_queue(const struct queue_view *v, void *arg)
{
	struct scrape *s = arg;

	if (s->m == METRIC_CONVERSATIONS) {
		two(s, "queue", v->queue, "state", "waiting", v->waiting);
		two(s, "queue", v->queue, "state", "offered", v->offered);
		two(s, "queue", v->queue, "state", "active", v->active);
		two(s, "queue", v->queue, "state", "parked", v->parked);
	} else if (s->m == METRIC_LONGEST) {
		longest(s, v);
	} else if (s->m == METRIC_OPEN) {
		one(s, "queue", v->queue, v->open && !v->paused);
	} else if (s->m == METRIC_ANSWERED) {
		one(s, "queue", v->queue, v->answered);
	} else if (s->m == METRIC_WITHIN) {
		one(s, "queue", v->queue, v->answered_within);
	} else {
		one(s, "queue", v->queue, v->abandoned);
	}
	return true;
}

static void on_channel(void *arg, const struct channel_status *c)
{
	struct scrape *s = arg;

	if (s->m == METRIC_SEEN) {
		one(s, "channel", c->name, c->seen);
	} else if (s->m == METRIC_INTAKE) {
		two(s, "channel", c->name, "outcome", "accepted", c->accepted);
		two(s, "channel", c->name, "outcome", "refused", c->refused);
		two(s, "channel", c->name, "outcome", "quarantined", c->quarantined);
	} else if (s->m == METRIC_SENDS) {
		two(s, "channel", c->name, "outcome", "sent", c->sent);
		two(s, "channel", c->name, "outcome", "failed", c->failed);
		two(s, "channel", c->name, "outcome", "retried", c->retried);
	} else if (s->m == METRIC_OUTBOX) {
		one(s, "channel", c->name, c->outbox);
	} else if (s->m == METRIC_PLUGIN) {
		two(s, "channel", c->name, "what", "slow", c->slow);
		two(s, "channel", c->name, "what", "wrong", c->wrong);
	} else {
		char plugin[80];
		snprintf(plugin, sizeof(plugin), "%.*s", SLICE_ARG(c->plugin));
		two(s, "channel", c->name, "plugin", plugin, c->up);
	}
}

static bool on_agent(const struct agent_view *v, void *arg)
{
	struct scrape *s = arg;

	if (v->online)
		s->presences[v->presence]++;
	return true;
}

static void agents(struct scrape *s)
{
	if (!s->e)
		return;
	engine_each_agent(s->e, on_agent, s);
	for (uint32_t i = 1; i < PRESENCE_COUNT; i++)
		one(s, "presence", slice_of(presence_words[i]), s->presences[i]);
}

static uint64_t resident_bytes(void)
{
	unsigned long long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%llu %llu", &size, &resident) != 2)
			resident = 0;
		fclose(f);
	}
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void timed(struct scrape *s, uint64_t us)
{
	name_only(s);
	seconds(s, us);
}

static void queues(struct scrape *s, bool (*each)(const struct queue_view *v, void *arg))
{
	if (s->e)
		engine_each_queue(s->e, each, s);
}

static void channels(struct scrape *s)
{
	host_each(s->n->host, on_channel, s);
}

static void messages(struct scrape *s)
{
	one(s, "outcome", SLICE("accepted"), s->counts.accepted);
	one(s, "outcome", SLICE("duplicate"), s->counts.duplicate);
	one(s, "outcome", SLICE("quarantined"), s->counts.quarantined);
}

static void pictures(struct scrape *s)
{
	one(s, "outcome", SLICE("drawn"), pictures_drawn(s->n->store));
	one(s, "outcome", SLICE("failed"), pictures_failed(s->n->store));
}

static void reloads(struct scrape *s)
{
	one(s, "outcome", SLICE("done"), s->n->reloads);
	one(s, "outcome", SLICE("refused"), s->n->reloads_refused);
}

static void probes(struct scrape *s)
{
	if (s->e)
		plain(s, engine_probes(s->e));
}

static void write_one(struct scrape *s)
{
	switch (s->m) {
#define METRIC_WRITE(id, name, type, labels, help, write)                                          \
	case id:                                                                                   \
		write;                                                                             \
		break;
		METRICS(METRIC_WRITE)
#undef METRIC_WRITE
	case METRIC_COUNT:
		ASSERT(false);
	}
}

void metrics_write(struct node *n, const struct engine *e, struct str *out)
{
	struct scrape s = { .n = n, .e = e, .out = out, .counts = router_counts(n->router) };

	for (uint32_t m = 0; m < METRIC_COUNT; m++) {
		str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", rows[m].name, rows[m].help,
			rows[m].name, rows[m].type);
		s.m = m;
		write_one(&s);
	}
}

void metrics_print(struct str *out)
{
	for (uint32_t m = 0; m < METRIC_COUNT; m++)
		str_addf(out, "%s{%s} %s: %s\n", rows[m].name, rows[m].labels, rows[m].type,
			rows[m].help);
}
