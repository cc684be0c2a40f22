/*
 * Targets, queries, cookies and lists from a stranger's header: nothing is read beyond what is there, nothing decoded grows, a path stays below
 * the root and is the same when it is taken apart again. The first line names what is looked for, the second is a target, the rest a field.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "net/http_list.h"
#include "net/http_target.h"

static bool lies_in(struct slice part, struct slice whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

static void check_path(const struct str *path)
{
	struct str again = { 0 };
	struct slice query;

	ASSERT(path->n > 0 && path->p[0] == '/' && strlen(path->p) == path->n);
	ASSERT(!strstr(path->p, "//") && !strstr(path->p, "/../") && !strstr(path->p, "/./"));
	if (slice_find(str_slice(path), '%') == path->n &&
		slice_find(str_slice(path), '?') == path->n) {
		ASSERT(!http_target_split(str_slice(path), &again, &query));
		ASSERT(slice_equal(str_slice(path), str_slice(&again)) && !query.p);
	}
	str_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1); /* of exactly that size */
	struct str path = { 0 }, scratch = { 0 };
	struct slice query = { 0 };

	memcpy(copy, data, size);
	struct slice field = { copy, size };
	struct slice word = slice_cut(&field, '\n');
	struct slice target = field.p ? slice_cut(&field, '\n') : (struct slice){ 0 };
	if (target.n && !http_target_split(target, &path, &query))
		check_path(&path);
	ASSERT(!query.p || lies_in(query, target));
	struct slice value = http_target_parameter(query, word, &scratch);
	ASSERT(value.n <= query.n);
	struct slice cookie = http_target_cookie(field, word);
	ASSERT(!cookie.p || lies_in(cookie, field));
	http_list_has_tag(field, "\"a\"");
	ASSERT(!http_list_accepts(field, SLICE("gzip")) || field.n > 0);
	ASSERT(!http_list_has(field, SLICE("close")) || field.n >= 5);
	str_free(&path);
	str_free(&scratch);
	free(copy);
	return 0;
}
