#include "unit/cm.h"

#include "model/recipients.h"

static struct slice three(struct arena *arena)
{
	static const char *const who[][2] = { { "ann@x.org", "to" }, { "иван@почта.рф", "cc" },
		{ "c=d&e@x.org", "bcc" } };
	struct str out = { 0 };

	for (size_t i = 0; i < 3; i++)
		recipients_add(&out, &(struct recipient){ .address = slice_of(who[i][0]),
					     .role = slice_of(who[i][1]),
					     .delivery = DELIVERY_QUEUED });
	struct slice lines = arena_copy(arena, str_slice(&out));
	str_free(&out);
	return lines;
}

static void each_has_a_state_of_its_own(void **state)
{
	struct arena a = { 0 };
	struct slice lines = three(&a), why;
	bool moved;

	(void)state;
	assert_int_equal(recipients_state(lines, &why, &a), DELIVERY_QUEUED);
	lines = recipients_set(lines, 0, DELIVERY_SENT, SLICE(""), &a, &moved);
	assert_true(moved);
	assert_int_equal(recipients_state(lines, &why, &a), DELIVERY_QUEUED);
	lines = recipients_set(lines, 1, DELIVERY_QUEUED, SLICE("come again"), &a, &moved);
	assert_true(moved); /* tried in vain */
	assert_int_equal(recipients_state(lines, &why, &a), DELIVERY_QUEUED);
	assert_slice_is(why, "иван@почта.рф: come again");
	recipients_set(lines, 0, DELIVERY_QUEUED, SLICE("come again"), &a, &moved);
	assert_false(moved);
	lines = recipients_set(lines, 1, DELIVERY_SENT, SLICE(""), &a, &moved);
	lines = recipients_set(lines, 2, DELIVERY_SENT, SLICE(""), &a, &moved);
	assert_int_equal(recipients_state(lines, &why, &a), DELIVERY_SENT);
	lines = recipients_set(
		lines, 2, DELIVERY_BOUNCED, SLICE("5.1.1\nno & such = user"), &a, &moved);
	assert_true(moved);
	assert_int_equal(recipients_state(lines, &why, &a), DELIVERY_BOUNCED);
	assert_slice_is(why, "c=d&e@x.org: 5.1.1\nno & such = user");
	lines = recipients_set(lines, 2, DELIVERY_SENT, SLICE(""), &a, &moved);
	assert_false(moved); /* a late "sent" never covers a "bounced" */
	recipients_set(lines, 7, DELIVERY_SENT, SLICE(""), &a, &moved);
	assert_false(moved);
	arena_free(&a);
}

static void only_those_without_it_are_tried_again(void **state)
{
	struct arena a = { 0 };
	struct slice lines = three(&a);
	struct recipient r;
	bool moved;
	uint32_t want[] = { DELIVERY_SENT, DELIVERY_QUEUED, DELIVERY_QUEUED };
	size_t i = 0;

	(void)state;
	lines = recipients_set(lines, 0, DELIVERY_SENT, SLICE(""), &a, &moved);
	lines = recipients_set(lines, 1, DELIVERY_FAILED, SLICE("full"), &a, &moved);
	lines = recipients_retry(lines, &a);
	for (struct slice rest = lines; recipients_next(&rest, &r, &a); i++) {
		assert_int_equal(r.delivery, want[i]);
		assert_int_equal(r.why.n, 0);
	}
	assert_int_equal(i, 3);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_a_state_of_its_own),
		cmocka_unit_test(only_those_without_it_are_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
