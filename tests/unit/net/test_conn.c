/* Connections over real sockets: plain and TLS, names checked, deadlines, slow readers, endings. */
#include "net_test.h"

#include "model/limits.h"
#include "net/conn.h"
#include "net/tls.h"

static char dir[] = "/tmp/usher-test-conn-XXXXXX";
static char cert[64], key[64];

/* One end of a connection under test. */
struct end {
	struct conn *c;
	struct str got;
	char why[256];
	int opened, closed, drained, eofs;
	bool keep_on_eof, echo;
	size_t take; /* at most this much per call, 0: all */
};

static void end_opened(struct conn *c, void *arg)
{
	struct end *e = arg;

	(void)c;
	e->opened++;
}

static size_t end_data(struct conn *c, struct slice bytes, void *arg)
{
	struct end *e = arg;

	if (e->take && bytes.n > e->take)
		bytes.n = e->take;
	str_add(&e->got, bytes);
	if (e->echo)
		conn_write(c, bytes);
	return bytes.n;
}

static void end_drained(struct conn *c, void *arg)
{
	(void)c;
	((struct end *)arg)->drained++;
}

static void end_closed(struct conn *c, const char *why, void *arg)
{
	struct end *e = arg;

	assert_true(e->c == c);
	e->c = NULL;
	e->closed++;
	snprintf(e->why, sizeof(e->why), "%s", why);
}

static bool end_eof(struct conn *c, void *arg)
{
	struct end *e = arg;

	(void)c;
	e->eofs++;
	return e->keep_on_eof;
}

static const struct conn_ops end_ops = {
	.opened = end_opened,
	.data = end_data,
	.drained = end_drained,
	.closed = end_closed,
	.eof = end_eof,
};

static struct end server;

static void take_server(struct conn *c, void *arg)
{
	(void)arg;
	assert_null(server.c);
	server.c = c;
	conn_set_ops(c, &end_ops, &server);
}

static void end_reset(struct end *e)
{
	assert_null(e->c);
	str_free(&e->got);
	*e = (struct end){ 0 };
}

/* A loop and a listener on a free port. */
static struct loop *loop;
static struct listener *listener;
static char address[64];

static void start(const char *at, struct tls *tls)
{
	struct err err;

	loop = loop_new();
	listener = listener_new(loop, at, tls, take_server, NULL, &err);
	assert_non_null(listener);
	if (listener_port(listener))
		snprintf(address, sizeof(address), "127.0.0.1:%d", listener_port(listener));
	else
		snprintf(address, sizeof(address), "%s", at);
	end_reset(&server);
}

static void stop(struct end *client)
{
	if (client && client->c)
		conn_close(client->c, "test over");
	if (server.c)
		conn_close(server.c, "test over");
	TURN_UNTIL(loop, !server.c && (!client || !client->c));
	if (client)
		str_free(&client->got);
	end_reset(&server);
	listener_free(&listener);
	loop_free(&loop);
}

static void both_ways(const char *at, struct tls *server_tls, struct tls *client_tls)
{
	struct end client = { 0 };

	start(at, server_tls);
	server.echo = true;
	client.c = conn_dial(loop, address, client_tls, &end_ops, &client);
	conn_write(client.c, SLICE("before it is open "));
	assert_int_equal(client.opened, 0);
	TURN_UNTIL(loop, client.opened && server.opened);
	conn_write2(client.c, SLICE("and "), SLICE("after"));
	TURN_UNTIL(loop, client.got.n == 27);
	assert_string_equal(client.got.p, "before it is open and after");
	assert_int_equal(conn_is_tls(client.c), client_tls != NULL);
	assert_int_equal(conn_is_tls(server.c), server_tls != NULL);
	/* a megabyte through the echo */
	struct str big = { 0 };
	for (int i = 0; i < 65536; i++)
		str_add_text(&big, "0123456789abcde\n");
	str_clear(&client.got);
	conn_write(client.c, str_slice(&big));
	TURN_UNTIL(loop, client.got.n == big.n);
	assert_memory_equal(client.got.p, big.p, big.n);
	assert_int_equal(client.drained, 1);
	str_free(&big);
	conn_close(client.c, "enough");
	assert_int_equal(client.closed, 0);
	TURN_UNTIL(loop, client.closed && server.closed);
	assert_string_equal(client.why, "enough");
	assert_string_equal(server.why, "closed by the peer");
	assert_int_equal(client.opened + server.opened, 2);
	stop(&client);
}

