/*
 * The router on a real Redis: commands go in, what was decided comes out of the push stream and the views; a restart goes on
 * where it stopped; the same command twice is done once.
 */
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
static void compile_rules(void)
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

static void store_ready(void *arg)
{
	((struct node *)arg)->ready = true;
}

static void store_failed(const char *why, void *arg)
{
	(void)arg;
	fail_msg("store: %s", why);
}

static void leads(void *arg)
{
	((struct node *)arg)->leads = true;
}

static void pushed(void *arg, const struct effect *effects, size_t count)
{
	struct node *n = arg;
	for (size_t i = 0; i < count && n->seen_count < SEEN_MAX; i++)
		record_copy(&effect_table, &n->seen[n->seen_count++], &effects[i], &n->arena);
}

static void stopped(void *arg)
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

static void start(struct node *n)
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

static void stop(struct node *n)
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

static int setup(void **state)
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

static int teardown(void **state)
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

static void put_done(void *arg, int status)
{
	assert_int_equal(status, 0);
	((struct node *)arg)->puts++;
}

static void put(struct node *n, struct command c)
{
	size_t before = n->puts;
	c.at_us = loop_wall_us(n->loop);
	inbox_put(n->store, &c, put_done, n);
	UNTIL(n, n->puts > before);
}

static struct id new_id(void)
{
	uint8_t chance[10];
	chance_bytes(chance, sizeof(chance));
	return id_make(clock_wall_us(), chance);
}

static const struct effect *find(
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

static size_t count(const struct node *n, enum effect_type type)
{
	size_t found = 0;
	for (size_t i = 0; i < n->seen_count; i++)
		found += n->seen[i].type == type;
	return found;
}

static void bo_is_available(struct node *n)
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

static struct command mail(const char *from, const char *text)
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

static void a_message_is_offered_accepted_and_answered(void **state)
{
	struct node *n = *state;
	bo_is_available(n);
	struct command m = mail("ann@x.org", "hello");
	m.also = SLICE("<1@x.org>");
	put(n, m);
	UNTIL(n, find(n, EFFECT_OFFER, SLICE("bo"), SLICE("hello")));
	const struct effect *offer = find(n, EFFECT_OFFER, SLICE("bo"), SLICE("hello"));
	assert_true(id_equal(offer->conv, m.id));
	assert_true(slice_is(offer->subject, "Help"));
	assert_true(slice_is(offer->name, "Ann"));
	put(n, (struct command){ .type = COMMAND_ACCEPT,
		       .agent = SLICE("bo"),
		       .offer = offer->offer,
		       .session = SLICE("n1:1"),
		       .cmd = SLICE("c2"),
		       .dedup = SLICE("desk\nc2") });
	put(n, (struct command){ .type = COMMAND_REPLY,
		       .agent = SLICE("bo"),
		       .conv = m.id,
		       .id = new_id(),
		       .text = SLICE("hi Ann"),
		       .session = SLICE("n1:1"),
		       .cmd = SLICE("c3"),
		       .dedup = SLICE("desk\nc3") });
	UNTIL(n, find(n, EFFECT_MESSAGE, SLICE("bo"), SLICE("hi Ann")));
	const struct effect *reply = find(n, EFFECT_MESSAGE, SLICE("bo"), SLICE("hi Ann"));
	assert_int_equal(reply->seq, 2);
	assert_int_equal(reply->delivery, DELIVERY_QUEUED);
	assert_true(slice_is(reply->owner, "bo"));
	/* the same command again: answered, not done again */
	put(n, (struct command){ .type = COMMAND_REPLY,
		       .agent = SLICE("bo"),
		       .conv = m.id,
		       .id = new_id(),
		       .text = SLICE("hi Ann"),
		       .session = SLICE("n1:1"),
		       .cmd = SLICE("c3"),
		       .dedup = SLICE("desk\nc3") });
	size_t answers = 0;
	UNTIL(n, (answers = count(n, EFFECT_ANSWER)) >= 4);
	assert_int_equal(count(n, EFFECT_MESSAGE), 2);
	/* the customer's next word comes back by reference, a stranger's does not */
	struct command next = mail("ann@x.org", "thanks");
	next.refs = SLICE("<unknown@x>\n<1@x.org>");
	put(n, next);
	UNTIL(n, find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("thanks")));
	assert_true(id_equal(
		find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("thanks"))->conv, m.id));
	struct command stranger = mail("eve@evil.test", "me too");
	stranger.refs = SLICE("<1@x.org>");
	put(n, stranger);
	UNTIL(n, find(n, EFFECT_OFFER, SLICE("bo"), SLICE("me too")));
	assert_true(
		id_equal(find(n, EFFECT_OFFER, SLICE("bo"), SLICE("me too"))->conv, stranger.id));
}

