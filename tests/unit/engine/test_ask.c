/*
 * Offers to several at once: each takes units, the first to accept has it, and every way of ending leaves nothing behind.
 */
#include "unit/engine/fixture.h"

/* Three are asked at once for what comes to "any". */
static int begin(void **state)
{
	(void)state;
	c = center_new();
	c->queues[3].offers = 3;
	e = engine_new(c);
	hire(e, "ann", "", 1);
	hire(e, "bo", "", 2);
	hire(e, "cy", "", 3);
	hire(e, "dan", "", 4);
	comes(e, 1, "email", "any", 10);
	return 0;
}

static void as_many_as_the_queue_says(void **state)
{
	(void)state;
	assert_int_equal(used(e, "ann"), 20);
	assert_int_equal(used(e, "bo"), 20);
	assert_int_equal(used(e, "cy"), 20);
	assert_int_equal(used(e, "dan"), 0);
	assert_int_equal(view(e, 1).state, CONV_OFFERED);
}

static void the_first_to_accept_has_it(void **state)
{
	struct id late = offer_to(e, "bo");
	size_t taken = 0;

	(void)state;
	answers(e, COMMAND_ACCEPT, "cy", offer_to(e, "cy"), 11);
	for (size_t i = 0; i < last.count; i++)
		taken += last.events[i].type == EVENT_OFFER_ENDED &&
			 last.events[i].end == OFFER_REVOKED &&
			 slice_is(last.events[i].why, "taken");
	assert_int_equal(taken, 2);
	assert_slice_is(view(e, 1).agent, "cy");
	assert_int_equal(used(e, "ann") + used(e, "bo"), 0);
	answers(e, COMMAND_ACCEPT, "bo", late, 12);
	assert_int_equal(last.answer, ANSWER_NOOP);
	assert_int_equal(last.count, 0);
}

static void one_declines_and_the_others_are_asked_still(void **state)
{
	(void)state;
	answers(e, COMMAND_DECLINE, "ann", offer_to(e, "ann"), 11);
	assert_int_equal(view(e, 1).state, CONV_OFFERED);
	assert_int_equal(used(e, "ann"), 0);
	answers(e, COMMAND_DECLINE, "bo", offer_to(e, "bo"), 12);
	answers(e, COMMAND_DECLINE, "cy", offer_to(e, "cy"), 13);
	/* who is left is asked, and nobody who has declined */
	assert_slice_is(view(e, 1).agent, "dan");
	assert_true(id_is_none(offer_to(e, "ann")));
}

static void all_miss_it_together(void **state)
{
	(void)state;
	tick(e, 10 + 120);
	assert_true(id_is_none(offer_to(e, "bo")));
	assert_slice_is(view(e, 1).agent, "dan");
	tick(e, 10 + 120 +
			60); /* a cooldown later the others are asked again when dan misses it, too */
	assert_int_equal(used(e, "ann"), 0);
}

static void somebody_who_waits_is_offered_before_anybody_is_asked_besides(void **state)
{
	(void)state;
	answers(e, COMMAND_DECLINE, "ann", offer_to(e, "ann"), 11);
	answers(e, COMMAND_DECLINE, "bo", offer_to(e, "bo"), 11);
	give(e, (struct command){ .type = COMMAND_QUEUE, .queue = SLICE("any"), .paused = 1 }, 12);
	comes(e, 2, "callback", "any", 13);
	comes(e, 3, "callback", "any", 14);
	comes(e, 4, "callback", "any", 15);
	give(e, (struct command){ .type = COMMAND_QUEUE, .queue = SLICE("any"), .paused = 0 }, 16);
	/* ann, bo and dan have nothing: each gets one that waited, none a second offer of the same */
	assert_int_equal(view(e, 2).state, CONV_OFFERED);
	assert_int_equal(view(e, 3).state, CONV_OFFERED);
	assert_int_equal(view(e, 4).state, CONV_OFFERED);
}

/* ann, bo and cy are asked, dan is left to others; whoever is asked is kept for nobody with what units he has left. */
static void who_is_kept_free_is_not_asked(void **state)
{
	(void)state;
	give(e, (struct command){ .type = COMMAND_VISIT, .conv = center_id(1), .visit = VISIT_END },
		11);
	c->segments[1].hold_back = 2;
	c->hold_max_s = 600;
	engine_configure(e, c, CENTER_START_US + 12 * S_US, &last);
	comes(e, 2, "email", "any", 13);
	assert_int_equal(used(e, "ann") + used(e, "bo") + used(e, "cy") + used(e, "dan"), 40);
	comes(e, 3, "email", "any",
		14); /* two are left free: it goes to who has something already */
	assert_int_equal(view(e, 3).state, CONV_OFFERED);
	size_t free_now = 0;

	for (size_t i = 0; i < 4; i++)
		free_now += used(e, (const char *[]){ "ann", "bo", "cy", "dan" }[i]) == 0;
	assert_int_equal(free_now, 2);
}

static void the_visitor_leaves(void **state)
{
	(void)state;
	give(e, (struct command){ .type = COMMAND_VISIT, .conv = center_id(1), .visit = VISIT_END },
		11);
	assert_int_equal(view(e, 1).state, CONV_RESOLVED);
	assert_int_equal(used(e, "ann") + used(e, "bo") + used(e, "cy"), 0);
}

static void an_agent_goes_away(void **state)
{
	(void)state;
	give(e,
		(struct command){
			.type = COMMAND_PRESENCE, .agent = SLICE("bo"), .presence = PRESENCE_AWAY },
		11);
	assert_int_equal(used(e, "bo"), 0);
	assert_int_equal(view(e, 1).state, CONV_OFFERED);
	assert_int_equal(used(e, "cy"), 20);
}

static void it_survives_a_snapshot(void **state)
{
	struct str saved = { 0 };
	struct err err = { "" };

	(void)state;
	engine_save(e, &saved);
	struct engine *again = engine_load(c, str_slice(&saved), &err);

	assert_non_null(again);
	assert_true(engine_hash(again) == engine_hash(e));
	answers(again, COMMAND_ACCEPT, "bo", offer_to(again, "bo"), 20);
	assert_slice_is(view(again, 1).agent, "bo");
	assert_int_equal(used(again, "cy"), 0);
	for (size_t n = saved.n; n > saved.n - 60; n--) { /* damaged: cut anywhere near its end */
		struct engine *cut = engine_load(c, slice_make(saved.p, n - 1), &err);

		assert_null(cut);
	}
	engine_free(&again);
	str_free(&saved);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		T(as_many_as_the_queue_says),
		T(the_first_to_accept_has_it),
		T(one_declines_and_the_others_are_asked_still),
		T(all_miss_it_together),
		T(somebody_who_waits_is_offered_before_anybody_is_asked_besides),
		T(who_is_kept_free_is_not_asked),
		T(the_visitor_leaves),
		T(an_agent_goes_away),
		T(it_survives_a_snapshot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
