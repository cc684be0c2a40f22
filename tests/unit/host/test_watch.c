/*
 * Calls into plugins: one from inside another is told and borne, whoever's fault it is; another channel's is none.
 */
#include "unit/cm.h"

#include "host/inside.h"

static struct plugin plugin = { .name = "p" };

static void test_nested(void **state)
{
	struct host host = { .thread = pthread_self() };
	struct usher_host a = { .host = &host, .plugin = &plugin, .name = "a" };
	struct usher_host b = { .host = &host, .plugin = &plugin, .name = "b" };
	(void)state;
	uint64_t outer = call_begin(&a, "send");
	uint64_t other = call_begin(&b, "ack");
	assert_int_equal(a.count.wrong + b.count.wrong, 0);
	uint64_t inner = call_begin(&a, "ack");
	assert_int_equal(a.count.wrong, 1);
	call_end(&a, inner);
	call_end(&b, other);
	assert_int_equal(host.call_depth, 1);
	assert_string_equal(host.calls[0].what, "send");
	call_end(&a, outer);
	assert_int_equal(host.call_depth, 0);
	assert_int_equal(b.count.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nested) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
