/*
 * A house with one channel of a plugin that is compiled here, as somebody outside this tree would do it, and what the router would commit for it.
 * Included by the tests of this folder that look at the contract with a plugin.
 */
#ifndef USHER_TESTS_HOST_PLUGGED_H
#define USHER_TESTS_HOST_PLUGGED_H

#include "unit/host/house.h"

#include <dlfcn.h>

#include "model/pairs.h"
#include "store/outbox.h"
#include "unit/host/probe.h"

static char dir[64]; /* of the plugins */

struct fixture {
	struct house house;
	struct probe *probe;
	uint64_t epoch, push_n;
};

__attribute__((format(printf, 1, 2))) static inline void shell(const char *format, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static inline void build_against(const char *include, const char *name, const char *flags)
{
	shell("cc -std=c17 -shared -fPIC -I%s -Wall -Wextra -Werror %s -o %s/%s.so "
	      "tests/unit/host/probe.c",
		include, flags, dir, name);
}

static inline void build(const char *name, const char *flags)
{
	build_against("include", name, flags);
}

static inline void build_probe(void)
{
	build("probe", "-DCAPABILITIES=USHER_CAP_FILES -DTEXT_MAX=50");
}

static inline int plugged_begin(void **state)
{
	house_redis(state);
	snprintf(dir, sizeof(dir), "/tmp/usher-probe-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static inline int plugged_end(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return house_redis_end(state) || system(command);
}

static inline struct probe *probe_of(const char *plugin)
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

static inline void fixture_open(struct fixture *f)
{
	house_open(&f->house);
	assert_int_equal(host_open(f->house.host, &f->house.err), 0);
}

static inline int setup_of(void **state, const char *plugin)
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

static inline int setup(void **state)
{
	return setup_of(state, "probe");
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	kill(house_redis_pid, SIGCONT); /* where a test failed that had stopped it */
	house_end(&f->house);
	assert_int_equal(f->probe->nested, 0); /* never called from inside its own call */
	assert_int_equal(f->probe->opened, f->probe->closed);
	free(f);
	return 0;
}

static inline struct usher_str str_of(const char *s)
{
	return (struct usher_str){ s, strlen(s) };
}

/* ---- commits, as the router would make them ---- */

static inline void lead_taken(void *arg, int status, uint64_t epoch)
{
	((struct fixture *)arg)->epoch = status ? 0 : epoch;
}
static inline void lead_lost(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}
static inline void put_status(void *arg, int status)
{
	*(int *)arg = status;
}

static inline struct commit *begin(struct fixture *f)
{
	if (!f->epoch) {
		lease_take(f->house.store, lead_taken, lead_lost, f);
		HOUSE_UNTIL(&f->house, f->epoch);
	}
	return commit_new(f->house.store);
}

static inline void run(struct fixture *f, struct commit *c)
{
	int status = 1;

	commit_run(c, put_status, &status);
	HOUSE_UNTIL(&f->house, status != 1);
	assert_int_equal(status, 0);
}

static inline struct id number(unsigned n)
{
	uint8_t chance[10] = { (uint8_t)n };

	return id_make(clock_wall_us(), chance);
}

static inline struct id queue_out(struct fixture *f, unsigned n, const char *text)
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

static inline const struct command *receipt(struct fixture *f, size_t n, uint32_t delivery)
{
	HOUSE_UNTIL(&f->house, f->house.taken_count >= n);
	const struct command *c = &f->house.taken[n - 1];
	assert_int_equal(c->type, COMMAND_RECEIPT);
	assert_int_equal(c->delivery, delivery);
	return c;
}

static inline void status_of(void *arg, const struct channel_status *s)
{
	*(struct channel_status *)arg = *s;
}

#endif
