/*
 * The rest of net/conn.h and of the listener, which the host's HTTP and stream services are linked with: no stranger has a socket
 * in this world, so nothing here is ever called.
 */
#include "base/assert.h"
#include "net/conn_private.h"

struct conn *conn_accepted(struct loop *loop, int fd, const struct sockaddr *peer, struct tls *tls)
{
	(void)loop, (void)fd, (void)peer, (void)tls;
	ASSERT(false);
	return NULL;
}

void conn_write2(struct conn *c, struct slice head, struct slice body)
{
	conn_write(c, head);
	conn_write(c, body);
}

size_t conn_output(const struct conn *c)
{
	(void)c;
	return 0;
}

void conn_finish(struct conn *c, const char *why)
{
	conn_close(c, why);
}

void conn_read_pause(struct conn *c)
{
	(void)c;
	ASSERT(false);
}

void conn_read_resume(struct conn *c)
{
	(void)c;
	ASSERT(false);
}

void conn_set_input_max(struct conn *c, size_t bytes)
{
	(void)c, (void)bytes;
	ASSERT(false);
}

void conn_starttls(struct conn *c, struct tls *tls)
{
	(void)c, (void)tls;
	ASSERT(false);
}

bool conn_is_tls(const struct conn *c)
{
	(void)c;
	return false;
}

const char *conn_peer(const struct conn *c)
{
	(void)c;
	return "";
}

void conn_yield(struct conn *c)
{
	(void)c;
	ASSERT(false);
}
