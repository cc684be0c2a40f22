/*
 * Which agent: the six strategies, preferred skills, names on a tie; and what is told about it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/center.h"

static struct step last;

static void give(struct engine *e, struct command c, uint64_t at_s)
{
	engine_step(e, &c, CENTER_START_US + at_s * S_US, &last);
	assert_true(last.answer == ANSWER_OK);
}

static void hire(
	struct engine *e, const char *who, const char *skills, uint64_t units, uint64_t at_s)
{
	give(e,
		(struct command){ .type = COMMAND_USER,
			.agent = slice_of(who),
			.skills = slice_of(skills),
			.units = units },
		at_s);
	give(e,
		(struct command){
			.type = COMMAND_DESK_UP, .agent = slice_of(who), .session = slice_of(who) },
		at_s);
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = slice_of(who),
			.presence = PRESENCE_AVAILABLE },
		at_s);
}

/* Sends one and returns the event of its offer. */
static const struct event *offered(struct engine *e, const char *queue, uint64_t n, uint64_t at_s)
{
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.id = center_id(1000 + n),
			.channel = SLICE("mailbox"),
			.kind = SLICE("email"),
			.queue = slice_of(queue),
			.random = n * 77777 },
		at_s);
	for (size_t i = 0; i < last.count; i++)
		if (last.events[i].type == EVENT_OFFERED &&
			id_equal(last.events[i].conv, center_id(n)))
			return &last.events[i];
	fail_msg("nobody was offered conversation %u", (unsigned)n);
	return NULL;
}

static void assert_goes_to(
	struct engine *e, const char *queue, uint64_t n, uint64_t at_s, const char *who)
{
	const struct event *ev = offered(e, queue, n, at_s);

	if (!slice_is(ev->agent, who))
		fail_msg("conversation %u went to %.*s, not to %s", (unsigned)n,
			SLICE_ARG(ev->agent), who);
}

static void accepts_and_resolves(struct engine *e, uint64_t n, uint64_t at_s)
{
	struct conv_view v;

	assert_true(engine_conv(e, center_id(n), &v));
	struct slice who = v.agent;

	give(e, (struct command){ .type = COMMAND_ACCEPT, .agent = who, .offer = v.offer }, at_s);
	give(e, (struct command){ .type = COMMAND_RESOLVE, .agent = who, .conv = v.conv }, at_s);
}

static struct config *config_with(enum strategy s)
{
	struct config *c = center_new();

	c->queues[3].strategy = s;
	return c;
}

static void longest_idle_first(void **state)
{
	struct config *c = config_with(STRATEGY_LONGEST_IDLE);
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "cy", "", 0, 1);
	hire(e, "bo", "", 0, 2);
	hire(e, "ann", "", 0, 3);
	assert_goes_to(e, "any", 1, 10, "cy");
	accepts_and_resolves(e, 1, 11);
	assert_goes_to(e, "any", 2, 12, "bo");
	/* Who holds nothing comes before who holds something, however long ago that was. */
	assert_goes_to(e, "any", 3, 13, "ann");
	assert_goes_to(e, "any", 4, 14, "cy");
	assert_goes_to(e, "any", 5, 15, "bo");
	engine_free(&e);
	center_free(c);
}

static void least_loaded_by_share_of_the_limit(void **state)
{
	struct config *c = config_with(STRATEGY_LEAST_LOADED);
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", "", 50, 1);
	hire(e, "bo", "", 100, 1);
	assert_goes_to(e, "any", 1, 10, "ann"); /* 0 of both: by name */
	assert_goes_to(e, "any", 2, 11, "bo");
	assert_goes_to(e, "any", 3, 12, "bo");	/* 20/50 is more than 20/100 */
	assert_goes_to(e, "any", 4, 13, "ann"); /* 20/50 = 40/100: by name */
	engine_free(&e);
	center_free(c);
}

