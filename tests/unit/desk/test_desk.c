/*
 * The desk as its users meet it: over real sockets, on a real Redis. A shift of two agents and a supervisor, lost connections, slow readers.
 */
#include "unit/desk/people.h"

static const struct id ann = { 0x018f000000000000, 7 };

static void a_shift(void **state)
{
	char id[27];
	struct desk_end bo = connect_as(cookies.bo), cy, sue;
	(void)state;
	pipe_end(&cy, "cy");
	pipe_end(&sue, "sue");
	see(&sue, "\"t\":\"snapshot\"", "\"waiting\":[");
	see(&cy, "\"t\":\"snapshot\"", "");
	see(&bo, "\"t\":\"hello\"", "");
	say(&bo, "{\"id\":\"c1\",\"t\":\"presence\",\"to\":\"available\"}");
	json_t *snapshot = expect(&bo, "\"t\":\"snapshot\"", ""); /* before the answer */
	assert_string_equal(text_in(json_object_get(snapshot, "me"), "agent"), "bo");
	assert_null(json_object_get(snapshot, "waiting"));
	assert_int_equal(json_array_size(json_object_get(snapshot, "agents")), 5);
	assert_string_equal(text_in(snapshot, "durability"), "always");
	json_decref(snapshot);
	see(&bo, "{\"t\":\"ok\",\"id\":\"c1\"}", "");
	see(&sue, "\"t\":\"agent\",\"agent\":\"bo\"", "\"presence\":\"available\"");
	see(&cy, "\"t\":\"agent\",\"agent\":\"bo\"", "\"presence\":\"available\"");

	node_pass(
		150); /* longer than a desk is waited for: it said something, so there is one snapshot */
	end_read(&bo);
	assert_null(strstr(strstr(bo.lines.p, "\"snapshot\"") + 1, "\"snapshot\""));

	struct id conv = accept_as(&bo, ann, "help me", "");
	id_text(conv, id);
	see(&sue, "\"t\":\"conv\"", "\"owner\":\"bo\"");
	say(&bo, "{\"id\":\"c2\",\"t\":\"reply\",\"conv\":\"%s\",\"text\":\"Good \\\"day\\\"\"}",
		id);
	json_t *m = expect(&bo, "\"t\":\"message\"", "\"direction\":\"out\"");
	assert_string_equal(text_in(m, "text"), "Good \"day\"");
	assert_string_equal(text_in(m, "agent"), "bo");
	json_decref(m);
	json_t *ok = expect(&bo, "\"t\":\"ok\",\"id\":\"c2\"", "");
	assert_string_equal(text_in(ok, "conv"), id);
	assert_int_equal(number_in(ok, "seq"), 2);
	json_decref(ok);
	(void)customer_says(conv, ann, "thanks", "");
	see(&bo, "\"t\":\"message\"", "\"text\":\"thanks\"");

	/* what is not one's own is not told, and not done */
	say(&cy, "{\"id\":\"x1\",\"t\":\"reply\",\"conv\":\"%s\",\"text\":\"mine!\"}", id);
	see(&cy, "{\"t\":\"error\",\"id\":\"x1\",\"code\":\"forbidden\"", "");
	say(&cy, "{\"id\":\"x2\",\"t\":\"take\",\"conv\":\"%s\"}", id);
	see(&cy, "{\"t\":\"error\",\"id\":\"x2\",\"code\":\"forbidden\"",
		"the role agent may not do this: take");
	node_pass(50);
	assert_false(has_line(&cy, id, "\"t\":\"message\""));
	assert_false(has_line(&cy, id, "\"t\":\"conv\""));
	assert_false(has_line(&sue, id, "\"t\":\"message\""));

	/* a supervisor watches, then takes it away: the owner before hears of it */
	say(&sue, "{\"id\":\"s1\",\"t\":\"watch\",\"conv\":\"%s\",\"on\":true}", id);
	see(&sue, "{\"t\":\"ok\",\"id\":\"s1\"}", "");
	(void)customer_says(conv, ann, "are you there", "");
	see(&sue, "\"t\":\"message\"", "are you there");
	say(&sue, "{\"id\":\"s2\",\"t\":\"take\",\"conv\":\"%s\",\"agent\":\"cy\"}", id);
	see(&sue, "\"id\":\"s2\"", "\"ok\"");
	see(&bo, "\"t\":\"conv\"", "\"owner\":\"cy\"");
	see(&cy, "\"t\":\"conv\"", "\"owner\":\"cy\"");
	say(&cy, "{\"id\":\"x3\",\"t\":\"resolve\",\"conv\":\"%s\",\"outcome\":\"solved\"}", id);
	see(&cy, "{\"t\":\"ok\",\"id\":\"x3\"", "");
	end_close(&bo);
	end_close(&cy);
	end_close(&sue);
}

