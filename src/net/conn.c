/*
 * A connection: one bufferevent, one deadline in the loop's heap, one deferred call. Never calls its
 * owner from inside an owner's call; never frees itself but in its own deferred call. Knows no
 * protocol. Called by http_server.c, the Redis link, and whoever dials or listens. This file: how it begins
 * and ends; conn_dial.c: whom it is with; conn_io.c: what goes through it.
 *
 *                  ┌───────── dial ─────────┐
 *   [resolving] ─▶ [connecting] ─▶ [handshake, when TLS] ─▶ [open] ─▶ [finishing] ─▶ [closed] ─▶ freed
 *                  accept ────────▲                          │  starttls │
 *                                 └──────────────────────────┘           └ output sent, FIN sent,
 *                                                                          the peer's FIN awaited
 */
#include "net/conn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/str.h"
#include "model/limits.h"
#include "net/conn_private.h"
#include "net/tls_private.h"

static void conn_on_event(struct bufferevent *bev, short what, void *arg);
static void conn_soon(struct loop_soon *soon);
static void conn_fell_due(struct loop_due *due);

struct conn *conn_new(struct loop *loop)
{
	struct conn *c = mem_alloc(sizeof(*c));

	c->loop = loop;
	c->soon.fn = conn_soon;
	c->due.fn = conn_fell_due;
	c->input_max = CONN_INPUT_MAX;
	return c;
}

/* What is cut short must not look whole; nor does the kernel keep its megabytes for a peer that does not read. */
static void conn_reset(struct conn *c)
{
	const struct linger reset = { .l_onoff = 1 };

	setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

/* The sockets and buffers go; the struct stays until `closed` was called. */
static void conn_drop_socket(struct conn *c)
{
	conn_dial_free(&c->dial);
	loop_due_clear(c->loop, &c->due);
	if (c->bev) {
		SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
		if (evbuffer_get_length(bufferevent_get_output(c->bev)) > 0) {
			conn_reset(c);
		} else if (ssl && !c->fin_sent && SSL_is_init_finished(ssl)) {
			SSL_shutdown(ssl);
			ERR_clear_error();
		}
		bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
		bufferevent_free(c->bev);
	}
	c->bev = NULL;
	if (c->early)
		evbuffer_free(c->early);
	c->early = NULL;
}

void conn_close(struct conn *c, const char *why)
{
	ASSERT(why);
	if (c->state == CONN_CLOSED)
		return;
	c->state = CONN_CLOSED;
	if (!c->why)
		c->why = slice_dup(slice_of(why));
	/* Nothing of this connection is called any more, but it may be our caller: free it later. */
	if (c->bev) {
		bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
		bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	}
	loop_soon_wake(c->loop, &c->soon);
}

void conn_closef(struct conn *c, const char *before, const char *what)
{
	struct str why = { 0 };

	if (c->dial)
		str_addf(&why, "connect %s: ", c->dial->text);
	str_addf(&why, "%s%s", before, what);
	conn_close(c, why.p);
	str_free(&why);
}

static void conn_free(struct conn *c)
{
	char *why = c->why;

	conn_drop_socket(c);
	if (c->ops && c->ops->closed)
		c->ops->closed(c, why, c->arg);
	loop_soon_clear(&c->soon);
	free(why);
	free(c);
}

void conn_own_deadline(struct conn *c, uint64_t after_us, const char *why)
{
	conn_deadline(c, after_us, why);
	c->own_due = true;
}

void conn_want_read(struct conn *c)
{
	bool want = c->state == CONN_FINISHING || c->state == CONN_HANDSHAKE ||
		    (c->state == CONN_OPEN && !c->paused && !c->tls);

	if (want)
		bufferevent_enable(c->bev, EV_READ);
	else
		bufferevent_disable(c->bev, EV_READ);
}

/* Puts a bufferevent on a descriptor; with TLS the handshake starts. */
void conn_attach(struct conn *c, int fd, struct tls *tls)
{
	int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;

	ASSERT(!c->bev);
	c->writing = true;
	if (tls) {
		c->bev = bufferevent_openssl_socket_new(loop_base(c->loop), fd, tls_session(tls),
			tls_is_client(tls) ? BUFFEREVENT_SSL_CONNECTING : BUFFEREVENT_SSL_ACCEPTING,
			options);
		c->state = CONN_HANDSHAKE;
	} else {
		c->bev = bufferevent_socket_new(loop_base(c->loop), fd, options);
	}
	ASSERT(c->bev);
	bufferevent_setcb(c->bev, conn_on_read, conn_on_write, conn_on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, c->input_max);
	bufferevent_setwatermark(c->bev, EV_WRITE, CONN_OUTPUT_LOW, 0);
}

static void conn_no_delay(int fd)
{
	/* Fails on a unix socket, where there is nothing to delay. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

struct conn *conn_accepted(struct loop *loop, int fd, const struct sockaddr *peer, struct tls *tls)
{
	struct conn *c = conn_new(loop);

	address_text(peer, c->peer);
	conn_no_delay(fd);
	c->state = CONN_OPEN;
	conn_attach(c, fd, tls);
	if (tls) {
		conn_own_deadline(c, CONN_HANDSHAKE_MS * 1000ULL, "TLS handshake took too long");
		conn_want_read(c);
	} else {
		c->opened_due = true;
		loop_soon_wake(loop, &c->soon);
	}
	return c;
}

/* The socket is connected, or (with TLS) the handshake is done. */
static void conn_opened(struct conn *c)
{
	c->state = CONN_OPEN;
	/* Plain output is written once a turn by ourselves, which saves two epoll_ctl and a wait. */
	c->writing = conn_is_tls(c);
	if (!c->writing)
		bufferevent_disable(c->bev, EV_WRITE);
	conn_dial_free(&c->dial);
	if (c->own_due)
		conn_deadline_clear(c);
	if (c->early) {
		bufferevent_write_buffer(c->bev, c->early);
		evbuffer_free(c->early);
		c->early = NULL;
		loop_soon_wake(c->loop, &c->soon);
	}
	if (c->ops && c->ops->opened)
		c->ops->opened(c, c->arg);
	if (c->state != CONN_CLOSED)
		conn_want_read(c);
}

/* A connected descriptor moves from its plain bufferevent to a TLS one. */
void conn_handshake(struct conn *c)
{
	struct tls *tls = c->tls;
	int fd = bufferevent_getfd(c->bev);

	ASSERT(tls && fd >= 0);
	c->tls = NULL;
	bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
	bufferevent_setfd(c->bev, -1);
	bufferevent_free(c->bev);
	c->bev = NULL;
	conn_attach(c, fd, tls);
	if (!loop_due_is_set(&c->due))
		conn_own_deadline(c, CONN_HANDSHAKE_MS * 1000ULL, "TLS handshake took too long");
	conn_want_read(c);
}

static void conn_connected(struct conn *c)
{
	conn_no_delay(bufferevent_getfd(c->bev));
	if (c->tls)
		conn_handshake(c);
	else
		conn_opened(c);
}

void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
	conn_offer(c); /* unread bytes are the new owner's */
}

void conn_starttls(struct conn *c, struct tls *tls)
{
	if (c->state != CONN_OPEN)
		return;
	ASSERT(!conn_is_tls(c) && !c->tls);
	/* What came in the clear behind the STARTTLS command is not to be believed. */
	c->tls = tls;
	c->early = evbuffer_new();
	ASSERT(c->early);
	conn_want_read(c);
	evbuffer_drain(bufferevent_get_input(c->bev), SIZE_MAX);
	loop_soon_wake(c->loop, &c->soon);
}

static const char *conn_tls_reason(struct conn *c)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
	unsigned long code = bufferevent_get_openssl_error(c->bev);

	if (!ssl)
		return NULL;
	ERR_clear_error();
	long verify = SSL_get_verify_result(ssl);
	if (verify != X509_V_OK)
		return X509_verify_cert_error_string(verify);
	if (code == 0)
		return NULL;
	const char *reason = ERR_reason_error_string(code);
	return reason ? reason : "protocol error";
}

