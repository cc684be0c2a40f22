/* Which rules hold for a message, and what the operator is told of why. */
#include "unit/cm.h"

#include <errno.h>

#include "model/limits.h"
#include "text/classify.h"

static void say(struct classifier *c, const char *text)
{
	classify_begin(c, SLICE(""), slice_of(text), SLICE("ru"));
}

static size_t rule_of(struct classifier *c, const char *const *words, size_t count)
{
	size_t rule = classifier_rule(c);

	for (size_t i = 0; i < count; i++)
		assert_int_equal(classifier_word(c, rule, slice_of(words[i]), NULL), 0);
	return rule;
}

static void words_match_in_any_form_and_say_which(void **state)
{
	static const char *const cards[] = { "карта", "credit card", "банкомат" };
	static const char *const money[] = { "деньги", "карта" };
	struct classifier *c = classifier_new();
	struct classify_hit hit;
	size_t by_card = rule_of(c, cards, 3), by_money = rule_of(c, money, 2);

	(void)state;
	say(c, "Банкоматы не отдали деньги и карту");
	assert_true(classify_matches(c, by_card, &hit));
	assert_slice_is(hit.word, "банкомат");
	assert_slice_is(hit.said, "Банкоматы");
	assert_true(classify_matches(c, by_money, &hit));
	assert_slice_is(hit.word, "деньги");
	assert_true(classify_matches(c, by_card, &hit)); /* asked again: the same */
	assert_slice_is(hit.said, "Банкоматы");
	say(c, "My CREDIT  cards, please. No credit; a card");
	assert_true(classify_matches(c, by_card, &hit));
	assert_slice_is(hit.said, "CREDIT  cards");
	assert_false(classify_matches(c, by_money, &hit));
	say(c, "a cardboard box for a scard");
	assert_false(classify_matches(c, by_card, &hit));
	classify_begin(c, SLICE("Моя карта"), SLICE("не работает"), SLICE(""));
	assert_true(classify_matches(c, by_card, &hit)); /* the subject counts */
	say(c, "");
	assert_false(classify_matches(c, by_card, &hit));
	classifier_free(&c);
	assert_null(c);
}

static void the_longer_phrase_is_the_reason(void **state)
{
	static const char *const words[] = { "card", "card not present" };
	struct classifier *c = classifier_new();
	struct classify_hit hit;
	size_t rule = rule_of(c, words, 2);

	(void)state;
	say(c, "card not present fee");
	assert_true(classify_matches(c, rule, &hit));
	assert_slice_is(hit.word, "card not present");
	classifier_free(&c);
}

static void all_that_a_rule_asks_for_must_hold(void **state)
{
	static const char *const words[] = { "счёт" };
	struct classifier *c = classifier_new();
	struct classify_hit hit;
	size_t rule = rule_of(c, words, 1), none = classifier_rule(c), any = classifier_rule(c);

	(void)state;
	assert_int_equal(classifier_pattern(c, rule, SLICE("INV-\\d+"), NULL), 0);
	classifier_language(c, rule, SLICE("ru"));
	classifier_language(c, none, SLICE("unknown"));
	say(c, "счет inv-17 пришёл");
	assert_true(classify_matches(c, rule, &hit));
	assert_slice_is(hit.word, "счёт");
	assert_slice_is(hit.pattern, "INV-\\d+");
	assert_slice_is(hit.said, "счет");
	assert_false(classify_matches(c, none, &hit));
	assert_true(classify_matches(c, any, &hit));
	say(c, "счет пришёл");
	assert_false(classify_matches(c, rule, &hit));
	say(c, "inv-17 пришёл");
	assert_false(classify_matches(c, rule, &hit));
	classify_begin(c, SLICE(""), SLICE("счет inv-17"), SLICE(""));
	assert_false(classify_matches(c, rule, &hit));
	assert_true(classify_matches(c, none, &hit));
	assert_int_equal(hit.said.n, 0);
	classifier_free(&c);
}

static void a_pattern_that_gives_up_says_so_once(void **state)
{
	struct classifier *c = classifier_new();
	struct classify_hit hit;
	struct str text = { 0 };
	size_t rule = classifier_rule(c);

	(void)state;
	assert_int_equal(classifier_pattern(c, rule, SLICE("(a+)+$"), NULL), 0);
	while (text.n < CLASSIFY_TEXT_MAX * 2)
		str_add_text(&text, "aaaaaaa");
	str_add_char(&text, '!');
	say(c, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
	assert_false(classify_matches(c, rule, &hit));
	assert_true(hit.gave_up);
	say(c, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
	assert_false(classify_matches(c, rule, &hit));
	assert_false(hit.gave_up);
	say(c, "aaa");
	assert_true(classify_matches(c, rule, &hit)); /* others are not worse off */
	str_free(&text);
	classifier_free(&c);
}

static void only_the_beginning_is_read(void **state)
{
	static const char *const words[] = { "card" };
	struct classifier *c = classifier_new();
	struct classify_hit hit;
	struct str text = { 0 };
	size_t rule = rule_of(c, words, 1);

	(void)state;
	while (text.n < CLASSIFY_TEXT_MAX)
		str_add_text(&text, "нет ");
	str_add_text(&text, " card");
	classify_begin(c, str_slice(&text), str_slice(&text), SLICE("ru"));
	assert_false(classify_matches(c, rule, &hit));
	str_free(&text);
	classifier_free(&c);
}

static void what_has_no_word_is_refused(void **state)
{
	struct classifier *c = classifier_new();
	struct err err = { 0 };
	size_t rule = classifier_rule(c);

	(void)state;
	assert_int_equal(classifier_word(c, rule, SLICE("!?"), &err), -EINVAL);
	assert_string_equal(err.text, "'!?' has no word in it");
	assert_int_equal(classifier_word(c, rule, SLICE("one two three four five"), &err), -EINVAL);
	assert_string_equal(err.text, "'one two three four five' is of 5 words, at most 4");
	classifier_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_match_in_any_form_and_say_which),
		cmocka_unit_test(the_longer_phrase_is_the_reason),
		cmocka_unit_test(all_that_a_rule_asks_for_must_hold),
		cmocka_unit_test(a_pattern_that_gives_up_says_so_once),
		cmocka_unit_test(only_the_beginning_is_read),
		cmocka_unit_test(what_has_no_word_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
