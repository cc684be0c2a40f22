/* The id map against the plainest possible list, through many insertions and removals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/idmap.h"

static struct id ids[1001];

static struct id key(const void *owner, uint32_t h)
{
	(void)owner;
	return ids[h];
}

static void finds_what_is_in_and_nothing_else(void **state)
{
	struct idmap m = { .key = key };
	bool in[1001] = { false };
	uint64_t x = 1;

	(void)state;
	for (uint32_t i = 1; i <= 1000; i++)
		ids[i] = (struct id){ i % 7, (uint64_t)i * 64 };
	for (size_t round = 0; round < 20000; round++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		uint32_t h = 1 + (uint32_t)(x >> 33) % 1000;

		if (in[h])
			idmap_remove(&m, h);
		else
			idmap_put(&m, h);
		in[h] = !in[h];
		h = 1 + (uint32_t)(x >> 43) % 1000;
		assert_int_equal(idmap_get(&m, ids[h]), in[h] ? h : 0);
	}
	for (uint32_t h = 1; h <= 1000; h++)
		assert_int_equal(idmap_get(&m, ids[h]), in[h] ? h : 0);
	assert_int_equal(idmap_get(&m, (struct id){ 0, 0 }), 0);
	idmap_free(&m);
	assert_int_equal(idmap_get(&m, ids[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_what_is_in_and_nothing_else) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
