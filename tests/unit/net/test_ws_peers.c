/*
 * The server under clients that are not ours: python3-websockets, when it is installed. With
 * arguments it is an echo server instead, for suites from outside (Autobahn):
 *
 *   unit_net_ws_peers --serve PORT [CERT KEY]     ws://127.0.0.1:PORT/ until SIGINT or SIGTERM
 */
#include "net_test.h"

#include <sys/wait.h>

#include "net/http_server.h"
#include "net/tls.h"

static void echo_text(struct ws *w, struct slice text, void *arg)
{
	(void)arg;
	if (slice_is(text, "close me"))
		ws_close(w, 4001, "as you wish");
	ws_send(w, text);
}

static void echo_bytes(struct ws *w, struct slice bytes, void *arg)
{
	(void)arg;
	ws_send_binary(w, bytes);
}

static void gone(struct ws *w, int code, const char *why, void *arg)
{
	(void)w;
	(void)code;
	(void)why;
	(void)arg;
}

static const struct ws_ops ops = { .message = echo_text, .binary = echo_bytes, .closed = gone };

static void upgrade(struct http_request *r, void *arg)
{
	(void)arg;
	if (http_is_upgrade(r))
		ws_accept(r, 64 << 20, &ops, NULL);
	else
		http_upgrade_required(r);
}

static const struct http_handler handler = { upgrade };

static void python_websockets_is_understood(void **state)
{
	char url[64];
	struct err err;
	int status = -1;

	(void)state;
	if (system("/usr/bin/python3 -c 'import websockets' 2>/dev/null") != 0)
		skip();
	struct loop *loop = loop_new();
	struct http_server *server = http_server_new(loop);
	http_server_route(server, "/", &handler, NULL);
	int port = http_server_listen(server, "127.0.0.1:0", NULL, &err);
	assert_true(port > 0);
	snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", port);
	pid_t child = fork();
	if (child == 0) {
		execl("/usr/bin/python3", "python3", "tests/unit/net/ws_peer.py", url,
			(char *)NULL);
		_exit(127);
	}
	uint64_t limit = clock_monotonic_us() + WAIT_MOST_US;
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (clock_monotonic_us() > limit)
			kill(child, SIGKILL);
		loop_turn(loop, 10000);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	http_server_free(&server);
	loop_turn(loop, 0);
	loop_free(&loop);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static int serve(int argc, char **argv)
{
	char address[64];
	struct err err;
	struct tls *tls = argc > 4 ? tls_server_new(argv[3], argv[4], &err) : NULL;

	struct loop *loop = loop_new();
	struct http_server *server = http_server_new(loop);
	http_server_route(server, "/", &handler, NULL);
	snprintf(address, sizeof(address), "127.0.0.1:%s", argv[2]);
	int port = http_server_listen(server, address, tls, &err);
	if (port < 0 || (argc > 4 && !tls)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("echo on 127.0.0.1:%d\n", port);
	fflush(stdout);
	loop_signal(loop, SIGINT, stop, loop);
	loop_signal(loop, SIGTERM, stop, loop);
	loop_run(loop);
	http_server_free(&server);
	loop_turn(loop, 0);
	loop_free(&loop);
	tls_free(&tls);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(python_websockets_is_understood),
	};

	signal(SIGPIPE, SIG_IGN);
	if (argc > 2 && strcmp(argv[1], "--serve") == 0)
		return serve(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
