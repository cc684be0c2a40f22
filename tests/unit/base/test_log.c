#include "unit/cm.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

/* Runs what follows with stderr in a file, then gives what was written. */
static int saved_fd, file_fd;

static void capture_start(void)
{
	char name[] = "/tmp/usher-log-XXXXXX";

	file_fd = mkstemp(name);
	assert_true(file_fd >= 0);
	unlink(name);
	saved_fd = dup(STDERR_FILENO);
	dup2(file_fd, STDERR_FILENO);
}

static char *capture_end(void)
{
	static char text[8192];

	dup2(saved_fd, STDERR_FILENO);
	close(saved_fd);
	ssize_t n = pread(file_fd, text, sizeof(text) - 1, 0);
	close(file_fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

#define LOGGED(call) (capture_start(), (call), capture_end())

static void writes_one_line_of_logfmt(void **state)
{
	int y, ms;
	char *got = LOGGED(
		log_info("store", "ready durability=%s took_ms=%d n=%zu", "always", -3, (size_t)7));

	(void)state;
	assert_int_equal(sscanf(got, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%3dZ", &y, &ms), 2);
	assert_true(y >= 2024);
	assert_string_equal(got + 24, " info store ready durability=always took_ms=-3 n=7\n");
}

static void a_stranger_cannot_forge_a_line(void **state)
{
	(void)state;
	char *got = LOGGED(log_warn(
		"net", "refused why=%s from=%.*s", "bad\n2026 error x \"q\"", 4, "a=bcdef"));
	assert_non_null(strstr(got, "why=\"bad\\n2026 error x \\\"q\\\"\" from=\"a=bc\"\n"));
	assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
	got = LOGGED(log_warn("net", "said %s", "x\ny\x1b[2J"));
	assert_non_null(strstr(got, "said x\\ny\\u001b[2J\n"));
	got = LOGGED(log_warn("net", "said %s name=%s",
		"\xc2\x85\xc2\x9b"
		"2J",
		"a\u202egpj\u2028b"));
	assert_non_null(strstr(got, "said \\u0085\\u009b2J name=\"a\\u202egpj\\u2028b\"\n"));
	got = LOGGED(log_warn("net", "name=%s", "Анна"));
	assert_non_null(strstr(got, "name=Анна\n"));
	got = LOGGED(log_warn("net", "why=%s", ""));
	assert_non_null(strstr(got, "why=\"\"\n"));
}

static void takes_every_conversion(void **state)
{
	(void)state;
	char *got = LOGGED(
		log_error("x", "%u %lu %llu %ld %lld %08x %c%% %5d|%-3d|%.*s|%*d %hhu", 1u, 2ul,
			3ull, -4l, -5ll, 0xbeefu, 'z', 42, 7, -1, "all", 4, 9, (unsigned char)200));
	assert_non_null(strstr(got, " error x 1 2 3 -4 -5 0000beef z%    42|7  |all|   9 200\n"));
}

static void keeps_quiet_below_its_level(void **state)
{
	(void)state;
	assert_string_equal(LOGGED(log_debug("x", "hidden")), "");
	log_set_level(LOG_DEBUG);
	assert_non_null(strstr(LOGGED(log_debug("x", "shown")), " debug x shown\n"));
	log_set_level(LOG_ERROR);
	assert_string_equal(LOGGED(log_warn("x", "hidden")), "");
	log_set_level(LOG_INFO);
}

static void a_long_line_is_cut(void **state)
{
	char big[6000];

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	char *got = LOGGED(log_info("x", "big=%s", big));
	assert_int_equal(strlen(got), 4096);
	assert_int_equal(got[4095], '\n');
}

/* For good, so it comes last. */
static void another_process_dates_what_is_relayed(void **state)
{
	(void)state;
	log_set_relayed();
	assert_string_equal(LOGGED(log_warn("net", "said %s", "x\ny")), "<4>said x\\ny\n");
	assert_string_equal(LOGGED(log_error("net", "n=%d", 1)), "<3>n=1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_line_of_logfmt),
		cmocka_unit_test(a_stranger_cannot_forge_a_line),
		cmocka_unit_test(takes_every_conversion),
		cmocka_unit_test(keeps_quiet_below_its_level),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(another_process_dates_what_is_relayed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
