/*
 * Service level over the last 15 minutes, the hour and today: what is counted where, that it leaves its window as time
 * passes, and that a snapshot and a replay know it as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/center.h"

enum { MINUTE = 60, HOUR = 3600 };

struct center {
	struct config *config;
	struct engine *e, *twin; /* the twin only hears the events */
	uint64_t serial;
};

static uint64_t at_us(uint64_t at_s)
{
	return CENTER_START_US + at_s * S_US;
}

static void give(struct center *c, struct command cmd, uint64_t at_s)
{
	struct step out;
	struct err err = { "" };

	cmd.at_us = at_us(at_s);
	cmd.id = center_id(5000 + ++c->serial);
	engine_step(c->e, &cmd, cmd.at_us, &out);
	assert_string_equal(out.why, "");
	for (size_t i = 0; i < out.count; i++)
		assert_int_equal(engine_apply(c->twin, &out.events[i], &err), 0);
}

static void center_begin(struct center *c)
{
	*c = (struct center){ .config = center_new() };
	c->e = engine_new(c->config);
	c->twin = engine_new(c->config);
	give(c,
		(struct command){
			.type = COMMAND_USER, .agent = SLICE("ann"), .name = SLICE("Ann") },
		1);
	give(c,
		(struct command){ .type = COMMAND_DESK_UP,
			.agent = SLICE("ann"),
			.session = SLICE("n1:1"),
			.node = SLICE("n1") },
		1);
	give(c,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("ann"),
			.presence = PRESENCE_AVAILABLE },
		1);
}

static void center_end(struct center *c)
{
	engine_free(&c->e);
	engine_free(&c->twin);
	center_free(c->config);
}

static void comes(struct center *c, uint64_t n, const char *segment, uint64_t at_s)
{
	give(c,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.channel = SLICE("mailbox"),
			.kind = SLICE("email"),
			.segment = slice_of(segment),
			.queue = SLICE("any") },
		at_s);
}

/* Comes, is taken, is answered `after_s` later (the queue's target is 60 s) and resolved. */
static void is_answered(
	struct center *c, uint64_t n, const char *segment, uint64_t at_s, uint64_t after_s)
{
	struct conv_view v;

	comes(c, n, segment, at_s);
	assert_true(engine_conv(c->e, center_id(n), &v));
	give(c, (struct command){ .type = COMMAND_ACCEPT, .agent = SLICE("ann"), .offer = v.offer },
		at_s);
	give(c,
		(struct command){
			.type = COMMAND_REPLY, .agent = SLICE("ann"), .conv = center_id(n) },
		at_s + after_s);
	give(c,
		(struct command){
			.type = COMMAND_RESOLVE, .agent = SLICE("ann"), .conv = center_id(n) },
		at_s + after_s);
}

static void assert_level(const struct level_view *l, uint64_t answered, uint64_t within,
	uint64_t abandoned, uint64_t missed)
{
	assert_int_equal(l->answered, answered);
	assert_int_equal(l->within, within);
	assert_int_equal(l->abandoned, abandoned);
	assert_int_equal(l->missed, missed);
}

static void read_levels(const struct center *c, uint64_t now_s, uint64_t today_s,
	struct level_view out[LEVEL_COUNT])
{
	assert_true(engine_levels(c->e, SLICE("any"), at_us(now_s), at_us(today_s), out));
}

static void counts_leave_their_window_as_time_passes(void **state)
{
	struct center c;
	struct level_view l[LEVEL_COUNT];

	(void)state;
	center_begin(&c);
	is_answered(&c, 1, "mass", 9 * HOUR, 30);
	is_answered(&c, 2, "mass", 9 * HOUR + 20 * MINUTE, 90); /* after the target */
	read_levels(&c, 9 * HOUR + 22 * MINUTE, 0, l);
	assert_level(&l[LEVEL_15M], 1, 0, 0, 0);
	assert_level(&l[LEVEL_1H], 2, 1, 0, 0);
	assert_level(&l[LEVEL_TODAY], 2, 1, 0, 0);
	read_levels(&c, 9 * HOUR + 59 * MINUTE, 0, l);
	assert_level(&l[LEVEL_15M], 0, 0, 0, 0);
	assert_level(&l[LEVEL_1H], 2, 1, 0, 0);
	read_levels(&c, 10 * HOUR, 0, l); /* the first was in minute 540 */
	assert_level(&l[LEVEL_1H], 1, 0, 0, 0);
	read_levels(&c, 23 * HOUR, 0, l);
	assert_level(&l[LEVEL_1H], 0, 0, 0, 0);
	assert_level(&l[LEVEL_TODAY], 2, 1, 0, 0);
	read_levels(&c, 25 * HOUR, 24 * HOUR, l); /* another day */
	assert_level(&l[LEVEL_TODAY], 0, 0, 0, 0);
	/* The next day the same places of the rings are begun anew. */
	is_answered(&c, 3, "mass", 33 * HOUR, 1);
	read_levels(&c, 33 * HOUR + 10, 24 * HOUR, l);
	assert_level(&l[LEVEL_15M], 1, 1, 0, 0);
	assert_level(&l[LEVEL_1H], 1, 1, 0, 0);
	assert_level(&l[LEVEL_TODAY], 1, 1, 0, 0);
	center_end(&c);
}

