/*
 * What usherctl status, the supervisor's page and a person want to know first. Called by node.c and verbs.c.
 */
#include "app/node.h"

struct totals {
	struct str *out;
	struct host *host;
	size_t waiting, active, online;
	struct channel_status sum;
	bool some;
};

static bool on_queue(const struct queue_view *v, void *arg)
{
	struct totals *t = arg;

	t->waiting += v->waiting + v->offered + v->parked;
	t->active += v->active;
	return true;
}

static bool on_agent(const struct agent_view *v, void *arg)
{
	((struct totals *)arg)->online += v->online;
	return true;
}

static void on_channel(void *arg, const struct channel_status *c)
{
	struct totals *t = arg;

	t->sum.seen += c->seen;
	t->sum.accepted += c->accepted;
	t->sum.duplicate += c->duplicate;
	t->sum.quarantined += c->quarantined;
	t->sum.refused += c->refused + c->retried_in; /* for ever, and for now */
	str_addf(t->out, "%s{\"name\":", t->some ? "," : "");
	str_add_json(t->out, c->name);
	str_add_text(t->out, ",\"plugin\":");
	str_add_json(t->out, c->plugin);
	str_addf(t->out, ",\"up\":%s,\"why\":", c->up ? "true" : "false");
	str_add_json(t->out, slice_of(c->why ? c->why : ""));
	struct slice health = host_health(t->host, c->name);
	str_addf(t->out, ",\"outbox\":%zu,\"slow\":%llu,\"wrong\":%llu", c->outbox,
		(unsigned long long)c->slow, (unsigned long long)c->wrong);
	if (health.n)
		str_addf(t->out, ",\"health\":%.*s", SLICE_ARG(health));
	str_add_char(t->out, '}');
	t->some = true;
}

/* A channel counts what it saw and what became of it, so that seen = the sum of the others once nothing is under way. Only the
 * router knows of repeats that came after the host had forgotten the first; it sees all of them. */
static void late_repeats(struct totals *t, uint64_t repeats)
{
	uint64_t late = repeats > t->sum.duplicate ? repeats - t->sum.duplicate : 0;
	uint64_t n = late < t->sum.accepted ? late : t->sum.accepted;

	t->sum.accepted -= n;
	t->sum.duplicate += n;
}

void status_json(struct node *n, const struct engine *e, struct str *out)
{
	struct totals t = { .out = out, .host = n->host };
	struct router_counts c = router_counts(n->router);

	if (e) {
		engine_each_queue(e, on_queue, &t);
		engine_each_agent(e, on_agent, &t);
	}
	str_addf(out, "{\"version\":\"%s\",\"uptime_s\":%llu,\"durability\":\"%s\",\"leader\":%s",
		USHER_VERSION,
		(unsigned long long)((loop_monotonic_us(n->loop) - n->started_us) / 1000000),
		store_durability(n->store), e ? "true" : "false");
	str_add_text(out, ",\"why\":");
	str_add_json(out, slice_of(n->why));
	str_add_text(out, ",\"overload\":");
	strain_json(&n->strain, out);
	str_addf(out, ",\"waiting\":%zu,\"active\":%zu,\"agents_online\":%zu,\"channels\":[",
		t.waiting, t.active, t.online);
	host_each(n->host, on_channel, &t);
	late_repeats(&t, c.duplicate);
	str_addf(out,
		"],\"intake\":{\"seen\":%llu,\"accepted\":%llu,\"duplicate\":%llu,"
		"\"quarantined\":%llu,\"refused\":%llu},\"journal\":%llu,\"inbox\":%zu}",
		(unsigned long long)t.sum.seen, (unsigned long long)t.sum.accepted,
		(unsigned long long)t.sum.duplicate, (unsigned long long)t.sum.quarantined,
		(unsigned long long)t.sum.refused, (unsigned long long)c.journal_n,
		inbox_length(n->store));
}
