/*
 * TLS contexts from files. Never talks to a socket: conn.c puts a context on a connection by
 * tls_session. TLS 1.2 or later; a client always checks the peer's name.
 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"
#include "net/tls_private.h"

struct tls {
	SSL_CTX *context;
	char *server_name;	    /* client only: what the certificate must say */
	char *cert_file, *key_file; /* server only */
};

/* The oldest OpenSSL reason; the rest of the queue is dropped. */
static const char *tls_reason(void)
{
	unsigned long code = ERR_get_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return text ? text : "unknown reason";
}

static struct tls *tls_new(const SSL_METHOD *method)
{
	struct tls *tls = mem_alloc(sizeof(*tls));

	tls->context = SSL_CTX_new(method);
	ASSERT(tls->context);
	ASSERT(SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) == 1);
	SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(tls->context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	return tls;
}

struct tls *tls_server_new(const char *cert_file, const char *key_file, struct err *err)
{
	struct tls *tls = tls_new(TLS_server_method());

	tls->cert_file = slice_dup(slice_of(cert_file));
	tls->key_file = slice_dup(slice_of(key_file));
	SSL_CTX_set_options(
		tls->context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* TLS 1.2 with forward secrecy and without CBC (RFC 9325 4.2); 1.3 has nothing else. */
	ASSERT(SSL_CTX_set_cipher_list(tls->context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
	/* Resumption by tickets only: a session cache would keep memory for strangers. */
	SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
	if (SSL_CTX_use_certificate_chain_file(tls->context, cert_file) != 1) {
		err_set(err, EINVAL, "certificate %s: %s", cert_file, tls_reason());
	} else if (SSL_CTX_use_PrivateKey_file(tls->context, key_file, SSL_FILETYPE_PEM) != 1) {
		err_set(err, EINVAL, "key %s: %s", key_file, tls_reason());
	} else if (SSL_CTX_check_private_key(tls->context) != 1) {
		err_set(err, EINVAL, "key %s does not belong to certificate %s", key_file,
			cert_file);
	} else {
		return tls;
	}
	tls_free(&tls);
	return NULL;
}

struct tls *tls_server_again(const struct tls *tls, struct err *err)
{
	return tls_server_new(tls->cert_file, tls->key_file, err);
}

struct tls *tls_client_new(const char *server_name, const char *ca_file, struct err *err)
{
	struct tls *tls = tls_new(TLS_client_method());

	ASSERT(server_name && *server_name);
	tls->server_name = slice_dup(slice_of(server_name));
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	int ok = ca_file ? SSL_CTX_load_verify_locations(tls->context, ca_file, NULL)
			 : SSL_CTX_set_default_verify_paths(tls->context);
	if (ok == 1)
		return tls;
	err_set(err, EINVAL, "CA certificates %s: %s", ca_file ? ca_file : "of the system",
		tls_reason());
	tls_free(&tls);
	return NULL;
}

void tls_replace(struct tls *tls, struct tls **fresh)
{
	struct tls old = *tls;

	ASSERT(!tls->server_name == !(*fresh)->server_name);
	*tls = **fresh;
	**fresh = old; /* a connection's SSL holds its context */
	tls_free(fresh);
}

void tls_free(struct tls **tls)
{
	if (*tls) {
		SSL_CTX_free((*tls)->context);
		free((*tls)->server_name);
		free((*tls)->cert_file);
		free((*tls)->key_file);
		free(*tls);
	}
	*tls = NULL;
}

static bool name_is_address(const char *name)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

bool tls_is_client(const struct tls *tls)
{
	return tls->server_name != NULL;
}

struct ssl_st *tls_session(struct tls *tls)
{
	SSL *ssl = SSL_new(tls->context);

	ASSERT(ssl);
	if (!tls->server_name)
		return ssl;
	if (name_is_address(tls->server_name)) {
		X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
		ASSERT(X509_VERIFY_PARAM_set1_ip_asc(param, tls->server_name) == 1);
		return ssl;
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	ASSERT(SSL_set1_host(ssl, tls->server_name) == 1);
	ASSERT(SSL_set_tlsext_host_name(ssl, tls->server_name) == 1);
	return ssl;
}
