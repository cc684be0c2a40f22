/*
 * Two laws that hold exactly for every order in which nobody waits while an agent idles (invariants 19 and 20): the time that
 * all together waited is the sum over those who waited (Little), and how many wait at any moment is the same, whoever is first.
 *
 * One skill, equal agents, the same arrivals; the n-th to be served takes the n-th time of service, whoever it is. So not only the means
 * but the whole course must agree, to the microsecond.
 */
#include "engine/center.h"

#include <string.h>

#include "base/str.h"

enum { PEOPLE = 5, ARRIVALS = 600 };

static int failures;

static void check(bool holds, const char *name, const char *what)
{
	if (holds)
		return;
	printf("not ok orders/%s: %s\n", name, what);
	failures++;
}

static uint64_t rng_state;
static uint64_t rng(void)
{
	uint64_t x = rng_state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

struct day {
	uint64_t arrival_us[ARRIVALS], service_us[ARRIVALS];
	bool premier[ARRIVALS];
};

static void day_make(struct day *d, uint64_t seed)
{
	uint64_t at_us = CENTER_START_US + 3600 * S_US;

	rng_state = seed;
	for (size_t i = 0; i < ARRIVALS; i++) {
		at_us += rng() % (20 * S_US) + 1;
		d->arrival_us[i] = at_us;
		d->service_us[i] = 1 + rng() % (100 * S_US);
		d->premier[i] = rng() % 3 == 0;
	}
}

struct course {
	uint64_t waiting;  /* a hash of when how many waited */
	uint64_t order;	   /* ... of who was served after whom */
	uint64_t area_us;  /* waiting people × time */
	uint64_t waits_us; /* sum of the waits */
};

struct shift {
	struct engine *e;
	const struct day *day;
	const char *name;
	struct course c;
	uint64_t now_us;
	uint64_t end_us[PEOPLE]; /* of what each is at; 0: idle */
	uint64_t at[PEOPLE];
	size_t waiting, arrived, started;
};

static void shift_step(struct shift *s, struct command c)
{
	struct step out;
	struct queue_view q;

	c.at_us = s->now_us;
	engine_step(s->e, &c, s->now_us, &out);
	check(out.answer == ANSWER_OK, s->name, out.why);
	for (size_t i = 0; i < out.count; i++) {
		const struct event *ev = &out.events[i];

		if (ev->type != EVENT_ASSIGNED)
			continue;
		size_t who = (size_t)(ev->agent.p[0] - 'a');

		s->at[who] = ev->conv.lo;
		s->end_us[who] = s->now_us + s->day->service_us[s->started++];
		s->c.waits_us += s->now_us - s->day->arrival_us[ev->conv.lo - 1];
		s->c.order = (s->c.order ^ ev->conv.lo) * 1099511628211u;
	}
	engine_queue(s->e, SLICE("any"), &q);
	s->waiting = q.waiting + q.offered + q.parked;
	s->c.waiting = (s->c.waiting ^ (s->now_us + s->waiting)) * 1099511628211u;
}

static void shift_advance(struct shift *s, uint64_t to_us)
{
	s->c.area_us += s->waiting * (to_us - s->now_us);
	s->now_us = to_us;
}

static void shift_hire(struct shift *s, const char *name)
{
	struct slice who = slice_of(name);

	shift_step(s, (struct command){ .type = COMMAND_USER, .agent = who });
	shift_step(s,
		(struct command){ .type = COMMAND_DESK_UP, .agent = who, .session = SLICE("s") });
	shift_step(s,
		(struct command){
			.type = COMMAND_PRESENCE, .agent = who, .presence = PRESENCE_AVAILABLE });
}

/* The agent who is done first; PEOPLE: nobody is at anything. */
static size_t shift_first_done(const struct shift *s)
{
	size_t first = PEOPLE;

	for (size_t i = 0; i < PEOPLE; i++)
		if (s->end_us[i] && (first == PEOPLE || s->end_us[i] < s->end_us[first]))
			first = i;
	return first;
}

static struct course shift_run(const char *name, const struct config *config, const struct day *d)
{
	static const char *const people[PEOPLE] = { "a", "b", "c", "d", "e" };
	struct shift s = { .e = engine_new(config), .day = d, .name = name };
	struct str faults = { 0 };

	s.now_us = CENTER_START_US;
	for (size_t i = 0; i < PEOPLE; i++)
		shift_hire(&s, people[i]);
	for (;;) {
		size_t done = shift_first_done(&s);
		bool comes = s.arrived < ARRIVALS &&
			     (done == PEOPLE || d->arrival_us[s.arrived] <= s.end_us[done]);

		if (comes) {
			size_t n = s.arrived++;

			shift_advance(&s, d->arrival_us[n]);
			shift_step(&s,
				(struct command){ .type = COMMAND_MESSAGE,
					.fresh = 1,
					.conv = center_id(n + 1),
					.id = center_id(10000 + n),
					.channel = SLICE("line"),
					.kind = SLICE("callback"),
					.queue = SLICE("any"),
					.segment = slice_of(d->premier[n] ? "premier" : "mass") });
		} else if (done < PEOPLE) {
			shift_advance(&s, s.end_us[done]);
			s.end_us[done] = 0;
			shift_step(&s, (struct command){ .type = COMMAND_RESOLVE,
					       .agent = slice_of(people[done]),
					       .conv = center_id(s.at[done]) });
		} else {
			break;
		}
	}
	check(engine_check(s.e, &faults) == 0, name, faults.n ? faults.p : "broken");
	check(s.started == ARRIVALS, name, "somebody was not served");
	str_free(&faults);
	engine_free(&s.e);
	return s.c;
}

enum { FIFO, HEAD_START, TIER, RATE, LEAST_LOADED, ORDERS };
static const char *const names[ORDERS] = { "fifo", "head-start", "tier", "rate", "least-loaded" };

static struct course order_run(int order, const struct day *d)
{
	struct config *c = center_new();
	struct queue *any = &c->queues[3];

	any->auto_accept = true;
	c->segments[0].offset_s = order == HEAD_START ? -600 : 0;
	c->segments[0].rate = order == RATE ? 4 : 0;
	c->segments[1].tier = order == TIER ? 1 : 0;
	c->segments[1].promote_s = order == TIER ? 3600 : 0;
	any->strategy = order == LEAST_LOADED ? STRATEGY_LEAST_LOADED : STRATEGY_LONGEST_IDLE;
	struct course found = shift_run(names[order], c, d);

	center_free(c);
	return found;
}

int main(void)
{
	static struct day d;

	for (uint64_t seed = 1; seed <= 5; seed++) {
		day_make(&d, seed);
		struct course fifo = order_run(FIFO, &d);

		check(fifo.area_us > 0, "fifo", "nobody ever waited: nothing was tested");
		for (int order = FIFO; order < ORDERS; order++) {
			struct course c = order_run(order, &d);

			check(c.area_us == c.waits_us, names[order],
				"Little's law: people × time is not the sum of the waits");
			check(c.waiting == fifo.waiting, names[order],
				"another number of people waits than when the first to come is "
				"first");
			if (order == HEAD_START || order == TIER || order == RATE)
				check(c.order != fifo.order, names[order],
					"the order is no other: nothing was compared");
		}
	}
	if (!failures)
		printf("ok orders: 5 days of %d in %d orders\n", ARRIVALS, ORDERS);
	return failures ? 1 : 0;
}
