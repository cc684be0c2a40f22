/*
 * A store on a real redis-server in a temporary directory, and bounded waits. Included by each test of
 * this folder; test programs are single files, so everything here is static.
 */
#ifndef USHER_TESTS_STORE_HARNESS_H
#define USHER_TESTS_STORE_HARNESS_H

#include "unit/cm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/blob.h"
#include "store/commit.h"
#include "store/history.h"
#include "store/inbox.h"
#include "store/inside.h"
#include "store/lookup.h"
#include "store/managed.h"
#include "store/outbox.h"
#include "store/push.h"
#include "store/remember.h"
#include "store/store.h"

struct bench {
	struct loop *loop;
	char dir[128];
	struct store *store;
	int readies, ups, downs;
	char failed[600];
	char why[256];
};

static inline void bench_ready(void *arg)
{
	((struct bench *)arg)->readies++;
}
static inline void bench_up(void *arg)
{
	((struct bench *)arg)->ups++;
}
static inline void bench_down(const char *why, void *arg)
{
	struct bench *b = arg;

	b->downs++;
	snprintf(b->why, sizeof(b->why), "%s", why);
}
static inline void bench_failed(const char *why, void *arg)
{
	struct bench *b = arg;

	snprintf(b->failed, sizeof(b->failed), "%s", why);
}
static const struct store_ops bench_ops = {
	.ready = bench_ready,
	.failed = bench_failed,
	.down = bench_down,
	.up = bench_up,
};

/* Turns the loop until the condition holds. */
#define WAIT(b, condition)                                                                         \
	do {                                                                                       \
		uint64_t until_ = clock_monotonic_us() + WAIT_MOST_US;                             \
		while (!(condition)) {                                                             \
			if (clock_monotonic_us() > until_)                                         \
				fail_msg("waited in vain for: %s", #condition);                    \
			loop_turn((b)->loop, 20000);                                               \
		}                                                                                  \
	} while (0)
/* Lets time pass. */
#define PASS(b, ms)                                                                                \
	do {                                                                                       \
		uint64_t until_ = clock_monotonic_us() + (uint64_t)(ms)*1000;                      \
		while (clock_monotonic_us() < until_)                                              \
			loop_turn((b)->loop, 5000);                                                \
	} while (0)

static inline struct store *bench_store(struct bench *b, const char *node, const char *redis)
{
	struct store_options o = {
		.redis = redis, .domain = "main", .node = node, .data_dir = b->dir
	};

	return store_new(b->loop, &o, &bench_ops, b);
}

static inline void bench_new(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	signal(SIGPIPE, SIG_IGN);
	log_set_level(getenv("USHER_TEST_LOG") ? LOG_DEBUG : LOG_INFO);
	b->loop = loop_new();
	snprintf(b->dir, sizeof(b->dir), "/tmp/usher-store-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
}

static inline void bench_start(struct bench *b)
{
	int before = b->readies;

	b->store = bench_store(b, "one", "managed");
	WAIT(b, b->readies > before || b->failed[0]);
	assert_string_equal(b->failed, "");
}

static inline void bench_done(void *arg)
{
	*(bool *)arg = true;
}

static inline void bench_stop(struct bench *b)
{
	bool done = false;

	store_stop(b->store, bench_done, &done);
	WAIT(b, done);
	store_free(&b->store);
}

static inline void bench_end(struct bench *b)
{
	char command[256];

	if (b->store)
		bench_stop(b);
	loop_turn(b->loop, 0);
	loop_free(&b->loop);
	snprintf(command, sizeof(command), "rm -rf %s", b->dir);
	assert_int_equal(system(command), 0);
}

/* ---- answers ---- */

enum { WAITING = 12345 };

static inline void bench_status(void *arg, int status)
{
	*(int *)arg = status;
}
static inline int bench_put(struct bench *b, const char *text)
{
	struct command c = { .type = COMMAND_MESSAGE, .text = slice_of(text) };
	int status = WAITING;

	inbox_put(b->store, &c, bench_status, &status);
	assert_int_equal(status, WAITING); /* never from inside the call */
	WAIT(b, status != WAITING);
	return status;
}

static inline void bench_taken(void *arg, int status, uint64_t epoch)
{
	*(uint64_t *)arg = status ? UINT64_MAX : epoch;
}
static inline void bench_lost(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}
static inline uint64_t bench_lead(struct bench *b, struct store *s)
{
	static uint64_t epoch; /* outlives the call, as lost() may come later */

	epoch = 0;
	lease_take(s, bench_taken, bench_lost, &epoch);
	WAIT(b, epoch != 0);
	return epoch;
}
static inline int bench_commit(struct bench *b, struct commit *c)
{
	int status = WAITING;

	commit_run(c, bench_status, &status);
	assert_int_equal(status, WAITING);
	WAIT(b, status != WAITING);
	return status;
}

struct cursor_answer {
	int status;
	struct cursor cursor;
};
static inline void bench_cursor_answer(void *arg, int status, const struct cursor *cur)
{
	struct cursor_answer *a = arg;

	a->status = status;
	if (cur)
		a->cursor = *cur;
}
static inline struct cursor bench_cursor(struct bench *b, struct store *s)
{
	struct cursor_answer a = { .status = WAITING };

	cursor_read(s, bench_cursor_answer, &a);
	WAIT(b, a.status != WAITING);
	assert_int_equal(a.status, 0);
	return a.cursor;
}

static inline struct id bench_id(unsigned n)
{
	uint8_t chance[10] = { (uint8_t)n, (uint8_t)(n >> 8), 1 };

	return id_make(1700000000000000u + n * 1000u, chance);
}

/* A command by redis-cli as the store's own user; its output without the last newline. */
static inline void bench_cli(struct bench *b, char *out, size_t size, const char *words)
{
	char command[1024];

	snprintf(command, sizeof(command),
		"cd %s/redis && redis-cli -s redis.sock --no-auth-warning --user usher --pass "
		"$(cat secret) %s 2>&1",
		b->dir, words);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	size_t n = fread(out, 1, size - 1, p);
	pclose(p);
	out[n] = '\0';
	if (n && out[n - 1] == '\n')
		out[n - 1] = '\0';
}

#endif
