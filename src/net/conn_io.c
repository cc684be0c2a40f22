/*
 * What goes through an open connection: output is gathered and written once a turn, input is offered as long as its owner takes of it. Never
 * begins or ends a connection but where the bytes say so (conn.c). Called through conn.h, and by conn.c when libevent has something.
 */
#include "net/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/str.h"
#include "model/limits.h"
#include "net/conn_private.h"

enum { READ_BY_LIBEVENT = 4096 };

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

/* Output was written: whatever waited for that goes on. */
void conn_wrote(struct conn *c)
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

void conn_on_write(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (evbuffer_get_length(bufferevent_get_output(bev)) == 0 && !conn_is_tls(c)) {
		bufferevent_disable(bev, EV_WRITE);
		c->writing = false;
	}
	conn_wrote(c);
}

/* Writes what a turn has gathered; what the kernel does not take is left to libevent. */
void conn_flush(struct conn *c)
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

void conn_offer(struct conn *c)
{
	if (c->state != CONN_OPEN)
		return;
	c->offer_due = true;
	loop_soon_wake(c->loop, &c->soon);
}

/* Hands unread input to the owner as long as it makes progress. */
void conn_deliver(struct conn *c)
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

/*
 * libevent reads 4 KiB at a time and takes a turn of the loop for each: what else has come of a long message is read here at once. An error or the
 * end is left for libevent to find.
 */
static void conn_read_rest(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	struct evbuffer_iovec room;
	size_t n = evbuffer_get_length(in);

	if (n < READ_BY_LIBEVENT || n >= c->input_max || conn_is_tls(c))
		return;
	evbuffer_unfreeze(in, 0);
	ASSERT(evbuffer_reserve_space(in, (ev_ssize_t)(c->input_max - n), &room, 1) == 1);
	ssize_t got =
		recv(bufferevent_getfd(c->bev), room.iov_base, c->input_max - n, MSG_DONTWAIT);
	room.iov_len = got > 0 ? (size_t)got : 0;
	ASSERT(evbuffer_commit_space(in, &room, 1) == 0);
	evbuffer_freeze(in, 0);
}

void conn_on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	loop_count_callback(c->loop);
	if (c->state == CONN_FINISHING)
		evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
	else if (c->state == CONN_OPEN && !c->opened_due && !c->offer_due) {
		conn_read_rest(c);
		conn_deliver(c); /* else the deferred call of this turn does */
	}
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
