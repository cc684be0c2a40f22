/* The way of a message through the store: put, follow, commit, cursor; and what becomes of it when things die. */
#include "unit/store/harness.h"

#include <hiredis/hiredis.h>

struct followed {
	size_t count, calls;
	struct stream_id ids[2000];
	char texts[2000][32];
	bool damaged;
};

static void got_items(void *arg, const struct inbox_item *items, size_t count)
{
	struct followed *f = arg;

	f->calls++;
	for (size_t i = 0; i < count && f->count < 2000; i++) {
		f->ids[f->count] = items[i].id;
		f->damaged |= items[i].damaged;
		snprintf(f->texts[f->count++], 32, "%.*s", SLICE_ARG(items[i].command.text));
	}
}

/* Everything behind `after`, until `count` are there. */
static void follow(struct bench *b, struct followed *f, struct stream_id after, size_t count)
{
	size_t calls;

	do {
		calls = f->calls;
		inbox_follow(b->store, f->count ? f->ids[f->count - 1] : after, got_items, f);
		WAIT(b, f->calls > calls);
	} while (f->count < count);
}

static void goes_from_put_to_cursor(void **state)
{
	struct bench b;
	struct followed *f = mem_alloc(sizeof(*f));

	(void)state;
	bench_new(&b);
	bench_start(&b);
	assert_string_equal(store_durability(b.store), "always");
	assert_int_equal(bench_put(&b, "first"), 0);
	assert_int_equal(bench_put(&b, "second"), 0);
	follow(&b, f, (struct stream_id){ 0, 0 }, 2);
	assert_string_equal(f->texts[0], "first");
	assert_string_equal(f->texts[1], "second");
	assert_int_equal(bench_cursor(&b, b.store).journal_n, 0);

	assert_int_equal(bench_lead(&b, b.store), 1);
	struct commit *c = commit_new(b.store);
	struct event ev = { .type = EVENT_CREATED, .conv = bench_id(1), .queue = SLICE("q") };
	assert_true(commit_is_empty(c));
	commit_applied(c, f->ids[0]);
	commit_applied(c, f->ids[1]);
	commit_event(c, 1, &ev);
	ev.type = EVENT_QUEUED;
	commit_event(c, 2, &ev);
	commit_effect(c, &(struct effect){ .type = EFFECT_CONV, .n = 1 });
	assert_int_equal(bench_commit(&b, c), 0);

	struct cursor cur = bench_cursor(&b, b.store);
	assert_int_equal(cur.inbox.ms, f->ids[1].ms);
	assert_int_equal(cur.inbox.n, f->ids[1].n);
	assert_int_equal(cur.journal_n, 2);
	assert_int_equal(cur.push_n, 1);
	assert_int_equal(cur.epoch, 1);
	WAIT(&b, inbox_length(b.store) == 0);
	char out[64];
	bench_cli(&b, out, sizeof(out), "XLEN usher:{main}:in");
	assert_string_equal(out, "0");
	free(f);
	bench_end(&b);
}

struct journal {
	uint64_t last;
	size_t count;
	int status;
	bool end;
};

static bool got_events(
	void *arg, int status, const uint64_t *n, const struct event *events, size_t count)
{
	struct journal *j = arg;

	j->status = status;
	if (status || count == 0)
		j->end = true;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(n[i], j->last + 1);
		assert_int_equal(events[i].seq, n[i] * 10);
		j->last = n[i];
		j->count++;
	}
	return true;
}

struct snapshot {
	int status;
	uint64_t n;
	char saved[64];
	size_t saved_n;
};

static void got_snapshot(void *arg, int status, uint64_t n, struct slice saved)
{
	struct snapshot *s = arg;

	s->status = status;
	s->n = n;
	s->saved_n = saved.n;
	if (saved.n && saved.n < sizeof(s->saved))
		memcpy(s->saved, saved.p, saved.n);
}

