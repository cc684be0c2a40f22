/*
 * The router on a real Redis: a center with two of everything, commands that go in, what is seen of them in the push stream and the views.
 * Included by each test of this folder; test programs are single files, so everything here is static.
 */
#ifndef USHER_TESTS_ROUTER_NODE_H
#define USHER_TESTS_ROUTER_NODE_H

#include "unit/cm.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/limits.h"
#include "router/batch.h"
#include "router/router.h"
#include "store/commit.h"
#include "store/history.h"
#include "store/outbox.h"
#include "store/push.h"
#include "text/classify.h"

enum { SEEN_MAX = 256 };

struct node {
	char dir[64];
	struct loop *loop;
	struct store *store;
	struct router *router;
	bool ready, leads, stopped;
	struct arena arena;
	struct effect seen[SEEN_MAX];
	size_t seen_count;
	size_t puts;
};

static struct skill cards_need[] = { { SLICE_INIT("cards"), 50 } };
static struct stage any_stage[] = { { 0, NULL, 0 } };
static struct stage cards_stage[] = { { 0, cards_need, 1 } };
static struct kind kinds[] = {
	{ .name = SLICE_INIT("chat"),
		.cost = 25,
		.cost_pending = 25,
		.max = 4,
		.offer_s = 20,
		.live = true },
	{ .name = SLICE_INIT("email"), .cost = 20, .cost_pending = 20, .max = 5, .offer_s = 120 },
};
static struct queue queues[] = {
	{ .name = SLICE_INIT("general"),
		.title = SLICE_INIT("General"),
		.stages = any_stage,
		.stage_count = 1,
		.strategy = STRATEGY_LONGEST_IDLE,
		.sticky_s = 3600,
		.close_s = 86400 },
	{ .name = SLICE_INIT("cards"),
		.title = SLICE_INIT("Cards"),
		.stages = cards_stage,
		.stage_count = 1,
		.strategy = STRATEGY_LONGEST_IDLE,
		.sticky_s = 3600,
		.close_s = 86400 },
};
static struct slice premier_domains[] = { SLICE_INIT("premier.test") };
static struct segment segments[] = {
	{ .name = SLICE_INIT("premier"),
		.offset_s = -300,
		.domains = premier_domains,
		.domain_count = 1 },
	{ .name = SLICE_INIT("mass") },
};
static struct channel channels[] = {
	{ .name = SLICE_INIT("support"),
		.plugin = SLICE_INIT("email"),
		.kind = &kinds[1],
		.queue = &queues[0] },
	{ .name = SLICE_INIT("chat"),
		.plugin = SLICE_INIT("chat"),
		.kind = &kinds[0],
		.queue = &queues[0] },
};
static struct slice complaint_words[] = { SLICE_INIT("жалоба"), SLICE_INIT("complaint") };
static struct rule rules[] = {
	{ .hint_name = SLICE_INIT("topic"),
		.hint_value = SLICE_INIT("cards"),
		.queue = &queues[1] },
	{ .words = complaint_words,
		.word_count = 2,
		.topic = SLICE_INIT("complaint"),
		.queue = &queues[1],
		.priority_s = -60,
		.line = 7 },
	{ .pattern = SLICE_INIT("(x+)+$"), .topic = SLICE_INIT("slow"), .line = 8 },
	{ .language = SLICE_INIT("unknown"), .topic = SLICE_INIT("strange"), .line = 9 },
};
static struct config config = { .domain = SLICE_INIT("main"),
	.node = SLICE_INIT("n1"),
	.grace_s = 30,
	.miss_limit = 3,
	.decline_cooldown_s = 60,
	.units = 100,
	.kinds = kinds,
	.kind_count = 2,
	.queues = queues,
	.queue_count = 2,
	.segments = segments,
	.segment_count = 2,
	.channels = channels,
	.channel_count = 2,
	.rules = rules,
	.rule_count = 4 };

