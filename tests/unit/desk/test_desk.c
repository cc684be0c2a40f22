/*
 * The desk as its users meet it: over real sockets, on a real Redis. Log-in, a shift of two agents and a supervisor, lost connections, rights.
 */
#include "unit/desk/node.h"

static const struct id ann = { 0x018f000000000000, 7 };
static char bo_cookie[80], sue_cookie[80], root_cookie[80];

struct made {
	int status;
	bool done;
	char password[64];
};

static void on_made(void *arg, int status, const char *password, const char *why)
{
	struct made *m = arg;
	m->status = status;
	m->done = true;
	if (status)
		print_message("user: %s\n", why);
	if (password)
		(void)snprintf(m->password, sizeof(m->password), "%s", password);
}

static void make_user(const char *id, const char *name, enum role role)
{
	struct made m = { 0 };
	desk_user_add(node.desk, slice_of(id), slice_of(name), role, SLICE("ru=80"), 0,
		SLICE("secret password"), on_made, &m);
	UNTIL(m.done);
	assert_int_equal(m.status, 0);
	assert_string_equal(m.password, ""); /* nobody is shown a password that they know */
}

static void login(const char *user, char cookie[80])
{
	struct str body = { 0 };
	str_addf(&body, "{\"user\":\"%s\",\"password\":\"secret password\"}", user);
	struct reply a = post("/api/v1/login", NULL, body.p);
	assert_int_equal(a.status, 200);
	memcpy(cookie, a.cookie, 80);
	assert_int_equal(strlen(cookie), 64);
	answer_free(&a);
	str_free(&body);
}

static struct desk_end connect_as(const char *cookie)
{
	struct reply a = post("/api/v1/ticket", cookie, "{}");
	assert_int_equal(a.status, 200);
	json_t *v = answer_json(&a);
	struct desk_end e = ws_dial(text_in(v, "ticket"), "");
	json_decref(v);
	answer_free(&a);
	return e;
}

static int status_of(const char *method, const char *path, const char *cookie, const char *extra,
	const char *body)
{
	struct reply a = http(method, path, cookie, extra, slice_of(body));
	int status = a.status;
	answer_free(&a);
	return status;
}

static int get_status(const char *path, const char *cookie)
{
	return status_of("GET", path, cookie, "", NULL);
}

static int set_up(void **state)
{
	(void)state;
	node_start();
	make_user("bo", "Bo Berg", ROLE_AGENT);
	make_user("cy", "Cy", ROLE_AGENT);
	make_user("sue", "Sue", ROLE_SUPERVISOR);
	make_user("root", "Root", ROLE_ADMIN);
	make_user("audra", "Audra", ROLE_AUDITOR);
	login("bo", bo_cookie);
	login("sue", sue_cookie);
	login("root", root_cookie);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	node_end();
	return 0;
}

/* ---- getting in ---- */

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
	struct reply a = get("/api/v1/me", bo_cookie);
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
	struct reply a = post("/api/v1/ticket", bo_cookie, "{}");
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
	assert_int_equal(status_of("POST", "/api/v1/ticket", bo_cookie, json, "{}"), 403);
	assert_int_equal(status_of("POST", "/api/v1/login", NULL, json, "{}"), 403);
	assert_int_equal(status_of("POST", "/api/v1/ticket", bo_cookie, ours, "{}"), 200);
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

/* ---- the page ---- */

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

/* ---- a shift ---- */

static struct id accept_as(
	struct desk_end *e, struct id customer, const char *text, const char *html)
{
	char id[27];
	struct id conv = customer_says((struct id){ 0 }, customer, text, html);
	json_t *offer = expect(e, "\"t\":\"offer\"", id_text(conv, id));
	assert_true(number_in(offer, "n") > 0 && number_in(offer, "expires_ms") > 0);
	say(e, "{\"id\":\"a-%s\",\"t\":\"accept\",\"offer\":\"%s\"}", id, text_in(offer, "offer"));
	see(e, "\"t\":\"offer_ended\"", "\"why\":\"accepted\"");
	see(e, "\"t\":\"conv\"", "\"state\":\"active\",\"owner\":");
	see(e, "\"t\":\"ok\"", "\"id\":\"a-");
	json_decref(offer);
	return conv;
}

/* An agent holds four chats at most: those of one test must not fill the next one's hands. */
static void resolve_as(struct desk_end *e, struct id conv)
{
	char id[27];
	say(e, "{\"id\":\"z-%s\",\"t\":\"resolve\",\"conv\":\"%s\"}", id_text(conv, id), id);
	see(e, "\"id\":\"z-", "\"ok\"");
	end_close(e);
}

