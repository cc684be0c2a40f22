/*
 * The life of a usherd: builds the parts, connects them, runs the loop, takes them apart. Decides nothing about messages. Called by main.c.
 */
#include "app/node.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config.h"
#include "app/control.h"
#include "app/memory.h"
#include "app/people.h"
#include "base/clock.h"
#include "base/log.h"

enum { BEAT_US = 1000000, REST_BEATS = 3 };
static const uint64_t hours_keep_us = 6ull * 3600 * 1000000;

bool node_routes(const struct node *n)
{
	return n->phase == PHASE_SERVING && router_leads(n->router);
}

/* ---- signals ---- */

static void on_terminate(void *arg)
{
	node_stop(arg, NODE_DRAIN_S, "SIGTERM");
}

static void on_interrupt(void *arg)
{
	node_stop(arg, NODE_QUICK_S, "SIGINT");
}

static void on_hangup(void *arg)
{
	node_reload(arg);
}

/* Once a second: how late the loop is, and whether the business hours want renewing. */
static void on_beat(void *arg)
{
	struct node *n = arg;
	uint64_t now = loop_monotonic_us(n->loop);

	n->lag_us = n->beat_us && now > n->beat_us ? now - n->beat_us : 0;
	n->beat_us = now + BEAT_US;
	loop_timer_set(n->beat, BEAT_US);
	if (n->phase == PHASE_SERVING && n->beats_serving < REST_BEATS &&
		++n->beats_serving == REST_BEATS)
		memory_rest();
	if (n->phase == PHASE_SERVING && loop_wall_us(n->loop) - n->hours_us > hours_keep_us)
		node_refresh_hours(n);
}

static void on_look(void *arg)
{
	struct node *n = arg;

	loop_timer_set(n->look, STRAIN_EVERY_MS * 1000);
	if (n->phase == PHASE_SERVING)
		strain_look(n);
}

/* ---- the ways between the rooms ---- */

static void desk_read(
	void *app, void (*fn)(void *arg, const struct engine *e, uint64_t push_n), void *arg)
{
	router_read(((struct node *)app)->router, fn, arg);
}

static void desk_typed(void *app, struct slice channel, struct slice thread, struct slice name)
{
	host_typing(((struct node *)app)->host, channel, thread, name);
}

static void desk_seen(void *app, struct slice channel, struct slice thread, uint64_t seq)
{
	host_seen(((struct node *)app)->host, channel, thread, seq);
}

static void visitor_typed(void *arg, struct slice channel, struct slice thread)
{
	desk_typing(((struct node *)arg)->desk, channel, thread);
}

struct status_ask {
	struct node *node;
	void (*fn)(void *arg, struct slice json);
	void *arg;
};

static void on_status(void *arg, const struct engine *e, uint64_t push_n)
{
	struct status_ask *ask = arg;
	struct str json = { 0 };

	(void)push_n;
	status_json(ask->node, e, &json);
	ask->fn(ask->arg, str_slice(&json));
	str_free(&json);
	free(ask);
}

static void desk_status(void *app, void (*fn)(void *arg, struct slice json), void *arg)
{
	struct status_ask *ask = mem_alloc(sizeof(*ask));

	*ask = (struct status_ask){ app, fn, arg };
	router_read(ask->node->router, on_status, ask);
}

static void desk_reread(void *app, struct slice channel, struct slice raw, struct slice place,
	void (*fn)(void *arg, int status, struct slice why), void *arg)
{
	host_reread(((struct node *)app)->host, channel, raw, place, fn, arg);
}

static const struct desk_ports ports = { desk_read, desk_typed, desk_seen, desk_status,
	desk_reread };

/* ---- what store and router tell ---- */

static void refuse_intake(struct node *n, const char *why)
{
	strncpy(n->why, why, sizeof(n->why) - 1);
	n->refusing = true;
	host_intake(n->host, false, n->why);
}

static void allow_intake(struct node *n)
{
	n->why[0] = '\0';
	n->refusing = false;
	host_intake(n->host, true, "");
}

static void on_ready(void *arg)
{
	struct node *n = arg;

	log_info("app", "store ready durability=%s", store_durability(n->store));
	node_connect(n);
}

static void on_failed(const char *why, void *arg)
{
	node_fail(arg, why);
}

static void on_down(const char *why, void *arg)
{
	struct node *n = arg;

	log_warn("app", "Redis lost, intake refused why=%s", why);
	refuse_intake(n, "Redis is away");
	router_store_down(n->router);
}

static void on_up(void *arg)
{
	struct node *n = arg;

	log_info("app", "Redis is back");
	node_connect(n);
	/* Only the link for questions was lost, and the commit under way did not notice: it never stopped routing. */
	if (node_routes(n))
		allow_intake(n);
}

static void on_leads(void *arg)
{
	struct node *n = arg;
	struct router_counts counts = router_counts(n->router);

	log_info("app", "routing journal=%llu push=%llu", (unsigned long long)counts.journal_n,
		(unsigned long long)counts.push_n);
	n->why[0] = '\0';
	host_leads(n->host, true);
	if (n->phase == PHASE_STARTING)
		node_start(n);
	else if (n->phase == PHASE_SERVING)
		allow_intake(n);
}

