/* The API: who may read what, files, administration, figures, and its own description. */
#include "unit/desk/people.h"

static void reading_needs_a_reason(void **state)
{
	char id[27], path[128], cookie[80];
	struct desk_end bo = connect_as(cookies.bo);
	(void)state;
	login("cy", cookie);
	see(&bo, "snapshot", "");
	say(&bo, "{\"id\":\"g1\",\"t\":\"presence\",\"to\":\"available\"}");
	see(&bo, "\"id\":\"g1\"", "");
	struct id conv =
		accept_as(&bo, (struct id){ 0x018f000000000000, 99 }, "secret", "<b>secret</b>");
	id_text(conv, id);
	(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s", id);
	struct reply a = get(path, cookies.bo);
	assert_int_equal(a.status, 200);
	json_t *v = answer_json(&a);
	json_t *m = json_array_get(json_object_get(v, "messages"), 0);
	assert_string_equal(text_in(m, "text"), "secret");
	assert_true(json_is_true(json_object_get(m, "html")));
	assert_string_equal(text_in(json_object_get(v, "conv"), "name"), "Ann");
	json_decref(v);
	answer_free(&a);
	assert_int_equal(get_status(path, cookie), 403);
	assert_int_equal(get_status(path, cookies.sue), 200);
	(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s?after=1", id);
	a = get(path, cookies.bo);
	v = answer_json(&a);
	assert_int_equal(json_array_size(json_object_get(v, "messages")), 0);
	json_decref(v);
	answer_free(&a);
	(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s/messages/1/html", id);
	a = get(path, cookies.bo);
	assert_string_equal(a.body, "<b>secret</b>");
	assert_non_null(strstr(a.all.p, "text/plain; charset=utf-8"));
	answer_free(&a);
	assert_int_equal(get_status(path, cookie), 403);
	(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s/explain", id);
	assert_int_equal(get_status(path, cookies.bo), 200);
	assert_int_equal(get_status(path, cookie), 403);
	assert_int_equal(
		get_status("/api/v1/conversations/01HZ0000000000000000000001", cookies.bo), 404);
	assert_int_equal(get_status("/api/v1/conversations/x", cookies.bo), 404);
	assert_int_equal(get_status("/api/v1/stats", cookies.bo), 403);
	assert_int_equal(get_status("/api/v1/queues/general", cookies.sue), 200);
	assert_int_equal(get_status("/api/v1/queues/nope", cookies.sue), 404);
	assert_int_equal(get_status("/api/v1/nope", cookies.sue), 404);
	assert_int_equal(status_of("DELETE", "/api/v1/me", cookies.sue, "", ""), 405);
	resolve_as(&bo, conv);
}

static void files_are_given_to_those_who_serve_the_customer(void **state)
{
	char id[27], path[256], cookie[80], name[65];
	struct desk_end bo = connect_as(cookies.bo);
	(void)state;
	login("cy", cookie);
	struct reply a = http("POST", "/api/v1/blobs?name=a.html&type=text/html", cookies.bo,
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
		get_status(path, cookies.bo), 404); /* it is no attachment of this one yet */
	say(&bo,
		"{\"id\":\"f2\",\"t\":\"reply\",\"conv\":\"%s\",\"text\":\"\",\"parts\":[{\"name\":"
		"\"\xd0\xb4 \\\"1\\\".html\",\"type\":\"text/html\",\"size\":18,\"blob\":\"%s\"}]}",
		id, name);
	see(&bo, "\"t\":\"message\"", "\"parts\":[{\"name\":");
	see(&bo, "\"id\":\"f2\"", "\"ok\"");
	a = get(path, cookies.bo);
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
	struct reply a = post("/api/v1/users", cookies.root,
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
	a = get("/api/v1/agents", cookies.root);
	assert_non_null(strstr(a.body, "\"agent\":\"dee\",\"name\":\"Dee\",\"role\":\"agent\""));
	assert_null(strstr(a.body, "scrypt"));
	answer_free(&a);
	assert_int_equal(status_of("POST", "/api/v1/users", cookies.sue,
				 "Content-Type: application/json\r\n", "{}"),
		403);
	assert_int_equal(status_of("POST", "/api/v1/users", cookies.root,
				 "Content-Type: application/json\r\n",
				 "{\"id\":\"a b\",\"role\":\"agent\"}"),
		422);
	assert_int_equal(
		status_of("POST", "/api/v1/users", cookies.root,
			"Content-Type: application/json\r\n", "{\"id\":\"ok\",\"role\":\"king\"}"),
		422);
	assert_int_equal(status_of("DELETE", "/api/v1/users/root", cookies.root, "", ""), 409);
	assert_int_equal(status_of("DELETE", "/api/v1/users/dee", cookies.sue, "", ""), 403);
	assert_int_equal(status_of("DELETE", "/api/v1/users/dee", cookies.root, "", ""), 200);
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
	struct reply a = get("/api/v1/stats", cookies.sue);
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
	assert_int_equal(count, 30);
	json_decref(v);
	answer_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_needs_a_reason),
		cmocka_unit_test(files_are_given_to_those_who_serve_the_customer),
		cmocka_unit_test(administration),
		cmocka_unit_test(an_auditor_looks_only),
		cmocka_unit_test(a_pipe_of_nobody_is_closed),
		cmocka_unit_test(numbers),
		cmocka_unit_test(the_description_is_true),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
