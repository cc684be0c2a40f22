/* Sessions and tickets: what ends them. On a real Redis, through the API. */
#include "unit/desk/node.h"

#include "desk/session.h"

struct made {
	bool done;
	int status;
};

static void on_made(void *arg, int status, const char *password, const char *why)
{
	struct made *m = arg;
	(void)password;
	(void)why;
	m->status = status;
	m->done = true;
}

static void make_user(const char *password, enum role role)
{
	struct made m = { 0 };
	desk_user_add(node.desk, SLICE("bo"), SLICE("Bo"), role, SLICE(""), 0, slice_of(password),
		on_made, &m);
	UNTIL(m.done);
	assert_int_equal(m.status, 0);
}

static int log_in(const char *password, char cookie[80])
{
	struct str body = { 0 };
	str_addf(&body, "{\"user\":\"bo\",\"password\":\"%s\"}", password);
	struct reply a = post("/api/v1/login", NULL, body.p);
	int status = a.status;
	memcpy(cookie, a.cookie, 80);
	answer_free(&a);
	str_free(&body);
	return status;
}

static int me_status(const char *cookie)
{
	struct reply a = get("/api/v1/me", cookie);
	int status = a.status;
	answer_free(&a);
	return status;
}

static int set_up(void **state)
{
	(void)state;
	node_start();
	make_user("first password", ROLE_AGENT);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	node_end();
	return 0;
}

static void a_new_password_ends_old_sessions(void **state)
{
	char before[80], after[80];
	(void)state;
	assert_int_equal(log_in("first password", before), 200);
	assert_int_equal(me_status(before), 200);
	make_user("second password", ROLE_AGENT);
	assert_int_equal(me_status(before), 401);
	assert_int_equal(log_in("first password", after), 401);
	assert_int_equal(log_in("second password", after), 200);
	assert_int_equal(me_status(after), 200);
}

/* Whoever reads the database cannot log in with what is there. */
static void the_store_holds_no_token(void **state)
{
	char cookie[80], command[400];
	(void)state;
	assert_int_equal(log_in("second password", cookie), 200);
	(void)snprintf(command, sizeof(command),
		"cd %s/redis && ! grep -r -a -q %s . && ! grep -r -a -q 'second password' .",
		node.dir, cookie);
	assert_int_equal(system(command), 0);
}

static void bad_users_are_refused_before_any_work(void **state)
{
	static const char *const ids[] = { "", "a b", "a/b", "\xd0\xb1\xd0\xbe", "a:b" };
	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct made m = { 0 };
		desk_user_add(node.desk, slice_of(ids[i]), SLICE(""), ROLE_AGENT, SLICE(""), 0,
			SLICE("long enough"), on_made, &m);
		assert_true(m.done);
		assert_int_equal(m.status, -EINVAL);
	}
	struct made m = { 0 };
	desk_user_add(node.desk, SLICE("ok"), SLICE(""), ROLE_AGENT, SLICE("ru=101"), 0, SLICE(""),
		on_made, &m);
	assert_int_equal(m.status, -EINVAL);
	m = (struct made){ 0 };
	desk_user_add(node.desk, SLICE("ok"), SLICE(""), ROLE_AGENT, SLICE(""), 0, SLICE("short"),
		on_made, &m);
	assert_int_equal(m.status, -EINVAL);
}

/* ---- tickets, without a node ---- */

static void tickets_are_short_lived(void **state)
{
	struct tickets t = { 0 };
	struct who who = {
		.user = SLICE("bo"), .name = SLICE("Bo"), .key = SLICE("k"), .role = ROLE_AGENT
	};
	char text[TICKET_LEN + 1];
	(void)state;
	strcpy(text, ticket_make(&t, &who, 1000));
	struct ticket *k = ticket_take(&t, slice_of(text), 1000 + TICKET_KEEP_MS * 1000ull - 1);
	assert_non_null(k);
	assert_string_equal(k->user, "bo");
	ticket_free(&k);
	assert_null(ticket_take(&t, slice_of(text), 1001));
	strcpy(text, ticket_make(&t, &who, 1000));
	assert_null(ticket_take(&t, slice_of(text), 1000 + TICKET_KEEP_MS * 1000ull));
	assert_null(ticket_take(&t, SLICE(""), 0));
	tickets_free(&t);
}

static void tickets_are_bounded(void **state)
{
	struct tickets t = { 0 };
	struct who who = { .user = SLICE("bo") };
	char first[TICKET_LEN + 1];
	(void)state;
	strcpy(first, ticket_make(&t, &who, 0));
	for (int i = 0; i < TICKETS_MAX; i++)
		(void)ticket_make(&t, &who, 0);
	assert_int_equal(t.order.count, TICKETS_MAX);
	assert_null(ticket_take(&t, slice_of(first), 0));
	tickets_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_new_password_ends_old_sessions),
		cmocka_unit_test(the_store_holds_no_token),
		cmocka_unit_test(bad_users_are_refused_before_any_work),
		cmocka_unit_test(tickets_are_short_lived), cmocka_unit_test(tickets_are_bounded) };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
