/*
 * WebSockets over real sockets: the upgrade, messages of every size, pings, endings, slow readers,
 * and what an idle one costs.
 */
#include "net_test.h"

#include <malloc.h>
#include <sys/resource.h>

#include "model/limits.h"
#include "net/http_server.h"

#define UPGRADE                                                                                    \
	"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

static struct loop *loop;
static struct http_server *server;
static int port, fd;
static struct str got, all;
static struct ws *socket_;
static int closed_code, closed_count, messages, drained;
static char closed_why[200];
static bool echoing = true, pausing, strangers;

static void ws_message(struct ws *w, struct slice text, void *arg)
{
	(void)arg;
	messages++;
	str_add(&all, text);
	str_add_char(&all, '|');
	if (pausing)
		ws_read_pause(w);
	if (slice_is(text, "close me"))
		ws_close(w, 4001, "as you wish");
	if (echoing)
		ws_send(w, text);
}

static void ws_bytes(struct ws *w, struct slice bytes, void *arg)
{
	(void)arg;
	ws_send_binary(w, bytes);
}

static void ws_is_drained(struct ws *w, void *arg)
{
	(void)w;
	(void)arg;
	drained++;
}

static void ws_is_closed(struct ws *w, int code, const char *why, void *arg)
{
	(void)arg;
	if (socket_ == w)
		socket_ = NULL;
	closed_count++;
	closed_code = code;
	snprintf(closed_why, sizeof(closed_why), "%s", why);
}

static const struct ws_ops text_ops = {
	.message = ws_message, .drained = ws_is_drained, .closed = ws_is_closed
};
static const struct ws_ops both_ops = {
	.message = ws_message, .binary = ws_bytes, .closed = ws_is_closed
};

static const struct pace twenty = { 20, 200 };
static const struct ws_ops paced_ops = {
	.message = ws_message, .closed = ws_is_closed, .pace = &twenty
};

static void upgrade(struct http_request *r, void *arg)
{
	if (!http_is_upgrade(r)) {
		http_upgrade_required(r);
		return;
	}
	http_set(r, "Sec-WebSocket-Protocol", SLICE("usher"));
	socket_ = ws_accept(r, 5000000, strangers ? &paced_ops : arg ? &both_ops : &text_ops, NULL);
}

static const struct http_handler handler = { upgrade };

static void serve(bool binary)
{
	static const char *const trusted[] = { "127.0.0.1", NULL };
	struct err err;

	loop = loop_new();
	server = http_server_new(loop);
	http_server_route(server, "/ws", &handler, binary ? &server : NULL);
	http_server_trust(server, trusted);
	port = http_server_listen(server, "127.0.0.1:0", NULL, &err);
	assert_true(port > 0);
	fd = client_connect(port);
	socket_ = NULL;
	closed_code = closed_count = messages = drained = 0;
	echoing = true;
	pausing = strangers = false;
	str_clear(&got);
	str_clear(&all);
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

static void open_socket(void)
{
	ask(UPGRADE "\r\n");
	TURN_UNTIL(loop, (client_read(fd, &got), got.n && strstr(got.p, "\r\n\r\n")));
	assert_non_null(strstr(got.p, "HTTP/1.1 101 "));
	assert_non_null(socket_);
	str_clear(&got);
}

/* A masked frame, sent while the loop turns. */
static void send_frame(uint8_t first, const void *payload, size_t n)
{
	static const uint8_t mask[4] = { 1, 2, 3, 4 };
	struct str s = { 0 };

	str_add_char(&s, (char)first);
	str_add_char(&s, (char)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127)));
	for (int i = n < 126 ? -1 : n < 65536 ? 1 : 7; i >= 0; i--)
		str_add_char(&s, (char)((uint64_t)n >> (8 * i)));
	str_add(&s, slice_make(mask, 4));
	for (size_t i = 0; i < n; i++)
		str_add_char(&s, (char)(((const uint8_t *)payload)[i] ^ mask[i & 3]));
	for (size_t sent = 0; sent < s.n;) {
		ssize_t now = send(fd, s.p + sent, s.n - sent, MSG_NOSIGNAL);
		sent += now > 0 ? (size_t)now : 0;
		loop_turn(loop, 0);
		client_read(fd, &got);
	}
	str_free(&s);
}

