/*
 * A text posted to the hello channel is in the inbox on disk before the answer comes, once; what cannot be taken in is told so.
 */
#include "unit/host/house.h"

static int setup(void **state)
{
	struct house *h = mem_alloc(sizeof(*h));

	house_new(h);
	house_channel(h, "hi", "hello");
	house_open(h);
	assert_int_equal(host_open(h->host, &h->err), 0);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	house_end(*state);
	free(*state);
	return 0;
}

static int post(struct house *h, const char *text, struct str *got)
{
	return house_ask(h, "POST /hello HTTP/1.1\r\n", slice_of(text), got);
}

static void test_posted(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };
	char id[ID_TEXT_LEN + 1];

	assert_int_equal(post(h, "My card is lost\r\nplease help\x07", &got), 201);
	HOUSE_UNTIL(h, h->taken_count == 1);
	const struct command *c = &h->taken[0];
	assert_int_equal(c->type, COMMAND_MESSAGE);
	assert_slice_is(c->text, "My card is lost\nplease help");
	assert_slice_is(c->channel, "hi");
	assert_slice_is(c->ident_kind, "address");
	assert_slice_is(c->ident_value, "127.0.0.1");
	assert_slice_is(c->lang, "en");
	assert_int_equal(c->verified, 0);
	assert_string_equal(house_body(&got), id_text(c->id, id));
	str_free(&got);
}

/* While Redis stands still nothing is on disk, so nobody is told that it was taken in. */
static void test_not_before_the_disk(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };
	int fd = house_dial(h->port);

	kill(house_redis_pid, SIGSTOP);
	house_send(h, fd,
		SLICE("POST /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
		      "5\r\n\r\nhello"));
	house_pass(h, 300);
	house_read(fd, &got);
	assert_int_equal(got.n, 0);
	kill(house_redis_pid, SIGCONT);
	HOUSE_UNTIL(h, house_read(fd, &got));
	assert_true(house_has(&got, "HTTP/1.1 201"));
	close(fd);
	HOUSE_UNTIL(h, h->taken_count == 1);
	str_free(&got);
}

static void status_of(void *arg, const struct channel_status *s)
{
	*(struct channel_status *)arg = *s;
}

static void test_counted(void **state)
{
	struct house *h = *state;
	struct channel_status s = { .up = false };
	struct str got = { 0 };

	for (int i = 0; i < 3; i++)
		assert_int_equal(post(h, "hello", &got), 201);
	host_each(h->host, status_of, &s);
	assert_true(s.up);
	assert_slice_is(s.name, "hi");
	assert_slice_is(s.plugin, "hello");
	assert_int_equal(s.accepted, 3);
	assert_int_equal(s.seen, 3);
	assert_int_equal(s.wrong, 0);
	str_free(&got);
}

static void test_intake_closed(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	host_intake(h->host, false, "too much to do");
	assert_int_equal(post(h, "hello", &got), 503);
	host_intake(h->host, true, NULL);
	assert_int_equal(post(h, "hello again", &got), 201);
	HOUSE_UNTIL(h, h->taken_count == 1);
	assert_slice_is(h->taken[0].text, "hello again");
	str_free(&got);
}

static void test_too_large(void **state)
{
	struct house *h = *state;
	struct str got = { 0 }, big = { 0 };

	for (int i = 0; i < 5000; i++)
		str_add_char(&big, 'x');
	assert_int_equal(post(h, big.p, &got), 413);
	assert_int_equal(post(h, "small", &got), 201);
	str_free(&big);
	str_free(&got);
}

/* The client that leaves in the middle, and after, takes nothing with it. */
static void test_client_leaves(void **state)
{
	struct house *h = *state;
	int fd = house_dial(h->port);

	house_send(
		h, fd, SLICE("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"));
	house_pass(h, 30);
	close(fd);
	fd = house_dial(h->port);
	house_send(
		h, fd, SLICE("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nwhole"));
	loop_turn(h->loop, 0);
	close(fd);
	HOUSE_UNTIL(h, h->taken_count == 1);
	assert_slice_is(h->taken[0].text, "whole");
}

static void test_reopened(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	house_option(&h->channels[0], "path", "/other");
	assert_int_equal(host_configure(h->host, &h->config, &h->err), 0);
	house_pass(h, 30);
	assert_int_equal(post(h, "old path", &got), 503);
	assert_int_equal(house_ask(h, "POST /other HTTP/1.1\r\n", SLICE("new path"), &got), 201);
	h->config.channel_count = 0;
	assert_int_equal(host_configure(h->host, &h->config, &h->err), 0);
	house_pass(h, 30);
	assert_int_equal(house_ask(h, "POST /other HTTP/1.1\r\n", SLICE("gone"), &got), 503);
	str_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_posted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_before_the_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_intake_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reopened, setup, teardown),
	};

	return cmocka_run_group_tests(tests, house_redis, house_redis_end);
}
