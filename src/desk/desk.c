/*
 * The desk room put together: made, configured, drained, freed. See desk.h for what the app sees of it.
 */
#include "desk/desk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "desk/client.h"
#include "model/limits.h"

struct desk_agent *desk_agent_of(struct desk *d, struct slice agent)
{
	struct desk_agent *a = map_get(&d->agents, agent);
	if (a)
		return a;
	a = mem_alloc(sizeof(*a));
	map_put(&d->agents, agent, a);
	return a;
}

struct slice desk_serial(struct desk *d, struct arena *arena)
{
	return arena_printf(
		arena, "%s:%llu", store_node(d->store), (unsigned long long)++d->serial);
}

void desk_hold(struct desk *d)
{
	ASSERT(d->refs > 0);
	d->refs++;
}

void desk_release(struct desk *d)
{
	struct map_entry e;
	ASSERT(d->refs > 0);
	if (--d->refs)
		return;
	ASSERT(d->ended && !d->clients.count);
	for (size_t i = 0; map_next(&d->agents, &i, &e);)
		free(e.value);
	map_free(&d->agents);
	map_free(&d->sessions);
	owners_free(&d->owners);
	free(d);
}

/* ---- whether log-ins still are ---- */

static void on_checked(void *arg, int status, const struct who *who)
{
	struct client *c = arg;
	if (status == -ENOENT)
		client_end(c, 4401, "the session is over; log in again");
	else if (!status && who->role != c->role)
		client_end(c, 4401, "your role was changed; log in again");
	client_release(c);
}

static void on_check(void *arg)
{
	struct desk *d = arg;
	LIST_FOR (c, &d->clients, struct client, node) {
		client_hold(c);
		if (*c->key)
			session_find(d->store, slice_of(c->key), on_checked, c);
		else
			user_find(d->store, client_agent(c), on_checked, c);
	}
	loop_timer_set(d->check, (uint64_t)DESK_CHECK_MS * 1000);
}

/* ---- the life of the room ---- */

static struct static_files *files_open(const struct config *config)
{
	struct str dir = { 0 };
	struct err err;
	str_addf(&dir, "%.*s/desk", SLICE_ARG(config->web_dir));
	struct static_files *f = static_files_new(dir.p, DESK_CSP, &err);
	if (!f)
		log_warn("desk", "no page: %s", err.text);
	else
		static_files_policy(f, "mail.html", DESK_MAIL_CSP);
	str_free(&dir);
	return f;
}

struct desk *desk_new(struct loop *loop, struct store *store, struct http_server *http,
	const struct config *config, const struct desk_ports *ports, void *app)
{
	struct desk *d = mem_alloc(sizeof(*d));
	d->refs = 1;
	d->loop = loop;
	d->store = store;
	d->http = http;
	d->config = config;
	d->ports = ports;
	d->app = app;
	d->serial = clock_wall_us();
	d->passwords = passwords_new(loop);
	ASSERT(d->passwords); /* a process that can start no thread cannot serve */
	d->check = loop_timer_new(loop, on_check, d);
	loop_timer_set(d->check, (uint64_t)DESK_CHECK_MS * 1000);
	d->files = files_open(config);
	http_server_route(http, "/desk", &desk_page_handler, d);
	http_server_route(http, "/desk/ws", &desk_ws_handler, d);
	http_server_route(http, "/api/v1/", &desk_api_handler, d);
	return d;
}

void desk_configure(struct desk *d, const struct config *config)
{
	d->config = config;
	static_files_free(&d->files);
	d->files = files_open(config);
}

void desk_shed(struct desk *d, enum shed level)
{
	d->shed = level;
}

size_t desk_count(const struct desk *d)
{
	return d->clients.count;
}

void desk_close(struct desk *d, void (*done)(void *arg), void *arg)
{
	d->closing = true;
	if (!d->clients.count) {
		done(arg);
		return;
	}
	d->closed = done;
	d->closed_arg = arg;
	LIST_FOR (c, &d->clients, struct client, node)
		client_end(c, 1012, "the server restarts; connect again");
}

void desk_free(struct desk **dp)
{
	struct desk *d = *dp;
	if (!d)
		return;
	d->ended = true;
	d->closed = NULL;
	LIST_FOR (c, &d->clients, struct client, node)
		client_end(c, 1001, "the server ends");
	desk_asks_drop(d);
	passwords_free(&d->passwords);
	loop_timer_free(&d->check);
	static_files_free(&d->files);
	tickets_free(&d->tickets);
	throttle_free(&d->throttle);
	desk_release(d);
	*dp = NULL;
}
