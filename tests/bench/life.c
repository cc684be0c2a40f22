/*
 * Whole lives of conversations: a message comes in, is offered, accepted, answered and resolved, everything durable, by the production store, router
 * and engine; beside the same number of writes and bytes pipelined by a bare hiredis program to the same kind of Redis.
 *
 *   life SOCKET DIR COUNT         usher's own rate; prints: rate writes bytes
 *   life SOCKET DIR COUNT AGENTS WAITING
 *                                 so many agents, each with one at a time, take COUNT out of a line of WAITING
 *   life SOCKET bare WRITES BYTES the bare program's rate in writes
 *
 * SOCKET is a redis-server with appendonly yes and appendfsync always, started by run.py.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/view.h"
#include "router/router.h"
#include "store/commit.h"
#include "store/push.h"

enum { AGENTS = 50, WINDOW = 256, UNITS = 1000, PIPELINE = 512, WAIT_US = 300000000 };

struct bench {
	struct loop *loop;
	struct store *store;
	struct router *router;
	bool ready, leads;
	uint64_t begun, resolved, wanted;
	uint64_t agents, waiting; /* waiting: who is offered one waits until the line is there */
	bool held;
	uint64_t serial;
};

static struct stage any[] = { { 0, NULL, 0 } };
static struct kind kind = {
	.name = SLICE_INIT("email"), .cost = 1, .cost_pending = 1, .max = 1000, .offer_s = 120
};
static struct queue line = { .name = SLICE_INIT("general"),
	.title = SLICE_INIT("General"),
	.stages = any,
	.stage_count = 1,
	.strategy = STRATEGY_LONGEST_IDLE,
	.close_s = 1 };
static struct segment mass = { .name = SLICE_INIT("mass") };
static struct channel mail = {
	.name = SLICE_INIT("support"), .plugin = SLICE_INIT("email"), .kind = &kind, .queue = &line
};
static const struct config config = { .domain = SLICE_INIT("main"),
	.node = SLICE_INIT("n1"),
	.grace_s = 30,
	.miss_limit = 3,
	.decline_cooldown_s = 60,
	.units = UNITS,
	.kinds = &kind,
	.kind_count = 1,
	.queues = &line,
	.queue_count = 1,
	.segments = &mass,
	.segment_count = 1,
	.channels = &mail,
	.channel_count = 1 };

static void put_done(void *arg, int status)
{
	(void)arg;
	ASSERT(status == 0);
}

static void put(struct bench *b, struct command c)
{
	c.at_us = loop_wall_us(b->loop);
	inbox_put(b->store, &c, put_done, b);
}

static struct id next_id(struct bench *b)
{
	uint8_t chance[10] = { 0 };
	b->serial++;
	memcpy(chance, &b->serial, sizeof(b->serial));
	return id_make(loop_wall_us(b->loop), chance);
}

static void begin_one(struct bench *b)
{
	static const char TEXT[] = "My card was declined at the shop this morning and I do not "
				   "know why. Could you "
				   "please look at it and tell me what to do? I need it again for "
				   "a trip tomorrow.";
	char key[32], address[48];
	int n = snprintf(key, sizeof(key), "bench-%llu", (unsigned long long)++b->begun);
	int m = snprintf(address, sizeof(address), "%s@x.org", key);
	put(b, (struct command){ .type = COMMAND_MESSAGE,
		       .id = next_id(b),
		       .channel = SLICE("support"),
		       .thread = slice_make(key, (size_t)n),
		       .dedup = slice_make(key, (size_t)n),
		       .ident_kind = SLICE("email"),
		       .ident_value = slice_make(address, (size_t)m),
		       .subject = SLICE("Card declined"),
		       .text = slice_make(TEXT, sizeof(TEXT) - 1) });
}

static void live_on(struct bench *b, const struct effect *offer)
{
	char cmd[24];
	snprintf(cmd, sizeof(cmd), "c%llu", (unsigned long long)++b->serial);
	put(b, (struct command){ .type = COMMAND_ACCEPT,
		       .agent = offer->agent,
		       .offer = offer->offer,
		       .session = SLICE("n1:1"),
		       .cmd = slice_of(cmd) });
	put(b, (struct command){ .type = COMMAND_REPLY,
		       .agent = offer->agent,
		       .conv = offer->conv,
		       .id = next_id(b),
		       .session = SLICE("n1:1"),
		       .cmd = slice_of(cmd),
		       .text = SLICE("We have lifted the block: the card works again. Have a good "
				     "trip!") });
	put(b, (struct command){ .type = COMMAND_RESOLVE,
		       .agent = offer->agent,
		       .conv = offer->conv,
		       .outcome = SLICE("solved"),
		       .session = SLICE("n1:1"),
		       .cmd = slice_of(cmd) });
}

static void pushed(void *arg, const struct effect *effects, size_t count)
{
	struct bench *b = arg;
	for (size_t i = 0; i < count; i++) {
		if (effects[i].type == EFFECT_OFFER && !b->held)
			live_on(b, &effects[i]);
		if (effects[i].type != EFFECT_CONV || effects[i].state != CONV_RESOLVED)
			continue;
		b->resolved++;
		if (!b->waiting && b->begun < b->wanted)
			begin_one(b);
	}
}

static void store_ready(void *arg)
{
	((struct bench *)arg)->ready = true;
}

static void store_failed(const char *why, void *arg)
{
	(void)arg;
	fprintf(stderr, "life: %s\n", why);
	exit(1);
}

static void leads(void *arg)
{
	((struct bench *)arg)->leads = true;
}

