/*
 * One usherd process: everything put together. The other files of this room share this header.
 *
 *   starting ── store ready, router leads, channels open ──▶ serving ── SIGTERM, SIGINT, a failure ──▶ stopping ──▶ stopped
 *                                                             ▲  │
 *                                               router leads ─┘  └─ Redis lost, lease lost: intake refused, all else goes on
 *
 *   customers ⇄ host ─┐                       ┌─ router ⇄ engine
 *   agents    ⇄ desk ─┼── inbox ▶ store ◀ push ┤
 *   usherctl  ⇄ control, metrics ◀── router_read (the state as it is on disk)
 */
#ifndef USHER_APP_NODE_H
#define USHER_APP_NODE_H

#include "app/strain.h"
#include "base/str.h"
#include "desk/desk.h"
#include "host/host.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "router/router.h"
#include "store/commit.h"

enum { EXIT_CONFIG = 78 }; /* EX_CONFIG of sysexits */
enum { NODE_DRAIN_S = 30, NODE_QUICK_S = 3, NODE_LAST_S = 10 };

enum phase { PHASE_STARTING, PHASE_SERVING, PHASE_STOPPING };

struct node {
	struct loop *loop;
	const char *file;	 /* of the configuration */
	struct str source;	 /* its text, as in force: for the hours of a new day */
	struct config *config;	 /* in force */
	struct config *retiring; /* the router still reads it; NULL: none */
	uint64_t hours_us;	 /* when business hours were last expanded */
	struct store *store;
	struct router *router;
	struct host *host;
	struct desk *desk;
	struct http_server *http, *admin;
	struct tls *tls;
	struct control *control;
	struct people *people;
	struct loop_timer *beat, *look, *deadline, *again; /* look: strain.h; again: to connect */
	enum phase phase;
	unsigned stop_step;
	uint64_t started_us;	  /* monotonic */
	uint64_t beat_us, lag_us; /* of the loop: how late the last beat was */
	unsigned beats_serving;	  /* the first few */
	uint64_t reloads, reloads_refused;
	struct strain strain;
	bool node_up, following; /* what the node owes after its first connection to Redis */
	bool refusing;		 /* intake is closed */
	bool what_if;		 /* one is under way: each may take WHATIF_BYTES_MAX */
	char why[256];		 /* why it does not route; empty when it does */
	int http_port, exit_code;
};

/* Runs until it was told to stop; the exit code. The configuration was checked. */
int node_run(const char *file, struct config *config, struct str *source);

/* node_start.c */
void node_start(struct node *n);
/* Redis is (again) there. */
void node_connect(struct node *n);
/* The same, by n->again. */
void node_connect_again(void *arg);
/* node_stop.c: drains in at most `limit_s`, then ends the loop. A second call shortens the limit. */
void node_stop(struct node *n, uint64_t limit_s, const char *why);
void node_fail(struct node *n, const char *why);
/* reload.c */
void node_reload(struct node *n);
/* Expands business hours anew from the text in force. */
void node_refresh_hours(struct node *n);
/* Lines of everything that the plugins refuse about their options; returns how many. */
/* What the HTTP server has of the configuration: proxies, TLS alone. */
void node_configure_http(struct node *n);
size_t node_check_channels(const struct config *config, struct str *problems);
/* admin.c: the admin listener. 0 or -errno. */
int admin_open(struct node *n, struct err *err);
/* status.c: the object of `usherctl status`; engine NULL: this node does not route now. */
void status_json(struct node *n, const struct engine *e, struct str *out);
bool node_routes(const struct node *n);

#endif
