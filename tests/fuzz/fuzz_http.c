/*
 * The request parser under random bytes cut at random: never crashes, never takes more than it was
 * given, and comes to the same end however the bytes were cut. What it accepts keeps its promises:
 * one Host, a path below the root. The first byte seeds the cuts; the rest is the stream.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "net/http_parse.h"
#include "net/http_target.h"

static void add(struct slice piece, void *arg)
{
	str_add(arg, piece);
}

/* Feeds in steps of 1..seed (0: at once); every piece in memory of exactly its size. */
static void run(
	struct http_parse *p, struct str *body, struct slice bytes, uint8_t seed, size_t *used)
{
	uint32_t state = seed;
	size_t given = 0;

	http_parse_init(p, add, body);
	*used = 0;
	do {
		state = state * 1664525 + 1013904223;
		size_t step = seed ? (state >> 16) % seed + 1 : bytes.n;
		given = bytes.n - given > step ? given + step : bytes.n;
		for (size_t now = 1; now;) {
			char *copy = malloc(given - *used + 1);
			memcpy(copy, bytes.p + *used, given - *used);
			char *exact = realloc(copy, given - *used ? given - *used : 1);
			now = http_parse_feed(p, slice_make(exact, given - *used));
			ASSERT(now <= given - *used);
			free(exact);
			*used += now;
		}
	} while (given < bytes.n && p->stage != HTTP_AT_END && p->stage != HTTP_AT_REFUSAL);
}

static void check_promises(const struct http_parse *p)
{
	struct slice query;
	struct str path = { 0 };

	ASSERT(p->http_1_0 || http_parse_field(p, SLICE("host"), 0));
	ASSERT(!http_parse_field(p, SLICE("host"), 1));
	ASSERT(!p->chunked || !http_parse_field(p, SLICE("content-length"), 0));
	for (size_t i = 0; i < p->field_count; i++)
		ASSERT(p->fields[i].name.n > 0);
	if (!http_target_split(http_parse_span(p, p->target), &path, &query)) {
		ASSERT(path.n > 0 && path.p[0] == '/' && !strstr(path.p, "/../"));
		ASSERT(!strstr(path.p, "//") && strlen(path.p) == path.n);
	}
	str_free(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_parse whole, cut;
	struct str whole_body = { 0 }, cut_body = { 0 };
	size_t whole_used, cut_used;

	if (size < 2)
		return 0;
	struct slice bytes = { (const char *)data + 1, size - 1 };
	run(&whole, &whole_body, bytes, 0, &whole_used);
	run(&cut, &cut_body, bytes, data[0] ? data[0] : 1, &cut_used);
	ASSERT(whole.stage == cut.stage);
	if (whole.stage == HTTP_AT_REFUSAL) {
		ASSERT(whole.status == cut.status && whole.detail == cut.detail);
	} else {
		ASSERT(whole_used == cut_used);
		ASSERT(slice_equal(str_slice(&whole_body), str_slice(&cut_body)));
		if (whole.stage != HTTP_AT_HEAD)
			check_promises(&whole);
	}
	http_parse_free(&whole);
	http_parse_free(&cut);
	str_free(&whole_body);
	str_free(&cut_body);
	return 0;
}
