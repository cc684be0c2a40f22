/* What conn.c needs of a TLS context. Only src/net includes this. */
#ifndef USHER_NET_TLS_PRIVATE_H
#define USHER_NET_TLS_PRIVATE_H

#include <stdbool.h>

#include "net/tls.h"

struct ssl_st;

bool tls_is_client(const struct tls *tls);
/* A new session, with the name check set for a client. The caller (a bufferevent) frees it. */
struct ssl_st *tls_session(struct tls *tls);

#endif
