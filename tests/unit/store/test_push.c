/* Numbered effects: followed by every node, resumed by number. */
#include "unit/store/harness.h"

#include "model/limits.h"

struct told {
	uint64_t last;
	size_t count;
	bool doubled;
};

static void got_effects(void *arg, const struct effect *effects, size_t count)
{
	struct told *t = arg;

	for (size_t i = 0; i < count; i++) {
		t->doubled |= effects[i].n <= t->last;
		t->last = effects[i].n;
		t->count++;
	}
}

static void tell(struct bench *b, uint64_t from, uint64_t to)
{
	while (from <= to) {
		struct commit *c = commit_new(b->store);
		for (int i = 0; i < 1000 && from <= to; i++, from++)
			commit_effect(c, &(struct effect){ .type = EFFECT_CONV, .n = from });
		assert_int_equal(bench_commit(b, c), 0);
	}
}

static void follows_through_a_loss(void **state)
{
	struct bench b;
	struct told all = { 0 }, late = { .last = 3 };

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	push_follow(b.store, 0, got_effects, &all);
	tell(&b, 1, 5);
	WAIT(&b, all.count == 5);
	push_follow(b.store, 3, got_effects, &late);
	WAIT(&b, late.count == 2);
	kill(managed_pid(b.store->managed), SIGKILL);
	WAIT(&b, b.ups == 1);
	tell(&b, 6, 10);
	WAIT(&b, all.count == 10 && late.count == 7);
	assert_false(all.doubled || late.doubled);
	bench_end(&b);
}

struct ranged {
	int status;
	size_t count;
	uint64_t first, last;
};

static void got_range(void *arg, int status, const struct effect *effects, size_t count)
{
	struct ranged *r = arg;

	r->status = status;
	r->count = count;
	r->first = count ? effects[0].n : 0;
	r->last = count ? effects[count - 1].n : 0;
}

static struct ranged range(struct bench *b, uint64_t after, size_t max)
{
	struct ranged r = { .status = WAITING };

	push_range(b->store, after, max, got_range, &r);
	WAIT(b, r.status != WAITING);
	return r;
}

static void resumes_by_number_and_says_when_it_is_too_old(void **state)
{
	struct bench b;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	struct ranged r = range(&b, 0, 10);
	assert_int_equal(r.status, 0); /* nothing was ever told */
	assert_int_equal(r.count, 0);
	tell(&b, 1, 10);
	r = range(&b, 4, 100);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.first, 5);
	assert_int_equal(r.last, 10);
	r = range(&b, 4, 2);
	assert_int_equal(r.last, 6);
	r = range(&b, 10, 2);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.count, 0);
	assert_int_equal(range(&b, 11, 2).status, -ENOENT); /* of another life */
	tell(&b, 11, PUSH_KEEP + 5000);
	assert_int_equal(range(&b, 4, 100).status, -ENOENT);
	r = range(&b, PUSH_KEEP, 10);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.first, PUSH_KEEP + 1);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_through_a_loss),
		cmocka_unit_test(resumes_by_number_and_says_when_it_is_too_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
