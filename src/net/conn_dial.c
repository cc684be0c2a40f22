/*
 * Dialling: a name is resolved in the background, its addresses are tried one after the other. Ends where a socket is connected; the handshake
 * and the rest are conn.c's. Called through conn.h, and by conn.c when an address did not answer.
 */
#include "net/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/str.h"
#include "model/limits.h"
#include "net/conn_private.h"
#include "net/resolve.h"

void conn_dial_free(struct conn_dial **dial)
{
	if (*dial) {
		resolve_cancel(&(*dial)->resolve);
		free((*dial)->others);
		free((*dial)->text);
		free(*dial);
	}
	*dial = NULL;
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
bool conn_try_next(struct conn *c)
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
