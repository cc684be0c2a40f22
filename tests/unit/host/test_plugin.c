/*
 * The contract with a plugin, both ways: versions, what is delivered, sent, retried, read back, kept. The plugin is compiled here,
 * as somebody outside this tree would do it.
 */
#include "unit/host/house.h"

#include <dlfcn.h>
#include <pthread.h>

#include "model/pairs.h"
#include "store/history.h"
#include "store/outbox.h"
#include "unit/host/probe.h"

static char dir[64];

struct fixture {
	struct house house;
	struct probe *probe;
	uint64_t epoch, push_n;
};

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static void build_against(const char *include, const char *name, const char *flags)
{
	shell("cc -std=c17 -shared -fPIC -I%s -Wall -Wextra -Werror %s -o %s/%s.so "
	      "tests/unit/host/probe.c",
		include, flags, dir, name);
}

static void build(const char *name, const char *flags)
{
	build_against("include", name, flags);
}

/* The header as it may be in some years: both tables have grown, and the rows of options. */
static void build_of_tomorrow(void)
{
	char include[96];

	snprintf(include, sizeof(include), "%s/tomorrow", dir);
	shell("mkdir -p %s/usher && awk '"
	      "/^struct [a-z_]+ \\{/ { of = $2 }"
	      "/^};/ && of == \"usher_services\" { print \"int (*newer)(struct usher_host *h);\" }"
	      "/^};/ && of == \"usher_channel\" { print \"void (*newer)(void *self);\" }"
	      "/^};/ && of == \"usher_option\" { print \"const char *newer;\" }"
	      "{ print } /^};/ { of = \"\" }' include/usher/channel.h >%s/usher/channel.h",
		include, include);
	build_against(include, "tomorrow", "-DCAPABILITIES=USHER_CAP_FILES -DNEWER -DMINOR=99");
}

static int build_all(void **state)
{
	house_redis(state);
	snprintf(dir, sizeof(dir), "/tmp/usher-probe-XXXXXX");
	assert_non_null(mkdtemp(dir));
	build("probe", "-DCAPABILITIES=USHER_CAP_FILES -DTEXT_MAX=50");
	build("live", "-DCAPABILITIES='(USHER_CAP_LIVE|USHER_CAP_TYPING)'");
	build("seven", "-DMAJOR=7 -DMINOR=3");
	build("tiny", "-DSIZE=16");
	build("old", "-DCAPABILITIES=USHER_CAP_FILES -DSIZE='__builtin_offsetof(struct "
		     "usher_channel,update)'");
	build("bare", "-DSYMBOL=usher_channel_of_somebody");
	build("zero", "-DSYMBOL=usher_channel_v0 -DMAJOR=0");
	build_against("tests/unit/host/abi-1.0", "first", "-DCAPABILITIES=USHER_CAP_FILES");
	build_of_tomorrow();
	return 0;
}

static int remove_all(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return house_redis_end(state) || system(command);
}

static struct probe *probe_of(const char *plugin)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s.so", dir, plugin);
	void *so = dlopen(path, RTLD_NOW);
	struct probe *p = so ? dlsym(so, "probe") : NULL;
	assert_non_null(p);
	memset(p, 0, sizeof(*p));
	p->answer = -1;
	p->health = "{}";
	return p;
}

static void fixture_open(struct fixture *f)
{
	house_open(&f->house);
	assert_int_equal(host_open(f->house.host, &f->house.err), 0);
}

static int setup_of(void **state, const char *plugin)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->probe = probe_of(plugin);
	house_new(&f->house);
	f->house.config.plugin_dir = slice_of(dir);
	house_channel(&f->house, "ch", plugin);
	fixture_open(f);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	return setup_of(state, "probe");
}

static int setup_live(void **state)
{
	return setup_of(state, "live");
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	house_end(&f->house);
	assert_int_equal(f->probe->nested, 0); /* never called from inside its own call */
	assert_int_equal(f->probe->opened, f->probe->closed);
	free(f);
	return 0;
}

static struct usher_str str_of(const char *s)
{
	return (struct usher_str){ s, strlen(s) };
}

/* ---- commits, as the router would make them ---- */

static void lead_taken(void *arg, int status, uint64_t epoch)
{
	((struct fixture *)arg)->epoch = status ? 0 : epoch;
}
static void lead_lost(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}
static void put_status(void *arg, int status)
{
	*(int *)arg = status;
}

