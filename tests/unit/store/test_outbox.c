/* Messages to be sent: each handed out until it is done, whatever dies in between. */
#include "unit/store/harness.h"

struct outgoing {
	size_t count;
	struct stream_id ids[400];
	uint64_t seqs[400];
};

static void got_message(void *arg, const struct outbox_item *item)
{
	struct outgoing *o = arg;

	assert_true(o->count < 400);
	o->ids[o->count] = item->id;
	o->seqs[o->count++] = item->message.seq;
}

static void send_some(struct bench *b, uint64_t from, uint64_t to)
{
	struct commit *c = commit_new(b->store);

	for (uint64_t n = from; n <= to; n++)
		commit_outbound(c, &(struct outbound){ .id = bench_id((unsigned)n),
					   .conv = bench_id(1),
					   .seq = n,
					   .channel = SLICE("mail"),
					   .text = SLICE("hello") });
	assert_int_equal(bench_commit(b, c), 0);
}

static void hands_out_no_more_than_the_window(void **state)
{
	struct bench b;
	struct outgoing o = { 0 };

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	outbox_follow(b.store, SLICE("mail"), 10, got_message, &o);
	send_some(&b, 1, 50);
	WAIT(&b, o.count == 10);
	PASS(&b, 100);
	assert_int_equal(o.count, 10);
	assert_int_equal(outbox_pending(b.store, SLICE("mail")), 10);
	for (size_t i = 0; i < 50; i++) {
		WAIT(&b, o.count > i);
		assert_int_equal(o.seqs[i], i + 1); /* in order, each once */
		outbox_done(b.store, SLICE("mail"), o.ids[i]);
	}
	PASS(&b, 100);
	assert_int_equal(o.count, 50);
	assert_int_equal(outbox_pending(b.store, SLICE("mail")), 0);
	char out[64];
	bench_cli(&b, out, sizeof(out), "XLEN usher:{main}:out:mail");
	assert_string_equal(out, "0");
	bench_end(&b);
}

