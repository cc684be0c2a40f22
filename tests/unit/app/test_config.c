/*
 * What an operator sees: a good file means what it says, and each mistake is one line that says where and what.
 */
#include "unit/cm.h"

#include <stdio.h>

#include "app/config.h"
#include "app/schema.h"
#include "text/classify.h"

enum { NOW_S = 1793448000 }; /* Sat 2026-10-31 12:00 UTC */

static const char small[] = "kinds:\n"
			    "  chat: {cost: 25, live: yes}\n"
			    "queues:\n"
			    "  cards:\n"
			    "    skills: {cards: 50}\n"
			    "    relax:\n"
			    "      - {after: 60s, skills: {cards: 20}}\n"
			    "      - {after: 3m, skills: {}}\n";

static struct config *parse(const char *text, struct str *problems)
{
	return config_parse("f.yaml", slice_of(text), (uint64_t)NOW_S * 1000000, problems);
}

static struct config *good(const char *text)
{
	struct str problems = { 0 };
	struct config *c = parse(text, &problems);

	if (!c)
		fail_msg("%s", problems.p);
	assert_int_equal(problems.n, 0);
	return c;
}

static void test_defaults(void **state)
{
	struct config *c = good(small);

	(void)state;
	assert_slice_is(c->domain, "main");
	assert_slice_is(c->redis, "managed");
	assert_slice_is(c->http_listen, "127.0.0.1:8080");
	assert_slice_is(c->public_url, "http://127.0.0.1:8080");
	assert_slice_is(c->brand, "usher");
	assert_false(c->durability_relaxed);
	assert_int_equal(c->grace_s, 30);
	assert_int_equal(c->units, 100);
	assert_int_equal(c->kinds[0].cost_pending, 25);
	assert_true(c->kinds[0].live);
	assert_int_equal(c->queues[0].stage_count, 3);
	assert_int_equal(c->queues[0].stages[0].after_s, 0);
	assert_int_equal(c->queues[0].stages[0].need[0].level, 50);
	assert_int_equal(c->queues[0].stages[1].after_s, 60);
	assert_int_equal(c->queues[0].stages[2].after_s, 180);
	assert_int_equal(c->queues[0].stages[2].need_count, 0);
	assert_int_equal(c->queues[0].strategy, STRATEGY_LONGEST_IDLE);
	assert_int_equal(c->queues[0].close_s, 72 * 3600);
	assert_slice_is(c->queues[0].title, "cards");
	config_free(&c);
	assert_null(c);
}

