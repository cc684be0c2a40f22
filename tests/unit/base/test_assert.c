#include "unit/cm.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"

/* Runs `f` in a child; gives its stderr and the signal that ended it. */
static int ends_by(void (*f)(void), char *said, size_t size)
{
	int fds[2], status;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		f();
		_exit(0);
	}
	close(fds[1]);
	ssize_t n = read(fds[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void broken_promise(void)
{
	volatile int two = 2;

	ASSERT(two == 3);
}

static void overflowing_array(void)
{
	volatile size_t huge = SIZE_MAX / 2;

	mem_array(huge, 4);
}

static void a_broken_promise_ends_the_process(void **state)
{
	char said[512];

	(void)state;
	assert_int_equal(ends_by(broken_promise, said, sizeof(said)), SIGABRT);
	assert_non_null(strstr(said, "two == 3"));
	assert_non_null(strstr(said, "test_assert.c:"));
	assert_int_equal(ends_by(overflowing_array, said, sizeof(said)), SIGABRT);
	assert_non_null(strstr(said, "out of memory"));
}

static void clocks_and_chance_work(void **state)
{
	uint64_t a = clock_monotonic_us(), b;
	unsigned char x[600] = { 0 }, y[600] = { 0 };

	(void)state;
	do
		b = clock_monotonic_us();
	while (b == a);
	assert_true(b > a);
	assert_true(clock_wall_us() > 1700000000000000u);
	chance_bytes(x, sizeof(x));
	chance_bytes(y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
	/* The tail is filled too. */
	assert_memory_not_equal(x + 560, y + 560, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_promise_ends_the_process),
		cmocka_unit_test(clocks_and_chance_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
