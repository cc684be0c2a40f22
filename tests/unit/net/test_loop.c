/* The loop: what runs when in a turn, timers, letters from threads, signals, descriptors. */
#include "net_test.h"

#include <pthread.h>

static struct str trace;

static void note(void *arg)
{
	str_add_text(&trace, arg);
}

static struct loop_tail *tails[3];

static void note_and_wake_self(void *arg)
{
	note(arg);
	loop_tail_wake(tails[0]);
}

static void wake_tails(void *arg)
{
	note(arg);
	loop_tail_wake(tails[2]);
	loop_tail_wake(tails[1]);
	loop_tail_wake(tails[2]);
}

static void tails_run_once_after_callbacks_in_order_of_registration(void **state)
{
	struct loop *loop = loop_new();

	(void)state;
	str_clear(&trace);
	tails[1] = loop_tail_new(loop, note, "1");
	tails[2] = loop_tail_new(loop, note, "2");
	loop_post(loop, wake_tails, "a");
	loop_post(loop, wake_tails, "b");
	loop_turn(loop, 1000000);
	assert_string_equal(trace.p, "ab12");
	loop_turn(loop, 0);
	assert_string_equal(trace.p, "ab12");
	loop_tail_free(&tails[1]);
	loop_tail_free(&tails[2]);
	loop_free(&loop);
}

static void a_tail_that_wakes_itself_runs_in_the_next_turn_without_waiting(void **state)
{
	struct loop *loop = loop_new();

	(void)state;
	str_clear(&trace);
	tails[0] = loop_tail_new(loop, note_and_wake_self, "t");
	loop_tail_wake(tails[0]);
	uint64_t start = clock_monotonic_us();
	loop_turn(loop, 5000000);
	assert_string_equal(trace.p, "t");
	loop_turn(loop, 5000000);
	assert_string_equal(trace.p, "tt");
	assert_true(clock_monotonic_us() - start < 4000000);
	loop_tail_free(&tails[0]);
	loop_free(&loop);
}

static void work_20_ms(void *arg)
{
	uint64_t end = clock_thread_us() + 20000;

	(void)arg;
	while (clock_thread_us() < end)
		;
}

static void the_longest_turn_is_work_and_not_waiting(void **state)
{
	struct loop *loop = loop_new();

	(void)state;
	loop_turn(loop, 0);
	loop_turn(loop, 30000);
	assert_true(loop_longest_turn_us(loop) < 15000);
	loop_post(loop, work_20_ms, NULL);
	loop_turn(loop, 1000000);
	loop_turn(loop, 0);
	uint64_t longest = loop_longest_turn_us(loop);
	assert_true(longest >= 20000 && longest < 200000);
	loop_free(&loop);
}

static void free_second_tail(void *arg)
{
	note(arg);
	loop_tail_free(&tails[2]);
}

static void a_tail_may_free_another(void **state)
{
	struct loop *loop = loop_new();

	(void)state;
	str_clear(&trace);
	tails[1] = loop_tail_new(loop, free_second_tail, "1");
	tails[2] = loop_tail_new(loop, note, "2");
	tails[0] = loop_tail_new(loop, note, "3");
	for (int i = 0; i < 3; i++)
		loop_tail_wake(tails[i]);
	loop_turn(loop, 0);
	assert_string_equal(trace.p, "13");
	loop_tail_free(&tails[0]);
	loop_tail_free(&tails[1]);
	loop_free(&loop);
}

static void timers_fire_in_order_of_time_and_can_be_cleared(void **state)
{
	struct loop *loop = loop_new();
	struct loop_timer *late = loop_timer_new(loop, note, "late");
	struct loop_timer *soon = loop_timer_new(loop, note, "soon ");
	struct loop_timer *never = loop_timer_new(loop, note, "never");

	(void)state;
	str_clear(&trace);
	loop_timer_set(late, 40000);
	loop_timer_set(never, 30000);
	loop_timer_set(soon, 10000);
	loop_timer_clear(never);
	uint64_t start = clock_monotonic_us();
	TURN_UNTIL(loop, trace.n >= 9);
	assert_string_equal(trace.p, "soon late");
	assert_true(clock_monotonic_us() - start >= 40000);
	loop_timer_set(soon, 0);
	loop_turn(loop, 5000000);
	assert_string_equal(trace.p, "soon latesoon ");
	loop_timer_free(&late);
	loop_timer_free(&soon);
	loop_timer_free(&never);
	loop_free(&loop);
}