static void expect_bytes(const void *bytes, size_t n)
{
	TURN_UNTIL(loop, (client_read(fd, &got), got.n >= n));
	assert_int_equal(got.n, n);
	assert_memory_equal(got.p, bytes, n);
	str_clear(&got);
}

static void the_upgrade_proves_that_it_was_understood(void **state)
{
	(void)state;
	serve(false);
	/* a frame sent ahead is the WebSocket's */
	ask(UPGRADE "X-Forwarded-For: 1.2.3.4\r\n\r\n\x81\x82\x01\x02\x03\x04ik");
	TURN_UNTIL(loop, messages == 1);
	TURN_UNTIL(loop, (client_read(fd, &got), got.n && strstr(got.p, "\x81\x02")));
	assert_non_null(strstr(got.p, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	assert_non_null(strstr(got.p, "Sec-WebSocket-Protocol: usher\r\n"));
	assert_string_equal(all.p, "hi|");
	assert_string_equal(ws_peer(socket_), "1.2.3.4");
	assert_int_equal(http_server_count(server), 1);
	end();
}

static void what_is_no_upgrade_is_answered_precisely(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", "426" },
		{ "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", "426" },
		{ "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
			"426" },
		{ "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
			"426" },
		{ "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Version: 13\r\n\r\n",
			"400" },
		{ "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Key: c2hvcnQ=\r\nSec-WebSocket-Version: 13\r\n\r\n",
			"400" },
		{ "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\nSec-WebSocket-Version: "
		  "13\r\n\r\n",
			"400" },
		{ "POST /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: "
		  "13\r\n\r\n",
			"400" },
		{ "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Content-Length: 2\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: "
		  "13\r\n\r\n",
			"400" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		serve(false);
		ask(cases[i].request);
		TURN_UNTIL(loop, (client_read(fd, &got), got.n && strstr(got.p, "\r\n\r\n")));
		assert_memory_equal(got.p + 9, cases[i].status, 3);
		if (strcmp(cases[i].status, "426") == 0 && (!strstr(got.p, "\r\nUpgrade: "
									   "websocket\r\n") ||
								   !strstr(got.p, "\r\nConnection: "
										  "Upgrade\r\n") ||
								   !strstr(got.p, "\r\nSec-"
										  "WebSocket-"
										  "Version: "
										  "13\r\n")))
			fail_msg("426 without what to upgrade to: %s", got.p);
		assert_null(socket_);
		end();
	}
}

static void messages_of_every_size_come_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 65535, 65536, 1000000, 4000000 };
	static const size_t heads[] = { 2, 2, 2, 4, 4, 10, 10, 10 };
	char *text = malloc(4000000);

	(void)state;
	memset(text, 'y', 4000000);
	serve(true);
	open_socket();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (uint8_t opcode = 1; opcode <= 2; opcode++) {
			send_frame(0x80 | opcode, text, sizes[i]);
			TURN_UNTIL(loop, (client_read(fd, &got), got.n >= heads[i] + sizes[i]));
			assert_int_equal(got.n, heads[i] + sizes[i]);
			assert_int_equal((uint8_t)got.p[0], 0x80 | opcode);
			assert_memory_equal(got.p + heads[i], text, sizes[i]);
			str_clear(&got);
		}
	}
	free(text);
	end();
}

static void fragments_and_pings_between_them(void **state)
{
	(void)state;
	serve(false);
	open_socket();
	send_frame(0x01, "hel", 3);
	send_frame(0x89, "ping", 4);
	send_frame(0x80, "lo", 2);
	expect_bytes("\x8a\x04ping\x81\x05hello", 13);
	end();
}

