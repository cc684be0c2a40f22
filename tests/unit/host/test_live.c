/*
 * A live thread: what is pushed into it, read back, and known of whoever is there.
 */
#include "unit/host/plugged.h"

#include "store/history.h"

static int begin_all(void **state)
{
	plugged_begin(state);
	build("live", "-DCAPABILITIES='(USHER_CAP_LIVE|USHER_CAP_TYPING)'");
	return 0;
}

static int setup_live(void **state)
{
	return setup_of(state, "live");
}

static struct effect message(uint64_t seq, uint32_t direction, const char *text)
{
	return (struct effect){ .type = EFFECT_MESSAGE,
		.channel = SLICE("ch"),
		.thread = SLICE("t"),
		.seq = seq,
		.direction = direction,
		.name = SLICE("Bo"),
		.text = slice_of(text),
		.dedup = SLICE("ch\nm1") };
}

static void test_pushed(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;
	struct effect ef[] = {
		{ .type = EFFECT_AGENT, .agent = SLICE("bo"), .name = SLICE("Bo Larsen") },
		message(1, DIRECTION_IN, "help"), message(2, DIRECTION_NOTE, "rude"),
		{ .type = EFFECT_CONV,
			.channel = SLICE("ch"),
			.thread = SLICE("t"),
			.state = CONV_ACTIVE,
			.owner = SLICE("bo") },
		message(3, DIRECTION_OUT, "hello"), message(4, DIRECTION_OUT, "other channel"),
		{ .type = EFFECT_POSITION,
			.channel = SLICE("ch"),
			.thread = SLICE("t"),
			.position = 4 },
		{ .type = EFFECT_CONV,
			.channel = SLICE("ch"),
			.thread = SLICE("t"),
			.state = CONV_CLOSED }
	};

	ef[5].channel = SLICE("elsewhere");
	host_push(f->house.host, ef, sizeof(ef) / sizeof(ef[0]));
	assert_int_equal(p->update_count, 5);
	assert_int_equal(p->updates[0].from, USHER_FROM_YOU);
	assert_string_equal(p->updates[0].dedup, "m1");
	assert_string_equal(p->updates[0].thread, "t");
	assert_int_equal(p->updates[1].what, USHER_UPDATE_AGENT);
	assert_string_equal(p->updates[1].name, "Bo Larsen");
	assert_int_equal(p->updates[2].from, USHER_FROM_AGENT);
	assert_int_equal(p->updates[2].seq, 3);
	assert_int_equal(p->updates[3].what, USHER_UPDATE_POSITION);
	assert_int_equal(p->updates[3].seq, 4);
	assert_int_equal(p->updates[4].what, USHER_UPDATE_ENDED);
	assert_string_equal(p->updates[4].text, "closed");
	host_typing(f->house.host, SLICE("ch"), SLICE("t"), SLICE("Bo"));
	assert_int_equal(p->updates[5].what, USHER_UPDATE_TYPING);
}

static struct id history(struct fixture *f, uint64_t from, uint64_t to)
{
	static struct id conv;
	struct commit *c = begin(f);

	if (from == 1)
		conv = number(50);
	commit_thread(c, SLICE("ch"), SLICE("t"), conv);
	for (uint64_t i = from; i <= to; i++) {
		char text[24];
		snprintf(text, sizeof(text), "m%llu", (unsigned long long)i);
		struct entry en = { .seq = i,
			.direction = i % 5 ? DIRECTION_OUT : DIRECTION_NOTE,
			.text = slice_of(text) };
		commit_entry(c, conv, &en);
	}
	run(f, c);
	return conv;
}

static void test_catch_up(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;

	history(f, 1, 12);
	p->svc->catch_up(p->host, str_of("t"), 7, 99);
	/* What is committed while that goes on is read in its turn, not before. */
	struct effect late = message(11, DIRECTION_OUT, "m11");
	host_push(f->house.host, &late, 1);
	assert_int_equal(p->update_count, 0);
	HOUSE_UNTIL(&f->house, p->caught_count == 1);
	assert_int_equal(p->caught[0].token, 99);
	assert_int_equal(p->caught[0].outcome, USHER_OK);
	assert_int_equal(p->update_count, 4); /* 8 9 11 12; 10 is a note */
	assert_int_equal(p->updates[0].seq, 8);
	assert_string_equal(p->updates[0].text, "m8");
	assert_int_equal(p->updates[3].seq, 12);
	/* Nobody is kept from what was pushed by one who claims to have it already. */
	p->update_count = 0;
	p->svc->catch_up(p->host, str_of("t"), 500, 100);
	host_push(f->house.host, &late, 1);
	HOUSE_UNTIL(&f->house, p->caught_count == 2);
	assert_int_equal(p->updates[0].seq, 11);
	p->svc->catch_up(p->host, str_of("unknown"), 0, 101);
	HOUSE_UNTIL(&f->house, p->caught_count == 3);
	assert_int_equal(p->caught[2].outcome, USHER_OK);
}

static void test_catch_up_pages(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;

	history(f, 1, 2 * CATCH_UP_PAGE + 3);
	p->svc->catch_up(p->host, str_of("t"), 0, 1);
	HOUSE_UNTIL(&f->house, p->caught_count == 1);
	assert_int_equal(p->update_count, 2 * CATCH_UP_PAGE + 3 - (2 * CATCH_UP_PAGE + 3) / 5);
}

static struct {
	char channel[16], thread[16];
} typed;

static void on_typing(void *arg, struct slice channel, struct slice thread)
{
	(void)arg;
	snprintf(typed.channel, sizeof(typed.channel), "%.*s", SLICE_ARG(channel));
	snprintf(typed.thread, sizeof(typed.thread), "%.*s", SLICE_ARG(thread));
}

static void test_presence(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;

	host_on_typing(f->house.host, on_typing, NULL);
	p->svc->presence(p->host, str_of("t"), USHER_TYPING, 0);
	assert_string_equal(typed.channel, "ch");
	assert_string_equal(typed.thread, "t");
	p->svc->presence(p->host, str_of("t"), USHER_END, 0);
	p->svc->presence(p->host, str_of("t"), USHER_SEEN, 9);
	HOUSE_UNTIL(&f->house, f->house.taken_count == 2);
	assert_int_equal(f->house.taken[0].type, COMMAND_VISIT);
	assert_int_equal(f->house.taken[0].visit, VISIT_END);
	assert_slice_is(f->house.taken[0].thread, "t");
	assert_int_equal(f->house.taken[1].visit, VISIT_SEEN);
	assert_int_equal(f->house.taken[1].seq, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pushed, setup_live, teardown),
		cmocka_unit_test_setup_teardown(test_catch_up, setup_live, teardown),
		cmocka_unit_test_setup_teardown(test_catch_up_pages, setup_live, teardown),
		cmocka_unit_test_setup_teardown(test_presence, setup_live, teardown),
	};

	return cmocka_run_group_tests(tests, begin_all, plugged_end);
}