static void a_repeat_is_counted_and_changes_nothing(void **state)
{
	struct node *n = *state;
	struct command m = mail("ann@x.org", "once");
	put(n, m);
	m.id = new_id();
	put(n, m);
	put(n, mail("ann@x.org", "twice"));
	UNTIL(n, find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("twice")));
	assert_int_equal(count(n, EFFECT_MESSAGE), 2);
	UNTIL(n, router_counts(n->router).accepted == 2); /* the push may come before the receipt */
	assert_int_equal(router_counts(n->router).duplicate, 1);
}

static enum answer answer_to(struct node *n, const char *cmd)
{
	for (size_t i = 0; i < n->seen_count; i++)
		if (n->seen[i].type == EFFECT_ANSWER && slice_is(n->seen[i].cmd, cmd))
			return (enum answer)n->seen[i].answer;
	return ANSWER_NONE;
}

/* The desk repeats what it has had no answer to: a reply that was refused must not be called kept then. */
static void what_was_refused_is_not_done_when_it_is_repeated(void **state)
{
	struct node *n = *state;
	struct command m = mail("ann@x.org", "help");
	put(n, m);
	bo_is_available(n);
	UNTIL(n, find(n, EFFECT_OFFER, SLICE("bo"), SLICE("help")));
	struct command reply = { .type = COMMAND_REPLY,
		.agent = SLICE("bo"),
		.conv = m.id,
		.id = new_id(),
		.text = SLICE("too early"),
		.session = SLICE("n1:1"),
		.cmd = SLICE("early"),
		.dedup = SLICE("desk\nearly") };
	put(n, reply);
	UNTIL(n, answer_to(n, "early"));
	assert_int_equal(answer_to(n, "early"), ANSWER_FORBIDDEN);
	reply.cmd = SLICE("again");
	put(n, reply);
	UNTIL(n, answer_to(n, "again"));
	assert_int_equal(answer_to(n, "again"), ANSWER_FORBIDDEN);
}

static void rules_and_segments_choose_queue_and_order(void **state)
{
	struct node *n = *state;
	struct command m = mail("one@mass.test", "mass about cards");
	m.hints = SLICE("topic=Cards");
	put(n, m);
	put(n, mail("two@premier.test", "premier"));
	UNTIL(n, count(n, EFFECT_MESSAGE) >= 2 && count(n, EFFECT_CONV) >= 2);
	for (size_t i = 0; i < n->seen_count; i++) {
		const struct effect *ef = &n->seen[i];
		if (ef->type != EFFECT_CONV)
			continue;
		bool first = id_equal(ef->conv, m.id);
		assert_true(slice_is(ef->segment, first ? "mass" : "premier"));
		assert_true(slice_is(ef->queue, first ? "cards" : "general"));
	}
}

struct view {
	bool done;
	char topic[64], rule[256], owner[64], subject[64];
};

static void keep(char *out, size_t size, struct slice v)
{
	snprintf(out, size, "%.*s", SLICE_ARG(v));
}