static void either_side_may_close(void **state)
{
	(void)state;
	serve(false);
	open_socket();
	send_frame(0x88,
		"\x03\xe8"
		"bye",
		5);
	TURN_UNTIL(loop, client_read(fd, &got));
	assert_int_equal(got.n, 4);
	assert_memory_equal(got.p, "\x88\x02\x03\xe8", 4);
	close(fd);
	TURN_UNTIL(loop, closed_count);
	assert_int_equal(closed_code, 1000);
	assert_string_equal(closed_why, "bye");
	end();

	serve(false);
	open_socket();
	send_frame(0x81, "close me", 8);
	send_frame(0x81, "ignored", 7);
	expect_bytes("\x88\x0d\x0f\xa1"
		     "as you wish",
		15);
	assert_int_equal(closed_count, 0);
	send_frame(0x88, "\x0f\xa1", 2);
	TURN_UNTIL(loop, client_read(fd, &got));
	close(fd);
	TURN_UNTIL(loop, closed_count == 1);
	assert_int_equal(closed_code, 4001);
	assert_string_equal(closed_why, "as you wish");
	assert_int_equal(messages, 1);
	end();
}

static void a_close_that_is_not_answered_ends_all_the_same(void **state)
{
	(void)state;
	serve(false);
	open_socket();
	ws_close(socket_, 1001, "maintenance");
	ws_close(socket_, 1000, "only the first counts");
	ws_send(socket_, SLICE("nothing after a close"));
	assert_int_equal(closed_count, 0);
	TURN_UNTIL(loop, closed_count);
	assert_int_equal(closed_code, 1001);
	assert_string_equal(closed_why, "maintenance");
	end();
}

static void nonsense_is_closed_with_its_code(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		int code;
	} cases[] = {
		{ "\x81\x05hello", 7, 1002 },
		{ "\x83\x80zzzz", 6, 1002 },
		{ "\x81\x81\0\0\0\0\xff", 7, 1007 },
		{ "\x81\xff\0\0\0\0\xff\0\0\0\0\0\0\0", 14, 1009 },
		{ "\x82\x80\0\0\0\0", 6, 1003 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		serve(false);
		open_socket();
		client_send(fd, cases[i].bytes, cases[i].n);
		TURN_UNTIL(loop, (client_read(fd, &got), got.n >= 4));
		assert_int_equal((uint8_t)got.p[0], 0x88);
		assert_int_equal((uint8_t)got.p[2] << 8 | (uint8_t)got.p[3], cases[i].code);
		close(fd);
		TURN_UNTIL(loop, closed_count);
		assert_int_equal(closed_code, cases[i].code);
		assert_int_equal(messages, 0);
		fd = -1;
		end();
	}
}

static void a_vanished_client_is_1006(void **state)
{
	(void)state;
	serve(false);
	open_socket();
	close(fd);
	fd = -1;
	TURN_UNTIL(loop, closed_count);
	assert_int_equal(closed_code, 1006);
	end();
}

static void a_silent_peer_is_pinged_and_then_dropped(void **state)
{
	(void)state;
	serve(false);
	http_server_set_times(server, &(struct http_times){ 1000000, 1000000, 1000000, 80000 });
	open_socket();
	TURN_UNTIL(loop, (client_read(fd, &got), got.n >= 2));
	assert_memory_equal(got.p, "\x89\x00", 2);
	send_frame(0x8a, "", 0);
	uint64_t answered = clock_monotonic_us();
	TURN_UNTIL(loop, closed_count);
	assert_true(clock_monotonic_us() - answered >= 80000);
	assert_int_equal(closed_code, 1006);
	assert_string_equal(closed_why, "no answer to a ping");
	end();
}

static void a_reader_that_hangs_is_dropped_before_it_fills_memory(void **state)
{
	struct str text = { 0 };

	(void)state;
	while (text.n < 100000)
		str_add_text(&text, "0123456789");
	serve(false);
	open_socket();
	size_t most = 0;
	for (int i = 0; i < 1000 && socket_; i++) {
		ws_send(socket_, str_slice(&text));
		if (ws_output(socket_) > most)
			most = ws_output(socket_);
		loop_turn(loop, 0);
	}
	TURN_UNTIL(loop, closed_count);
	assert_int_equal(closed_code, 1008);
	assert_string_equal(closed_why, "the peer reads too slowly");
	assert_true(most > WS_OUTPUT_MAX && most < WS_OUTPUT_MAX + 200000);
	str_free(&text);
	end();
}

