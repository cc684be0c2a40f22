/*
 * What a plugin delivers: what is refused, what is the same again, what long and mailed texts become.
 */
#include "unit/host/plugged.h"

#include "store/blob.h"

static int begin_all(void **state)
{
	plugged_begin(state);
	build_probe();
	return 0;
}

static void test_contract_of_deliver(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;
	struct usher_inbound m = { .size = sizeof(m), .thread = str_of("t"), .text = str_of("x") };

	p->svc->deliver(p->host, &m, 1);
	assert_int_equal(p->ack_count, 0); /* never from inside */
	m.dedup = str_of("d");
	m.thread = str_of("two\nlines");
	p->svc->deliver(p->host, &m, 2);
	m.thread = str_of("t");
	m.raw = str_of("not a blob");
	p->svc->deliver(p->host, &m, 3);
	HOUSE_UNTIL(&f->house, p->ack_count == 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(p->acks[i].outcome, USHER_FAIL);
	assert_string_equal(p->acks[0].why, "dedup is empty");
	assert_string_equal(p->acks[1].why, "thread has control characters or is not UTF-8");
	assert_string_equal(p->acks[2].why, "raw is no blob's name");
	house_pass(&f->house, 30);
	assert_int_equal(f->house.taken_count, 0);
}

static void deliver(struct fixture *f, const char *dedup, uint64_t token)
{
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = str_of(dedup),
		.thread = str_of("t"),
		.text = str_of("hello") };

	f->probe->svc->deliver(f->probe->host, &m, token);
	HOUSE_UNTIL(&f->house,
		f->probe->ack_count && f->probe->acks[f->probe->ack_count - 1].token == token);
}

static void test_repeated(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;

	deliver(f, "d1", 1);
	deliver(f, "d1", 2);
	assert_int_equal(p->acks[0].outcome, USHER_OK);
	assert_int_equal(p->acks[1].outcome, USHER_DUPLICATE);
	assert_string_equal(p->acks[0].why, p->acks[1].why);
	assert_int_equal(strlen(p->acks[0].why), ID_TEXT_LEN);
}

/* A repeat after a restart, of a message that the router has done long ago, is told the first one's id. */
static void test_repeated_later(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;
	struct entry en = {
		.seq = 1, .id = number(7), .direction = DIRECTION_IN, .text = SLICE("hello")
	};
	struct id conv = number(8);
	char result[64], text[ID_TEXT_LEN + 1];
	struct commit *c = begin(f);

	snprintf(result, sizeof(result), "%s 1", id_text(conv, text));
	commit_entry(c, conv, &en);
	commit_dedup(c, SLICE("ch\nd1"), slice_of(result));
	run(f, c);
	deliver(f, "d1", 1);
	assert_int_equal(p->acks[0].outcome, USHER_DUPLICATE);
	assert_string_equal(p->acks[0].why, id_text(en.id, text));
}

/* The first copy is in the inbox, its sender was told nothing, and nobody has routed it: the repeat is told the id that it is stored under. */
static void test_repeated_after_a_crash(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;
	char first[ID_TEXT_LEN + 1], before[PROBE_TEXT];

	deliver(f, "d1", 1);
	HOUSE_UNTIL(&f->house, f->house.taken_count == 1);
	id_text(f->house.taken[0].id, first);
	memcpy(before, p->acks[0].why, sizeof(before));
	house_stop(&f->house, false);
	memset(p, 0, offsetof(struct probe, health));
	p->answer = -1;
	house_pass(&f->house, 5);
	fixture_open(f);
	deliver(f, "d1", 2);
	assert_int_equal(p->acks[0].outcome, USHER_DUPLICATE);
	assert_string_equal(p->acks[0].why, first);
	assert_string_equal(p->acks[0].why, before);
}

static void test_long_text(void **state)
{
	struct fixture *f = *state;
	struct str text = { 0 };
	struct part part;
	struct usher_inbound m = { .size = sizeof(m), .dedup = str_of("d"), .thread = str_of("t") };

	for (size_t i = 0; i < MESSAGE_TEXT_MAX + 10; i++)
		str_add_char(&text, 'a');
	m.text = (struct usher_str){ text.p, text.n };
	f->probe->svc->deliver(f->probe->host, &m, 1);
	HOUSE_UNTIL(&f->house, f->house.taken_count == 1);
	struct slice rest = f->house.taken[0].parts;
	assert_int_equal(f->house.taken[0].text.n, MESSAGE_TEXT_MAX);
	assert_true(parts_next(&rest, &part, &f->house.arena));
	assert_slice_is(part.name, "message.txt");
	assert_int_equal(part.size_bytes, MESSAGE_TEXT_MAX + 10);
	str_free(&text);
}

static void file_stored(void *arg, int status, const char *name)
{
	assert_int_equal(status, 0);
	snprintf(arg, 65, "%s", name);
}

static void test_mail_text(void **state)
{
	struct fixture *f = *state;
	char blob[65] = "";
	blob_put(f->house.store, SLICE("abc"), file_stored, blob);
	HOUSE_UNTIL(&f->house, blob[0]);
	struct usher_str refs[] = { str_of("<a@x>"), str_of("bad\nref"), str_of("<b@x>") };
	struct usher_part part = { .name = str_of("../../etc/.passwd\x01"),
		.type = str_of("text/plain"),
		.blob = str_of(blob),
		.size = 3 };
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = str_of("d"),
		.thread = str_of("t"),
		.identity_kind = str_of("email"),
		.identity = str_of(" <Ann@X.Org> "),
		.verified = 1,
		.html = str_of("<p>Thanks!</p><script>alert(1)</script><p>On Mon, 3 Nov 2025 at "
			       "10:00, Support &lt;s@demo.test&gt; wrote:</p><blockquote>old "
			       "text</blockquote>"),
		.refs = refs,
		.refs_count = 3,
		.parts = &part,
		.parts_count = 1 };

	f->probe->svc->deliver(f->probe->host, &m, 1);
	HOUSE_UNTIL(&f->house, f->house.taken_count == 1);
	const struct command *c = &f->house.taken[0];
	struct slice rest = c->parts;
	struct part p;
	assert_slice_is(c->ident_value, "ann@x.org");
	assert_int_equal(c->verified, 1);
	assert_slice_is(c->text, "Thanks!");
	assert_true(c->quoted.n > 10);
	assert_slice_is(c->refs, "<a@x>\n<b@x>");
	assert_true(parts_next(&rest, &p, &f->house.arena));
	assert_slice_is(p.name, "passwd");
}

/* What somebody passes on is what he writes about: an agent must see it. */
static void test_forwarded_mail(void **state)
{
	struct fixture *f = *state;
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = str_of("d"),
		.thread = str_of("t"),
		.identity_kind = str_of("email"),
		.identity = str_of("ann@x.org"),
		.subject = str_of("FW: Invoice 5"),
		.text = str_of("Is this yours?\n\nFrom: Shop <shop@x.org>\nSent: Monday\nTo: "
			       "Ann\nSubject: Invoice 5\n\nPay 100") };

	f->probe->svc->deliver(f->probe->host, &m, 1);
	HOUSE_UNTIL(&f->house, f->house.taken_count == 1);
	assert_true(slice_ends(f->house.taken[0].text, SLICE("Pay 100")));
	assert_int_equal(f->house.taken[0].quoted.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_contract_of_deliver, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated_after_a_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mail_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forwarded_mail, setup, teardown),
	};

	return cmocka_run_group_tests(tests, begin_all, plugged_end);
}
