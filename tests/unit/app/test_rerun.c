/*
 * What if: an afternoon of a small center is run again. With nothing changed the same comes out; with one more the waits are
 * shorter, with one less longer; a head start for a segment is felt by who has it and by who has not.
 */
#include "unit/cm.h"

#include <errno.h>
#include <jansson.h>

#include "app/past.h"
#include "app/rerun.h"
#include "engine/center.h"

enum { TODOS_MAX = 4000, ARRIVALS = 400, BYTES = 1 << 24 };

struct todo {
	uint64_t at_s;
	struct command c;
};
struct day {
	struct config *config;
	struct engine *e;
	struct event *journal;
	size_t count, cap;
	struct todo todos[TODOS_MAX];
	size_t todo_count;
	struct arena arena;
	uint64_t random, serial, now_s;
};

static uint64_t chance(struct day *d, uint64_t below)
{
	d->random = d->random * 6364136223846793005u + 1442695040888963407u;
	return (d->random >> 33) % below;
}

static void later(struct day *d, uint64_t at_s, struct command c)
{
	assert_true(d->todo_count < TODOS_MAX);
	d->todos[d->todo_count++] = (struct todo){ at_s, c };
}

static void record(struct day *d, const struct step *out)
{
	for (size_t i = 0; i < out->count; i++) {
		const struct event *ev = &out->events[i];

		if (d->count == d->cap) {
			d->cap = d->cap ? d->cap * 2 : 1024;
			d->journal = mem_resize(d->journal, d->cap, sizeof(*d->journal));
		}
		record_copy(&event_table, &d->journal[d->count++], ev, &d->arena);
		struct slice agent = arena_copy(&d->arena, ev->agent);

		if (ev->type == EVENT_OFFERED)
			later(d, d->now_s + 2,
				(struct command){ .type = COMMAND_ACCEPT,
					.agent = agent,
					.offer = ev->offer });
		if (ev->type != EVENT_ASSIGNED)
			continue;
		later(d, d->now_s + 10,
			(struct command){
				.type = COMMAND_REPLY, .agent = agent, .conv = ev->conv });
		later(d, d->now_s + 40 + chance(d, 60),
			(struct command){
				.type = COMMAND_RESOLVE, .agent = agent, .conv = ev->conv });
	}
}

static void give(struct day *d, struct command c)
{
	struct step out;

	c.id = center_id(100000 + ++d->serial);
	c.at_us = CENTER_START_US + d->now_s * S_US;
	engine_step(d->e, &c, c.at_us, &out);
	record(d, &out);
}

static void comes_to_work(struct day *d, const char *who)
{
	give(d, (struct command){
			.type = COMMAND_USER, .agent = slice_of(who), .name = slice_of(who) });
	give(d, (struct command){ .type = COMMAND_DESK_UP,
			.agent = slice_of(who),
			.session = SLICE("n1:1"),
			.node = SLICE("n1") });
	give(d, (struct command){ .type = COMMAND_PRESENCE,
			.agent = slice_of(who),
			.presence = PRESENCE_AVAILABLE });
}

/* Every 15 to 34 s somebody, one in four of them premier; one in five leaves after 90 s of waiting. */
static void schedule(struct day *d)
{
	uint64_t at_s = 100;

	for (uint64_t n = 1; n <= ARRIVALS; n++) {
		at_s += 15 + chance(d, 20);
		later(d, at_s,
			(struct command){ .type = COMMAND_MESSAGE,
				.fresh = 1,
				.conv = center_id(n),
				.customer = center_id(1000 + n),
				.channel = SLICE("site"),
				.kind = SLICE("callback"),
				.segment = n % 4 ? SLICE("mass") : SLICE("premier"),
				.queue = SLICE("any") });
		if (n % 5 == 0)
			later(d, at_s + 90,
				(struct command){ .type = COMMAND_VISIT,
					.conv = center_id(n),
					.visit = VISIT_END });
	}
}

