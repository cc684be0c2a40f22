/*
 * The server over real sockets: keep-alive, pipelining, bodies, refusals, deadlines, proxies, drain.
 * The stranger's side is a plain blocking-free socket.
 */
#include "net_test.h"

#include <sys/resource.h>

#include "model/limits.h"
#include "net/http_server.h"
#include "net/tls.h"

static struct loop *loop;
static struct http_server *server;
static int port;
static int fd;
static struct str got;
static int requests, ended;
static struct http_request *held;

/* Says what was asked. */
static void echo(struct http_request *r, void *arg)
{
	struct str s = { 0 }, scratch = { 0 };

	(void)arg;
	requests++;
	str_addf(&s, "%.*s %.*s?%.*s from %s%s x=%.*s c=%.*s q=%.*s", SLICE_ARG(http_method(r)),
		SLICE_ARG(http_path(r)), SLICE_ARG(http_query(r)), http_peer(r),
		http_is_tls(r) ? " tls" : "", SLICE_ARG(http_header(r, "x")),
		SLICE_ARG(http_cookie(r, "c")), SLICE_ARG(http_query_get(r, "q", &scratch)));
	http_answer(r, 200, "text/plain", str_slice(&s));
	str_free(&s);
	str_free(&scratch);
}

static void say_body(struct http_request *r, struct slice body, void *arg)
{
	(void)arg;
	http_answer(r, 201, "text/plain", body);
}

static void request_ended(struct http_request *r, void *arg)
{
	(void)arg;
	ended++;
	if (held == r)
		held = NULL;
}

static void collect(struct http_request *r, void *arg)
{
	(void)arg;
	requests++;
	http_on_ended(r, request_ended, NULL);
	http_body_collect(r, 100000, say_body, NULL);
}

static void hold(struct http_request *r, void *arg)
{
	(void)arg;
	requests++;
	http_on_ended(r, request_ended, NULL);
	held = r;
}

static void refuse(struct http_request *r, void *arg)
{
	(void)arg;
	requests++;
	http_problem(r, 401, "who are \"you\"?");
}

static struct str pieces;
static bool pause_first;

static void take_piece(struct http_request *r, struct slice piece, bool last, void *arg)
{
	(void)arg;
	str_add(&pieces, piece);
	if (pause_first && !last) {
		pause_first = false;
		http_body_pause(r);
	}
	if (last)
		http_answer(r, 200, "text/plain", SLICE("streamed"));
}

static void stream(struct http_request *r, void *arg)
{
	(void)arg;
	requests++;
	held = r;
	http_on_ended(r, request_ended, NULL);
	http_body_stream(r, 10000000, take_piece, NULL);
}

static void go_elsewhere(struct http_request *r, void *arg)
{
	(void)arg;
	http_set(r, "Set-Cookie", SLICE("a=b"));
	http_redirect(r, 303, "/elsewhere");
}

static void big(struct http_request *r, void *arg)
{
	struct str s = { 0 };

	(void)arg;
	requests++;
	while (s.n < 4000000)
		str_add_text(&s, "0123456789abcdef");
	http_answer(r, 200, "text/plain", str_slice(&s));
	str_free(&s);
}

static void busy(struct http_request *r, void *arg)
{
	(void)arg;
	http_problem(r, 429, "wait");
}

static const struct http_handler handlers[] = {
	{ echo },
	{ collect },
	{ hold },
	{ refuse },
	{ stream },
	{ go_elsewhere },
	{ big },
	{ busy },
};

static void serve(void)
{
	static const char *const trusted[] = { "127.0.0.1", "10.0.0.9", NULL };
	static const char *const prefixes[] = { "/", "/collect", "/hold", "/refuse", "/stream",
		"/go", "/big", "/busy" };
	struct err err;

	loop = loop_new();
	server = http_server_new(loop);
	for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++)
		http_server_route(server, prefixes[i], &handlers[i], NULL);
	http_server_trust(server, trusted);
	port = http_server_listen(server, "127.0.0.1:0", NULL, &err);
	assert_true(port > 0);
	fd = client_connect(port);
	requests = ended = 0;
	held = NULL;
	str_clear(&got);
}