static void read_view(void *arg, int status, const struct pairs_found *fields)
{
	struct view *v = arg;
	assert_int_equal(status, 0);
	keep(v->topic, sizeof(v->topic), found_get(fields, "topic"));
	keep(v->rule, sizeof(v->rule), found_get(fields, "rule"));
	keep(v->owner, sizeof(v->owner), found_get(fields, "owner"));
	keep(v->subject, sizeof(v->subject), found_get(fields, "subject"));
	v->done = true;
}

static struct view view_of(struct node *n, struct id conv)
{
	struct view v = { .done = false };
	conv_read(n->store, conv, read_view, &v);
	UNTIL(n, v.done);
	return v;
}

struct wanted {
	struct id conv;
	int64_t priority;
	bool done;
};

static bool find_work(const struct conv_view *v, void *arg)
{
	struct wanted *w = arg;
	if (!id_equal(v->conv, w->conv))
		return true;
	w->priority = v->priority;
	return false;
}

static void read_priority(void *arg, const struct engine *e, uint64_t push_n)
{
	(void)push_n;
	assert_non_null(e);
	engine_each_conv(e, CONV_NONE, find_work, arg);
	((struct wanted *)arg)->done = true;
}

static void what_is_said_chooses_the_queue_and_is_told(void **state)
{
	struct node *n = *state;
	struct command angry = mail("one@mass.test", "это ЖАЛОБОЙ назвать мало");
	struct command field = mail("two@mass.test", "a complaint");
	struct command plain = mail("three@mass.test", "nothing of that kind");
	struct command strange = mail("four@mass.test", "zdravstvuite xxxxxxxxxxxxxxxxxxxxxxxxxx"
							"xxxxxxxxxxxxxxxxxxxxxxxxxxxx.");
	angry.lang = SLICE("ru");
	plain.lang = SLICE("en");
	field.lang = SLICE("en");
	field.hints = SLICE("topic=cards");
	put(n, angry);
	put(n, field);
	put(n, plain);
	put(n, strange);
	UNTIL(n, router_counts(n->router).accepted == 4);
	struct view v = view_of(n, angry.id);
	assert_string_equal(v.topic, "complaint");
	assert_string_equal(v.rule, "rules[1] line 7: word 'жалоба', said 'ЖАЛОБОЙ'");
	v = view_of(n, field.id);
	assert_string_equal(v.topic, "");
	assert_string_equal(v.rule, "rules[0] line 0: field topic=cards");
	v = view_of(n, plain.id);
	assert_string_equal(v.topic, "");
	assert_string_equal(v.rule, "");
	v = view_of(n, strange.id);
	assert_string_equal(v.topic, "strange");
	assert_string_equal(v.rule, "rules[3] line 9: language unknown");
	struct wanted wanted = { .conv = angry.id };
	router_read(n->router, read_priority, &wanted);
	UNTIL(n, wanted.done);
	assert_int_equal(wanted.priority, -60000000);
	/* what is said later changes neither */
	struct command again = mail("three@mass.test", "now it is a complaint");
	again.thread = plain.thread;
	put(n, again);
	UNTIL(n, router_counts(n->router).accepted == 5);
	assert_string_equal(view_of(n, plain.id).topic, "");
}

static const struct segment *segment_of(struct pairs_found *card, struct slice lang)
{
	static struct attribute youth[] = { { SLICE_INIT("age_group"), SLICE_INIT("youth") },
		{ SLICE_INIT("account"), SLICE_INIT("private") } };
	static struct segment some[] = {
		{ .name = SLICE_INIT("youth"), .attributes = youth, .attribute_count = 2 },
		{ .name = SLICE_INIT("abroad"), .language = SLICE_INIT("en") },
		{ .name = SLICE_INIT("mass") },
	};
	static const struct config c = { .segments = some, .segment_count = 3 };
	struct command m = mail("a@b.test", "hi");
	struct arena arena = { 0 };
	m.lang = lang;
	const struct segment *s = segment_for(&c, &m, card, &arena);
	arena_free(&arena);
	return s;
}

