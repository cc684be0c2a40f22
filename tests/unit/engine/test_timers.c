/*
 * What the time alone does, at the second it is due and not before: missed offers, silence, wrap-up, the end, a desk that is lost, doors.
 */
#include "unit/engine/fixture.h"

static enum presence presence(const char *who)
{
	struct agent_view a;

	assert_true(engine_agent(e, slice_of(who), &a));
	return a.presence;
}

static void accepts(const char *who, uint64_t at_s)
{
	answers(e, COMMAND_ACCEPT, who, offer_to(e, who), at_s);
	assert_int_equal(last.answer, ANSWER_OK);
}

static void an_offer_is_missed_when_its_time_is_up(void **state)
{
	(void)state;
	hire(e, "ann", "", 1);
	comes(e, 1, "chat", "any", 10);
	tick(e, 29);
	assert_int_equal(view(e, 1).state, CONV_OFFERED);
	hire(e, "bo", "", 29);
	tick(e, 30);
	assert_slice_is(view(e, 1).agent, "bo");
	assert_int_equal(presence("ann"), PRESENCE_AVAILABLE);
}

static void who_misses_too_many_is_not_responding(void **state)
{
	(void)state;
	hire(e, "ann", "", 1);
	for (uint64_t n = 1; n <= 3; n++) {
		assert_int_equal(presence("ann"), PRESENCE_AVAILABLE);
		comes(e, n, "chat", "any", 200 + n * 21);
		tick(e, 200 + n * 21 + 20);
	}
	assert_int_equal(presence("ann"), PRESENCE_NOT_RESPONDING);
	assert_true(id_is_none(offer_to(e, "ann")));
}

static void silence_gives_it_to_another(void **state)
{
	(void)state;
	hire(e, "ann", "ru=60", 1);
	comes(e, 1, "email", "support", 10);
	accepts("ann", 11);
	hire(e, "bo", "ru=60", 12);
	tick(e, 11 + 89);
	assert_slice_is(view(e, 1).agent, "ann");
	tick(e, 11 + 90);
	assert_slice_is(view(e, 1).agent, "bo");
}

static void wrapup_ends_and_what_is_resolved_is_closed(void **state)
{
	(void)state;
	hire(e, "ann", "ru=60", 1);
	comes(e, 1, "email", "support", 10);
	accepts("ann", 11);
	does(e, COMMAND_RESOLVE, "ann", 1, "", 20);
	assert_int_equal(view(e, 1).state, CONV_WRAPUP);
	tick(e, 29);
	assert_int_equal(view(e, 1).state, CONV_WRAPUP);
	tick(e, 30);
	assert_int_equal(view(e, 1).state, CONV_RESOLVED);
	assert_int_equal(used(e, "ann"), 0);
	tick(e, 30 + 3599);
	assert_int_equal(view(e, 1).state, CONV_RESOLVED);
	tick(e, 30 + 3600);
	assert_int_equal(view(e, 1).state, CONV_CLOSED);
}

/* Live conversations find another; mail stays with whose it is. */
static void a_desk_that_does_not_come_back_is_lost(void **state)
{
	(void)state;
	hire(e, "ann", "", 1);
	comes(e, 1, "chat", "any", 10);
	accepts("ann", 11);
	comes(e, 2, "email", "any", 12);
	accepts("ann", 13);
	give(e,
		(struct command){
			.type = COMMAND_DESK_DOWN, .agent = SLICE("ann"), .session = SLICE("ann") },
		20);
	hire(e, "bo", "", 21);
	tick(e, 49);
	assert_slice_is(view(e, 1).agent, "ann");
	tick(e, 50);
	assert_int_equal(presence("ann"), PRESENCE_OFFLINE);
	assert_slice_is(view(e, 1).agent, "bo");
	assert_slice_is(view(e, 2).agent, "ann");
}

static void doors_open_and_who_waited_is_offered(void **state)
{
	struct queue_view q;

	(void)state;
	hire(e, "ann", "", 1);
	comes(e, 1, "email", "desk", 10);
	assert_int_equal(view(e, 1).state, CONV_WAITING);
	tick(e, 9 * 3600 - 1);
	assert_int_equal(view(e, 1).state, CONV_WAITING);
	tick(e, 9 * 3600);
	assert_int_equal(view(e, 1).state, CONV_OFFERED);
	tick(e, 17 * 3600);
	assert_true(engine_queue(e, SLICE("desk"), &q));
	assert_false(q.open);
}

static void who_waited_too_long_goes_on_or_is_told(void **state)
{
	(void)state;
	c->queues[3].wait_max_s = 60;
	c->queues[3].overflow = SLICE("support");
	c->queues[0].wait_max_s = 30;
	c->queues[0].full_text = SLICE("nobody is free");
	comes(e, 1, "chat", "any", 10);
	tick(e, 69);
	assert_slice_is(view(e, 1).queue, "any");
	tick(e, 70);
	assert_slice_is(view(e, 1).queue, "support");
	tick(e, 99);
	assert_int_equal(view(e, 1).state, CONV_PARKED);
	tick(e, 100);
	assert_int_equal(view(e, 1).state, CONV_RESOLVED);
	assert_slice_is(view(e, 1).outcome, "nobody was free");
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin_plain, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_offer_is_missed_when_its_time_is_up),
		T(who_misses_too_many_is_not_responding),
		T(silence_gives_it_to_another),
		T(wrapup_ends_and_what_is_resolved_is_closed),
		T(a_desk_that_does_not_come_back_is_lost),
		T(doors_open_and_who_waited_is_offered),
		T(who_waited_too_long_goes_on_or_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