static void end(void)
{
	close(fd);
	http_server_free(&server);
	loop_turn(loop, 0);
	loop_free(&loop);
}

static void ask(const char *text)
{
	client_send(fd, text, strlen(text));
}

/* Until the answer so far contains `text`. */
static void expect_text(const char *text)
{
	bool over = false;
	uint64_t limit = clock_monotonic_us() + WAIT_MOST_US;

	while (!got.p || !memmem(got.p, got.n, text, strlen(text))) {
		if (over || clock_monotonic_us() > limit)
			fail_msg("no \"%s\" in \"%s\"", text, got.n ? got.p : "");
		loop_turn(loop, 10000);
		over = client_read(fd, &got);
	}
}

static void expect_end(void)
{
	TURN_UNTIL(loop, client_read(fd, &got));
}

static size_t count_of(const char *text)
{
	size_t n = 0;

	for (const char *p = got.p; p && (p = strstr(p, text)); p++)
		n++;
	return n;
}

static void a_request_is_routed_and_answered(void **state)
{
	(void)state;
	serve();
	ask("GET /a%20b/../c?q=1%202 HTTP/1.1\r\nHost: x\r\nX: y\r\nx: z\r\nCookie: c=d\r\n\r\n");
	expect_text("GET /c?q=1%202 from 127.0.0.1 x=y, z c=d q=1 2");
	expect_text("HTTP/1.1 200 OK\r\nDate: ");
	expect_text("X-Content-Type-Options: nosniff\r\n");
	expect_text("Referrer-Policy: ");
	expect_text("Content-Type: text/plain\r\n");
	assert_int_equal(count_of("Connection:"), 0);
	ask("GET /go HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_text("HTTP/1.1 303 See Other\r\n");
	expect_text("Location: /elsewhere\r\n");
	expect_text("Set-Cookie: a=b\r\n");
	assert_int_equal(http_server_count(server), 1);
	end();
}

static void pipelined_requests_are_answered_in_order_one_at_a_time(void **state)
{
	(void)state;
	serve();
	ask("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
	    "POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
	    "POST /collect HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
	    "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	    "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
	TURN_UNTIL(loop, held);
	turn_for(loop, 30000);
	assert_int_equal(requests, 1);
	http_answer(held, 200, NULL, SLICE("held"));
	expect_end();
	assert_int_equal(requests, 4);
	assert_int_equal(ended, 3);
	const char *in_order[] = { "held", "one", "two", "/last" };
	const char *p = got.p;
	for (size_t i = 0; i < 4; i++)
		assert_non_null(p = strstr(p, in_order[i]));
	assert_null(strstr(got.p, "/never"));
	end();
}

static void head_has_a_length_but_no_body(void **state)
{
	(void)state;
	serve();
	ask("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_text("GET /b");
	assert_null(strstr(got.p, "HEAD /a"));
	assert_int_equal(count_of("Content-Length: "), 2);
	assert_int_equal(count_of("Content-Length: 0"), 0);
	end();
}

static void http_1_0_is_closed_unless_asked_otherwise(void **state)
{
	(void)state;
	serve();
	ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	expect_text("GET /a");
	expect_text("Connection: keep-alive\r\n");
	ask("GET /b HTTP/1.0\r\n\r\n");
	expect_end();
	expect_text("GET /b");
	expect_text("Connection: close\r\n");
	end();
}

static void bodies_by_length_and_in_chunks(void **state)
{
	struct str body = { 0 }, text = { 0 };

	(void)state;
	serve();
	while (body.n < 90000)
		str_addf(&body, "%zu,", body.n);
	str_addf(&text, "POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", body.n);
	str_add(&text, str_slice(&body));
	for (size_t i = 0; i < text.n; i += 7001) {
		client_send(fd, text.p + i, text.n - i < 7001 ? text.n - i : 7001);
		loop_turn(loop, 10000);
	}
	expect_text("89998,");
	ask("POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	expect_text("Content-Length: 0\r\n");
	assert_int_equal(requests, 2);
	str_free(&body);
	str_free(&text);
	end();
}

static void a_packed_body_is_not_taken_for_a_plain_one(void **state)
{
	(void)state;
	serve();
	ask("POST /collect HTTP/1.1\r\nHost: x\r\nContent-Encoding: identity\r\n"
	    "Content-Length: 5\r\n\r\nhello");
	expect_text("HTTP/1.1 201 ");
	ask("POST /collect HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
	    "Content-Length: 5\r\n\r\n\x1f\x8bxyz");
	expect_text("HTTP/1.1 415 ");
	expect_text("Accept-Encoding: identity\r\n");
	expect_end();
	end();
}

static void a_body_over_the_limit_is_413(void **state)
{
	(void)state;
	serve();
	ask("POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n");
	expect_end();
	expect_text("HTTP/1.1 413 ");
	expect_text("application/problem+json");
	close(fd);
	fd = client_connect(port);
	str_clear(&got);
	ask("POST /collect HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	struct str chunk = { 0 };
	str_add_text(&chunk, "8000\r\n");
	while (chunk.n < 0x8006)
		str_add_char(&chunk, 'x');
	str_add_text(&chunk, "\r\n");
	for (int i = 0; i < 4; i++) {
		client_send(fd, chunk.p, chunk.n);
		turn_for(loop, 5000);
	}
	expect_end();
	expect_text("HTTP/1.1 413 ");
	str_free(&chunk);
	close(fd);
	fd = -1;
	TURN_UNTIL(loop, ended == 2);
	end();
}

static void the_client_is_told_to_continue_only_when_its_body_is_wanted(void **state)
{
	(void)state;
	serve();
	ask("POST /collect HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
	    "2\r\n\r\n");
	expect_text("HTTP/1.1 100 Continue\r\n\r\n");
	ask("hi");
	expect_text("\r\n\r\nhi");
	ask("POST /refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
	    "2\r\n\r\n");
	expect_end();
	assert_int_equal(count_of("100 Continue"), 1);
	expect_text("HTTP/1.1 401 ");
	expect_text("\"detail\":\"who are \\\"you\\\"?\"");
	end();
}

static void a_small_body_nobody_took_is_read_away_a_large_one_ends_the_connection(void **state)
{
	(void)state;
	serve();
	ask("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
	expect_text("HTTP/1.1 401 ");
	ask("helloGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_text("GET /next");
	ask("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\nhello");
	expect_end();
	assert_int_equal(count_of("HTTP/1.1 401 "), 2);
	expect_text("Connection: close");
	end();
}

static void streaming_can_pause(void **state)
{
	struct str text = { 0 };

	(void)state;
	serve();
	str_clear(&pieces);
	pause_first = true;
	str_add_text(&text, "POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
	size_t head = text.n;
	while (text.n < head + 300000)
		str_add_char(&text, 'x');
	size_t sent = 0;
	for (int i = 0; i < 50; i++) {
		ssize_t n = send(fd, text.p + sent, text.n - sent, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		loop_turn(loop, 1000);
	}
	assert_true(held && pieces.n > 0 && pieces.n <= 20000);
	http_body_resume(held);
	while (sent < text.n) {
		ssize_t n = send(fd, text.p + sent, text.n - sent, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		loop_turn(loop, 1000);
	}
	expect_text("streamed");
	assert_int_equal(pieces.n, 300000);
	str_free(&text);
	end();
}

static void refusals_are_precise_and_final(void **state)
{
	static const struct {
		const char *bytes, *answer;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\nHost: x\n\n", "bare LF" },
		{ "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 501 " },
		{ "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", "Allow: GET" },
		{ "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", "control byte in the path" },
		{ "GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "leaves the root" },
		{ "POST /collect HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n",
			"chunk size" },
		{ "POST /hold HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
		  "Content-Length: 5\r\n\r\n0\r\n\r\n",
			"both Content-Length" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		serve();
		ask(cases[i].bytes);
		/* what stands behind it must not be served */
		send(fd, "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", 35, MSG_NOSIGNAL);
		expect_end();
		expect_text(cases[i].answer);
		expect_text("application/problem+json");
		expect_text("Connection: close");
		assert_null(strstr(got.p, "/smuggled"));
		assert_int_equal(count_of("HTTP/1.1 "), 1);
		end();
	}
}

static void set_times(uint64_t header_us, uint64_t request_us, uint64_t idle_us)
{
	http_server_set_times(server, &(struct http_times){ .header_us = header_us,
					      .request_us = request_us,
					      .idle_us = idle_us,
					      .ping_us = 1000000 });
}

static void a_trickled_header_does_not_live_past_its_deadline(void **state)
{
	const char *text = "GET / HTTP/1.1\r\nHost: x\r\nX: ";

	(void)state;
	serve();
	set_times(300000, 30000000, 30000000);
	uint64_t began = clock_monotonic_us();
	bool over = false;
	for (size_t i = 0; !over && clock_monotonic_us() < began + 8000000; i++) {
		send(fd, i < strlen(text) ? text + i : "x", 1, MSG_NOSIGNAL);
		turn_for(loop, 10000);
		over = client_read(fd, &got);
	}
	assert_true(over && clock_monotonic_us() - began < 5000000);
	expect_text("HTTP/1.1 408 ");
	assert_int_equal(requests, 0);
	end();
}

static void silence_is_closed_without_a_word(void **state)
{
	(void)state;
	serve();
	close(fd);
	set_times(100000, 30000000, 150000);
	fd = client_connect(port);
	expect_end();
	assert_int_equal(got.n, 0);
	close(fd);
	fd = client_connect(port);
	ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_text("GET /a");
	size_t n = got.n;
	expect_end();
	assert_int_equal(got.n, n);
	end();
}

static void a_missing_body_is_408_a_missing_answer_504(void **state)
{
	(void)state;
	serve();
	set_times(30000000, 150000, 30000000);
	ask("POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell");
	expect_end();
	expect_text("HTTP/1.1 408 ");
	close(fd);
	TURN_UNTIL(loop, ended == 1);
	fd = client_connect(port);
	str_clear(&got);
	ask("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_end();
	expect_text("HTTP/1.1 504 ");
	close(fd);
	TURN_UNTIL(loop, !held);
	end();
}

static void the_handler_learns_that_the_client_went_away(void **state)
{
	(void)state;
	serve();
	ask("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
	TURN_UNTIL(loop, held);
	close(fd);
	fd = -1;
	TURN_UNTIL(loop, ended == 1);
	TURN_UNTIL(loop, http_server_count(server) == 0);
	end();
}

static void a_half_closed_client_gets_all_its_answers(void **state)
{
	(void)state;
	serve();
	ask("GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	shutdown(fd, SHUT_WR);
	TURN_UNTIL(loop, held);
	turn_for(loop, 20000);
	http_answer(held, 200, NULL, SLICE("two"));
	expect_end();
	expect_text("GET /one");
	expect_text("two");
	TURN_UNTIL(loop, http_server_count(server) == 0);
	end();
}

static void big_answers_wait_for_their_reader_before_the_next_is_made(void **state)
{
	(void)state;
	serve();
	ask("GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	turn_for(loop, 50000);
	assert_int_equal(requests, 1);
	TURN_UNTIL(loop, (client_read(fd, &got), requests == 2 && got.n > 8000000));
	end();
}

static void a_trusted_proxy_is_believed_about_its_client(void **state)
{
	static const struct {
		const char *header, *says;
	} cases[] = {
		{ "X-Forwarded-For: 1.2.3.4\r\n", "from 1.2.3.4 x" },
		{ "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.9\r\n", "from 1.2.3.4 x" },
		{ "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 2001:db8::1\r\n", "from "
										  "2001:db8::1 x" },
		{ "X-Forwarded-For: ::ffff:1.2.3.4\r\n", "from 1.2.3.4 x" },
		{ "X-Forwarded-For: 1.2.3.4, ::FFFF:a00:9\r\n", "from 1.2.3.4 x" },
		{ "X-Forwarded-For: <script>\r\n", "from 127.0.0.1 x" },
		{ "X-Forwarded-Proto: https\r\n", "from 127.0.0.1 tls" },
	};

	(void)state;
	serve();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str s = { 0 };
		str_clear(&got);
		str_addf(&s, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", cases[i].header);
		ask(s.p);
		expect_text(cases[i].says);
		str_free(&s);
	}
	http_server_trust(server, NULL);
	str_clear(&got);
	ask("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: "
	    "https\r\n\r\n");
	expect_text("from 127.0.0.1 x");
	end();
}

static const char FLOODER[] = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
static const char CALM[] = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.8\r\n\r\n";

static size_t answers(void)
{
	client_read(fd, &got);
	return count_of("HTTP/1.1 200");
}

/* An address that asks for more than its share waits; the others do not, and nothing of it is lost. */
static void an_address_that_asks_for_much_waits_for_it(void **state)
{
	struct str flood = { 0 }, other = { 0 };

	(void)state;
	serve();
	http_server_set_pace(server, &(struct pace){ 5, 100 });
	for (int i = 0; i < 25; i++)
		str_add_text(&flood, FLOODER);
	uint64_t began_us = loop_monotonic_us(loop);
	client_send(fd, flood.p, flood.n);
	TURN_UNTIL(loop, answers() >= 5);
	int calm = client_connect(port);
	client_send(calm, CALM, sizeof(CALM) - 1);
	TURN_UNTIL(loop, (client_read(calm, &other), other.n && strstr(other.p, "from "
										"203.0.113.8")));
	assert_in_range(answers(), 5, 20);
	TURN_UNTIL(loop, answers() == 25);
	assert_true(loop_monotonic_us(loop) - began_us >= 180000);
	close(calm);
	str_free(&flood);
	str_free(&other);
	end();
}

/* Each connection waits with one request; with many of them there comes an end to it. */
static void who_would_wait_too_long_is_told_so(void **state)
{
	enum { MANY = 8 };
	struct str said = { 0 };
	int fds[MANY];

	(void)state;
	serve();
	http_server_set_pace(server, &(struct pace){ 1, 1 });
	for (int i = 0; i < MANY; i++) {
		fds[i] = client_connect(port);
		client_send(fds[i], FLOODER, sizeof(FLOODER) - 1);
	}
	TURN_UNTIL(loop, (client_read(fds[MANY - 1], &said), said.n && strstr(said.p, "429 Too "
										      "Many")));
	assert_non_null(strstr(said.p, "Retry-After: "));
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	str_free(&said);
	end();
}

/* Being refused is dear: who asks on at once is heard less, the others as before. */
static void who_was_told_to_wait_and_goes_on_waits(void **state)
{
	static const char BUSY[] = "GET /busy HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "
				   "203.0.113.9\r\n\r\n";
	struct str flood = { 0 };

	(void)state;
	serve();
	http_server_set_pace(server, &(struct pace){ HTTP_PACE_REFUSED + 10, 100 });
	str_add_text(&flood, BUSY);
	str_add_text(&flood, BUSY);
	str_add_text(&flood, FLOODER);
	uint64_t began_us = loop_monotonic_us(loop);
	client_send(fd, flood.p, flood.n);
	TURN_UNTIL(loop, answers() == 1);
	assert_int_equal(count_of("HTTP/1.1 429"), 2);
	assert_true(loop_monotonic_us(loop) - began_us >= 100000);
	str_free(&flood);
	end();
}

static void a_drain_answers_what_is_there_and_ends(void **state)
{
	(void)state;
	serve();
	int idle = client_connect(port);
	ask("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	TURN_UNTIL(loop, held && http_server_count(server) == 2);
	http_server_drain(server);
	TURN_UNTIL(loop, http_server_count(server) == 1);
	http_answer(held, 200, NULL, SLICE("drained"));
	expect_end();
	expect_text("drained");
	expect_text("Connection: close");
	close(fd);
	TURN_UNTIL(loop, http_server_count(server) == 0);
	close(idle);
	fd = -1;
	end();
}

static void freeing_the_server_under_a_request_tells_its_handler(void **state)
{
	(void)state;
	serve();
	ask("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	TURN_UNTIL(loop, held);
	http_server_free(&server);
	assert_int_equal(ended, 0);
	loop_turn(loop, 0);
	assert_int_equal(ended, 1);
	close(fd);
	loop_free(&loop);
}

/* A server that was begun with so few descriptors. */
static void serve_with(unsigned descriptors)
{
	struct rlimit most, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &most), 0);
	few = most;
	few.rlim_cur = descriptors;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	serve();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &most), 0);
}

/* Whether a request from 127.0.0.`host` is answered; the connection stays. */
static bool is_let_in(int host, int *client)
{
	*client = client_connect_from(host, port);
	send(*client, CALM, sizeof(CALM) - 1, MSG_NOSIGNAL);
	str_clear(&got);
	bool over = false;
	TURN_UNTIL(loop, (over = client_read(*client, &got), over || got.n));
	return got.n && count_of("HTTP/1.1 200") == 1;
}

static void no_address_holds_more_than_its_share(void **state)
{
	enum { DESCRIPTORS = 128, SHARE = DESCRIPTORS / 2 / HTTP_ADDRESS_SHARE };
	int fds[SHARE], more, other;

	(void)state;
	serve_with(DESCRIPTORS);
	for (int i = 0; i < SHARE; i++)
		assert_true(is_let_in(2, &fds[i]));
	assert_false(is_let_in(2, &more));
	assert_true(is_let_in(3, &other));
	close(more);
	/* what it gives back it may take again */
	close(fds[0]);
	TURN_UNTIL(loop, http_server_count(server) == SHARE + 1); /* and that of serve() */
	assert_true(is_let_in(2, &fds[0]));
	for (int i = 0; i < SHARE; i++)
		close(fds[i]);
	close(other);
	end();
}

static void strangers_leave_descriptors_for_the_rest(void **state)
{
	enum { DESCRIPTORS = 40, MOST = DESCRIPTORS / 2 };
	int fds[MOST];

	(void)state;
	serve_with(DESCRIPTORS);
	for (int i = 1; i < MOST; i++)
		assert_true(is_let_in(1, &fds[i]));
	assert_false(is_let_in(1, &fds[0]));
	for (int i = 0; i < MOST; i++)
		close(fds[i]);
	end();
}

static void browsers_are_told_to_stay_with_tls(void **state)
{
	static const char BY_TLS[] = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: "
				     "https\r\n\r\n";

	(void)state;
	serve();
	ask(BY_TLS);
	expect_text(" tls x=");
	assert_int_equal(count_of("Strict-Transport"), 0);
	http_server_strict_transport(server, true);
	ask("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_text("GET /plain?");
	assert_int_equal(count_of("Strict-Transport"), 0);
	ask(BY_TLS);
	expect_text("Strict-Transport-Security: max-age=15552000\r\n");
	end();
}

static void options_of_the_whole_server_are_its_methods(void **state)
{
	(void)state;
	serve();
	ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_text("HTTP/1.1 204 No Content\r\n");
	expect_text("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
	assert_int_equal(requests, 0);
	end();
}

static void it_speaks_tls_to_curl(void **state)
{
	char dir[] = "/tmp/usher-test-https-XXXXXX", command[512], cert[64], key[64], line[512];
	struct err err;

	(void)state;
	if (system("command -v curl >/dev/null 2>&1") != 0)
		skip();
	serve();
	assert_non_null(mkdtemp(dir));
	make_certificate(dir);
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	struct tls *tls = tls_server_new(cert, key, &err);
	assert_non_null(tls);
	int secure = http_server_listen(server, "127.0.0.1:0", tls, &err);
	snprintf(command, sizeof(command),
		"curl -sS -m 10 --noproxy '*' --cacert %s https://localhost:%d/over?tls "
		"https://localhost:%d/twice 2>&1 --data hello; echo",
		cert, secure, secure);
	FILE *curl = popen(command, "r");
	assert_non_null(curl);
	assert_int_equal(fcntl(fileno(curl), F_SETFL, O_NONBLOCK), 0);
	size_t n = 0;
	uint64_t limit = clock_monotonic_us() + WAIT_MOST_US;
	line[0] = 0;
	while (!strchr(line, '\n') && clock_monotonic_us() < limit) {
		loop_turn(loop, 10000);
		ssize_t more = read(fileno(curl), line + n, sizeof(line) - n - 1);
		n += more > 0 ? (size_t)more : 0;
		line[n] = 0;
	}
	pclose(curl);
	if (!strstr(line, "POST /over?tls from 127.0.0.1 tls") || !strstr(line, "POST /twice"))
		fail_msg("curl: %s", line);
	tls_free(&tls);
	unlink(cert);
	unlink(key);
	rmdir(dir);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_routed_and_answered),
		cmocka_unit_test(pipelined_requests_are_answered_in_order_one_at_a_time),
		cmocka_unit_test(head_has_a_length_but_no_body),
		cmocka_unit_test(http_1_0_is_closed_unless_asked_otherwise),
		cmocka_unit_test(bodies_by_length_and_in_chunks),
		cmocka_unit_test(a_packed_body_is_not_taken_for_a_plain_one),
		cmocka_unit_test(a_body_over_the_limit_is_413),
		cmocka_unit_test(the_client_is_told_to_continue_only_when_its_body_is_wanted),
		cmocka_unit_test(
			a_small_body_nobody_took_is_read_away_a_large_one_ends_the_connection),
		cmocka_unit_test(streaming_can_pause),
		cmocka_unit_test(refusals_are_precise_and_final),
		cmocka_unit_test(a_trickled_header_does_not_live_past_its_deadline),
		cmocka_unit_test(silence_is_closed_without_a_word),
		cmocka_unit_test(a_missing_body_is_408_a_missing_answer_504),
		cmocka_unit_test(the_handler_learns_that_the_client_went_away),
		cmocka_unit_test(a_half_closed_client_gets_all_its_answers),
		cmocka_unit_test(big_answers_wait_for_their_reader_before_the_next_is_made),
		cmocka_unit_test(a_trusted_proxy_is_believed_about_its_client),
		cmocka_unit_test(an_address_that_asks_for_much_waits_for_it),
		cmocka_unit_test(who_would_wait_too_long_is_told_so),
		cmocka_unit_test(who_was_told_to_wait_and_goes_on_waits),
		cmocka_unit_test(a_drain_answers_what_is_there_and_ends),
		cmocka_unit_test(freeing_the_server_under_a_request_tells_its_handler),
		cmocka_unit_test(no_address_holds_more_than_its_share),
		cmocka_unit_test(strangers_leave_descriptors_for_the_rest),
		cmocka_unit_test(browsers_are_told_to_stay_with_tls),
		cmocka_unit_test(options_of_the_whole_server_are_its_methods),
		cmocka_unit_test(it_speaks_tls_to_curl),
	};
	signal(SIGPIPE, SIG_IGN);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&got);
	str_free(&pieces);
	return failed;
}