static void recovers_from_snapshot_and_journal(void **state)
{
	struct bench b;
	struct snapshot snap = { .status = WAITING };
	struct journal j = { .last = 1000 };

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	snapshot_read(b.store, got_snapshot, &snap);
	WAIT(&b, snap.status != WAITING);
	assert_int_equal(snap.status, -ENOENT);
	for (uint64_t n = 1; n <= 2500;) {
		struct commit *c = commit_new(b.store);
		for (uint64_t i = 0; i < 500; i++, n++)
			commit_event(c, n, &(struct event){ .type = EVENT_QUEUED, .seq = n * 10 });
		if (n == 1001)
			commit_snapshot(c, 1000, slice_make("a\0b", 3));
		assert_int_equal(bench_commit(&b, c), 0);
	}
	/* Another life. */
	bench_stop(&b);
	bench_start(&b);
	snap.status = WAITING;
	snapshot_read(b.store, got_snapshot, &snap);
	WAIT(&b, snap.status != WAITING);
	assert_int_equal(snap.status, 0);
	assert_int_equal(snap.n, 1000);
	assert_int_equal(snap.saved_n, 3);
	assert_memory_equal(snap.saved, "a\0b", 3);
	journal_read(b.store, snap.n, got_events, &j);
	WAIT(&b, j.end);
	assert_int_equal(j.status, 0);
	assert_int_equal(j.count, 1500);
	/* A hole in the journal is said, not passed over. */
	char out[64];
	bench_cli(&b, out, sizeof(out), "XDEL usher:{main}:journal 2000-0");
	j = (struct journal){ .last = 1000 };
	journal_read(b.store, 1000, got_events, &j);
	WAIT(&b, j.end);
	assert_int_equal(j.status, -EBADMSG);
	bench_end(&b);
}

static void refuses_the_commit_of_a_node_that_was_overtaken(void **state)
{
	struct bench b;
	char out[64];

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	struct commit *c = commit_new(b.store);
	commit_event(c, 1, &(struct event){ .type = EVENT_DESK_UP });
	assert_int_equal(bench_commit(&b, c), 0);
	/* Another node raises the epoch while we think that we lead. */
	bench_cli(&b, out, sizeof(out), "INCR usher:{main}:epoch");
	assert_string_equal(out, "2");
	for (int i = 0; i < 2; i++) {
		c = commit_new(b.store);
		commit_event(c, 2, &(struct event){ .type = EVENT_DESK_UP });
		assert_int_equal(bench_commit(&b, c), -EPERM);
	}
	assert_int_equal(bench_cursor(&b, b.store).journal_n, 1);
	/* Taken again, it may. */
	assert_int_equal(bench_lead(&b, b.store), 3);
	c = commit_new(b.store);
	commit_event(c, 2, &(struct event){ .type = EVENT_DESK_UP });
	assert_int_equal(bench_commit(&b, c), 0);
	bench_end(&b);
}

static void two_nodes_take_turns(void **state)
{
	struct bench b;
	uint64_t epoch = 0;
	bool released = false;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	char url[256];
	snprintf(url, sizeof(url), "unix:%s/redis/redis.sock", b.dir);
	/* The second node has a Redis of its own address but the same server; it needs the user. */
	char out[64];
	bench_cli(&b, out, sizeof(out), "GET usher:{main}:lease");
	assert_string_equal(out, "one");
	lease_release(b.store, bench_done, &released);
	WAIT(&b, released);
	bench_cli(&b, out, sizeof(out), "SET usher:{main}:lease two PX 1500");
	lease_take(b.store, bench_taken, bench_lost, &epoch);
	PASS(&b, 300);
	assert_int_equal(epoch, 0); /* two has it */
	WAIT(&b, epoch != 0);
	assert_int_equal(epoch, 2);
	bench_end(&b);
}

/* ---- kill -9 ---- */

struct stream_put {
	struct bench *b;
	int sent, acked, unknown, refused;
	uint8_t state[2000]; /* by number: 1 acknowledged, 2 unknown */
};
struct one_put {
	struct stream_put *s;
	int n;
};

static void one_put_done(void *arg, int status)
{
	struct one_put *p = arg;

	if (status == 0)
		p->s->acked++, p->s->state[p->n] = 1;
	else if (status == -EIO)
		p->s->unknown++, p->s->state[p->n] = 2;
	else
		p->s->refused++;
	free(p);
}