static void on_waits(const char *why, void *arg)
{
	struct node *n = arg;

	log_warn("app", "not routing why=%s", why);
	refuse_intake(n, why);
	host_leads(n->host, false);
}

static const struct store_ops store_ops = { on_ready, on_failed, on_down, on_up };
static const struct router_ops router_ops = { on_leads, on_waits };

/* ---- build, run, take apart ---- */

/* mkdir -p, for its owner only. */
static int make_directory(struct slice path, struct err *err)
{
	char *copy = slice_dup(path);
	int error = 0;

	for (size_t i = 1; i <= path.n && !error; i++) {
		if (copy[i] != '/' && copy[i] != '\0')
			continue;
		char c = copy[i];
		copy[i] = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			error = errno;
		copy[i] = c;
	}
	free(copy);
	return error ? err_set(err, error, "data: cannot make %.*s: %s", SLICE_ARG(path),
			       strerror(error))
		     : 0;
}

static const char *text_or_null(struct slice s)
{
	return s.n ? s.p : NULL;
}

void node_configure_http(struct node *n)
{
	const struct config *c = n->config;
	const char **list = mem_array(c->trusted_proxy_count + 1, sizeof(*list));

	for (size_t i = 0; i < c->trusted_proxy_count; i++)
		list[i] = c->trusted_proxies[i].p;
	http_server_trust(n->http, list);
	free(list);
	http_server_strict_transport(n->http, slice_starts(c->public_url, SLICE("https://")));
}

/* usher-picture stands beside usherd; empty when nobody knows where that is. */
static void picture_program(char *out, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	if (n <= 0 || snprintf(out, size, "%s/usher-picture", dirname(self)) >= (int)size)
		*out = '\0';
}

static int node_build(struct node *n, struct err *err)
{
	const struct config *c = n->config;
	char picture[PATH_MAX];

	picture_program(picture, sizeof(picture));
	struct store_options o = {
		.redis = c->redis.p,
		.redis_ca = text_or_null(c->redis_ca),
		.domain = c->domain.p,
		.node = c->node.p,
		.data_dir = c->data_dir.p,
		.relaxed = c->durability_relaxed,
		.unnamed_keep_s = c->unnamed_keep_s,
		.picture = picture,
	};
	int error = make_directory(c->data_dir, err);

	if (!error && c->tls_cert.n) {
		n->tls = tls_server_new(c->tls_cert.p, c->tls_key.p, err);
		error = n->tls ? 0 : -EINVAL;
	}
	if (error)
		return error;
	log_info("app", "starting version=%s domain=%s node=%s data=%s redis=%s", USHER_VERSION,
		c->domain.p, c->node.p, c->data_dir.p,
		slice_is(c->redis, "managed") ? "managed" : "given");
	n->http = http_server_new(n->loop);
	n->admin = http_server_new(n->loop);
	node_configure_http(n);
	n->store = store_new(n->loop, &o, &store_ops, n);
	n->router = router_new(n->loop, n->store, c, &router_ops, n);
	n->host = host_new(n->loop, n->store, n->http, c);
	host_on_typing(n->host, visitor_typed, n);
	n->desk = desk_new(n->loop, n->store, n->http, c, &ports, n);
	n->beat = loop_timer_new(n->loop, on_beat, n);
	n->look = loop_timer_new(n->loop, on_look, n);
	n->again = loop_timer_new(n->loop, node_connect_again, n);
	on_beat(n);
	on_look(n);
	return admin_open(n, err);
}

/* Connections first: their owners are still told. */
static void node_take_apart(struct node *n)
{
	control_free(&n->control);
	people_free(&n->people);
	http_server_free(&n->admin);
	http_server_free(&n->http);
	loop_turn(n->loop, 0);
	desk_free(&n->desk);
	host_free(&n->host);
	router_free(&n->router);
	store_free(&n->store);
	loop_timer_free(&n->beat);
	loop_timer_free(&n->look);
	loop_timer_free(&n->again);
	loop_timer_free(&n->deadline);
	tls_free(&n->tls);
	loop_free(&n->loop);
	config_free(&n->retiring);
	config_free(&n->config);
	str_free(&n->source);
}

int node_run(const char *file, struct config *config, struct str *source)
{
	struct node n = { .file = file, .config = config, .source = *source };
	struct err err = { 0 };

	*source = (struct str){ 0 };
	signal(SIGPIPE, SIG_IGN);
	n.loop = loop_new();
	n.started_us = loop_monotonic_us(n.loop);
	n.hours_us = loop_wall_us(n.loop);
	loop_signal(n.loop, SIGTERM, on_terminate, &n);
	loop_signal(n.loop, SIGINT, on_interrupt, &n);
	loop_signal(n.loop, SIGHUP, on_hangup, &n);
	if (node_build(&n, &err) != 0) {
		if (n.store)
			node_fail(&n, err.text);
		else
			log_error("app", "cannot start why=%s", err.text);
		n.exit_code = 1;
	}
	if (n.store)
		loop_run(n.loop);
	log_info("app", "stopped");
	node_take_apart(&n);
	return n.exit_code;
}
