/*
 * What a plugin is given to send, and what becomes of its answers: good, bad, none, twice, from a thread of its own.
 */
#include "unit/host/plugged.h"

#include <pthread.h>

static int begin_all(void **state)
{
	plugged_begin(state);
	build_probe();
	return 0;
}

static void test_sent(void **state)
{
	struct fixture *f = *state;
	char text[ID_TEXT_LEN + 1];

	f->probe->answer = USHER_OK;
	struct id id = queue_out(f, 1, "hello");
	const struct command *c = receipt(f, 1, DELIVERY_SENT);
	assert_true(id_equal(c->id, id));
	assert_int_equal(c->seq, 2);
	assert_slice_is(c->remote, "remote-1");
	assert_int_equal(f->probe->send_count, 1);
	assert_string_equal(f->probe->sends[0].id, id_text(id, text));
	assert_string_equal(f->probe->sends[0].to, "ann@x.org");
	assert_string_equal(f->probe->sends[0].ref, "<b@x>");
	assert_string_equal(f->probe->sends[0].part, "a.txt");
	HOUSE_UNTIL(&f->house, outbox_pending(f->house.store, SLICE("ch")) == 0);
	/* The news about it, by the channel's own id. */
	house_pass(&f->house, 50);
	f->probe->svc->delivery(f->probe->host, str_of(""), str_of("remote-1"), USHER_BOUNCED,
		str_of("5.1.1 no such user"));
	c = receipt(f, 2, DELIVERY_BOUNCED);
	assert_true(id_equal(c->id, id));
	assert_slice_is(c->why, "5.1.1 no such user");
}

static void test_retried(void **state)
{
	struct fixture *f = *state;

	f->probe->answer = USHER_RETRY;
	queue_out(f, 1, "hello");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	f->probe->answer = USHER_OK;
	HOUSE_UNTIL(&f->house, f->probe->send_count == 2);
	assert_int_equal(f->probe->sends[1].attempt, 2);
	assert_string_equal(f->probe->sends[0].id, f->probe->sends[1].id);
	receipt(f, 1, DELIVERY_SENT);
}

/* Whoever wrote it is told what it waits for, and until when. */
static void test_retried_in_vain(void **state)
{
	struct fixture *f = *state;

	f->probe->answer = USHER_RETRY;
	queue_out(f, 1, "hello");
	const struct command *c = receipt(f, 1, DELIVERY_QUEUED);
	assert_slice_is(c->why, "said no");
	assert_true(f->probe->send_count >= 2);
	assert_in_range(c->until_us - c->at_us, 1, 6 * 1000000);
	f->probe->answer = USHER_OK; /* where the disk stalls it was told once more by now */
	HOUSE_UNTIL(&f->house, f->house.taken[f->house.taken_count - 1].delivery == DELIVERY_SENT);
}

static void test_failed(void **state)
{
	struct fixture *f = *state;

	f->probe->answer = USHER_FAIL;
	queue_out(f, 1, "hello");
	assert_slice_is(receipt(f, 1, DELIVERY_FAILED)->why, "said no");
	f->probe->answer = USHER_UNSURE;
	queue_out(f, 2, "hello");
	assert_slice_is(receipt(f, 2, DELIVERY_UNSURE)->why, "said no");
	queue_out(f, 3, "this text is longer than the fifty bytes that it may have here");
	assert_slice_is(receipt(f, 3, DELIVERY_FAILED)->why, "the text has 62 bytes, this channel "
							     "carries at most 50");
	assert_int_equal(f->probe->send_count, 2);
}

static void test_sent_twice(void **state)
{
	struct fixture *f = *state;
	struct channel_status s;
	char id[PROBE_TEXT];

	f->probe->answer = USHER_OK;
	queue_out(f, 1, "hello");
	receipt(f, 1, DELIVERY_SENT);
	memcpy(id, f->probe->sends[0].id, sizeof(id));
	f->probe->svc->sent(f->probe->host, str_of(id), USHER_FAIL, str_of(""), str_of("again"));
	f->probe->svc->sent(f->probe->host, str_of("nonsense"), USHER_OK, str_of(""), str_of(""));
	house_pass(&f->house, 50);
	assert_int_equal(f->house.taken_count, 1);
	host_each(f->house.host, status_of, &s);
	assert_int_equal(s.wrong, 2);
	assert_int_equal(s.sent, 1);
}

/* Whoever answers while he is still being opened is told so, too. */
static void test_sent_while_opening(void **state)
{
	struct house h;
	struct channel_status s;

	(void)state;
	probe_of("probe");
	house_new(&h);
	h.config.plugin_dir = slice_of(dir);
	house_option(house_channel(&h, "ch", "probe"), "early", "nonsense");
	house_open(&h);
	assert_int_equal(host_open(h.host, &h.err), 0);
	host_each(h.host, status_of, &s);
	assert_int_equal(s.wrong, 1);
	house_end(&h);
}

static void *sent_from_a_thread(void *arg)
{
	struct probe *p = ((struct fixture *)arg)->probe;

	p->svc->sent(p->host, str_of(p->sends[0].id), USHER_OK, str_of(""), str_of(""));
	return NULL;
}

/* What is called from a thread that is not the loop's is named and not done: the message is still being sent. */
static void test_wrong_thread(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	queue_out(f, 1, "hello");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	assert_int_equal(pthread_create(&thread, NULL, sent_from_a_thread, f), 0);
	pthread_join(thread, NULL);
	house_pass(&f->house, 50);
	assert_int_equal(f->house.taken_count, 0);
	f->probe->svc->sent(
		f->probe->host, str_of(f->probe->sends[0].id), USHER_OK, str_of(""), str_of(""));
	receipt(f, 1, DELIVERY_SENT);
}