static struct commit *begin(struct fixture *f)
{
	if (!f->epoch) {
		lease_take(f->house.store, lead_taken, lead_lost, f);
		HOUSE_UNTIL(&f->house, f->epoch);
	}
	return commit_new(f->house.store);
}

static void run(struct fixture *f, struct commit *c)
{
	int status = 1;

	commit_run(c, put_status, &status);
	HOUSE_UNTIL(&f->house, status != 1);
	assert_int_equal(status, 0);
}

static struct id number(unsigned n)
{
	uint8_t chance[10] = { (uint8_t)n };

	return id_make(clock_wall_us(), chance);
}

static struct id queue_out(struct fixture *f, unsigned n, const char *text)
{
	struct outbound o = { .id = number(n),
		.conv = number(n + 100),
		.seq = 2,
		.at_us = clock_wall_us(),
		.channel = SLICE("ch"),
		.thread = SLICE("t"),
		.to = SLICE("ann@x.org"),
		.text = slice_of(text),
		.refs = SLICE("<a@x>\n<b@x>") };
	struct str parts = { 0 };
	struct part p = {
		.name = SLICE("a.txt"), .type = SLICE("text/plain"), .blob = SLICE("00")
	};

	parts_add(&parts, &p);
	o.parts = str_slice(&parts);
	struct commit *c = begin(f);
	commit_outbound(c, &o);
	run(f, c);
	str_free(&parts);
	return o.id;
}

static const struct command *receipt(struct fixture *f, size_t n, uint32_t delivery)
{
	HOUSE_UNTIL(&f->house, f->house.taken_count >= n);
	const struct command *c = &f->house.taken[n - 1];
	assert_int_equal(c->type, COMMAND_RECEIPT);
	assert_int_equal(c->delivery, delivery);
	return c;
}

/* ---- versions ---- */

static void first_problem(void *arg, unsigned line, unsigned col, const char *message)
{
	struct str *out = arg;

	str_addf(out, "%u:%u: %s\n", line, col, message);
}

static void test_versions(void **state)
{
	static const struct {
		const char *plugin, *says;
	} cases[] = {
		{ "seven", "version 7.3 of usher's channel ABI, this usher has 1." },
		{ "zero", "version 0." },
		{ "zero", "of usher's channel ABI, this usher has 1." },
		{ "tiny", "its table has 16 bytes" },
		{ "bare", "no symbol usher_channel_v1" },
		{ "absent", "absent.so; there are: bare, first, live, old, probe, seven" },
		{ "../etc", "a name has only a-z" },
	};
	struct house h;
	struct str out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		house_new(&h);
		h.config.plugin_dir = slice_of(dir);
		house_channel(&h, "ch", cases[i].plugin);
		str_clear(&out);
		assert_int_equal(host_check(&h.config, first_problem, &out), 1);
		assert_true(house_has(&out, cases[i].says));
		house_end(&h);
	}
	str_free(&out);
}

/* A plugin of an older minor version, whose table ends earlier, works: what it does not have is not called. */
static void test_older_plugin(void **state)
{
	struct fixture *f = *state;
	struct effect ef = { .type = EFFECT_MESSAGE,
		.channel = SLICE("ch"),
		.thread = SLICE("t"),
		.direction = DIRECTION_OUT };

	f->probe->answer = USHER_OK;
	queue_out(f, 1, "hello");
	receipt(f, 1, DELIVERY_SENT);
	host_push(f->house.host, &ef, 1);
	assert_int_equal(f->probe->update_count, 0);
}

static int setup_old(void **state)
{
	return setup_of(state, "old");
}

/* A plugin built against the header of 1.0, as it was frozen: everything that it has is used. */
static void test_plugin_of_the_first_version(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;
	struct usher_inbound m = { .size = offsetof(struct usher_inbound, lang),
		.dedup = str_of("d"),
		.thread = str_of("t"),
		.text = str_of("x") };

	p->answer = USHER_OK;
	queue_out(f, 1, "hello");
	receipt(f, 1, DELIVERY_SENT);
	p->svc->deliver(p->host, &m, 1); /* a shorter struct than ours */
	HOUSE_UNTIL(&f->house, p->ack_count == 1);
	assert_int_equal(p->acks[0].outcome, USHER_OK);
	assert_slice_is(host_health(f->house.host, SLICE("ch")), "{}");
}