static void a_shift(void **state)
{
	char id[27];
	struct desk_end bo = connect_as(bo_cookie), cy, sue;
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
	struct desk_end bo = connect_as(bo_cookie);
	(void)state;
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"p1\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&bo, "\"id\":\"p1\"", "\"ok\"");
	struct id conv = accept_as(&bo, ann, "twice?", "");
	id_text(conv, id);
	say(&bo, "{\"id\":\"r1\",\"t\":\"reply\",\"conv\":\"%s\",\"text\":\"once\"}", id);
	see(&bo, "{\"t\":\"ok\",\"id\":\"r1\"", "");
	end_close(&bo);
	bo = connect_as(bo_cookie); /* the answer was lost, so it thinks */
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"r1\",\"t\":\"reply\",\"conv\":\"%s\",\"text\":\"once\"}", id);
	see(&bo, "{\"t\":\"ok\",\"id\":\"r1\"", "");
	struct str path = { 0 };
	str_addf(&path, "/api/v1/conversations/%s", id);
	struct reply a = get(path.p, bo_cookie);
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
	struct desk_end bo = connect_as(bo_cookie), sue;
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

	bo = connect_as(bo_cookie);
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
	struct desk_end bo = connect_as(bo_cookie);
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
	struct desk_end bo = connect_as(bo_cookie);
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
	struct desk_end bo = connect_as(bo_cookie);
	see(&bo, "hello", "");
	node_pass(300);
	assert_false(has_line(&bo, "snapshot", ""));
	assert_int_equal(get_status("/api/v1/agents", sue_cookie), 503);
	node.routes = true;
	see(&bo, "snapshot", "");
	end_close(&bo);
}

