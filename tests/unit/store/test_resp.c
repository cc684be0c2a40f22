/* Redis' protocol: any reply, in any pieces; garbage and giants are refused. */
#include "unit/cm.h"

#include <errno.h>
#include <stdio.h>

#include "model/limits.h"
#include "store/resp.h"

/* The reply as text: one line for each value, indented. */
static void print(const struct reply *r, int depth, struct str *out)
{
	static const char *const types[] = { "nil", "status", "string", "integer", "array",
		"error" };

	str_addf(out, "%*s%s", depth, "", types[r->type]);
	if (r->type == REPLY_INTEGER)
		str_addf(out, " %lld", (long long)r->integer);
	else if (r->type == REPLY_ARRAY)
		str_addf(out, " %zu", r->count);
	else if (r->type != REPLY_NIL)
		str_addf(out, " %.*s", SLICE_ARG(r->text));
	str_add_char(out, '\n');
	for (size_t i = 0; i < r->count; i++)
		print(&r->items[i], depth + 1, out);
}

static const char wire[] = "+OK\r\n"
			   ":-7\r\n"
			   "$-1\r\n"
			   "*-1\r\n"
			   "-OOM command not allowed\r\n"
			   "$0\r\n\r\n"
			   "*0\r\n"
			   "*3\r\n$4\r\na\r\nb\r\n*2\r\n:1\r\n*1\r\n$1\r\nx\r\n-ERR no\r\n";
static const char said[] = "status OK\ninteger -7\nnil\nnil\nerror OOM command not allowed\nstring "
			   "\n"
			   "array 0\narray 3\n string a\r\nb\n array 2\n  integer 1\n  array 1\n"
			   "   string x\n error ERR no\n";

static void reads_replies_in_any_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= sizeof(wire); piece++) {
		struct resp_reader *r = resp_reader_new();
		struct str out = { 0 };
		for (size_t at = 0; at < sizeof(wire) - 1; at += piece) {
			size_t n = sizeof(wire) - 1 - at < piece ? sizeof(wire) - 1 - at : piece;
			const struct reply *reply;
			assert_int_equal(resp_feed(r, slice_make(wire + at, n), NULL), 0);
			while (assert_int_equal(resp_next(r, &reply, NULL), 0), reply)
				print(reply, 0, &out);
		}
		assert_string_equal(out.p, said);
		str_free(&out);
		resp_reader_free(&r);
	}
}

static int feed(const char *text)
{
	struct resp_reader *r = resp_reader_new();
	const struct reply *reply;
	struct err err = { "" };
	int status = resp_feed(r, slice_of(text), &err);

	while (status == 0 && (status = resp_next(r, &reply, &err)) == 0 && reply)
		;
	if (status)
		assert_true(strlen(err.text) > 10);
	resp_reader_free(&r);
	return status;
}

static void refuses_garbage_and_giants(void **state)
{
	(void)state;
	assert_int_equal(feed("HTTP/1.1 200 OK\r\n"), -EPROTO);
	assert_int_equal(feed(":12x\r\n"), -EPROTO);
	assert_int_equal(feed("$5x\r\n"), -EPROTO);
	assert_int_equal(feed("*2000000\r\n"), -EFBIG);
	assert_int_equal(feed("*1\r\n*2000000\r\n"), -EFBIG);
	/* A length alone takes no memory: it waits. */
	assert_int_equal(feed("$500000000\r\n"), 0);
	/* Deeper than anything Redis is asked for. */
	assert_int_equal(feed("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
		-EPROTO);
}

static void writes_commands_of_any_bytes(void **state)
{
	struct str out = { 0 };
	struct slice few[] = { SLICE("SET"), slice_make("k\0\r\n", 4), SLICE("") }, many[100];

	(void)state;
	resp_command(&out, &(struct argv){ few, 3, 3 });
	assert_true(slice_equal(str_slice(&out), SLICE("*3\r\n$3\r\nSET\r\n$4\r\nk\0\r\n\r\n$"
						       "0\r\n\r\n")));
	str_clear(&out);
	for (size_t i = 0; i < 100; i++)
		many[i] = SLICE("x");
	resp_command(&out, &(struct argv){ many, 100, 100 });
	assert_true(slice_starts(str_slice(&out), SLICE("*100\r\n$1\r\nx\r\n")));
	assert_int_equal(out.n, 6 + 100 * 7);
	str_free(&out);
}

static void errors_become_what_the_header_promises(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = { { "OOM x", -ENOSPC }, { "MISCONF x", -ENOSPC }, { "READONLY x", -ENOSPC },
		{ "LOADING x", -EAGAIN }, { "WRONGPASS x", -EACCES }, { "EXECABORT x", -ECANCELED },
		{ "ERR x", -EPROTO }, { "OOMX", -EPROTO } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(reply_status(&(struct reply){
					 .type = REPLY_ERROR, .text = slice_of(cases[i].text) }),
			cases[i].status);
	assert_int_equal(
		reply_status(&(struct reply){ .type = REPLY_STRING, .text = SLICE("OOM") }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_replies_in_any_pieces),
		cmocka_unit_test(refuses_garbage_and_giants),
		cmocka_unit_test(writes_commands_of_any_bytes),
		cmocka_unit_test(errors_become_what_the_header_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
