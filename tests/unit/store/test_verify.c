/* The verifier finds what was planted, and nothing where all is well. */
#include "unit/store/harness.h"

#include "store/blob_life.h"

#include "model/pairs.h"
#include "store/fence.h"

struct report {
	bool end;
	int status;
	size_t violations, checked;
	struct str lines;
};

static void got_line(void *arg, const char *text)
{
	struct report *r = arg;

	str_addf(&r->lines, "%s\n", text);
}

static void got_end(void *arg, int status, size_t violations, size_t checked)
{
	struct report *r = arg;

	r->status = status;
	r->violations = violations;
	r->checked = checked;
	r->end = true;
}

static struct report verify(struct bench *b)
{
	struct report r = { .end = false };

	store_verify(b->store, got_line, got_end, &r);
	assert_false(r.end);
	WAIT(b, r.end);
	assert_int_equal(r.status, 0);
	return r;
}

struct blob_name {
	bool there, gone;
	char text[BLOB_NAME_LEN + 1];
};

static void got_blob(void *arg, int status, const char *name)
{
	struct blob_name *n = arg;

	assert_int_equal(status, 0);
	snprintf(n->text, sizeof(n->text), "%s", name);
	n->there = true;
}

/* Fifty conversations with all that belongs to them. */
static void furnish(struct bench *b, struct blob_name *blob)
{
	blob_put(b->store, SLICE("an attachment"), got_blob, blob);
	WAIT(b, blob->there);
	blob_name_all(b->store, &(struct command){ .raw = slice_of(blob->text) }, &blob->gone);
	for (unsigned n = 1; n <= 50; n++) {
		struct commit *c = commit_new(b->store);
		struct id conv = bench_id(n), who = bench_id(1000 + n);
		char text[2][ID_TEXT_LEN + 1], thread[32];
		struct str parts = { 0 };
		struct slice view[] = { SLICE("last_seq"), SLICE("2"), SLICE("customer"),
			slice_of(id_text(who, text[0])) };
		struct slice card[] = { SLICE("name"), SLICE("Ann") };
		snprintf(thread, sizeof(thread), "t%u", n);
		parts_add(&parts, &(struct part){ .name = SLICE("a"),
					  .size_bytes = 13,
					  .blob = slice_of(blob->text) });
		commit_event(c, n, &(struct event){ .type = EVENT_CREATED, .conv = conv });
		commit_effect(c, &(struct effect){ .type = EFFECT_CONV, .n = n });
		commit_conv(c, conv, &(struct argv){ view, 4, 4 });
		commit_customer(c, who, &(struct argv){ card, 2, 2 });
		commit_customer_conv(c, who, conv, n);
		commit_identity(c, SLICE("email"), slice_of(thread), n % 2, who, n);
		commit_thread(c, SLICE("mail"), slice_of(thread), conv);
		commit_dedup(c, slice_of(thread), SLICE("x"));
		commit_entry(c, conv,
			&(struct entry){ .seq = 1,
				.id = bench_id(2000 + n),
				.direction = DIRECTION_IN,
				.parts = str_slice(&parts) });
		commit_count(c, n % 5 ? "accepted" : "quarantined", 1);
		commit_entry(c, conv, &(struct entry){ .seq = 2, .id = bench_id(3000 + n) });
		commit_outbound(c, &(struct outbound){ .id = bench_id(3000 + n),
					   .conv = conv,
					   .seq = 2,
					   .channel = SLICE("mail") });
		assert_int_equal(bench_commit(b, c), 0);
		str_free(&parts);
	}
}

static void cli_key(struct bench *b, const char *verb, struct key key, const char *rest)
{
	char out[256], words[512];

	snprintf(words, sizeof(words), "%s '%s' %s", verb, key.text, rest);
	bench_cli(b, out, sizeof(out), words);
	assert_null(strstr(out, "ERR"));
}

