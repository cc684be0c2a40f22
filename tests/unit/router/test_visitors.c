/*
 * Those at the other end of a chat: whose it is, who left and is mailed, whose place is kept, who rates.
 */
#include "unit/router/node.h"

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

	return ROUTER_TESTS(tests);
}
