/*
 * The bare engine at work: agents are all busy, conversations wait, and each turn somebody accepts, replies and resolves while a new
 * message comes in. Prints JSON: steps a second, bytes of memory for each waiting conversation and agent, seconds to
 * load it all from a snapshot, bytes grown in the steady state.
 *
 *   engine WAITING AGENTS SKILLS TURNS
 *   engine WAITING AGENTS SKILLS TURNS FILE      the same from the snapshot FILE, written by an earlier run when it is not there
 *
 * `measured` is what callgrind collects (run.py): instructions for each offer.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/assert.h"
#include "engine/engine.h"
#include "engine/view.h"

enum { REQUIREMENTS = 500, SKILLS_EACH = 10 };
#define START_US UINT64_C(1767571200000000)

static struct stage any[] = { { 0, NULL, 0 } };
static struct kind kind = {
	.name = SLICE_INIT("email"), .cost = 20, .cost_pending = 20, .max = 5, .offer_s = 3600
};
static struct queue line = { .name = SLICE_INIT("general"),
	.title = SLICE_INIT("General"),
	.stages = any,
	.stage_count = 1,
	.strategy = STRATEGY_LONGEST_IDLE,
	.target_s = 60,
	.close_s = 1 };
static struct segment mass = { .name = SLICE_INIT("mass") };
static const struct config config = { .domain = SLICE_INIT("main"),
	.hash = 1,
	.grace_s = 30,
	.miss_limit = 3,
	.decline_cooldown_s = 60,
	.units = 20,
	.kinds = &kind,
	.kind_count = 1,
	.queues = &line,
	.queue_count = 1,
	.segments = &mass,
	.segment_count = 1 };

struct bench {
	struct engine *e;
	struct arena arena;
	uint64_t now_us, messages, steps, offers, agents, skills;
	struct slice asks[REQUIREMENTS];
	struct slice *names;
	struct id *offer, *conv; /* of each agent */
	struct step out;
};