static void segments_know_the_card_and_the_language(void **state)
{
	struct slice pairs[] = { SLICE("age_group"), SLICE("Youth"), SLICE("account"),
		SLICE("private") };
	struct pairs_found both = { pairs, 2 }, one = { pairs, 1 }, none = { NULL, 0 };
	(void)state;
	assert_true(slice_is(segment_of(&both, SLICE("en"))->name, "youth"));
	assert_true(slice_is(segment_of(&one, SLICE("en"))->name, "abroad"));
	assert_true(slice_is(segment_of(&one, SLICE("ru"))->name, "mass"));
	assert_true(slice_is(segment_of(&none, SLICE(""))->name, "mass"));
}

struct whole {
	bool done;
	struct id id;
	size_t members, links, convs;
	char group[16];
};

static void read_card(void *arg, int status, const struct customer_row *row)
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

static struct whole card_of(struct node *n, struct id customer)
{
	struct whole card = { .done = false };
	group_read(n->store, customer, 10, read_card, &card);
	UNTIL(n, card.done);
	return card;
}

static void read_writer(void *arg, int status, const struct pairs_found *fields)
{
	assert_int_equal(status, 0);
	assert_true(id_parse(found_get(fields, "customer"), arg));
}

static struct id customer_of(struct node *n, const char *from, bool verified)
{
	static unsigned serial;
	char text[32];
	snprintf(text, sizeof(text), "letter %u", ++serial);
	struct command c = mail(from, text);
	struct id customer = { 0, 0 };
	size_t before = count(n, EFFECT_CONV);
	c.verified = verified;
	put(n, c);
	UNTIL(n, count(n, EFFECT_CONV) > before);
	conv_read(n->store, c.id, read_writer, &customer);
	UNTIL(n, !id_is_none(customer));
	return customer;
}

/* Three commands in one batch see each other; a group knows whether somebody in it proved who he is. */
static void customers_are_merged_and_split(void **state)
{
	struct node *n = *state;
	struct id a = customer_of(n, "a@x.org", false), b = customer_of(n, "b@x.org", false);
	struct id c = customer_of(n, "c@x.org", true);
	struct command batch[] = {
		{ .type = COMMAND_MERGE, .customer = a, .linked = b },
		{ .type = COMMAND_MERGE, .customer = c, .linked = a },
		{ .type = COMMAND_MERGE, .customer = a, .linked = c }, /* they are one already */
	};
	size_t before = n->puts;
	for (size_t i = 0; i < 3; i++) {
		batch[i].session = SLICE("n1:9");
		batch[i].cmd = SLICE("x");
		inbox_put(n->store, &batch[i], put_done, n);
	}
	UNTIL(n, n->puts == before + 3 && count(n, EFFECT_ANSWER) >= 3);
	struct whole card = card_of(n, c);
	assert_true(id_equal(card.id, b));
	assert_int_equal(card.members, 2);
	assert_int_equal(card.links, 2);
	assert_int_equal(card.convs, 3);
	assert_string_equal(card.group, "proved");
	assert_false(id_equal(customer_of(n, "a@x.org", false), a)); /* a claim does not follow */
	put(n, (struct command){ .type = COMMAND_SPLIT,
		       .customer = c,
		       .session = SLICE("n1:9"),
		       .cmd = SLICE("y") });
	UNTIL(n, count(n, EFFECT_ANSWER) >= 4);
	assert_string_equal(card_of(n, a).group, "claimed");
	assert_int_equal(card_of(n, c).convs, 1);
	assert_int_equal(card_of(n, c).links, 2); /* how it got in, and out */
}

/* In one batch: the first wakes the router; what comes while it is at work on that waits together. */
static void put_together(struct node *n, struct command *c, size_t count)
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

static struct id writer_of(struct node *n, struct id conv)
{
	struct id customer = { 0, 0 };
	conv_read(n->store, conv, read_writer, &customer);
	UNTIL(n, !id_is_none(customer));
	return customer;
}

