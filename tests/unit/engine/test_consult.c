/*
 * Consult: a colleague is asked to take over; until that is accepted it stays with its owner, whatever happens.
 */
#include "unit/engine/fixture.h"

/* ann owns conversation 1; bo and cy could take it over. */
static int begin(void **state)
{
	(void)state;
	c = center_new();
	e = engine_new(c);
	hire(e, "ann", "", 1);
	comes(e, 1, "email", "any", 5);
	answers(e, COMMAND_ACCEPT, "ann", offer_to(e, "ann"), 6);
	hire(e, "bo", "ru=60", 7);
	hire(e, "cy", "cards=70 ru=80", 8);
	return 0;
}

static void it_stays_until_accepted(void **state)
{
	(void)state;
	does(e, COMMAND_CONSULT, "ann", 1, "agent:bo", 10);
	assert_int_equal(last.answer, ANSWER_OK);
	assert_slice_is(view(e, 1).agent, "ann");
	assert_slice_is(view(e, 1).asked, "bo");
	assert_int_equal(used(e, "bo"), 20);
	does(e, COMMAND_CONSULT, "ann", 1, "agent:cy", 11);
	assert_int_equal(last.answer, ANSWER_STATE); /* one at a time */
	does(e, COMMAND_REPLY, "ann", 1, "", 12);    /* the owner goes on meanwhile */
	assert_int_equal(view(e, 1).state, CONV_PENDING);
	int64_t key = view(e, 1).key;

	answers(e, COMMAND_ACCEPT, "bo", offer_to(e, "bo"), 13);
	assert_slice_is(view(e, 1).agent, "bo");
	assert_int_equal(view(e, 1).state, CONV_ACTIVE);
	assert_int_equal(used(e, "ann"), 0);
	assert_true(view(e, 1).key == key); /* it keeps its age */
}

static void declined_or_missed_nothing_has_happened(void **state)
{
	(void)state;
	does(e, COMMAND_CONSULT, "ann", 1, "agent:bo", 10);
	answers(e, COMMAND_DECLINE, "bo", offer_to(e, "bo"), 11);
	assert_slice_is(view(e, 1).agent, "ann");
	assert_int_equal(view(e, 1).asked.n, 0);
	does(e, COMMAND_CONSULT, "ann", 1, "agent:bo",
		12); /* who declined may be asked again by a person */
	assert_int_equal(last.answer, ANSWER_OK);
	tick(e, 12 + 120);
	assert_int_equal(used(e, "bo"), 0);
	assert_slice_is(view(e, 1).agent, "ann");
}

static void a_queue_or_skills_mean_the_best_who_is_free(void **state)
{
	(void)state;
	does(e, COMMAND_CONSULT, "ann", 1, "skills:ru=50", 10);
	assert_slice_is(view(e, 1).asked, "bo");
	answers(e, COMMAND_DECLINE, "bo", offer_to(e, "bo"), 11);
	does(e, COMMAND_CONSULT, "ann", 1, "queue:cards", 12);
	assert_slice_is(view(e, 1).asked, "cy");
	answers(e, COMMAND_ACCEPT, "cy", offer_to(e, "cy"), 13);
	assert_slice_is(view(e, 1).queue, "cards");
	does(e, COMMAND_CONSULT, "cy", 1, "skills:ru=50",
		14); /* and what the queue asks, which bo has not */
	assert_int_equal(last.answer, ANSWER_STATE);
	does(e, COMMAND_CONSULT, "cy", 1, "skills:klingon=1", 15);
	assert_int_equal(last.answer, ANSWER_STATE);
	does(e, COMMAND_CONSULT, "cy", 1, "nowhere", 16);
	assert_int_equal(last.answer, ANSWER_INVALID);
}

static void nobody_free_is_said(void **state)
{
	(void)state;
	give(e,
		(struct command){
			.type = COMMAND_PRESENCE, .agent = SLICE("cy"), .presence = PRESENCE_AWAY },
		9);
	does(e, COMMAND_CONSULT, "ann", 1, "queue:cards", 10);
	assert_int_equal(last.answer, ANSWER_STATE);
	does(e, COMMAND_CONSULT, "ann", 1, "agent:cy", 11);
	assert_int_equal(last.answer, ANSWER_STATE);
	assert_slice_is(view(e, 1).agent, "ann");
}

static void the_question_ends_with_the_conversation(void **state)
{
	(void)state;
	does(e, COMMAND_CONSULT, "ann", 1, "agent:bo", 10);
	does(e, COMMAND_RESOLVE, "ann", 1, "", 11);
	assert_int_equal(view(e, 1).state, CONV_RESOLVED);
	assert_int_equal(used(e, "bo"), 0);
	assert_true(id_is_none(offer_to(e, "bo")));
}

static void its_owner_is_lost(void **state)
{
	(void)state;
	does(e, COMMAND_CONSULT, "ann", 1, "agent:bo", 10);
	give(e, (struct command){ .type = COMMAND_USER_OFF, .agent = SLICE("ann") }, 11);
	/* back in its queue, and offered there: the question is over */
	assert_int_equal(view(e, 1).state, CONV_OFFERED);
	assert_int_equal(view(e, 1).asked.n, 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		T(it_stays_until_accepted),
		T(declined_or_missed_nothing_has_happened),
		T(a_queue_or_skills_mean_the_best_who_is_free),
		T(nobody_free_is_said),
		T(the_question_ends_with_the_conversation),
		T(its_owner_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
