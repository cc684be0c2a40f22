/* A conversation that goes from hand to hand: who had it before each change. */
#include "unit/cm.h"

#include "desk/owners.h"
#include "model/limits.h"

static struct effect moved(uint64_t n, uint64_t conv, const char *owner, enum conv_state s)
{
	return (struct effect){ .type = EFFECT_CONV,
		.n = n,
		.conv = { conv, 1 },
		.owner = slice_of(owner),
		.state = s };
}

static void from_hand_to_hand(void **state)
{
	struct owners o = { 0 };
	struct effect a = moved(5, 1, "ann", CONV_ACTIVE), same = moved(6, 1, "ann", CONV_PENDING);
	struct effect b = moved(9, 1, "bo", CONV_ACTIVE), c = moved(12, 1, "", CONV_WAITING);
	(void)state;
	owners_note(&o, &a);
	owners_note(&o, &same);
	owners_note(&o, &b);
	owners_note(&o, &c);
	assert_int_equal(owners_before(&o, &a).n, 0);
	assert_int_equal(owners_before(&o, &same).n, 0);
	assert_true(slice_is(owners_before(&o, &b), "ann"));
	assert_true(slice_is(owners_before(&o, &c), "bo"));
	assert_int_equal(owners_now(&o, c.conv).n, 0);
	owners_free(&o);
}

static void a_closed_one_is_forgotten(void **state)
{
	struct owners o = { 0 };
	struct effect a = moved(1, 1, "ann", CONV_ACTIVE), end = moved(2, 1, "ann", CONV_CLOSED);
	(void)state;
	owners_note(&o, &a);
	owners_note(&o, &end);
	assert_int_equal(o.now.count, 0);
	owners_free(&o);
}

static void old_moves_go(void **state)
{
	struct owners o = { 0 };
	(void)state;
	for (uint64_t n = 1; n <= PUSH_KEEP + 10; n++) {
		struct effect e = moved(n, 1, n % 2 ? "ann" : "bo", CONV_ACTIVE);
		owners_note(&o, &e);
	}
	struct effect first = moved(2, 1, "bo", CONV_ACTIVE);
	struct effect last = moved(PUSH_KEEP + 10, 1, "bo", CONV_ACTIVE);
	assert_int_equal(owners_before(&o, &first).n, 0);
	assert_true(slice_is(owners_before(&o, &last), "ann"));
	owners_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(from_hand_to_hand),
		cmocka_unit_test(a_closed_one_is_forgotten), cmocka_unit_test(old_moves_go) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