/* Of this process alone: the machine is shared. */
static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t rng(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static uint64_t number_of(struct slice agent)
{
	uint64_t n = 0;

	ASSERT(slice_u64(slice_make(agent.p + 1, agent.n - 1), &n));
	return n;
}

static void give(struct bench *b, const struct command *c)
{
	engine_step(b->e, c, b->now_us, &b->out);
	b->steps++;
	for (size_t i = 0; i < b->out.count; i++) {
		const struct event *ev = &b->out.events[i];

		if (ev->type != EVENT_OFFERED)
			continue;
		b->offers++;
		b->offer[number_of(ev->agent)] = ev->offer;
		b->conv[number_of(ev->agent)] = ev->conv;
	}
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
	uint64_t x = (a * 31 + b + 1) * 0x9e3779b97f4a7c15u;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9u;
	return x ^ (x >> 29);
}

/* The first `count` skills of an agent, at the agent's own levels or at most at `most`: then the agent can serve who asks that. */
static struct slice skills_of(
	struct bench *b, uint64_t agent, size_t from, size_t count, uint64_t most)
{
	struct str s = { 0 };

	for (size_t i = from; i < from + count; i++) {
		uint64_t x = mixed(agent, i), level = 1 + (x >> 32) % 100;

		str_addf(&s, "%ss%llu=%llu", i > from ? " " : "",
			(unsigned long long)(x % b->skills),
			(unsigned long long)(level < most ? level : most));
	}
	struct slice text = arena_copy(&b->arena, str_slice(&s));
	str_free(&s);
	return text;
}

static void message(struct bench *b)
{
	uint64_t n = ++b->messages;
	struct id id = { 0x19b8a0c00000000u + n, n };
	struct command c = { .type = COMMAND_MESSAGE,
		.fresh = 1,
		.conv = id,
		.id = id,
		.customer = id,
		.channel = SLICE("support"),
		.kind = kind.name,
		.queue = line.name,
		.segment = mass.name,
		.skills = b->asks[rng() % REQUIREMENTS] };

	give(b, &c);
}

static void person(struct bench *b, uint64_t i)
{
	struct slice who = b->names[i];

	b->now_us += 1000; /* nobody idles since the very same moment */

	give(b, &(struct command){ .type = COMMAND_USER,
			.agent = who,
			.skills = skills_of(b, i, 0, SKILLS_EACH, 100) });
	give(b, &(struct command){ .type = COMMAND_DESK_UP, .agent = who, .session = who });
	give(b, &(struct command){
			.type = COMMAND_PRESENCE, .agent = who, .presence = PRESENCE_AVAILABLE });
}

/* One life of a conversation in four steps, and a new one for it. Not inlined: callgrind looks for its name. */
__attribute__((noinline)) void measured(struct bench *b, uint64_t turns);
void measured(struct bench *b, uint64_t turns)
{
	for (uint64_t done = 0; done < turns;) {
		uint64_t i = rng() % b->agents;
		struct id conv = b->conv[i];

		if (id_is_none(conv))
			continue;
		b->now_us += 1000;
		b->conv[i] = (struct id){ 0, 0 };
		give(b, &(struct command){ .type = COMMAND_ACCEPT,
				.agent = b->names[i],
				.offer = b->offer[i] });
		give(b, &(struct command){ .type = COMMAND_REPLY,
				.agent = b->names[i],
				.conv = conv,
				.id = conv });
		give(b, &(struct command){
				.type = COMMAND_RESOLVE, .agent = b->names[i], .conv = conv });
		message(b);
		done++;
	}
}

static size_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

static bool file_read(const char *path, struct str *out)
{
	FILE *f = fopen(path, "rb");
	char bytes[65536];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		str_add(out, slice_make(bytes, n));
	fclose(f);
	return true;
}

static void file_write(const char *path, struct slice s)
{
	FILE *f = fopen(path, "wb");

	ASSERT(f && fwrite(s.p, 1, s.n, f) == s.n);
	fclose(f);
}

static bool know_work(const struct conv_view *v, void *arg)
{
	struct bench *b = arg;
	uint64_t i = number_of(v->agent);

	b->conv[i] = v->conv;
	b->offer[i] = v->offer;
	return true;
}

static double loaded(struct bench *b, struct slice saved)
{
	struct err err = { "" };
	uint64_t begin = cpu_us();

	b->e = engine_load(&config, saved, &err);
	if (!b->e) {
		fprintf(stderr, "engine: %s\n", err.text);
		exit(1);
	}
	return (double)(cpu_us() - begin) / 1e6;
}

/* Messages until so many wait; how many do. Counting is dear, so it is done now and then. */
static uint64_t fill(struct bench *b, uint64_t waiting)
{
	struct queue_view q;

	do
		for (int i = 0; i < 100; i++)
			message(b);
	while (engine_queue(b->e, line.name, &q) && q.waiting < waiting);
	return q.waiting;
}

static void begin(struct bench *b, uint64_t waiting, double *per_agent, double *per_waiting)
{
	size_t before = in_use();

	b->e = engine_new(&config);
	for (uint64_t i = 0; i < b->agents; i++)
		person(b, i);
	*per_agent = (double)(in_use() - before) / (double)b->agents;
	uint64_t had = fill(b, waiting / 10);
	before = in_use();
	had = fill(b, waiting) - had;
	*per_waiting = (double)(in_use() - before) / (double)had;
}

int main(int argc, char **argv)
{
	struct bench b = { .now_us = START_US };
	struct str saved = { 0 };
	double per_agent = 0, per_waiting = 0, load_s = 0;

	if (argc < 5) {
		fprintf(stderr, "usage: engine WAITING AGENTS SKILLS TURNS [FILE]\n");
		return 2;
	}
	uint64_t waiting = strtoull(argv[1], NULL, 10), turns = strtoull(argv[4], NULL, 10);
	b.agents = strtoull(argv[2], NULL, 10);
	b.skills = strtoull(argv[3], NULL, 10);
	b.names = mem_array(b.agents, sizeof(*b.names));
	b.offer = mem_array(b.agents, sizeof(*b.offer));
	b.conv = mem_array(b.agents, sizeof(*b.conv));
	for (uint64_t i = 0; i < b.agents; i++)
		b.names[i] = arena_printf(&b.arena, "a%llu", (unsigned long long)i);
	for (size_t i = 0; i < REQUIREMENTS; i++)
		b.asks[i] =
			skills_of(&b, mixed(i, 7) % b.agents, i % SKILLS_EACH / 2, 1 + i % 2, 30);
	bool resumed = argc > 5 && file_read(argv[5], &saved);
	if (!resumed) {
		begin(&b, waiting, &per_agent, &per_waiting);
		engine_save(b.e, &saved);
		engine_free(&b.e);
		if (argc > 5)
			file_write(argv[5], str_slice(&saved));
	}
	load_s = loaded(&b, str_slice(&saved));
	size_t snapshot = saved.n;
	str_free(&saved);
	b.messages += waiting * 10; /* ids that nobody has */
	b.now_us += 1000000000;
	engine_each_conv(b.e, CONV_OFFERED, know_work, &b);
	measured(&b, turns / 10); /* warm */
	size_t used = in_use();
	uint64_t steps = b.steps, offers = b.offers, probes = engine_probes(b.e), at_us = cpu_us();
	measured(&b, turns);
	double took_s = (double)(cpu_us() - at_us) / 1e6;
	steps = b.steps - steps;
	offers = b.offers - offers;
	printf("{\"steps_per_s\":%.0f,\"offers\":%llu,\"all_offers\":%llu,\"probes\":%.2f,\"bytes_"
	       "waiting\":%.1f,\"bytes_agent\":%.0f,\"load_s\":%.3f,\"snapshot\":%zu,\"grown\":%"
	       "lld}\n",
		(double)steps / took_s, (unsigned long long)offers, (unsigned long long)b.offers,
		(double)(engine_probes(b.e) - probes) / (double)(offers ? offers : 1), per_waiting,
		per_agent, load_s, snapshot, (long long)in_use() - (long long)used);
	engine_free(&b.e);
	arena_free(&b.arena);
	free(b.names);
	free(b.offer);
	free(b.conv);
	return 0;
}
