/*
 * A connection from inside: what conn.c, conn_dial.c and conn_io.c share, and how listener.c makes one of an accepted descriptor. Only src/net
 * includes this.
 */
#ifndef USHER_NET_CONN_PRIVATE_H
#define USHER_NET_CONN_PRIVATE_H

#include <sys/socket.h>

#include "net/address.h"
#include "net/conn.h"
#include "net/loop_private.h"

struct bufferevent;
struct evbuffer;
struct resolve;

enum conn_state {
	CONN_RESOLVING,
	CONN_CONNECTING,
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_FINISHING, /* no more data callbacks; output is still sent */
	CONN_CLOSED	/* waits for its deferred call */
};
struct conn {
	struct loop *loop;
	struct bufferevent *bev;
	const struct conn_ops *ops;
	void *arg;
	struct loop_soon soon;
	struct loop_due due;
	const char *due_why;
	char *why;		/* of the ending; owned */
	struct conn_dial *dial; /* NULL unless being set up by conn_dial */
	struct tls *tls;	/* the handshake to come (dial, starttls) */
	struct evbuffer *early; /* written before that handshake: must not leave in the clear */
	uint32_t input_max;
	unsigned state : 8;
	unsigned paused : 1;
	unsigned opened_due : 1; /* the deferred call says `opened` */
	unsigned offer_due : 1;	 /* it offers unread input */
	unsigned writing : 1;	 /* libevent waits to write; else the deferred call writes */
	unsigned own_due : 1;	 /* the deadline is ours (dial, handshake), not the owner's */
	unsigned was_high : 1;	 /* the output rose above the low mark: `drained` is owed */
	unsigned yielded : 1;	 /* the owner has had its share of this turn */
	unsigned eof : 1;	 /* the peer has ended its side */
	unsigned eof_told : 1;
	unsigned fin_sent : 1;
	char peer[ADDRESS_TEXT_MAX];
};
/* Only while dialling. */
struct conn_dial {
	char *text;
	struct resolve *resolve;
	struct address *others; /* of a name, still to be tried */
	size_t next, count;
};

/* conn.c. The caller of conn_accepted sets ops at once; `opened` comes later in the turn, or after the TLS handshake. */
struct conn *conn_accepted(struct loop *loop, int fd, const struct sockaddr *peer, struct tls *tls);
struct conn *conn_new(struct loop *loop);
/* A bufferevent on a descriptor, -1 to dial; with TLS the handshake starts. */
void conn_attach(struct conn *c, int fd, struct tls *tls);
/* The connected descriptor moves to a bufferevent with c->tls. */
void conn_handshake(struct conn *c);
void conn_want_read(struct conn *c);
void conn_own_deadline(struct conn *c, uint64_t after_us, const char *why);
void conn_closef(struct conn *c, const char *before, const char *what);
/* conn_dial.c */
void conn_dial_free(struct conn_dial **dial);
bool conn_try_next(struct conn *c);
/* conn_io.c */
void conn_on_read(struct bufferevent *bev, void *arg);
void conn_on_write(struct bufferevent *bev, void *arg);
void conn_offer(struct conn *c);
void conn_deliver(struct conn *c);
void conn_flush(struct conn *c);
void conn_wrote(struct conn *c);

#endif