/* As the loader does it. */
static inline void compile_rules(void)
{
	struct classifier *c = config.classifier = classifier_new();
	struct err err = { 0 };

	for (size_t i = 0; i < config.rule_count; i++) {
		size_t rule = classifier_rule(c);
		for (size_t w = 0; w < rules[i].word_count; w++)
			assert_int_equal(classifier_word(c, rule, rules[i].words[w], &err), 0);
		if (rules[i].pattern.n)
			assert_int_equal(classifier_pattern(c, rule, rules[i].pattern, &err), 0);
		classifier_language(c, rule, rules[i].language);
	}
}

static inline void store_ready(void *arg)
{
	((struct node *)arg)->ready = true;
}

static inline void store_failed(const char *why, void *arg)
{
	(void)arg;
	fail_msg("store: %s", why);
}

static inline void leads(void *arg)
{
	((struct node *)arg)->leads = true;
}

static inline void pushed(void *arg, const struct effect *effects, size_t count)
{
	struct node *n = arg;
	for (size_t i = 0; i < count && n->seen_count < SEEN_MAX; i++)
		record_copy(&effect_table, &n->seen[n->seen_count++], &effects[i], &n->arena);
}

static inline void stopped(void *arg)
{
	((struct node *)arg)->stopped = true;
}