static void test_everything(void **state)
{
	static const char text[] =
		"domain: bank\n"
		"durability: relaxed\n"
		"public_url: https://desk.example/\n"
		"desk: {brand: NO, language: ru, language_skill: on}\n"
		"kinds: {email: {cost: 20, cost_pending: 0, max: 4, offer: 2m}}\n"
		"queues: {general: {prefer: {ru: 10}, strategy: least-loaded, sticky: 1d}}\n"
		"segments:\n"
		"  premier: {offset: -2m, match: {domains: [a.test, b.test], field: {tier: "
		"gold}}}\n"
		"  young: {sticky: 7d, match: {language: en, attribute: {account: private, "
		"age_group: youth}}}\n"
		"  mass: {hold_back: 2, rate: 3}\n"
		"hold_back: {pool: {ru: 50}, max: 90s}\n"
		"channels:\n"
		"  contact:\n"
		"    plugin: form\n"
		"    kind: email\n"
		"    queue: general\n"
		"    options:\n"
		"      title: Write\n"
		"      fields:\n"
		"        - {name: email, required: yes}\n"
		"        - {name: text}\n"
		"rules:\n"
		"  - {channel: contact, field: {topic: cards}, skills: {cards: 30}}\n"
		"  - words: [refund, не работает]\n"
		"    pattern: 'INV-\\d+'\n"
		"    language: ru\n"
		"    priority: -5m\n"
		"    kind: complaint\n"
		"  - words: card\n"
		"people: {bo: {name: Bo Larsen, skills: {ru: 80, lang:en: 50}, role: "
		"supervisor}}\n";
	struct config *c = good(text);
	struct classify_hit hit;

	(void)state;
	assert_slice_is(c->domain, "bank");
	assert_true(c->durability_relaxed);
	assert_slice_is(c->public_url, "https://desk.example");
	assert_slice_is(c->brand, "NO"); /* a schema knows that this is a text */
	assert_true(c->language_skill);
	assert_int_equal(c->kinds[0].cost_pending, 0);
	assert_int_equal(c->segments[0].offset_s, -120);
	assert_int_equal(c->segments[0].domain_count, 2);
	assert_slice_is(c->segments[0].hint_value, "gold");
	assert_slice_is(c->segments[2].title, "mass");
	assert_int_equal(c->segments[1].sticky_s, 7 * 86400);
	assert_int_equal(c->segments[1].hold_back, 0);
	assert_int_equal(c->segments[2].hold_back, 2);
	assert_int_equal(c->segments[1].rate, 1);
	assert_int_equal(c->segments[2].rate, 3);
	assert_int_equal(c->hold_pool_count, 1);
	assert_slice_is(c->hold_pool[0].name, "ru");
	assert_int_equal(c->hold_pool[0].level, 50);
	assert_int_equal(c->hold_max_s, 90);
	assert_slice_is(c->segments[1].language, "en");
	assert_int_equal(c->segments[1].attribute_count, 2);
	assert_slice_is(c->segments[1].attributes[1].name, "age_group");
	assert_slice_is(c->segments[1].attributes[1].value, "youth");
	assert_ptr_equal(c->channels[0].queue, &c->queues[0]);
	assert_ptr_equal(c->channels[0].kind, &c->kinds[0]);
	assert_int_equal(c->channels[0].option_count, 4);
	assert_slice_is(c->channels[0].options[1].name, "fields.0.name");
	assert_slice_is(c->channels[0].options[2].value, "yes");
	assert_slice_is(c->channels[0].options[3].name, "fields.1.name");
	assert_int_equal(c->channels[0].options[3].line, 21);
	assert_slice_is(c->rules[0].channel, "contact");
	assert_null(c->rules[0].queue);
	assert_int_equal(c->rules[1].line, 24);
	assert_int_equal(c->rules[1].word_count, 2);
	assert_int_equal(c->rules[1].priority_s, -300);
	assert_slice_is(c->rules[1].topic, "complaint");
	classify_begin(c->classifier, SLICE("inv-7"), SLICE("Ничего не работало"), SLICE("ru"));
	assert_true(classify_matches(c->classifier, 1, &hit));
	assert_slice_is(hit.word, "не работает");
	assert_false(classify_matches(c->classifier, 2, &hit));
	classify_begin(c->classifier, SLICE("inv-7"), SLICE("Ничего не работало"), SLICE("en"));
	assert_false(classify_matches(c->classifier, 1, &hit));
	assert_slice_is(c->people[0].id, "bo");
	assert_slice_is(c->people[0].skills, "ru=80 lang:en=50");
	assert_int_equal(c->people[0].role, ROLE_SUPERVISOR);
	config_free(&c);
}

static void test_environment(void **state)
{
	char text[512];

	(void)state;
	setenv("USHER_TEST_PORT", "8181", 1);
	unsetenv("USHER_TEST_NONE");
	snprintf(text, sizeof(text),
		"listen: {http: \"127.0.0.1:${USHER_TEST_PORT:-1}\"}\n"
		"data: ${USHER_TEST_NONE:-/d}/x$${y\n%s",
		small);
	struct config *c = good(text);
	assert_slice_is(c->http_listen, "127.0.0.1:8181");
	assert_slice_is(c->data_dir, "/d/x${y");
	config_free(&c);
}

/* The hash is of what routing depends on, not of where it stands or how a page is titled. */
static void test_hash(void **state)
{
	char text[512], other[512];

	(void)state;
	snprintf(text, sizeof(text), "# a comment\n\nnode: n2\n%s", small);
	snprintf(other, sizeof(other), "%sdesk: {grace: 31s}\n", small);
	struct config *a = good(small), *b = good(text), *c = good(other);
	assert_true(a->hash == b->hash);
	assert_true(a->hash != c->hash);
	config_free(&a);
	config_free(&b);
	config_free(&c);
}

