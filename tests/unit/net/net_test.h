/*
 * Shared by the tests of src/net: turn a loop until something is true; a
 * blocking client socket with a receive timeout, as the stranger's side; throw-away certificates.
 */
#ifndef USHER_TESTS_UNIT_NET_TEST_H
#define USHER_TESTS_UNIT_NET_TEST_H

#include "unit/cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/loop.h"

/* Turns until `condition`. */
#define TURN_UNTIL(loop, condition)                                                                \
	do {                                                                                       \
		uint64_t turn_end = clock_monotonic_us() + WAIT_MOST_US;                           \
		while (!(condition)) {                                                             \
			if (clock_monotonic_us() > turn_end)                                       \
				fail_msg("never: %s", #condition);                                 \
			loop_turn(loop, 20000);                                                    \
		}                                                                                  \
	} while (0)

static inline void turn_for(struct loop *loop, uint64_t us)
{
	for (uint64_t end = clock_monotonic_us() + us; clock_monotonic_us() < end;)
		loop_turn(loop, 1000);
}

/* Connected to 127.0.0.1:port from 127.0.0.`host`, non-blocking. */
static inline int client_connect_from(int host, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) + (unsigned)host) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline int client_connect(int port)
{
	return client_connect_from(1, port);
}

static inline void client_send(int fd, const void *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Reads what is there into `got`; true when the peer has ended. */
static inline bool client_read(int fd, struct str *got)
{
	for (;;) {
		ssize_t n = recv(fd, str_reserve(got, 65536), 65536, 0);
		if (n <= 0)
			return n == 0 || (errno != EAGAIN && errno != EINTR);
		got->n += (size_t)n;
		got->p[got->n] = 0;
	}
}

/* cert.pem and key.pem for localhost (and 127.0.0.1) in `dir`, self-signed. */
static inline void make_certificate(const char *dir)
{
	char command[1024];

	snprintf(command, sizeof(command),
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
		"-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
		"-keyout %s/key.pem -out %s/cert.pem 2>/dev/null",
		dir, dir);
	assert_int_equal(system(command), 0);
}

#endif
