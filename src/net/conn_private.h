/* How listener.c makes a connection of an accepted descriptor. Only src/net includes this. */
#ifndef USHER_NET_CONN_PRIVATE_H
#define USHER_NET_CONN_PRIVATE_H

#include <sys/socket.h>

#include "net/conn.h"

/* The caller sets ops at once; `opened` comes later in the turn, or after the TLS handshake. */
struct conn *conn_accepted(struct loop *loop, int fd, const struct sockaddr *peer, struct tls *tls);

#endif
