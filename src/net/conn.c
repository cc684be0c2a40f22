/*
 * A connection: one bufferevent, one deadline in the loop's heap, one deferred call. Never calls its
 * owner from inside an owner's call; never frees itself but in its own deferred call. Knows no
 * protocol. Called by http_server.c, the Redis link, and whoever dials or listens.
 *
 *                  ┌───────── dial ─────────┐
 *   [resolving] ─▶ [connecting] ─▶ [handshake, when TLS] ─▶ [open] ─▶ [finishing] ─▶ [closed] ─▶ freed
 *                  accept ────────▲                          │  starttls │
 *                                 └──────────────────────────┘           └ output sent, FIN sent,
 *                                                                          the peer's FIN awaited
 */
#include "net/conn.h"

#include <errno.h>
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
#include <unistd.h>

#include "base/assert.h"
#include "base/str.h"
#include "model/limits.h"
#include "net/address.h"
#include "net/conn_private.h"
#include "net/loop_private.h"
#include "net/resolve.h"
#include "net/tls_private.h"

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

static void conn_on_read(struct bufferevent *bev, void *arg);
static void conn_on_write(struct bufferevent *bev, void *arg);
static void conn_on_event(struct bufferevent *bev, short what, void *arg);
static void conn_soon(struct loop_soon *soon);
static void conn_offer(struct conn *c);
static void conn_fell_due(struct loop_due *due);

static struct conn *conn_new(struct loop *loop)
{
	struct conn *c = mem_alloc(sizeof(*c));

	c->loop = loop;
	c->soon.fn = conn_soon;
	c->due.fn = conn_fell_due;
	c->input_max = CONN_INPUT_MAX;
	return c;
}

static void conn_dial_free(struct conn_dial **dial)
{
	if (*dial) {
		resolve_cancel(&(*dial)->resolve);
		free((*dial)->others);
		free((*dial)->text);
		free(*dial);
	}
	*dial = NULL;
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

static void conn_closef(struct conn *c, const char *before, const char *what)
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

static void conn_own_deadline(struct conn *c, uint64_t after_us, const char *why)
{
	conn_deadline(c, after_us, why);
	c->own_due = true;
}

static void conn_want_read(struct conn *c)
{
	bool want = c->state == CONN_FINISHING || c->state == CONN_HANDSHAKE ||
		    (c->state == CONN_OPEN && !c->paused && !c->tls);

	if (want)
		bufferevent_enable(c->bev, EV_READ);
	else
		bufferevent_disable(c->bev, EV_READ);
}

/* Puts a bufferevent on a descriptor; with TLS the handshake starts. */
static void conn_attach(struct conn *c, int fd, struct tls *tls)
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
static void conn_handshake(struct conn *c)
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

static void conn_connect(struct conn *c, const struct address *to)
{
	struct sockaddr_storage sa = to->sa;

	address_text((const struct sockaddr *)&sa, c->peer);
	c->state = CONN_CONNECTING;
	conn_attach(c, -1, NULL);
	if (bufferevent_socket_connect(c->bev, (struct sockaddr *)&sa, (int)to->sa_len) != 0)
		conn_closef(c, "", strerror(errno));
}

static void conn_resolved(const struct address *found, size_t n, const char *why, void *arg)
{
	struct conn *c = arg;

	c->dial->resolve = NULL;
	if (c->state == CONN_CLOSED)
		return;
	if (n == 0) {
		conn_closef(c, "", why);
		return;
	}
	c->dial->others = mem_array(n, sizeof(*found));
	memcpy(c->dial->others, found, n * sizeof(*found));
	c->dial->count = n;
	conn_connect(c, &c->dial->others[c->dial->next++]);
}

/* Connecting failed: a name may have another address (localhost is ::1 and 127.0.0.1). */
static bool conn_try_next(struct conn *c)
{
	if (c->state != CONN_CONNECTING || c->dial->next == c->dial->count)
		return false;
	bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
	bufferevent_free(c->bev);
	c->bev = NULL;
	conn_connect(c, &c->dial->others[c->dial->next++]);
	return true;
}

struct conn *conn_dial(struct loop *loop, const char *address, struct tls *tls,
	const struct conn_ops *ops, void *arg)
{
	struct conn *c = conn_new(loop);
	struct address to;
	struct err err;

	conn_set_ops(c, ops, arg);
	c->tls = tls;
	c->dial = mem_alloc(sizeof(*c->dial));
	c->dial->text = slice_dup(slice_of(address));
	c->state = CONN_RESOLVING;
	/* Until opened, written bytes wait here: nothing may leave before the handshake, and a
	 * connecting bufferevent would send them on its own. */
	c->early = evbuffer_new();
	ASSERT(c->early);
	conn_own_deadline(c, CONN_DIAL_MS * 1000ULL, "connecting took too long");
	if (address_parse(address, &to, &err) != 0)
		conn_close(c, err.text);
	else if (to.kind == ADDRESS_NAME)
		c->dial->resolve = resolve_new(loop, &to, conn_resolved, c);
	else
		conn_connect(c, &to);
	return c;
}

void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
	conn_offer(c); /* unread bytes are the new owner's */
}

