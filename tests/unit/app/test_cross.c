/*
 * What several keys must say together: what starves a class, leads in a circle or nowhere is refused with its place and a way out.
 */
#include "unit/cm.h"

#include "app/config.h"

#define KINDS  "kinds: {chat: {cost: 25, live: yes}, email: {cost: 20}}\n"
#define QUEUES KINDS "queues: {q: {}, r: {}}\n"

#define CHANNELS                                                                                   \
	QUEUES "channels:\n"                                                                       \
	       "  mail: {plugin: email, kind: email, queue: q}\n"                                  \
	       "  c: {plugin: chat, kind: chat, queue: q, away_mail: "

static const struct {
	const char *text, *problem;
} refused[] = {
	{ CHANNELS "{mailbox: mails}}\n", "f.yaml:5:64: mailbox in away_mail of channel 'c': there "
					  "is no channel 'mails'; did "
					  "you mean 'mail'?\n" },
	{ CHANNELS "{mailbox: c}}\n", "f.yaml:5:64: mailbox in away_mail of channel 'c': 'c' is "
				      "live, too, and reaches nobody who left\n" },
	{ CHANNELS "{after: 5m}}\n", "f.yaml:5:54: away_mail of channel 'c' names no mailbox: say "
				     "which channel sends them (mailbox: NAME)\n" },
	{ QUEUES "channels: {m: {plugin: email, kind: email, queue: q, away_mail: {mailbox: "
		 "m}}}\n",
		"f.yaml:3:65: away_mail of channel 'm': its kind 'email' is not live, so answers "
		"are sent anyway\n" },
	{ QUEUES "segments: {low: {tier: 1}}\n", "f.yaml:3:24: segment 'low' is of tier 1 and "
						 "would wait for as long as others come: "
						 "say after how long it is promoted (promote: "
						 "10m)\n" },
	{ QUEUES "segments: {low: {promote: 5m}}\n", "f.yaml:3:27: segment 'low' has promote but "
						     "no tier: it is in the first one already\n" },
	{ QUEUES "segments:\n  a: {hold_back: 2, match: {language: ru}}\n  b: {hold_back: 1}\n",
		"f.yaml:5:18: hold_back of segment 'b': every segment leaves 1 free agents or more "
		"to "
		"others, so they would serve nobody; one segment must have 0\n" },
	{ KINDS "queues: {q: {length: 5, overflow: nowhere}}\n", "f.yaml:2:35: overflow of queue "
								 "'q': there is no queue "
								 "'nowhere'\n" },
	{ KINDS "queues:\n  q: {length: 5, overflow: r}\n  r: {max_wait: 1m, overflow: q}\n",
		"f.yaml:3:28: overflow of queue 'q' leads in a circle: nobody would ever get "
		"anywhere\n"
		"f.yaml:4:31: overflow of queue 'r' leads in a circle: nobody would ever get "
		"anywhere\n" },
	{ KINDS "queues: {q: {length: 5}}\n", "f.yaml:2:22: queue 'q' has length but neither "
					      "overflow (a queue) nor full (a text): "
					      "say what becomes of them\n" },
	{ KINDS "queues: {q: {full: Sorry}}\n", "f.yaml:2:13: queue 'q' has full but neither "
						"length nor max_wait: say when\n" },
	{ KINDS "queues: {q: {offers: 9}}\n", "f.yaml:2:22: offers in queue 'q': 9 is not between "
					      "1 and 8\n" },
	{ KINDS "queues: {q: {offers: 2, auto_accept: yes}}\n", "f.yaml:2:38: queue 'q' has "
								"auto_accept and offers 2: what is "
								"accepted at once is "
								"offered to one\n" },
	{ "kinds: {email: {cost: 20, interrupted_by: [fax]}}\nqueues: {q: {}}\n", "f.yaml:1:43: "
										  "interrupted_by "
										  "of kind "
										  "'email': there "
										  "is no kind "
										  "'fax'\n" },
	{ "kinds: {email: {cost: 20, interrupted_by: [email]}}\nqueues: {q: {}}\n",
		"f.yaml:1:43: interrupted_by of kind 'email' names the kind itself: raise its max "
		"or "
		"lower its cost instead\n" },
};

static void what_cannot_be_meant_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct str problems = { 0 };
		struct config *c = config_parse(
			"f.yaml", slice_of(refused[i].text), 1793448000000000, &problems);

		assert_null(c);
		assert_string_equal(problems.p, refused[i].problem);
		str_free(&problems);
	}
}

static void what_is_meant_is_read(void **state)
{
	struct str problems = { 0 };
	struct config *c = config_parse("f.yaml",
		SLICE("kinds: {chat: {cost: 25, live: yes}, email: {cost: 20, interrupted_by: "
		      "[chat]}}\n"
		      "queues:\n"
		      "  q: {length: 5, max_wait: 10m, overflow: r, agent_max: 2, offers: 3}\n"
		      "  r: {length: 9, full: Sorry, auto_accept: yes}\n"
		      "segments: {low: {tier: 2, promote: 10m, match: {language: ru}}, all: {}}\n"),
		1793448000000000, &problems);

	(void)state;
	if (!c)
		fail_msg("%s", problems.p);
	assert_int_equal(c->kinds[1].interrupted_by_count, 1);
	assert_slice_is(c->kinds[1].interrupted_by[0], "chat");
	assert_int_equal(c->queues[0].length_max, 5);
	assert_int_equal(c->queues[0].wait_max_s, 600);
	assert_slice_is(c->queues[0].overflow, "r");
	assert_int_equal(c->queues[0].agent_max, 2);
	assert_int_equal(c->queues[0].offers, 3);
	assert_true(c->queues[1].auto_accept);
	assert_slice_is(c->queues[1].full_text, "Sorry");
	assert_int_equal(c->segments[0].tier, 2);
	assert_int_equal(c->segments[0].promote_s, 600);
	config_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_meant_is_refused),
		cmocka_unit_test(what_is_meant_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