static void plain_tcp_and_unix_echo(void **state)
{
	char path[128];

	(void)state;
	both_ways("127.0.0.1:0", NULL, NULL);
	snprintf(path, sizeof(path), "unix:%s/s", dir);
	both_ways(path, NULL, NULL);
	assert_int_equal(access(path + 5, F_OK), -1);
}

static void tls_echo(void **state)
{
	struct err err;
	struct tls *s = tls_server_new(cert, key, &err);

	(void)state;
	assert_non_null(s);
	struct tls *c = tls_client_new("localhost", cert, &err);
	both_ways("127.0.0.1:0", s, c);
	tls_free(&c);
	c = tls_client_new("127.0.0.1", cert, &err);
	both_ways("127.0.0.1:0", s, c);
	tls_free(&c);
	tls_free(&s);
}

static void a_client_refuses(const char *name, const char *ca, const char *why)
{
	struct end client = { 0 };
	struct err err;
	struct tls *s = tls_server_new(cert, key, &err);
	struct tls *c = tls_client_new(name, ca, &err);

	start("127.0.0.1:0", s);
	client.c = conn_dial(loop, address, c, &end_ops, &client);
	conn_write(client.c, SLICE("secret"));
	TURN_UNTIL(loop, client.closed);
	assert_int_equal(client.opened, 0);
	if (!strstr(client.why, why))
		fail_msg("\"%s\" does not say \"%s\"", client.why, why);
	TURN_UNTIL(loop, server.closed);
	assert_int_equal(server.got.n, 0);
	stop(&client);
	tls_free(&c);
	tls_free(&s);
}

static void a_wrong_name_or_issuer_is_refused(void **state)
{
	(void)state;
	a_client_refuses("elsewhere.example", cert, "ostname mismatch");
	a_client_refuses("127.0.0.2", cert, "IP address mismatch");
	a_client_refuses("localhost", NULL, "self");
}

static void bad_files_say_which(void **state)
{
	struct err err;

	(void)state;
	assert_null(tls_server_new("/nonexistent", key, &err));
	assert_non_null(strstr(err.text, "/nonexistent"));
	assert_null(tls_server_new(cert, cert, &err));
	assert_non_null(strstr(err.text, "cert.pem"));
	assert_null(tls_client_new("x", "/nonexistent", &err));
}

static void dialling_nobody_says_whom_and_why(void **state)
{
	struct end client = { 0 };

	(void)state;
	start("127.0.0.1:0", NULL);
	listener_free(&listener);
	client.c = conn_dial(loop, address, NULL, &end_ops, &client);
	TURN_UNTIL(loop, client.closed);
	assert_non_null(strstr(client.why, address));
	assert_non_null(strstr(client.why, "Connection refused"));
	client.c = conn_dial(loop, "unix:/nonexistent/s", NULL, &end_ops, &client);
	assert_int_equal(client.closed, 1);
	TURN_UNTIL(loop, client.closed == 2);
	assert_non_null(strstr(client.why, "/nonexistent/s"));
	client.c = conn_dial(loop, "no port", NULL, &end_ops, &client);
	TURN_UNTIL(loop, client.closed == 3);
	assert_non_null(strstr(client.why, "host:port"));
	stop(&client);
}