static void round_robin_takes_turns(void **state)
{
	struct config *c = config_with(STRATEGY_ROUND_ROBIN);
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", "", 0, 1);
	hire(e, "bo", "", 0, 1);
	assert_goes_to(e, "any", 1, 10, "ann");
	assert_goes_to(e, "any", 2, 11, "bo");
	accepts_and_resolves(e, 2, 12);
	assert_goes_to(e, "any", 3, 13, "ann");
	assert_goes_to(e, "any", 4, 14, "bo");
	engine_free(&e);
	center_free(c);
}

static void fewest_handled_first(void **state)
{
	struct config *c = config_with(STRATEGY_FEWEST_HANDLED);
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", "", 0, 1);
	assert_goes_to(e, "any", 1, 10, "ann");
	accepts_and_resolves(e, 1, 11);
	hire(e, "bo", "", 0, 12);
	assert_goes_to(e, "any", 2, 13, "bo");
	accepts_and_resolves(e, 2, 14);
	assert_goes_to(e, "any", 3, 15, "ann");
	engine_free(&e);
	center_free(c);
}

static void fewest_skills_keeps_the_rare_agents_free(void **state)
{
	struct config *c = config_with(STRATEGY_FEWEST_SKILLS);
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", "ru=1 en=1 fi=1", 0, 1);
	hire(e, "bo", "ru=1", 0, 2);
	assert_goes_to(e, "any", 1, 10, "bo");
	assert_goes_to(e, "any", 2, 11, "bo");
	engine_free(&e);
	center_free(c);
}

static void random_uses_the_commands_word_and_nothing_else(void **state)
{
	struct config *c = config_with(STRATEGY_RANDOM);
	struct engine *a = engine_new(c), *b = engine_new(c);
	size_t anns = 0;

	(void)state;
	for (struct engine *e = a;; e = b) {
		hire(e, "ann", "", 100000, 1);
		hire(e, "bo", "", 100000, 1);
		if (e == b)
			break;
	}
	for (uint64_t n = 1; n <= 200; n++) {
		const struct event *ev = offered(a, "any", n, 10 + n);
		bool ann = slice_is(ev->agent, "ann");

		anns += ann;
		if (!slice_is(offered(b, "any", n, 10 + n)->agent, ann ? "ann" : "bo"))
			fail_msg("the same commands were decided otherwise");
		accepts_and_resolves(a, n, 10 + n);
		accepts_and_resolves(b, n, 10 + n);
	}
	assert_in_range(anns, 60, 140);
	engine_free(&a);
	engine_free(&b);
	center_free(c);
}

static void preferred_skills_come_before_the_strategy(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", "cards=50 ru=50", 0, 1);
	hire(e, "bo", "cards=50 ru=50 premier=3", 0, 2);
	const struct event *ev = offered(e, "cards", 1, 10);

	assert_true(slice_is(ev->agent, "bo"));
	assert_int_equal(ev->score, 30);
	assert_non_null(strstr(ev->explain.p, "\"decided_by\":\"score\""));
	assert_non_null(strstr(ev->explain.p, "\"runner_up\":\"ann\""));
	assert_non_null(strstr(ev->explain.p, "\"eligible\":2"));
	engine_free(&e);
	center_free(c);
}

static void waits(struct engine *e, const char *segment, uint64_t n, uint64_t at_s)
{
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.id = center_id(1000 + n),
			.channel = SLICE("mailbox"),
			.kind = SLICE("email"),
			.queue = SLICE("any"),
			.segment = slice_of(segment) },
		at_s);
}

static void assert_state(struct engine *e, uint64_t n, enum conv_state state, const char *who)
{
	struct conv_view v;

	assert_true(engine_conv(e, center_id(n), &v));
	assert_int_equal(v.state, state);
	if (who)
		assert_true(slice_is(v.agent, who));
}

static struct config *config_held(uint32_t max_s)
{
	struct config *c = config_with(STRATEGY_LONGEST_IDLE);

	c->segments[1].hold_back = 1; /* mass leaves one to premier */
	c->hold_max_s = max_s;
	return c;
}

