/*
 * Random commands of the kinds that the store sends, on few keys, so that each meets all types and states. Errors are compared by
 * their first word. What depends on the time of day (ids that Redis makes, TTL) is not asked here. Called by main.c.
 */
#include "against.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "keyspace.h"
#include "store/resp.h"
#include "world.h"

enum { COMMANDS = 20000, WORDS = 12 };

/* X(words of the command): K a key, F a field or member, V a value, N a small number, I an id, G a group, C a consumer. */
static const char *const shapes[] = { "SET K V", "SET K V NX", "SET K V NX GET", "GET K", "INCR K",
	"DEL K", "DEL K K", "EXISTS K", "TYPE K", "HSET K F V", "HSET K F V F V", "HGET K F",
	"HMGET K F F", "HGETALL K", "HINCRBY K F N", "RPUSH K V", "RPUSH K V V", "LSET K N V",
	"LINDEX K N", "LRANGE K 0 -1", "LRANGE K N N", "LRANGE K -3 -2", "SADD K F", "SREM K F",
	"SISMEMBER K F", "ZADD K N F", "ZADD K NX N F", "ZADD K N F N F", "ZRANGE K 0 -1",
	"ZREVRANGE K 0 2", "ZRANGE K 0 -1 WITHSCORES", "ZSCORE K F", "ZREM K F", "ZCARD K",
	"ZREMRANGEBYRANK K 0 -4", "XADD K I F V", "XADD K I F V F V", "XLEN K", "XDEL K I",
	"XRANGE K - +", "XRANGE K I + COUNT 2", "XREVRANGE K + - COUNT 1",
	"XREAD COUNT 3 STREAMS K I", "XGROUP CREATE K G 0 MKSTREAM",
	"XREADGROUP GROUP G C COUNT 2 STREAMS K >", "XREADGROUP GROUP G C COUNT 9 STREAMS K 0-0",
	"XREADGROUP GROUP G C STREAMS K I", "XACK K G I", "XPENDING K G",
	"XAUTOCLAIM K G C 0 I COUNT 2", "XAUTOCLAIM K G C 0 0-0 COUNT 9" };

/* Mostly a key of the type that the command is for. */
static int key_for(const char *shape)
{
	static const char *const verbs[] = { "H", "R", "L", "Z", "X", "SA", "SR", "SI" };
	static const int keys[] = { 0, 1, 1, 2, 3, 4, 4, 4 };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && !chance_one_in(5); i++)
		if (slice_starts(slice_of(shape), slice_of(verbs[i])))
			return keys[i];
	return (int)chance_below(7);
}

static struct slice word_made(const char *whole, struct slice shape, struct arena *arena)
{
	uint64_t n = chance_below(4);

	if (shape.n != 1 || shape.p[0] < 'A')
		return shape;
	switch (shape.p[0]) {
	case 'K':
		return arena_printf(arena, "key%d", key_for(whole));
	case 'F':
		return arena_printf(arena, "f%d", (int)n);
	case 'V':
		return chance_one_in(2) ? arena_printf(arena, "%d", (int)n)
					: SLICE("a value with blanks\r\nand a line");
	case 'N':
		return arena_printf(arena, "%d", (int)n);
	case 'I':
		return arena_printf(arena, "%d-%d", 1 + (int)chance_below(40), (int)n);
	case 'G':
		return SLICE("usher");
	default:
		return chance_one_in(2) ? SLICE("n1") : SLICE("n2");
	}
}

static size_t command_made(struct slice *v, struct arena *arena)
{
	const char *shape = shapes[chance_below(sizeof(shapes) / sizeof(*shapes))];
	struct slice rest = slice_of(shape);
	size_t n = 0;

	while (rest.p)
		v[n++] = word_made(shape, slice_cut(&rest, ' '), arena);
	ASSERT(n <= WORDS);
	return n;
}

/* Of an error the first word. */
static struct slice text_of(const struct reply *r)
{
	return r->type == REPLY_ERROR ? slice_make(r->text.p, slice_find(r->text, ' ')) : r->text;
}

static bool same(const struct reply *a, const struct reply *b)
{
	if (a->type != b->type || a->integer != b->integer || a->count != b->count ||
		!slice_equal(text_of(a), text_of(b)))
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!same(&a->items[i], &b->items[i]))
			return false;
	return true;
}

static const struct reply *next(struct resp_reader *reader, struct slice bytes)
{
	const struct reply *r = NULL;
	struct err err;

	ASSERT(resp_feed(reader, bytes, &err) == 0);
	ASSERT(resp_next(reader, &r, &err) == 0);
	return r;
}

static const struct reply *asked(
	int fd, struct resp_reader *reader, const struct slice *v, size_t n)
{
	struct str out = { 0 };
	struct argv command = { (struct slice *)(uintptr_t)v, n, n };
	static char bytes[RESP_PIECE];
	const struct reply *r = NULL;

	resp_command(&out, &command);
	ASSERT(write(fd, out.p, out.n) == (ssize_t)out.n);
	str_free(&out);
	while (!r) {
		ssize_t got = read(fd, bytes, sizeof(bytes));
		ASSERT(got > 0);
		r = next(reader, slice_make(bytes, (size_t)got));
	}
	return r;
}

static int dial(const char *socket_path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) == 0)
		return fd;
	fprintf(stderr, "node_sim: nobody listens on %s\n", socket_path);
	return -1;
}

static void print_command(const struct slice *v, size_t n, const struct str *model)
{
	printf("not the same:");
	for (size_t i = 0; i < n; i++)
		printf(" %.*s", SLICE_ARG(v[i]));
	printf("\n  the model says %.*s\n", (int)model->n, model->p);
}

int against_redis(const char *socket_path)
{
	struct resp_reader *theirs = resp_reader_new(), *ours = resp_reader_new();
	struct keyspace *model = keyspace_new();
	struct arena arena = { 0 };
	struct slice v[WORDS];
	unsigned differences = 0;
	int fd = dial(socket_path);

	world_begin(1, false);
	for (int i = 0; fd >= 0 && i < COMMANDS && differences < 5; i++) {
		struct str said = { 0 };
		size_t n = command_made(v, &arena);
		const struct reply *real = asked(fd, theirs, v, n);
		keyspace_run(model, v, n, world_wall_us() / MS, &said);
		const struct reply *mine = next(ours, str_slice(&said));
		if (!mine || !same(mine, real)) {
			differences++;
			print_command(v, n, &said);
		}
		str_free(&said);
		arena_reset(&arena);
	}
	if (fd >= 0)
		close(fd);
	resp_reader_free(&theirs);
	resp_reader_free(&ours);
	keyspace_free(&model);
	arena_free(&arena);
	world_end();
	printf("%s model: %d commands, %u differences\n", fd < 0 || differences ? "not ok" : "ok",
		COMMANDS, differences);
	return fd < 0 || differences ? 1 : 0;
}
