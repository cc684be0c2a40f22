/*
 * News of a plugin: on disk before they are acknowledged; those that nobody waits for are kept in memory within bounds.
 */
#include "unit/host/plugged.h"

static int begin_all(void **state)
{
	plugged_begin(state);
	build_probe();
	return 0;
}

static void tell(struct fixture *f, struct usher_news n, uint64_t token)
{
	n.size = sizeof(n);
	f->probe->svc->tell(f->probe->host, &n, token);
}

/* News are acknowledged as messages are: not before the disk has them, and refused when it cannot. */
static void test_told(void **state)
{
	struct fixture *f = *state;
	struct house *h = &f->house;
	struct probe *p = f->probe;
	struct usher_news rating = { .what = USHER_NEWS_RATING,
		.how = 4,
		.thread = str_of("t"),
		.dedup = str_of("t rate 1"),
		.text = str_of("fine") };
	struct channel_status s;

	kill(house_redis_pid, SIGSTOP);
	tell(f, rating, 7);
	house_pass(h, 200);
	assert_int_equal(p->ack_count, 0);
	kill(house_redis_pid, SIGCONT);
	HOUSE_UNTIL(h, p->ack_count == 1 && h->taken_count == 1);
	assert_int_equal(p->acks[0].token, 7);
	assert_int_equal(p->acks[0].outcome, USHER_OK);
	assert_int_equal(h->taken[0].visit, VISIT_RATED);
	assert_int_equal(h->taken[0].seq, 4);
	assert_slice_is(h->taken[0].dedup, "ch\nt rate 1");

	host_intake(h->host, false, "not now");
	tell(f, rating, 8);
	HOUSE_UNTIL(h, p->ack_count == 2);
	assert_int_equal(p->acks[1].outcome, USHER_RETRY);
	assert_string_equal(p->acks[1].why, "not now");
	host_intake(h->host, true, NULL);
	rating.dedup = str_of("");
	tell(f, rating, 9);
	HOUSE_UNTIL(h, p->ack_count == 3);
	assert_int_equal(p->acks[2].outcome, USHER_FAIL);

	/* Of a message that nobody knows: there is nothing to keep, and nothing to tell again. */
	tell(f,
		(struct usher_news){ .what = USHER_NEWS_DELIVERY,
			.how = USHER_BOUNCED,
			.remote = str_of("no such") },
		10);
	HOUSE_UNTIL(h, p->ack_count == 4);
	assert_int_equal(p->acks[3].outcome, USHER_OK);
	host_each(h->host, status_of, &s);
	assert_int_equal(s.lost_news, 1);
	assert_int_equal(h->taken_count, 1);
}

/* What nobody waits for is kept in memory while the disk is away, in order, and not without end. */
static void test_news_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct house *h = &f->house;
	struct channel_status s;

	kill(house_redis_pid, SIGSTOP);
	for (uint64_t i = 1; i <= STUBBORN_MAX + 5; i++)
		f->probe->svc->presence(f->probe->host, str_of("t"), USHER_SEEN, i);
	host_each(h->host, status_of, &s);
	assert_int_equal(s.lost_news, 5);
	kill(house_redis_pid, SIGCONT);
	HOUSE_UNTIL(h, h->taken_count == TAKEN_MAX);
	for (size_t i = 0; i < TAKEN_MAX; i++)
		assert_int_equal(h->taken[i].seq, i + 1);
}

/* Few of them may be large: their bytes are bounded, too, and there is room again once they are on disk. */
static void test_bytes_of_news_are_bounded(void **state)
{
	enum { TEXT = 200000 };
	struct fixture *f = *state;
	struct house *h = &f->house;
	struct channel_status s;
	char *text = malloc(TEXT);

	memset(text, 'x', TEXT);
	kill(house_redis_pid, SIGSTOP);
	for (size_t i = 0; i < STUBBORN_BYTES_MAX / TEXT + 10; i++)
		f->probe->svc->mail(f->probe->host, str_of("ch"), str_of("a@b.test"),
			str_of("copy"), (struct usher_str){ text, TEXT }, str_of("en"));
	host_each(h->host, status_of, &s);
	assert_in_range(s.lost_news, 9, 11);
	kill(house_redis_pid, SIGCONT);
	HOUSE_UNTIL(h, h->taken_count == TAKEN_MAX);
	f->probe->svc->mail(f->probe->host, str_of("ch"), str_of("a@b.test"), str_of("one more"),
		(struct usher_str){ text, TEXT }, str_of("en"));
	host_each(h->host, status_of, &s);
	assert_in_range(s.lost_news, 9, 11);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_news_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes_of_news_are_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, begin_all, plugged_end);
}
