/* The key that signs names of files, with a store that is away: nobody gets a pass, it is asked for again, and the first node's key is everybody's. */
#include "unit/cm.h"

#include <string.h>

#include "chat.h"

static struct {
	int recalls, remembers, warnings;
	uint64_t timer_us; /* 0: not set */
	void (*fire)(void *arg);
	void *arg;
	char kept[TOKEN_LEN + 1];
} host;

static void s_log(struct usher_host *h, enum usher_level level, const char *text)
{
	(void)h;
	(void)text;
	host.warnings += level == USHER_WARN;
}
static void s_random(struct usher_host *h, void *to, size_t n)
{
	(void)h;
	memset(to, 7, n);
}
static void s_recall(struct usher_host *h, struct usher_str key, uint64_t token)
{
	(void)h;
	(void)token;
	assert_memory_equal(key.p, "file-key", key.n);
	host.recalls++;
}
static void s_remember_for(struct usher_host *h, struct usher_str key, struct usher_str value,
	uint32_t ttl_s, int once, uint64_t token)
{
	(void)h;
	(void)key;
	(void)token;
	assert_true(once && !ttl_s && value.n == TOKEN_LEN);
	memcpy(host.kept, value.p, value.n);
	host.remembers++;
}
static struct usher_timer *s_timer(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	static int one;
	(void)h;
	host.fire = fn;
	host.arg = arg;
	return (struct usher_timer *)(void *)&one;
}
static void s_timer_set(struct usher_timer *t, uint64_t after_us)
{
	(void)t;
	host.timer_us = after_us;
}

static const struct usher_services services = { .size = sizeof(services),
	.log = s_log,
	.random = s_random,
	.recall = s_recall,
	.remember_for = s_remember_for,
	.timer = s_timer,
	.timer_set = s_timer_set };

static const char THREAD[] = "0123456789abcdef0123456789abcdef";

static int has_pass(const struct chat *c)
{
	char pass[THREAD_LEN + MAC_HEX_LEN + 2];

	file_pass(c, THREAD, pass);
	return *pass != '\0';
}

static void again(void)
{
	assert_true(host.timer_us > 0);
	host.timer_us = 0;
	host.fire(host.arg);
}

static void test_asked_again_until_it_is_there(void **state)
{
	struct usher_str none = { 0 };
	struct chat c = { .svc = &services, .files = 1 };

	(void)state;
	memset(&host, 0, sizeof(host));
	file_key_begin(&c);
	assert_int_equal(host.recalls, 1);
	for (int i = 0; i < 3; i++) { /* away */
		file_key_recalled(&c, USHER_RETRY, none);
		assert_false(has_pass(&c));
		again();
		assert_int_equal(host.recalls, 2 + i);
	}
	assert_int_equal(host.warnings, 1);    /* said once */
	file_key_recalled(&c, USHER_OK, none); /* back, and there is none yet */
	assert_int_equal(host.remembers, 1);
	file_key_remembered(&c, USHER_RETRY); /* away again */
	assert_false(has_pass(&c));
	again();
	file_key_recalled(&c, USHER_OK, none);
	file_key_remembered(&c, USHER_DUPLICATE); /* another node was quicker: its key counts */
	assert_false(has_pass(&c));
	file_key_recalled(
		&c, USHER_OK, (struct usher_str){ "abcdefghijklmnopqrstuvwxyz", TOKEN_LEN });
	assert_true(has_pass(&c));
	assert_memory_equal(c.file_key, "abcdefghijklmnopqrstuvwxyz", TOKEN_LEN);
	assert_int_equal(host.timer_us, 0);
}

static void test_not_asked_for_nothing(void **state)
{
	struct usher_str none = { 0 };
	struct chat without = { .svc = &services },
		    closing = { .svc = &services, .files = 1, .closing = 1 };

	(void)state;
	memset(&host, 0, sizeof(host));
	file_key_begin(&without);
	assert_int_equal(host.recalls, 0);
	file_key_recalled(&closing, USHER_RETRY, none);
	assert_int_equal(host.timer_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked_again_until_it_is_there),
		cmocka_unit_test(test_not_asked_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