static void keeps_what_was_acknowledged_when_redis_is_killed(void **state)
{
	struct bench b;
	struct stream_put s = { .b = &b };
	struct followed *f = mem_alloc(sizeof(*f));

	(void)state;
	bench_new(&b);
	bench_start(&b);
	while (s.sent < 2000) {
		for (int i = 0; i < 10; i++, s.sent++) {
			char text[16];
			struct one_put *p = mem_alloc(sizeof(*p));
			*p = (struct one_put){ &s, s.sent };
			snprintf(text, sizeof(text), "%d", s.sent);
			struct command c = { .type = COMMAND_MESSAGE, .text = slice_of(text) };
			inbox_put(b.store, &c, one_put_done, p);
		}
		loop_turn(b.loop, 1000);
		/* At most 100 in flight when it is killed, and never none. */
		WAIT(&b, s.acked + s.unknown + s.refused >= s.sent - 100);
		if (s.sent == 500 || s.sent == 1500) {
			kill(managed_pid(b.store->managed), SIGKILL);
			WAIT(&b, b.downs == (s.sent == 500 ? 1 : 2));
		}
		if (s.sent == 600 || s.sent == 1600) {
			int ups = b.ups;
			WAIT(&b, b.ups > ups || store_is_up(b.store));
		}
	}
	WAIT(&b, s.acked + s.unknown + s.refused == 2000);
	assert_true(s.acked > 1000);
	assert_true(s.refused >= 100); /* those of the time without Redis */
	/* Everything acknowledged is there, once; nothing refused is there. */
	int seen[2000] = { 0 };
	char out[64];
	bench_cli(&b, out, sizeof(out), "XLEN usher:{main}:in");
	follow(&b, f, (struct stream_id){ 0, 0 }, (size_t)atoi(out));
	for (size_t i = 0; i < f->count; i++)
		seen[atoi(f->texts[i])]++;
	for (int i = 0; i < 2000; i++) {
		if (s.state[i] == 1)
			assert_int_equal(seen[i], 1);
		else if (s.state[i] == 2)
			assert_true(seen[i] <= 1);
		else
			assert_int_equal(seen[i], 0);
	}
	free(f);
	bench_end(&b);
}

static void follows_on_after_a_loss(void **state)
{
	struct bench b;
	struct followed *f = mem_alloc(sizeof(*f));

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_put(&b, "before");
	follow(&b, f, (struct stream_id){ 0, 0 }, 1);
	inbox_follow(b.store, f->ids[0], got_items, f); /* waits while Redis dies */
	PASS(&b, 50);
	kill(managed_pid(b.store->managed), SIGKILL);
	WAIT(&b, b.downs == 1);
	assert_false(store_is_up(b.store));
	/* Not sent, or, when the link that writes hears of the end last, of unknown fate. */
	int away = bench_put(&b, "while away");
	assert_true(away == -EAGAIN || away == -EIO);
	WAIT(&b, b.ups == 1);
	assert_int_equal(bench_put(&b, "after"), 0);
	WAIT(&b, f->count == 2);
	assert_string_equal(f->texts[1], "after");
	free(f);
	bench_end(&b);
}

/* A commit whose answer never came: the cursor says what became of it, also when Redis was only slow. */
static void the_cursor_settles_an_unknown_commit(void **state)
{
	struct bench b;
	int applied = 0, not_applied = 0;
	uint64_t n = 0;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	for (int round = 0; round < 6; round++) {
		int status = WAITING, ups = b.ups;
		struct commit *c = commit_new(b.store);
		commit_count(c, "rounds", 1); /* so that the next is sent at once */
		assert_int_equal(bench_commit(&b, c), 0);
		PASS(&b, 10);
		c = commit_new(b.store);
		n++;
		commit_event(c, n, &(struct event){ .type = EVENT_DESK_UP, .seq = n * 10 });
		/* In half of the rounds Redis never sees it, in the others it has done it long before it dies. */
		if (round % 2)
			kill(managed_pid(b.store->managed), SIGSTOP);
		commit_run(c, bench_status, &status);
		if (round % 2)
			PASS(&b, 30);
		else
			loop_turn(b.loop, 0), usleep(50000);
		kill(managed_pid(b.store->managed), SIGKILL);
		WAIT(&b, b.ups > ups);
		WAIT(&b, status != WAITING);
		if (status == 0)
			continue; /* its answer was read before the end of the connection */
		assert_int_equal(status, -EIO);
		/* Nothing goes on before the cursor was read. */
		c = commit_new(b.store);
		commit_event(c, n + 1, &(struct event){ .type = EVENT_DESK_UP });
		assert_int_equal(bench_commit(&b, c), -EIO);
		struct cursor cur = bench_cursor(&b, b.store);
		if (cur.journal_n == n) {
			applied++;
		} else {
			assert_int_equal(cur.journal_n, n - 1);
			not_applied++;
			n--;
		}
	}
	assert_true(not_applied >= 1);
	struct commit *c = commit_new(b.store);
	n++;
	commit_event(c, n, &(struct event){ .type = EVENT_DESK_UP, .seq = n * 10 });
	assert_int_equal(bench_commit(&b, c), 0);
	struct journal j = { .last = 0 };
	journal_read(b.store, 0, got_events, &j);
	WAIT(&b, j.end);
	assert_int_equal(j.count, n); /* each once */
	(void)applied;
	bench_end(&b);
}

