#include "unit/cm.h"

#include <stdio.h>

#include "base/map.h"
#include "base/siphash.h"

static struct slice key_of(char buf[16], int i)
{
	int n = snprintf(buf, 16, "k%d", i);

	return slice_make(buf, (size_t)n);
}

/* CPython 3.11 hashes bytes by SipHash-1-3; these are its values with a key of zeros. */
static void hashes_as_python_does(void **state)
{
	const uint8_t zero[16] = { 0 };
	char count[64];

	(void)state;
	for (int i = 0; i < 64; i++)
		count[i] = (char)i;
	assert_true(siphash(zero, SLICE("a")) == 0x407448d2b89b1813u);
	assert_true(siphash(zero, SLICE("abcdefg")) == 0x6db12aae9070f506u);
	assert_true(siphash(zero, SLICE("abcdefgh")) == 0x3f7b849c0b8e35eau);
	assert_true(siphash(zero, SLICE("hello, world of hashes")) == 0x7b356090152de589u);
	assert_true(siphash(zero, slice_make(count, 64)) == 0x75e05fd5bbc870c6u);
}

static void keeps_the_order_of_insertion(void **state)
{
	struct map m = { 0 };
	struct map_entry e;
	char buf[16];
	static int values[1000];

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_null(map_put(&m, key_of(buf, i), &values[i]));
	for (int i = 0; i < 1000; i += 2)
		assert_ptr_equal(map_remove(&m, key_of(buf, i)), &values[i]);
	assert_null(map_remove(&m, key_of(buf, 0)));
	assert_null(map_put(&m, key_of(buf, 0), &values[0])); /* goes to the end */
	assert_ptr_equal(map_put(&m, key_of(buf, 1), &values[999]), &values[1]);
	assert_int_equal(m.count, 501);

	size_t i = 0;
	int seen = 0;
	for (; map_next(&m, &i, &e); seen++)
		assert_slice_is(e.key, key_of(buf, seen < 500 ? 2 * seen + 1 : 0).p);
	assert_int_equal(seen, 501);
	assert_ptr_equal(map_get(&m, key_of(buf, 1)), &values[999]);
	assert_null(map_get(&m, key_of(buf, 2)));
	map_free(&m);
	assert_null(map_get(&m, key_of(buf, 1)));
}

static void removes_while_it_iterates(void **state)
{
	struct map m = { 0 };
	struct map_entry e;
	char buf[16];
	int value, seen = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		map_put(&m, key_of(buf, i), &value);
	for (size_t i = 0; map_next(&m, &i, &e); seen++)
		assert_ptr_equal(map_remove(&m, e.key), &value);
	assert_int_equal(seen, 100);
	assert_int_equal(m.count, 0);
	map_free(&m);
}

/* Coming and going for ever must not grow the map. */
static void does_not_grow_by_churn(void **state)
{
	struct map m = { 0 };
	char buf[16];
	int value;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		map_put(&m, key_of(buf, i), &value);
		if (i >= 10)
			assert_ptr_equal(map_remove(&m, key_of(buf, i - 10)), &value);
	}
	assert_int_equal(m.count, 10);
	assert_true(m.cap <= 64);
	map_free(&m);
}

static void has_empty_and_binary_keys(void **state)
{
	struct map m = { 0 };
	int a, b, c;

	(void)state;
	map_put(&m, (struct slice){ 0 }, &a);
	map_put(&m, slice_make("\0", 1), &b);
	map_put(&m, slice_make("\0\0", 2), &c);
	assert_ptr_equal(map_get(&m, SLICE("")), &a);
	assert_ptr_equal(map_get(&m, slice_make("\0", 1)), &b);
	assert_ptr_equal(map_get(&m, slice_make("\0\0", 2)), &c);
	/* What is left of a removed entry is not the empty key. */
	assert_ptr_equal(map_remove(&m, SLICE("")), &a);
	assert_null(map_get(&m, SLICE("")));
	assert_null(map_remove(&m, SLICE("")));
	assert_int_equal(m.count, 2);
	assert_null(map_put(&m, SLICE(""), &c));
	assert_int_equal(m.count, 3);
	map_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_python_does),
		cmocka_unit_test(keeps_the_order_of_insertion),
		cmocka_unit_test(removes_while_it_iterates),
		cmocka_unit_test(does_not_grow_by_churn),
		cmocka_unit_test(has_empty_and_binary_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
