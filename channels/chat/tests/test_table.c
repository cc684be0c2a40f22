/*
 * The hash table: what is put is found, what is removed is gone, the others stay, through growth and collisions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "table.h"

enum { KEYS = 2000 };

static uint32_t seed = 7;

static uint32_t next_random(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

static void random_puts_and_removes(void **state)
{
	(void)state;
	static uint64_t keys[KEYS];
	static int in[KEYS];
	struct table t;
	size_t count = 0;
	table_init(&t, sizeof(uint64_t));
	for (uint64_t i = 0; i < KEYS; i++)
		keys[i] = i * 0x100000001u;
	for (int step = 0; step < 100000; step++) {
		size_t i = next_random() % KEYS;
		if (in[i]) {
			assert_ptr_equal(table_remove(&t, &keys[i]), &in[i]);
			count--;
		} else {
			assert_null(table_remove(&t, &keys[i]));
			table_put(&t, &keys[i], &in[i]);
			count++;
		}
		in[i] = !in[i];
		assert_int_equal(t.count, count);
	}
	for (size_t i = 0; i < KEYS; i++)
		assert_ptr_equal(table_get(&t, &keys[i]), in[i] ? &in[i] : NULL);
	size_t walked = 0;
	for (size_t i = 0; table_next(&t, &i);)
		walked++;
	assert_int_equal(walked, count);
	table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_puts_and_removes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