static void live(struct day *d)
{
	*d = (struct day){ .config = center_new(), .random = 7 };
	d->config->queues[3].strategy = STRATEGY_LONGEST_IDLE;
	d->config->segments[0].offset_s = 0;
	d->e = engine_new(d->config);
	comes_to_work(d, "ann");
	comes_to_work(d, "bo");
	comes_to_work(d, "cy");
	schedule(d);
	while (d->todo_count) {
		size_t first = 0;

		for (size_t i = 1; i < d->todo_count; i++)
			if (d->todos[i].at_s < d->todos[first].at_s)
				first = i;
		struct todo t = d->todos[first];
		struct conv_view v;

		memmove(&d->todos[first], &d->todos[first + 1],
			(--d->todo_count - first) * sizeof(t));
		d->now_s = t.at_s;
		if (t.c.type == COMMAND_VISIT &&
			(!engine_conv(d->e, t.c.conv, &v) || v.state != CONV_WAITING))
			continue;
		give(d, t.c);
	}
}

static void forget(struct day *d)
{
	engine_free(&d->e);
	center_free(d->config);
	free(d->journal);
	arena_free(&d->arena);
}

static json_t *again(
	const struct day *d, const struct config *with, uint64_t since_s, const char *agents)
{
	struct err err = { "" };
	struct str text = { 0 };
	uint64_t at_us;
	struct rerun *r = rerun_new(
		d->config, with, CENTER_START_US + since_s * S_US, slice_of(agents), BYTES, &err);

	assert_string_equal(err.text, "");
	for (size_t i = 0; i < d->count; i++)
		if (rerun_read(r, &d->journal[i], &err) != 0)
			fail_msg("%s", err.text);
	assert_int_equal(rerun_begin(r, &err), 0);
	while (rerun_steps(r, 50))
		assert_true(rerun_percent(r, &at_us) <= 100);
	rerun_json(r, &text);
	rerun_free(&r);
	json_t *v = json_loads(text.p, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(v);
	str_free(&text);
	return v;
}

static json_t *row(json_t *v, const char *segment, const char *side)
{
	size_t i;
	json_t *r;

	json_array_foreach(json_object_get(v, "rows"), i, r)
	{
		if (strcmp(json_string_value(json_object_get(r, "segment")), segment) == 0)
			return json_object_get(r, side);
	}
	fail_msg("no row of %s", segment);
	return NULL;
}

static json_int_t number(json_t *v, const char *segment, const char *side, const char *key)
{
	return json_integer_value(json_object_get(row(v, segment, side), key));
}

static void with_nothing_changed_the_same_comes_out(void **state)
{
	struct day d;

	(void)state;
	live(&d);
	for (uint64_t since_s = 0; since_s < 8000; since_s += 3777) {
		json_t *v = again(&d, d.config, since_s, "");

		assert_true(number(v, "mass", "real", "arrived") > 50);
		assert_true(since_s || number(v, "mass", "real", "abandoned") > 2);
		assert_true(number(v, "mass", "real", "wait_mean_ms") > 5000);
		assert_true(json_equal(row(v, "mass", "real"), row(v, "mass", "whatif")));
		assert_true(json_equal(row(v, "premier", "real"), row(v, "premier", "whatif")));
		const json_t *o = json_object_get(v, "occupancy");

		assert_true(json_equal(json_object_get(o, "real"), json_object_get(o, "whatif")));
		assert_true(json_real_value(json_object_get(o, "real")) > 0.5);
		json_decref(v);
	}
	forget(&d);
}

static void more_people_shorten_the_waits_and_fewer_lengthen_them(void **state)
{
	struct day d;

	(void)state;
	live(&d);
	json_t *more = again(&d, d.config, 0, "+1=bo"), *less = again(&d, d.config, 0, "-bo");
	json_int_t real_ms = number(more, "mass", "real", "wait_mean_ms");
	double was = json_number_value(json_object_get(json_object_get(more, "occupancy"), "real"));

	assert_true(number(more, "mass", "whatif", "wait_mean_ms") < real_ms / 2);
	assert_true(number(more, "mass", "whatif", "abandoned") <
		    number(more, "mass", "real", "abandoned"));
	assert_true(number(less, "mass", "whatif", "wait_mean_ms") > real_ms * 2);
	assert_true(
		json_number_value(json_object_get(json_object_get(more, "occupancy"), "whati"
										      "f")) < was);
	assert_true(
		json_number_value(json_object_get(json_object_get(less, "occupancy"), "whati"
										      "f")) > was);
	json_decref(more);
	json_decref(less);
	forget(&d);
}

static void a_head_start_is_felt_by_both_segments(void **state)
{
	struct day d;
	struct config *other = center_new();

	(void)state;
	live(&d);
	other->queues[3].strategy = STRATEGY_LONGEST_IDLE;
	other->segments[0].offset_s = -600;
	other->hash = 8;
	json_t *v = again(&d, other, 0, "");

	assert_true(number(v, "premier", "whatif", "wait_mean_ms") <
		    number(v, "premier", "real", "wait_mean_ms"));
	assert_true(number(v, "mass", "whatif", "wait_mean_ms") >
		    number(v, "mass", "real", "wait_mean_ms"));
	assert_int_equal(number(v, "mass", "real", "passed"), 0);
	assert_true(number(v, "mass", "whatif", "passed") > 10);
	assert_int_equal(number(v, "premier", "whatif", "passed"), 0);
	json_decref(v);
	forget(&d);
	center_free(other);
}

static void a_past_that_is_too_large_is_refused_while_it_is_read(void **state)
{
	struct day d;
	struct err err = { "" };
	size_t read = 0;

	(void)state;
	live(&d);
	struct rerun *r = rerun_new(d.config, d.config, 0, SLICE(""), 1 << 18, &err);

	while (read < d.count && rerun_read(r, &d.journal[read], &err) == 0)
		read++;
	assert_true(read > 100 && read < d.count);
	assert_non_null(strstr(err.text, "--since"));
	rerun_free(&r);
	forget(&d);
}

/* A clock that went back between two nodes must not make a reply last five hundred thousand years. */
static void time_that_went_back_is_no_time(void **state)
{
	struct day d;
	struct err err = { "" };
	struct past p = { .bytes_max = BYTES };

	(void)state;
	live(&d);
	p.what_if = d.config;
	for (size_t i = 0; i < d.count; i++) {
		struct event ev = d.journal[i];

		if (ev.type == EVENT_MESSAGE && ev.direction == DIRECTION_OUT)
			ev.at_us -= 60 * S_US;
		assert_int_equal(past_event(&p, &ev, &err), 0);
	}
	struct fact *f = past_find(&p, center_id(1));

	assert_int_equal(f->first->first->kind, ACT_REPLY);
	assert_int_equal(f->first->first->after_us, 0);
	past_free(&p);
	forget(&d);
}

static void wrong_changes_of_people_are_refused(void **state)
{
	static const char *const wrong[] = { "bo", "+2", "+x=bo", "+0=bo", "+1001=bo", "-",
		"+1=bo,,", "+2=", "+600=bo,+600=eva" };
	struct config *config = center_new();
	struct err err = { "" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(rerun_new(config, config, 0, slice_of(wrong[i]), BYTES, &err));
		assert_non_null(strstr(err.text, "expected -NAME or +N=NAME"));
	}
	struct rerun *r = rerun_new(config, config, 0, SLICE("-bo, +2=eva"), BYTES, &err);

	assert_int_equal(rerun_begin(r, &err), -ENOENT);
	assert_non_null(strstr(err.text, "--since"));
	rerun_free(&r);
	center_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_nothing_changed_the_same_comes_out),
		cmocka_unit_test(more_people_shorten_the_waits_and_fewer_lengthen_them),
		cmocka_unit_test(a_head_start_is_felt_by_both_segments),
		cmocka_unit_test(a_past_that_is_too_large_is_refused_while_it_is_read),
		cmocka_unit_test(time_that_went_back_is_no_time),
		cmocka_unit_test(wrong_changes_of_people_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
