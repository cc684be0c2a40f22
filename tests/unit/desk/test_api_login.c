/* Getting in and out: what a stranger learns, cookies, tickets, origins, tries; and the page itself. */
#include "unit/desk/people.h"

static void a_stranger_learns_nothing(void **state)
{
	(void)state;
	struct reply wrong =
		post("/api/v1/login", NULL, "{\"user\":\"bo\",\"password\":\"nope nope\"}");
	struct reply nobody =
		post("/api/v1/login", NULL, "{\"user\":\"xx\",\"password\":\"nope nope\"}");
	assert_int_equal(wrong.status, 401);
	assert_int_equal(nobody.status, 401);
	assert_string_equal(wrong.body, nobody.body);
	assert_string_equal(wrong.cookie, "");
	answer_free(&wrong);
	answer_free(&nobody);
	assert_int_equal(get_status("/api/v1/me", NULL), 401);
	assert_int_equal(get_status("/api/v1/me", "000000000000000000000000000000000000000000000000"
						  "0000000000000000"),
		401);
	assert_int_equal(get_status("/api/v1/me", "short"), 401);
	assert_int_equal(get_status("/api/v1/agents", NULL), 401);
	struct desk_end e = ws_dial("00000000000000000000000000000000", "");
	see(&e, "\"t\":\"hello\"", "\"protocol\":\"usher-desk\",\"version\":1");
	UNTIL((end_read(&e), e.closed));
	assert_int_equal(e.code, 4401);
	assert_false(has_line(&e, "snapshot", ""));
	end_close(&e);
}

static void the_cookie_is_kept_from_scripts_and_other_sites(void **state)
{
	(void)state;
	struct reply a =
		post("/api/v1/login", NULL, "{\"user\":\"bo\",\"password\":\"secret password\"}");
	assert_non_null(strstr(a.all.p, "; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"));
	assert_non_null(strstr(a.body, "\"id\":\"bo\",\"name\":\"Bo Berg\",\"role\":\"agent\""));
	assert_non_null(strstr(a.all.p, "no-store"));
	answer_free(&a);
}

static void me(void **state)
{
	(void)state;
	struct reply a = get("/api/v1/me", cookies.bo);
	json_t *v = answer_json(&a);
	assert_int_equal(a.status, 200);
	assert_string_equal(text_in(v, "lang"), "ru");
	assert_string_equal(text_in(v, "brand"), "Demo");
	assert_string_equal(text_in(v, "durability"), "always");
	assert_string_equal(text_in(json_object_get(v, "user"), "role"), "agent");
	assert_null(strstr(a.body, "\"take\""));
	assert_non_null(strstr(a.body, "\"reply\""));
	json_decref(v);
	answer_free(&a);
}

static void a_ticket_is_good_once(void **state)
{
	(void)state;
	struct reply a = post("/api/v1/ticket", cookies.bo, "{}");
	json_t *v = answer_json(&a);
	struct desk_end first = ws_dial(text_in(v, "ticket"), "");
	struct desk_end second = ws_dial(text_in(v, "ticket"), "");
	see(&first, "\"t\":\"snapshot\"", "");
	UNTIL((end_read(&second), second.closed));
	assert_int_equal(second.code, 4401);
	end_close(&first);
	end_close(&second);
	json_decref(v);
	answer_free(&a);
}

static void pages_of_other_origins_may_nothing(void **state)
{
	char ours[128];
	const char *json = "Content-Type: application/json\r\nOrigin: http://evil.test\r\n";
	(void)state;
	(void)snprintf(ours, sizeof(ours),
		"Content-Type: application/json\r\nOrigin: http://127.0.0.1:%d\r\n", node.port);
	assert_int_equal(status_of("POST", "/api/v1/ticket", cookies.bo, json, "{}"), 403);
	assert_int_equal(status_of("POST", "/api/v1/login", NULL, json, "{}"), 403);
	assert_int_equal(status_of("POST", "/api/v1/ticket", cookies.bo, ours, "{}"), 200);
	assert_int_equal(status_of("GET", "/desk/ws?ticket=x", NULL,
				 "Connection: Upgrade\r\nUpgrade: "
				 "websocket\r\nSec-WebSocket-Version: 13\r\n"
				 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: null\r\n",
				 NULL),
		403);
	assert_int_equal(status_of("POST", "/api/v1/login", NULL,
				 "Content-Type: application/x-www-form-urlencoded\r\n", "{}"),
		415);
}

static void logging_out_ends_it_everywhere(void **state)
{
	char cookie[80];
	(void)state;
	login("cy", cookie);
	struct desk_end e = connect_as(cookie);
	see(&e, "snapshot", "");
	assert_int_equal(status_of("POST", "/api/v1/logout", cookie, "", ""), 200);
	UNTIL((end_read(&e), e.closed));
	assert_int_equal(e.code, 4401);
	assert_int_equal(get_status("/api/v1/me", cookie), 401);
	end_close(&e);
}

static void too_many_tries(void **state)
{
	struct reply a = { 0 };
	(void)state;
	for (int i = 0; i < 9 && a.status != 429; i++) {
		answer_free(&a);
		a = post(
			"/api/v1/login", NULL, "{\"user\":\"audra\",\"password\":\"guess guess\"}");
	}
	assert_int_equal(a.status, 429);
	assert_non_null(strstr(a.all.p, "Retry-After: "));
	answer_free(&a);
}

static void the_page_has_a_strict_policy(void **state)
{
	(void)state;
	struct reply a = get("/desk/", NULL);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.all.p, "default-src 'none'; script-src 'self'"));
	assert_non_null(strstr(a.all.p, "frame-ancestors 'none'"));
	assert_non_null(strstr(a.body, "desk"));
	answer_free(&a);
	a = get("/desk", NULL);
	assert_int_equal(a.status, 308);
	assert_non_null(strstr(a.all.p, "Location: /desk/"));
	answer_free(&a);
	assert_int_equal(get_status("/deskfoo", NULL), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stranger_learns_nothing),
		cmocka_unit_test(the_cookie_is_kept_from_scripts_and_other_sites),
		cmocka_unit_test(me),
		cmocka_unit_test(a_ticket_is_good_once),
		cmocka_unit_test(pages_of_other_origins_may_nothing),
		cmocka_unit_test(logging_out_ends_it_everywhere),
		cmocka_unit_test(the_page_has_a_strict_policy),
		cmocka_unit_test(too_many_tries),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
