#include "unit/cm.h"

#include "text/template.h"

static struct template_values known(void)
{
	struct template_values v = { 0 };

	v.text[TEMPLATE_CUSTOMER_NAME] = SLICE("Анна");
	v.text[TEMPLATE_CASE] = SLICE("01ABC");
	v.time_us[TEMPLATE_DATE] = UINT64_C(1709164800000000); /* 2024-02-29 */
	return v;
}

static void fills_what_is_known(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "no places", "no places" },
		{ "{{case}}", "01ABC" },
		{ "a {{ customer.name }}, {{case}}!", "a Анна, 01ABC!" },
		{ "{{date}}", "2024-02-29" },
		{ "{{agent.name|we}}", "we" },
		{ "{{customer.name|client}}", "Анна" },
		{ "{{subject|}}.", "." },
		{ "{{other}} and {{", "{{other}} and {{" }, /* an agent may write such things */
		{ "}}{{case}}{{}}", "}}01ABC{{}}" },
	};
	struct template_values v = known();
	struct slice missing;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str out = { 0 };
		assert_true(template_fill(&out, slice_of(cases[i][0]), &v, &missing));
		assert_slice_is(str_slice(&out), cases[i][1]);
		str_free(&out);
	}
}

static void stops_at_what_is_not(void **state)
{
	struct template_values v = known();
	struct slice missing = { 0 };
	struct str out = { 0 };

	(void)state;
	assert_false(template_fill(&out, SLICE("{{case}} {{agent.name}}"), &v, &missing));
	assert_slice_is(missing, "agent.name");
	str_free(&out);
	v.time_us[TEMPLATE_DATE] = 0;
	assert_false(template_fill(&out, SLICE("{{date}}"), &v, &missing));
	assert_slice_is(missing, "date");
	str_free(&out);
}

static void an_operator_hears_of_mistakes(void **state)
{
	struct str why = { 0 };

	(void)state;
	assert_true(template_check(SLICE("{{dear}} {{agent.name}}"), false, &why));
	assert_int_equal(why.n, 0);
	assert_false(template_check(SLICE("{{custmer.name}}"), false, &why));
	assert_non_null(strstr(why.p, "customer.name"));
	str_clear(&why);
	assert_false(template_check(SLICE("{{subject}}"), true, &why));
	assert_non_null(strstr(why.p, "not for automatic answers"));
	str_free(&why);
}

static void addresses_people_in_their_language(void **state)
{
	struct str out = { 0 };

	(void)state;
	template_dear(&out, SLICE("Анна"), SLICE("ru"));
	template_dear(&out, SLICE(""), SLICE("lang:ru"));
	template_dear(&out, SLICE("Ann"), SLICE("de"));
	assert_slice_is(str_slice(&out), "Здравствуйте, АннаЗдравствуйтеHello Ann");
	str_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_what_is_known),
		cmocka_unit_test(stops_at_what_is_not),
		cmocka_unit_test(an_operator_hears_of_mistakes),
		cmocka_unit_test(addresses_people_in_their_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
