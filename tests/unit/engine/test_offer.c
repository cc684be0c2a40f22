/*
 * Offers: units from the offer on, the cooldown that doubles, the old place in the order, misses in a row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/center.h"

static struct step last;

static enum answer give(struct engine *e, struct command c, uint64_t at_s)
{
	engine_step(e, &c, CENTER_START_US + at_s * S_US, &last);
	return last.answer;
}

static void hire(struct engine *e, const char *who, enum role role)
{
	give(e, (struct command){ .type = COMMAND_USER, .agent = slice_of(who), .role = role }, 1);
	give(e,
		(struct command){
			.type = COMMAND_DESK_UP, .agent = slice_of(who), .session = slice_of(who) },
		1);
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = slice_of(who),
			.presence = PRESENCE_AVAILABLE },
		1);
}

static void mail(struct engine *e, uint64_t n, const char *kind, uint64_t at_s)
{
	assert_int_equal(give(e,
				 (struct command){ .type = COMMAND_MESSAGE,
					 .fresh = 1,
					 .conv = center_id(n),
					 .id = center_id(1000 + n),
					 .channel = SLICE("box"),
					 .kind = slice_of(kind),
					 .queue = SLICE("any"),
					 .at_us = CENTER_START_US + at_s * S_US },
				 at_s),
		ANSWER_OK);
}

static struct conv_view view(struct engine *e, uint64_t n)
{
	struct conv_view v = { .state = CONV_NONE };

	assert_true(engine_conv(e, center_id(n), &v));
	return v;
}

static enum answer decline(struct engine *e, uint64_t n, uint64_t at_s)
{
	struct conv_view v = view(e, n);

	return give(e,
		(struct command){ .type = COMMAND_DECLINE, .agent = v.agent, .offer = v.offer },
		at_s);
}

static enum answer accept(struct engine *e, uint64_t n, uint64_t at_s)
{
	struct conv_view v = view(e, n);

	return give(e,
		(struct command){ .type = COMMAND_ACCEPT, .agent = v.agent, .offer = v.offer },
		at_s);
}

static uint64_t excluded_until_s(void)
{
	for (size_t i = 0; i < last.count; i++)
		if (last.events[i].type == EVENT_EXCLUDED)
			return (last.events[i].until_us - CENTER_START_US) / S_US;
	return 0;
}

static void units_are_taken_at_the_offer_and_given_back(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);
	struct agent_view a;

	(void)state;
	hire(e, "ann", ROLE_AGENT);
	mail(e, 1, "email", 2);
	assert_true(engine_agent(e, SLICE("ann"), &a));
	assert_int_equal(a.used, 20);
	assert_int_equal(a.offers, 1);
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("ann"),
			.presence = PRESENCE_AWAY },
		3);
	assert_true(engine_agent(e, SLICE("ann"), &a));
	assert_int_equal(a.used, 0);
	assert_int_equal(view(e, 1).state, CONV_WAITING);
	engine_free(&e);
	center_free(c);
}

static void the_cooldown_doubles_up_to_ten_minutes(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);
	static const uint64_t spans_s[] = { 60, 120, 240, 480, 600, 600 };
	uint64_t at_s = 10;

	(void)state;
	hire(e, "ann", ROLE_AGENT);
	hire(e, "bo", ROLE_AGENT);
	/* Bo is at work but full, so that not everybody has declined. */
	mail(e, 50, "callback", 2);
	assert_true(slice_is(view(e, 50).agent, "ann"));
	give(e,
		(struct command){ .type = COMMAND_DECLINE,
			.agent = SLICE("ann"),
			.offer = view(e, 50).offer },
		3);
	assert_true(slice_is(view(e, 50).agent, "bo"));
	accept(e, 50, 4);
	mail(e, 1, "email", 5);
	for (size_t i = 0; i < 6; i++) {
		assert_true(slice_is(view(e, 1).agent, "ann"));
		assert_int_equal(decline(e, 1, at_s), ANSWER_OK);
		assert_int_equal(excluded_until_s(), at_s + spans_s[i]);
		assert_int_equal(view(e, 1).state, CONV_WAITING);
		at_s += spans_s[i];
		give(e, (struct command){ .type = COMMAND_TICK }, at_s - 1);
		assert_int_equal(view(e, 1).state, CONV_WAITING);
		give(e, (struct command){ .type = COMMAND_TICK }, at_s);
		assert_int_equal(view(e, 1).state, CONV_OFFERED);
	}
	engine_free(&e);
	center_free(c);
}

static void what_returns_stands_where_it_stood_among_equals(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", ROLE_AGENT);
	give(e, (struct command){ .type = COMMAND_USER, .agent = SLICE("ann"), .units = 20 }, 2);
	mail(e, 1, "email", 5);
	mail(e, 2, "email", 5); /* the same arrival: the entry number decides */
	assert_int_equal(accept(e, 1, 6), ANSWER_OK);
	give(e, (struct command){ .type = COMMAND_USER_OFF, .agent = SLICE("ann") }, 7);
	give(e, (struct command){ .type = COMMAND_USER, .agent = SLICE("bo"), .units = 20 }, 8);
	hire(e, "bo", ROLE_AGENT);
	assert_int_equal(engine_position(e, center_id(1)), 0);
	assert_true(slice_is(view(e, 1).agent, "bo"));
	assert_int_equal(view(e, 2).state, CONV_WAITING);
	engine_free(&e);
	center_free(c);
}

