/*
 * Options by a plugin's table: every mistake is told with its place and what was expected; defaults are filled in.
 */
#include "unit/cm.h"

#include "host/options.h"

static const struct usher_option table[] = {
	{ .key = "listen", .fallback = NULL, .help = "where to listen" },
	{ .key = "size", .type = USHER_NUMBER, .fallback = "10", .least = 1, .most = 100 },
	{ .key = "tls", .type = USHER_BOOL, .fallback = "no" },
	{ .key = "mode", .type = USHER_CHOICE, .fallback = "lmtp", .choices = "lmtp|smtp" },
	{ .key = "origins.*", .fallback = "" },
	{ .key = "fields.*.name", .fallback = NULL, .least = 1, .most = 8, .help = "its name" },
	{ .key = "fields.*.type",
		.type = USHER_CHOICE,
		.fallback = "text",
		.choices = "text|long" },
	{ 0 },
};

static void tell(void *arg, unsigned line, unsigned col, const char *message)
{
	str_addf(arg, "%u:%u %s\n", line, col, message);
}

/* `given`: "name=value" words; the first stands on line 1. Returns what was said. */
static struct options read_options(const char *given, struct str *said)
{
	struct options o = { .values = { .entries = NULL } };
	struct option list[16];
	size_t count = 0;

	for (struct slice rest = slice_of(given); rest.p && rest.n; count++) {
		struct slice value = slice_cut(&rest, ' ');
		struct slice name = slice_cut(&value, '=');
		list[count] = (struct option){
			.name = name, .value = value, .line = (unsigned)count + 1, .col = 3
		};
	}
	str_clear(said);
	str_add(said, SLICE(""));
	options_read(&o, table, list, count, 99, tell, said);
	return o;
}

static void test_defaults(void **state)
{
	struct str said = { 0 };
	struct options o = read_options("listen=x fields.0.name=a fields.2.name=b "
					"fields.2.type=long "
					"origins.0=o tls=true",
		&said);

	(void)state;
	assert_string_equal(said.p, "");
	assert_slice_is(options_get(&o, "size"), "10");
	assert_slice_is(options_get(&o, "mode"), "lmtp");
	assert_slice_is(options_get(&o, "tls"), "yes");
	assert_slice_is(options_get(&o, "origins.0"), "o");
	assert_slice_is(options_get(&o, "fields.0.type"), "text");
	assert_slice_is(options_get(&o, "fields.2.type"), "long");
	assert_null(options_get(&o, "fields.1.name").p);
	assert_null(options_get(&o, "origins.1").p);
	options_free(&o);
	str_free(&said);
}

static const struct {
	const char *given, *says;
} bads[] = {
	{ "", "99:0 option \"listen\" is missing: where to listen\n" },
	{ "listen=x sise=4", "2:3 unknown option \"sise\", did you mean \"size\"?\n" },
	{ "listen=x quite-other=4", "2:3 unknown option \"quite-other\"; there are: listen, size, "
				    "tls, mode, origins.*, fields.*.name, fields.*.type\n" },
	{ "listen=x size=many", "2:3 size: \"many\" is not a whole number\n" },
	{ "listen=x size=0", "2:3 size: 0 is not within 1..100\n" },
	{ "listen=x tls=maybe", "2:3 tls: \"maybe\" is neither yes nor no\n" },
	{ "listen=x mode=pop", "2:3 mode: \"pop\" is none of lmtp|smtp\n" },
	{ "listen=x fields.0.type=long", "2:3 option \"fields.0.name\" is missing: its name\n" },
	{ "listen=x fields.0.name=123456789", "2:3 fields.0.name: 9 bytes, at most 8 are taken\n" },
	{ "listen=x fields.x.name=a fields.x.type=b", "2:3 option \"fields\" is a list, each item "
						      "with name, type\n" },
	{ "listen=x fields.12=a", "2:3 option \"fields.12\" is a group with name, type\n" },
	{ "listen=x fields=a", "2:3 option \"fields\" is a list, each item with name, type\n" },
	{ "listen=x origins=a", "2:3 option \"origins\" is a list: [one, two]\n" },
	{ "listen.0=x listen.1=y", "1:3 option \"listen\" is one value, not a list or a group: "
				   "where to listen\n99:0 option \"listen\" is missing: where to "
				   "listen\n" },
	{ "listen=x fields.0.name=a fields.0.type.x=b", "3:3 option \"fields.0.type\" is one "
							"value, not a list or a group: a text\n" },
	{ "listen=x orgins.0=a", "2:3 unknown option \"orgins.0\", did you mean \"origins.*\"?\n" },
	{ "size=-5 tls=1", "1:3 size: -5 is not within 1..100\n2:3 tls: \"1\" is neither yes nor "
			   "no\n"
			   "99:0 option \"listen\" is missing: where to listen\n" },
};

static void test_bad(void **state)
{
	struct str said = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct options o = read_options(bads[i].given, &said);
		if (bads[i].says)
			assert_string_equal(said.p, bads[i].says);
		else
			assert_true(said.n > 0);
		options_free(&o);
	}
	str_free(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
