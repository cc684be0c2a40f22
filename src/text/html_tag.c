/*
 * Tags of HTML, found in one pass. Knows no element by name. Called by html_text.
 */
#include "text/html_tag.h"

#include <string.h>

/* One attribute at s, behind white space; returns the bytes used. */
static size_t attribute_read(struct slice s, struct slice *name, struct slice *value)
{
	size_t i = 0, start;

	while (i < s.n && s.p[i] != '=' && s.p[i] != '>' && s.p[i] != '/' && !html_is_space(s.p[i]))
		i++;
	*name = slice_make(s.p, i);
	*value = (struct slice){ 0 };
	while (i < s.n && html_is_space(s.p[i]))
		i++;
	if (i == s.n || s.p[i] != '=')
		return i ? i : 1;
	do
		i++;
	while (i < s.n && html_is_space(s.p[i]));
	char quote = i < s.n && (s.p[i] == '"' || s.p[i] == '\'') ? s.p[i++] : '\0';
	start = i;
	while (i < s.n && (quote ? s.p[i] != quote : s.p[i] != '>' && !html_is_space(s.p[i])))
		i++;
	*value = slice_make(s.p + start, i - start);
	return i + (quote && i < s.n);
}

static void attribute_keep(struct html_tag *t, struct slice name, struct slice value)
{
	if (slice_equal_nocase(name, SLICE("href")))
		t->href = value;
	else if (slice_equal_nocase(name, SLICE("alt")))
		t->alt = value;
	else if (slice_equal_nocase(name, SLICE("class")))
		t->class = value;
	else if (slice_equal_nocase(name, SLICE("style")))
		t->style = value;
	else if (slice_equal_nocase(name, SLICE("start")))
		t->start = value;
	else if (slice_equal_nocase(name, SLICE("hidden")))
		t->hidden = true;
}

size_t html_tag_read(struct slice s, struct html_tag *t)
{
	size_t i = 1, start;

	*t = (struct html_tag){ 0 };
	t->closes = s.p[1] == '/';
	i += t->closes;
	start = i;
	while (i < s.n && s.p[i] != '>' && s.p[i] != '/' && !html_is_space(s.p[i]))
		i++;
	t->name = slice_make(s.p + start, i - start);
	while (i < s.n && s.p[i] != '>') {
		struct slice name, value;
		if (html_is_space(s.p[i]) || s.p[i] == '/') {
			i++;
			continue;
		}
		i += attribute_read(slice_make(s.p + i, s.n - i), &name, &value);
		attribute_keep(t, name, value);
	}
	return i + (i < s.n);
}

size_t html_comment_length(struct slice s)
{
	const char *end = NULL;

	if (slice_starts(s, SLICE("<!--"))) {
		end = s.n > 4 ? memmem(s.p + 4, s.n - 4, "-->", 3) : NULL;
		return end ? (size_t)(end - s.p) + 3 : s.n;
	}
	end = memchr(s.p, '>', s.n);
	return end ? (size_t)(end - s.p) + 1 : s.n;
}

size_t html_raw_length(struct slice s, struct slice name)
{
	for (size_t i = 0; i + name.n + 2 <= s.n; i++) {
		const char *lt = memchr(s.p + i, '<', s.n - i);
		if (!lt)
			break;
		i = (size_t)(lt - s.p);
		if (i + name.n + 2 <= s.n && lt[1] == '/' &&
			slice_equal_nocase(slice_make(lt + 2, name.n), name))
			return i;
	}
	return s.n;
}

/* "name: value" in a style, in any case and with any blanks. */
static bool style_has(struct slice style, const char *name, const char *value)
{
	while (style.p) {
		struct slice rule = slice_cut(&style, ';'), key = slice_cut(&rule, ':');
		size_t n = strlen(value);
		rule = slice_trim(rule);
		if (rule.n > n && (html_is_space(rule.p[n]) || rule.p[n] == '!'))
			rule.n = n;
		if (slice_equal_nocase(slice_trim(key), slice_of(name)) &&
			slice_equal_nocase(rule, slice_of(value)))
			return true;
	}
	return false;
}

bool html_tag_is_hidden(const struct html_tag *t)
{
	return t->hidden || (t->style.n && (style_has(t->style, "display", "none") ||
						   style_has(t->style, "visibility", "hidden") ||
						   style_has(t->style, "mso-hide", "all")));
}

size_t html_element_length(struct slice s, struct slice name)
{
	size_t depth = 1;

	for (size_t i = 0; i < s.n;) {
		struct slice rest = slice_make(s.p + i, s.n - i);
		size_t lt = slice_find(rest, '<');
		struct html_tag t;
		if (lt + 2 >= rest.n)
			return 0;
		rest = slice_make(rest.p + lt, rest.n - lt);
		i += lt;
		if (rest.p[1] == '!') {
			i += html_comment_length(rest);
			continue;
		}
		if (!html_is_letter(rest.p[1]) && rest.p[1] != '/') {
			i++;
			continue;
		}
		i += html_tag_read(rest, &t);
		if (!slice_equal_nocase(t.name, name))
			continue;
		depth = t.closes ? depth - 1 : depth + 1;
		if (depth == 0)
			return i;
	}
	return 0;
}