static void who_asks_faster_than_it_reads_is_not_read_from_but_served(void **state)
{
	char *text = calloc(1, 2000000);

	(void)state;
	serve(false);
	open_socket();
	memset(text, 'x', 2000000);
	for (int i = 0; i < 5; i++)
		send_frame(0x81, text, i % 2 ? 1 : 2000000);
	TURN_UNTIL(loop, (client_read(fd, &got), got.n == 3 * 2000010 + 2 * 3));
	assert_int_equal(closed_count, 0);
	assert_int_equal(messages, 5);
	free(text);
	end();
}

/* Two thousand small messages lie ready when another speaks: it waits for a turn's share of them, not for all. */
static void a_flood_does_not_hold_the_others(void **state)
{
	enum { FLOOD = 2000 };
	struct str flood = { 0 };
	(void)state;
	serve(false);
	open_socket();
	echoing = false;
	for (int i = 0; i < FLOOD; i++)
		str_add(&flood, slice_make("\x81\x81\0\0\0\0f", 7));
	client_send(fd, flood.p, flood.n);
	int most = 0;
	for (int before = 0; messages < FLOOD; before = messages) {
		loop_turn(loop, 10000);
		most = messages - before > most ? messages - before : most;
	}
	/* the turn in which it arrives gives it a second share */
	assert_in_range(most, 1, 2 * WS_TURN_MESSAGES);
	assert_int_equal(messages, FLOOD);
	/* and what lies behind a flood is not forgotten when the peer ends its side */
	client_send(fd, flood.p, flood.n);
	shutdown(fd, SHUT_WR);
	TURN_UNTIL(loop, closed_count == 1);
	assert_int_equal(messages, 2 * FLOOD);
	str_free(&flood);
	end();
}

/* Its bytes answer no question: a message has from one look to the next but one to arrive. */
static void a_message_that_drips_is_not_waited_for_for_ever(void **state)
{
	static const struct http_times times = { 10000000, 10000000, 10000000, 80000 };

	(void)state;
	serve(false);
	http_server_set_times(server, &times);
	open_socket();
	client_send(fd, "\x81\xfd\0\0\0\0", 6);
	uint64_t began_us = loop_monotonic_us(loop);
	while (!closed_count && loop_monotonic_us(loop) - began_us < 5000000) {
		client_send(fd, "f", 1);
		turn_for(loop, 5000);
	}
	assert_int_equal(closed_count, 1);
	assert_string_equal(closed_why, "a message did not arrive in time");
	assert_int_equal(messages, 0);
	end();
}

/* A stranger is heard at a pace; what he sends beyond it waits, on his side when it is much, and is lost nowhere. */
static void a_stranger_is_heard_at_his_pace(void **state)
{
	enum { FLOOD = 60 };
	char frame[8 + 4000] = "\x81\xfe\x0f\xa0";

	(void)state;
	serve(false);
	strangers = true;
	open_socket();
	uint64_t began_us = loop_monotonic_us(loop);
	for (int i = 0; i < FLOOD; i++)
		client_send(fd, "\x81\x81\0\0\0\0f", 7);
	TURN_UNTIL(loop, messages >= 20);
	turn_for(loop, 20000);
	assert_in_range(messages, 20, 40);
	TURN_UNTIL(loop, messages == FLOOD);
	assert_true(loop_monotonic_us(loop) - began_us >= 190000);
	/* bytes count, too, however the wire cuts them: ten of these are forty */
	turn_for(loop, 110000);
	began_us = loop_monotonic_us(loop);
	for (int i = 0; i < 10; i++)
		client_send(fd, frame, sizeof(frame));
	TURN_UNTIL(loop, messages == FLOOD + 10);
	assert_true(loop_monotonic_us(loop) - began_us >= 70000);
	/* and so do fragments */
	turn_for(loop, 110000);
	began_us = loop_monotonic_us(loop);
	client_send(fd, "\x01\x81\0\0\0\0f", 7);
	for (int i = 0; i < 40; i++)
		client_send(fd, "\0\x81\0\0\0\0f", 7);
	client_send(fd, "\x80\x81\0\0\0\0f\x81\x81\0\0\0\0f", 14);
	TURN_UNTIL(loop, messages == FLOOD + 12);
	assert_true(loop_monotonic_us(loop) - began_us >= 50000);
	/* and it can be sent away while it waits */
	for (int i = 0; i < FLOOD; i++)
		client_send(fd, "\x81\x81\0\0\0\0f", 7);
	TURN_UNTIL(loop, messages >= FLOOD + 17);
	ws_close(socket_, 1008, "enough");
	TURN_UNTIL(loop, closed_count == 1);
	assert_int_equal(closed_code, 1008);
	end();
}

