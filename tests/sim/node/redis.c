/*
 * The server around the keyspace. Called by conn.c (bytes), faults.c and judge.c.
 */
#include "redis.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/list.h"
#include "conn.h"
#include "keyspace.h"
#include "world.h"

enum { WORDS_MAX = 4096 };

struct command_copy {
	struct slice *v;
	size_t n;
};
struct client {
	struct list_node node;
	struct conn *conn; /* NULL: gone */
	struct str wire, reply, back;
	bool eof, ended, twice;
	bool in_multi, refused, dirty;
	struct command_copy *queue;
	size_t queue_count, queue_cap;
	struct slice watched[4];
	size_t watched_count;
	bool waits;
	struct command_copy waiting;
	uint64_t wait_serial;
};
struct logged {
	struct command_copy command;
	uint64_t now_ms, transaction;
	bool in_exec, torn; /* torn: the EXEC behind it was cut off */
};

bool redis_keeps_torn;

static struct redis {
	struct keyspace *keys;
	struct list clients;
	struct logged *log;
	size_t log_count, log_cap, synced;
	uint64_t transactions, life;
	bool in_exec;
	bool up, loading, full, disk_full, dies, turn_due;
	uint64_t stalled_until_us;
} redis;

static void turn_soon(void);

/* ---- small things ---- */

static uint64_t redis_now_ms(void)
{
	return world_wall_us() / MS;
}

/* Everything here lives as long as the world. */
static struct command_copy copy(const struct slice *v, size_t n)
{
	struct command_copy c = { arena_array(&world.arena, n, sizeof(*c.v)), n };

	for (size_t i = 0; i < n; i++)
		c.v[i] = arena_copy(&world.arena, v[i]);
	return c;
}

static void log_append(const struct slice *v, size_t n)
{
	if (redis.log_count == redis.log_cap) {
		redis.log_cap = redis.log_cap ? redis.log_cap * 2 : 256;
		redis.log = mem_resize(redis.log, redis.log_cap, sizeof(*redis.log));
	}
	redis.log[redis.log_count++] = (struct logged){ copy(v, n), redis_now_ms(),
		redis.transactions, redis.in_exec, false };
}

static void say(struct client *c, const char *text)
{
	str_add_text(&c->reply, text);
	str_add(&c->reply, SLICE("\r\n"));
}

/* ---- watching and waiting ---- */

static void touch(struct slice key)
{
	LIST_FOR (c, &redis.clients, struct client, node)
		for (size_t i = 0; i < c->watched_count; i++)
			if (slice_equal(c->watched[i], key))
				c->dirty = true;
}

static void unwatch(struct client *c)
{
	c->watched_count = 0;
	c->dirty = false;
}

static enum ran run_now(const struct slice *v, size_t n, struct str *reply)
{
	enum ran ran = keyspace_run(redis.keys, v, n, redis_now_ms(), reply);

	if (ran == RAN_WROTE) {
		log_append(v, n);
		touch(keyspace_key(v, n));
	}
	return ran;
}

static void serve_waiting(void)
{
	LIST_FOR (c, &redis.clients, struct client, node) {
		if (!c->waits)
			continue;
		if (run_now(c->waiting.v, c->waiting.n, &c->reply) != RAN_NOTHING)
			c->waits = false;
	}
}

struct wait_end {
	struct client *client;
	uint64_t serial, life;
};

static void waited_long_enough(void *arg)
{
	struct wait_end *w = arg;

	if (w->life != redis.life || !w->client->waits || w->client->wait_serial != w->serial)
		return;
	w->client->waits = false;
	say(w->client, "*-1");
	turn_soon();
}

static void wait_begin(struct client *c, const struct slice *v, size_t n)
{
	struct wait_end *w = arena_alloc(&world.arena, sizeof(*w));
	uint64_t ms = 1;

	for (size_t i = 1; i + 1 < n; i++)
		if (slice_is(v[i], "BLOCK"))
			(void)slice_u64(v[i + 1], &ms);
	c->waits = true;
	c->waiting = copy(v, n);
	*w = (struct wait_end){ c, ++c->wait_serial, redis.life };
	world_at(ms * MS, waited_long_enough, w);
}

/* ---- one command ---- */

/* Why Redis will not do it now; NULL: it will. */
static const char *refusal(const struct slice *v)
{
	if (redis.loading)
		return "-LOADING Redis is loading the dataset in memory";
	if (redis.full && keyspace_takes_memory(v[0]))
		return "-OOM command not allowed when used memory > 'maxmemory'.";
	if (redis.disk_full && keyspace_writes(v[0]))
		return "-MISCONF Errors writing to the AOF file: No space left on device";
	return NULL;
}