struct bad {
	const char *text, *says;
};
#define QUEUE "queues: {q: {}}\n"
static const struct bad bads[] = {
	{ "queus: {}\n" QUEUE, "f.yaml:1:1: unknown key 'queus' in the configuration; did you mean "
			       "'queues'?\n" },
	{ "queues: {q: {lenght: 3}}\n", "f.yaml:1:14: unknown key 'lenght' in queue 'q'; did you "
					"mean 'length'?\n" },
	{ "queues: {q: {xyzzy: 3}}\n", "f.yaml:1:14: unknown key 'xyzzy' in queue 'q'\n" },
	{ "node: n1\n", "f.yaml:1:1: queues: at least one is needed\n" },
	{ "", "f.yaml:1:1: queues: at least one is needed\n" },
	{ "queues: {q: {target: soon}}\n", "f.yaml:1:22: target in queue 'q': expected a duration "
					   "(90, 90s, 2m, 36h, 7d)\n" },
	{ "queues: {q: {wrapup: 2d}}\n", "f.yaml:1:22: wrapup in queue 'q': 172800 is not between "
					 "0 and 86400\n" },
	{ "queues: {q: {skills: {ru: 101}}}\n", "f.yaml:1:27: level of 'ru' in skills of queue "
						"'q': expected 0 to 100\n" },
	{ "queues: {q: {skills: [ru]}}\n", "f.yaml:1:22: skills in queue 'q': expected skills "
					   "with levels ({ru: 80, cards: 50})\n" },
	{ "queues: {q: {strategy: longest}}\n", "f.yaml:1:24: strategy in queue 'q': 'longest' is "
						"none of longest-idle, "
						"least-loaded, round-robin, fewest-handled, "
						"fewest-skills, random\n" },
	{ "queues: {q: {hours: offise}}\ncalendars: {office: {hours: {daily: \"00:00-24:00\"}}}\n",
		"f.yaml:1:21: hours in queue 'q': there is no calendar 'offise'; did you mean "
		"'office'?\n" },
	{ "queues: {Q: {}}\n", "f.yaml:1:10: queue 'Q': expected a name (a-z 0-9 _ -, at most "
			       "64)\n" },
	{ "queues: {q: 3}\n", "f.yaml:1:13: queue 'q': expected a map\n" },
	{ QUEUE "queues: {r: {}}\n", "f.yaml:2:1: the key 'queues' stands here a second time; "
				     "first on line 1\n" },
	{ "queues:\n  q:\n    skills: {a: 10}\n    relax:\n      - {after: 1m, skills: {a: 20}}\n",
		"f.yaml:5:9: stage after 60s of queue 'q' requires 'a' at 20, the stage before it "
		"(line 3) only at 10: a stage only widens\n" },
	{ "queues:\n  q:\n    relax:\n      - {after: 1m, skills: {}}\n"
	  "      - {after: 2m, skills: {b: 1}}\n",
		"f.yaml:5:9: stage after 120s of queue 'q' requires 'b', which the stage before it "
		"(line 4) does not: a stage only widens\n" },
	{ "queues: {q: {relax: [{after: 2m, skills: {}}, {after: 1m, skills: {}}]}}\n",
		"f.yaml:1:47: stage after 60s of queue 'q' comes after that of 120s (line 1): put "
		"them in order\n" },
	{ "queues: {q: {relax: [{skills: {}}]}}\n", "f.yaml:1:22: after in queue 'q' is missing: a "
						    "duration (90, 90s, 2m, 36h, 7d)\n" },
	{ QUEUE "kinds: {chat: {}}\n", "f.yaml:2:15: cost in kind 'chat' is missing: a number\n" },
	{ QUEUE "kinds: {chat: {cost: 101}}\n", "f.yaml:2:22: cost in kind 'chat': 101 is more "
						"than the 100 units of an agent "
						"(desk.units)\n" },
	{ QUEUE "channels: {c: {plugin: form, kind: mail, queue: q}}\nkinds: {email: {cost: 1}}\n",
		"f.yaml:2:36: kind in channel 'c': there is no kind 'mail'; did you mean "
		"'email'?\n" },
	{ QUEUE "segments:\n"
		"  a: {match: {language: la}, rate: 2}\n"
		"  b: {match: {language: lb}, rate: 3}\n"
		"  c: {match: {language: lc}, rate: 4}\n"
		"  d: {match: {language: ld}, rate: 5}\n"
		"  e: {match: {language: le}, rate: 6}\n"
		"  f: {match: {language: lf}, rate: 7}\n"
		"  g: {match: {language: lg}, rate: 8}\n"
		"  h: {match: {language: lh}, rate: 9}\n",
		"f.yaml:10:36: rate of segment 'h' is one too many: at most 8 different, 1 among "
		"them\n" },
	{ QUEUE "segments: {all: {}, rest: {}}\n", "f.yaml:2:17: segment 'all' matches everybody, "
						   "so those after it match nobody: put "
						   "it last\n" },
	{ QUEUE "rules: [{field: {a: 1, b: 2}}]\n", "f.yaml:2:17: field in rules[0]: expected one "
						    "name and value ({tier: gold})\n" },
	{ QUEUE "rules: [{kind: a, pattern: 'x(y'}]\n", "f.yaml:2:28: pattern in rules[0]: missing "
							"closing parenthesis at byte 4\n" },
	{ QUEUE "rules:\n  - {words: [ok, '?!', a b c d e]}\n", "f.yaml:3:18: words in rules[0]: "
								"'?!' has no word in it\n"
								"f.yaml:3:24: words in rules[0]: "
								"'a b c d e' is of 5 words, at "
								"most 4\n" },
	{ QUEUE "rules: [{words: a, kind: Big}]\n", "f.yaml:2:26: kind in rules[0]: expected a "
						    "name (a-z 0-9 _ -)\n" },
	{ QUEUE "rules: [{language: rus}]\n", "f.yaml:2:20: language in rules[0]: expected two "
					      "letters (ru, en) or unknown, not 'rus'\n" },
	{ QUEUE "rules: [{kind: a}, {words: b}]\n", "f.yaml:2:9: rules[0] matches everything, so "
						    "those after it match nothing: put it last\n" },
	{ QUEUE "rules: [{words: {a: b}}]\n", "f.yaml:2:17: words in rules[0]: expected a list of "
					      "texts\n" },
	{ QUEUE "rules: [{priority: soon, words: a}]\n", "f.yaml:2:20: priority in rules[0]: "
							 "expected a duration, also negative "
							 "(-2m)\n" },
	{ QUEUE "segments: {s: {match: {language: english}}}\n", "f.yaml:2:34: language in match "
								 "of segment 's': expected two "
								 "letters (ru, en) or "
								 "unknown, not 'english'\n" },
	{ QUEUE "segments: {s: {match: {attribute: {a: [b]}}}}\n", "f.yaml:2:39: 'a' in attribute "
								   "of segment 's': "
								   "expected a text\n" },
	{ QUEUE "people: {bo: {role: boss}}\n", "f.yaml:2:21: role in person 'bo': 'boss' is none "
						"of agent, supervisor, admin, "
						"auditor\n" },
	{ QUEUE "listen: {http: localhost}\n", NULL },
	{ QUEUE "redis: mysql\n", "f.yaml:2:8: redis in the configuration: expected managed, "
				  "unix:/path, redis://host:port or rediss://host:port\n" },
	{ QUEUE "tls: {cert: c.pem}\n", "f.yaml:2:6: tls has a cert but no key\n" },
	{ QUEUE "durability: strickt\n", "f.yaml:2:13: durability in the configuration: 'strickt' "
					 "is none of strict, "
					 "relaxed; did you mean 'strict'?\n" },
	{ QUEUE "data: ${USHER_TEST_NONE}\n", "f.yaml:2:7: the environment has no USHER_TEST_NONE; "
					      "write ${USHER_TEST_NONE:-default} to do without\n" },
	{ QUEUE "data: ${a-b}\n", "f.yaml:2:7: expected ${NAME} or ${NAME:-default}; $${ stands "
				  "for a plain ${\n" },
	{ "queues: {q: [}\n", "f.yaml:1:14: did not find expected node content while parsing a "
			      "flow "
			      "node\n" },
	{ "queues:\n\t- x\n", "f.yaml:2:1: found character that cannot start any token while "
			      "scanning for the next token; indent with blanks, not tabs; a text "
			      "that begins with @, ` or % needs quotes\n" },
	{ "- a\n", "f.yaml:1:1: expected a map of keys\n" },
	{ QUEUE "---\na: 1\n", "f.yaml:2:1: a second document; there must be one\n" },
	{ "? [a]\n: b\n", "f.yaml:1:3: a key must be a word\n" },
	{ "a: &x [*x]\n", "f.yaml:1:8: an alias of what is not complete yet\n" },
	{ QUEUE "calendars: {o: {zone: Europe/Moskow, hours: {mon: \"9-18\"}}}\n",
		"f.yaml:2:45: calendar 'o': there is no time zone 'Europe/Moskow'\n"
		"f.yaml:2:51: hours of calendar 'o': expected \"09:00-18:00\", not '9-18'\n" },
	{ QUEUE "calendars: {o: {hours: {mo: closed}, holidays: [2027-02-29]}}\n",
		"f.yaml:2:25: hours of calendar 'o': 'mo' is no day: expected mon, mon-fri or "
		"daily\n"
		"f.yaml:2:49: holidays of calendar 'o': expected a date (2027-01-01)\n" },
};

