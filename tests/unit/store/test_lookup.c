/* What was committed is found again: threads, identities, dedup marks, views, history, cards, users, what is remembered. */
#include "unit/store/harness.h"

static struct argv pairs_of(struct slice *words, size_t n)
{
	return (struct argv){ words, n, n };
}

static int run(struct bench *b, struct lookup *l)
{
	int status = WAITING;

	lookup_run(l, bench_status, &status);
	assert_int_equal(status, WAITING);
	WAIT(b, status != WAITING);
	return status;
}

static void commit_a_conversation(struct bench *b)
{
	struct commit *c = commit_new(b->store);
	struct slice conv[] = { SLICE("state"), SLICE("active"), SLICE("name"),
		SLICE("Ann\r\n\0x") };
	struct slice cust[] = { SLICE("name"), SLICE("Ann") };
	struct slice user[] = { SLICE("secret"), SLICE("scrypt$x") };
	struct argv a = pairs_of(conv, 4);
	struct id who = bench_id(7);

	commit_conv(c, bench_id(1), &a);
	commit_conv(c, bench_id(2), &a);
	a = pairs_of(cust, 2);
	commit_customer(c, who, &a);
	commit_customer_conv(c, who, bench_id(1), 1000);
	commit_customer_conv(c, who, bench_id(2), 2000);
	commit_identity(c, SLICE("email"), SLICE("ann@x.org"), true, who, 1700000000123456);
	commit_identity(c, SLICE("phone"), SLICE("+1:2"), false, who, 1700000000123457);
	commit_thread(c, SLICE("mail"), SLICE("<a b\r\n@x>"), bench_id(1));
	commit_dedup(c, SLICE("mail:<1@x>"), SLICE("result"));
	a = pairs_of(user, 2);
	commit_user(c, SLICE("bo"), &a);
	commit_user(c, SLICE("al"), &a);
	commit_user(c, SLICE("B\xc3\xb6/../x"), &a);
	for (unsigned i = 1; i <= 4; i++)
		commit_away(c, bench_id(i), 1793448000000000 - i);
	commit_away(c, bench_id(4), 0);
	for (uint64_t seq = 1; seq <= 30; seq++)
		commit_entry(c, bench_id(1),
			&(struct entry){
				.seq = seq, .direction = DIRECTION_IN, .text = SLICE("hi") });
	commit_entry_set(c, bench_id(1),
		&(struct entry){ .seq = 3, .delivery = DELIVERY_SENT, .text = SLICE("changed") });
	assert_int_equal(bench_commit(b, c), 0);
}

