/* Frames from a desk: every bad one is refused with a sentence that helps, every good one becomes its command. */
#include "unit/cm.h"

#include "desk/protocol.h"

#define ID "01HZ0000000000000000000001"

struct bad {
	const char *frame, *code, *message;
};
static const struct bad bad[] = {
	{ "", "invalid", "not JSON, or a member is there twice" },
	{ "hello", "invalid", "not JSON, or a member is there twice" },
	{ "[1]", "invalid", "not a JSON object" },
	{ "{\"t\":\"ping\",\"t\":\"ping\"}", "invalid", "not JSON, or a member is there twice" },
	{ "{\"t\":\"ping\"} x", "invalid", "not JSON, or a member is there twice" },
	{ "{\"t\":\"pi\xff\"}", "invalid", "not JSON, or a member is there twice" },
	{ "{\"a\":[[[[[[[[[[1]]]]]]]]]]}", "invalid", "nested too deeply" },
	{ "{}", "invalid", "\"t\": there is no such frame; PROTOCOL.md lists them" },
	{ "{\"t\":7}", "invalid", "\"t\": there is no such frame; PROTOCOL.md lists them" },
	{ "{\"t\":\"fly\",\"id\":\"c1\"}", "invalid",
		"\"t\": there is no such frame; PROTOCOL.md lists them" },
	{ "{\"t\":\"ping\",\"id\":\"\"}", "invalid", "\"id\": expected a string of 1 to 64 bytes" },
	{ "{\"t\":\"ping\",\"id\":5}", "invalid", "\"id\": expected a string of 1 to 64 bytes" },
	{ "{\"t\":\"presence\",\"to\":\"away\"}", "invalid",
		"\"id\": a command needs its own id, so that it is done once" },
	{ "{\"t\":\"presence\",\"id\":\"c1\"}", "invalid", "\"to\": presence needs it" },
	{ "{\"t\":\"presence\",\"id\":\"c1\",\"to\":\"not-responding\"}", "invalid",
		"\"to\": expected available, away or offline" },
	{ "{\"t\":\"accept\",\"id\":\"c1\",\"offer\":\"x\"}", "invalid",
		"\"offer\": expected an id of 26 characters" },
	{ "{\"t\":\"accept\",\"id\":\"c1\",\"offer\":\"00000000000000000000000000\"}", "invalid",
		"\"offer\": expected an id of 26 characters" },
	{ "{\"t\":\"reply\",\"id\":\"c1\",\"conv\":\"" ID "\",\"text\":\" \\n\"}", "invalid",
		"\"text\": there is nothing to say" },
	{ "{\"t\":\"reply\",\"id\":\"c1\",\"conv\":\"" ID "\",\"text\":5}", "invalid",
		"\"text\": expected a string" },
	{ "{\"t\":\"reply\",\"id\":\"c1\",\"conv\":\"" ID "\",\"parts\":[{}]}", "invalid",
		"\"parts\": expected an array of {name,type,size,blob}, the blob one that POST "
		"/api/v1/blobs named" },
	{ "{\"t\":\"reply\",\"id\":\"c1\",\"conv\":\"" ID "\",\"parts\":[{\"name\":\"a\",\"type\":"
	  "\"b\",\"size\":1,\"blob\":\"../../"
	  "etc\"}]}",
		"invalid",
		"\"parts\": expected an array of {name,type,size,blob}, the blob one that POST "
		"/api/v1/blobs named" },
	{ "{\"t\":\"transfer\",\"id\":\"c1\",\"conv\":\"" ID "\",\"to\":\"cards\"}", "invalid",
		"\"to\": expected queue:NAME, agent:NAME or skills:NAME=LEVEL NAME=LEVEL ..." },
	{ "{\"t\":\"transfer\",\"id\":\"c1\",\"conv\":\"" ID "\",\"to\":\"queue:\"}", "invalid",
		"\"to\": expected queue:NAME, agent:NAME or skills:NAME=LEVEL NAME=LEVEL ..." },
	{ "{\"t\":\"write\",\"id\":\"c1\",\"channel\":\"m\",\"to\":\"a@b.org\",\"subject\":"
	  "\"a\\r\\nBcc: x@y.org\",\"text\":\"hi\"}",
		"invalid", "\"subject\": expected one line of text" },
	{ "{\"t\":\"write\",\"id\":\"c1\",\"channel\":\"m\",\"to\":\"queue:a\",\"subject\":"
	  "\"a\",\"text\":\"hi\"}",
		"invalid", "\"to\": expected a mail address" },
	{ "{\"t\":\"retry\",\"id\":\"c1\",\"conv\":\"" ID "\",\"seq\":-1}", "invalid",
		"\"seq\": expected a whole number, 0 or more" },
	{ "{\"t\":\"watch\",\"id\":\"c1\",\"conv\":\"" ID "\",\"on\":1}", "invalid",
		"\"on\": expected true or false" },
	{ "{\"t\":\"queue\",\"id\":\"c1\",\"queue\":\"\",\"paused\":true}", "invalid",
		"\"queue\": expected a name" },
	{ "{\"t\":\"resume\",\"from\":\"17\"}", "invalid",
		"\"from\": expected a whole number, 0 or more" },
};

