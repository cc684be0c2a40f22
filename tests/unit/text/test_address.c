#include "unit/cm.h"

#include "text/address.h"

static void normalizes(void **state)
{
	static const char *const cases[][2] = {
		{ "Ann@Example.ORG", "ann@example.org" },
		{ "  <Support+Token.1@demo.test> ", "support+token.1@demo.test" },
		{ "иван@почта.рф", "иван@почта.рф" },
		{ "\"john doe\"@example.com", "\"john doe\"@example.com" },
		{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
		{ "x@xn--80a1acny.xn--p1ai", "x@xn--80a1acny.xn--p1ai" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str out = { 0 };
		assert_true(address_normalize(&out, slice_of(cases[i][0])));
		assert_slice_is(str_slice(&out), cases[i][1]);
		str_free(&out);
	}
}

static void refuses(void **state)
{
	static const char *const cases[] = { "", "ann", "@example.org", "ann@", "a b@example.org",
		"a..b@example.org", ".a@example.org", "a@-x.org", "a@x..org", "a@x.org\r\nBcc: y@z",
		"a@b@c.org@", "a\n@b.org", "a@[300", "<a@b.org", "\"a@b.org", "a\xff@b.org",
		("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@"
		 "example."
		 "org") };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str out = { 0 };
		assert_false(address_normalize(&out, slice_of(cases[i])));
		assert_int_equal(out.n, 0);
	}
}

static void finds_the_domain(void **state)
{
	(void)state;
	assert_slice_is(address_domain(SLICE("\"a@b\"@c.org")), "c.org");
	assert_slice_is(address_domain(SLICE("nobody")), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(normalizes), cmocka_unit_test(refuses),
		cmocka_unit_test(finds_the_domain) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
