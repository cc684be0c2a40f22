/*
 * Sets of skills: equal ones have one number however they are written, levels count, and an agent's own skill is its own.
 */
#include "unit/engine/people.h"

#include "engine/agent.h"
#include "engine/sets.h"

#include "unit/engine/fixture.h"

static uint32_t set(const char *text)
{
	return set_parse(e, slice_of(text));
}

static void equal_sets_have_one_number(void **state)
{
	(void)state;
	assert_int_equal(set("ru=80 cards=50"), set("cards=50 ru=80"));
	assert_int_equal(set("ru=80 ru=20"), set("ru=80")); /* the higher level counts */
	assert_int_not_equal(set("ru=80"), set("ru=79"));
	assert_int_equal(set(""), SET_EMPTY);
	assert_slice_is(set_text(e, set("ru=80 cards=50")), "cards=50 ru=80");
}

static void what_is_no_set_is_refused(void **state)
{
	char many[SKILLS_MAX * 8 + 16] = "";

	(void)state;
	assert_int_equal(set("ru=101"), 0);
	assert_int_equal(set("ru="), 0);
	assert_int_equal(set("=5"), 0);
	for (int i = 0; i <= SKILLS_MAX; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "s%d=1 ", i);
	assert_int_equal(set(many), 0);
}

static void a_union_asks_for_both(void **state)
{
	(void)state;
	assert_int_equal(set_union(e, set("ru=80"), set("ru=50 en=10")), set("en=10 ru=80"));
	assert_int_equal(set_union(e, SET_EMPTY, set("ru=1")), set("ru=1"));
	assert_int_equal(set_union(e, set("ru=1"), SET_EMPTY), set("ru=1"));
	/* found again in the memory of unions */
	assert_int_equal(set_union(e, set("ru=80"), set("ru=50 en=10")), set("en=10 ru=80"));
}

static void levels_and_ones_own_skill(void **state)
{
	(void)state;
	hire(e, "ann", "ru=80 cards=50", 1);
	hire(e, "bo", "ru=20", 2);
	const struct agent *ann = agent_at(e, agent_find(e, SLICE("ann")));

	assert_true(set_met(e, set("ru=80"), ann));
	assert_true(set_met(e, set("cards=1 ru=1"), ann));
	assert_false(set_met(e, set("ru=81"), ann));
	assert_false(set_met(e, set("en=0"), ann));
	assert_true(set_met(e, set("agent:ann=1"), ann));
	assert_false(set_met(e, set("agent:bo=1"), ann));
	assert_true(set_met(e, SET_EMPTY, ann));
}

static void who_is_able_is_counted_as_people_come_and_go(void **state)
{
	uint32_t asked = set("ru=50");

	(void)state;
	set_ask(e, asked);
	assert_int_equal(set_at(e, asked)->able, 0);
	hire(e, "ann", "ru=80", 1);
	hire(e, "bo", "ru=20", 2);
	assert_int_equal(set_at(e, asked)->able, 1);
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("ann"),
			.presence = PRESENCE_AWAY },
		3);
	assert_int_equal(set_at(e, asked)->able, 1);
	assert_int_equal(set_at(e, asked)->ready, 0);
	give(e,
		(struct command){
			.type = COMMAND_USER, .agent = SLICE("bo"), .skills = SLICE("ru=50") },
		4);
	assert_int_equal(set_at(e, asked)->able, 2);
	assert_int_equal(set_at(e, asked)->ready, 1);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin_plain, end)
	const struct CMUnitTest tests[] = {
		T(equal_sets_have_one_number),
		T(what_is_no_set_is_refused),
		T(a_union_asks_for_both),
		T(levels_and_ones_own_skill),
		T(who_is_able_is_counted_as_people_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