static int setup_first(void **state)
{
	return setup_of(state, "first");
}

/* A plugin of a later minor version on this host: what it has more is not looked at, what we lack it can ask. */
static void test_plugin_of_tomorrow(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->probe->has_newer, 0);
	assert_string_equal(f->probe->svc->option(f->probe->host, "greeting").p, "hi");
	assert_string_equal(f->probe->svc->option(f->probe->host, "against").p, "");
	f->probe->answer = USHER_OK;
	queue_out(f, 1, "hello");
	receipt(f, 1, DELIVERY_SENT);
}

static int setup_tomorrow(void **state)
{
	return setup_of(state, "tomorrow");
}

static void test_refusals(void **state)
{
	struct house h;
	struct str out = { 0 };

	(void)state;
	probe_of("probe");
	house_new(&h);
	h.config.plugin_dir = slice_of(dir);
	struct channel *c = house_channel(&h, "ch", "probe");
	house_option(c, "greting", "x");
	house_option(c, "greeting", "much longer than twenty");
	assert_int_equal(host_check(&h.config, first_problem, &out), 2);
	assert_true(house_has(&out, "10:5: channel ch: unknown option \"greting\", did you mean "
				    "\"greeting\"?\n"));
	assert_true(house_has(&out, "11:5: channel ch: greeting: 23 bytes, at most 20 are "
				    "taken\n"));
	c->option_count = 0;
	house_option(c, "greeting", "ho");
	house_option(c, "against", "greeting: \"ho\" is no greeting");
	str_clear(&out);
	assert_int_equal(host_check(&h.config, first_problem, &out), 1);
	assert_string_equal(out.p, "10:5: channel ch: greeting: \"ho\" is no greeting\n");
	c->option_count = 0;
	house_option(c, "refuse", "no luck today");
	assert_int_equal(host_check(&h.config, first_problem, &out), 0);
	house_open(&h);
	assert_int_equal(host_open(h.host, &h.err), -EINVAL);
	assert_string_equal(h.err.text, "channel ch: no luck today");
	house_end(&h);
	str_free(&out);
}

/* ---- intake ---- */

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