static void conn_offer(struct conn *c)
{
	if (c->state != CONN_OPEN)
		return;
	c->offer_due = true;
	loop_soon_wake(c->loop, &c->soon);
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

static struct evbuffer *conn_out(const struct conn *c)
{
	return c->early ? c->early : bufferevent_get_output(c->bev);
}

size_t conn_output(const struct conn *c)
{
	size_t n = c->early ? evbuffer_get_length(c->early) : 0;

	return n + (c->bev ? evbuffer_get_length(bufferevent_get_output(c->bev)) : 0);
}

void conn_write(struct conn *c, struct slice bytes)
{
	if (bytes.n == 0 || c->state == CONN_CLOSED || c->state == CONN_FINISHING)
		return;
	ASSERT(evbuffer_add(conn_out(c), bytes.p, bytes.n) == 0);
	if (!c->writing)
		loop_soon_wake(c->loop, &c->soon);
	if (conn_output(c) > CONN_OUTPUT_LOW)
		c->was_high = true;
}

void conn_write2(struct conn *c, struct slice head, struct slice body)
{
	if (c->state == CONN_CLOSED || c->state == CONN_FINISHING)
		return;
	struct evbuffer *out = conn_out(c);
	ASSERT(evbuffer_expand(out, head.n + body.n) == 0);
	conn_write(c, head);
	conn_write(c, body);
}

/* FINISHING: the output has been sent; say so to the peer, and wait for its end, so that what the
 * kernel still holds of ours is not thrown away by a reset. */
static void conn_send_fin(struct conn *c)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);

	if (c->fin_sent)
		return;
	c->fin_sent = true;
	if (ssl) {
		SSL_shutdown(ssl);
		ERR_clear_error();
	}
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	if (c->eof)
		conn_close(c, c->why);
	else
		loop_due_set(c->loop, &c->due, LINGER_FIN_MS * 1000ULL);
}

void conn_finish(struct conn *c, const char *why)
{
	if (c->state == CONN_CLOSED || c->state == CONN_FINISHING)
		return;
	if (c->state != CONN_OPEN || c->tls) {
		conn_close(c, why);
		return;
	}
	c->state = CONN_FINISHING;
	c->why = slice_dup(slice_of(why));
	uint64_t bytes = conn_output(c);
	conn_own_deadline(c, LINGER_MS * 1000ULL + bytes * 1000000 / LINGER_BYTES_S, c->why);
	bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
	bufferevent_setwatermark(c->bev, EV_READ, 0, 0);
	evbuffer_drain(bufferevent_get_input(c->bev), SIZE_MAX);
	conn_want_read(c);
	loop_soon_wake(c->loop, &c->soon);
}

