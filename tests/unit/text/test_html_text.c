#include "unit/cm.h"

#include "text/html_text.h"

struct example {
	const char *html, *text;
};

static void check(const struct example *e, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str out = { 0 };
		html_to_text(&out, slice_of(e[i].html), 10000);
		str_add_text(&out, "");
		if (!slice_is(str_slice(&out), e[i].text))
			print_error("from: %s\n", e[i].html);
		assert_slice_is(str_slice(&out), e[i].text);
		str_free(&out);
	}
}

#define CHECK(list) check(list, sizeof(list) / sizeof(list[0]))

static void keeps_paragraphs_and_lines(void **state)
{
	static const struct example cases[] = {
		{ "<p>Hello,</p><p>my card\n  does   not work</p>", "Hello,\n\nmy card does not "
								    "work" },
		{ "<div>one</div><div><br></div><div>two</div>", "one\n\ntwo" },
		{ "<div><div><div>deep</div></div></div>x", "deep\nx" },
		{ "a<br>b<br/>c<br><br>d", "a\nb\nc\n\nd" },
		{ "<p class=MsoNormal>Первая</p><p class=MsoNormal>Вторая</p>", "Первая\nВторая" },
		{ "<p style=\"margin: 0 0 0 0\">a</p><p style=\"margin: 0\">b</p>", "a\nb" },
		{ "<h1>Title</h1>text<hr>end", "Title\n\ntext\n----------\nend" },
		{ "<pre>if (x)\n    y();</pre>", "if (x)\n    y();" },
		{ "no <b>mark</b><i>up</i> at all", "no markup at all" },
		{ "", "" },
		{ "<html><head><title>T</title></head><body></body></html>", "" },
	};

	(void)state;
	CHECK(cases);
}

static void keeps_lists_tables_and_quotations(void **state)
{
	static const struct example cases[] = {
		{ "<ul><li>milk</li><li>eggs<ul><li>brown</ul></ul>done", "- milk\n- eggs\n  - "
									  "brown\n\ndone" },
		{ "<ol start=3><li>c<li><p>d</p></ol>", "3. c\n4. d" },
		{ "<table><tr><th>Товар</th><th>Цена</th></tr><tr><td>Чай</"
		  "td><td>100&nbsp;₽</"
		  "td></tr></table>",
			"Товар | Цена\nЧай | 100 ₽" },
		{ "<table><tr><td><p>a</p></td>\n <td><p class=x>b</p></td></tr></table>after",
			"a | b\nafter" },
		{ "<table><tr><td></td><td>only</td><td> </td></tr></table>", "only" },
		{ "<table><tr><td><p>one</p><p>two</p></td><td>side</td></tr></table>", "one\n\ntwo"
											"\nside" },
		{ "new<blockquote>old<blockquote>older</blockquote></blockquote>new again", "new\n>"
											    " old\n"
											    "> > "
											    "older"
											    "\nnew "
											    "agai"
											    "n" },
		{ "<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> \n> b" },
	};

	(void)state;
	CHECK(cases);
}

static void keeps_links(void **state)
{
	static const struct example cases[] = {
		{ "<a href=\"https://x.test/a?b=1&amp;c=2\">here</a>!", "here "
									"(https://x.test/"
									"a?b=1&c=2)!" },
		{ "<a href='https://x.test/'>https://x.test/</a>", "https://x.test/" },
		{ "<a href='https://x.test/'>x.test</a>", "x.test" },
		{ "<a href=mailto:ann@x.test>ann@x.test</a>", "ann@x.test" },
		{ "<a href=mailto:ann@x.test>Ann</a>", "Ann (ann@x.test)" },
		{ "<a href='javascript:alert(1)'>click</a>", "click" },
		{ "<a href='https://x.test'><img src=a.png></a>", "" },
		{ "<img alt='Logo &lt;1>' src='https://track.test/1.gif'><img src=x width=1>",
			"[Logo <1>]" },
	};

	(void)state;
	CHECK(cases);
}