static void a_slow_reader_is_told_when_drained(void **state)
{
	struct str text = { 0 };

	(void)state;
	while (text.n < 800000)
		str_add_text(&text, "0123456789");
	serve(false);
	open_socket();
	for (int i = 0; i < 10 && ws_output(socket_) < 500000; i++) {
		ws_send(socket_, str_slice(&text));
		loop_turn(loop, 0);
	}
	TURN_UNTIL(loop, (client_read(fd, &got), drained > 0));
	str_free(&text);
	end();
}

static void reading_can_pause_between_messages(void **state)
{
	(void)state;
	serve(false);
	open_socket();
	pausing = true;
	echoing = false;
	send_frame(0x81, "a", 1);
	send_frame(0x81, "b", 1);
	turn_for(loop, 30000);
	assert_string_equal(all.p, "a|");
	ws_read_resume(socket_);
	TURN_UNTIL(loop, messages == 2);
	assert_string_equal(all.p, "a|b|");
	end();
}

#if defined(__SANITIZE_ADDRESS__)
static void an_idle_socket_costs_at_most_2_kib(void **state)
{
	(void)state;
	skip(); /* the sanitizer's heap is another */
}
#else
enum { IDLE = 2000 };

static void an_idle_socket_costs_at_most_2_kib(void **state)
{
	static int fds[IDLE];
	struct rlimit limit = { 3 * IDLE, 3 * IDLE };

	(void)state;
	setrlimit(RLIMIT_NOFILE, &limit);
	serve(false);
	open_socket();
	size_t before = mallinfo2().uordblks;
	for (int i = 0; i < IDLE; i++) {
		struct str head = { 0 };
		fds[i] = client_connect(port);
		client_send(fds[i], UPGRADE "\r\n", sizeof(UPGRADE "\r\n") - 1);
		TURN_UNTIL(loop, (client_read(fds[i], &head), head.n && strstr(head.p, "\r\n\r"
										       "\n")));
		client_send(fds[i], "\x81\x82\x01\x02\x03\x04ik", 8);
		str_free(&head);
	}
	TURN_UNTIL(loop, messages == IDLE);
	turn_for(loop, 20000);
	size_t each = (mallinfo2().uordblks - before) / IDLE;
	print_message("an idle WebSocket: %zu bytes of heap\n", each);
	assert_true(each <= 2048);
	for (int i = 0; i < IDLE; i++)
		close(fds[i]);
	end();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_upgrade_proves_that_it_was_understood),
		cmocka_unit_test(what_is_no_upgrade_is_answered_precisely),
		cmocka_unit_test(messages_of_every_size_come_back),
		cmocka_unit_test(fragments_and_pings_between_them),
		cmocka_unit_test(either_side_may_close),
		cmocka_unit_test(a_close_that_is_not_answered_ends_all_the_same),
		cmocka_unit_test(nonsense_is_closed_with_its_code),
		cmocka_unit_test(a_vanished_client_is_1006),
		cmocka_unit_test(a_silent_peer_is_pinged_and_then_dropped),
		cmocka_unit_test(a_reader_that_hangs_is_dropped_before_it_fills_memory),
		cmocka_unit_test(who_asks_faster_than_it_reads_is_not_read_from_but_served),
		cmocka_unit_test(a_flood_does_not_hold_the_others),
		cmocka_unit_test(a_message_that_drips_is_not_waited_for_for_ever),
		cmocka_unit_test(a_stranger_is_heard_at_his_pace),
		cmocka_unit_test(a_slow_reader_is_told_when_drained),
		cmocka_unit_test(reading_can_pause_between_messages),
		cmocka_unit_test(an_idle_socket_costs_at_most_2_kib),
	};
	signal(SIGPIPE, SIG_IGN);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&got);
	str_free(&all);
	return failed;
}
