/*
 * What time does to those who wait: stages that widen, parking, promotion, the longest wait, and the pause after everybody declined.
 */
#include "unit/engine/fixture.h"

static void a_stage_begins_when_its_time_has_come(void **state)
{
	(void)state;
	hire(e, "ann", "ru=60 cards=90", 1);
	hire(e, "bo", "cards=30", 1);
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("ann"),
			.presence = PRESENCE_AWAY },
		2);
	comes(e, 1, "email", "cards", 10);
	assert_int_equal(view(e, 1).state, CONV_WAITING);
	tick(e, 10 + 19);
	assert_int_equal(view(e, 1).stage, 0);
	tick(e, 10 + 20);
	assert_int_equal(view(e, 1).stage, 1);
	assert_slice_is(view(e, 1).agent, "bo");
}

static void what_nobody_can_serve_is_skipped_or_parked(void **state)
{
	(void)state;
	hire(e, "bo", "cards=30", 1);
	comes(e, 1, "email", "cards", 10); /* stage 0 is nobody's */
	assert_slice_is(view(e, 1).agent, "bo");
	comes(e, 2, "email", "support", 11); /* ru at every stage */
	assert_int_equal(view(e, 2).state, CONV_PARKED);
	hire(e, "ru", "ru=50", 12);
	assert_slice_is(view(e, 2).agent, "ru");
}

static uint64_t longest_s(const char *queue)
{
	struct queue_view q;

	assert_true(engine_queue(e, slice_of(queue), &q));
	return q.longest_us ? (q.longest_us - CENTER_START_US) / S_US : 0;
}

static void add_place(void *arg, struct id conv, size_t ahead)
{
	for (unsigned n = 1; n <= 3; n++)
		if (id_equal(conv, center_id(n)))
			str_addf(arg, "%u:%zu ", n, ahead);
}

/* Before anybody is at work all are parked: they wait none the less. */
static void the_parked_wait_and_the_longest_is_known(void **state)
{
	(void)state;
	assert_int_equal(longest_s("support"), 0);
	comes(e, 1, "email", "support", 10);
	comes(e, 2, "email", "support", 20);
	comes(e, 3, "email", "cards", 30);
	assert_int_equal(view(e, 1).state, CONV_PARKED);
	assert_int_equal(longest_s("support"), 10);
	assert_int_equal(longest_s("cards"), 30);
	struct str places = { 0 };
	engine_each_parked(e, add_place, &places);
	assert_string_equal(places.p, "1:0 2:1 3:0 ");
	str_free(&places);
	give(e, (struct command){ .type = COMMAND_VISIT, .conv = center_id(1), .visit = VISIT_END },
		40);
	assert_int_equal(longest_s("support"), 20);
	hire(e, "ru", "ru=50", 50);
	hire(e, "cy", "cards=30", 51);
	assert_int_equal(longest_s("support"), 20); /* offered */
	give(e,
		(struct command){
			.type = COMMAND_ACCEPT, .agent = SLICE("ru"), .offer = view(e, 2).offer },
		60);
	assert_int_equal(longest_s("support"), 0);
}

static void a_lower_tier_is_promoted(void **state)
{
	(void)state;
	c->segments[1].tier = 2;
	c->segments[1].promote_s = 100;
	hire(e, "ann", "", 1);
	give(e, (struct command){ .type = COMMAND_QUEUE, .queue = SLICE("any"), .paused = 1 }, 2);
	comes(e, 1, "email", "any", 10);
	assert_int_equal(view(e, 1).tier, 3);
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(2),
			.id = center_id(7),
			.kind = SLICE("email"),
			.channel = SLICE("ch"),
			.queue = SLICE("any"),
			.segment = SLICE("premier") },
		20);
	assert_int_equal(engine_position(e, center_id(1)), 2);
	tick(e, 10 + 99);
	assert_int_equal(view(e, 1).tier, 3);
	tick(e, 10 + 100);
	assert_int_equal(view(e, 1).tier, 1);
	/* premier still has its head start of two minutes, no more than that */
	assert_int_equal(engine_position(e, center_id(1)), 2);
}