static void finds_what_was_committed(void **state)
{
	struct bench b;
	struct arena arena = { 0 };
	struct id thread, other, verified, claimed, nobody;
	struct slice dup, fresh, packed, none;
	struct pairs_found conv, gone, user, strange;
	struct entry en;
	struct away_found away, first;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	commit_a_conversation(&b);
	struct lookup *l = lookup_new(b.store, &arena);
	lookup_thread(l, SLICE("mail"), SLICE("<a b\r\n@x>"), &thread);
	lookup_thread(l, SLICE("mai"), SLICE("l<a b\r\n@x>"), &other);
	lookup_identity(l, SLICE("email"), SLICE("ann@x.org"), true, &verified);
	lookup_identity(l, SLICE("phone"), SLICE("+1:2"), false, &claimed);
	lookup_identity(l, SLICE("phone"), SLICE("+1:2"), true, &nobody);
	lookup_dedup(l, SLICE("mail:<1@x>"), &dup);
	lookup_dedup(l, SLICE("mail:<2@x>"), &fresh);
	lookup_conv(l, bench_id(1), &conv);
	lookup_conv(l, bench_id(99), &gone);
	lookup_user(l, SLICE("bo"), &user);
	lookup_user(l, SLICE("B\xc3\xb6/../x"), &strange);
	lookup_entry(l, bench_id(1), 3, &packed);
	lookup_entry(l, bench_id(1), 31, &none);
	lookup_away(l, 50, &away);
	lookup_away(l, 1, &first);
	assert_int_equal(run(&b, l), 0);
	assert_true(id_equal(thread, bench_id(1)));
	assert_true(id_is_none(other));
	assert_true(id_equal(verified, bench_id(7)));
	assert_true(id_equal(claimed, bench_id(7)));
	assert_true(id_is_none(nobody));
	assert_slice_is(dup, "result");
	assert_null(fresh.p);
	assert_int_equal(conv.count, 2);
	assert_slice_is(found_get(&conv, "state"), "active");
	assert_true(slice_equal(found_get(&conv, "name"), SLICE("Ann\r\n\0x")));
	assert_null(found_get(&conv, "nothing").p);
	assert_int_equal(gone.count, 0);
	assert_slice_is(found_get(&user, "secret"), "scrypt$x");
	assert_int_equal(strange.count, 1);
	assert_int_equal(record_unpack(&entry_table, &en, packed, NULL), 0);
	assert_slice_is(en.text, "changed");
	assert_null(none.p);
	assert_int_equal(away.count, 3);
	assert_true(id_equal(away.v[2].conv, bench_id(1)));
	assert_int_equal(away.v[2].at_us, 1793447999999999);
	assert_int_equal(first.count, 1);
	assert_true(id_equal(first.v[0].conv, bench_id(3)));
	/* No question at all is answered as well. */
	assert_int_equal(run(&b, lookup_new(b.store, &arena)), 0);
	/* And without Redis, too. */
	kill(managed_pid(b.store->managed), SIGKILL);
	WAIT(&b, b.downs == 1);
	l = lookup_new(b.store, &arena);
	lookup_conv(l, bench_id(1), &conv);
	lookup_conv(l, bench_id(2), &gone);
	assert_int_equal(run(&b, l), -EAGAIN);
	arena_free(&arena);
	bench_end(&b);
}

struct read {
	int status;
	size_t count;
	uint64_t first, last;
	char text[64];
};

static void got_entries(void *arg, int status, const struct entry *entries, size_t count)
{
	struct read *r = arg;

	r->status = status;
	r->count = count;
	r->first = count ? entries[0].seq : 0;
	r->last = count ? entries[count - 1].seq : 0;
	if (count)
		snprintf(r->text, sizeof(r->text), "%.*s", SLICE_ARG(entries[0].text));
}

static struct read history(struct bench *b, struct id conv, uint64_t after, size_t max)
{
	struct read r = { .status = WAITING };

	history_read(b->store, conv, after, max, got_entries, &r);
	WAIT(b, r.status != WAITING);
	return r;
}

static void got_card(void *arg, int status, const struct customer_row *c)
{
	struct read *r = arg;

	if (status == 0) {
		assert_true(id_equal(c->id, bench_id(7)));
		assert_slice_is(found_get(&c->fields, "name"), "Ann");
		assert_int_equal(c->identity_count, 2);
		assert_true(c->identities[0].verified);
		assert_slice_is(c->identities[0].kind, "email");
		assert_slice_is(c->identities[0].value, "ann@x.org");
		assert_int_equal(c->identities[0].at_us, 1700000000123456);
		assert_false(c->identities[1].verified);
		assert_slice_is(c->identities[1].value, "+1:2");
		assert_true(id_equal(c->convs[0], bench_id(2))); /* newest first */
		assert_slice_is(found_get(&c->conv_fields[0], "state"), "active");
		r->count = c->conv_count;
	}
	r->status = status;
}

static void got_conv(void *arg, int status, const struct pairs_found *f)
{
	(void)f;
	((struct read *)arg)->status = status;
}

static void got_names(void *arg, int status, const struct slice *names, size_t count)
{
	struct read *r = arg;

	assert_int_equal(count, 3);
	assert_slice_is(names[1], "al");
	assert_slice_is(names[2], "bo");
	r->status = status;
}