/* What one command of a batch decides, the next one knows: no claim slips through between the two. */
static void a_batch_is_no_gap_for_a_claim(void **state)
{
	struct node *n = *state;
	struct id ann = customer_of(n, "ann@x.org", true),
		  liar = customer_of(n, "ann@x.org", false);
	struct command two[] = { { .type = COMMAND_MERGE, .customer = liar, .linked = ann },
		mail("ann@x.org", "once more") };
	put_together(n, two, 2);
	UNTIL(n, find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("once more")));
	assert_false(id_equal(writer_of(n, two[1].id), liar));
	assert_int_equal(card_of(n, ann).convs, 2);

	struct command three[] = { mail("zoe@x.org", "who am I"), mail("ann@x.org", "I am Ann"),
		mail("zoe@x.org", "still me") };
	for (size_t i = 0; i < 3; i++)
		three[i].thread = SLICE("t9");
	three[1].verified = 1;
	put_together(n, three, 3);
	UNTIL(n, find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("still me")));
	assert_true(id_equal(writer_of(n, three[0].id), ann));
	assert_int_equal(card_of(n, ann).convs, 3);
	struct id zoe = customer_of(n, "zoe@x.org", false);
	assert_int_equal(card_of(n, zoe).convs, 1); /* of what was said before, nothing */
}

struct reading {
	bool done;
	uint64_t hash;
	size_t work;
};

static bool one_more(const struct conv_view *v, void *arg)
{
	(void)v;
	((struct reading *)arg)->work++;
	return true;
}

static void read_engine(void *arg, const struct engine *e, uint64_t push_n)
{
	struct reading *r = arg;
	(void)push_n;
	assert_non_null(e);
	r->hash = engine_hash(e);
	engine_each_conv(e, CONV_NONE, one_more, r);
	r->done = true;
}

static void a_restart_goes_on_where_it_stopped(void **state)
{
	struct node *n = *state;
	struct reading before = { 0 }, after = { 0 };
	bo_is_available(n);
	for (int i = 0; i < 20; i++) {
		char text[32];
		snprintf(text, sizeof(text), "mail %d", i);
		put(n, mail("ann@x.org", text));
	}
	UNTIL(n, count(n, EFFECT_MESSAGE) == 20);
	router_read(n->router, read_engine, &before);
	UNTIL(n, before.done);
	stop(n);
	start(n);
	router_read(n->router, read_engine, &after);
	UNTIL(n, after.done);
	assert_int_equal(before.work, 20);
	assert_int_equal(after.work, 20);
	assert_true(before.hash == after.hash);
}

static bool take_customer(const struct conv_view *v, void *arg)
{
	*(struct id *)arg = v->customer;
	return false;
}

static void read_served(void *arg, const struct engine *e, uint64_t push_n)
{
	(void)push_n;
	engine_each_conv(e, CONV_NONE, take_customer, arg);
}

