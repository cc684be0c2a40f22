/* Secrets match their password and nothing else, and the pool answers each try once, without holding the loop. */
#include "unit/cm.h"

#include <time.h>

#include "base/clock.h"
#include "desk/password.h"
#include "model/limits.h"

static struct loop *loop;
static int answers, right;

static void on_checked(void *arg, bool ok)
{
	(void)arg;
	answers++;
	right += ok;
}

static void wait_for(int wanted)
{
	for (int i = 0; i < 600 && answers < wanted; i++)
		loop_turn(loop, 100000);
	assert_int_equal(answers, wanted);
}

static void a_secret_is_scrypt(void **state)
{
	const uint8_t salt[16] = { 1, 2, 3 };
	struct str s = { 0 };
	(void)state;
	secret_make(&s, SLICE("correct horse"), salt);
	assert_memory_equal(s.p, "scrypt$32768$8$1$01020300000000000000000000000000$", 50);
	assert_int_equal(s.n, 50 + 64);
	assert_true(secret_matches(str_slice(&s), SLICE("correct horse")));
	assert_false(secret_matches(str_slice(&s), SLICE("correct horsf")));
	assert_false(secret_matches(str_slice(&s), SLICE("")));
	s.p[s.n - 1] = s.p[s.n - 1] == '0' ? '1' : '0';
	assert_false(secret_matches(str_slice(&s), SLICE("correct horse")));
	str_free(&s);
}

static void damaged_secrets_match_nothing(void **state)
{
	static const char *const damaged[] = { "", "scrypt", "scrypt$32768$8$1$00$00",
		"md5$1$2$3$4$5",
		"scrypt$99999999999$8$1$00000000000000000000000000000000$"
		"0000000000000000000000000000000000000000000000000000000000000000",
		"scrypt$32768$8$1$zz000000000000000000000000000000$"
		"0000000000000000000000000000000000000000000000000000000000000000" };
	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		assert_false(secret_matches(slice_of(damaged[i]), SLICE("x")));
}

static uint64_t check_us(struct passwords *p, struct slice secret)
{
	uint64_t before = clock_monotonic_us();
	int wanted = answers + 1;
	assert_true(password_check(p, SLICE("wrong password"), secret, on_checked, NULL));
	wait_for(wanted);
	return clock_monotonic_us() - before;
}

static void nobody_costs_as_much_as_somebody(void **state)
{
	const uint8_t salt[16] = { 9 };
	struct str s = { 0 };
	struct passwords *p = passwords_new(loop);
	uint64_t known = UINT64_MAX, unknown = UINT64_MAX;
	(void)state;
	secret_make(&s, SLICE("password"), salt);
	for (int i = 0; i < 5; i++) {
		uint64_t k = check_us(p, str_slice(&s)), u = check_us(p, SLICE(""));
		known = k < known ? k : known;
		unknown = u < unknown ? u : unknown;
	}
	assert_true(known < unknown * 2 && unknown < known * 2);
	assert_int_equal(right, 0);
	passwords_free(&p);
	str_free(&s);
}

static void the_queue_is_bounded(void **state)
{
	const uint8_t salt[16] = { 9 };
	struct str s = { 0 };
	struct passwords *p = passwords_new(loop);
	int taken = 0, before = answers;
	(void)state;
	secret_make(&s, SLICE("password"), salt);
	right = 0;
	for (int i = 0; i < 500; i++)
		taken += password_check(p, SLICE("password"), str_slice(&s), on_checked, NULL);
	assert_in_range(taken, PASSWORD_QUEUE_MAX, PASSWORD_QUEUE_MAX + PASSWORD_THREADS + 20);
	passwords_free(&p); /* those that wait are told no, at once */
	assert_int_equal(answers - before, taken);
	assert_in_range(right, 0, 20);
	str_free(&s);
}

static void generated_ones_differ(void **state)
{
	struct str a = { 0 }, b = { 0 };
	(void)state;
	password_generate(&a);
	password_generate(&b);
	assert_int_equal(a.n, 20);
	assert_string_not_equal(a.p, b.p);
	str_free(&a);
	str_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_secret_is_scrypt),
		cmocka_unit_test(damaged_secrets_match_nothing),
		cmocka_unit_test(nobody_costs_as_much_as_somebody),
		cmocka_unit_test(the_queue_is_bounded), cmocka_unit_test(generated_ones_differ) };
	loop = loop_new();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	loop_free(&loop);
	return failed;
}
