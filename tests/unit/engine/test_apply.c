/*
 * engine_apply is total: an event that does not fit is refused with a reason and changes nothing; one that fits
 * never breaks what the engine promises itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/center.h"
#include "engine/state.h"

static uint64_t rng_state;
static uint64_t rng(void)
{
	rng_state += 0x9e3779b97f4a7c15u;
	uint64_t x = rng_state;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static struct slice pick(const char *const *of, size_t n)
{
	return slice_of(of[rng() % n]);
}

#define PICK(...)                                                                                  \
	pick((const char *const[]){ __VA_ARGS__ },                                                 \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static struct event random_event(uint64_t at_us)
{
	return (struct event){
		.type = (uint32_t)(rng() % (EVENT_COUNT + 1)),
		.at_us = rng() % 50 ? at_us : at_us - S_US,
		.conv = center_id(rng() % 12),
		.id = center_id(1000 + rng() % 1000),
		.offer = center_id(rng() % 12),
		.agent = PICK("ann", "bo", "", "nobody", "eva"),
		.queue = PICK("support", "cards", "desk", "", "gone"),
		.channel = PICK("mailbox", ""),
		.kind = PICK("email", "chat", "", "letter"),
		.segment = PICK("premier", "mass", ""),
		.skills = PICK("", "ru=50", "ru=", "cards=10 ru=3", "=", "ru=101"),
		.key = (int64_t)(rng() % 100),
		.tier = rng() % 3,
		.seq = rng() % 6,
		.stage = rng() % 5,
		.units = rng() % 20 ? rng() % 120 : UINT64_MAX - rng() % 3,
		.until_us = rng() % 3 ? at_us + rng() % (100 * S_US) : rng() % 2,
		.direction = (uint32_t)(rng() % (DIRECTION_COUNT + 1)),
		.end = (uint32_t)(rng() % (OFFER_END_COUNT + 1)),
		.presence = (uint32_t)(rng() % (PRESENCE_COUNT + 1)),
		.role = (uint32_t)(rng() % (ROLE_COUNT + 1)),
		.session = PICK("s1", "s2", ""),
		.node = PICK("n1", ""),
		.name = PICK("Ann", ""),
		.outcome = PICK("solved", ""),
		.why = PICK("returned", "7", "new", "x", ""),
		.paused = rng() % 2,
	};
}

static size_t on_the_way(const struct engine *e)
{
	return e->count[CONV_SCHEDULED];
}

static void any_event_is_applied_whole_or_refused_whole(void **state)
{
	struct config *config = center_new();
	size_t applied = 0, refused = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct engine *e = engine_new(config);
		uint64_t at_us = CENTER_START_US;

		rng_state = seed;
		for (size_t i = 0; i < 800; i++) {
			struct event ev = random_event(at_us += rng() % S_US);
			uint64_t before = 0;
			struct err err = { "" };
			/* On its way between two events a conversation cannot be saved. */
			bool whole = on_the_way(e) == 0;

			if (whole)
				before = engine_hash(e);
			if (engine_apply(e, &ev, &err)) {
				refused++;
				assert_true(err.text[0] != '\0');
				if (whole)
					assert_int_equal(engine_hash(e), before);
			} else {
				applied++;
			}
		}
		engine_free(&e);
	}
	center_free(config);
	assert_true(applied > 1000);
	assert_true(refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_event_is_applied_whole_or_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
