/*
 * One connected desk, whatever it is connected by. It catches up, then hears news, and gives commands.
 *
 *   FRESH ── first frame or DESK_HELLO_MS ──▶ CATCHING ── snapshot or replay done ──▶ LIVE
 *                                                ▲                                     │ reader too far behind
 *                                                └───────── drained ──── SLOW ◀────────┘
 */
#ifndef USHER_DESK_CLIENT_H
#define USHER_DESK_CLIENT_H

#include "desk/private.h"

enum client_state { CLIENT_FRESH, CLIENT_CATCHING, CLIENT_LIVE, CLIENT_SLOW };

struct client_ops {
	void (*send)(void *transport, struct slice json);
	size_t (*output)(void *transport); /* bytes that the peer has not taken */
	void (*close)(void *transport, int code, const char *why);
};

/* A frame that came before the first snapshot was out, or behind one whose files are looked at. */
struct held_line {
	struct list_node node;
	char *text;
	size_t n;
};

struct client {
	struct list_node node, agent_node, oversee_node;
	struct desk *d;
	size_t refs;
	bool gone;
	enum client_state state;
	char *agent, *name, *key; /* key of the log-in; empty: the control socket */
	enum role role;
	struct slice session; /* in the arena */
	struct arena arena;
	uint64_t n;		  /* the last number it was told or passed over */
	struct loop_timer *timer; /* FRESH: the snapshot; CATCHING: another try */
	const char *why;	  /* of the coming snapshot; NULL: it is the first */
	bool resuming;
	bool attaching;	    /* the files of a frame are looked at; what comes behind it is held */
	struct map watched; /* conversation id (bytes) */
	struct list held;
	size_t commands; /* on their way to disk */
	uint64_t typed_us;
	const struct client_ops *ops;
	void *transport;
};

/* Says hello, tells the router, waits for the first frame. The caller owns it until client_closed. */
struct client *client_open(
	struct desk *d, const struct who *who, const struct client_ops *ops, void *transport);
/* A frame from it (dispatch.c). */
void client_line(struct client *c, struct slice text);
/* The peer has taken what there was. */
void client_drained(struct client *c);
/* The transport is gone: nothing is sent any more. Drop the pointer. */
void client_closed(struct client *c);

void client_hold(struct client *c);
void client_release(struct client *c);
void client_send(struct client *c, struct slice json);
/* A numbered frame of news: only when it is live and has not had it; a reader too far behind becomes slow. */
void client_news(struct client *c, uint64_t n, struct slice json);
void client_error(struct client *c, struct slice id, const char *code, const char *message);
void client_end(struct client *c, int code, const char *why);
struct slice client_agent(const struct client *c);

/* ---- catchup.c ---- */
/* why NULL: the first; else the reason said in the snapshot. */
void catchup_snapshot(struct client *c, const char *why);
void catchup_resume(struct client *c, uint64_t from);
void catchup_replay(struct client *c);
/* ---- snapshot.c: the state as of n, sent when the texts of people are read; then catchup_replay ---- */
void snapshot_send(struct client *c, const struct engine *e, uint64_t n);
/* ---- dispatch.c ---- */
void dispatch_held(struct client *c);

#endif
