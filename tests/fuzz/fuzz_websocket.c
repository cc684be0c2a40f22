/*
 * The frame parser under random bytes cut at random: never crashes, never holds more than
 * message_max, gives the same events however the bytes were cut, and every text is UTF-8. The first
 * byte seeds the cuts; the rest is the stream.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "net/websocket.h"

enum { MESSAGE_MAX = 300 };

/* Appends a line for each event. */
static void run(struct slice bytes, uint8_t seed, struct str *out)
{
	struct ws_parse p = { .message_max = MESSAGE_MAX };
	struct ws_event e = { .found = WS_MORE };
	uint32_t state = seed;
	size_t given = 0, used = 0;

	while (given < bytes.n && e.found != WS_CLOSED && e.found != WS_BROKEN) {
		state = state * 1664525 + 1013904223;
		size_t step = seed ? (state >> 16) % seed + 1 : bytes.n;
		given = bytes.n - given > step ? given + step : bytes.n;
		do {
			char *exact = malloc(given - used ? given - used : 1);
			memcpy(exact, bytes.p + used, given - used);
			size_t now = ws_parse_feed(&p, slice_make(exact, given - used), &e);
			ASSERT(now <= given - used);
			used += now;
			free(exact);
			ASSERT(p.message.n <= MESSAGE_MAX && e.payload.n <= MESSAGE_MAX);
			ASSERT(e.found != WS_TEXT || utf8_valid(e.payload));
			ASSERT(e.found != WS_CLOSED || e.code == WS_NO_CODE ||
				ws_code_is_valid(e.code));
			if (e.found != WS_MORE)
				str_addf(out, "%d %d ", e.found, e.found >= WS_CLOSED ? e.code : 0);
			str_add(out, e.payload);
		} while (e.found != WS_MORE && e.found != WS_CLOSED && e.found != WS_BROKEN);
	}
	str_free(&p.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str whole = { 0 }, cut = { 0 };

	if (size < 2)
		return 0;
	struct slice bytes = { (const char *)data + 1, size - 1 };
	run(bytes, 0, &whole);
	run(bytes, data[0] ? data[0] : 1, &cut);
	ASSERT(slice_equal(str_slice(&whole), str_slice(&cut)));
	str_free(&whole);
	str_free(&cut);
	return 0;
}
