/*
 * A store on a real redis-server, an HTTP server and a host with real plugins, and a stranger's socket. Included by each test of
 * this folder; waits are bounded.
 */
#ifndef USHER_TESTS_HOST_HOUSE_H
#define USHER_TESTS_HOST_HOUSE_H

#include "unit/cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/host.h"
#include "model/limits.h"
#include "store/commit.h"
#include "store/inbox.h"

enum { TAKEN_MAX = 64, CHANNELS_MAX = 8, OPTIONS_MAX = 64 };

struct house {
	char dir[64], plugins[512], domain[16];
	struct loop *loop;
	struct store *store;
	struct http_server *http;
	struct host *host;
	int port;
	bool ready, closed, stopped;
	struct err err;
	struct config config;
	struct channel channels[CHANNELS_MAX];
	struct option options[CHANNELS_MAX][OPTIONS_MAX];
	/* what came into the inbox */
	struct arena arena;
	struct command taken[TAKEN_MAX];
	struct stream_id at[TAKEN_MAX];
	size_t taken_count;
};

#define HOUSE_UNTIL(h, condition)                                                                  \
	do {                                                                                       \
		uint64_t end_us = clock_monotonic_us() + WAIT_MOST_US;                             \
		while (!(condition)) {                                                             \
			if (clock_monotonic_us() > end_us)                                         \
				fail_msg("waited in vain for %s", #condition);                     \
			loop_turn((h)->loop, 20000);                                               \
		}                                                                                  \
	} while (0)

static inline void house_pass(struct house *h, uint64_t ms)
{
	for (uint64_t end = clock_monotonic_us() + ms * 1000; clock_monotonic_us() < end;)
		loop_turn(h->loop, 2000);
}

/* ---- configuration ---- */

static inline struct channel *house_channel(struct house *h, const char *name, const char *plugin)
{
	struct channel *c = &h->channels[h->config.channel_count];

	c->name = slice_of(name);
	c->plugin = slice_of(plugin);
	c->options = h->options[h->config.channel_count++];
	c->option_count = 0;
	c->line = 7;
	h->config.channels = h->channels;
	return c;
}

static inline void house_option(struct channel *c, const char *name, const char *value)
{
	assert_true(c->option_count < OPTIONS_MAX);
	c->options[c->option_count] = (struct option){ .name = slice_of(name),
		.value = slice_of(value),
		.line = 10 + (unsigned)c->option_count,
		.col = 5 };
	c->option_count++;
}

/* ---- beginning and end ---- */

static inline void house_ready(void *arg)
{
	((struct house *)arg)->ready = true;
}
static inline void house_failed(const char *why, void *arg)
{
	(void)arg;
	fail_msg("store: %s", why);
}
static inline void house_nothing(void *arg)
{
	(void)arg;
}
static inline void house_down(const char *why, void *arg)
{
	(void)why;
	(void)arg;
}
static const struct store_ops house_ops = {
	.ready = house_ready, .failed = house_failed, .down = house_down, .up = house_nothing
};

static inline void house_taken(void *arg, const struct inbox_item *items, size_t count)
{
	struct house *h = arg;

	for (size_t i = 0; i < count && h->taken_count < TAKEN_MAX; i++) {
		h->at[h->taken_count] = items[i].id;
		record_copy(
			&command_table, &h->taken[h->taken_count++], &items[i].command, &h->arena);
	}
	inbox_follow(h->store, items[count - 1].id, house_taken, h);
}

/* Where the build has put the plugins: beside this program. */
static inline void house_plugins(struct house *h)
{
	ssize_t n = readlink("/proc/self/exe", h->plugins, sizeof(h->plugins) - 16);

	assert_true(n > 0);
	h->plugins[n] = 0;
	for (int up = 0; up < 4; up++)
		*strrchr(h->plugins, '/') = 0;
	strcat(h->plugins, "/channels");
	h->config.plugin_dir = slice_of(h->plugins);
}

static inline void house_new(struct house *h)
{
	memset(h, 0, sizeof(*h));
	signal(SIGPIPE, SIG_IGN);
	log_set_level(getenv("USHER_TEST_LOG") ? LOG_DEBUG : LOG_INFO);
	h->loop = loop_new();
	snprintf(h->dir, sizeof(h->dir), "/tmp/usher-host-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	h->config.public_url = SLICE("http://127.0.0.1");
	h->config.web_dir = SLICE("/nonexistent");
	house_plugins(h);
}

/* One redis-server for all tests of a program; each has a domain of its own. */
static char house_redis_dir[32], house_redis_url[64];
static pid_t house_redis_pid;

static inline int house_redis(void **state)
{
	char socket_path[48];

	(void)state;
	snprintf(house_redis_dir, sizeof(house_redis_dir), "/tmp/usher-redis-XXXXXX");
	assert_non_null(mkdtemp(house_redis_dir));
	snprintf(socket_path, sizeof(socket_path), "%s/r.sock", house_redis_dir);
	snprintf(house_redis_url, sizeof(house_redis_url), "unix:%s", socket_path);
	house_redis_pid = fork();
	if (house_redis_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path,
			"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--dir",
			house_redis_dir, "--logfile", "redis.log", NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && access(socket_path, F_OK) != 0; i++)
		usleep(10000);
	return access(socket_path, F_OK);
}

static inline int house_redis_end(void **state)
{
	char command[128];

	(void)state;
	kill(house_redis_pid, SIGKILL);
	waitpid(house_redis_pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", house_redis_dir);
	return system(command);
}

static inline void house_open(struct house *h)
{
	static unsigned count;
	struct store_options o = {
		.redis = house_redis_url, .domain = h->domain, .node = "n1", .data_dir = h->dir
	};

	if (!h->domain[0]) /* else it is opened again */
		snprintf(h->domain, sizeof(h->domain), "test%u", ++count);
	h->ready = h->closed = h->stopped = false;
	h->taken_count = 0;

	h->store = store_new(h->loop, &o, &house_ops, h);
	HOUSE_UNTIL(h, h->ready);
	h->http = http_server_new(h->loop);
	h->port = http_server_listen(h->http, "127.0.0.1:0", NULL, &h->err);
	assert_true(h->port > 0);
	h->host = host_new(h->loop, h->store, h->http, &h->config);
	inbox_follow(h->store, (struct stream_id){ 0, 0 }, house_taken, h);
}

static inline void house_closed(void *arg)
{
	*(bool *)arg = true;
}

/* `kindly`: drained first; else torn away as by a crash, but for the memory. */
static inline void house_stop(struct house *h, bool kindly)
{
	if (kindly) {
		host_close(h->host, house_closed, &h->closed);
		HOUSE_UNTIL(h, h->closed);
	}
	http_server_free(&h->http);
	host_free(&h->host);
	HOUSE_UNTIL(h, store_inflight(h->store) == 0);
	store_stop(h->store, house_closed, &h->stopped);
	HOUSE_UNTIL(h, h->stopped);
	store_free(&h->store);
}

static inline void house_end(struct house *h)
{
	char command[128];

	if (h->host)
		house_stop(h, true);
	loop_turn(h->loop, 0);
	loop_free(&h->loop);
	arena_free(&h->arena);
	snprintf(command, sizeof(command), "rm -rf %s", h->dir);
	assert_int_equal(system(command), 0);
}

/* ---- the stranger ---- */

static inline int house_dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline void house_send(struct house *h, int fd, struct slice bytes)
{
	uint64_t end = clock_monotonic_us() + WAIT_MOST_US;

	while (bytes.n) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return; /* closed on us: the answer says why */
		if (n > 0)
			bytes = slice_make(bytes.p + n, bytes.n - (size_t)n);
		assert_true(clock_monotonic_us() < end);
		loop_turn(h->loop, 0);
	}
}

static inline bool house_read(int fd, struct str *got)
{
	for (;;) {
		ssize_t n = recv(fd, str_reserve(got, 65536), 65536, 0);
		if (n <= 0)
			return n == 0 || (errno != EAGAIN && errno != EINTR);
		got->n += (size_t)n;
		got->p[got->n] = 0;
	}
}

/* One request on a connection of its own; the whole answer in `got`. `head` is the request line and headers, each with \r\n, without
 * Host, Content-Length and the empty line. Returns the status. */
static inline int house_ask(struct house *h, const char *head, struct slice body, struct str *got)
{
	struct str out = { 0 };
	int fd = house_dial(h->port), status = 0;

	str_addf(&out, "%sHost: localhost\r\nConnection: close\r\n", head);
	if (body.p)
		str_addf(&out, "Content-Length: %zu\r\n", body.n);
	str_add_text(&out, "\r\n");
	str_add(&out, body);
	house_send(h, fd, str_slice(&out));
	str_free(&out);
	str_clear(got);
	HOUSE_UNTIL(h, house_read(fd, got));
	close(fd);
	if (got->n)
		sscanf(got->p, "HTTP/1.1 %d", &status);
	return status;
}

static inline bool house_has(const struct str *got, const char *text)
{
	if (got->n && strstr(got->p, text))
		return true;
	print_message("not found: %s\nin: %s\n", text, got->n ? got->p : "");
	return false;
}

/* The configuration's `body` after the head of an answer. */
static inline const char *house_body(const struct str *got)
{
	const char *end = got->n ? strstr(got->p, "\r\n\r\n") : NULL;

	return end ? end + 4 : "";
}

#endif
