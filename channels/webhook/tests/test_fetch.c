/*
 * The address filter, live: a listener on this machine that nobody may reach, in whatever disguise; and a name that is public when it is first
 * looked up and private when it is looked up again. getaddrinfo and connect are this program's own, so that nothing leaves the machine.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetch.h"

static int listener;
static unsigned port;
static sem_t over;
static char left_for[64];	  /* the last address beyond this machine that was dialled */
static const char *answers[2][2]; /* what rebind.test is: at each look-up, up to two addresses */
static atomic_uint looked;

/* ---- the world outside ---- */

int our_connect(int fd, const struct sockaddr *to, socklen_t n) __asm__("connect");
int our_connect(int fd, const struct sockaddr *to, socklen_t n)
{
	struct sockaddr_in a;
	int (*real)(int, const struct sockaddr *, socklen_t);

	memcpy(&a, to, n < sizeof(a) ? n : sizeof(a));
	if (to->sa_family == AF_INET && ntohl(a.sin_addr.s_addr) >> 24 != 127 &&
		a.sin_addr.s_addr) {
		inet_ntop(AF_INET, &a.sin_addr, left_for, sizeof(left_for));
		errno = ECONNREFUSED;
		return -1;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "connect");
	return real(fd, to, n);
}

static struct addrinfo *found(const char *text, struct addrinfo *next)
{
	struct addrinfo *a = zeroed(sizeof(*a) + sizeof(struct sockaddr_in));
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)(a + 1);

	inet_pton(AF_INET, text, &in->sin_addr);
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	*a = (struct addrinfo){ .ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_addrlen = sizeof(*in),
		.ai_addr = (struct sockaddr *)in,
		.ai_next = next };
	return a;
}

int getaddrinfo(
	const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	if (strcmp(name, "rebind.test") == 0) {
		const char **now = answers[atomic_fetch_add(&looked, 1) ? 1 : 0];
		*out = found(now[0], now[1] ? found(now[1], NULL) : NULL);
		return 0;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(name, service, hints, out);
}

void freeaddrinfo(struct addrinfo *a)
{
	void (*real)(struct addrinfo *);

	if (a && a->ai_addr == (struct sockaddr *)(a + 1) && !a->ai_canonname && !a->ai_protocol) {
		freeaddrinfo(a->ai_next);
		free(a);
		return;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "freeaddrinfo");
	if (a)
		real(a);
}

/* ---- a request ---- */

static void done(struct fetch *f)
{
	(void)f;
	sem_post(&over);
}

/* Whether the listener was reached; `why` is free to say why not. */
static bool reaches(const char *url, bool allow_private, bool *forbidden)
{
	struct fetch_pool *pool = fetch_pool_new();
	struct fetch *f = zeroed(sizeof(*f));
	struct buf whole = { 0 };

	const char *at = strstr(url, "PORT");
	buf_add(&whole, url, (size_t)(at ? at - url : (long)strlen(url)));
	if (at)
		buf_printf(&whole, "%u%s", port, at + 4);
	f->method = str_copy(str_of("GET"));
	f->url = whole.p;
	f->allow_private = allow_private;
	f->timeout_s = 1; /* nobody answers */
	f->done = done;
	assert_true(fetch_start(pool, f));
	sem_wait(&over);
	fetch_pool_free(&pool);
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	*forbidden = f->forbidden;
	fetch_free(f);
	return fd >= 0;
}

static void test_no_disguise_reaches_this_machine(void **state)
{
	static const char *const disguises[] = { "http://127.0.0.1:PORT/", "http://localhost:PORT/",
		"http://2130706433:PORT/", "http://0x7f.1:PORT/", "http://0177.0.0.1:PORT/",
		"http://127.1:PORT/", "http://0:PORT/", "http://0.0.0.0:PORT/",
		"http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/",
		"http://[::]:PORT/", "http://shop.example.net@127.0.0.1:PORT/",
		"http://shop.example.net:80@127.0.0.1:PORT/",
		"http://127.0.0.1:PORT#@shop.example.net/", "http://127.0.0.1.:PORT/",
		"http://169.254.169.254:PORT/latest/meta-data", "http://[fe80::1]:PORT/" };
	bool forbidden;

	(void)state;
	for (size_t i = 0; i < sizeof(disguises) / sizeof(disguises[0]); i++)
		if (reaches(disguises[i], false, &forbidden))
			fail_msg("%s reached this machine", disguises[i]);
	assert_string_equal(left_for, "");
	/* They are disguises indeed: with leave, they arrive. */
	assert_true(reaches(disguises[2], true, &forbidden));
	assert_true(reaches(disguises[11], true, &forbidden));
}

static void test_a_name_that_changes_its_mind(void **state)
{
	bool forbidden;

	(void)state;
	answers[0][0] = "8.8.4.4"; /* is dialled, as it should be, and does not answer */
	answers[1][0] = "127.0.0.1";
	assert_false(reaches("http://rebind.test:PORT/", false, &forbidden));
	assert_false(forbidden);
	assert_string_equal(left_for, "8.8.4.4");
	assert_false(reaches("http://rebind.test:PORT/", false, &forbidden));
	assert_true(forbidden);
	assert_int_equal(looked,
		2); /* what is looked at is what is dialled: there is no look-up in between */
	answers[1][0] = "8.8.4.4";
	answers[1][1] = "127.0.0.1"; /* both at once */
	assert_false(reaches("http://rebind.test:PORT/", false, &forbidden));
	assert_true(reaches("http://rebind.test:PORT/", true, &forbidden));
	left_for[0] = '\0';
	answers[1][0] = "127.0.0.1"; /* the private one first: passed over */
	answers[1][1] = "8.8.4.4";
	assert_false(reaches("http://rebind.test:PORT/", false, &forbidden));
	assert_string_equal(left_for, "8.8.4.4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_disguise_reaches_this_machine),
		cmocka_unit_test(test_a_name_that_changes_its_mind),
	};
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 }; /* [::]: all of this machine's */
	socklen_t n = sizeof(a);

	sem_init(&over, 0, 0);
	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, n) != 0 ||
		listen(listener, 8) != 0 || getsockname(listener, (struct sockaddr *)&a, &n) != 0)
		return 1;
	port = ntohs(a.sin6_port);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
