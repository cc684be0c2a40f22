/*
 * The server from inside: what http_server.c, http_request.c, http_answer.c and ws.c share. Only
 * src/net includes this.
 *
 *   http_server ─┬─ conns:   http_conn ── conn,  http_request while one is being served
 *                ├─ sockets: ws ── conn          oldest check first
 *                └─ routes:  longest prefix first
 *
 * An idle http_conn or ws holds no buffer: everything a request needs is in http_request and goes
 * with it.
 */
#ifndef USHER_NET_HTTP_PRIVATE_H
#define USHER_NET_HTTP_PRIVATE_H

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "net/http_parse.h"
#include "net/http_server.h"
#include "net/loop_private.h"
#include "net/pace.h"

/* What http_refuse.c lets through; which of them a path takes is its handler's to say. */
#define HTTP_METHODS "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

struct http_server {
	struct loop *loop;
	struct list conns, sockets, routes, listeners;
	char **trusted; /* NULL-terminated */
	struct http_times times;
	struct loop_timer *sweep; /* pings */
	struct pace_table *paces; /* of each address: connections and requests */
	size_t connections_max;
	struct map crowd;   /* by address_household: how many connections it holds */
	struct str scratch; /* a message buffer lent to the WebSocket being read */
	char date[32];	    /* of second date_s */
	uint64_t date_s;
	bool strict_transport;
	bool draining;
	bool dying; /* http_server_free was called: freed with the last connection */
};
struct http_conn {
	struct list_node node;
	struct http_server *server;
	struct conn *c; /* NULL: gone, or a WebSocket now */
	struct http_request *r;
	struct loop_due due; /* header, request, sending, idle: whichever comes next */
};

enum http_take { HTTP_TAKE_NOTHING, HTTP_TAKE_WHOLE, HTTP_TAKE_PIECES, HTTP_TAKE_AWAY };
struct http_request {
	struct http_conn *hc;
	struct loop_soon soon;
	struct http_parse parse;
	struct str path;
	struct slice query;
	struct arena *arena; /* joined fields, the peer */
	const char *peer;
	/* the body */
	enum http_take take;
	size_t body_max, body_got;
	struct str body;
	void (*whole)(struct http_request *r, struct slice body, void *arg);
	void (*piece)(struct http_request *r, struct slice piece, bool last, void *arg);
	void *body_arg;
	/* the answer */
	struct str fields;
	void (*ended)(struct http_request *r, void *arg);
	void *ended_arg;
	bool held;	 /* its address asks for too much: it is dispatched a little later */
	bool dispatched; /* the handler was called */
	bool paused;	 /* by http_body_pause */
	bool continued;	 /* 100 Continue was sent */
	bool told;	 /* the body's end was told */
	bool answered;
	bool close; /* after the answer */
	bool upgraded;
};

/* http_server.c */
void http_conn_deadline(struct http_conn *hc, uint64_t after_us);
void http_server_gone(struct http_server *s); /* a connection was unlinked: maybe the last */
void http_server_left(struct http_server *s, const char *peer); /* a connection from there ended */
const char *http_server_date(struct http_server *s);
bool http_server_trusts(const struct http_server *s, const char *peer);
void http_server_told_to_wait(struct http_server *s, const char *peer);
/* http_request.c */
struct http_request *http_request_new(struct http_conn *hc);
void http_request_end(struct http_request *r); /* calls ended, frees */
/* The header is whole: path, query and peer. NULL, or what is wrong. */
const char *http_request_prepare(struct http_request *r);
/* Feeds body bytes as far as they are wanted; returns how many were used. */
size_t http_request_body(struct http_request *r, struct slice bytes);
/* http_answer.c */
void http_refused(struct http_request *r);	    /* answers a refusal of the parser */
void http_switch_protocols(struct http_request *r); /* 101 */
/* ws.c */
void ws_server_ends(struct http_server *s);

#endif
