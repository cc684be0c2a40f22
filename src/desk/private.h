/*
 * The desk room's own state; private to this folder.
 *
 *   desk ─┬─ clients (all) ⇄ client ⇄ client          client ── transport: WebSocket (ws.c) or pipe (pipe.c)
 *         ├─ overseers: those whose role hears of everybody's conversations
 *         ├─ agents: name ─▶ desk_agent ─▶ its clients
 *         ├─ sessions: NODE:SERIAL ─▶ client          for answers
 *         └─ asks: commands of the API that wait for the router's answer
 *
 * Everything asynchronous holds its client or call, and those hold the desk: desk_free only marks it ended, and callbacks that come
 * late find `ended` or `gone` and go home.
 */
#ifndef USHER_DESK_PRIVATE_H
#define USHER_DESK_PRIVATE_H

#include "base/list.h"
#include "desk/desk.h"
#include "desk/owners.h"
#include "desk/password.h"
#include "desk/policy.h"
#include "desk/session.h"
#include "desk/throttle.h"
#include "net/static_files.h"

struct desk {
	struct loop *loop;
	struct store *store;
	struct http_server *http;
	const struct config *config;
	const struct desk_ports *ports;
	void *app;
	size_t refs;
	enum shed shed;
	bool ended, closing, owners_known;
	struct passwords *passwords;
	struct tickets tickets;
	struct throttle throttle;
	struct owners owners;
	struct static_files *files; /* NULL: the web half is not built */
	struct list clients, overseers, asks;
	struct map agents, sessions;
	struct loop_timer *check; /* whether log-ins of open desks still are */
	uint64_t last_n;	  /* of the last effect that came */
	uint64_t serial; /* of sessions and commands; from the clock, so that it never repeats */
	void (*closed)(void *arg);
	void *closed_arg;
};

void desk_hold(struct desk *d);
void desk_release(struct desk *d);
/* NODE:SERIAL, never given before on any start of this node. */
struct slice desk_serial(struct desk *d, struct arena *arena);

/* All that is known of an agent here. */
struct desk_agent {
	struct list clients;
	uint32_t presence, role; /* as last told to everybody */
	uint64_t online;
};
struct desk_agent *desk_agent_of(struct desk *d, struct slice agent);
/* An EFFECT_CONV that gave it another owner: his desks get what was said before (handover.c). */
void handover_tell(struct desk *d, const struct effect *ef);

/* ---- ask.c: commands that something other than a desk waits for ---- */
/* True when the answer was for an ask. */
bool desk_ask_answered(struct desk *d, const struct effect *ef);
/* Ends them all with -ECANCELED. */
void desk_asks_drop(struct desk *d);

/* ---- ws.c, api.c: what http routes to ---- */
extern const struct http_handler desk_page_handler; /* /desk and below */
extern const struct http_handler desk_ws_handler;
extern const struct http_handler desk_api_handler;
#define DESK_CSP                                                                                   \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "    \
	"font-src 'self'; connect-src 'self'; frame-src 'self' blob: data:; manifest-src 'self'; " \
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
/* mail.html: the empty frame for a customer's mail when its pictures were asked for. No script, ever. */
#define DESK_MAIL_CSP                                                                              \
	"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob: https: http:; "        \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

#endif