static void accepting_begins_the_count_of_misses_anew(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);
	struct agent_view a;

	(void)state;
	c->miss_limit = 2;
	c->decline_cooldown_s = 1;
	hire(e, "ann", ROLE_AGENT);
	mail(e, 1, "chat", 10);
	give(e, (struct command){ .type = COMMAND_TICK }, 30); /* missed once */
	give(e, (struct command){ .type = COMMAND_TICK }, 31); /* offered again */
	assert_int_equal(accept(e, 1, 31), ANSWER_OK);
	mail(e, 2, "chat", 40);
	give(e, (struct command){ .type = COMMAND_TICK }, 60);
	assert_true(engine_agent(e, SLICE("ann"), &a));
	assert_int_equal(a.presence, PRESENCE_AVAILABLE);
	give(e, (struct command){ .type = COMMAND_TICK }, 61);
	give(e, (struct command){ .type = COMMAND_TICK }, 81);
	assert_true(engine_agent(e, SLICE("ann"), &a));
	assert_int_equal(a.presence, PRESENCE_NOT_RESPONDING);
	assert_int_equal(a.used, 25);
	engine_free(&e);
	center_free(c);
}

static void another_agents_offer_cannot_be_accepted(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);

	(void)state;
	hire(e, "ann", ROLE_AGENT);
	hire(e, "bo", ROLE_AGENT);
	mail(e, 1, "email", 10);
	assert_int_equal(give(e,
				 (struct command){ .type = COMMAND_ACCEPT,
					 .agent = SLICE("bo"),
					 .offer = view(e, 1).offer },
				 11),
		ANSWER_FORBIDDEN);
	assert_int_equal(last.count, 0);
	struct id offer = view(e, 1).offer;

	give(e, (struct command){ .type = COMMAND_TICK }, 131); /* too late */
	assert_int_equal(
		give(e,
			(struct command){
				.type = COMMAND_ACCEPT, .agent = SLICE("ann"), .offer = offer },
			131),
		ANSWER_NOOP);
	engine_free(&e);
	center_free(c);
}

static void taking_over_the_limit_is_flagged(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);
	struct agent_view a;
	bool flagged = false;

	(void)state;
	hire(e, "ann", ROLE_AGENT);
	hire(e, "sam", ROLE_SUPERVISOR);
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("sam"),
			.presence = PRESENCE_AWAY },
		2);
	mail(e, 1, "callback", 3);
	accept(e, 1, 4);
	mail(e, 2, "email", 5);
	assert_int_equal(view(e, 2).state, CONV_WAITING);
	assert_int_equal(give(e,
				 (struct command){ .type = COMMAND_TAKE,
					 .agent = SLICE("sam"),
					 .conv = center_id(2),
					 .to = SLICE("ann") },
				 6),
		ANSWER_OK);
	for (size_t i = 0; i < last.count; i++)
		flagged = flagged || last.events[i].type == EVENT_OVERLOADED;
	assert_true(flagged);
	assert_true(engine_agent(e, SLICE("ann"), &a));
	assert_int_equal(a.used, 120);
	assert_true(a.overloaded);
	engine_free(&e);
	center_free(c);
}

static void the_estimate_comes_from_the_waits_lately_seen(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);
	uint64_t low_s, high_s;

	(void)state;
	hire(e, "ann", ROLE_AGENT);
	for (uint64_t n = 1; n <= 4; n++) { /* each accepted after 10 s */
		mail(e, n, "email", n * 100);
		accept(e, n, n * 100 + 10);
		give(e,
			(struct command){ .type = COMMAND_RESOLVE,
				.agent = SLICE("ann"),
				.conv = center_id(n) },
			n * 100 + 11);
	}
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("ann"),
			.presence = PRESENCE_AWAY },
		900);
	mail(e, 9, "email", 1000);
	assert_true(engine_wait(e, center_id(9), CENTER_START_US + 1004 * S_US, &low_s, &high_s));
	/* with so few to go by from half of 10 s to double, less the 4 it has waited, in steps of 5 */
	assert_int_equal(low_s, 0);
	assert_int_equal(high_s, 20);
	assert_int_equal(engine_position(e, center_id(9)), 1);
	assert_false(engine_wait(e, center_id(1), CENTER_START_US + 1004 * S_US, &low_s, &high_s));
	engine_free(&e);
	center_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_taken_at_the_offer_and_given_back),
		cmocka_unit_test(the_cooldown_doubles_up_to_ten_minutes),
		cmocka_unit_test(what_returns_stands_where_it_stood_among_equals),
		cmocka_unit_test(accepting_begins_the_count_of_misses_anew),
		cmocka_unit_test(another_agents_offer_cannot_be_accepted),
		cmocka_unit_test(taking_over_the_limit_is_flagged),
		cmocka_unit_test(the_estimate_comes_from_the_waits_lately_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