static void one_command_is_done_once(void **state)
{
	char id[27];
	struct desk_end bo = connect_as(cookies.bo);
	(void)state;
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"p1\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&bo, "\"id\":\"p1\"", "\"ok\"");
	struct id conv = accept_as(&bo, ann, "twice?", "");
	id_text(conv, id);
	say(&bo, "{\"id\":\"r1\",\"t\":\"reply\",\"conv\":\"%s\",\"text\":\"once\"}", id);
	see(&bo, "{\"t\":\"ok\",\"id\":\"r1\"", "");
	end_close(&bo);
	bo = connect_as(cookies.bo); /* the answer was lost, so it thinks */
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"r1\",\"t\":\"reply\",\"conv\":\"%s\",\"text\":\"once\"}", id);
	see(&bo, "{\"t\":\"ok\",\"id\":\"r1\"", "");
	struct str path = { 0 };
	str_addf(&path, "/api/v1/conversations/%s", id);
	struct reply a = get(path.p, cookies.bo);
	json_t *v = answer_json(&a);
	assert_int_equal(json_array_size(json_object_get(v, "messages")), 2);
	json_decref(v);
	answer_free(&a);
	str_free(&path);
	resolve_as(&bo, conv);
}

static void nothing_is_missed(void **state)
{
	char id[27];
	struct desk_end bo = connect_as(cookies.bo), sue;
	(void)state;
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"q1\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&bo, "\"id\":\"q1\"", "\"ok\"");
	struct id conv = accept_as(&bo, ann, "resume", "");
	id_text(conv, id);
	(void)customer_says(conv, ann, "before", "");
	json_t *m = expect(&bo, "\"t\":\"message\"", "\"before\"");
	json_int_t n = number_in(m, "n");
	json_decref(m);
	end_close(&bo);
	(void)customer_says(conv, ann, "while away 1", "");
	(void)customer_says(conv, ann, "while away 2", "");
	pipe_end(&sue, "sue");
	say(&sue, "{\"id\":\"s1\",\"t\":\"take\",\"conv\":\"%s\"}", id); /* and it is taken away */
	see(&sue, "\"id\":\"s1\"", "\"ok\"");
	(void)customer_says(conv, ann, "not his any more", "");

	bo = connect_as(cookies.bo);
	say(&bo, "{\"t\":\"resume\",\"from\":%lld}", (long long)n);
	m = expect(&bo, "\"t\":\"message\"", "while away 1");
	assert_true(number_in(m, "n") > n);
	json_decref(m);
	see(&bo, "\"t\":\"message\"", "while away 2");
	see(&bo, "\"t\":\"conv\"", "\"owner\":\"sue\"");
	node_pass(100);
	assert_false(has_line(&bo, "snapshot", ""));
	assert_false(has_line(&bo, "not his any more", ""));
	say(&bo, "{\"t\":\"ping\"}");
	see(&bo, "{\"t\":\"pong\"}", "");
	say(&sue, "{\"id\":\"s2\",\"t\":\"take\",\"conv\":\"%s\",\"agent\":\"bo\"}", id);
	see(&bo, "\"t\":\"conv\"", "\"owner\":\"bo\""); /* live again */
	resolve_as(&bo, conv);
	end_close(&sue);
}

