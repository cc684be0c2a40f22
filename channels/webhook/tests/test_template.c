/* Templates and paths. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>

#include "template.h"
#include "webhook.h"

static void filled(const char *template, const char *want)
{
	json_t *root = json_loads("{\"a\":{\"b\":[1,{\"c\":\"x "
				  "y\"}]},\"t\":true,\"n\":null,\"f\":2.5,"
				  "\"q\":\"say \\\"hi\\\" {a}\"}",
		0, NULL);
	struct scope s = { root, json_object_get(root, "a") };
	struct buf out = { 0 };

	template_fill(&out, template, &s, false);
	assert_string_equal(out.p ? out.p : "", want);
	buf_free(&out);
	json_decref(root);
}

static void test_places(void **state)
{
	(void)state;
	filled("plain", "plain");
	filled("{b.0}-{b.1.c}", "1-x y");
	filled("{$.t} {$.f}", "true 2.5");
	filled("id {b.0} {nothing}", "id 1 ");
	filled("id {nothing}", "");
	filled("{$.n}{b}{b.2}{b.x}{b.-1}{..}{.}", "");
	filled("{{b.0}", "{b.0}");
	/* what is filled in is no template */
	filled("{$.q}", "say \"hi\" {a}");
}

static void test_wrong_ones(void **state)
{
	(void)state;
	assert_true(template_is_good("{a} {{ }"));
	assert_false(template_is_good("{a"));
	assert_false(template_is_good("{}"));
}

static void test_json_stays_json(void **state)
{
	json_t *document = json_loads("{\"text\":\"{q}\",\"n\":1,\"l\":[\"{q}\"]}", 0, NULL);
	json_t *values = json_loads("{\"q\":\"\\\",\\\"admin\\\":\\\"yes\"}", 0, NULL);
	struct scope s = { values, values };
	json_t *out = template_json(document, &s);
	char *text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);

	(void)state;
	assert_string_equal(text, "{\"l\":[\"\\\",\\\"admin\\\":\\\"yes\"],\"n\":1,"
				  "\"text\":\"\\\",\\\"admin\\\":\\\"yes\"}");
	free(text);
	json_decref(out);
	json_decref(values);
	json_decref(document);
}

static void test_url_is_encoded(void **state)
{
	json_t *values = json_loads("{\"t\":\"../a b/?x=\\u00e9\"}", 0, NULL);
	struct scope s = { values, values };
	struct buf out = { 0 };

	(void)state;
	template_fill(&out, "https://x.test/{t}", &s, true);
	assert_string_equal(out.p, "https://x.test/..%2Fa%20b%2F%3Fx%3D%C3%A9");
	buf_free(&out);
	json_decref(values);
}

static void test_what_climbs(void **state)
{
	(void)state;
	assert_true(url_climbs("https://x.test/bot/../send"));
	assert_true(url_climbs("https://x.test/bot/./send"));
	assert_true(url_climbs("https://x.test/.."));
	assert_true(url_climbs("https://x.test/..?a=/b"));
	assert_false(url_climbs("https://x.test/bot/.../send"));
	assert_false(url_climbs("https://x.test/bot/.x/a..b/..%2Fc?d=/../e"));
	assert_false(url_climbs("https://x.test"));
	assert_false(url_climbs("https://..x.test?/.."));
}

static void test_forms(void **state)
{
	json_t *form = form_decode(str_of("a=1+2&b=%D0%B9%25&c&&d=%zz&a=3"));

	(void)state;
	assert_string_equal(json_string_value(json_object_get(form, "a")), "3");
	assert_string_equal(json_string_value(json_object_get(form, "b")), "й%");
	assert_string_equal(json_string_value(json_object_get(form, "c")), "");
	assert_string_equal(json_string_value(json_object_get(form, "d")), "%zz");
	json_decref(form);
	assert_null(form_decode(str_of("a=%ff")));
	assert_null(form_decode(str_of("=x")));
	assert_null(form_decode(str_of("a%00b=x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_wrong_ones),
		cmocka_unit_test(test_json_stays_json),
		cmocka_unit_test(test_url_is_encoded),
		cmocka_unit_test(test_what_climbs),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
