/*
 * Paths, queries, cookies from a request's text. Decodes exactly once, so that %252e stays text and
 * nothing checked here changes its meaning later. Called by http_request.c.
 */
#include "net/http_target.h"

#include <stdlib.h>

#include "base/assert.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes %XX; `plus` makes a blank of '+'. False (and the output as far as it came) at a bad escape. */
static bool http_decode(struct str *out, struct slice text, bool plus)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '+' && plus) {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < text.n ? hex_value(text.p[i + 1]) : -1;
			int low = high >= 0 ? hex_value(text.p[i + 2]) : -1;
			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		str_add_char(out, c);
	}
	return true;
}

/* Appends "/segment" to out, or takes the last one off at ".."; false above the root. */
static bool path_step(struct str *out, struct slice segment)
{
	if (segment.n == 0 || slice_is(segment, "."))
		return true;
	if (slice_is(segment, "..")) {
		if (out->n == 0)
			return false;
		while (out->p[out->n - 1] != '/')
			out->n--;
		out->n--;
		return true;
	}
	str_add_char(out, '/');
	str_add(out, segment);
	return true;
}

static const char *path_normalise(struct slice decoded, struct str *out)
{
	struct slice segment = { 0 };

	for (size_t i = 0; i < decoded.n; i++) {
		if ((unsigned char)decoded.p[i] < 0x20 || decoded.p[i] == 0x7f)
			return "a control byte in the path";
	}
	for (struct slice rest = decoded; rest.p;) {
		segment = slice_cut(&rest, '/');
		if (!path_step(out, segment))
			return "the path leaves the root";
	}
	/* A directory keeps its slash. */
	if (out->n == 0 || segment.n == 0 || slice_is(segment, ".") || slice_is(segment, ".."))
		str_add_char(out, '/');
	return NULL;
}

const char *http_target_split(struct slice target, struct str *path, struct slice *query)
{
	struct str decoded = { 0 };

	if (target.n && target.p[0] != '/' && target.p[0] != '*') {
		size_t i = slice_find(target, '/') + 2; /* behind "http://" */
		if (i > target.n)
			return "neither a path nor an URL";
		while (i < target.n && target.p[i] != '/' && target.p[i] != '?')
			i++;
		target = slice_make(target.p + i, target.n - i);
	}
	size_t mark = slice_find(target, '?');
	*query = mark < target.n ? slice_make(target.p + mark + 1, target.n - mark - 1)
				 : (struct slice){ 0 };
	const char *wrong = NULL;
	if (!http_decode(&decoded, slice_make(target.p, mark), false))
		wrong = "a bad percent escape in the path";
	else
		wrong = path_normalise(slice_make(decoded.p ? decoded.p : "", decoded.n), path);
	str_free(&decoded);
	return wrong;
}

struct slice http_target_parameter(struct slice query, struct slice name, struct str *scratch)
{
	for (struct slice rest = query; rest.p;) {
		struct slice value = slice_cut(&rest, '&');
		struct slice key = slice_cut(&value, '=');
		str_clear(scratch);
		if (!http_decode(scratch, key, true) || !slice_equal(str_slice(scratch), name))
			continue;
		str_clear(scratch);
		if (!http_decode(scratch, value, true))
			return (struct slice){ 0 };
		return scratch->n ? str_slice(scratch) : SLICE("");
	}
	return (struct slice){ 0 };
}

struct slice http_target_cookie(struct slice cookies, struct slice name)
{
	for (struct slice rest = cookies; rest.p;) {
		struct slice value = slice_trim(slice_cut(&rest, ';'));
		struct slice key = slice_cut(&value, '=');
		if (!value.p || !slice_equal(key, name))
			continue;
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = slice_make(value.p + 1, value.n - 2);
		return value;
	}
	return (struct slice){ 0 };
}