static void a_name_is_resolved_in_the_background(void **state)
{
	struct end client = { 0 };
	char name[64];

	(void)state;
	start("127.0.0.1:0", NULL);
	snprintf(name, sizeof(name), "localhost:%d", listener_port(listener));
	server.echo = true;
	client.c = conn_dial(loop, name, NULL, &end_ops, &client);
	conn_write(client.c, SLICE("hello"));
	/* where localhost is ::1 first, nobody listens there: the next address is tried */
	TURN_UNTIL(loop, client.got.n == 5 || client.closed);
	assert_string_equal(client.why, "");
	/* a loop that ends under a look-up is no trouble */
	struct end gone = { 0 };
	gone.c = conn_dial(loop, name, NULL, &end_ops, &gone);
	conn_close(gone.c, "changed my mind");
	TURN_UNTIL(loop, gone.closed);
	assert_string_equal(gone.why, "changed my mind");
	stop(&client);
	str_free(&gone.got);
}

static void deadlines_close_with_their_reason(void **state)
{
	(void)state;
	start("127.0.0.1:0", NULL);
	int fd = client_connect(listener_port(listener));
	TURN_UNTIL(loop, server.opened);
	conn_deadline(server.c, 1000000, "never");
	conn_deadline_clear(server.c);
	conn_deadline(server.c, 150000, "too slow");
	uint64_t began = clock_monotonic_us();
	/* trickling bytes does not help */
	while (!server.closed && clock_monotonic_us() < began + 5000000) {
		send(fd, "x", 1, MSG_NOSIGNAL);
		loop_turn(loop, 20000);
	}
	uint64_t took = clock_monotonic_us() - began;
	assert_true(server.got.n > 1);
	assert_string_equal(server.why, "too slow");
	assert_true(took >= 150000 && took < 4000000);
	close(fd);
	stop(NULL);
}

static void a_slow_reader_shows_in_the_output_and_drains_later(void **state)
{
	struct str got = { 0 }, chunk = { 0 };

	(void)state;
	start("127.0.0.1:0", NULL);
	int fd = client_connect(listener_port(listener));
	TURN_UNTIL(loop, server.opened);
	while (chunk.n < 65536)
		str_add_char(&chunk, 'x');
	size_t sent = 0;
	while (conn_output(server.c) < 1000000) {
		conn_write(server.c, str_slice(&chunk));
		sent += chunk.n;
		loop_turn(loop, 0);
	}
	/* what the kernel took at once was drained at once */
	server.drained = 0;
	turn_for(loop, 10000);
	assert_int_equal(server.drained, 0);
	while (got.n < sent) {
		client_read(fd, &got);
		loop_turn(loop, 1000);
	}
	TURN_UNTIL(loop, server.drained == 1);
	assert_int_equal(conn_output(server.c), 0);
	str_free(&got);
	str_free(&chunk);
	close(fd);
	stop(NULL);
}

/* Half an answer and a clean end would be a whole answer to somebody. */
static void what_is_cut_short_is_reset(void **state)
{
	struct str much = { 0 }, got = { 0 };

	(void)state;
	start("127.0.0.1:0", NULL);
	int fd = client_connect(listener_port(listener));
	TURN_UNTIL(loop, server.opened);
	while (much.n < 16000000)
		str_add_text(&much, "0123456789abcdef");
	conn_write(server.c, str_slice(&much));
	conn_deadline(server.c, 20000, "too slow");
	TURN_UNTIL(loop, server.closed);
	assert_string_equal(server.why, "too slow");
	TURN_UNTIL(loop, client_read(fd, &got));
	assert_int_equal(errno, ECONNRESET);
	assert_true(got.n < much.n);
	close(fd);
	str_free(&much);
	str_free(&got);
	stop(NULL);
}

static void finish_sends_everything_first_even_when_input_is_unread(void **state)
{
	struct str got = { 0 }, big = { 0 };

	(void)state;
	start("127.0.0.1:0", NULL);
	int fd = client_connect(listener_port(listener));
	TURN_UNTIL(loop, server.opened);
	while (big.n < 3000000)
		str_add_text(&big, "0123456789");
	conn_read_pause(server.c);
	conn_write(server.c, str_slice(&big));
	conn_finish(server.c, "said all");
	for (int i = 0; i < 50; i++) {
		client_send(fd, "unread", 6);
		loop_turn(loop, 0);
	}
	bool ended = false;
	TURN_UNTIL(loop, (ended = client_read(fd, &got)));
	assert_int_equal(got.n, big.n);
	assert_int_equal(server.got.n, 0);
	assert_int_equal(server.closed, 0);
	close(fd);
	TURN_UNTIL(loop, server.closed);
	assert_string_equal(server.why, "said all");
	str_free(&got);
	str_free(&big);
	stop(NULL);
}

