/*
 * When a challenge is asked, and when its answer counts: enough work, for our own stamp, once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "form.h"

static const uint64_t start_us = 1700000000000000, second_us = 1000000;
static uint64_t now_us;

static uint64_t clock_now(struct usher_host *h)
{
	(void)h;
	return now_us;
}

static const struct usher_services services = { .size = sizeof(services), .now_us = clock_now };

static void test_surge(void **state)
{
	struct challenge *c = challenge_new(100), *never = challenge_new(0);
	uint64_t at = start_us;

	(void)state;
	assert_null(never);
	assert_false(challenge_count(never, at));
	/* one a second is no attack, however long */
	for (int i = 0; i < 600; i++, at += second_us)
		assert_false(challenge_count(c, at));
	for (int i = 0; i < 200; i++)
		challenge_count(c, at);
	assert_true(challenge_count(c, at));
	assert_true(challenge_is_on(c, at + 100 * second_us));
	assert_false(challenge_is_on(c, at - 3600 * second_us)); /* the clock was put back */
	at += 200 * second_us;
	assert_false(challenge_count(c, at));
	assert_false(challenge_is_on(c, at));
	challenge_free(&c);
	assert_null(c);
}

static void set(struct buf *b, const char *text)
{
	buf_free(b);
	buf_text(b, text);
}

static void do_work(struct post *p)
{
	char text[24];

	for (unsigned n = 0;; n++) {
		snprintf(text, sizeof(text), "%x", n);
		if (challenge_work_ok(buf_str(&p->stamp), (struct usher_str){ text, strlen(text) }))
			break;
	}
	set(&p->work, text);
}

static void do_sum(struct post *p)
{
	char text[16];
	unsigned a, b;

	challenge_sum(p->form, buf_str(&p->stamp), &a, &b);
	snprintf(text, sizeof(text), " %u", a + b);
	set(&p->answer, text);
}

static void test_answers(void **state)
{
	struct form f = { .svc = &services, .key = { 1, 2, 3 } };
	struct post p = { .form = &f };
	char stamp[STAMP_LEN + 1];

	(void)state;
	f.challenge = challenge_new(1);
	f.field_count = 1;
	now_us = start_us;
	stamp_make(&f, stamp);
	set(&p.stamp, stamp);
	set(&p.values[0], "hello");
	assert_false(challenge_passes(&p));
	set(&p.work, "0");
	assert_false(challenge_passes(&p));
	do_work(&p);
	assert_true(challenge_passes(&p));
	assert_true(challenge_passes(&p)); /* the button was pressed twice */
	set(&p.values[0], "another message");
	assert_false(challenge_passes(&p));
	/* the sum, without a script */
	now_us += second_us;
	stamp_make(&f, stamp);
	set(&p.stamp, stamp);
	buf_free(&p.work);
	do_sum(&p);
	assert_true(challenge_passes(&p));
	set(&p.answer, "1");
	assert_false(challenge_answered(&p));
	/* a stamp of others, or an old one */
	buf_free(&p.answer);
	f.key[0]++;
	do_work(&p);
	assert_false(challenge_passes(&p));
	f.key[0]--;
	now_us += 3601 * second_us;
	assert_false(challenge_answered(&p));
	buf_free(&p.stamp);
	buf_free(&p.work);
	buf_free(&p.values[0]);
	challenge_free(&f.challenge);
}

static void make_answered(struct post *p)
{
	char stamp[STAMP_LEN + 1];

	now_us += 1;
	stamp_make(p->form, stamp);
	set(&p->stamp, stamp);
	do_work(p);
}

/* A program names its messages itself: the work is good for one name. */
static void test_one_key(void **state)
{
	struct form f = { .svc = &services };
	struct post p = { .form = &f };

	(void)state;
	f.challenge = challenge_new(1);
	now_us = start_us;
	make_answered(&p);
	set(&p.key, "order-1");
	assert_true(challenge_passes(&p));
	assert_true(challenge_passes(&p));
	set(&p.key, "order-2");
	assert_false(challenge_passes(&p));
	buf_free(&p.key);
	assert_false(challenge_passes(&p));
	buf_free(&p.stamp);
	buf_free(&p.work);
	challenge_free(&f.challenge);
}

/* More answers than are remembered: what is forgotten is not good again, and a new page is. */
static void test_forgets_nothing_that_counts(void **state)
{
	enum { FEW = 16, MANY = 5000 };
	static char first[FEW][STAMP_LEN + 1];
	struct form f = { .svc = &services };
	struct post p = { .form = &f };
	char stamp[STAMP_LEN + 1], text[32];

	(void)state;
	f.challenge = challenge_new(1);
	f.field_count = 1;
	now_us = start_us;
	/* The sum costs nothing here, and is remembered as the work is. */
	for (int i = 0; i < FEW + MANY; i++) {
		now_us += 1;
		stamp_make(&f, stamp);
		if (i < FEW)
			memcpy(first[i], stamp, sizeof(stamp));
		set(&p.stamp, stamp);
		do_sum(&p);
		snprintf(text, sizeof(text), "message %d", i);
		set(&p.values[0], text);
		assert_true(challenge_passes(&p));
	}
	set(&p.values[0], "another message");
	for (int i = 0; i < FEW; i++) {
		set(&p.stamp, first[i]);
		do_sum(&p);
		assert_true(challenge_answered(&p));
		assert_false(challenge_passes(&p));
	}
	buf_free(&p.stamp);
	buf_free(&p.answer);
	buf_free(&p.values[0]);
	challenge_free(&f.challenge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_surge),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_one_key),
		cmocka_unit_test(test_forgets_nothing_that_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
