/*
 * Lists in header fields, cut at commas. Our words, tags and codings have none inside; what others put there is compared in pieces and is
 * never ours. Called by http_answer.c and static_files.c.
 */
#include "net/http_list.h"

bool http_list_has(struct slice field, struct slice word)
{
	for (struct slice rest = field; rest.p;) {
		if (slice_equal_nocase(slice_trim(slice_cut(&rest, ',')), word))
			return true;
	}
	return false;
}

bool http_list_has_tag(struct slice field, const char *etag)
{
	for (struct slice rest = field; rest.p;) {
		struct slice one = slice_trim(slice_cut(&rest, ','));
		if (slice_starts(one, SLICE("W/")))
			one = slice_make(one.p + 2, one.n - 2);
		if (slice_is(one, "*") || slice_is(one, etag))
			return true;
	}
	return false;
}

/* "q=0", "q=0.", "q=0.000": not wanted. */
static bool is_unwanted(struct slice parameters)
{
	for (struct slice rest = parameters; rest.p;) {
		struct slice value = slice_trim(slice_cut(&rest, ';'));
		struct slice name = slice_cut(&value, '=');
		if (!value.p || !slice_equal_nocase(name, SLICE("q")))
			continue;
		for (size_t i = 0; i < value.n; i++) {
			if (value.p[i] != '0' && value.p[i] != '.')
				return false;
		}
		return true;
	}
	return false;
}

bool http_list_accepts(struct slice field, struct slice coding)
{
	bool any = false;

	for (struct slice rest = field; rest.p;) {
		struct slice parameters = slice_cut(&rest, ',');
		struct slice name = slice_trim(slice_cut(&parameters, ';'));
		if (slice_equal_nocase(name, coding))
			return !is_unwanted(parameters);
		if (slice_is(name, "*"))
			any = !is_unwanted(parameters);
	}
	return any;
}