/* Hands unread input to the owner as long as it makes progress. */
static void conn_deliver(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	c->yielded = false;
	while (c->state == CONN_OPEN && !c->paused && !c->tls && c->ops && c->ops->data) {
		size_t n = evbuffer_get_length(in);
		if (n == 0)
			break;
		const void *p = evbuffer_pullup(in, -1);
		ASSERT(p);
		size_t used = c->ops->data(c, slice_make(p, n), c->arg);
		ASSERT(used <= n);
		/* After starttls or finish the input is empty already. */
		if (c->state == CONN_OPEN && !c->tls)
			evbuffer_drain(in, used);
		if (c->yielded) {
			conn_offer(c);
			return;
		}
		if (used > 0)
			continue;
		if (n >= c->input_max && c->state == CONN_OPEN && !c->paused)
			conn_close(c, "the peer sent more than is taken at once");
		break;
	}
	if (c->state == CONN_OPEN && c->eof && !c->eof_told && !c->paused) {
		c->eof_told = true;
		if (!c->ops || !c->ops->eof || !c->ops->eof(c, c->arg))
			conn_close(c, "closed by the peer");
	}
}

static void conn_on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	loop_count_callback(c->loop);
	if (c->state == CONN_FINISHING)
		evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
	else if (c->state == CONN_OPEN && !c->opened_due && !c->offer_due)
		conn_deliver(c); /* else the deferred call of this turn does */
}

/* Output was written: whatever waited for that goes on. */
static void conn_wrote(struct conn *c)
{
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0) {
		if (c->state == CONN_FINISHING) {
			conn_send_fin(c);
			return;
		}
		if (c->state == CONN_OPEN && c->tls) {
			conn_handshake(c);
			return;
		}
	}
	if (c->was_high && c->state == CONN_OPEN && conn_output(c) <= CONN_OUTPUT_LOW) {
		c->was_high = false;
		if (c->ops && c->ops->drained)
			c->ops->drained(c, c->arg);
	}
}

static void conn_on_write(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (evbuffer_get_length(bufferevent_get_output(bev)) == 0 && !conn_is_tls(c)) {
		bufferevent_disable(bev, EV_WRITE);
		c->writing = false;
	}
	conn_wrote(c);
}

/* Writes what a turn has gathered; what the kernel does not take is left to libevent. */
static void conn_flush(struct conn *c)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);

	if (evbuffer_get_length(out) > 0) {
		evbuffer_unfreeze(out, 1);
		int n = evbuffer_write(out, bufferevent_getfd(c->bev));
		int error = n < 0 ? errno : 0;
		evbuffer_freeze(out, 1);
		if (error && error != EAGAIN && error != EINTR) {
			conn_closef(c, "", strerror(error));
			return;
		}
	}
	if (evbuffer_get_length(out) > 0) {
		c->writing = true;
		bufferevent_enable(c->bev, EV_WRITE);
	}
	conn_wrote(c);
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

void conn_yield(struct conn *c)
{
	c->yielded = true;
}

void conn_read_pause(struct conn *c)
{
	c->paused = true;
	if (c->state == CONN_OPEN)
		conn_want_read(c);
}

void conn_read_resume(struct conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	if (c->state == CONN_OPEN) {
		conn_want_read(c);
		conn_offer(c);
	}
}

void conn_set_input_max(struct conn *c, size_t bytes)
{
	ASSERT(bytes > 0 && bytes <= UINT32_MAX);
	c->input_max = (uint32_t)bytes;
	if (c->bev && c->state != CONN_FINISHING)
		bufferevent_setwatermark(c->bev, EV_READ, 0, bytes);
}

bool conn_is_tls(const struct conn *c)
{
	return c->bev && bufferevent_openssl_get_ssl(c->bev);
}

const char *conn_peer(const struct conn *c)
{
	return c->peer;
}

struct loop *conn_loop(const struct conn *c)
{
	return c->loop;
}
