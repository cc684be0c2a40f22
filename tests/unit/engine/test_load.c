/*
 * Snapshots: what is loaded equals what was saved; damaged bytes are refused with a reason and never more than that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/center.h"

static void give(struct engine *e, struct command c, uint64_t at_s)
{
	struct step out;

	c.at_us = CENTER_START_US + at_s * S_US;
	engine_step(e, &c, c.at_us, &out);
	assert_true(out.answer == ANSWER_OK);
}

static struct engine *busy_center(const struct config *config)
{
	struct engine *e = engine_new(config);

	for (uint64_t i = 0; i < 2; i++) {
		struct slice who = i ? SLICE("bo") : SLICE("ann");

		give(e,
			(struct command){ .type = COMMAND_USER,
				.agent = who,
				.name = SLICE("N"),
				.skills = SLICE("ru=80 cards=50") },
			1);
		give(e,
			(struct command){ .type = COMMAND_DESK_UP,
				.agent = who,
				.session = SLICE("n1:1"),
				.node = SLICE("n1") },
			2);
	}
	give(e,
		(struct command){ .type = COMMAND_PRESENCE,
			.agent = SLICE("ann"),
			.presence = PRESENCE_AVAILABLE },
		3);
	for (uint64_t i = 1; i <= 12; i++)
		give(e,
			(struct command){ .type = COMMAND_MESSAGE,
				.fresh = 1,
				.conv = center_id(i),
				.customer = center_id(100 + i),
				.id = center_id(200 + i),
				.channel = SLICE("mailbox"),
				.kind = i % 3 ? SLICE("email") : SLICE("chat"),
				.segment = SLICE("mass"),
				.queue = i % 2 ? SLICE("support") : SLICE("cards"),
				.skills = i % 5 ? SLICE("") : SLICE("klingon=4") },
			3 + i);
	struct conv_view v;

	assert_true(engine_conv(e, center_id(1), &v));
	give(e, (struct command){ .type = COMMAND_ACCEPT, .agent = SLICE("ann"), .offer = v.offer },
		20);
	give(e,
		(struct command){ .type = COMMAND_RESOLVE,
			.agent = SLICE("ann"),
			.outcome = SLICE("solved"),
			.conv = center_id(1) },
		21);
	assert_true(engine_conv(e, center_id(2), &v));
	give(e,
		(struct command){
			.type = COMMAND_DECLINE, .agent = SLICE("ann"), .offer = v.offer },
		22);
	return e;
}

static void what_is_loaded_equals_what_was_saved(void **state)
{
	struct config *config = center_new();
	struct engine *e = busy_center(config), *loaded;
	struct str saved = { 0 }, again = { 0 }, why = { 0 };
	struct err err = { "" };

	(void)state;
	engine_save(e, &saved);
	loaded = engine_load(config, str_slice(&saved), &err);
	assert_string_equal(err.text, "");
	assert_non_null(loaded);
	engine_save(loaded, &again);
	assert_int_equal(again.n, saved.n);
	assert_memory_equal(again.p, saved.p, saved.n);
	assert_int_equal(engine_check(loaded, &why), 0);
	assert_int_equal(engine_deadline(loaded), engine_deadline(e));
	engine_free(&loaded);
	engine_free(&e);
	str_free(&saved);
	str_free(&again);
	str_free(&why);
	center_free(config);
}

static void damaged_bytes_are_refused_with_a_reason(void **state)
{
	struct config *config = center_new();
	struct engine *e = busy_center(config), *loaded;
	struct str saved = { 0 };

	(void)state;
	engine_save(e, &saved);
	for (size_t n = 0; n < saved.n; n++) { /* cut short */
		char *cut = mem_alloc(n ? n : 1);
		struct err err = { "" };

		memcpy(cut, saved.p, n);
		loaded = engine_load(config, slice_make(cut, n), &err);
		assert_null(loaded);
		assert_true(err.text[0] != '\0');
		free(cut);
	}
	for (size_t i = 0; i < saved.n;
		i++) /* a byte changed: refused, or another state, never a crash */
		for (unsigned bit = 0; bit < 8; bit += 3) {
			struct str why = { 0 };

			saved.p[i] = (char)(saved.p[i] ^ (1 << bit));
			loaded = engine_load(config, str_slice(&saved), NULL);
			if (loaded)
				engine_check(loaded, &why);
			engine_free(&loaded);
			str_free(&why);
			saved.p[i] = (char)(saved.p[i] ^ (1 << bit));
		}
	engine_free(&e);
	str_free(&saved);
	center_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_loaded_equals_what_was_saved),
		cmocka_unit_test(damaged_bytes_are_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