static void test_outcome_that_is_none(void **state)
{
	struct fixture *f = *state;
	struct channel_status s;

	queue_out(f, 1, "hello");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	f->probe->svc->sent(f->probe->host, str_of(f->probe->sends[0].id), (enum usher_outcome)17,
		str_of(""), str_of("what"));
	receipt(f, 1, DELIVERY_UNSURE); /* neither lost nor sent again behind the agent's back */
	host_each(f->house.host, status_of, &s);
	assert_int_equal(s.wrong, 1);
}

static void say_at(
	struct fixture *f, uint64_t at_us, struct id conv, const char *to, const char *text)
{
	static unsigned n;
	n++;
	struct outbound o = { .id = number(n),
		.conv = conv,
		.seq = n,
		.at_us = at_us,
		.channel = SLICE("ch"),
		.to = slice_of(to),
		.text = slice_of(text) };
	struct commit *c = begin(f);
	commit_outbound(c, &o);
	run(f, c);
}

static void say(struct fixture *f, struct id conv, const char *to, const char *text)
{
	say_at(f, clock_wall_us(), conv, to, text);
}

static size_t sends_of(const struct fixture *f, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < f->probe->send_count; i++)
		n += strcmp(f->probe->sends[i].text, text) == 0;
	return n;
}

/* Where the channel takes what is said to others it is this message: those behind it go on after two minutes, not after an hour. */
static void test_one_that_is_never_taken(void **state)
{
	uint64_t long_ago = clock_wall_us() - SEND_ORDER_ALONE_S * UINT64_C(1000000);
	struct fixture *f = *state;
	struct id conv = number(220);

	f->probe->answer = USHER_RETRY;
	say_at(f, long_ago, conv, "ann@x.org", "one");
	say(f, conv, "ann@x.org", "two");
	HOUSE_UNTIL(&f->house, sends_of(f, "one") >= 2);
	assert_int_equal(sends_of(f, "two"), 0); /* nothing is taken: it may be the service */
	f->probe->answer = USHER_OK;
	say(f, number(221), "eva@x.org", "other");
	HOUSE_UNTIL(&f->house, sends_of(f, "other") == 1);
	f->probe->answer = USHER_RETRY;
	HOUSE_UNTIL(&f->house, sends_of(f, "two") > 0);
	assert_true(sends_of(f, "one") >= 3);
}

/* To one customer in the order in which it was said, whatever has to be tried again; nobody else waits for that. */
static void test_order_of_a_conversation(void **state)
{
	static const char *const order[] = { "one", "other", "one", "two", "three" };
	struct fixture *f = *state;
	struct id conv = number(200);

	f->probe->answer = USHER_RETRY;
	say(f, conv, "ann@x.org", "one");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	f->probe->answer = USHER_OK;
	say(f, conv, "ann@x.org", "two");
	say(f, conv, "ann@x.org", "three");
	say(f, number(201), "eva@x.org", "other");
	receipt(f, 4, DELIVERY_SENT);
	assert_int_equal(f->probe->send_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(f->probe->sends[i].text, order[i]);
	/* Nor does one overtake another that is not answered yet; one that failed is over. */
	f->probe->answer = -1;
	say(f, conv, "ann@x.org", "four");
	say(f, conv, "ann@x.org", "five");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 6);
	house_pass(&f->house, 50);
	assert_int_equal(f->probe->send_count, 6);
	f->probe->answer = USHER_OK;
	f->probe->svc->sent(f->probe->host, str_of(f->probe->sends[5].id), USHER_FAIL, str_of(""),
		str_of("no"));
	receipt(f, 6, DELIVERY_SENT);
	assert_string_equal(f->probe->sends[6].text, "five");
}

/* Who is behind when usher stops is not lost. */
static void test_behind_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct id conv = number(210);

	f->probe->answer = USHER_RETRY;
	say(f, conv, "ann@x.org", "one");
	say(f, conv, "ann@x.org", "two");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	house_stop(&f->house, true);
	f->probe->answer = USHER_OK;
	fixture_open(f);
	receipt(f, 2, DELIVERY_SENT);
	assert_string_equal(f->probe->sends[1].text, "one");
	assert_string_equal(f->probe->sends[2].text, "two");
}

/* A plugin that has not answered when usher stops, and for which sending twice does harm: a person decides. */
static void test_not_answered(void **state)
{
	struct fixture *f = *state;

	queue_out(f, 1, "hello");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	house_stop(&f->house, false);
	f->probe->closed++; /* it never was: the host was torn away */
	f->probe->answer = USHER_OK;
	fixture_open(f);
	receipt(f, 1, DELIVERY_UNSURE);
	assert_int_equal(f->probe->send_count, 1);
}

/* hello carries the answers of a form, which cannot send. */
static void test_reply_by(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	(void)state;

	house_new(&f->house);
	house_channel(&f->house, "hi", "hello");
	house_option(house_channel(&f->house, "ch", "form"), "reply_by", "hi");
	fixture_open(f);
	struct outbound o = { .id = number(1),
		.at_us = clock_wall_us(),
		.channel = SLICE("ch"),
		.text = SLICE("yes") };
	struct commit *c = begin(f);
	commit_outbound(c, &o);
	run(f, c);
	assert_true(id_equal(receipt(f, 1, DELIVERY_SENT)->id, o.id));
	house_end(&f->house);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retried, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retried_in_vain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sent_twice, setup, teardown),
		cmocka_unit_test(test_sent_while_opening),
		cmocka_unit_test_setup_teardown(test_wrong_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outcome_that_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_of_a_conversation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_is_never_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_behind_after_a_restart, setup, teardown),
		cmocka_unit_test(test_reply_by),
	};

	return cmocka_run_group_tests(tests, begin_all, plugged_end);
}
