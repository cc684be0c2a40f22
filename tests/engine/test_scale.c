/*
 * What a decision costs as the center grows, counted in matches looked at (not in time): more people, skills and
 * waiting conversations must not make it dearer than a few probes. And the memory of each.
 */
#include "engine/center.h"

#include <string.h>

#include "base/str.h"
#include "engine/state.h"

enum { REQUIREMENTS = 500 };

static uint64_t rng_state = 88172645463325252u;
static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static void give(struct engine *e, struct command c, uint64_t at_us, struct step *out)
{
	engine_step(e, &c, at_us, out);
}

/* `count` skills of `skills`, at levels from `least` to `most`. */
static struct slice some_skills(
	struct arena *a, uint64_t skills, size_t count, uint64_t least, uint64_t most)
{
	struct str s = { 0 };

	for (size_t i = 0; i < count; i++)
		str_addf(&s, "%ss%llu=%llu", i ? " " : "", (unsigned long long)(rng() % skills),
			(unsigned long long)(least + rng() % (most - least + 1)));
	struct slice text = arena_copy(a, str_slice(&s));

	str_free(&s);
	return text;
}

static void message(
	struct engine *e, uint64_t n, struct slice skills, uint64_t at_us, struct step *out)
{
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.id = center_id(n),
			.channel = SLICE("box"),
			.kind = SLICE("email"),
			.queue = SLICE("any"),
			.skills = skills },
		at_us, out);
}

/* Probes for each offer, in hundredths, with so many waiting, agents and skills. */
static uint64_t cost(uint64_t waiting, uint64_t agents, uint64_t skills)
{
	struct config *config = center_new();
	struct engine *e;
	struct arena arena = { 0 };
	struct step out;
	uint64_t at_us = CENTER_START_US, n = 0, offers = 0, before;
	struct slice asks[REQUIREMENTS];

	config->queues[3].strategy = STRATEGY_LONGEST_IDLE;
	e = engine_new(config);
	for (size_t i = 0; i < REQUIREMENTS; i++)
		asks[i] = some_skills(&arena, skills, 1 + i % 2, 1, 30);
	for (uint64_t i = 0; i < agents; i++) {
		struct slice who = arena_printf(&arena, "a%llu", (unsigned long long)i);

		give(e,
			(struct command){ .type = COMMAND_USER,
				.agent = who,
				.units = 20,
				.skills = some_skills(&arena, skills, 10, 1, 100) },
			at_us, &out);
		give(e, (struct command){ .type = COMMAND_DESK_UP, .agent = who, .session = who },
			at_us, &out);
		give(e,
			(struct command){ .type = COMMAND_PRESENCE,
				.agent = who,
				.presence = PRESENCE_AVAILABLE },
			at_us, &out);
	}
	while (e->count[CONV_WAITING] < waiting)
		message(e, ++n, asks[rng() % REQUIREMENTS], at_us += 10, &out);
	before = engine_probes(e);
	while (offers < 2000) {
		struct agent *a = e->agents[1 + rng() % agents];

		if (!a->work.count)
			continue;
		struct conv *c = conv_at(e, a->work.first);
		struct id id = c->id;

		at_us += 10;
		if (c->state == CONV_OFFERED)
			give(e,
				(struct command){ .type = COMMAND_ACCEPT,
					.agent = a->id,
					.offer = rare_at(e, c->rare)->offer },
				at_us, &out);
		give(e, (struct command){ .type = COMMAND_RESOLVE, .agent = a->id, .conv = id },
			at_us, &out);
		for (size_t i = 0; i < out.count; i++)
			offers += out.events[i].type == EVENT_OFFERED;
		message(e, ++n, asks[rng() % REQUIREMENTS], at_us, &out);
		for (size_t i = 0; i < out.count; i++)
			offers += out.events[i].type == EVENT_OFFERED;
	}
	uint64_t probes = engine_probes(e) - before;

	printf("# %llu waiting, %llu agents, %llu skills: %llu.%02llu probes for each offer\n",
		(unsigned long long)waiting, (unsigned long long)agents, (unsigned long long)skills,
		(unsigned long long)(probes / offers),
		(unsigned long long)(probes * 100 / offers % 100));
	engine_free(&e);
	arena_free(&arena);
	center_free(config);
	return probes * 100 / offers;
}

int main(void)
{
	uint64_t small = cost(1000, 100, 50), large = cost(30000, 1500, 200);
	/* A waiting conversation: itself, its slot among the ids (at most 3/8 full), a deadline for its stage. */
	size_t each = sizeof(struct conv) + 4 * 8 / 3 + 2 * sizeof(struct deadline);
	int failed = 0;

	if (large > 3 * small) {
		printf("not ok: 30 times as many cost more than 3 times as much\n");
		failed = 1;
	}
	printf("# a waiting conversation: %zu bytes; an agent: %zu bytes and its piles\n", each,
		sizeof(struct agent));
	if (sizeof(struct conv) > 192) {
		printf("not ok: a conversation has grown beyond 192 bytes\n");
		failed = 1;
	}
	printf("%s scale\n", failed ? "not ok" : "ok");
	return failed;
}