static void a_chat_stays_with_its_thread_and_moves_to_who_proves_himself(void **state)
{
	struct node *n = *state;
	struct command c = { .type = COMMAND_MESSAGE,
		.id = new_id(),
		.channel = SLICE("chat"),
		.thread = SLICE("t1"),
		.dedup = SLICE("1"),
		.ident_kind = SLICE("chat"),
		.ident_value = SLICE("t1"),
		.text = SLICE("who am I") };
	put(n, c);
	/* on disk before he proves himself: else both are one step, which is told once */
	UNTIL(n, count(n, EFFECT_CONV) >= 1);
	struct command second = c;
	second.id = new_id();
	second.dedup = SLICE("2");
	second.ident_kind = SLICE("email");
	second.ident_value = SLICE("ann@x.org");
	second.verified = 1;
	second.text = SLICE("I am Ann");
	put(n, second);
	UNTIL(n, find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("I am Ann")));
	assert_true(id_equal(
		find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("I am Ann"))->conv, c.id));
	UNTIL(n, count(n, EFFECT_CONV) >= 2); /* the state of a conversation follows its messages */
	struct id first = { 0, 0 }, last = { 0, 0 }, served = { 0, 0 };
	for (size_t i = 0; i < n->seen_count; i++) {
		if (n->seen[i].type != EFFECT_CONV)
			continue;
		if (id_is_none(first))
			first = n->seen[i].customer;
		last = n->seen[i].customer;
	}
	assert_false(id_is_none(first));
	assert_false(id_equal(first, last));
	/* the card that is anybody's keeps nothing; the engine knows whom it is about, now and after a restart */
	assert_int_equal(card_of(n, first).convs, 0);
	assert_int_equal(card_of(n, last).convs, 1);
	router_read(n->router, read_served, &served);
	UNTIL(n, id_equal(served, last));
	/* a third, without proof, leaves it with Ann */
	struct command third = c;
	third.id = new_id();
	third.dedup = SLICE("3");
	third.text = SLICE("still me");
	put(n, third);
	UNTIL(n, find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("still me")));
	UNTIL(n, id_equal(n->seen[n->seen_count - 1].conv, c.id));
	for (size_t i = n->seen_count; i-- > 0;)
		if (n->seen[i].type == EFFECT_CONV) {
			assert_true(id_equal(n->seen[i].customer, last));
			break;
		}
	stop(n);
	start(n);
	served = (struct id){ 0, 0 };
	router_read(n->router, read_served, &served);
	UNTIL(n, id_equal(served, last));
}

/* ---- who left is mailed ---- */

static struct command visitor(const char *thread, const char *email)
{
	struct command c = { .type = COMMAND_MESSAGE,
		.id = new_id(),
		.channel = SLICE("chat"),
		.thread = slice_of(thread),
		.dedup = slice_of(thread),
		.ident_kind = SLICE("chat"),
		.ident_value = slice_of(thread),
		.hints = slice_of(email),
		.text = SLICE("my own words") };
	return c;
}

static struct command visit(const char *thread, enum visit what)
{
	return (struct command){ .type = COMMAND_VISIT,
		.channel = SLICE("chat"),
		.thread = slice_of(thread),
		.visit = what };
}

static void bo_replies(struct node *n, struct id conv, const char *text)
{
	put(n, (struct command){ .type = COMMAND_REPLY,
		       .agent = SLICE("bo"),
		       .conv = conv,
		       .id = new_id(),
		       .text = slice_of(text) });
	UNTIL(n, find(n, EFFECT_MESSAGE, SLICE("bo"), slice_of(text)));
}

static void bo_accepts(struct node *n, struct id conv)
{
	const struct effect *offer = NULL;
	for (size_t i = 0; i < n->seen_count && !offer; i++)
		if (n->seen[i].type == EFFECT_OFFER && id_equal(n->seen[i].conv, conv))
			offer = &n->seen[i];
	assert_non_null(offer);
	put(n, (struct command){
		       .type = COMMAND_ACCEPT, .agent = SLICE("bo"), .offer = offer->offer });
}

static void bo_passes_it_on(struct node *n, struct id conv)
{
	put(n, (struct command){ .type = COMMAND_TRANSFER,
		       .agent = SLICE("bo"),
		       .conv = conv,
		       .to = SLICE("queue:general") });
}

static bool is_owned_by(struct node *n, struct id conv, const char *owner)
{
	struct view v = view_of(n, conv);
	assert_string_equal(v.subject, "Help");
	return strcmp(v.owner, owner) == 0;
}

/* Only what has changed is written: also that something is no more. */
static void a_stored_view_follows_its_conversation(void **state)
{
	struct node *n = *state;
	bo_is_available(n);
	struct command m = mail("ann@x.org", "whose am I?");
	put(n, m);
	UNTIL(n, find(n, EFFECT_OFFER, SLICE("bo"), SLICE("whose am I?")));
	assert_true(is_owned_by(n, m.id, ""));
	bo_accepts(n, m.id);
	UNTIL(n, is_owned_by(n, m.id, "bo"));
	bo_replies(n, m.id, "mine");
	assert_true(is_owned_by(n, m.id, "bo"));
	bo_passes_it_on(n, m.id);
	UNTIL(n, is_owned_by(n, m.id, ""));
}

