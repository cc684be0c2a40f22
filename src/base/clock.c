/*
 * The clocks and chance, straight from the kernel. Never called by the pure layers: they get
 * time and random words as input.
 */
#include "base/clock.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/assert.h"

static uint64_t clock_read_us(clockid_t which)
{
	struct timespec t;
	int failed = clock_gettime(which, &t);

	ASSERT(!failed && t.tv_sec >= 0);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_wall_us(void)
{
	return clock_read_us(CLOCK_REALTIME);
}

uint64_t clock_monotonic_us(void)
{
	return clock_read_us(CLOCK_MONOTONIC);
}

uint64_t clock_thread_us(void)
{
	return clock_read_us(CLOCK_THREAD_CPUTIME_ID);
}

void chance_bytes(void *out, size_t n)
{
	unsigned char *p = out;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0) {
			ASSERT(errno == EINTR);
			continue;
		}
		p += got;
		n -= (size_t)got;
	}
}
