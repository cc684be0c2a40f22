/*
 * A buffered stream connection (TCP or unix, plain or TLS) and a listener. Every ending has one reason.
 *
 * Ownership: a conn is freed by conn_close, at the tail of the turn; `closed` is called exactly once, before that, for
 * every conn, also after a local conn_close; do not touch the conn after `closed` returned. Callbacks are
 * never made from inside a conn_* call.
 */
#ifndef USHER_NET_CONN_H
#define USHER_NET_CONN_H

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct conn;
struct listener;
struct tls; /* net/tls.h */

struct conn_ops {
	void (*opened)(struct conn *c, void *arg); /* connected, TLS done; may be NULL */
	/* Unread bytes, contiguous; return how many were consumed (0..n). Called again when more arrive. */
	size_t (*data)(struct conn *c, struct slice bytes, void *arg);
	void (*drained)(struct conn *c,
		void *arg); /* the output buffer fell below its low mark; may be NULL */
	void (*closed)(struct conn *c, const char *why, void *arg);
	/* The peer has ended its side and everything it sent was consumed. True: keep the connection,
	 * to answer and then conn_finish. NULL or false: it is closed. */
	bool (*eof)(struct conn *c, void *arg);
};

/* Dials "unix:/path" or "host:port" (numeric or resolved in the background). tls NULL: plain; else the name is checked.
 * Never NULL; a failure is reported by `closed`. */
struct conn *conn_dial(struct loop *loop, const char *address, struct tls *tls,
	const struct conn_ops *ops, void *arg);
/* Ownership of the ops stays with the caller (static tables). */
void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *arg);

/* Appends to the output. Never blocks; see conn_output. */
void conn_write(struct conn *c, struct slice bytes);
/* Both as one piece: a frame's head and its payload. */
void conn_write2(struct conn *c, struct slice head, struct slice body);
/* Bytes waiting for the peer. A slow reader is the owner's to drop: compare with a limit. */
size_t conn_output(const struct conn *c);
/* Ends it now, dropping unsent output. The first reason wins. */
void conn_close(struct conn *c, const char *why);
/* Ends it once the output is sent (bounded by LINGER_MS); no more data callbacks. */
void conn_finish(struct conn *c, const char *why);
/* Stop and resume reading: back-pressure. */
void conn_read_pause(struct conn *c);
void conn_read_resume(struct conn *c);
/* From inside `data`, after taking a fair share: what is left is offered again in the next turn, when the others had theirs. */
void conn_yield(struct conn *c);
/* At most this much unread input is buffered (default CONN_INPUT_MAX). */
void conn_set_input_max(struct conn *c, size_t bytes);
/* A total deadline: the conn is closed with `why` (a literal: it is not copied) unless cleared or set anew. One per conn. */
void conn_deadline(struct conn *c, uint64_t after_us, const char *why);
void conn_deadline_clear(struct conn *c);
/* Server side STARTTLS: what was read but not consumed is dropped, `opened` is called again after the handshake. */
void conn_starttls(struct conn *c, struct tls *tls);
bool conn_is_tls(const struct conn *c);
/* Borrowed: numeric peer address without port ("127.0.0.1"), or "unix". */
const char *conn_peer(const struct conn *c);

/* `address`: "127.0.0.1:2424", "[::1]:25", "unix:/path". tls NULL: plain. accept sets ops by conn_set_ops. NULL: err and errno say why. */
struct listener *listener_new(struct loop *loop, const char *address, struct tls *tls,
	void (*accept)(struct conn *c, void *arg), void *arg,
	struct err *err); /* NULL on failure */
int listener_port(const struct listener *l);
/* Stop taking new connections (overload, drain) and go on. */
void listener_pause(struct listener *l);
void listener_resume(struct listener *l);
void listener_free(struct listener **l);

#endif
