/*
 * Lines: business hours to the second, the way along overflows, and what a queue that the configuration dropped still answers.
 */
#include "unit/engine/people.h"

#include "engine/line.h"

#include "unit/engine/fixture.h"

static int begin(void **state)
{
	(void)state;
	c = center_new();
	e = engine_new(c);
	tick(e, 0);
	return 0;
}

static struct line *line(const char *name)
{
	uint32_t h = line_find(e, slice_of(name));

	assert_true(h != 0);
	return line_at(e, h);
}

static bool open_at(const char *name, uint64_t at_s, uint64_t *until_s)
{
	uint64_t until_us;
	bool open = line_hours(line(name), CENTER_START_US + at_s * S_US, &until_us);

	*until_s = until_us ? (until_us - CENTER_START_US) / S_US : 0;
	return open;
}

static void hours_begin_and_end_to_the_second(void **state)
{
	enum { H = 3600, DAY = 24 * H };
	uint64_t until_s;

	(void)state;
	assert_true(open_at("any", 3, &until_s));
	assert_int_equal(until_s, 0);
	assert_false(open_at("desk", 0, &until_s));
	assert_int_equal(until_s, 9 * H);
	assert_false(open_at("desk", 9 * H - 1, &until_s));
	assert_true(open_at("desk", 9 * H, &until_s));
	assert_int_equal(until_s, 17 * H);
	assert_true(open_at("desk", 17 * H - 1, &until_s));
	assert_false(open_at("desk", 17 * H, &until_s));
	assert_int_equal(until_s, DAY + 9 * H);
	/* past the last day that is known: closed, and nothing to wait for */
	assert_false(open_at("desk", 31 * DAY, &until_s));
	assert_int_equal(until_s, 0);
}

/* support holds one, cards two, any has no limit. */
static void overflows(uint32_t most_any)
{
	c->queues[0].length_max = 1;
	c->queues[0].overflow = SLICE("cards");
	c->queues[1].length_max = 2;
	c->queues[1].overflow = SLICE("any");
	c->queues[3].length_max = most_any;
}

static void the_first_with_room_along_the_overflows(void **state)
{
	(void)state;
	overflows(0);
	for (uint64_t n = 1; n <= 5; n++)
		comes(e, n, "email", "support", n);
	assert_slice_is(view(e, 1).queue, "support");
	assert_slice_is(view(e, 2).queue, "cards");
	assert_slice_is(view(e, 3).queue, "cards");
	assert_slice_is(view(e, 4).queue, "any");
	assert_slice_is(view(e, 5).queue, "any");
	assert_ptr_equal(line_with_room(e, line("support")), line("any"));
}

static void a_circle_of_full_queues_has_an_end(void **state)
{
	(void)state;
	overflows(1);
	c->queues[3].overflow = SLICE("support");
	for (uint64_t n = 1; n <= 4; n++)
		comes(e, n, "email", "support", n);
	assert_null(line_with_room(e, line("support")));
	comes(e, 5, "chat", "support", 5);
	assert_int_equal(view(e, 5).state, CONV_RESOLVED);
	assert_slice_is(view(e, 5).outcome, "refused");
	/* a mail is never refused: it waits where it came to */
	comes(e, 6, "email", "support", 6);
	assert_slice_is(view(e, 6).queue, "support");
}

static void what_the_configuration_dropped_has_defaults_and_no_customers(void **state)
{
	struct config *less = center_new();
	struct step out;

	(void)state;
	comes(e, 1, "email", "any", 1);
	less->queue_count = 3;
	less->hash = 8;
	engine_configure(e, less, CENTER_START_US + 2 * S_US, &out);
	assert_null(line("any")->conf);
	assert_int_equal(line_close_s(line("any")), CLOSE_DEFAULT_S);
	assert_int_equal(line_offers(line("any")), 1);
	assert_null(line_overflow(e, line("any")));
	assert_slice_is(view(e, 1).queue, "support"); /* the first */
	engine_configure(e, c, CENTER_START_US + 3 * S_US, &out);
	assert_non_null(line("any")->conf);
	center_free(less);
}

static void kinds_are_as_many_as_there_is_room_for(void **state)
{
	char name[16];
	uint32_t h = 0, n = 0;

	(void)state;
	assert_int_equal(kind_intern(e, (struct slice){ NULL, 0 }), 0);
	do {
		(void)snprintf(name, sizeof(name), "kind%u", n++);
		h = kind_intern(e, slice_of(name));
	} while (h && n < 1000);
	assert_int_equal(e->kind_count, KINDS_MAX - 1);
	assert_true(kind_find(e, SLICE("email")) != 0);
	assert_int_equal(kind_find(e, slice_of(name)), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hours_begin_and_end_to_the_second),
		T(the_first_with_room_along_the_overflows),
		T(a_circle_of_full_queues_has_an_end),
		T(what_the_configuration_dropped_has_defaults_and_no_customers),
		T(kinds_are_as_many_as_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