/* Bytes of a lost commit that wait inside a stalled Redis must not be applied after the cursor was read. Here they are
 * sent by hand, up to EXEC, as the lost connection would have. */
static void a_lost_commit_cannot_be_applied_late(void **state)
{
	struct bench b;
	char path[200], secret[65] = "";
	int status = WAITING;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	snprintf(path, sizeof(path), "%s/redis/secret", b.dir);
	FILE *file = fopen(path, "r");
	assert_int_equal(fread(secret, 1, 64, file), 64);
	fclose(file);
	snprintf(path, sizeof(path), "%s/redis/redis.sock", b.dir);
	redisContext *late = redisConnectUnix(path);
	freeReplyObject(redisCommand(late, "AUTH usher %s", secret));
	freeReplyObject(redisCommand(late, "WATCH usher:{main}:epoch usher:{main}:fence"));
	freeReplyObject(redisCommand(late, "MULTI"));
	freeReplyObject(redisCommand(late, "HSET usher:{main}:cursor journal 1"));
	/* Our own commit: its answer is on its way when the connection ends. */
	struct commit *c = commit_new(b.store);
	commit_count(c, "x", 1);
	assert_int_equal(bench_commit(&b, c), 0);
	PASS(&b, 20);
	c = commit_new(b.store);
	commit_count(c, "x", 1);
	commit_run(c, bench_status, &status);
	loop_turn(b.loop, 0);
	link_fault(b.store->write, "the test cuts it");
	WAIT(&b, status != WAITING && store_is_up(b.store));
	assert_int_equal(status, -EIO);
	assert_int_equal(bench_cursor(&b, b.store).journal_n, 0);
	redisReply *r = redisCommand(late, "EXEC");
	assert_int_equal(r->type, REDIS_REPLY_NIL);
	freeReplyObject(r);
	redisFree(late);
	assert_int_equal(bench_cursor(&b, b.store).journal_n, 0);
	/* Every commit of ours watches the fence. */
	c = commit_new(b.store);
	commit_count(c, "x", 1);
	assert_int_equal(bench_commit(&b, c), 0);
	PASS(&b, 20);
	char out[64];
	bench_cli(&b, out, sizeof(out), "INCR usher:{main}:fence");
	c = commit_new(b.store);
	commit_count(c, "x", 1);
	assert_int_equal(bench_commit(&b, c), -EPERM);
	bench_end(&b);
}

static void gives_damaged_commands_to_the_router_as_such(void **state)
{
	struct bench b;
	struct followed *f = mem_alloc(sizeof(*f));
	char out[64];

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_cli(&b, out, sizeof(out), "XADD 'usher:{main}:in' '*' t message seq abc");
	log_set_level(LOG_ERROR + 1);
	follow(&b, f, (struct stream_id){ 0, 0 }, 1);
	assert_true(f->damaged);
	free(f);
	bench_end(&b);
}

/* What was on its way when usher was replaced by this one. */
static void reads_what_an_earlier_usher_put(void **state)
{
	struct bench b;
	struct followed *f = mem_alloc(sizeof(*f));
	char out[64];

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_cli(&b, out, sizeof(out), "XADD 'usher:{main}:in' '*' t message text old");
	assert_int_equal(bench_put(&b, "new"), 0);
	follow(&b, f, (struct stream_id){ 0, 0 }, 2);
	assert_false(f->damaged);
	assert_string_equal(f->texts[0], "old");
	assert_string_equal(f->texts[1], "new");
	free(f);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_from_put_to_cursor),
		cmocka_unit_test(recovers_from_snapshot_and_journal),
		cmocka_unit_test(refuses_the_commit_of_a_node_that_was_overtaken),
		cmocka_unit_test(two_nodes_take_turns),
		cmocka_unit_test(keeps_what_was_acknowledged_when_redis_is_killed),
		cmocka_unit_test(follows_on_after_a_loss),
		cmocka_unit_test(the_cursor_settles_an_unknown_commit),
		cmocka_unit_test(a_lost_commit_cannot_be_applied_late),
		cmocka_unit_test(gives_damaged_commands_to_the_router_as_such),
		cmocka_unit_test(reads_what_an_earlier_usher_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
