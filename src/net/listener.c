/*
 * A listening socket that makes connections. When descriptors run out it rests a moment instead of
 * spinning. Never decides who may connect. Called through conn.h.
 */
#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/str.h"
#include "net/address.h"
#include "net/conn_private.h"

enum { REST_US = 100000 }; /* before accepting again when descriptors ran out */

struct listener {
	struct loop *loop;
	struct evconnlistener *ev;
	struct tls *tls;
	struct loop_timer *rest;
	void (*accept)(struct conn *c, void *arg);
	void *arg;
	char *path; /* of a unix socket: removed at the end */
	int port;
	bool paused;
};

static void listener_accepted(
	struct evconnlistener *ev, evutil_socket_t fd, struct sockaddr *sa, int sa_len, void *arg)
{
	struct listener *l = arg;

	(void)ev;
	(void)sa_len;
	l->accept(conn_accepted(l->loop, fd, sa, l->tls), l->arg);
}

static void listener_failed(struct evconnlistener *ev, void *arg)
{
	struct listener *l = arg;
	int error = EVUTIL_SOCKET_ERROR();

	if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
		return;
	log_warn("net", "cannot accept, resting error=\"%s\"", strerror(error));
	evconnlistener_disable(ev);
	loop_timer_set(l->rest, REST_US);
}

static void listener_rested(void *arg)
{
	struct listener *l = arg;

	if (!l->paused)
		evconnlistener_enable(l->ev);
}

/* A socket file that nobody listens on is left over from a process that was killed. */
static void listener_remove_stale(const struct address *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&at->sa, at->sa_len) != 0 && errno == ECONNREFUSED)
		unlink(((const struct sockaddr_un *)&at->sa)->sun_path);
	close(fd);
}

static int listener_bind(struct listener *l, const struct address *at)
{
	const struct sockaddr *sa = (const struct sockaddr *)&at->sa;
	struct sockaddr_storage bound;
	socklen_t n = sizeof(bound);
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;

	if (at->kind == ADDRESS_UNIX)
		listener_remove_stale(at);
	else
		flags |= LEV_OPT_REUSEABLE;
	l->ev = evconnlistener_new_bind(
		loop_base(l->loop), listener_accepted, l, flags, 1024, sa, (int)at->sa_len);
	if (!l->ev)
		return -errno;
	evconnlistener_set_error_cb(l->ev, listener_failed);
	if (at->kind == ADDRESS_UNIX) {
		l->path = slice_dup(slice_of(((const struct sockaddr_un *)&at->sa)->sun_path));
		return 0;
	}
	ASSERT(getsockname(evconnlistener_get_fd(l->ev), (struct sockaddr *)&bound, &n) == 0);
	l->port = ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
						   : ((struct sockaddr_in6 *)&bound)->sin6_port);
	return 0;
}

struct listener *listener_new(struct loop *loop, const char *address, struct tls *tls,
	void (*accept)(struct conn *c, void *arg), void *arg, struct err *err)
{
	struct listener *l = mem_alloc(sizeof(*l));
	struct address at;

	*l = (struct listener){ .loop = loop, .tls = tls, .accept = accept, .arg = arg };
	l->rest = loop_timer_new(loop, listener_rested, l);
	int error = address_parse(address, &at, err);
	if (error)
		goto failed;
	if (at.kind == ADDRESS_NAME) {
		error = err_set(err, EINVAL,
			"listen on %s: a numeric address or unix:/path is needed", address);
		goto failed;
	}
	error = listener_bind(l, &at);
	if (!error)
		return l;
	err_set(err, -error, "listen on %s: %s", address, strerror(-error));
failed:
	listener_free(&l);
	errno = -error;
	return NULL;
}

int listener_port(const struct listener *l)
{
	return l->port;
}

void listener_pause(struct listener *l)
{
	l->paused = true;
	evconnlistener_disable(l->ev);
}

void listener_resume(struct listener *l)
{
	l->paused = false;
	evconnlistener_enable(l->ev);
}

void listener_free(struct listener **l)
{
	if (*l) {
		loop_timer_free(&(*l)->rest);
		if ((*l)->ev)
			evconnlistener_free((*l)->ev);
		if ((*l)->path)
			unlink((*l)->path);
		free((*l)->path);
		free(*l);
	}
	*l = NULL;
}
