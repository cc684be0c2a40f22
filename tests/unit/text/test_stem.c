/* Words in whatever form they are written come out as one. */
#include "unit/cm.h"

#include "text/stem.h"

static void all_forms_of_a_word_are_one(void **state)
{
	static const char *const same[][2] = {
		{ "карта", "КАРТОЙ" },
		{ "карты", "картами" },
		{ "кредит", "кредиту" },
		{ "кредитов", "Кредите" },
		{ "жёлтый", "желтого" },
		{ "ёж", "Еж" },
		{ "жалоба", "жалобу" },
		{ "refund", "Refunds" },
		{ "complain", "complaining" },
		{ "card", "CARD’S" },
		{ "ＣＡＲＤ", "card" },
		{ "со́рок", "сорок" },
	};
	struct stemmer *s = stemmer_new();
	struct stems one = { 0 }, two = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		stemmer_read(s, slice_of(same[i][0]), &one);
		stemmer_read(s, slice_of(same[i][1]), &two);
		assert_int_equal(one.count, 1);
		assert_string_equal(one.joined.p, two.joined.p);
	}
	stems_free(&one);
	stems_free(&two);
	stemmer_free(&s);
	assert_null(s);
}

static void a_short_stem_is_not_cut_to_a_preposition(void **state)
{
	struct stemmer *s = stemmer_new();
	struct stems stems = { 0 };

	(void)state;
	stemmer_read(s, SLICE("заем за"), &stems);
	assert_int_equal(stems.count, 2);
	assert_false(slice_equal(stems_run(&stems, 0, 1), stems_run(&stems, 1, 1)));
	stems_free(&stems);
	stemmer_free(&s);
}

static void every_word_knows_where_it_was_said(void **state)
{
	struct slice text = SLICE("  'Верните', деньги \xff\xfe refunds-now! 42");
	static const char *const said[] = { "Верните", "деньги", "refunds", "now", "42" };
	struct stemmer *s = stemmer_new();
	struct stems stems = { 0 };

	(void)state;
	stemmer_read(s, text, &stems);
	assert_int_equal(stems.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_slice_is(slice_make(text.p + stems.list[i].from,
					stems.list[i].to - stems.list[i].from),
			said[i]);
	assert_slice_is(stems_run(&stems, 2, 2), "refund now");
	stemmer_read(s, SLICE(" '' ... "), &stems);
	assert_int_equal(stems.count, 0);
	stems_free(&stems);
	stemmer_free(&s);
}

static void a_word_without_end_is_known_by_its_beginning(void **state)
{
	struct str text = { 0 };
	struct stemmer *s = stemmer_new();
	struct stems stems = { 0 };

	(void)state;
	while (text.n < 100000)
		str_add_text(&text, "ё");
	stemmer_read(s, str_slice(&text), &stems);
	assert_int_equal(stems.count, 1);
	assert_true(stems.list[0].n <= 96);
	assert_int_equal(stems.list[0].to, text.n);
	str_free(&text);
	stems_free(&stems);
	stemmer_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_of_a_word_are_one),
		cmocka_unit_test(a_short_stem_is_not_cut_to_a_preposition),
		cmocka_unit_test(every_word_knows_where_it_was_said),
		cmocka_unit_test(a_word_without_end_is_known_by_its_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
