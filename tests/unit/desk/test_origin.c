/* Which pages may act: ours by the host they came from or by the public address, and programs that are no browsers. */
#include "unit/cm.h"

#include "desk/origin.h"

struct row {
	const char *origin, *host;
	bool tls;
	const char *public_url;
	bool allowed;
};
static const struct row rows[] = {
	{ NULL, "desk.test", false, "", true },
	{ "http://desk.test", "desk.test", false, "", true },
	{ "http://desk.test:8080", "desk.test:8080", false, "", true },
	{ "HTTP://DESK.TEST", "desk.test", false, "http://desk.test/x", true },
	{ "https://desk.test", "desk.test", true, "", true },
	{ "https://desk.test", "10.0.0.1:8080", false, "https://desk.test", true },
	{ "https://desk.test", "10.0.0.1:8080", false, "https://desk.test/center", true },
	{ "http://desk.test", "desk.test", true, "", false },
	{ "https://desk.test", "desk.test", false, "", false },
	{ "null", "desk.test", false, "", false },
	{ "", "desk.test", false, "", false },
	{ "http://evil.test", "desk.test", false, "", false },
	{ "http://desk.test.evil.test", "desk.test", false, "http://desk.test", false },
	{ "http://desk.test:81", "desk.test", false, "", false },
	{ "http://", "", false, "", false },
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		bool got = origin_allowed(
			slice_of(r->origin), slice_of(r->host), r->tls, slice_of(r->public_url));
		if (got != r->allowed)
			fail_msg("origin %s, host %s: got %d", r->origin ? r->origin : "(none)",
				r->host, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