struct found {
	struct level_view mass, premier;
	size_t count;
};
static bool find_segment(
	struct slice segment, const struct level_view levels[LEVEL_COUNT], void *arg)
{
	struct found *f = arg;

	f->count++;
	*(slice_is(segment, "mass") ? &f->mass : &f->premier) = levels[LEVEL_15M];
	return true;
}

static void each_segment_has_its_own(void **state)
{
	struct center c;
	struct found f = { .count = 0 };
	struct level_view l[LEVEL_COUNT];

	(void)state;
	center_begin(&c);
	is_answered(&c, 1, "mass", HOUR, 70);
	is_answered(&c, 2, "premier", HOUR + 100, 1);
	comes(&c, 3, "premier", HOUR + 200); /* offered, missed after 120 s, offered again */
	give(&c, (struct command){ .type = COMMAND_TICK }, HOUR + 321);
	give(&c,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("ann"),
			.presence = PRESENCE_AWAY },
		HOUR + 322);
	give(&c,
		(struct command){ .type = COMMAND_VISIT, .conv = center_id(3), .visit = VISIT_END },
		HOUR + 330);
	read_levels(&c, HOUR + 340, 0, l);
	assert_level(&l[LEVEL_15M], 2, 1, 1, 1);
	engine_each_level(c.e, SLICE("any"), at_us(HOUR + 340), at_us(0), find_segment, &f);
	assert_int_equal(f.count, 2);
	assert_level(&f.mass, 1, 0, 0, 0);
	assert_level(&f.premier, 1, 1, 1, 1);
	assert_false(engine_levels(c.e, SLICE("nowhere"), at_us(0), at_us(0), l));
	center_end(&c);
}

static void a_restart_and_a_replay_know_it(void **state)
{
	struct center c;
	struct str saved = { 0 };
	struct err err = { "" };
	struct level_view l[LEVEL_COUNT], again[LEVEL_COUNT];

	(void)state;
	center_begin(&c);
	for (uint64_t i = 1; i <= 20; i++)
		is_answered(&c, i, i % 3 ? "mass" : "premier", i * 13 * MINUTE, i * 7);
	uint64_t now_us = at_us(20 * 13 * MINUTE + 200);

	assert_true(engine_levels(c.e, SLICE("any"), now_us, at_us(0), l));
	assert_int_equal(l[LEVEL_TODAY].answered, 20);
	engine_save(c.e, &saved);
	struct engine *loaded = engine_load(c.config, str_slice(&saved), &err);

	assert_non_null(loaded);
	assert_true(engine_levels(loaded, SLICE("any"), now_us, at_us(0), again));
	assert_memory_equal(l, again, sizeof(l));
	assert_true(engine_levels(c.twin, SLICE("any"), now_us, at_us(0), again));
	assert_memory_equal(l, again, sizeof(l));
	assert_true(engine_hash(loaded) == engine_hash(c.e));
	assert_true(engine_hash(c.twin) == engine_hash(c.e));
	engine_free(&loaded);
	str_free(&saved);
	center_end(&c);
}

static void a_line_of_numbers_and_back(void **state)
{
	struct level_view l[LEVEL_COUNT] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 }, { 9, 10, 11, 12 } };
	struct level_view back[LEVEL_COUNT];
	struct str text = { 0 };

	(void)state;
	levels_write(l, &text);
	assert_string_equal(text.p, "1 2 3 4 5 6 7 8 9 10 11 12");
	assert_true(levels_read(str_slice(&text), back));
	assert_memory_equal(l, back, sizeof(l));
	assert_false(levels_read(SLICE(""), back));
	assert_false(levels_read(SLICE("1 2 3 4 5 6 7 8 9 10 11"), back));
	assert_false(levels_read(SLICE("1 2 3 4 5 6 7 8 9 10 11 12 13"), back));
	assert_false(levels_read(SLICE("1 2 3 4 5 6 7 8 9 10 11 x"), back));
	str_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_leave_their_window_as_time_passes),
		cmocka_unit_test(each_segment_has_its_own),
		cmocka_unit_test(a_restart_and_a_replay_know_it),
		cmocka_unit_test(a_line_of_numbers_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