static void hands_out_again_what_was_not_done(void **state)
{
	struct bench b;
	struct outgoing first = { 0 }, second = { 0 };

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	send_some(&b, 1, 5);
	outbox_follow(b.store, SLICE("mail"), 10, got_message, &first);
	WAIT(&b, first.count == 5);
	outbox_done(b.store, SLICE("mail"), first.ids[0]);
	outbox_done(b.store, SLICE("mail"), first.ids[2]);
	PASS(&b, 100);
	bench_stop(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	outbox_follow(b.store, SLICE("mail"), 10, got_message, &second);
	WAIT(&b, second.count == 3);
	assert_int_equal(second.seqs[0], 2);
	assert_int_equal(second.seqs[1], 4);
	assert_int_equal(second.seqs[2], 5);
	send_some(&b, 6, 6);
	WAIT(&b, second.count == 4);
	assert_int_equal(second.seqs[3], 6);
	bench_end(&b);
}

/* A node has died with messages in hand; the one that takes the lead has them, its own once, and those before any new one. */
static void takes_over_what_another_had_in_hand(void **state)
{
	struct bench b;
	struct outgoing own = { 0 };
	char out[64];

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	send_some(&b, 1, 3);
	bench_cli(&b, out, sizeof(out), "XGROUP CREATE usher:{main}:out:mail usher 0");
	bench_cli(&b, out, sizeof(out),
		"XREADGROUP GROUP usher two COUNT 3 STREAMS usher:{main}:out:mail '>'");
	outbox_follow(b.store, SLICE("mail"), 10, got_message, &own);
	send_some(&b, 4, 5);
	WAIT(&b, own.count == 2);
	assert_int_equal(own.seqs[0], 4);
	outbox_done(b.store, SLICE("mail"), own.ids[0]);
	outbox_take_over(b.store);
	WAIT(&b, own.count == 5);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(own.seqs[2 + i], i + 1);
	send_some(&b, 6, 6);
	WAIT(&b, own.count == 6);
	for (size_t i = 1; i < 6; i++)
		outbox_done(b.store, SLICE("mail"), own.ids[i]);
	PASS(&b, 100);
	assert_int_equal(own.count, 6);
	bench_cli(&b, out, sizeof(out), "XLEN usher:{main}:out:mail");
	assert_string_equal(out, "0");
	bench_end(&b);
}

/* A node that leads no more asks for nothing; what it put back and what has come since are there when it leads again. */
static void keeps_nothing_while_it_rests(void **state)
{
	struct bench b;
	struct outgoing own = { 0 };

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	outbox_follow(b.store, SLICE("mail"), 2, got_message, &own);
	send_some(&b, 1, 2);
	WAIT(&b, own.count == 2);
	outbox_rest(b.store);
	outbox_put_back(b.store, SLICE("mail"), own.ids[0]);
	send_some(&b, 3, 3);
	PASS(&b, 200);
	assert_int_equal(own.count, 2);
	outbox_done(b.store, SLICE("mail"), own.ids[1]);
	outbox_take_over(b.store);
	WAIT(&b, own.count == 4);
	assert_int_equal(own.seqs[2], 1);
	assert_int_equal(own.seqs[3], 3);
	bench_end(&b);
}

/* While Redis is killed again and again: every message is handed out, and none twice within one life. */
static void loses_and_doubles_nothing_when_redis_dies(void **state)
{
	struct bench b;
	struct outgoing o = { 0 };
	uint64_t sent = 0;
	size_t done = 0;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	outbox_follow(b.store, SLICE("mail"), 8, got_message, &o);
	for (int round = 0; round < 4; round++) {
		int ups = b.ups;
		send_some(&b, sent + 1, sent + 20);
		sent += 20;
		kill(managed_pid(b.store->managed), SIGKILL);
		while (done < o.count) /* done while it is away: kept */
			outbox_done(b.store, SLICE("mail"), o.ids[done++]);
		WAIT(&b, b.ups > ups);
	}
	while (done < sent) {
		WAIT(&b, o.count > done);
		outbox_done(b.store, SLICE("mail"), o.ids[done++]);
	}
	PASS(&b, 1500);
	assert_int_equal(o.count, sent);
	for (size_t i = 0; i < sent; i++)
		assert_int_equal(o.seqs[i], i + 1);
	char out[64];
	bench_cli(&b, out, sizeof(out), "XLEN usher:{main}:out:mail");
	assert_string_equal(out, "0");
	bench_end(&b);
}

/* Redis has given messages to us, and the connection ends before we have read that. */
static void misses_nothing_when_an_answer_is_lost(void **state)
{
	struct bench b;
	struct outgoing o = { 0 };
	int status = WAITING;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	outbox_follow(b.store, SLICE("mail"), 10, got_message, &o);
	send_some(&b, 1, 2);
	WAIT(&b, o.count == 2);
	PASS(&b, 50);
	struct commit *c = commit_new(b.store);
	commit_outbound(c, &(struct outbound){ .seq = 3, .channel = SLICE("mail") });
	commit_run(c, bench_status, &status);
	loop_turn(b.loop, 0);
	usleep(100000); /* the answer lies unread in our socket */
	assert_int_equal(o.count, 2);
	link_fault(outbox_link(b.store, SLICE("mail")), "the test cuts it");
	WAIT(&b, o.count == 3);
	assert_int_equal(o.seqs[2], 3);
	PASS(&b, 100);
	assert_int_equal(o.count, 3);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_out_no_more_than_the_window),
		cmocka_unit_test(hands_out_again_what_was_not_done),
		cmocka_unit_test(takes_over_what_another_had_in_hand),
		cmocka_unit_test(keeps_nothing_while_it_rests),
		cmocka_unit_test(misses_nothing_when_an_answer_is_lost),
		cmocka_unit_test(loses_and_doubles_nothing_when_redis_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
