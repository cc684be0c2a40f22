/*
 * Another configuration, other skills and other people while thousands wait: nobody is lost, nobody is left beside an agent who could
 * have him, every index is what a rebuild gives, and a replica that only applies what was decided agrees.
 */
#include "engine/center.h"

#include <string.h>

#include "base/str.h"

enum { WAITING = 3000, PEOPLE = 24, ROUNDS = 24 };

static int failures;

static void check(bool holds, const char *what, const char *why)
{
	if (holds)
		return;
	printf("not ok reload: %s: %s\n", what, why);
	failures++;
}

static struct engine *e, *replica;
static struct step last;

/* Whatever was decided, the replica follows. */
static void settle(void)
{
	struct err err = { "" };

	for (size_t i = 0; i < last.count; i++)
		check(engine_apply(replica, &last.events[i], &err) == 0, "apply", err.text);
}

static void give(struct command c, uint64_t now_us)
{
	c.at_us = now_us;
	engine_step(e, &c, now_us, &last);
	settle();
}

static bool count_open(const struct conv_view *v, void *arg)
{
	*(size_t *)arg += v->state != CONV_NONE;
	return true;
}

static void sound(const char *when)
{
	struct str faults = { 0 };
	size_t open = 0;

	check(engine_check(e, &faults) == 0, when, faults.n ? faults.p : "broken");
	check(engine_hash(e) == engine_hash(replica), when, "the replica is in another state");
	engine_each_conv(e, CONV_NONE, count_open, &open);
	check(open == WAITING, when, "somebody is lost");
	str_free(&faults);
}

static void hire(uint32_t i, const char *skills, uint64_t now_us)
{
	char name[16];

	snprintf(name, sizeof(name), "a%02u", i);
	give(
		(struct command){
			.type = COMMAND_USER, .agent = slice_of(name), .skills = slice_of(skills) },
		now_us);
	give(
		(struct command){
			.type = COMMAND_DESK_UP, .agent = slice_of(name), .session = SLICE("s") },
		now_us);
	give((struct command){ .type = COMMAND_PRESENCE,
		     .agent = slice_of(name),
		     .presence = PRESENCE_AVAILABLE },
		now_us);
}

/* The n-th configuration: each of its own strategy, stages, tiers, lanes, hold-back and limits. */
static struct config *other(uint32_t n)
{
	struct config *c = center_new();

	c->hash = 100 + n;
	c->queues[0].strategy = (enum strategy)(1 + n % (STRATEGY_COUNT - 1));
	if (n % 2)
		center_stage(c, &c->queues[0], 60, "");
	if (n % 3 == 1) {
		c->segments[1].tier = 1;
		c->segments[1].promote_s = 40;
	}
	c->segments[0].rate = n % 4 == 2 ? 5 : 0;
	c->segments[1].hold_back = n % 5 == 3 ? 4 : 0;
	c->hold_max_s = 30;
	c->queues[1].offers = n % 3 ? 0 : 4;
	c->queues[3].agent_max = n % 4 ? 0 : 1;
	if (n % 3 == 2) {
		c->queues[1].wait_max_s = 10;
		c->queues[1].overflow = SLICE("support");
	}
	if (n % 6 == 5)
		c->queue_count = 3; /* what waits in "any" goes elsewhere */
	c->units = 100 + n % 2 * 60;
	return c;
}

static void arrive(uint64_t n, uint64_t now_us)
{
	static const char *const queues[] = { "support", "cards", "desk", "any" };
	static const char *const kinds[] = { "email", "chat", "email" };
	static const char *const wants[] = { "", "ru=70", "cards=40", "klingon=2", "" };

	give((struct command){ .type = COMMAND_MESSAGE,
		     .fresh = 1,
		     .conv = center_id(n),
		     .id = center_id(100000 + n),
		     .channel = SLICE("ch"),
		     .kind = slice_of(kinds[n % 3]),
		     .queue = slice_of(queues[n % 4]),
		     .segment = slice_of(n % 7 ? "mass" : "premier"),
		     .skills = slice_of(wants[n % 5]) },
		now_us);
}

int main(void)
{
	static const char *const skills[] = { "ru=90 cards=60", "ru=40", "cards=90", "en=50 ru=60",
		"klingon=3 ru=1", "" };
	struct config *configs[ROUNDS + 1];
	uint64_t now_us = CENTER_START_US + 8 * 3600 * S_US;

	configs[0] = center_new();
	e = engine_new(configs[0]);
	replica = engine_new(configs[0]);
	for (uint64_t n = 1; n <= WAITING; n++)
		arrive(n, now_us += 1000);
	for (uint32_t i = 0; i < PEOPLE; i++)
		hire(i, skills[i % 6], now_us += 1000);
	sound("all are there");
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		configs[round] = other(round);
		now_us += 7 * S_US;
		engine_configure(e, configs[round], now_us, &last);
		/* the router tells a replica of another configuration by a snapshot */
		struct str bytes = { 0 };
		struct err err = { "" };

		engine_save(e, &bytes);
		engine_free(&replica);
		replica = engine_load(configs[round], str_slice(&bytes), &err);
		check(replica != NULL, "load", err.text);
		str_free(&bytes);
		if (!replica)
			break;
		sound("after another configuration");
		for (uint32_t i = round % 3; i < PEOPLE; i += 3) /* a third learns something else */
			hire(i, skills[(i + round) % 6], now_us += 1000);
		give((struct command){ .type = COMMAND_TICK }, now_us += 25 * S_US);
		sound("after other skills");
	}
	engine_free(&e);
	engine_free(&replica);
	for (uint32_t i = 0; i <= ROUNDS; i++)
		center_free(configs[i]);
	if (!failures)
		printf("ok reload: %d configurations while %d waited\n", ROUNDS, WAITING);
	return failures ? 1 : 0;
}
