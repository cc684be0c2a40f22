/*
 * The contract with a plugin: versions, what it is refused for, reloads and its end, what it keeps and holds.
 */
#include "unit/host/plugged.h"

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

static int begin_all(void **state)
{
	plugged_begin(state);
	build_probe();
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
		{ "absent", "absent.so; there are: bare, first, old, probe, seven, tiny" },
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
	/* What cannot be kept is answered, too, and ends nothing. */
	static char many[1025];
	p->svc->remember(p->host, str_of(""), str_of("17"), 10);
	p->svc->remember_for(p->host, str_of("once"), str_of(""), 0, 1, 11);
	p->svc->remember(p->host, (struct usher_str){ many, sizeof(many) }, str_of("17"), 12);
	p->svc->recall(p->host, str_of(""), 13);
	HOUSE_UNTIL(&f->house, p->remembered_count == 4 && p->recalled_count == 3);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(p->remembered[i].outcome, USHER_FAIL);
	assert_int_equal(p->recalled[2].outcome, USHER_FAIL);
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
		cmocka_unit_test_setup_teardown(test_health, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reloaded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_down_before_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
	};

	return cmocka_run_group_tests(tests, begin_all, plugged_end);
}