static void paused_input_waits_and_partly_taken_input_comes_again(void **state)
{
	(void)state;
	start("127.0.0.1:0", NULL);
	server.take = 3;
	int fd = client_connect(listener_port(listener));
	TURN_UNTIL(loop, server.opened);
	conn_read_pause(server.c);
	client_send(fd, "abcdefgh", 8);
	turn_for(loop, 30000);
	assert_int_equal(server.got.n, 0);
	conn_read_resume(server.c);
	assert_int_equal(server.got.n, 0);
	TURN_UNTIL(loop, server.got.n == 8);
	assert_string_equal(server.got.p, "abcdefgh");
	close(fd);
	stop(NULL);
}

static size_t takes_nothing(struct conn *c, struct slice bytes, void *arg)
{
	(void)c;
	(void)bytes;
	(void)arg;
	return 0;
}

static void what_has_come_is_read_in_few_turns(void **state)
{
	static char bytes[60000];
	struct end client = { 0 };
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "unix:%s/s", dir);
	start(path, NULL);
	client.c = conn_dial(loop, address, NULL, &end_ops, &client);
	TURN_UNTIL(loop, client.opened && server.opened);
	conn_write(client.c, slice_make(bytes, sizeof(bytes)));
	/* one to write, one to read: at 4 KiB a turn it were fifteen */
	for (int i = 0; i < 3 && server.got.n < sizeof(bytes); i++)
		loop_turn(loop, 1000000);
	assert_int_equal(server.got.n, sizeof(bytes));
	stop(&client);
}

static void unread_input_is_bounded(void **state)
{
	static const struct conn_ops ops = { .data = takes_nothing, .closed = end_closed };
	char bytes[6000] = { 0 };

	(void)state;
	start("127.0.0.1:0", NULL);
	int fd = client_connect(listener_port(listener));
	TURN_UNTIL(loop, server.opened);
	conn_set_input_max(server.c, 5000);
	conn_set_ops(server.c, &ops, &server);
	client_send(fd, bytes, sizeof(bytes));
	TURN_UNTIL(loop, server.closed);
	assert_non_null(strstr(server.why, "more than is taken"));
	close(fd);
	stop(NULL);
}

static void a_half_closed_peer_still_gets_its_answer(void **state)
{
	struct str got = { 0 };

	(void)state;
	start("127.0.0.1:0", NULL);
	server.keep_on_eof = true;
	int fd = client_connect(listener_port(listener));
	client_send(fd, "question", 8);
	shutdown(fd, SHUT_WR);
	TURN_UNTIL(loop, server.eofs == 1);
	assert_string_equal(server.got.p, "question");
	conn_write(server.c, SLICE("answer"));
	conn_finish(server.c, "answered");
	TURN_UNTIL(loop, client_read(fd, &got));
	assert_string_equal(got.p, "answer");
	TURN_UNTIL(loop, server.closed);
	assert_string_equal(server.why, "answered");
	assert_int_equal(server.eofs, 1);
	str_free(&got);
	close(fd);
	stop(NULL);
}

static struct tls *starttls_with;

/* Answers "220" and turns to TLS at the first line, whatever stands behind it. */
static size_t starttls_data(struct conn *c, struct slice bytes, void *arg)
{
	struct end *e = arg;

	if (conn_is_tls(c))
		return end_data(c, bytes, arg);
	assert_true(slice_starts(bytes, SLICE("STARTTLS\r\n")));
	conn_write(c, SLICE("220 go\r\n"));
	conn_starttls(c, starttls_with);
	conn_write(c, SLICE("encrypted hello"));
	str_clear(&e->got);
	return 10;
}