static void finds_what_was_planted(void **state)
{
	struct bench b;
	struct blob_name blob = { false };

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_lead(&b, b.store);
	furnish(&b, &blob);
	struct report r = verify(&b);
	if (r.violations)
		fail_msg("%s", r.lines.p);
	assert_true(r.checked > 50 * 7);

	const struct keys *k = &b.store->keys;
	static const char *const says[] = {
		"last_seq is 3, its log has 2 entries",
		"entry 2 is numbered 7",
		"is there twice",
		"entry 1 cannot be read",
		"is not there (named by",
		"which is not there",
		"is not among the conversations",
		"which is another customer's",
		"is no id",
		"never expires",
		"is not entry 2 of its conversation",
		"which does not say so",
		"the journal has a gap",
		"the push stream ends at 50, the cursor says 51",
		"still has 1-1, which the cursor",
		"is a string, expected a list",
		"is no key of usher",
		"has \"01J\", which is no message",
		":dead points to ",
		":away points to ",
		"50 messages of customers were taken in, the histories have 48 of them",
	};
	cli_key(&b, "HSET", key_of_id(k, KEY_CONV, bench_id(1)), "last_seq 3");
	/* Planted through a commit, as entries are packed. */
	struct commit *c = commit_new(b.store);
	commit_entry_set(c, bench_id(2), &(struct entry){ .seq = 2, .id = bench_id(2002) });
	assert_int_equal(bench_commit(&b, c), 0);
	struct str packed = { 0 };
	record_pack(&entry_table, &(struct entry){ .seq = 7, .id = bench_id(3003) }, &packed);
	struct key log3 = key_of_id(k, KEY_LOG, bench_id(3));
	struct slice words[] = { SLICE("LSET"), key_slice(&log3), SLICE("1"), str_slice(&packed) };
	struct str commands = { 0 };
	resp_command(&commands, &(struct argv){ words, 4, 4 });
	int status = WAITING;
	fence_run(b.store->fence, &commands, 1, bench_status, &status);
	WAIT(&b, status == 0);
	str_free(&packed);
	str_free(&commands);
	cli_key(&b, "LSET", key_of_id(k, KEY_LOG, bench_id(4)), "0 garbage");
	struct key gone = key_of_sha256(k, KEY_BLOB, slice_of(blob.text));
	cli_key(&b, "EXPIRE", gone, "1000");
	r = verify(&b);
	assert_non_null(strstr(r.lines.p, "will be forgotten, though it is named by"));
	str_free(&r.lines);
	cli_key(&b, "DEL", gone, "");
	cli_key(&b, "DEL", key_of_id(k, KEY_CUSTOMER, bench_id(1005)), "");
	cli_key(&b, "DEL", key_of_id(k, KEY_CUSTOMER_CONVS, bench_id(1006)), "");
	cli_key(&b, "SET", key_of_hash(k, KEY_THREAD, SLICE("mail"), SLICE("t7")), "nonsense");
	cli_key(&b, "PERSIST", key_of_hash(k, KEY_DEDUP, SLICE("t8"), SLICE("")), "");
	cli_key(&b, "LTRIM", key_of_id(k, KEY_LOG, bench_id(9)), "0 0");
	char other[ID_TEXT_LEN + 1], merged[64];
	snprintf(merged, sizeof(merged), "into %s", id_text(bench_id(1012), other));
	cli_key(&b, "HSET", key_of_id(k, KEY_CUSTOMER, bench_id(1011)), merged);
	snprintf(merged, sizeof(merged), "has:%s claimed", id_text(bench_id(1014), other));
	cli_key(&b, "HSET", key_of_id(k, KEY_CUSTOMER, bench_id(1013)), merged);
	snprintf(merged, sizeof(merged), "customer %s", id_text(bench_id(1016), other));
	cli_key(&b, "HSET", key_of_id(k, KEY_CONV, bench_id(15)), merged);
	cli_key(&b, "XDEL", k->journal, "20-0");
	cli_key(&b, "HSET", k->cursor, "push 51 inbox 2-2");
	cli_key(&b, "XADD", k->inbox, "1-1 t message");
	cli_key(&b, "DEL", key_of_id(k, KEY_LOG, bench_id(10)), "");
	cli_key(&b, "SET", key_of_id(k, KEY_LOG, bench_id(10)), "x");
	/* Dead letters: one that can be read, one that cannot, one whose conversation is gone. */
	c = commit_new(b.store);
	commit_dead(
		c, bench_id(12), &(struct entry){ .seq = 2, .channel = SLICE("mail") }, 1, true);
	commit_dead(
		c, bench_id(999), &(struct entry){ .seq = 2, .channel = SLICE("mail") }, 2, true);
	commit_away(c, bench_id(998), 5);
	assert_int_equal(bench_commit(&b, c), 0);
	cli_key(&b, "ZADD", k->dead, "3 01J");
	char out[64];
	bench_cli(&b, out, sizeof(out), "SET 'usher:{main}:nonsense' 1");
	bench_cli(&b, out, sizeof(out), "SET 'usher:{main2}:other' 1"); /* another domain's */
	log_set_level(LOG_ERROR + 1);
	str_free(&r.lines);
	r = verify(&b);
	for (size_t i = 0; i < sizeof(says) / sizeof(*says); i++)
		if (!strstr(r.lines.p, says[i]))
			fail_msg("not found: %s\nin:\n%s", says[i], r.lines.p);
	assert_null(strstr(r.lines.p, "main2"));
	str_free(&r.lines);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_planted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
