/*
 * SIGHUP: the file is read again and takes effect as a whole, or not at all. The old configuration lives until the router has finished its
 * batch with it. Called by node.c.
 */
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/node.h"
#include "base/log.h"
#include "net/tls.h"
#include "store/blob.h"

static void add_problem(void *arg, unsigned line, unsigned col, const char *message)
{
	struct str *lines = arg;

	str_addf(lines, "%u:%u: %s\n", line, col ? col : 1, message);
}

size_t node_check_channels(const struct config *config, struct str *problems)
{
	struct str lines = { 0 };
	size_t n = host_check(config, add_problem, &lines);
	struct slice rest = str_slice(&lines);

	while (rest.p && rest.n) {
		struct slice line = slice_cut(&rest, '\n');
		if (line.n)
			str_addf(problems, "%.*s:%.*s\n", SLICE_ARG(config->file), SLICE_ARG(line));
	}
	str_free(&lines);
	return n;
}

/* X(member, key): read once, at the start. */
#define FIXED(X)                                                                                   \
	X(domain, "domain")                                                                        \
	X(node, "node")                                                                            \
	X(data_dir, "data")                                                                        \
	X(redis, "redis")                                                                          \
	X(redis_ca, "redis_ca")                                                                    \
	X(http_listen, "listen.http")                                                              \
	X(admin_listen, "listen.admin")                                                            \
	X(tls_cert, "tls.cert")                                                                    \
	X(tls_key, "tls.key")                                                                      \
	X(web_dir, "web_dir")                                                                      \
	X(plugin_dir, "plugin_dir")

static void check_fixed(const struct config *old, const struct config *new, struct str *problems)
{
#define FIXED_CHECK(member, key)                                                                   \
	if (!slice_equal(old->member, new->member))                                                \
		str_addf(problems, "%.*s: %s changed: needs a restart\n", SLICE_ARG(new->file),    \
			key);
	FIXED(FIXED_CHECK)
#undef FIXED_CHECK
	if (old->durability_relaxed != new->durability_relaxed)
		str_addf(problems, "%.*s: durability changed: needs a restart\n",
			SLICE_ARG(new->file));
}

static void on_retired(void *arg)
{
	struct node *n = arg;

	config_free(&n->retiring);
}

static bool take(struct node *n, struct config *new, struct str *problems)
{
	struct err err = { 0 };

	if (slice_ends(n->config->http_listen, SLICE(":0")))
		new->public_url = arena_copy(new->arena, n->config->public_url);
	if (host_configure(n->host, new, &err) != 0) {
		str_addf(problems, "%.*s: %s\n", SLICE_ARG(new->file), err.text);
		return false;
	}
	n->retiring = n->config;
	n->config = new;
	n->hours_us = loop_wall_us(n->loop);
	node_configure_http(n);
	blob_unnamed_keep(n->store, new->unnamed_keep_s);
	desk_configure(n->desk, new);
	router_configure(n->router, new, on_retired, n);
	return true;
}

/* The files as they are now: certificates are renewed under the same name. NULL without TLS, or with a problem more. */
static struct tls *read_certificate(
	const struct node *n, const struct config *new, struct str *problems)
{
	struct err err;
	struct tls *tls = n->tls ? tls_server_again(n->tls, &err) : NULL;

	if (n->tls && !tls)
		str_addf(problems, "%.*s: %s\n", SLICE_ARG(new->file), err.text);
	return tls;
}

static void say_refused(struct node *n, const struct str *problems)
{
	struct slice rest = str_slice(problems);

	n->reloads_refused++;
	while (rest.p && rest.n) {
		struct slice line = slice_cut(&rest, '\n');
		if (line.n)
			log_error("app", "reload refused, the old configuration stays why=%.*s",
				SLICE_ARG(line));
	}
}

void node_reload(struct node *n)
{
	struct str problems = { 0 }, source = { 0 };
	struct config *new = NULL;
	struct tls *tls = NULL;

	if (n->phase != PHASE_SERVING || n->retiring) {
		log_warn("app", "reload refused why=\"not serving, or another reload under way\"");
		return;
	}
	if (config_read(n->file, &source, &problems))
		new = config_parse(n->file, str_slice(&source), loop_wall_us(n->loop), &problems);
	if (new) {
		check_fixed(n->config, new, &problems);
		node_check_channels(new, &problems);
		tls = read_certificate(n, new, &problems);
	}
	if (!problems.n && new &&take(n, new, &problems)) {
		if (tls)
			tls_replace(n->tls, &tls);
		str_free(&n->source);
		n->source = source;
		source = (struct str){ 0 };
		n->reloads++;
		log_info("app", "reloaded hash=%016llx", (unsigned long long)new->hash);
	} else {
		config_free(&new);
		say_refused(n, &problems);
	}
	tls_free(&tls);
	str_free(&source);
	str_free(&problems);
}

void node_refresh_hours(struct node *n)
{
	struct str problems = { 0 };

	n->hours_us = loop_wall_us(n->loop);
	if (n->retiring || (!n->config->calendar_count && !n->config->midnight_count))
		return;
	struct config *new = config_parse(n->file, str_slice(&n->source), n->hours_us, &problems);
	if (!new || !take(n, new, &problems)) {
		config_free(&new);
		log_error("app", "business hours not renewed why=%s", problems.n ? problems.p : "");
	}
	str_free(&problems);
}