static void conn_on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;
	int error = EVUTIL_SOCKET_ERROR();

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		if (c->state == CONN_CONNECTING)
			conn_connected(c);
		else if (c->state == CONN_HANDSHAKE)
			conn_opened(c);
	} else if (what & BEV_EVENT_ERROR) {
		const char *tls = conn_tls_reason(c);
		if (conn_try_next(c))
			return;
		if (tls)
			conn_closef(c, "TLS: ", tls);
		else
			conn_closef(c, "", error ? strerror(error) : "closed by the peer");
	} else if (what & BEV_EVENT_EOF) {
		c->eof = true;
		if (c->state == CONN_OPEN && !c->tls)
			conn_deliver(c);
		else if (c->state != CONN_FINISHING || c->fin_sent)
			conn_closef(c, "", c->why ? c->why : "closed by the peer");
	}
}

static void conn_soon(struct loop_soon *soon)
{
	struct conn *c = LIST_ENTRY(soon, struct conn, soon);

	if (c->opened_due && c->state == CONN_OPEN) {
		c->opened_due = false;
		c->offer_due = true;
		conn_opened(c);
	}
	if (c->state == CONN_CLOSED) {
		conn_free(c);
		return;
	}
	if (c->offer_due) {
		c->offer_due = false;
		conn_deliver(c);
	}
	/* Last, so that an answer made just now leaves with it. */
	if (c->bev && !c->writing && (c->state == CONN_OPEN || c->state == CONN_FINISHING))
		conn_flush(c);
	else if (c->state == CONN_FINISHING || (c->state == CONN_OPEN && c->tls))
		conn_wrote(c);
}

static void conn_fell_due(struct loop_due *due)
{
	struct conn *c = LIST_ENTRY(due, struct conn, due);

	conn_closef(c, "", c->due_why);
}

void conn_deadline(struct conn *c, uint64_t after_us, const char *why)
{
	if (c->state == CONN_CLOSED)
		return;
	/* While lingering the owner is done: its deadline no longer counts. */
	if (c->state == CONN_FINISHING && c->own_due)
		return;
	c->due_why = why;
	c->own_due = false;
	loop_due_set(c->loop, &c->due, after_us);
}

void conn_deadline_clear(struct conn *c)
{
	if (c->state == CONN_FINISHING)
		return;
	c->own_due = false;
	loop_due_clear(c->loop, &c->due);
}

bool conn_is_tls(const struct conn *c)
{
	return c->bev && bufferevent_openssl_get_ssl(c->bev);
}

const char *conn_peer(const struct conn *c)
{
	return c->peer;
}