static void drops_what_is_not_for_reading(void **state)
{
	static const struct example cases[] = {
		{ "<style>p { color: red }</style>a<script>if (a < b) \"</p>\"</script>b", "ab" },
		{ "a<!-- <p>not shown</p> -->b<!--[if mso]>x<![endif]-->c", "abc" },
		{ "<!DOCTYPE html><?xml version=1?><o:p>&nbsp;</o:p>x", "x" },
		{ "<SCRIPT>x</sCript >y", "y" },
		{ "<img title=\"a > b\" onerror='>'>z", "z" },
	};

	(void)state;
	CHECK(cases);
}

static void reads_references(void **state)
{
	static const struct example cases[] = {
		{ "&lt;b&gt; &amp;amp; &quot;&apos; &copy; &laquo;&raquo; &mdash; &euro;", "<b> "
											   "&amp; "
											   "\"' © "
											   "«» — "
											   "€" },
		{ "&#1055;&#x440;&#X438;вет &#150; &#0; &#1114112;", "При"
								     "вет – \xef\xbf\xbd "
								     "\xef\xbf\xbd" },
		{ "AT&T &unknown; & &copy 2025 ?a=1&section=2", "AT&T &unknown; & © 2025 "
								"?a=1&section=2" },
		{ "a&nbsp;&nbsp;b\xc2\xa0\xc2\xa0"
		  "c",
			"a b c" },
	};

	(void)state;
	CHECK(cases);
}

static void survives_what_is_no_html(void **state)
{
	static const struct example cases[] = {
		{ "1 < 2 and 3 > 2 <", "1 < 2 and 3 > 2 <" },
		{ "<", "<" },
		{ "</", "</" },
		{ "</p", "" },
		{ "a<b", "a" },
		{ "x<a href=\"never closed", "x" },
		{ "x<!-- never closed", "x" },
		{ "x<script>never closed", "x" },
		{ "</ul></blockquote></pre></a></td>x", "x" },
		{ "&", "&" },
		{ "&#", "&#" },
		{ "&#x", "&#x" },
	};

	(void)state;
	CHECK(cases);
}

/* What no program shows; but a tag that nobody closes must not hide the mail. */
static void leaves_out_what_is_hidden(void **state)
{
	static const struct example cases[] = {
		{ "<div style=\"display:none;max-height:0\">Only today</div><p>Hello</p>", "Hell"
											   "o" },
		{ "a<span style='color:red; DISPLAY : none !important'>x<span>y</span>z</span>b",
			"ab" },
		{ "a<p hidden>x</p>b", "ab" },
		{ "a<td style=\"mso-hide:all\">x</td>b", "ab" },
		{ "a<i style=\"visibility:hidden\">x</i>b", "ab" },
		{ "<div style=\"display:none\">never closed<p>Hello", "never closed\n\nHello" },
		{ "<div style=\"display:none\"><!-- </div> -->x</div>Hello", "Hello" },
		{ "a<br style=\"display:none\">b</br>c", "a\nb\nc" },
		{ "<body hidden>Hello</body>", "Hello" },
		{ "<p style=\"display:block;nodisplay:none\">Hello</p>", "Hello" },
	};
	struct str html = { 0 }, out = { 0 };

	(void)state;
	CHECK(cases);
	for (int i = 0; i < 20000; i++) /* ctest's time limit is the judge of what is quadratic */
		str_add_text(&html, "<div style=\"display:none\"><b hidden>");
	html_to_text(&out, str_slice(&html), 1000);
	str_free(&html);
	str_free(&out);
}

static void stays_in_its_bounds(void **state)
{
	struct str html = { 0 }, out = { 0 };

	(void)state;
	for (int i = 0; i < 20000; i++)
		str_add_text(&html, "<blockquote><ul><li><table><tr><td>ы");
	html_to_text(&out, str_slice(&html), 1001);
	assert_true(out.n <= 1001 && out.n > 900);
	str_free(&html);
	str_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_paragraphs_and_lines),
		cmocka_unit_test(keeps_lists_tables_and_quotations), cmocka_unit_test(keeps_links),
		cmocka_unit_test(drops_what_is_not_for_reading), cmocka_unit_test(reads_references),
		cmocka_unit_test(survives_what_is_no_html),
		cmocka_unit_test(leaves_out_what_is_hidden),
		cmocka_unit_test(stays_in_its_bounds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