static const struct effect *conv_told(const struct node *n, struct id conv)
{
	for (size_t i = n->seen_count; i-- > 0;)
		if (n->seen[i].type == EFFECT_CONV && id_equal(n->seen[i].conv, conv))
			return &n->seen[i];
	return NULL;
}

struct posted {
	struct arena arena;
	struct outbound letters[16];
	size_t count;
};

static void posted_one(void *arg, const struct outbox_item *item)
{
	struct posted *p = arg;
	assert_true(p->count < 16);
	record_copy(&outbound_table, &p->letters[p->count++], &item->message, &p->arena);
}

static bool says(const struct outbound *o, const char *words)
{
	return memmem(o->text.p, o->text.n, words, strlen(words)) != NULL;
}

static void who_left_is_mailed_once_what_he_has_not_seen(void **state)
{
	struct node *n = *state;
	struct posted posted = { 0 };
	struct command ann = visitor("t1", "email=Ann%40X.org");
	channels[1].away_mailbox = SLICE("support");
	channels[1].away_s = 1;
	put(n, ann);
	bo_is_available(n);
	UNTIL(n, count(n, EFFECT_OFFER) == 1);
	bo_accepts(n, ann.id);
	bo_replies(n, ann.id, "seen");
	struct command seen = visit("t1", VISIT_SEEN);
	seen.seq = 2;
	put(n, seen);
	put(n, visit("t1", VISIT_LEFT));
	bo_replies(n, ann.id, "the first");
	bo_replies(n, ann.id, "the second");
	UNTIL(n, conv_told(n, ann.id)->mail_us);
	assert_true(slice_is(conv_told(n, ann.id)->to, "ann@x.org"));
	stop(n); /* the promise is on disk */
	start(n);
	push_follow(n->store, 0, pushed, n);
	outbox_follow(n->store, SLICE("support"), 10, posted_one, &posted);
	UNTIL(n, posted.count);
	assert_true(slice_is(posted.letters[0].to, "ann@x.org"));
	assert_true(id_equal(posted.letters[0].conv, ann.id));
	assert_int_equal(posted.letters[0].seq, 4);
	assert_true(says(&posted.letters[0], "the first") && says(&posted.letters[0], "the "
										      "second"));
	assert_false(says(&posted.letters[0], "my own") || says(&posted.letters[0], "seen\n"));
	UNTIL(n, find(n, EFFECT_RECEIPT, (struct slice){ 0 }, (struct slice){ 0 }));
	/* He is back in time, later: nothing. */
	bo_replies(n, ann.id, "the third");
	put(n, visit("t1", VISIT_BACK));
	UNTIL(n, !conv_told(n, ann.id)->mail_us && !conv_told(n, ann.id)->left);
	uint64_t end_us = clock_monotonic_us() + 1500000;
	while (clock_monotonic_us() < end_us)
		loop_turn(n->loop, 20000);
	assert_int_equal(posted.count, 1);
	outbox_stop(n->store, SLICE("support"));
	arena_free(&posted.arena);
	channels[1].away_mailbox = (struct slice){ 0 };
}

static void ask_mail(struct node *n, const char *to)
{
	struct command c = { .type = COMMAND_MAIL,
		.id = new_id(),
		.channel = SLICE("support"),
		.to = slice_of(to),
		.text = SLICE("thank you") };
	char dedup[ID_TEXT_LEN + 1];
	c.dedup = slice_of(id_text(c.id, dedup));
	put(n, c);
}

