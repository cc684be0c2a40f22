/*
 * The command line becomes one request, or one reason.
 */
#include "unit/cm.h"

#include "ctl/words.h"

static const char *refuse(int argc, char **argv)
{
	static struct err err;
	struct words w;

	err = (struct err){ 0 };
	assert_true(words_parse(argc, argv, &w, &err) < 0);
	words_free(&w);
	return err.text;
}

static void test_request(void **state)
{
	char *argv[] = { "usherctl", "--socket", "/s", "user", "add", "bo", "--role", "agent",
		"--skill", "ru=80", "--skill", "en=5", "--json", "--password-stdin" };
	struct words w;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(words_parse(14, argv, &w, &err), 0);
	char *text = json_dumps(w.request, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"args\":[\"add\",\"bo\"],\"options\":{\"role\":\"agent\","
				  "\"skill\":[\"ru=80\","
				  "\"en=5\"]},\"verb\":\"user\"}");
	free(text);
	assert_string_equal(w.socket, "/s");
	assert_true(w.json && w.password_stdin);
	words_free(&w);
}

static void test_refused(void **state)
{
	(void)state;
	assert_string_equal(refuse(2, (char *[]){ "u", "frob" }), "there is no verb 'frob'");
	assert_string_equal(refuse(1, (char *[]){ "u" }), "which verb?");
	assert_string_equal(refuse(2, (char *[]){ "u", "conv" }), "usage: usherctl conv ID");
	assert_string_equal(refuse(4, (char *[]){ "u", "conv", "a", "b" }), "usage: usherctl conv "
									    "ID");
	assert_string_equal(refuse(3, (char *[]){ "u", "status", "--frob" }), "there is no option "
									      "--frob");
	assert_string_equal(refuse(3, (char *[]){ "u", "status", "--role" }), "--role wants a "
									      "value (UTF-8)");
	assert_string_equal(refuse(3, (char *[]){ "u", "conv", "\xff" }), "an argument is not "
									  "UTF-8");
}

static void test_socket_of_the_environment(void **state)
{
	struct words w;
	struct err err = { 0 };

	(void)state;
	unsetenv("USHER_SOCKET");
	assert_int_equal(words_parse(2, (char *[]){ "u", "status" }, &w, &err), 0);
	assert_string_equal(w.socket, "./data/usherctl.sock");
	words_free(&w);
	setenv("USHER_SOCKET", "/e", 1);
	assert_int_equal(words_parse(2, (char *[]){ "u", "status" }, &w, &err), 0);
	assert_string_equal(w.socket, "/e");
	words_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_socket_of_the_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