static void the_last_free_agent_is_kept_for_those_entitled(void **state)
{
	struct config *c = config_held(0);
	struct engine *e = engine_new(c);
	struct str why = { 0 };

	(void)state;
	hire(e, "ann", "", 0, 1);
	hire(e, "bo", "", 0, 2);
	waits(e, "mass", 1, 10);
	assert_state(e, 1, CONV_OFFERED, "ann");
	waits(e, "mass", 2, 11); /* ann has something, so she is not who is kept free */
	assert_state(e, 2, CONV_OFFERED, "ann");
	for (uint64_t n = 3; n <= 6; n++)
		waits(e, "mass", n, 12);
	assert_state(e, 5, CONV_OFFERED, "ann");
	assert_state(e, 6, CONV_WAITING, NULL);
	assert_true(engine_explain(e, center_id(6), CENTER_START_US + 13 * S_US, &why));
	assert_non_null(strstr(why.p, "\"bo\":\"hold-back\""));
	assert_non_null(strstr(why.p, "\"hold_back\":1"));
	waits(e, "premier", 7, 14);
	assert_state(e, 7, CONV_OFFERED, "bo");
	str_free(&why);
	engine_free(&e);
	center_free(c);
}

static void one_more_free_agent_lets_the_held_go_to_another(void **state)
{
	struct config *c = config_held(0);
	struct engine *e;

	(void)state;
	c->queues[3].stage_count = 0;
	center_stage(c, &c->queues[3], 0, "ru=50");
	e = engine_new(c);
	hire(e, "bo", "ru=60", 0, 1);
	waits(e, "mass", 1, 10);
	assert_state(e, 1, CONV_WAITING, NULL);
	hire(e, "cy", "", 0, 20); /* cannot do it, but can be kept free */
	assert_state(e, 1, CONV_OFFERED, "bo");
	engine_free(&e);
	center_free(c);
}

static void nobody_is_held_back_for_longer_than_the_limit(void **state)
{
	struct config *c = config_held(30);
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", "", 0, 1);
	waits(e, "mass", 1, 10);
	assert_state(e, 1, CONV_WAITING, NULL);
	assert_int_equal(engine_deadline(e), CENTER_START_US + 40 * S_US);
	give(e, (struct command){ .type = COMMAND_TICK }, 39);
	assert_state(e, 1, CONV_WAITING, NULL);
	give(e, (struct command){ .type = COMMAND_TICK }, 40);
	assert_state(e, 1, CONV_OFFERED, "ann");
	engine_free(&e);
	center_free(c);
}

static void who_is_not_of_the_pool_is_kept_for_nobody(void **state)
{
	struct config *c = config_held(0);
	struct engine *e;

	(void)state;
	c->hold_pool = center_skills(c->arena, "cards=50", &c->hold_pool_count);
	e = engine_new(c);
	hire(e, "ann", "cards=60", 0, 1);
	waits(e, "mass", 1, 10);
	assert_state(e, 1, CONV_WAITING, NULL);
	hire(e, "bo", "cards=40", 0, 11);
	assert_state(e, 1, CONV_OFFERED, "bo");
	engine_free(&e);
	center_free(c);
}