static struct loop *clock_loop;
static uint64_t seen[2];

static void read_clock(void *arg)
{
	uint64_t *at = arg;

	*at = loop_wall_us(clock_loop);
	usleep(2000);
}

static void one_reading_of_the_clock_per_turn_taken_after_the_wait(void **state)
{
	(void)state;
	clock_loop = loop_new();
	uint64_t before = clock_wall_us();
	loop_turn(clock_loop, 30000);
	loop_post(clock_loop, read_clock, &seen[0]);
	loop_post(clock_loop, read_clock, &seen[1]);
	loop_turn(clock_loop, 1000000);
	assert_true(seen[0] == seen[1]);
	assert_true(seen[0] >= before + 29000);
	loop_free(&clock_loop);
}

static unsigned counted;

static void count(void *arg)
{
	(void)arg;
	counted++;
}

static void *post_many(void *arg)
{
	for (int i = 0; i < 1000; i++)
		loop_post(arg, count, NULL);
	return NULL;
}

static void letters_from_threads_all_arrive(void **state)
{
	struct loop *loop = loop_new();
	pthread_t threads[4];

	(void)state;
	counted = 0;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, loop), 0);
	TURN_UNTIL(loop, counted == 4000);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	loop_free(&loop);
}

static void signals_arrive_on_the_loop(void **state)
{
	struct loop *loop = loop_new();

	(void)state;
	counted = 0;
	loop_signal(loop, SIGUSR1, count, NULL);
	raise(SIGUSR1);
	TURN_UNTIL(loop, counted == 1);
	loop_free(&loop);
}

static unsigned ready_seen;

static void ready(void *arg, bool readable, bool writable)
{
	(void)arg;
	ready_seen |= (readable ? 1U : 0U) | (writable ? 2U : 0U);
}

static void a_watched_descriptor_tells_what_was_asked_for(void **state)
{
	struct loop *loop = loop_new();
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	struct loop_watch *w = loop_watch_new(loop, fds[0], true, false, ready, NULL);
	turn_for(loop, 10000);
	assert_int_equal(ready_seen, 0);
	client_send(fds[1], "x", 1);
	TURN_UNTIL(loop, ready_seen == 1);
	loop_watch_want(w, false, true);
	ready_seen = 0;
	TURN_UNTIL(loop, ready_seen == 2);
	loop_watch_want(w, false, false);
	ready_seen = 0;
	turn_for(loop, 10000);
	assert_int_equal(ready_seen, 0);
	loop_watch_free(&w);
	close(fds[0]);
	close(fds[1]);
	loop_free(&loop);
}

static void stop_it(void *arg)
{
	loop_stop(arg);
}

static void run_ends_when_stopped(void **state)
{
	struct loop *loop = loop_new();
	struct loop_timer *t = loop_timer_new(loop, stop_it, loop);

	(void)state;
	loop_timer_set(t, 5000);
	loop_run(loop);
	loop_timer_free(&t);
	loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tails_run_once_after_callbacks_in_order_of_registration),
		cmocka_unit_test(a_tail_that_wakes_itself_runs_in_the_next_turn_without_waiting),
		cmocka_unit_test(a_tail_may_free_another),
		cmocka_unit_test(the_longest_turn_is_work_and_not_waiting),
		cmocka_unit_test(timers_fire_in_order_of_time_and_can_be_cleared),
		cmocka_unit_test(one_reading_of_the_clock_per_turn_taken_after_the_wait),
		cmocka_unit_test(letters_from_threads_all_arrive),
		cmocka_unit_test(signals_arrive_on_the_loop),
		cmocka_unit_test(a_watched_descriptor_tells_what_was_asked_for),
		cmocka_unit_test(run_ends_when_stopped),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&trace);
	return failed;
}