static void bad_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena arena = { 0 };
		struct frame f;
		const char *code = NULL, *message = NULL;
		if (protocol_parse(slice_of(bad[i].frame), &arena, &f, &code, &message))
			fail_msg("taken: %s", bad[i].frame);
		if (strcmp(code, bad[i].code) != 0 || strcmp(message, bad[i].message) != 0)
			fail_msg("%s\n  %s: %s", bad[i].frame, code, message);
		arena_free(&arena);
	}
}

struct good {
	const char *frame, *command;
};
static const struct good good[] = {
	{ "{\"id\":\"c1\",\"t\":\"presence\",\"to\":\"available\"}", "t=presence pres=available" },
	{ "{\"id\":\"c1\",\"t\":\"accept\",\"offer\":\"" ID "\"}", "t=accept offer=" ID },
	{ "{\"id\":\"c1\",\"t\":\"decline\",\"offer\":\"" ID "\",\"reason\":\"lunch\"}",
		"t=decline offer=" ID " why=lunch" },
	{ "{\"id\":\"c1\",\"t\":\"reply\",\"conv\":\"" ID "\",\"text\":\"hi\"}", "t=reply text=hi "
										 "conv=" ID },
	{ "{\"id\":\"c1\",\"t\":\"note\",\"conv\":\"" ID "\",\"text\":\"hi\"}", "t=note text=hi "
										"conv=" ID },
	{ "{\"id\":\"c1\",\"t\":\"transfer\",\"conv\":\"" ID "\",\"to\":\"agent:ann\",\"text\":"
	  "null}",
		"t=transfer to=agent:ann conv=" ID },
	{ "{\"id\":\"c1\",\"t\":\"resolve\",\"conv\":\"" ID "\",\"outcome\":\"solved\"}",
		"t=resolve conv=" ID " outc=solved" },
	{ "{\"id\":\"c1\",\"t\":\"reopen\",\"conv\":\"" ID "\"}", "t=reopen conv=" ID },
	{ "{\"id\":\"c1\",\"t\":\"take\",\"conv\":\"" ID "\",\"agent\":\"ann\"}", "t=take to=ann "
										  "conv=" ID },
	{ "{\"id\":\"c1\",\"t\":\"wrapup_done\",\"conv\":\"" ID "\"}", "t=wrapup_done conv=" ID },
	{ "{\"id\":\"c1\",\"t\":\"retry\",\"conv\":\"" ID "\",\"seq\":3}", "t=retry conv=" ID " seq"
									   "="
									   "3" },
	{ "{\"id\":\"c1\",\"t\":\"queue\",\"queue\":\"cards\",\"paused\":true}", "t=queue "
										 "queue=cards "
										 "paused=1" },
	{ "{\"t\":\"ping\"}", "" },
	{ "{\"t\":\"typing\",\"conv\":\"" ID "\"}", "conv=" ID },
	{ "{\"t\":\"resume\",\"from\":17}", "" },
	{ "{\"id\":\"c1\",\"t\":\"write\",\"channel\":\"m\",\"to\":\"A@b.org\",\"subject\":\"s\","
	  "\"text\":\"t\"}",
		"t=write ch=m ik=email iv=a@b.org subj=s text=t" },
	{ "{\"id\":\"c1\",\"t\":\"consult\",\"conv\":\"" ID "\",\"to\":\"skills:en=50\"}", "t="
											   "consult"
											   " to="
											   "skills:"
											   "en=50 "
											   "conv"
											   "=" ID },
	{ "{\"id\":\"c1\",\"t\":\"wrapup_more\",\"conv\":\"" ID "\"}", "t=wrapup_more conv=" ID },
	{ "{\"id\":\"c1\",\"t\":\"discard\",\"conv\":\"" ID "\",\"seq\":3}",
		"t=discard conv=" ID " seq=3" },
	{ "{\"id\":\"c1\",\"t\":\"watch\",\"conv\":\"" ID "\",\"on\":true}", "conv=" ID },
	{ "{\"t\":\"seen\",\"conv\":\"" ID "\",\"seq\":3}", "conv=" ID " seq=3" },
	{ "{\"id\":\"c1\",\"t\":\"merge\",\"customer\":\"" ID "\",\"into\":\"" ID "\",\"reason\":"
	  "\"r\"}",
		"t=merge why=r cust=" ID " linked=" ID },
	{ "{\"id\":\"c1\",\"t\":\"split\",\"customer\":\"" ID "\"}", "t=split cust=" ID },
	{ "{\"id\":\"c1\",\"t\":\"distinct\",\"customer\":\"" ID "\",\"into\":\"" ID "\"}",
		"t=distinct cust=" ID " linked=" ID },
	{ "{\"id\":\"c1\",\"t\":\"undistinct\",\"customer\":\"" ID "\",\"into\":\"" ID "\"}",
		"t=undistinct cust=" ID " linked=" ID },
};

