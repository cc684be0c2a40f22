/* Paths are decoded once and never leave the root; parameters and cookies. */
#include "net_test.h"

#include "net/http_target.h"

static void paths(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} cases[] = {
		{ "/", "/", NULL },
		{ "/a/b", "/a/b", NULL },
		{ "/a/b/", "/a/b/", NULL },
		{ "/a?b?c", "/a", "b?c" },
		{ "/a?", "/a", "" },
		{ "//a///b", "/a/b", NULL },
		{ "/a/./b/../c%20d", "/a/c d", NULL },
		{ "/a/..", "/", NULL },
		{ "/a/b/.", "/a/b/", NULL },
		{ "/%2e%2e/", NULL, NULL },
		{ "/..", NULL, NULL },
		{ "/a/../../b", NULL, NULL },
		{ "/a%2f..%2f..%2fb", NULL, NULL },
		{ "/%252e%252e/a", "/%2e%2e/a", NULL },
		{ "/a%2Fb", "/a/b", NULL },
		{ "/a+b", "/a+b", NULL },
		{ "/%c3%a4", "/\xc3\xa4", NULL },
		{ "/%00", NULL, NULL },
		{ "/%0a", NULL, NULL },
		{ "/%7f", NULL, NULL },
		{ "/%", NULL, NULL },
		{ "/%1", NULL, NULL },
		{ "/%1g", NULL, NULL },
		{ "http://h", "/", NULL },
		{ "http://h:1/p/q?x", "/p/q", "x" },
		{ "https://h?x=1", "/", "x=1" },
		{ "*", "/*", NULL },
		{ "zz", NULL, NULL },
		{ "h:/", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str path = { 0 };
		struct slice query;
		/* exactly its bytes, for the sanitizer */
		size_t n = strlen(cases[i].target);
		char *copy = malloc(n);
		memcpy(copy, cases[i].target, n);
		const char *wrong = http_target_split(slice_make(copy, n), &path, &query);
		if (!cases[i].path != !!wrong)
			fail_msg("%s: %s", cases[i].target, wrong ? wrong : "accepted");
		if (!wrong && !slice_is(str_slice(&path), cases[i].path))
			fail_msg("%s gives %s", cases[i].target, path.p);
		if (!wrong && !slice_equal(query, slice_of(cases[i].query)))
			fail_msg("%s: query %.*s", cases[i].target, SLICE_ARG(query));
		str_free(&path);
		free(copy);
	}
}

static void parameters(void **state)
{
	struct slice query = SLICE("a=1&b=x%20y+z&c&d=%zz&a=2&%61b=3&e=");
	struct str s = { 0 };

	(void)state;
	assert_true(slice_is(http_target_parameter(query, SLICE("a"), &s), "1"));
	assert_true(slice_is(http_target_parameter(query, SLICE("b"), &s), "x y z"));
	assert_true(slice_is(http_target_parameter(query, SLICE("ab"), &s), "3"));
	assert_non_null(http_target_parameter(query, SLICE("c"), &s).p);
	assert_non_null(http_target_parameter(query, SLICE("e"), &s).p);
	assert_null(http_target_parameter(query, SLICE("d"), &s).p);
	assert_null(http_target_parameter(query, SLICE("f"), &s).p);
	assert_null(http_target_parameter((struct slice){ 0 }, SLICE("f"), &s).p);
	str_free(&s);
}

static void cookies(void **state)
{
	struct slice c = SLICE("a=1; session=abc=; q=\"quoted\";b=2;novalue");

	(void)state;
	assert_true(slice_is(http_target_cookie(c, SLICE("a")), "1"));
	assert_true(slice_is(http_target_cookie(c, SLICE("session")), "abc="));
	assert_true(slice_is(http_target_cookie(c, SLICE("q")), "quoted"));
	assert_true(slice_is(http_target_cookie(c, SLICE("b")), "2"));
	assert_null(http_target_cookie(c, SLICE("novalue")).p);
	assert_null(http_target_cookie(c, SLICE("ession")).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(parameters),
		cmocka_unit_test(cookies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
