/*
 * The frame codec: what comes out of what is sent, in steps of many sizes.
 */
#include "net_test.h"

#include "net/websocket.h"

static void add_frame(struct str *out, uint8_t first, const void *payload, size_t n)
{
	static const uint8_t mask[4] = { 0x11, 0xa2, 0x33, 0xc4 };

	str_add_char(out, (char)first);
	if (n < 126) {
		str_add_char(out, (char)(0x80 | n));
	} else if (n < 65536) {
		str_add_char(out, (char)(0x80 | 126));
		str_add_char(out, (char)(n >> 8));
		str_add_char(out, (char)n);
	} else {
		str_add_char(out, (char)(0x80 | 127));
		for (int i = 7; i >= 0; i--)
			str_add_char(out, (char)((uint64_t)n >> (8 * i)));
	}
	str_add(out, slice_make(mask, 4));
	for (size_t i = 0; i < n; i++)
		str_add_char(out, (char)(((const uint8_t *)payload)[i] ^ mask[i & 3]));
}

/* Feeds in steps of `step` and writes what came out: T(text) P(..) X1000(reason) !1002 */
static void run(struct slice bytes, size_t step, size_t max, struct str *out)
{
	struct ws_parse p = { .message_max = max };
	struct ws_event e = { .found = WS_MORE };
	size_t used = 0, given = 0;
	static const char names[] = { '.', 'T', 'B', 'P', 'O', 'X', '!' };

	while (given < bytes.n) {
		given = given + step < bytes.n ? given + step : bytes.n;
		do {
			char *copy = slice_dup(slice_make(bytes.p + used, given - used));
			used += ws_parse_feed(&p, slice_make(copy, given - used), &e);
			free(copy);
			if (e.found == WS_MORE)
				break;
			str_add_char(out, names[e.found]);
			if (e.found == WS_CLOSED || e.found == WS_BROKEN)
				str_addf(out, "%d", e.code);
			if (e.found == WS_BROKEN) {
				assert_non_null(e.why);
				goto done;
			}
			if (e.payload.n < 100)
				str_addf(out, "(%.*s)", SLICE_ARG(e.payload));
			else
				str_addf(out, "(%zu)", e.payload.n);
			if (e.found == WS_CLOSED)
				goto done;
		} while (true);
	}
	if (!ws_parse_is_idle(&p))
		str_add_char(out, '~');
done:
	str_free(&p.message);
}

static void expect(const struct str *bytes, size_t max, const char *wanted)
{
	for (size_t step = 1; step <= bytes->n; step = step < 20 ? step + 1 : step * 3) {
		struct str out = { 0 };
		run(str_slice(bytes), step, max, &out);
		if (strcmp(out.p ? out.p : "", wanted) != 0)
			fail_msg("in steps of %zu: %s, not %s", step, out.p ? out.p : "", wanted);
		str_free(&out);
	}
	struct str out = { 0 };
	run(str_slice(bytes), bytes->n, max, &out);
	assert_string_equal(out.p ? out.p : "", wanted);
	str_free(&out);
}

#define FRAME(first, lit)                                                                          \
	{                                                                                          \
		(first), (lit), sizeof(lit) - 1                                                    \
	}