static void good_frames(void **state)
{
	bool seen[FRAME_COUNT] = { false };
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct arena arena = { 0 };
		struct str text = { 0 };
		struct frame f;
		const char *code, *message;
		if (!protocol_parse(slice_of(good[i].frame), &arena, &f, &code, &message))
			fail_msg("%s\n  %s: %s", good[i].frame, code, message);
		record_print(&command_table, &f.c, &text);
		struct slice got = slice_trim(str_slice(&text));
		if (!slice_is(got, good[i].command))
			fail_msg("%s\n  %.*s", good[i].frame, SLICE_ARG(got));
		seen[f.type] = true;
		str_free(&text);
		arena_free(&arena);
	}
	for (enum frame_type t = FRAME_NONE + 1; t < FRAME_COUNT; t++)
		if (!seen[t])
			fail_msg("no example of frame %u of desk/protocol.h", (unsigned)t);
}

/* Whoever says who they are in a frame is not believed. */
static void the_client_names_nobody(void **state)
{
	struct arena arena = { 0 };
	struct frame f;
	const char *code, *message;
	(void)state;
	assert_true(protocol_parse(SLICE("{\"id\":\"c1\",\"t\":\"reply\",\"conv\":\"" ID "\","
					 "\"text\":"
					 "\"x\","
					 "\"agent\""
					 ":\"boss\""
					 ",\"sessio"
					 "n\":\"n:"
					 "1\","
					 "\"node\":\"n\",\"dedup\":\"d\",\"name\":\"Boss\"}"),
		&arena, &f, &code, &message));
	assert_int_equal(
		f.c.agent.n + f.c.session.n + f.c.node.n + f.c.dedup.n + f.c.name.n + f.c.to.n, 0);
	arena_free(&arena);
}

static void the_id_of_a_bad_frame_is_known(void **state)
{
	struct arena arena = { 0 };
	struct frame f;
	const char *code, *message;
	(void)state;
	assert_false(protocol_parse(
		SLICE("{\"id\":\"c9\",\"t\":\"accept\"}"), &arena, &f, &code, &message));
	assert_true(slice_is(f.id, "c9"));
	arena_free(&arena);
}

static void too_large(void **state)
{
	struct arena arena = { 0 };
	struct str text = { 0 };
	struct frame f;
	const char *code, *message;
	(void)state;
	str_add_text(&text, "{\"id\":\"c1\",\"t\":\"note\",\"conv\":\"" ID "\",\"text\":\"");
	for (int i = 0; i < 262145; i++)
		str_add_char(&text, 'x');
	str_add_text(&text, "\"}");
	assert_false(protocol_parse(str_slice(&text), &arena, &f, &code, &message));
	assert_string_equal(code, "too_large");
	assert_string_equal(message, "\"text\": at most 262144 bytes");
	str_free(&text);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bad_frames),
		cmocka_unit_test(good_frames), cmocka_unit_test(the_client_names_nobody),
		cmocka_unit_test(the_id_of_a_bad_frame_is_known), cmocka_unit_test(too_large) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