static void who_ages_faster_overtakes_at_the_match(void **state)
{
	struct config *c = config_with(STRATEGY_LONGEST_IDLE);
	struct engine *e;
	struct str why = { 0 };

	(void)state;
	c->segments[0].offset_s = 0;
	c->segments[0].rate = 3; /* premier; mass has 1 */
	e = engine_new(c);
	waits(e, "mass", 1, 100);
	waits(e, "premier", 2, 200);
	waits(e, "mass", 3, 210);
	hire(e, "ann", "", 20, 240); /* 140 × 1 against 40 × 3: the older one still */
	assert_state(e, 1, CONV_OFFERED, "ann");
	waits(e, "mass", 4, 249);
	assert_int_equal(engine_position(e, center_id(2)), 1);
	assert_int_equal(engine_position(e, center_id(3)), 2);
	assert_int_equal(engine_position(e, center_id(4)), 3);
	assert_true(engine_explain(e, center_id(2), CENTER_START_US + 249 * S_US, &why));
	assert_non_null(strstr(why.p, "\"rate\":3"));
	str_free(&why);
	engine_free(&e);

	e = engine_new(c);
	hire(e, "bo", "", 0, 1);
	give(e,
		(struct command){
			.type = COMMAND_PRESENCE, .agent = SLICE("bo"), .presence = PRESENCE_AWAY },
		2);
	waits(e, "mass", 1, 100);
	waits(e, "premier", 2, 200);
	give(e, (struct command){ .type = COMMAND_TICK }, 249);
	assert_int_equal(engine_position(e, center_id(2)), 2);
	give(e, (struct command){ .type = COMMAND_TICK }, 251); /* 151 × 1 against 51 × 3 */
	assert_int_equal(engine_position(e, center_id(2)), 1);
	hire(e, "ann", "", 20, 252);
	assert_state(e, 2, CONV_OFFERED, "ann");
	assert_state(e, 1, CONV_WAITING, NULL);
	engine_free(&e);
	center_free(c);
}

static void mail_for(
	struct engine *e, const char *queue, const char *skills, uint64_t n, uint64_t at_s)
{
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.id = center_id(n),
			.channel = SLICE("box"),
			.kind = SLICE("email"),
			.queue = slice_of(queue),
			.skills = slice_of(skills) },
		at_s);
}

/* Who stands before it is who could take its agent, in whatever queue; not everybody in its own. */
static void ahead_are_those_who_share_an_agent(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", "ru=80", 1, 1); /* no room: all of them wait */
	hire(e, "bo", "ru=60 fr=50", 1, 1);
	mail_for(e, "support", "fr=50", 1, 10); /* bo alone */
	mail_for(e, "support", "", 2, 11);	/* both */
	mail_for(e, "any", "", 3, 12);
	mail_for(e, "support", "ru=70", 4, 13); /* ann alone */
	mail_for(e, "any", "fr=1", 5, 14);	/* bo alone */
	assert_int_equal(engine_ahead(e, center_id(1)), 0);
	assert_int_equal(engine_ahead(e, center_id(2)), 1);
	assert_int_equal(engine_ahead(e, center_id(3)), 2); /* another queue, the same people */
	assert_int_equal(engine_ahead(e, center_id(4)), 2); /* the first does not need ann */
	assert_int_equal(engine_ahead(e, center_id(5)), 3);
	assert_int_equal(engine_position(e, center_id(4)), 3); /* in its queue */
	/* A third person who could take both makes rivals of them. */
	hire(e, "cy", "ru=90 fr=90", 1, 20);
	assert_int_equal(engine_ahead(e, center_id(4)), 3);
	assert_int_equal(engine_ahead(e, center_id(5)), 4);
	/* Who is in a queue that is paused is before nobody else. */
	give(e, (struct command){ .type = COMMAND_QUEUE, .queue = SLICE("support"), .paused = 1 },
		21);
	assert_int_equal(engine_ahead(e, center_id(3)), 0);
	assert_int_equal(engine_ahead(e, center_id(99)), 0);
	engine_free(&e);
	center_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_idle_first),
		cmocka_unit_test(least_loaded_by_share_of_the_limit),
		cmocka_unit_test(round_robin_takes_turns),
		cmocka_unit_test(fewest_handled_first),
		cmocka_unit_test(fewest_skills_keeps_the_rare_agents_free),
		cmocka_unit_test(random_uses_the_commands_word_and_nothing_else),
		cmocka_unit_test(preferred_skills_come_before_the_strategy),
		cmocka_unit_test(who_ages_faster_overtakes_at_the_match),
		cmocka_unit_test(the_last_free_agent_is_kept_for_those_entitled),
		cmocka_unit_test(one_more_free_agent_lets_the_held_go_to_another),
		cmocka_unit_test(nobody_is_held_back_for_longer_than_the_limit),
		cmocka_unit_test(who_is_not_of_the_pool_is_kept_for_nobody),
		cmocka_unit_test(ahead_are_those_who_share_an_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
