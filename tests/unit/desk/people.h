/*
 * Who is at the desks of these tests: two agents, a supervisor, an administrator, an auditor; how they log in, connect, take and end a
 * conversation. Included by single files, like node.h.
 */
#ifndef USHER_TESTS_DESK_PEOPLE_H
#define USHER_TESTS_DESK_PEOPLE_H

#include "unit/desk/node.h"

static struct {
	char bo[80], sue[80], root[80];
} cookies;

struct made {
	int status;
	bool done;
	char password[64];
};

static inline void on_made(void *arg, int status, const char *password, const char *why)
{
	struct made *m = arg;
	m->status = status;
	m->done = true;
	if (status)
		print_message("user: %s\n", why);
	if (password)
		(void)snprintf(m->password, sizeof(m->password), "%s", password);
}

static inline void make_user(const char *id, const char *name, enum role role)
{
	struct made m = { 0 };
	desk_user_add(node.desk, slice_of(id), slice_of(name), role, SLICE("ru=80"), 0,
		SLICE("secret password"), on_made, &m);
	UNTIL(m.done);
	assert_int_equal(m.status, 0);
	assert_string_equal(m.password, ""); /* nobody is shown a password that they know */
}

static inline void login(const char *user, char cookie[80])
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

static inline struct desk_end connect_as(const char *cookie)
{
	struct reply a = post("/api/v1/ticket", cookie, "{}");
	assert_int_equal(a.status, 200);
	json_t *v = answer_json(&a);
	struct desk_end e = ws_dial(text_in(v, "ticket"), "");
	json_decref(v);
	answer_free(&a);
	return e;
}

static inline int status_of(const char *method, const char *path, const char *cookie,
	const char *extra, const char *body)
{
	struct reply a = http(method, path, cookie, extra, slice_of(body));
	int status = a.status;
	answer_free(&a);
	return status;
}

static inline int get_status(const char *path, const char *cookie)
{
	return status_of("GET", path, cookie, "", NULL);
}

static inline int set_up(void **state)
{
	(void)state;
	node_start();
	make_user("bo", "Bo Berg", ROLE_AGENT);
	make_user("cy", "Cy", ROLE_AGENT);
	make_user("sue", "Sue", ROLE_SUPERVISOR);
	make_user("root", "Root", ROLE_ADMIN);
	make_user("audra", "Audra", ROLE_AUDITOR);
	login("bo", cookies.bo);
	login("sue", cookies.sue);
	login("root", cookies.root);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	node_end();
	return 0;
}

static inline struct id accept_as(
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
static inline void resolve_as(struct desk_end *e, struct id conv)
{
	char id[27];
	say(e, "{\"id\":\"z-%s\",\"t\":\"resolve\",\"conv\":\"%s\"}", id_text(conv, id), id);
	see(e, "\"id\":\"z-", "\"ok\"");
	end_close(e);
}

#endif