static void run_exec(struct client *c)
{
	struct command_copy *queue = c->queue;
	size_t n = c->queue_count;
	bool refused = c->refused, dirty = c->dirty;

	c->in_multi = c->refused = false;
	c->queue_count = 0;
	unwatch(c);
	if (refused) {
		say(c, "-EXECABORT Transaction discarded because of previous errors.");
		return;
	}
	if (dirty) {
		world.tally.void_execs++;
		say(c, "*-1");
		return;
	}
	redis.transactions++;
	redis.in_exec = true;
	str_addf(&c->reply, "*%zu\r\n", n);
	for (size_t i = 0; i < n; i++) {
		size_t at = c->reply.n;
		if (run_now(queue[i].v, queue[i].n, &c->reply) == RAN_NOTHING)
			say(c, "*-1");
		if (c->reply.p[at] == '-')
			world_fail("half a transaction: %.*s %.*s: %.*s", SLICE_ARG(queue[i].v[0]),
				SLICE_ARG(queue[i].v[1]), (int)(c->reply.n - at - 2),
				c->reply.p + at);
	}
	redis.in_exec = false;
	redis.transactions++;
	serve_waiting();
}

static void enqueue(struct client *c, const struct slice *v, size_t n)
{
	const char *why = refusal(v);

	if (why) {
		world.tally.refused++;
		c->refused = true;
		say(c, why);
		return;
	}
	if (c->queue_count == c->queue_cap) {
		c->queue_cap = c->queue_cap ? c->queue_cap * 2 : 64;
		c->queue = mem_resize(c->queue, c->queue_cap, sizeof(*c->queue));
	}
	c->queue[c->queue_count++] = copy(v, n);
	say(c, "+QUEUED");
}

/* X(setting, value): what CONFIG GET tells. */
#define SETTINGS(X)                                                                                \
	X("appendonly", "yes")                                                                     \
	X("appendfsync", "always")                                                                 \
	X("aof-load-truncated", "no")                                                              \
	X("no-appendfsync-on-rewrite", "no")                                                       \
	X("maxmemory-policy", "noeviction")