/* A form's confirmation, a chat's transcript: whoever asks types in whose address he likes, and how he likes to write it. */
static void an_address_gets_few_mails_however_it_is_written(void **state)
{
	struct node *n = *state;
	struct posted posted = { 0 };
	static const char *const victim[] = { "victim@third.test", "Victim@third.test",
		"vIctim@Third.test", "victim+1@third.test", "victim+1+2@third.test",
		"VICTIM+3@third.test", "victim+@THIRD.TEST" };
	for (size_t i = 0; i < sizeof(victim) / sizeof(victim[0]); i++)
		ask_mail(n, victim[i]);
	ask_mail(n, "+victim@third.test");
	ask_mail(n, "other@third.test");
	outbox_follow(n->store, SLICE("support"), 10, posted_one, &posted);
	UNTIL(n, posted.count && slice_is(posted.letters[posted.count - 1].to, "other@third.test"));
	assert_int_equal(posted.count, MAIL_ASKED_MOST + 2);
	assert_true(slice_is(posted.letters[MAIL_ASKED_MOST].to, "+victim@third.test"));
	outbox_stop(n->store, SLICE("support"));
	arena_free(&posted.arena);
}

/* Also when the message and the leaving are of one batch. */
static void who_can_be_mailed_keeps_his_place(void **state)
{
	struct node *n = *state;
	struct command ann = visitor("t1", "email=ann%40x.org"), bob = visitor("t2", "");
	channels[1].away_mailbox = SLICE("support");
	put(n, ann);
	put(n, visit("t1", VISIT_LEFT));
	put(n, bob);
	put(n, visit("t2", VISIT_LEFT));
	UNTIL(n, conv_told(n, bob.id) && conv_told(n, bob.id)->state == CONV_RESOLVED);
	assert_int_equal(conv_told(n, ann.id)->state, CONV_PARKED);
	assert_int_equal(conv_told(n, ann.id)->left, 1);
	channels[1].away_mailbox = (struct slice){ 0 };
}

/* The engine has forgotten the conversation, so the batch has to remember what it has done. */
static void stars_of_a_closed_conversation_stand_once(void **state)
{
	struct node *n = *state;
	struct command ann = visitor("t1", ""), stars = visit("t1", VISIT_RATED);
	uint32_t close_s = queues[0].close_s;
	queues[0].close_s = 0;
	put(n, ann);
	put(n, visit("t1", VISIT_END));
	UNTIL(n, conv_told(n, ann.id) && conv_told(n, ann.id)->state == CONV_CLOSED);
	queues[0].close_s = close_s;
	stars.seq = 5;
	stars.dedup = SLICE("rated");
	stars.text = SLICE("kept your word");
	struct command three[] = { stars, stars, mail("bob@x.org", "after") };
	three[0].id = new_id();
	three[1].id = new_id();
	put_together(n, three, 3);
	UNTIL(n, find(n, EFFECT_MESSAGE, (struct slice){ 0 }, SLICE("after")));
	size_t said = 0;
	for (size_t i = 0; i < n->seen_count; i++)
		said += n->seen[i].type == EFFECT_MESSAGE && slice_is(n->seen[i].text, "kept your "
										       "word");
	assert_int_equal(said, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_message_is_offered_accepted_and_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_repeat_is_counted_and_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			rules_and_segments_choose_queue_and_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_said_chooses_the_queue_and_is_told, setup, teardown),
		cmocka_unit_test(segments_know_the_card_and_the_language),
		cmocka_unit_test_setup_teardown(
			what_was_refused_is_not_done_when_it_is_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(customers_are_merged_and_split, setup, teardown),
		cmocka_unit_test_setup_teardown(a_batch_is_no_gap_for_a_claim, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_restart_goes_on_where_it_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_chat_stays_with_its_thread_and_moves_to_who_proves_himself, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			who_left_is_mailed_once_what_he_has_not_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stored_view_follows_its_conversation, setup, teardown),
		cmocka_unit_test_setup_teardown(who_can_be_mailed_keeps_his_place, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_address_gets_few_mails_however_it_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stars_of_a_closed_conversation_stand_once, setup, teardown),
	};
	compile_rules();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	classifier_free(&config.classifier);
	return failed;
}