static void the_longest_wait_sends_it_to_another_queue(void **state)
{
	(void)state;
	c->queues[3].wait_max_s = 50;
	c->queues[3].overflow = SLICE("support");
	hire(e, "ann", "ru=90", 1);
	give(e, (struct command){ .type = COMMAND_QUEUE, .queue = SLICE("any"), .paused = 1 }, 2);
	comes(e, 1, "email", "any", 10);
	int64_t key = view(e, 1).key;

	tick(e, 10 + 49);
	assert_slice_is(view(e, 1).queue, "any");
	tick(e, 10 + 50);
	assert_slice_is(view(e, 1).queue, "support");
	assert_slice_is(view(e, 1).agent, "ann");
	assert_true(view(e, 1).key == key);
}

/* "desk" opens at nine: what could overflow only to there stays until then. */
static void it_does_not_overflow_into_a_queue_that_is_closed(void **state)
{
	(void)state;
	c->queues[3].wait_max_s = 50;
	c->queues[3].overflow = SLICE("desk");
	comes(e, 1, "email", "any", 10);
	assert_int_equal(view(e, 1).state, CONV_PARKED); /* nobody is at work */
	tick(e, 10 + 5000);
	assert_slice_is(view(e, 1).queue, "any");
	tick(e, 9 * 3600);
	assert_slice_is(view(e, 1).queue, "desk");
}

static void a_live_one_is_told_and_ended(void **state)
{
	size_t told = 0;

	(void)state;
	c->queues[3].wait_max_s = 50;
	c->queues[3].full_text = SLICE("sorry");
	comes(e, 1, "chat", "any", 10);
	comes(e, 2, "email", "any", 10); /* nobody waits at the other end: it stays */
	tick(e, 10 + 50);
	for (size_t i = 0; i < last.count; i++)
		told += last.events[i].type == EVENT_MESSAGE && slice_is(last.events[i].why, "ful"
											     "l");
	assert_int_equal(told, 1);
	assert_int_equal(view(e, 1).state, CONV_RESOLVED);
	assert_slice_is(view(e, 1).outcome, "nobody was free");
	assert_int_equal(view(e, 2).state, CONV_PARKED);
}

static void who_declined_has_peace_for_the_first_cooldown(void **state)
{
	uint64_t at_s = 10;

	(void)state;
	hire(e, "ann", "", 1);
	comes(e, 1, "email", "any", at_s);
	for (int i = 0; i < 5; i++) { /* the only one at work: never the doubled time */
		answers(e, COMMAND_DECLINE, "ann", offer_to(e, "ann"), at_s);
		assert_int_equal(view(e, 1).state, CONV_WAITING);
		tick(e, at_s + 59);
		assert_int_equal(view(e, 1).state, CONV_WAITING);
		tick(e, at_s + 60);
		assert_int_equal(view(e, 1).state, CONV_OFFERED);
		at_s += 60;
	}
}

static void the_doubled_time_holds_while_others_are_at_work(void **state)
{
	(void)state;
	hire(e, "ann", "", 1);
	comes(e, 1, "email", "any", 10);
	answers(e, COMMAND_DECLINE, "ann", offer_to(e, "ann"), 10);
	tick(e, 70);
	answers(e, COMMAND_DECLINE, "ann", offer_to(e, "ann"), 71); /* 120 s now */
	hire(e, "bo", "", 72);
	assert_slice_is(view(e, 1).agent, "bo");
	answers(e, COMMAND_DECLINE, "bo", offer_to(e, "bo"), 74);
	tick(e, 74 + 59);
	assert_int_equal(view(e, 1).state, CONV_WAITING);
	tick(e, 74 + 60);
	assert_slice_is(view(e, 1).agent, "bo"); /* whose minute is over; ann's two are not */
	answers(e, COMMAND_DECLINE, "bo", offer_to(e, "bo"), 140);
	assert_int_equal(view(e, 1).state, CONV_WAITING);
	tick(e, 71 + 120);
	assert_slice_is(view(e, 1).agent, "ann");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin_plain, end)
	const struct CMUnitTest tests[] = {
		T(a_stage_begins_when_its_time_has_come),
		T(what_nobody_can_serve_is_skipped_or_parked),
		T(the_parked_wait_and_the_longest_is_known),
		T(a_lower_tier_is_promoted),
		T(the_longest_wait_sends_it_to_another_queue),
		T(it_does_not_overflow_into_a_queue_that_is_closed),
		T(a_live_one_is_told_and_ended),
		T(who_declined_has_peace_for_the_first_cooldown),
		T(the_doubled_time_holds_while_others_are_at_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