#define UNTIL(n, condition)                                                                        \
	do {                                                                                       \
		uint64_t end_us = clock_monotonic_us() + WAIT_MOST_US;                             \
		while (!(condition) && clock_monotonic_us() < end_us)                              \
			loop_turn((n)->loop, 20000);                                               \
		if (!(condition))                                                                  \
			fail_msg("waited for %s", #condition);                                     \
	} while (0)

static inline void start(struct node *n)
{
	static const struct store_ops store_ops = { .ready = store_ready, .failed = store_failed };
	static const struct router_ops router_ops = { .leads = leads };
	struct store_options o = {
		.redis = "managed", .domain = "main", .node = "n1", .data_dir = n->dir
	};
	n->ready = n->leads = n->stopped = false;
	n->loop = loop_new();
	n->store = store_new(n->loop, &o, &store_ops, n);
	UNTIL(n, n->ready);
	n->router = router_new(n->loop, n->store, &config, &router_ops, n);
	router_start(n->router);
	UNTIL(n, n->leads);
}

static inline void stop(struct node *n)
{
	router_stop(n->router, stopped, n);
	UNTIL(n, n->stopped);
	n->stopped = false;
	store_stop(n->store, stopped, n);
	UNTIL(n, n->stopped);
	router_free(&n->router);
	store_free(&n->store);
	loop_free(&n->loop);
}

static inline int setup(void **state)
{
	struct node *n = mem_alloc(sizeof(*n));
	snprintf(n->dir, sizeof(n->dir), "/tmp/usher-router.XXXXXX");
	assert_non_null(mkdtemp(n->dir));
	log_set_level(LOG_INFO);
	start(n);
	push_follow(n->store, 0, pushed, n);
	*state = n;
	return 0;
}

static inline int teardown(void **state)
{
	struct node *n = *state;
	char command[96];
	stop(n);
	snprintf(command, sizeof(command), "rm -rf %s", n->dir);
	assert_int_equal(system(command), 0);
	arena_free(&n->arena);
	free(n);
	return 0;
}

static inline void put_done(void *arg, int status)
{
	assert_int_equal(status, 0);
	((struct node *)arg)->puts++;
}

static inline void put(struct node *n, struct command c)
{
	size_t before = n->puts;
	c.at_us = loop_wall_us(n->loop);
	inbox_put(n->store, &c, put_done, n);
	UNTIL(n, n->puts > before);
}

static inline struct id new_id(void)
{
	uint8_t chance[10];
	chance_bytes(chance, sizeof(chance));
	return id_make(clock_wall_us(), chance);
}

static inline const struct effect *find(
	const struct node *n, enum effect_type type, struct slice agent, struct slice text)
{
	for (size_t i = 0; i < n->seen_count; i++) {
		const struct effect *ef = &n->seen[i];
		if (ef->type == type && (!agent.n || slice_equal(ef->agent, agent)) &&
			(!text.n || slice_equal(ef->text, text)))
			return ef;
	}
	return NULL;
}

static inline size_t count(const struct node *n, enum effect_type type)
{
	size_t found = 0;
	for (size_t i = 0; i < n->seen_count; i++)
		found += n->seen[i].type == type;
	return found;
}

static inline void bo_is_available(struct node *n)
{
	put(n, (struct command){ .type = COMMAND_USER,
		       .agent = SLICE("bo"),
		       .name = SLICE("Bo"),
		       .role = ROLE_AGENT,
		       .skills = SLICE("cards=80") });
	put(n, (struct command){ .type = COMMAND_DESK_UP,
		       .agent = SLICE("bo"),
		       .session = SLICE("n1:1"),
		       .node = SLICE("n1") });
	put(n, (struct command){ .type = COMMAND_PRESENCE,
		       .agent = SLICE("bo"),
		       .session = SLICE("n1:1"),
		       .cmd = SLICE("c1"),
		       .presence = PRESENCE_AVAILABLE });
}

static inline struct command mail(const char *from, const char *text)
{
	return (struct command){ .type = COMMAND_MESSAGE,
		.id = new_id(),
		.channel = SLICE("support"),
		.thread = slice_of(text),
		.dedup = slice_of(text),
		.ident_kind = SLICE("email"),
		.ident_value = slice_of(from),
		.name = SLICE("Ann"),
		.subject = SLICE("Help"),
		.text = slice_of(text) };
}

struct view {
	bool done;
	char topic[64], rule[256], owner[64], subject[64];
};

static inline void keep(char *out, size_t size, struct slice v)
{
	snprintf(out, size, "%.*s", SLICE_ARG(v));
}

static inline void read_view(void *arg, int status, const struct pairs_found *fields)
{
	struct view *v = arg;
	assert_int_equal(status, 0);
	keep(v->topic, sizeof(v->topic), found_get(fields, "topic"));
	keep(v->rule, sizeof(v->rule), found_get(fields, "rule"));
	keep(v->owner, sizeof(v->owner), found_get(fields, "owner"));
	keep(v->subject, sizeof(v->subject), found_get(fields, "subject"));
	v->done = true;
}

static inline struct view view_of(struct node *n, struct id conv)
{
	struct view v = { .done = false };
	conv_read(n->store, conv, read_view, &v);
	UNTIL(n, v.done);
	return v;
}

struct whole {
	bool done;
	struct id id;
	size_t members, links, convs;
	char group[16];
};

static inline void read_card(void *arg, int status, const struct customer_row *row)
{
	struct whole *card = arg;
	assert_int_equal(status, 0);
	card->id = row->id;
	card->members = row->member_count;
	card->links = row->link_count;
	card->convs = row->conv_count;
	keep(card->group, sizeof(card->group), found_get(&row->fields, "group"));
	card->done = true;
}

static inline struct whole card_of(struct node *n, struct id customer)
{
	struct whole card = { .done = false };
	group_read(n->store, customer, 10, read_card, &card);
	UNTIL(n, card.done);
	return card;
}

/* In one batch: the first wakes the router; what comes while it is at work on that waits together. */
static inline void put_together(struct node *n, struct command *c, size_t count)
{
	struct command first = { .type = COMMAND_VISIT,
		.channel = SLICE("chat"),
		.thread = SLICE("nobody"),
		.visit = VISIT_BACK };
	size_t before = n->puts;
	inbox_put(n->store, &first, put_done, n);
	for (size_t i = 0; i < count; i++)
		inbox_put(n->store, &c[i], put_done, n);
	UNTIL(n, n->puts == before + count + 1);
}

/* cmocka's own, between the rules compiled and freed. */
#define ROUTER_TESTS(tests) (compile_rules(), router_end(cmocka_run_group_tests(tests, NULL, NULL)))
static inline int router_end(int failed)
{
	classifier_free(&config.classifier);
	return failed;
}

#endif
