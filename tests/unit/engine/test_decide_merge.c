/*
 * Who may say that two customers are one person: the operator and supervisors of anybody, agents of those whom they serve and who were suggested.
 * Nothing of the engine's own state changes by it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/center.h"

enum { ANN = 501, LIAR = 502, ZOE = 503 };
static struct step last;

static enum answer give(struct engine *e, struct command c)
{
	engine_step(e, &c, CENTER_START_US + 10 * S_US, &last);
	return last.answer;
}

static void hire(struct engine *e, const char *who, enum role role)
{
	give(e, (struct command){ .type = COMMAND_USER, .agent = slice_of(who), .role = role });
	give(e, (struct command){ .type = COMMAND_DESK_UP,
			.agent = slice_of(who),
			.session = slice_of(who) });
}

static enum answer merge(
	struct engine *e, const char *who, uint64_t one, uint64_t other, bool suggested)
{
	return give(e, (struct command){ .type = COMMAND_MERGE,
			       .agent = slice_of(who),
			       .customer = center_id(one),
			       .linked = center_id(other),
			       .suggest = suggested ? center_id(other) : (struct id){ 0, 0 },
			       .why = SLICE("because") });
}

static struct engine *center(struct config **c)
{
	struct engine *e = engine_new(*c = center_new());

	hire(e, "bo", ROLE_AGENT);
	hire(e, "sue", ROLE_SUPERVISOR);
	hire(e, "olga", ROLE_AUDITOR);
	give(e, (struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("bo"),
			.presence = PRESENCE_AVAILABLE });
	give(e, (struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(1),
			.id = center_id(1001),
			.customer = center_id(LIAR),
			.channel = SLICE("box"),
			.kind = SLICE("mail"),
			.queue = SLICE("any"),
			.at_us = CENTER_START_US });
	return e;
}

static void rights(void **state)
{
	struct config *c;
	struct engine *e = center(&c);

	(void)state;
	assert_int_equal(merge(e, "bo", LIAR, ANN, true), ANSWER_OK);
	assert_int_equal(merge(e, "bo", ANN, LIAR, true),
		ANSWER_OK); /* either side may be the one he serves */
	assert_int_equal(merge(e, "bo", LIAR, ANN, false), ANSWER_FORBIDDEN);
	assert_int_equal(merge(e, "bo", ZOE, ANN, true), ANSWER_FORBIDDEN);
	assert_int_equal(merge(e, "sue", ZOE, ANN, false), ANSWER_OK);
	assert_int_equal(merge(e, "", ZOE, ANN, false), ANSWER_OK);
	assert_int_equal(merge(e, "olga", LIAR, ANN, true), ANSWER_FORBIDDEN);
	assert_int_equal(merge(e, "nobody", LIAR, ANN, true), ANSWER_UNKNOWN);
	assert_int_equal(merge(e, "sue", ANN, ANN, true), ANSWER_INVALID);
	assert_int_equal(give(e, (struct command){ .type = COMMAND_MERGE,
					 .agent = SLICE("sue"),
					 .customer = center_id(ANN) }),
		ANSWER_INVALID);
	engine_free(&e);
	center_free(c);
}

static void the_journal_has_it_and_the_state_does_not(void **state)
{
	struct config *c;
	struct engine *e = center(&c);
	uint64_t before = engine_hash(e);

	(void)state;
	merge(e, "sue", LIAR, ANN, false);
	assert_int_equal(last.count, 1);
	const struct event *ev = &last.events[0];
	assert_int_equal(ev->type, EVENT_MERGED);
	assert_true(
		id_equal(ev->customer, center_id(LIAR)) && id_equal(ev->linked, center_id(ANN)));
	assert_true(slice_is(ev->agent, "sue") && slice_is(ev->why, "because"));
	assert_int_equal(engine_hash(e), before);
	give(e, (struct command){ .type = COMMAND_SPLIT,
			.agent = SLICE("bo"),
			.customer = center_id(LIAR),
			.linked = center_id(ANN) });
	assert_int_equal(last.count, 1);
	assert_int_equal(last.events[0].type, EVENT_SPLIT);
	/* whoever serves one of them may say that they are two, suggested or not, and take it back */
	give(e, (struct command){ .type = COMMAND_DISTINCT,
			.agent = SLICE("bo"),
			.customer = center_id(LIAR),
			.linked = center_id(ANN) });
	assert_int_equal(last.count, 1);
	assert_int_equal(last.events[0].type, EVENT_DISTINCT);
	give(e, (struct command){ .type = COMMAND_UNDISTINCT,
			.agent = SLICE("sue"),
			.customer = center_id(ANN),
			.linked = center_id(LIAR) });
	assert_int_equal(last.events[0].type, EVENT_UNDISTINCT);
	assert_int_equal(engine_hash(e), before);
	engine_free(&e);
	center_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights),
		cmocka_unit_test(the_journal_has_it_and_the_state_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
