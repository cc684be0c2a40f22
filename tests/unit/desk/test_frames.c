/* Frames as they go out, to the letter: other desks are written against these. */
#include "unit/cm.h"

#include <stdio.h>

#include "desk/frames.h"

static const struct id conv = { 0x018f3c0000000000, 1 };
static const struct id offer = { 0x018f3c0000000000, 2 };
static struct kind chat = { .name = { "chat", 4 } };
static struct queue cards = { .name = { "cards", 5 }, .title = { "Cards", 5 }, .target_s = 20 };
static struct config config = {
	.kinds = &chat, .kind_count = 1, .queues = &cards, .queue_count = 1
};

static void is(const struct effect *ef, const char *expected)
{
	struct str o = { 0 };
	assert_true(frame_effect(&o, ef, &config));
	assert_string_equal(o.p, expected);
	str_free(&o);
}

static void effects(void **state)
{
	char c[27], f[27], expected[2048];
	struct effect ef = { .type = EFFECT_OFFER,
		.n = 17,
		.conv = conv,
		.offer = offer,
		.until_us = 5000000,
		.queue = SLICE("cards"),
		.channel = SLICE("site"),
		.kind = SLICE("chat"),
		.name = SLICE("Ann \"A\""),
		.text = SLICE("help\n"),
		.arrived_us = 4000000,
		.skills = SLICE("ru=80 cards=20") };
	(void)state;
	id_text(conv, c);
	id_text(offer, f);
	(void)snprintf(expected, sizeof(expected),
		"{\"n\":17,\"t\":\"offer\",\"offer\":\"%s\",\"conv\":\"%s\",\"expires_ms\":5000,"
		"\"queue\":\"cards\",\"segment\":null,\"channel\":\"site\",\"kind\":\"chat\","
		"\"customer\":null,\"name\":\"Ann "
		"\\\"A\\\"\",\"subject\":null,\"text\":\"help\\n\","
		"\"arrived_ms\":4000,\"skills\":{\"ru\":80,\"cards\":20}}",
		f, c);
	is(&ef, expected);

	ef = (struct effect){ .type = EFFECT_OFFER_ENDED,
		.n = 18,
		.conv = conv,
		.offer = offer,
		.end = OFFER_MISSED };
	(void)snprintf(expected, sizeof(expected),
		"{\"n\":18,\"t\":\"offer_ended\",\"offer\":\"%s\",\"conv\":\"%s\",\"why\":"
		"\"missed\","
		"\"detail\":null}",
		f, c);
	is(&ef, expected);

	ef = (struct effect){ .type = EFFECT_MESSAGE,
		.n = 19,
		.conv = conv,
		.seq = 3,
		.direction = DIRECTION_IN,
		.id = offer,
		.at_us = 7000,
		.text = SLICE("hi"),
		.name = SLICE("Ann"),
		.channel = SLICE("mail"),
		.parts = SLICE("n=a.txt&t=text%2Fplain&s=5&b=ff"),
		.why = SLICE("html") };
	(void)snprintf(expected, sizeof(expected),
		"{\"n\":19,\"t\":\"message\",\"conv\":\"%s\",\"seq\":3,\"direction\":\"in\",\"id\":"
		"\"%s\","
		"\"at_ms\":7,\"text\":\"hi\",\"name\":\"Ann\",\"agent\":null,\"channel\":\"mail\","
		"\"subject\":null,\"parts\":[{\"name\":\"a.txt\",\"type\":\"text/"
		"plain\",\"size\":5,"
		"\"blob\":\"ff\"}],\"delivery\":null,\"html\":true}",
		c, f);
	is(&ef, expected);

	ef = (struct effect){ .type = EFFECT_CONV, .n = 20, .conv = conv, .state = CONV_WAITING };
	(void)snprintf(expected, sizeof(expected),
		"{\"n\":20,\"t\":\"conv\",\"conv\":\"%s\",\"state\":\"waiting\",\"owner\":null,"
		"\"queue\":null,\"segment\":null,\"channel\":null,\"kind\":null,\"customer\":null,"
		"\"name\":null,\"subject\":null,\"arrived_ms\":null,\"until_ms\":null,"
		"\"outcome\":null,\"last_seq\":0,\"skills\":{},\"asked\":null,\"offer\":null,"
		"\"visitor_left\":false}",
		c);
	is(&ef, expected);

	ef = (struct effect){ .type = EFFECT_QUEUE,
		.n = 21,
		.at_us = 9000000,
		.queue = SLICE("cards"),
		.waiting = 2,
		.longest_us = 4000000,
		.open = 1 };
	is(&ef, "{\"n\":21,\"t\":\"queue\",\"queue\":\"cards\",\"title\":\"Cards\",\"waiting\":2,"
		"\"longest_ms\":5000,\"open\":true,\"paused\":false,\"target_s\":20}");

	ef = (struct effect){ .type = EFFECT_AGENT,
		.n = 22,
		.agent = SLICE("bo"),
		.role = ROLE_AGENT,
		.presence = PRESENCE_AWAY,
		.used = 1,
		.limit = 4,
		.online = 1 };
	is(&ef, "{\"n\":22,\"t\":\"agent\",\"agent\":\"bo\",\"name\":null,\"role\":\"agent\","
		"\"presence\":\"away\",\"used\":1,\"limit\":4,\"online\":true,\"skills\":{}}");

	ef = (struct effect){ .type = EFFECT_RECEIPT,
		.n = 23,
		.conv = conv,
		.seq = 2,
		.delivery = DELIVERY_BOUNCED,
		.why = SLICE("550") };
	(void)snprintf(expected, sizeof(expected),
		"{\"n\":23,\"t\":\"receipt\",\"conv\":\"%s\",\"seq\":2,\"delivery\":\"bounced\","
		"\"why\":\"550\"}",
		c);
	is(&ef, expected);
	ef.delivery = DELIVERY_QUEUED;
	ef.until_us = 7000000;
	(void)snprintf(expected, sizeof(expected),
		"{\"n\":23,\"t\":\"receipt\",\"conv\":\"%s\",\"seq\":2,\"delivery\":\"queued\","
		"\"why\":\"550\",\"again_ms\":7000}",
		c);
	is(&ef, expected);
}

static void visitors_news_is_none_of_a_desks(void **state)
{
	struct effect ef = { .type = EFFECT_POSITION, .n = 1 };
	struct str o = { 0 };
	(void)state;
	assert_false(frame_effect(&o, &ef, &config));
	assert_int_equal(o.n, 0);
}

static void answers(void **state)
{
	struct str o = { 0 };
	char c[27], expected[256];
	(void)state;
	id_text(conv, c);
	frame_answer(&o, SLICE("c1"), ANSWER_NOOP, "was done", conv, 4);
	(void)snprintf(expected, sizeof(expected),
		"{\"t\":\"ok\",\"id\":\"c1\",\"conv\":\"%s\",\"seq\":4}", c);
	assert_string_equal(o.p, expected);
	str_clear(&o);
	frame_answer(&o, SLICE("c\"2"), ANSWER_FORBIDDEN, "this is ann's", conv, 0);
	assert_string_equal(o.p, "{\"t\":\"error\",\"id\":\"c\\\"2\",\"code\":\"forbidden\","
				 "\"message\":\"this is ann's\"}");
	str_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(effects),
		cmocka_unit_test(visitors_news_is_none_of_a_desks), cmocka_unit_test(answers) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
