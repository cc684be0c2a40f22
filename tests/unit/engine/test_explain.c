/*
 * Explain says of each agent the first thing that stands in the way, and what would have to change.
 */
#include "unit/engine/people.h"

static struct config *c;
static struct engine *e;
static struct str json;

static int begin(void **state)
{
	(void)state;
	c = center_new();
	e = engine_new(c);
	return 0;
}

static int end(void **state)
{
	(void)state;
	str_free(&json);
	engine_free(&e);
	center_free(c);
	return 0;
}

static void says(uint64_t n, const char *text)
{
	str_clear(&json);
	assert_true(engine_explain(e, center_id(n), CENTER_START_US + 100 * S_US, &json));
	if (!strstr(json.p, text))
		fail_msg("expected %s in %s", text, json.p);
}

static void each_agent_by_the_first_thing_that_fails(void **state)
{
	(void)state;
	hire(e, "able", "ru=90", 1);
	hire(e, "away", "ru=90", 1);
	hire(e, "no-skill", "en=90", 1);
	hire(e, "full", "ru=90", 1);
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("away"),
			.presence = PRESENCE_AWAY },
		2);
	give(e, (struct command){ .type = COMMAND_USER, .agent = SLICE("full"), .units = 10 }, 2);
	comes(e, 1, "email", "support", 3);
	answers(e, COMMAND_DECLINE, "able", offer_to(e, "able"), 4);
	says(1, "\"able\":\"excluded\"");
	says(1, "\"away\":\"presence\"");
	says(1, "\"no-skill\":\"skills\"");
	says(1, "\"full\":\"capacity\"");
	says(1, "\"failing\":{\"presence\":1,\"skills\":1,\"capacity\":1,\"excluded\":1}");
	says(1, "\"would_change\":\"the time since the agent declined or missed it runs out\"");
	says(1, "\"next_stage_ms\":");
	give(e, (struct command){ .type = COMMAND_QUEUE, .queue = SLICE("support"), .paused = 1 },
		5);
	says(1, "\"able\":\"queue\"");
}

static void a_share_of_a_queue_and_a_maximum_of_a_kind(void **state)
{
	(void)state;
	c->queues[3].agent_max = 1;
	hire(e, "ann", "", 1);
	comes(e, 1, "email", "any", 2);
	comes(e, 2, "email", "any", 3);
	says(2, "\"ann\":\"queue-share\"");
	says(2, "\"would_change\":\"the agent finishes something of this queue\"");
}

static void who_is_asked(void **state)
{
	(void)state;
	c->queues[3].offers = 2;
	hire(e, "ann", "", 1);
	hire(e, "bo", "", 1);
	hire(e, "cy", "", 1);
	comes(e, 1, "email", "any", 2);
	says(1, "\"offered_to\":\"ann\"");
	says(1, "\"offered_beside\":[\"bo\"]");
	answers(e, COMMAND_ACCEPT, "ann", offer_to(e, "ann"), 3);
	says(1, "\"owner\":\"ann\"");
	does(e, COMMAND_CONSULT, "ann", 1, "agent:cy", 4);
	says(1, "\"asked\":[\"cy\"]");
}

static void of_a_decision_the_winner_and_what_decided(void **state)
{
	const struct event *offered = NULL;

	(void)state;
	hire(e, "ann", "", 1);
	hire(e, "bo", "", 2);
	comes(e, 1, "email", "any", 3);
	for (size_t i = 0; i < last.count; i++)
		if (last.events[i].type == EVENT_OFFERED)
			offered = &last.events[i];
	assert_non_null(offered);
	char *text = slice_dup(offered->explain);

	assert_non_null(strstr(text, "\"strategy\":\"fewest-handled\""));
	assert_non_null(strstr(text, "\"runner_up\":\"bo\""));
	assert_non_null(strstr(text, "\"decided_by\":\"id\"")); /* both have handled nothing */
	free(text);
}

static void what_is_unknown_is_not_explained(void **state)
{
	(void)state;
	assert_false(engine_explain(e, center_id(9), CENTER_START_US, &json));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		T(each_agent_by_the_first_thing_that_fails),
		T(a_share_of_a_queue_and_a_maximum_of_a_kind),
		T(who_is_asked),
		T(of_a_decision_the_winner_and_what_decided),
		T(what_is_unknown_is_not_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