static void reads_history_card_counts_and_users(void **state)
{
	struct bench b;
	struct read r = { .status = WAITING };

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	commit_a_conversation(&b);
	struct read h = history(&b, bench_id(1), 2, 10);
	assert_int_equal(h.count, 10);
	assert_int_equal(h.first, 3);
	assert_int_equal(h.last, 12);
	assert_string_equal(h.text, "changed");
	h = history(&b, bench_id(1), 25, 1000);
	assert_int_equal(h.count, 5);
	h = history(&b, bench_id(1), UINT64_MAX, 1000); /* somebody says that he has seen it */
	assert_int_equal(h.status, 0);
	h = history(&b, bench_id(1), 30, 1000);
	assert_int_equal(h.status, 0);
	assert_int_equal(h.count, 0);
	customer_read(b.store, bench_id(7), 10, got_card, &r);
	WAIT(&b, r.status != WAITING);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.count, 2);
	r.status = WAITING;
	customer_read(b.store, bench_id(7), 1, got_card, &r);
	WAIT(&b, r.status != WAITING);
	assert_int_equal(r.count, 1);
	r.status = WAITING;
	customer_read(b.store, bench_id(8), 1, got_card, &r);
	WAIT(&b, r.status != WAITING);
	assert_int_equal(r.status, -ENOENT);
	r.status = WAITING;
	conv_read(b.store, bench_id(77), got_conv, &r);
	WAIT(&b, r.status != WAITING);
	assert_int_equal(r.status, -ENOENT);
	r.status = WAITING;
	users_read(b.store, got_names, &r);
	WAIT(&b, r.status != WAITING);
	/* A user who is removed is gone. */
	struct commit *c = commit_new(b.store);
	commit_user_remove(c, SLICE("bo"));
	assert_int_equal(bench_commit(&b, c), 0);
	struct arena arena = { 0 };
	struct pairs_found user;
	struct lookup *l = lookup_new(b.store, &arena);
	lookup_user(l, SLICE("bo"), &user);
	assert_int_equal(run(&b, l), 0);
	assert_int_equal(user.count, 0);
	arena_free(&arena);
	bench_end(&b);
}

/* ---- remember ---- */

static void got_value(void *arg, int status, struct slice value)
{
	struct read *r = arg;

	r->status = status;
	snprintf(r->text, sizeof(r->text), "%.*s", SLICE_ARG(value));
}

static struct read recalled(struct bench *b, const char *scope, struct slice key)
{
	struct read r = { .status = WAITING };

	recall(b->store, scope, key, got_value, &r);
	WAIT(b, r.status != WAITING);
	return r;
}

static int remembered(
	struct bench *b, const char *scope, struct slice key, struct slice value, uint32_t ttl_s)
{
	int status = WAITING;

	remember(b->store, scope, key, value, ttl_s, bench_status, &status);
	WAIT(b, status != WAITING);
	return status;
}

static void remembers_over_a_restart(void **state)
{
	struct bench b;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	assert_int_equal(remembered(&b, "channel:mail", SLICE("cursor"), SLICE("17"), 0), 0);
	assert_int_equal(remembered(&b, "session", SLICE("cursor"), SLICE("other"), 1), 0);
	kill(managed_pid(b.store->managed), SIGKILL);
	WAIT(&b, b.ups == 1);
	assert_string_equal(recalled(&b, "channel:mail", SLICE("cursor")).text, "17");
	PASS(&b, 1200);
	assert_int_equal(recalled(&b, "session", SLICE("cursor")).status, -ENOENT);
	assert_int_equal(remembered(&b, "channel:mail", SLICE("cursor"), SLICE(""), 0), 0);
	assert_int_equal(recalled(&b, "channel:mail", SLICE("cursor")).status, -ENOENT);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_committed),
		cmocka_unit_test(reads_history_card_counts_and_users),
		cmocka_unit_test(remembers_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