/* The most that a reader who never reads is sent; then it catches up by a snapshot. */
static void a_slow_reader_is_not_buffered_for_ever(void **state)
{
	char text[40001], id[27];
	struct desk_end bo = connect_as(bo_cookie);
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
	struct desk_end bo = connect_as(bo_cookie), cy;
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

/* ---- the API ---- */

static void reading_needs_a_reason(void **state)
{
	char id[27], path[128], cookie[80];
	struct desk_end bo = connect_as(bo_cookie);
	(void)state;
	login("cy", cookie);
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"g1\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&bo, "\"id\":\"g1\"", "");
	struct id conv =
		accept_as(&bo, (struct id){ 0x018f000000000000, 99 }, "secret", "<b>secret</b>");
	id_text(conv, id);
	(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s", id);
	struct reply a = get(path, bo_cookie);
	assert_int_equal(a.status, 200);
	json_t *v = answer_json(&a);
	json_t *m = json_array_get(json_object_get(v, "messages"), 0);
	assert_string_equal(text_in(m, "text"), "secret");
	assert_true(json_is_true(json_object_get(m, "html")));
	assert_string_equal(text_in(json_object_get(v, "conv"), "name"), "Ann");
	json_decref(v);
	answer_free(&a);
	assert_int_equal(get_status(path, cookie), 403);
	assert_int_equal(get_status(path, sue_cookie), 200);
	(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s?after=1", id);
	a = get(path, bo_cookie);
	v = answer_json(&a);
	assert_int_equal(json_array_size(json_object_get(v, "messages")), 0);
	json_decref(v);
	answer_free(&a);
	(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s/messages/1/html", id);
	a = get(path, bo_cookie);
	assert_string_equal(a.body, "<b>secret</b>");
	assert_non_null(strstr(a.all.p, "text/plain; charset=utf-8"));
	answer_free(&a);
	assert_int_equal(get_status(path, cookie), 403);
	(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s/explain", id);
	assert_int_equal(get_status(path, bo_cookie), 200);
	assert_int_equal(get_status(path, cookie), 403);
	assert_int_equal(
		get_status("/api/v1/conversations/01HZ0000000000000000000001", bo_cookie), 404);
	assert_int_equal(get_status("/api/v1/conversations/x", bo_cookie), 404);
	assert_int_equal(get_status("/api/v1/stats", bo_cookie), 403);
	assert_int_equal(get_status("/api/v1/queues/general", sue_cookie), 200);
	assert_int_equal(get_status("/api/v1/queues/nope", sue_cookie), 404);
	assert_int_equal(get_status("/api/v1/nope", sue_cookie), 404);
	assert_int_equal(status_of("DELETE", "/api/v1/me", sue_cookie, "", ""), 405);
	resolve_as(&bo, conv);
}

static void files_are_given_to_those_who_serve_the_customer(void **state)
{
	char id[27], path[256], cookie[80], name[65];
	struct desk_end bo = connect_as(bo_cookie);
	(void)state;
	login("cy", cookie);
	struct reply a = http("POST", "/api/v1/blobs?name=a.html&type=text/html", bo_cookie,
		"Content-Type: application/octet-stream\r\n", SLICE("<script>1</script>"));
	assert_int_equal(a.status, 201);
	json_t *v = answer_json(&a);
	assert_int_equal(number_in(v, "size"), 18);
	(void)snprintf(name, sizeof(name), "%s", text_in(v, "blob"));
	json_decref(v);
	answer_free(&a);
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"f1\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&bo, "\"id\":\"f1\"", "");
	struct id conv = accept_as(&bo, (struct id){ 0x018f000000000000, 100 }, "send it", "");
	id_text(conv, id);
	(void)snprintf(path, sizeof(path), "/api/v1/blobs/%s?conv=%s", name, id);
	assert_int_equal(
		get_status(path, bo_cookie), 404); /* it is no attachment of this one yet */
	say(&bo,
		"{\"id\":\"f2\",\"t\":\"reply\",\"conv\":\"%s\",\"text\":\"\",\"parts\":[{\"name\":"
		"\"\xd0\xb4 \\\"1\\\".html\",\"type\":\"text/html\",\"size\":18,\"blob\":\"%s\"}]}",
		id, name);
	see(&bo, "\"t\":\"message\"", "\"parts\":[{\"name\":");
	see(&bo, "\"id\":\"f2\"", "\"ok\"");
	a = get(path, bo_cookie);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "<script>1</script>");
	assert_non_null(strstr(a.all.p, "Content-Disposition: attachment; filename=\"___"));
	assert_non_null(strstr(a.all.p, "filename*=UTF-8''%D0%B4%20%221%22.html"));
	assert_non_null(strstr(a.all.p, "default-src 'none'; sandbox"));
	assert_non_null(strstr(a.all.p, "nosniff"));
	answer_free(&a);
	assert_int_equal(get_status(path, cookie), 403);
	resolve_as(&bo, conv);
}

static void administration(void **state)
{
	(void)state;
	struct reply a = post("/api/v1/users", root_cookie,
		"{\"id\":\"dee\",\"name\":\"Dee\",\"role\":\"agent\",\"skills\":{\"ru\":70}}");
	assert_int_equal(a.status, 201);
	json_t *v = answer_json(&a);
	assert_int_equal(strlen(text_in(v, "password")), 20);
	struct str body = { 0 };
	str_addf(&body, "{\"user\":\"dee\",\"password\":\"%s\"}", text_in(v, "password"));
	json_decref(v);
	answer_free(&a);
	a = post("/api/v1/login", NULL, body.p);
	assert_int_equal(a.status, 200);
	char cookie[80];
	memcpy(cookie, a.cookie, 80);
	answer_free(&a);
	struct desk_end dee = connect_as(cookie);
	see(&dee, "snapshot", "\"agent\":\"dee\"");
	a = get("/api/v1/agents", root_cookie);
	assert_non_null(strstr(a.body, "\"agent\":\"dee\",\"name\":\"Dee\",\"role\":\"agent\""));
	assert_null(strstr(a.body, "scrypt"));
	answer_free(&a);
	assert_int_equal(status_of("POST", "/api/v1/users", sue_cookie,
				 "Content-Type: application/json\r\n", "{}"),
		403);
	assert_int_equal(status_of("POST", "/api/v1/users", root_cookie,
				 "Content-Type: application/json\r\n",
				 "{\"id\":\"a b\",\"role\":\"agent\"}"),
		422);
	assert_int_equal(
		status_of("POST", "/api/v1/users", root_cookie,
			"Content-Type: application/json\r\n", "{\"id\":\"ok\",\"role\":\"king\"}"),
		422);
	assert_int_equal(status_of("DELETE", "/api/v1/users/root", root_cookie, "", ""), 409);
	assert_int_equal(status_of("DELETE", "/api/v1/users/dee", sue_cookie, "", ""), 403);
	assert_int_equal(status_of("DELETE", "/api/v1/users/dee", root_cookie, "", ""), 200);
	UNTIL((end_read(&dee), dee.closed));
	assert_int_equal(get_status("/api/v1/me", cookie), 401);
	end_close(&dee);
	str_free(&body);
}

static void an_auditor_looks_only(void **state)
{
	struct desk_end e;
	(void)state;
	pipe_end(&e, "audra");
	see(&e, "snapshot", "\"waiting\":[");
	say(&e, "{\"id\":\"1\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&e, "\"id\":\"1\",\"code\":\"forbidden\"",
		"the role auditor may not do this: presence");
	say(&e, "{\"id\":\"2\",\"t\":\"queue\",\"queue\":\"general\",\"paused\":true}");
	see(&e, "\"id\":\"2\",\"code\":\"forbidden\"", "");
	end_close(&e);
}

static void a_pipe_of_nobody_is_closed(void **state)
{
	struct desk_end e;
	(void)state;
	pipe_end(&e, "nobody");
	UNTIL(e.closed);
	assert_string_equal(e.lines.p, "closed: there is no such user\n");
	end_close(&e);
}

static void numbers(void **state)
{
	(void)state;
	struct reply a = get("/api/v1/stats", sue_cookie);
	json_t *v = answer_json(&a);
	json_t *q = json_array_get(json_object_get(v, "queues"), 0);
	assert_string_equal(text_in(q, "queue"), "general");
	assert_true(json_is_integer(json_object_get(q, "answered")));
	assert_true(json_is_array(json_object_get(q, "by_segment")));
	json_t *levels = json_object_get(q, "levels");
	assert_int_equal(json_object_size(levels), 3);
	assert_true(json_is_integer(json_object_get(json_object_get(levels, "today"), "missed")));
	assert_int_equal(
		number_in(json_object_get(json_object_get(v, "status"), "intake"), "seen"), 1);
	json_decref(v);
	answer_free(&a);
}

/* Every endpoint is described, and whatever is described answers something else than 404 or 405 to a stranger. */
static void the_description_is_true(void **state)
{
	const char *path, *method;
	json_t *item, *operation;
	size_t count = 0;
	(void)state;
	struct reply a = get("/api/v1/openapi.json", NULL);
	assert_int_equal(a.status, 200);
	json_t *v = answer_json(&a);
	assert_string_equal(text_in(v, "openapi"), "3.1.0");
	json_object_foreach(json_object_get(v, "paths"), path, item)
	{
		json_object_foreach(item, method, operation)
		{
			char upper[8] = "", full[160];
			for (size_t i = 0; method[i] && i < 7; i++)
				upper[i] = (char)(method[i] & ~0x20);
			(void)snprintf(full, sizeof(full), "/api/v1%s", path);
			for (char *p = full; *p; p++)
				if (*p == '{' || *p == '}')
					*p = 'x';
			int status = status_of(upper, full, NULL, "", *upper == 'G' ? NULL : "");
			bool open = json_object_get(operation, "security") != NULL;
			if (open ? status == 404 || status == 405 : status != 401)
				fail_msg("%s %s: %d", upper, full, status);
			count++;
		}
	}
	assert_int_equal(count, 28);
	json_decref(v);
	answer_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_stranger_learns_nothing),
		cmocka_unit_test(the_cookie_is_kept_from_scripts_and_other_sites),
		cmocka_unit_test(me), cmocka_unit_test(a_ticket_is_good_once),
		cmocka_unit_test(pages_of_other_origins_may_nothing),
		cmocka_unit_test(logging_out_ends_it_everywhere),
		cmocka_unit_test(the_page_has_a_strict_policy), cmocka_unit_test(a_shift),
		cmocka_unit_test(one_command_is_done_once), cmocka_unit_test(nothing_is_missed),
		cmocka_unit_test(a_number_never_given_gets_a_snapshot),
		cmocka_unit_test(nonsense_costs_nothing_else),
		cmocka_unit_test(without_a_router_the_desk_waits),
		cmocka_unit_test(typing_goes_to_the_channel),
		cmocka_unit_test(reading_needs_a_reason),
		cmocka_unit_test(files_are_given_to_those_who_serve_the_customer),
		cmocka_unit_test(administration), cmocka_unit_test(an_auditor_looks_only),
		cmocka_unit_test(a_pipe_of_nobody_is_closed), cmocka_unit_test(numbers),
		cmocka_unit_test(the_description_is_true),
		cmocka_unit_test(a_slow_reader_is_not_buffered_for_ever),
		cmocka_unit_test(too_many_tries) };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