static void frames_by_table(void **state)
{
	static const struct {
		const char *out;
		struct {
			uint8_t first;
			const char *payload;
			size_t n;
		} frames[5];
	} cases[] = {
		{ "T(hello)", { FRAME(0x81, "hello") } },
		{ "T()", { FRAME(0x81, "") } },
		{ "B(ab)", { FRAME(0x82, "ab") } },
		{ "T(a)T(b)", { FRAME(0x81, "a"), FRAME(0x81, "b") } },
		{ "T(hello)", { FRAME(0x01, "he"), FRAME(0x00, "l"), FRAME(0x80, "lo") } },
		{ "T()", { FRAME(0x01, ""), FRAME(0x00, ""), FRAME(0x80, "") } },
		{ "P(x)T(hello)", { FRAME(0x01, "he"), FRAME(0x89, "x"), FRAME(0x80, "llo") } },
		{ "O()P()P(y)T(z)", { FRAME(0x01, ""), FRAME(0x8a, ""), FRAME(0x89, ""),
					    FRAME(0x89, "y"), FRAME(0x80, "z") } },
		{ "~", { FRAME(0x01, "he") } },
		{ "X1000(bye)", { FRAME(0x88, "\x03\xe8"
					      "bye") } },
		{ "X1005()", { FRAME(0x88, "") } },
		{ "X1000()", { FRAME(0x88, "\x03\xe8"), FRAME(0x81, "late") } },
		{ "X1000()", { FRAME(0x01, "he"), FRAME(0x88, "\x03\xe8") } },
		{ "X4999()", { FRAME(0x88, "\x13\x87") } },
		{ "!1002", { FRAME(0x88, "\x03") } },
		{ "!1007", { FRAME(0x88, "\x03\xe8\xff") } },
		/* opcodes and bits */
		{ "!1002", { FRAME(0x83, "") } },
		{ "!1002", { FRAME(0x87, "") } },
		{ "!1002", { FRAME(0x8b, "") } },
		{ "!1002", { FRAME(0x8f, "") } },
		{ "!1002", { FRAME(0xc1, "x") } },
		{ "!1002", { FRAME(0xa1, "x") } },
		{ "!1002", { FRAME(0x91, "x") } },
		{ "!1002", { FRAME(0x09, "fragmented ping") } },
		{ "!1002", { FRAME(0x08, "") } },
		{ "!1002", { FRAME(0x80, "continues nothing") } },
		{ "!1002", { FRAME(0x00, "continues nothing") } },
		{ "T(a)!1002", { FRAME(0x81, "a"), FRAME(0x80, "b") } },
		{ "!1002", { FRAME(0x01, "a"), FRAME(0x81, "b") } },
		{ "!1002", { FRAME(0x01, "a"), FRAME(0x02, "b") } },
		/* text is UTF-8, across fragments too */
		{ "T(\xc3\xa4\xf0\x9f\x98\x80)", { FRAME(0x81, "\xc3\xa4\xf0\x9f\x98\x80") } },
		{ "T(\xc3\xa4)", { FRAME(0x01, "\xc3"), FRAME(0x80, "\xa4") } },
		{ "T(\xf0\x9f\x98\x80)",
			{ FRAME(0x01, "\xf0"), FRAME(0x00, "\x9f\x98"), FRAME(0x80, "\x80") } },
		{ "!1007", { FRAME(0x81, "\xff") } },
		{ "!1007", { FRAME(0x81, "\xc3") } },
		{ "!1007", { FRAME(0x81, "\xc0\x80") } },
		{ "!1007", { FRAME(0x81, "\xed\xa0\x80") } },
		{ "!1007", { FRAME(0x81, "\xf4\x90\x80\x80") } },
		{ "!1007", { FRAME(0x01, "\xc3"), FRAME(0x80, "x") } },
		{ "!1007", { FRAME(0x01, "a\xc3"), FRAME(0x80, "") } },
		{ "B(\xff)", { FRAME(0x82, "\xff") } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str bytes = { 0 };
		for (size_t k = 0; k < 5 && cases[i].frames[k].payload; k++)
			add_frame(&bytes, cases[i].frames[k].first, cases[i].frames[k].payload,
				cases[i].frames[k].n);
		expect(&bytes, 1000, cases[i].out);
		str_free(&bytes);
	}
}

static void lengths_and_limits(void **state)
{
	static const size_t sizes[] = { 124, 125, 126, 127, 65535, 65536, 70000 };
	struct str bytes = { 0 };
	char wanted[64];
	char *payload = calloc(1, 70001);

	(void)state;
	memset(payload, 'x', 70000);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		str_clear(&bytes);
		add_frame(&bytes, 0x81, payload, sizes[i]);
		snprintf(wanted, sizeof(wanted), "T(%zu)", sizes[i]);
		struct str out = { 0 };
		run(str_slice(&bytes), 1000, 70000, &out);
		assert_string_equal(out.p, wanted);
		str_free(&out);
		run(str_slice(&bytes), 1000, sizes[i] - 1, &out);
		assert_string_equal(out.p, "!1009");
		str_free(&out);
	}
	str_clear(&bytes);
	add_frame(&bytes, 0x01, payload, 600);
	add_frame(&bytes, 0x80, payload, 401);
	expect(&bytes, 1000, "!1009");
	str_clear(&bytes);
	add_frame(&bytes, 0x89, payload, 126);
	expect(&bytes, 1000, "!1002");
	free(payload);
	str_free(&bytes);
}

static void expect_raw(const char *raw, size_t n, const char *wanted)
{
	struct str bytes = { 0 };

	str_add(&bytes, slice_make(raw, n));
	expect(&bytes, 100000, wanted);
	str_free(&bytes);
}

static void heads_that_lie(void **state)
{
	(void)state;
	expect_raw("\x81\x05hello", 7, "!1002");	      /* no mask */
	expect_raw("\x81\xfe\x00\x05mask12345", 13, "!1002"); /* 5 in 16 bits */
	expect_raw("\x82\xff\0\0\0\0\0\0\xff\xff"
		   "mask",
		14, "!1002"); /* 65535 in 64 bits */
	expect_raw("\x82\xff\x80\0\0\0\0\0\0\0"
		   "mask",
		14, "!1002"); /* bit 63 */
	/* a claim of 2^62 bytes takes no memory */
	expect_raw("\x82\xff\x40\0\0\0\0\0\0\0"
		   "mask",
		14, "!1009");
}

static void close_codes(void **state)
{
	static const int good[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
		1013, 1014, 3000, 3999, 4000, 4999 };
	static const int bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
		65535 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(ws_code_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char payload[2] = { (char)(bad[i] >> 8), (char)bad[i] };
		struct str bytes = { 0 };
		assert_false(ws_code_is_valid(bad[i]));
		add_frame(&bytes, 0x88, payload, 2);
		expect(&bytes, 1000, "!1002");
		str_free(&bytes);
	}
}

static void heads_to_send(void **state)
{
	char head[WS_HEAD_MAX];

	(void)state;
	assert_int_equal(ws_frame_head(head, WS_OP_TEXT, 125), 2);
	assert_memory_equal(head, "\x81\x7d", 2);
	assert_int_equal(ws_frame_head(head, WS_OP_PING, 0), 2);
	assert_memory_equal(head, "\x89\x00", 2);
	assert_int_equal(ws_frame_head(head, WS_OP_TEXT, 126), 4);
	assert_memory_equal(head, "\x81\x7e\x00\x7e", 4);
	assert_int_equal(ws_frame_head(head, WS_OP_BINARY, 65535), 4);
	assert_memory_equal(head, "\x82\x7e\xff\xff", 4);
	assert_int_equal(ws_frame_head(head, WS_OP_BINARY, 65536), 10);
	assert_memory_equal(head, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_by_table),
		cmocka_unit_test(lengths_and_limits),
		cmocka_unit_test(heads_that_lie),
		cmocka_unit_test(close_codes),
		cmocka_unit_test(heads_to_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