static void test_mail_text(void **state)
{
	struct fixture *f = *state;
	struct usher_str refs[] = { str_of("<a@x>"), str_of("bad\nref"), str_of("<b@x>") };
	struct usher_part part = { .name = str_of("../../etc/.passwd\x01"),
		.type = str_of("text/plain"),
		.blob = str_of("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
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

/* ---- the way out ---- */

static void test_sent(void **state)
{
	struct fixture *f = *state;
	char text[ID_TEXT_LEN + 1];

	f->probe->answer = USHER_OK;
	struct id id = queue_out(f, 1, "hello");
	const struct command *c = receipt(f, 1, DELIVERY_SENT);
	assert_true(id_equal(c->id, id));
	assert_int_equal(c->seq, 2);
	assert_slice_is(c->remote, "remote-1");
	assert_int_equal(f->probe->send_count, 1);
	assert_string_equal(f->probe->sends[0].id, id_text(id, text));
	assert_string_equal(f->probe->sends[0].to, "ann@x.org");
	assert_string_equal(f->probe->sends[0].ref, "<b@x>");
	assert_string_equal(f->probe->sends[0].part, "a.txt");
	HOUSE_UNTIL(&f->house, outbox_pending(f->house.store, SLICE("ch")) == 0);
	/* The news about it, by the channel's own id. */
	house_pass(&f->house, 50);
	f->probe->svc->delivery(f->probe->host, str_of(""), str_of("remote-1"), USHER_BOUNCED,
		str_of("5.1.1 no such user"));
	c = receipt(f, 2, DELIVERY_BOUNCED);
	assert_true(id_equal(c->id, id));
	assert_slice_is(c->why, "5.1.1 no such user");
}

static void test_retried(void **state)
{
	struct fixture *f = *state;

	f->probe->answer = USHER_RETRY;
	queue_out(f, 1, "hello");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	f->probe->answer = USHER_OK;
	HOUSE_UNTIL(&f->house, f->probe->send_count == 2);
	assert_int_equal(f->probe->sends[1].attempt, 2);
	assert_string_equal(f->probe->sends[0].id, f->probe->sends[1].id);
	receipt(f, 1, DELIVERY_SENT);
}

static void test_failed(void **state)
{
	struct fixture *f = *state;

	f->probe->answer = USHER_FAIL;
	queue_out(f, 1, "hello");
	assert_slice_is(receipt(f, 1, DELIVERY_FAILED)->why, "said no");
	f->probe->answer = USHER_UNSURE;
	queue_out(f, 2, "hello");
	assert_slice_is(receipt(f, 2, DELIVERY_UNSURE)->why, "said no");
	queue_out(f, 3, "this text is longer than the fifty bytes that it may have here");
	assert_slice_is(receipt(f, 3, DELIVERY_FAILED)->why, "the text has 62 bytes, this channel "
							     "carries at most 50");
	assert_int_equal(f->probe->send_count, 2);
}

static void status_of(void *arg, const struct channel_status *s)
{
	*(struct channel_status *)arg = *s;
}

static void test_sent_twice(void **state)
{
	struct fixture *f = *state;
	struct channel_status s;
	char id[PROBE_TEXT];

	f->probe->answer = USHER_OK;
	queue_out(f, 1, "hello");
	receipt(f, 1, DELIVERY_SENT);
	memcpy(id, f->probe->sends[0].id, sizeof(id));
	f->probe->svc->sent(f->probe->host, str_of(id), USHER_FAIL, str_of(""), str_of("again"));
	f->probe->svc->sent(f->probe->host, str_of("nonsense"), USHER_OK, str_of(""), str_of(""));
	house_pass(&f->house, 50);
	assert_int_equal(f->house.taken_count, 1);
	host_each(f->house.host, status_of, &s);
	assert_int_equal(s.wrong, 2);
	assert_int_equal(s.sent, 1);
}

/* Whoever answers while he is still being opened is told so, too. */
static void test_sent_while_opening(void **state)
{
	struct house h;
	struct channel_status s;

	(void)state;
	probe_of("probe");
	house_new(&h);
	h.config.plugin_dir = slice_of(dir);
	house_option(house_channel(&h, "ch", "probe"), "early", "nonsense");
	house_open(&h);
	assert_int_equal(host_open(h.host, &h.err), 0);
	host_each(h.host, status_of, &s);
	assert_int_equal(s.wrong, 1);
	house_end(&h);
}

static void *sent_from_a_thread(void *arg)
{
	struct probe *p = ((struct fixture *)arg)->probe;

	p->svc->sent(p->host, str_of(p->sends[0].id), USHER_OK, str_of(""), str_of(""));
	return NULL;
}

/* What is called from a thread that is not the loop's is named and not done: the message is still being sent. */
static void test_wrong_thread(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	queue_out(f, 1, "hello");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	assert_int_equal(pthread_create(&thread, NULL, sent_from_a_thread, f), 0);
	pthread_join(thread, NULL);
	house_pass(&f->house, 50);
	assert_int_equal(f->house.taken_count, 0);
	f->probe->svc->sent(
		f->probe->host, str_of(f->probe->sends[0].id), USHER_OK, str_of(""), str_of(""));
	receipt(f, 1, DELIVERY_SENT);
}

static void test_outcome_that_is_none(void **state)
{
	struct fixture *f = *state;
	struct channel_status s;

	queue_out(f, 1, "hello");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	f->probe->svc->sent(f->probe->host, str_of(f->probe->sends[0].id), (enum usher_outcome)17,
		str_of(""), str_of("what"));
	receipt(f, 1, DELIVERY_UNSURE); /* neither lost nor sent again behind the agent's back */
	host_each(f->house.host, status_of, &s);
	assert_int_equal(s.wrong, 1);
}

static void test_health(void **state)
{
	struct fixture *f = *state;
	struct channel_status s;

	f->probe->health = "{ \"open\" : 3 }";
	assert_slice_is(host_health(f->house.host, SLICE("ch")), "{\"open\":3}");
	f->probe->health = "no JSON";
	assert_int_equal(host_health(f->house.host, SLICE("ch")).n, 0);
	assert_int_equal(host_health(f->house.host, SLICE("nobody")).n, 0);
	host_each(f->house.host, status_of, &s);
	assert_int_equal(s.wrong, 1);
}

static void count_channel(void *arg, const struct channel_status *s)
{
	(void)s;
	++*(int *)arg;
}

static int channels_of(struct fixture *f)
{
	int n = 0;

	host_each(f->house.host, count_channel, &n);
	return n;
}

/* A reload that leaves a channel as it is: the plugin is told; one that changes it is another channel's beginning. */
static void test_reloaded(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(host_configure(f->house.host, &f->house.config, &f->house.err), 0);
	assert_int_equal(f->probe->reloaded, 1);
	house_option(&f->house.channels[0], "greeting", "ho");
	assert_int_equal(host_configure(f->house.host, &f->house.config, &f->house.err), 0);
	HOUSE_UNTIL(&f->house, f->probe->opened == 2);
	assert_int_equal(f->probe->reloaded, 1);
	assert_int_equal(f->probe->nested, 0);
}

/* "down" that was said before close was called is news, not the end: its threads may still be at work. */
static void test_down_before_close(void **state)
{
	struct fixture *f = *state;

	f->probe->slow_close = 1;
	f->house.config.channel_count = 0;
	assert_int_equal(host_configure(f->house.host, &f->house.config, &f->house.err), 0);
	f->probe->svc->down(f->probe->host, "the provider is away");
	HOUSE_UNTIL(&f->house, f->probe->closed == 1);
	house_pass(&f->house, 50);
	assert_int_equal(channels_of(f), 1);
	f->probe->svc->down(f->probe->host, "closed");
	HOUSE_UNTIL(&f->house, channels_of(f) == 0);
}

/* A plugin that has not answered when usher stops, and for which sending twice does harm: a person decides. */
static void test_not_answered(void **state)
{
	struct fixture *f = *state;

	queue_out(f, 1, "hello");
	HOUSE_UNTIL(&f->house, f->probe->send_count == 1);
	house_stop(&f->house, false);
	f->probe->closed++; /* it never was: the host was torn away */
	f->probe->answer = USHER_OK;
	fixture_open(f);
	receipt(f, 1, DELIVERY_UNSURE);
	assert_int_equal(f->probe->send_count, 1);
}

/* hello carries the answers of a form, which cannot send. */
static void test_reply_by(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	(void)state;

	house_new(&f->house);
	house_channel(&f->house, "hi", "hello");
	house_option(house_channel(&f->house, "ch", "form"), "reply_by", "hi");
	fixture_open(f);
	struct outbound o = { .id = number(1),
		.at_us = clock_wall_us(),
		.channel = SLICE("ch"),
		.text = SLICE("yes") };
	struct commit *c = begin(f);
	commit_outbound(c, &o);
	run(f, c);
	assert_true(id_equal(receipt(f, 1, DELIVERY_SENT)->id, o.id));
	house_end(&f->house);
	free(f);
}

/* ---- live threads ---- */

static struct effect message(uint64_t seq, uint32_t direction, const char *text)
{
	return (struct effect){ .type = EFFECT_MESSAGE,
		.channel = SLICE("ch"),
		.thread = SLICE("t"),
		.seq = seq,
		.direction = direction,
		.name = SLICE("Bo"),
		.text = slice_of(text),
		.dedup = SLICE("ch\nm1") };
}

static void test_pushed(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;
	struct effect ef[] = {
		{ .type = EFFECT_AGENT, .agent = SLICE("bo"), .name = SLICE("Bo Larsen") },
		message(1, DIRECTION_IN, "help"), message(2, DIRECTION_NOTE, "rude"),
		{ .type = EFFECT_CONV,
			.channel = SLICE("ch"),
			.thread = SLICE("t"),
			.state = CONV_ACTIVE,
			.owner = SLICE("bo") },
		message(3, DIRECTION_OUT, "hello"), message(4, DIRECTION_OUT, "other channel"),
		{ .type = EFFECT_POSITION,
			.channel = SLICE("ch"),
			.thread = SLICE("t"),
			.position = 4 },
		{ .type = EFFECT_CONV,
			.channel = SLICE("ch"),
			.thread = SLICE("t"),
			.state = CONV_CLOSED }
	};

	ef[5].channel = SLICE("elsewhere");
	host_push(f->house.host, ef, sizeof(ef) / sizeof(ef[0]));
	assert_int_equal(p->update_count, 5);
	assert_int_equal(p->updates[0].from, USHER_FROM_YOU);
	assert_string_equal(p->updates[0].dedup, "m1");
	assert_string_equal(p->updates[0].thread, "t");
	assert_int_equal(p->updates[1].what, USHER_UPDATE_AGENT);
	assert_string_equal(p->updates[1].name, "Bo Larsen");
	assert_int_equal(p->updates[2].from, USHER_FROM_AGENT);
	assert_int_equal(p->updates[2].seq, 3);
	assert_int_equal(p->updates[3].what, USHER_UPDATE_POSITION);
	assert_int_equal(p->updates[3].seq, 4);
	assert_int_equal(p->updates[4].what, USHER_UPDATE_ENDED);
	assert_string_equal(p->updates[4].text, "closed");
	host_typing(f->house.host, SLICE("ch"), SLICE("t"), SLICE("Bo"));
	assert_int_equal(p->updates[5].what, USHER_UPDATE_TYPING);
}

static struct id history(struct fixture *f, uint64_t from, uint64_t to)
{
	static struct id conv;
	struct commit *c = begin(f);

	if (from == 1)
		conv = number(50);
	commit_thread(c, SLICE("ch"), SLICE("t"), conv);
	for (uint64_t i = from; i <= to; i++) {
		char text[24];
		snprintf(text, sizeof(text), "m%llu", (unsigned long long)i);
		struct entry en = { .seq = i,
			.direction = i % 5 ? DIRECTION_OUT : DIRECTION_NOTE,
			.text = slice_of(text) };
		commit_entry(c, conv, &en);
	}
	run(f, c);
	return conv;
}

static void test_catch_up(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;

	history(f, 1, 12);
	p->svc->catch_up(p->host, str_of("t"), 7, 99);
	/* What is committed while that goes on is read in its turn, not before. */
	struct effect late = message(11, DIRECTION_OUT, "m11");
	host_push(f->house.host, &late, 1);
	assert_int_equal(p->update_count, 0);
	HOUSE_UNTIL(&f->house, p->caught_count == 1);
	assert_int_equal(p->caught[0].token, 99);
	assert_int_equal(p->caught[0].outcome, USHER_OK);
	assert_int_equal(p->update_count, 4); /* 8 9 11 12; 10 is a note */
	assert_int_equal(p->updates[0].seq, 8);
	assert_string_equal(p->updates[0].text, "m8");
	assert_int_equal(p->updates[3].seq, 12);
	/* Nobody is kept from what was pushed by one who claims to have it already. */
	p->update_count = 0;
	p->svc->catch_up(p->host, str_of("t"), 500, 100);
	host_push(f->house.host, &late, 1);
	HOUSE_UNTIL(&f->house, p->caught_count == 2);
	assert_int_equal(p->updates[0].seq, 11);
	p->svc->catch_up(p->host, str_of("unknown"), 0, 101);
	HOUSE_UNTIL(&f->house, p->caught_count == 3);
	assert_int_equal(p->caught[2].outcome, USHER_OK);
}

static void test_catch_up_pages(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;

	history(f, 1, 2 * CATCH_UP_PAGE + 3);
	p->svc->catch_up(p->host, str_of("t"), 0, 1);
	HOUSE_UNTIL(&f->house, p->caught_count == 1);
	assert_int_equal(p->update_count, 2 * CATCH_UP_PAGE + 3 - (2 * CATCH_UP_PAGE + 3) / 5);
}

static struct {
	char channel[16], thread[16];
} typed;

static void on_typing(void *arg, struct slice channel, struct slice thread)
{
	(void)arg;
	snprintf(typed.channel, sizeof(typed.channel), "%.*s", SLICE_ARG(channel));
	snprintf(typed.thread, sizeof(typed.thread), "%.*s", SLICE_ARG(thread));
}

static void test_presence(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;

	host_on_typing(f->house.host, on_typing, NULL);
	p->svc->presence(p->host, str_of("t"), USHER_TYPING, 0);
	assert_string_equal(typed.channel, "ch");
	assert_string_equal(typed.thread, "t");
	p->svc->presence(p->host, str_of("t"), USHER_END, 0);
	p->svc->presence(p->host, str_of("t"), USHER_SEEN, 9);
	HOUSE_UNTIL(&f->house, f->house.taken_count == 2);
	assert_int_equal(f->house.taken[0].type, COMMAND_VISIT);
	assert_int_equal(f->house.taken[0].visit, VISIT_END);
	assert_slice_is(f->house.taken[0].thread, "t");
	assert_int_equal(f->house.taken[1].visit, VISIT_SEEN);
	assert_int_equal(f->house.taken[1].seq, 9);
}

/* ---- what a plugin keeps and holds ---- */

static void tell(struct fixture *f, struct usher_news n, uint64_t token)
{
	n.size = sizeof(n);
	f->probe->svc->tell(f->probe->host, &n, token);
}

/* News are acknowledged as messages are: not before the disk has them, and refused when it cannot. */
static void test_told(void **state)
{
	struct fixture *f = *state;
	struct house *h = &f->house;
	struct probe *p = f->probe;
	struct usher_news rating = { .what = USHER_NEWS_RATING,
		.how = 4,
		.thread = str_of("t"),
		.dedup = str_of("t rate 1"),
		.text = str_of("fine") };
	struct channel_status s;

	kill(house_redis_pid, SIGSTOP);
	tell(f, rating, 7);
	house_pass(h, 200);
	assert_int_equal(p->ack_count, 0);
	kill(house_redis_pid, SIGCONT);
	HOUSE_UNTIL(h, p->ack_count == 1 && h->taken_count == 1);
	assert_int_equal(p->acks[0].token, 7);
	assert_int_equal(p->acks[0].outcome, USHER_OK);
	assert_int_equal(h->taken[0].visit, VISIT_RATED);
	assert_int_equal(h->taken[0].seq, 4);
	assert_slice_is(h->taken[0].dedup, "ch\nt rate 1");

	host_intake(h->host, false, "not now");
	tell(f, rating, 8);
	HOUSE_UNTIL(h, p->ack_count == 2);
	assert_int_equal(p->acks[1].outcome, USHER_RETRY);
	assert_string_equal(p->acks[1].why, "not now");
	host_intake(h->host, true, NULL);
	rating.dedup = str_of("");
	tell(f, rating, 9);
	HOUSE_UNTIL(h, p->ack_count == 3);
	assert_int_equal(p->acks[2].outcome, USHER_FAIL);

	/* Of a message that nobody knows: there is nothing to keep, and nothing to tell again. */
	tell(f,
		(struct usher_news){ .what = USHER_NEWS_DELIVERY,
			.how = USHER_BOUNCED,
			.remote = str_of("no such") },
		10);
	HOUSE_UNTIL(h, p->ack_count == 4);
	assert_int_equal(p->acks[3].outcome, USHER_OK);
	host_each(h->host, status_of, &s);
	assert_int_equal(s.lost_news, 1);
	assert_int_equal(h->taken_count, 1);
}

/* What nobody waits for is kept in memory while the disk is away, in order, and not without end. */
static void test_news_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct house *h = &f->house;
	struct channel_status s;

	kill(house_redis_pid, SIGSTOP);
	for (uint64_t i = 1; i <= STUBBORN_MAX + 5; i++)
		f->probe->svc->presence(f->probe->host, str_of("t"), USHER_SEEN, i);
	host_each(h->host, status_of, &s);
	assert_int_equal(s.lost_news, 5);
	kill(house_redis_pid, SIGCONT);
	HOUSE_UNTIL(h, h->taken_count == TAKEN_MAX);
	for (size_t i = 0; i < TAKEN_MAX; i++)
		assert_int_equal(h->taken[i].seq, i + 1);
}

/* Few of them may be large: their bytes are bounded, too, and there is room again once they are on disk. */
static void test_bytes_of_news_are_bounded(void **state)
{
	enum { TEXT = 200000 };
	struct fixture *f = *state;
	struct house *h = &f->house;
	struct channel_status s;
	char *text = malloc(TEXT);

	memset(text, 'x', TEXT);
	kill(house_redis_pid, SIGSTOP);
	for (size_t i = 0; i < STUBBORN_BYTES_MAX / TEXT + 10; i++)
		f->probe->svc->mail(f->probe->host, str_of("ch"), str_of("a@b.test"),
			str_of("copy"), (struct usher_str){ text, TEXT }, str_of("en"));
	host_each(h->host, status_of, &s);
	assert_in_range(s.lost_news, 9, 11);
	kill(house_redis_pid, SIGCONT);
	HOUSE_UNTIL(h, h->taken_count == TAKEN_MAX);
	f->probe->svc->mail(f->probe->host, str_of("ch"), str_of("a@b.test"), str_of("one more"),
		(struct usher_str){ text, TEXT }, str_of("en"));
	host_each(h->host, status_of, &s);
	assert_in_range(s.lost_news, 9, 11);
	free(text);
}

static void test_kept(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;

	p->svc->remember(p->host, str_of("cursor"), str_of("17"), 5);
	HOUSE_UNTIL(&f->house, p->remembered_count == 1);
	p->svc->recall(p->host, str_of("cursor"), 6);
	p->svc->recall(p->host, str_of("nothing"), 7);
	HOUSE_UNTIL(&f->house, p->recalled_count == 2);
	assert_string_equal(p->recalled[0].why, "17");
	assert_int_equal(p->recalled[1].outcome, USHER_OK);
	assert_string_equal(p->recalled[1].why, "");
	struct usher_blob *b = p->svc->blob_open(p->host);
	p->svc->blob_write(b, str_of("ab"));
	p->svc->blob_write(b, str_of("cd"));
	p->svc->blob_finish(b, 8);
	HOUSE_UNTIL(&f->house, p->blob_count == 1);
	p->svc->blob_get(p->host, str_of(p->blobs[0].why), 9);
	HOUSE_UNTIL(&f->house, p->blob_count == 2);
	assert_string_equal(p->blobs[1].why, "abcd");
	p->svc->blob_drop(p->svc->blob_open(p->host));
	assert_string_equal(p->svc->option(p->host, "greeting").p, "hi");
	assert_null(p->svc->option(p->host, "other").p);
}

static void count_up(void *arg)
{
	++*(int *)arg;
}

static void test_timers(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;
	struct usher_timer *t = p->svc->timer(p->host, count_up, &p->fired);

	house_pass(&f->house, 20);
	assert_int_equal(p->fired, 0);
	p->svc->timer_set(t, 1000);
	p->svc->post(p->host, count_up, &p->posted);
	HOUSE_UNTIL(&f->house, p->fired == 1 && p->posted == 1);
	p->svc->timer_set(t, 1000);
	p->svc->timer_clear(t);
	house_pass(&f->house, 20);
	assert_int_equal(p->fired, 1);
}

static void test_stream(void **state)
{
	struct fixture *f = *state;
	struct probe *p = f->probe;
	struct str got = { 0 };
	int port = p->svc->listen(p->host, str_of("127.0.0.1:0"), str_of(""), str_of(""), 0);

	assert_true(port > 0);
	assert_true(p->svc->listen(p->host, str_of("nonsense"), str_of(""), str_of(""), 0) < 0);
	int fd = house_dial(port);
	house_send(&f->house, fd, SLICE("hel"));
	house_pass(&f->house, 20);
	house_send(&f->house, fd, SLICE("lo\nbye\n"));
	HOUSE_UNTIL(&f->house, house_read(fd, &got));
	close(fd);
	assert_string_equal(got.p, "hello\n");
	HOUSE_UNTIL(&f->house, p->stream_why[0]);
	assert_string_equal(p->stream, "open closed ");
	assert_string_equal(p->stream_why, "said bye");
	/* One that is open when the channel closes is closed with it. */
	fd = house_dial(port);
	HOUSE_UNTIL(&f->house, strstr(p->stream, "closed open"));
	f->house.config.channel_count = 0;
	assert_int_equal(host_configure(f->house.host, &f->house.config, &f->house.err), 0);
	HOUSE_UNTIL(&f->house, house_read(fd, &got));
	close(fd);
	str_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test_setup_teardown(test_older_plugin, setup_old, teardown),
		cmocka_unit_test_setup_teardown(
			test_plugin_of_the_first_version, setup_first, teardown),
		cmocka_unit_test_setup_teardown(test_plugin_of_tomorrow, setup_tomorrow, teardown),
		cmocka_unit_test_setup_teardown(test_contract_of_deliver, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated_after_a_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mail_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forwarded_mail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retried, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sent_twice, setup, teardown),
		cmocka_unit_test(test_sent_while_opening),
		cmocka_unit_test_setup_teardown(test_wrong_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outcome_that_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_health, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reloaded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_down_before_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_answered, setup, teardown),
		cmocka_unit_test(test_reply_by),
		cmocka_unit_test_setup_teardown(test_pushed, setup_live, teardown),
		cmocka_unit_test_setup_teardown(test_catch_up, setup_live, teardown),
		cmocka_unit_test_setup_teardown(test_catch_up_pages, setup_live, teardown),
		cmocka_unit_test_setup_teardown(test_presence, setup_live, teardown),
		cmocka_unit_test_setup_teardown(test_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_news_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes_of_news_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
	};

	return cmocka_run_group_tests(tests, build_all, remove_all);
}
