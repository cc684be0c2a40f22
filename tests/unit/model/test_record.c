/*
 * The codec of records: what goes out comes back, in both forms; what is damaged is refused with its field's name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/effect.h"
#include "model/entry.h"
#include "model/event.h"
#include "model/outbound.h"

static struct command sample(void)
{
	return (struct command){ .type = COMMAND_MESSAGE,
		.at_us = 1763800000000000,
		.id = { 0x0123456789abcdef, 0xfedcba9876543210 },
		.channel = SLICE("support"),
		.text = SLICE("привет\n\"quoted\""),
		.priority = -120000000,
		.verified = 1,
		.presence = PRESENCE_NOT_RESPONDING };
}

static void same(const struct command *a, const struct command *b)
{
	assert_int_equal(record_hash(&command_table, a), record_hash(&command_table, b));
	assert_int_equal(a->at_us, b->at_us);
	assert_true(id_equal(a->id, b->id));
	assert_true(slice_equal(a->text, b->text));
	assert_true(a->priority == b->priority);
	assert_int_equal(a->presence, b->presence);
}

static void flat_round_trip(void **state)
{
	(void)state;
	struct command c = sample(), back;
	struct arena arena = { 0 };
	struct argv out = { 0 };
	record_flatten(&command_table, &c, &out, &arena);
	assert_string_equal(out.v[0].p, "t");
	assert_true(slice_is(out.v[1], "message"));
	assert_int_equal(out.n % 2, 0);
	assert_int_equal(record_unflatten(&command_table, &back, out.v, out.n / 2, NULL), 0);
	same(&c, &back);
	argv_free(&out);
	arena_free(&arena);
}

static void packed_round_trip(void **state)
{
	(void)state;
	struct command c = sample(), back;
	struct str packed = { 0 };
	record_pack(&command_table, &c, &packed);
	assert_int_equal(record_unpack(&command_table, &back, str_slice(&packed), NULL), 0);
	same(&c, &back);
	str_free(&packed);
}

static void every_cut_of_a_packed_record_is_refused_or_shorter(void **state)
{
	(void)state;
	struct command c = sample(), back;
	struct str packed = { 0 };
	record_pack(&command_table, &c, &packed);
	for (size_t n = 0; n < packed.n; n++) {
		char *copy =
			slice_dup(slice_make(packed.p, n)); /* exact size: ASan sees any overrun */
		(void)record_unpack(&command_table, &back, slice_make(copy, n), NULL);
		free(copy);
	}
	str_free(&packed);
}

static void an_unknown_field_is_skipped(void **state)
{
	(void)state;
	struct slice pairs[] = { SLICE("t"), SLICE("note"), SLICE("from_the_future"), SLICE("x"),
		SLICE("text"), SLICE("hello") };
	struct command c;
	assert_int_equal(record_unflatten(&command_table, &c, pairs, 3, NULL), 0);
	assert_int_equal(c.type, COMMAND_NOTE);
	assert_true(slice_is(c.text, "hello"));
}

static void a_bad_field_is_named(void **state)
{
	(void)state;
	struct err err;
	struct command c;
	struct slice number[] = { SLICE("at"), SLICE("12x") };
	assert_true(record_unflatten(&command_table, &c, number, 1, &err) < 0);
	assert_string_equal(err.text, "field at: not a number");
	struct slice word[] = { SLICE("t"), SLICE("messag") };
	assert_true(record_unflatten(&command_table, &c, word, 1, &err) < 0);
	assert_string_equal(err.text, "field t: unknown word 'messag'");
	assert_true(record_unpack(&command_table, &c, SLICE("\x0f\x7f"), &err) < 0);
	assert_string_equal(err.text, "packed field 15 is cut short");
	assert_true(record_unpack(&command_table, &c, SLICE("\x20\x02\x81\x01"), &err) < 0);
	assert_string_equal(err.text, "packed field pres is damaged");
}

static void check_numbers(const struct record_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		assert_int_not_equal(t->fields[i].number, 0);
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(t->fields[i].number, t->fields[j].number);
			assert_string_not_equal(t->fields[i].name, t->fields[j].name);
		}
	}
}

static void numbers_and_names_are_used_once(void **state)
{
	(void)state;
	check_numbers(&command_table);
	check_numbers(&event_table);
	check_numbers(&effect_table);
	check_numbers(&entry_table);
	check_numbers(&outbound_table);
}

static void a_copy_stands_alone(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct command c = sample(), copy;
	char *text = slice_dup(SLICE("soon gone"));
	c.text = slice_of(text);
	record_copy(&command_table, &copy, &c, &arena);
	memset(text, 'x', 9);
	free(text);
	assert_true(slice_is(copy.text, "soon gone"));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat_round_trip),
		cmocka_unit_test(packed_round_trip),
		cmocka_unit_test(every_cut_of_a_packed_record_is_refused_or_shorter),
		cmocka_unit_test(an_unknown_field_is_skipped),
		cmocka_unit_test(a_bad_field_is_named),
		cmocka_unit_test(numbers_and_names_are_used_once),
		cmocka_unit_test(a_copy_stands_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