static void test_bad(void **state)
{
	size_t wrong = 0;

	(void)state;
	unsetenv("USHER_TEST_NONE");
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct str problems = { 0 };
		struct config *c = parse(bads[i].text, &problems);
		assert_null(c);
		assert_true(problems.n > 0);
		if (bads[i].says && strcmp(problems.p, bads[i].says) != 0) {
			print_error("case %zu says\n%sand not\n%s", i, problems.p, bads[i].says);
			wrong++;
		}
		str_free(&problems);
	}
	assert_int_equal(wrong, 0);
}

/* All of them, up to twenty, and how many more there are. */
static void test_many(void **state)
{
	struct str text = { 0 }, problems = { 0 };

	(void)state;
	for (int i = 0; i < 25; i++)
		str_addf(&text, "wrong%d: 1\n", i);
	str_add_text(&text, QUEUE);
	assert_null(parse(text.p, &problems));
	assert_non_null(strstr(problems.p, "f.yaml:20:1: unknown key 'wrong19'"));
	assert_null(strstr(problems.p, "wrong20"));
	assert_non_null(strstr(problems.p, "f.yaml: and 5 more\n"));
	str_free(&text);
	str_free(&problems);
}

/* What costs little to write must cost little to read. */
static void test_bombs(void **state)
{
	struct str text = { 0 }, problems = { 0 };

	(void)state;
	str_add_text(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 12; i++) {
		str_addf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			str_addf(&text, "%s*a%d", j ? "," : "", i - 1);
		str_add_text(&text, "]\n");
	}
	assert_null(parse(text.p, &problems));
	assert_non_null(strstr(problems.p, "too many nodes"));
	str_clear(&text);
	str_clear(&problems);
	for (int i = 0; i < 40; i++)
		str_add_char(&text, '[');
	assert_null(parse(text.p, &problems));
	assert_string_equal(problems.p, "f.yaml:1:33: nested too deep: at most 32 levels\n");
	str_clear(&text);
	str_clear(&problems);
	while (text.n <= 1048576)
		str_add_text(&text, "# a comment that is long enough to be many bytes\n");
	assert_null(parse(text.p, &problems));
	assert_non_null(strstr(problems.p, "f.yaml:1:1: too large"));
	str_free(&text);
	str_free(&problems);
}

static void test_missing_file(void **state)
{
	struct str problems = { 0 };

	(void)state;
	assert_null(config_load("/nonexistent/usher.yaml", &problems));
	assert_string_equal(problems.p, "/nonexistent/usher.yaml:1:1: cannot read it: No such file "
					"or directory\n");
	str_free(&problems);
}

/* conf/usher.yaml shows every key, loads, and the demo loads. */
static void test_reference(void **state)
{
	struct str problems = { 0 }, text = { 0 };

	(void)state;
	struct config *c = config_load("conf/usher.yaml", &problems);
	if (!c)
		fail_msg("%s", problems.p);
	config_free(&c);
	c = config_load("conf/demo.yaml", &problems);
	if (!c)
		fail_msg("%s", problems.p);
	assert_true(c->person_count >= 8);
	config_free(&c);
	assert_true(config_read("conf/usher.yaml", &text, &problems));
	for (size_t i = 0; i < key_count; i++) {
		char key[80];
		snprintf(key, sizeof(key), "%s:", keys[i].name);
		if (!strstr(text.p, key))
			fail_msg("conf/usher.yaml says nothing of %s%s", section_words[keys[i].in],
				keys[i].name);
	}
	str_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_reference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
