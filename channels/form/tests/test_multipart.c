/*
 * Multipart bodies as browsers and programs send them, cut at every place; and what is refused, with its reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "multipart.h"

#define PART(disposition) "--B\r\nContent-Disposition: form-data; " disposition "\r\n\r\n"

struct seen {
	struct buf all;
};

static void on_begin(void *arg, const struct multipart_part *p)
{
	struct seen *s = arg;

	buf_printf(&s->all, "%.*s(%.*s%s%.*s)=", (int)p->name.n, p->name.p, (int)p->filename.n,
		p->filename.n ? p->filename.p : "", p->is_file ? ":" : "", (int)p->type.n,
		p->type.n ? p->type.p : "");
}
static void on_data(void *arg, struct usher_str piece)
{
	buf_add(&((struct seen *)arg)->all, piece.p, piece.n);
}
static void on_end(void *arg)
{
	buf_text(&((struct seen *)arg)->all, ";");
}
static const struct multipart_ops OPS = { .begin = on_begin, .data = on_data, .end = on_end };

/* NULL, or why it is wrong; `out` gets the parts. */
static const char *parse(const char *body, size_t n, size_t step, struct seen *s)
{
	static const char type[] = "multipart/form-data; boundary=B";
	struct multipart m;

	assert_true(multipart_open(&m, (struct usher_str){ type, sizeof(type) - 1 }, &OPS, s));
	for (size_t at = 0; at < n; at += step)
		if (!multipart_feed(
			    &m, (struct usher_str){ body + at, n - at < step ? n - at : step }))
			break;
	int ok = multipart_finish(&m);
	multipart_close(&m);
	return ok ? NULL : m.why;
}

static const struct good {
	const char *body, *parts;
} goods[] = {
	{ PART("name=\"a\"") "one\r\n--B--\r\n", "a()=one;" },
	{ "preamble\r\n" PART("name=a") "one\r\n" PART("name=\"b\"") "two\r\n--B--\r\nepilogue",
		"a()=one;b()=two;" },
	{ PART("name=\"a\"") "\r\n--B--", "a()=;" },
	{ "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--B--", "a()=;" },
	{ PART("name=\"a\"") "\r\n\r\nx\r\n\r\n--B--", "a()=\r\n\r\nx\r\n;" },
	{ PART("name=\"a\"") "--Bx\r\n--B-\r\n\r\n-B\r\n--B--", "a()=--Bx\r\n--B-\r\n\r\n-B;" },
	{ PART("name=\"a\"") "x\r\n--B \t\r\nContent-Disposition: form-data; "
			     "name=b\r\n\r\ny\r\n--B--",
		"a()=x;b()=y;" },
	{ PART("name=\"f\"; filename=\"\"") "\r\n--B--", "f(:)=;" },
	{ "--B\r\ncontent-type: image/png\r\nCONTENT-DISPOSITION: form-data; name=f; "
	  "filename=\"C:\\dir\\a b.png\"\r\n\r\n\x89PNG\r\n--B--",
		"f(a b.png:image/png)=\x89PNG;" },
	{ PART("name=\"f\"; filename=\"a%22b%0D%0Ac%41.txt\"") "\r\n--B--", "f(a\"bc%41.txt:)=;" },
	{ PART("name=\"f\"; filename=\"a\\\"b.txt\"") "\r\n--B--", "f(a\"b.txt:)=;" },
	{ PART("name=f; filename=plain.txt; filename*=UTF-8''%D1%81%2F..%2F%D1%87.pdf") "\r\n--B--",
		"f(\xd1\x87.pdf:)=;" },
	{ PART("name=f; filename*=iso-8859-1'en'%A3.txt") "\r\n--B--", "f(\xc2\xa3.txt:)=;" },
	{ PART("name=f; filename*=broken; filename=\"good.txt\"") "\r\n--B--", "f(good.txt:)=;" },
	{ "--B--", "" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		size_t n = strlen(goods[i].body);
		for (size_t step = 1; step <= n; step++) {
			struct seen s = { { 0 } };
			const char *why = parse(goods[i].body, n, step, &s);
			if (why || strcmp(s.all.n ? s.all.p : "", goods[i].parts) != 0)
				fail_msg("case %zu in pieces of %zu: %s: %s", i, step,
					why ? why : "", s.all.n ? s.all.p : "");
			buf_free(&s.all);
		}
	}
}

static const struct bad {
	const char *body, *why;
} bads[] = {
	{ "", "it ends before its last boundary" },
	{ "no boundary at all", "it ends before its last boundary" },
	{ PART("name=a") "x\r\n--B", "it ends before its last boundary" },
	{ "--B\r\n\r\nx\r\n--B--", "a part lacks Content-Disposition: form-data with a name" },
	{ "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "a part lacks "
								     "Content-Disposition: "
								     "form-data with a name" },
	{ "--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--", "a part lacks "
									      "Content-Disposition:"
									      " form-data with a "
									      "name" },
	{ "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
	  "name=b\r\n\r\nx\r\n--B--",
		"a part has two Content-Dispositions" },
	{ "--B\r\nContent-Disposition: form-data; name=a\r\n folded\r\n\r\nx\r\n--B--", "a header "
											"line of a "
											"part is "
											"malforme"
											"d" },
	{ "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: Multipart/mixed; "
	  "boundary=c\r\n\r\nx\r\n--B--",
		"a part is itself multipart, which forms do not send" },
	{ "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
	  "base64\r\n\r\nx\r\n--B--",
		"a part has a Content-Transfer-Encoding, which forms do not send" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++)
		for (size_t step = 1; step < 4; step++) {
			struct seen s = { { 0 } };
			const char *why = parse(bads[i].body, strlen(bads[i].body), step, &s);
			if (!why || strcmp(why, bads[i].why) != 0)
				fail_msg("case %zu: %s", i, why ? why : "was taken");
			buf_free(&s.all);
		}
}

static void test_limits(void **state)
{
	struct buf b = { 0 };
	struct seen s = { { 0 } };

	(void)state;
	buf_text(&b, "--B\r\nX: ");
	for (int i = 0; i < MULTIPART_HEADER_MAX; i++)
		buf_text(&b, "y");
	assert_string_equal(parse(b.p, b.n, 100, &s), "a part's header is too long");
	b.n = 0;
	for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
		buf_text(&b, PART("name=a") "x\r\n");
	buf_text(&b, "--B--");
	assert_string_equal(parse(b.p, b.n, b.n, &s), "there are too many parts");
	buf_free(&b);
	buf_free(&s.all);
}

static void test_content_type(void **state)
{
	static const struct {
		const char *type;
		int ok;
	} cases[] = {
		{ "multipart/form-data; boundary=abc", 1 },
		{ "Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"", 1 },
		{ "multipart/form-data", 0 },
		{ "multipart/form-data; boundary=", 0 },
		{ "multipart/form-data; boundary=\"open", 0 },
		{ "multipart/form-data; "
		  "boundary="
		  "1234567890123456789012345678901234567890123456789012345678901234567890x",
			0 },
		{ "multipart/mixed; boundary=abc", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct multipart m;
		int ok = multipart_open(
			&m, (struct usher_str){ cases[i].type, strlen(cases[i].type) }, &OPS, NULL);
		if (ok != cases[i].ok)
			fail_msg("%s: %d", cases[i].type, ok);
		multipart_close(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_content_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
