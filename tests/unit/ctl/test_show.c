/*
 * Tables line up, and what a stranger wrote cannot steer the terminal.
 */
#include "unit/cm.h"

#include "ctl/show.h"

static void test_text_is_harmless(void **state)
{
	struct str out = { 0 };

	(void)state;
	show_text(&out, SLICE("a\x1b[31mb\r\nc\xc2\x9b\xff\xe2\x80\xae Привет\t"), false);
	assert_string_equal(out.p, "a?[31mb??c??? Привет?");
	str_clear(&out);
	show_text(&out, SLICE("a\nb\r\t"), true);
	assert_string_equal(out.p, "a\nb?\t");
	str_free(&out);
}

static void test_queue(void **state)
{
	static const char json[] = "{\"waiting\":2,\"conversations\":["
				   "{\"position\":1,\"id\":\"A\",\"queue\":\"cards\",\"segment\":"
				   "\"premier\",\"channel\":"
				   "\"support\",\"state\":\"waiting\",\"arrived_ms\":1000,"
				   "\"stage\":0,\"skills\":{\"ru\":"
				   "50}},"
				   "{\"position\":10,\"id\":\"B\",\"queue\":\"q\",\"segment\":"
				   "\"mass\",\"channel\":\"c\","
				   "\"state\":\"offered\",\"arrived_ms\":4000000,\"stage\":1,"
				   "\"skills\":{}}]}";
	json_t *r = json_loads(json, 0, NULL);
	struct str out = { 0 };

	(void)state;
	show_result("queue", r, 4006000, &out);
	assert_string_equal(out.p, "POS  CONVERSATION  QUEUE  SEGMENT  CHANNEL  STATE    WAITED   "
				   "STAGE  SKILLS\n"
				   "1    A             cards  premier  support  waiting  1:06:45  "
				   "0      ru=50\n"
				   "10   B             q      mass     c        offered  0:06     "
				   "1      -\n"
				   "waiting: 2\n");
	str_free(&out);
	json_decref(r);
}

static void test_anything(void **state)
{
	json_t *r = json_loads(
		"{\"a\":1,\"b\":{\"c\":null,\"d\":[1,2]},\"e\":[{\"f\":true}]}", 0, NULL);
	struct str out = { 0 };

	(void)state;
	show_result("explain", r, 0, &out);
	assert_string_equal(out.p, "a: 1\nb:\n  c: -\n  d: 1 2\ne:\n  - f=yes\n");
	str_free(&out);
	json_decref(r);
}

/* A message that is only a file is not an empty one. */
static void test_conversation(void **state)
{
	json_t *r = json_loads("{\"id\":\"C1\",\"messages\":[{\"seq\":1,\"text\":\"\",\"parts\":["
			       "{\"name\":\"bill\\u001b.pdf\",\"type\":\"x/y\",\"size\":11}]},"
			       "{\"seq\":2,\"at_ms\":0,\"direction\":\"out\",\"channel\":\"hook\","
			       "\"delivery\":\"queued\",\"text\":\"\",\"why\":\"HTTP 503\","
			       "\"again_ms\":60000}]}",
		0, NULL);
	struct str out = { 0 };

	(void)state;
	show_result("conv", r, 0, &out);
	assert_non_null(strstr(out.p, "\nfile: bill?.pdf, bytes: 11\n"));
	assert_non_null(strstr(out.p, "out hook - queued: HTTP 503; next attempt "));
	str_free(&out);
	json_decref(r);
}

static void test_merges_of_a_customer(void **state)
{
	json_t *r = json_loads("{\"id\":\"A\",\"links\":[{\"what\":\"merged\",\"at_ms\":4000000,"
			       "\"customer\":\"B\",\"into\":\"A\",\"agent\":\"bo\",\"why\":\"\"}]}",
		0, NULL);
	struct str out = { 0 };

	(void)state;
	show_result("customer", r, 4006000, &out);
	assert_non_null(strstr(out.p, "\nmerged  0:06  B "));
	str_free(&out);
	json_decref(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_harmless),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_merges_of_a_customer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