static void agents_up(struct bench *b)
{
	char name[24];
	for (uint64_t i = 0; i < b->agents; i++) {
		snprintf(name, sizeof(name), "a%llu", (unsigned long long)i);
		struct command c = {
			.type = COMMAND_USER, .agent = slice_of(name), .role = ROLE_AGENT
		};
		put(b, c);
		c.type = COMMAND_DESK_UP;
		c.session = SLICE("n1:1");
		c.node = SLICE("n1");
		put(b, c);
		c.type = COMMAND_PRESENCE;
		c.presence = PRESENCE_AVAILABLE;
		put(b, c);
	}
}

/* A number of INFO. */
static unsigned long long info(const char *socket_path, const char *name)
{
	redisContext *c = redisConnectUnix(socket_path);
	ASSERT(c && !c->err);
	redisReply *r = redisCommand(c, "INFO");
	const char *at = r ? strstr(r->str, name) : NULL;
	unsigned long long v = at ? strtoull(at + strlen(name) + 1, NULL, 10) : 0;
	freeReplyObject(r);
	redisFree(c);
	return v;
}

/* Messages until all wait but those that are offered; then every offer is taken up. */
static bool release_one(const struct conv_view *v, void *arg)
{
	live_on(arg, &(struct effect){ .agent = v->agent, .offer = v->offer, .conv = v->conv });
	return true;
}

static void release(void *arg, const struct engine *e, uint64_t push_n)
{
	struct bench *b = arg;

	(void)push_n;
	b->held = false;
	engine_each_conv(e, CONV_OFFERED, release_one, b);
}

static void line_up(struct bench *b)
{
	b->held = true;
	while (b->begun < b->waiting + b->agents) {
		for (int i = 0; i < PIPELINE; i++)
			begin_one(b);
		while (router_counts(b->router).accepted + PIPELINE < b->begun)
			loop_turn(b->loop, 20000);
	}
	while (router_counts(b->router).accepted < b->begun)
		loop_turn(b->loop, 20000);
}

static int ours(const char *socket_path, const char *dir, uint64_t wanted, uint64_t agents,
	uint64_t waiting)
{
	static const struct store_ops store_ops = { .ready = store_ready, .failed = store_failed };
	static const struct router_ops router_ops = { .leads = leads };
	char url[256];
	struct bench b = { .wanted = wanted, .agents = agents, .waiting = waiting };
	if (waiting)
		kind.cost = kind.cost_pending = UNITS;
	log_set_level(LOG_ERROR);
	snprintf(url, sizeof(url), "unix:%s", socket_path);
	struct store_options o = { .redis = url, .domain = "main", .node = "n1", .data_dir = dir };
	b.loop = loop_new();
	b.store = store_new(b.loop, &o, &store_ops, &b);
	while (!b.ready)
		loop_turn(b.loop, 20000);
	b.router = router_new(b.loop, b.store, &config, &router_ops, &b);
	router_start(b.router);
	while (!b.leads)
		loop_turn(b.loop, 20000);
	push_follow(b.store, 0, pushed, &b);
	agents_up(&b);
	for (int i = 0; i < 50; i++)
		loop_turn(b.loop, 5000);
	if (waiting)
		line_up(&b);
	unsigned long long commands = info(socket_path, "total_commands_processed");
	unsigned long long bytes = info(socket_path, "total_net_input_bytes");
	uint64_t began_us = clock_monotonic_us();
	if (waiting)
		router_read(b.router, release, &b);
	for (int i = 0; !waiting && i < WINDOW && b.begun < wanted; i++)
		begin_one(&b);
	while (b.resolved < wanted && clock_monotonic_us() - began_us < WAIT_US)
		loop_turn(b.loop, 100000);
	uint64_t took_us = clock_monotonic_us() - began_us;
	ASSERT(b.resolved >= wanted);
	printf("%.1f %llu %llu\n", (double)wanted * 1e6 / (double)took_us,
		info(socket_path, "total_commands_processed") - commands,
		info(socket_path, "total_net_input_bytes") - bytes);
	return 0;
}

static int bare(const char *socket_path, unsigned long long writes, unsigned long long bytes)
{
	redisContext *c = redisConnectUnix(socket_path);
	size_t each = (size_t)(bytes / writes);
	char key[32];
	ASSERT(c && !c->err);
	each = each > 60 ? each - 60 : 1; /* the frame of a SET costs the rest */
	char *value = malloc(each);
	memset(value, 'x', each);
	uint64_t began_us = clock_monotonic_us();
	for (unsigned long long done = 0; done < writes;) {
		unsigned long long n = writes - done < PIPELINE ? writes - done : PIPELINE;
		for (unsigned long long i = 0; i < n; i++) {
			snprintf(key, sizeof(key), "bare:%llu", (done + i) % 100000);
			redisAppendCommand(c, "SET %s %b", key, value, each);
		}
		for (unsigned long long i = 0; i < n; i++) {
			void *reply = NULL;
			ASSERT(redisGetReply(c, &reply) == REDIS_OK);
			freeReplyObject(reply);
		}
		done += n;
	}
	printf("%.1f\n", (double)writes * 1e6 / (double)(clock_monotonic_us() - began_us));
	free(value);
	redisFree(c);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[2], "bare") == 0)
		return bare(argv[1], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	if (argc == 4)
		return ours(argv[1], argv[2], strtoull(argv[3], NULL, 10), AGENTS, 0);
	if (argc == 6)
		return ours(argv[1], argv[2], strtoull(argv[3], NULL, 10),
			strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	fprintf(stderr, "usage: life SOCKET DIR COUNT [AGENTS WAITING] | life SOCKET bare WRITES "
			"BYTES\n");
	return 2;
}
