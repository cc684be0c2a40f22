/*
 * Commands go in, what was decided comes out of the push stream and the views; a restart goes on where it stopped; the same
 * command twice is done once.
 */
#include "unit/router/node.h"

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
	};

	return ROUTER_TESTS(tests);
}
