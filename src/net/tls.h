/*
 * TLS contexts: server (certificate and key files) and client (system or given CA, name check always on).
 */
#ifndef USHER_NET_TLS_H
#define USHER_NET_TLS_H

#include "base/err.h"

struct tls;

struct tls *tls_server_new(
	const char *cert_file, const char *key_file, struct err *err); /* NULL on failure */
/* `server_name` is checked against the certificate; ca_file NULL: the system's. */
struct tls *tls_client_new(const char *server_name, const char *ca_file, struct err *err);
/* A server's from the same files as they are now. */
struct tls *tls_server_again(const struct tls *tls, struct err *err); /* NULL on failure */
/* From now on `tls` is what `fresh` is, which is freed: connections that are there go on as they began. Both of the same kind. */
void tls_replace(struct tls *tls, struct tls **fresh);
void tls_free(struct tls **tls);

#endif