static void run_config(struct client *c, const struct slice *v, size_t n)
{
#define SETTING(name, value)                                                                       \
	if (n == 3 && slice_is(v[2], name)) {                                                      \
		str_addf(&c->reply, "*2\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(name), name,      \
			strlen(value), value);                                                     \
		return;                                                                            \
	}
	SETTINGS(SETTING)
#undef SETTING
	say(c, "*0");
}

/* What is about the connection and not about keys; false: it is not that. */
static bool run_server(struct client *c, const struct slice *v, size_t n)
{
	if (slice_is(v[0], "AUTH") || slice_is(v[0], "SELECT") || slice_is(v[0], "CLIENT")) {
		say(c, "+OK");
	} else if (slice_is(v[0], "PING")) {
		say(c, redis.loading ? "-LOADING Redis is loading the dataset in memory" : "+PONG");
	} else if (slice_is(v[0], "MULTI")) {
		c->in_multi = true;
		c->refused = false;
		say(c, "+OK");
	} else if (slice_is(v[0], "WATCH")) {
		for (size_t i = 1; i < n && c->watched_count < 4; i++)
			c->watched[c->watched_count++] = arena_copy(&world.arena, v[i]);
		say(c, "+OK");
	} else if (slice_is(v[0], "UNWATCH")) {
		unwatch(c);
		say(c, "+OK");
	} else if (slice_is(v[0], "CONFIG")) {
		run_config(c, v, n);
	} else if (slice_is(v[0], "ACL")) {
		say(c, "*2\r\n$8\r\ncommands\r\n$5\r\n+@all");
	} else {
		return false;
	}
	return true;
}

static void run(struct client *c, const struct slice *v, size_t n)
{
	if (!c->conn)
		world.tally.late++;
	if (slice_is(v[0], "EXEC")) {
		run_exec(c);
		return;
	}
	if (c->in_multi) {
		enqueue(c, v, n);
		return;
	}
	if (run_server(c, v, n))
		return;
	const char *why = refusal(v);
	if (why) {
		world.tally.refused++;
		say(c, why);
		return;
	}
	redis.transactions++;
	if (run_now(v, n, &c->reply) == RAN_NOTHING)
		wait_begin(c, v, n);
	else
		serve_waiting();
}

/* ---- reading the wire ---- */

static bool number_read(struct slice *rest, char mark, uint64_t *out)
{
	size_t end = slice_find(*rest, '\r');

	if (end + 1 >= rest->n || rest->p[0] != mark ||
		!slice_u64(slice_make(rest->p + 1, end - 1), out))
		return false;
	*rest = slice_make(rest->p + end + 2, rest->n - end - 2);
	return true;
}

/* The first whole command of the wire: how many words, or 0. */
static size_t words_read(struct client *c, struct slice *v, size_t *used)
{
	struct slice rest = str_slice(&c->wire);
	uint64_t n = 0, len = 0;

	if (!rest.n || !number_read(&rest, '*', &n) || !n)
		return 0;
	ASSERT(n <= WORDS_MAX);
	for (uint64_t i = 0; i < n; i++) {
		if (!rest.n || !number_read(&rest, '$', &len) || rest.n < len + 2)
			return 0;
		v[i] = slice_make(rest.p, len);
		rest = slice_make(rest.p + len + 2, rest.n - len - 2);
	}
	*used = c->wire.n - rest.n;
	return n;
}

static bool run_next(struct client *c)
{
	static struct slice v[WORDS_MAX];
	size_t used = 0, n = c->waits ? 0 : words_read(c, v, &used);

	if (!n)
		return false;
	run(c, v, n);
	str_shift(&c->wire, used);
	return true;
}

/* ---- a turn ---- */

static void client_end(struct client *c)
{
	list_remove(&c->node);
	c->ended = true;
	str_free(&c->wire);
	str_free(&c->reply);
	free(c->queue);
	c->queue = NULL;
}

static void let_go(void)
{
	LIST_FOR (c, &redis.clients, struct client, node) {
		if (c->reply.n && c->conn) {
			str_add(&c->back, str_slice(&c->reply));
			conn_answered(c->conn);
		}
		str_clear(&c->reply);
		if (c->eof && (c->waits || !c->wire.n))
			client_end(c);
	}
}

static bool work_left(void)
{
	LIST_FOR (c, &redis.clients, struct client, node)
		if ((c->wire.n && !c->waits) || c->eof)
			return true;
	return false;
}

static void turn(void *arg)
{
	uint64_t *life = arg;
	size_t before = redis.log_count;

	if (*life != redis.life || !redis.up)
		return;
	redis.turn_due = false;
	if (redis.stalled_until_us > world.now_us) {
		turn_soon();
		return;
	}
	LIST_FOR (c, &redis.clients, struct client, node) {
		if (chance_one_in(4))
			continue; /* not readable yet */
		size_t most = chance_one_in(4) ? 1 + chance_below(8) : SIZE_MAX;
		bool more = true;
		while (most && (more = run_next(c)))
			most--;
		if (c->eof && !more)
			str_clear(&c->wire); /* half a command of who is gone */
	}
	if (redis.dies && redis.log_count > before + chance_below(8)) { /* best in a commit */
		redis_kill();
		return;
	}
	redis.synced = redis.log_count;
	let_go();
	if (work_left())
		turn_soon();
}

static void turn_soon(void)
{
	uint64_t *life;

	if (redis.turn_due || !redis.up)
		return;
	redis.turn_due = true;
	life = arena_alloc(&world.arena, sizeof(*life));
	*life = redis.life;
	uint64_t wait = chance_delay_us();
	if (redis.stalled_until_us > world.now_us + wait)
		wait = redis.stalled_until_us - world.now_us;
	world_at(wait, turn, life);
}

/* ---- connections ---- */

struct client *redis_accept(struct conn *conn)
{
	struct client *c;

	if (!redis.up)
		return NULL;
	c = arena_alloc(&world.arena, sizeof(*c));
	c->conn = conn;
	list_push_back(&redis.clients, &c->node);
	return c;
}

void redis_send(struct client *c, struct slice bytes)
{
	if (c->ended)
		return;
	str_add(&c->wire, bytes);
	turn_soon();
}

void redis_hangup(struct client *c, bool reset)
{
	c->conn = NULL;
	str_free(&c->back);
	if (c->ended)
		return;
	c->eof = true;
	if (reset)
		str_clear(&c->wire);
	turn_soon();
}

struct str *redis_back(struct client *c)
{
	return &c->back;
}

/* ---- faults ---- */

bool redis_is_up(void)
{
	return redis.up;
}

/* The file ends somewhere behind the last fsync; half a transaction at its end is not replayed. */
static void cut_log(void)
{
	size_t end = redis.synced + chance_below(redis.log_count - redis.synced + 1), begin = end;

	while (begin > redis.synced && end < redis.log_count &&
		redis.log[end].transaction == redis.log[begin - 1].transaction)
		begin--;
	for (size_t i = begin; redis_keeps_torn && i < end; i++)
		redis.log[i].torn = true;
	if (redis_keeps_torn && begin < end)
		world_trace("redis keeps %zu commands of a torn transaction", end - begin);
	end = redis_keeps_torn ? end : begin;
	world.tally.tails += redis.log_count - end;
	redis.log_count = redis.synced = end;
}

void redis_kill(void)
{
	if (!redis.up)
		return;
	world_trace("redis dies, %zu writes not synced", redis.log_count - redis.synced);
	world.tally.redis_deaths++;
	cut_log();
	redis.up = redis.dies = redis.turn_due = redis.full = redis.disk_full = false;
	redis.stalled_until_us = 0;
	redis.life++;
	LIST_FOR (c, &redis.clients, struct client, node) {
		struct conn *conn = c->conn;
		if (chance_one_in(2))
			str_clear(&c->back);
		c->conn = NULL;
		client_end(c);
		if (conn)
			conn_hung_up(conn);
	}
	keyspace_free(&redis.keys);
}

void redis_kill_in_turn(bool dies)
{
	redis.dies = dies;
}

static void loaded(void *arg)
{
	uint64_t *life = arg;

	if (*life == redis.life)
		redis.loading = false;
}

static bool ends_exec(size_t i)
{
	const struct logged *l = &redis.log[i];

	return l->in_exec && !l->torn &&
	       (i + 1 == redis.log_count || redis.log[i + 1].transaction != l->transaction);
}

/* Replays the file. Behind a MULTI without EXEC everything waits for the next EXEC; without one it is not executed. */
static void load(void)
{
	struct str unheard = { 0 };
	size_t done = 0;
	bool dangling = false;

	for (size_t i = 0; i < redis.log_count; i++) {
		dangling = (dangling || redis.log[i].torn) && !ends_exec(i);
		for (; !dangling && done <= i; done++) {
			struct logged *l = &redis.log[done];
			keyspace_run(redis.keys, l->command.v, l->command.n, l->now_ms, &unheard);
			str_clear(&unheard);
		}
	}
	str_free(&unheard);
}

void redis_start(void)
{
	uint64_t *life;

	if (redis.up)
		return;
	world_trace("redis starts with %zu writes", redis.log_count);
	redis.keys = keyspace_new();
	load();
	redis.up = redis.loading = true;
	life = arena_alloc(&world.arena, sizeof(*life));
	*life = redis.life;
	world_at(chance_below(300 * MS), loaded, life);
}

void redis_stall(uint64_t us)
{
	redis.stalled_until_us = world.now_us + us;
}

void redis_full(bool full)
{
	redis.full = full;
}

void redis_disk_full(bool full)
{
	redis.disk_full = full;
}

static struct client *some_client(bool busy)
{
	struct client *found = NULL;
	size_t n = 0;

	LIST_FOR (c, &redis.clients, struct client, node)
		if (c->conn && (!busy || c->wire.n || c->back.n) && chance_one_in(++n))
			found = c;
	return found;
}

void redis_cut_one(void)
{
	struct client *c = some_client(true);

	if (!c)
		c = some_client(false);
	if (!c)
		return;
	struct conn *conn = c->conn;
	world.tally.cuts++;
	if (chance_one_in(2))
		str_clear(&c->back); /* what was answered is lost on its way */
	c->conn = NULL;
	c->eof = true;
	if (chance_one_in(2))
		str_clear(&c->wire);
	conn_hung_up(conn);
	turn_soon();
}

/* The last answer of a packet is there once more. Only where nothing is owed: on one connection every further answer would belong to a
 * question, and no reader could tell. */
void redis_say_twice(void)
{
	struct client *c = some_client(false);

	if (c)
		c->twice = true;
}

bool redis_says_twice(struct client *c)
{
	if (!c->twice || c->wire.n || c->reply.n || c->back.n || c->waits)
		return false;
	c->twice = false;
	world.tally.extra++;
	return true;
}

/* ---- beginning, end, the judge ---- */

void redis_begin(void)
{
	redis = (struct redis){ .keys = keyspace_new(), .up = true, .life = 1 };
}

void redis_end(void)
{
	LIST_FOR (c, &redis.clients, struct client, node) {
		str_free(&c->back);
		client_end(c);
	}
	keyspace_free(&redis.keys);
	free(redis.log);
	redis.log = NULL;
}

void redis_ask(const struct slice *v, size_t n, struct str *reply)
{
	(void)keyspace_run(redis.keys, v, n, redis_now_ms(), reply);
}