static size_t client_starttls_data(struct conn *c, struct slice bytes, void *arg)
{
	if (conn_is_tls(c))
		return end_data(c, bytes, arg);
	assert_true(slice_equal(bytes, SLICE("220 go\r\n")));
	conn_starttls(
		c, arg ? ((struct tls **)(void *)((char *)arg + sizeof(struct end)))[0] : NULL);
	return bytes.n;
}

static void starttls_drops_what_was_injected_in_the_clear(void **state)
{
	static const struct conn_ops ops = {
		.opened = end_opened, .data = starttls_data, .closed = end_closed
	};
	static const struct conn_ops client_ops = {
		.opened = end_opened, .data = client_starttls_data, .closed = end_closed
	};
	struct {
		struct end end;
		struct tls *tls;
	} client = { 0 };
	struct err err;

	(void)state;
	starttls_with = tls_server_new(cert, key, &err);
	client.tls = tls_client_new("localhost", cert, &err);
	start("127.0.0.1:0", NULL);
	client.end.c = conn_dial(loop, address, NULL, &client_ops, &client);
	TURN_UNTIL(loop, server.opened && client.end.opened);
	conn_set_ops(server.c, &ops, &server);
	conn_write(client.end.c, SLICE("STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n"));
	TURN_UNTIL(loop, server.opened == 2 && client.end.opened == 2);
	conn_write(client.end.c, SLICE("EHLO"));
	TURN_UNTIL(loop, server.got.n && client.end.got.n == 15);
	assert_string_equal(server.got.p, "EHLO");
	assert_string_equal(client.end.got.p, "encrypted hello");
	stop(&client.end);
	tls_free(&client.tls);
	tls_free(&starttls_with);
}

static void a_stale_socket_file_is_replaced_a_live_one_is_not(void **state)
{
	char at[128];
	struct err err;

	(void)state;
	snprintf(at, sizeof(at), "unix:%s/live", dir);
	start(at, NULL);
	assert_null(listener_new(loop, at, NULL, take_server, NULL, &err));
	assert_non_null(strstr(err.text, "in use"));
	stop(NULL);
	/* left behind by a killed process */
	struct sockaddr_storage sa = { .ss_family = AF_UNIX };
	snprintf((char *)&sa + 2, 100, "%s/live", dir);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, 110), 0);
	close(fd);
	assert_int_equal(access(at + 5, F_OK), 0);
	start(at, NULL);
	stop(NULL);
}

static void addresses_that_make_no_sense_are_refused(void **state)
{
	const char *bad[] = { "", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", ":80",
		"::1:80", "[127.0.0.1]:80", "unix:", "name:80", "[::1]", "127.0.0.1:8x" };
	struct err err;

	(void)state;
	loop = loop_new();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err.text[0] = 0;
		assert_null(listener_new(loop, bad[i], NULL, take_server, NULL, &err));
		assert_true(err.text[0]);
	}
	loop_free(&loop);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(dir));
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	make_certificate(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(cert);
	unlink(key);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_tcp_and_unix_echo),
		cmocka_unit_test(tls_echo),
		cmocka_unit_test(a_wrong_name_or_issuer_is_refused),
		cmocka_unit_test(bad_files_say_which),
		cmocka_unit_test(dialling_nobody_says_whom_and_why),
		cmocka_unit_test(a_name_is_resolved_in_the_background),
		cmocka_unit_test(deadlines_close_with_their_reason),
		cmocka_unit_test(a_slow_reader_shows_in_the_output_and_drains_later),
		cmocka_unit_test(what_is_cut_short_is_reset),
		cmocka_unit_test(finish_sends_everything_first_even_when_input_is_unread),
		cmocka_unit_test(paused_input_waits_and_partly_taken_input_comes_again),
		cmocka_unit_test(what_has_come_is_read_in_few_turns),
		cmocka_unit_test(unread_input_is_bounded),
		cmocka_unit_test(a_half_closed_peer_still_gets_its_answer),
		cmocka_unit_test(starttls_drops_what_was_injected_in_the_clear),
		cmocka_unit_test(a_stale_socket_file_is_replaced_a_live_one_is_not),
		cmocka_unit_test(addresses_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