static void a_number_never_given_gets_a_snapshot(void **state)
{
	struct desk_end bo = connect_as(cookies.bo);
	(void)state;
	say(&bo, "{\"t\":\"resume\",\"from\":99999999}");
	see(&bo, "\"t\":\"resync\"", "");
	see(&bo, "\"t\":\"snapshot\"", "\"why\":\"resync\"");
	say(&bo, "{\"id\":\"p9\",\"t\":\"presence\",\"to\":\"away\"}");
	see(&bo, "\"t\":\"agent\",\"agent\":\"bo\"", "away");
	end_close(&bo);
}

static void nonsense_costs_nothing_else(void **state)
{
	struct desk_end bo = connect_as(cookies.bo);
	(void)state;
	see(&bo, "snapshot", "");
	say(&bo, "what?");
	see(&bo, "\"code\":\"invalid\"", "not JSON");
	say(&bo, "{\"id\":\"1\",\"t\":\"reopen\",\"conv\":\"01HZ0000000000000000000001\"}");
	see(&bo, "\"id\":\"1\"", "\"code\":\"unknown\"");
	say(&bo, "{\"t\":\"ping\"}");
	see(&bo, "pong", "");
	end_close(&bo);
}

static void without_a_router_the_desk_waits(void **state)
{
	(void)state;
	node.routes = false;
	struct desk_end bo = connect_as(cookies.bo);
	see(&bo, "hello", "");
	node_pass(300);
	assert_false(has_line(&bo, "snapshot", ""));
	assert_int_equal(get_status("/api/v1/agents", cookies.sue), 503);
	node.routes = true;
	see(&bo, "snapshot", "");
	end_close(&bo);
}

/* The most that a reader who never reads is sent; then it catches up by a snapshot. */
static void a_slow_reader_is_not_buffered_for_ever(void **state)
{
	char text[40001], id[27];
	struct desk_end bo = connect_as(cookies.bo);
	(void)state;
	memset(text, 'x', 40000);
	text[40000] = '\0';
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"slow\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&bo, "\"id\":\"slow\"", "");
	struct id conv = accept_as(&bo, ann, "much", "");
	id_text(conv, id);
	size_t before = (size_t)node.messages;
	for (int i = 0; i < 200; i++) /* 8 MB, more than sockets and the desk hold */
		(void)customer_says(conv, ann, text, "");
	UNTIL((size_t)node.messages >= before + 200);
	see(&bo, "\"t\":\"resync\"", "too slowly");
	see(&bo, "\"t\":\"snapshot\"", "\"why\":\"resync\"");
	(void)customer_says(conv, ann, "at last", "");
	see(&bo, "\"t\":\"message\"", "at last");
	resolve_as(&bo, conv);
}

static void typing_goes_to_the_channel(void **state)
{
	char id[27];
	struct desk_end bo = connect_as(cookies.bo), cy;
	(void)state;
	pipe_end(&cy, "cy");
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"t1\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&bo, "\"id\":\"t1\"", "");
	struct id conv = accept_as(&bo, ann, "typing", "");
	id_text(conv, id);
	say(&cy, "{\"t\":\"typing\",\"conv\":\"%s\"}", id);
	node_pass(100);
	assert_int_equal(node.typings, 0); /* not cy's conversation */
	say(&bo, "{\"t\":\"typing\",\"conv\":\"%s\"}", id);
	UNTIL(node.typings == 1);
	assert_string_equal(node.typed, "site thread-1 Bo Berg");
	resolve_as(&bo, conv);
	end_close(&cy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shift),
		cmocka_unit_test(one_command_is_done_once),
		cmocka_unit_test(nothing_is_missed),
		cmocka_unit_test(a_number_never_given_gets_a_snapshot),
		cmocka_unit_test(nonsense_costs_nothing_else),
		cmocka_unit_test(without_a_router_the_desk_waits),
		cmocka_unit_test(typing_goes_to_the_channel),
		cmocka_unit_test(a_slow_reader_is_not_buffered_for_ever),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
