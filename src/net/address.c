/*
 * Addresses from configuration text. Resolves nothing. Called by conn.c, listener.c and what counts strangers.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

static int address_unix(const char *text, struct slice path, struct address *out, struct err *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&out->sa;

	if (path.n == 0 || path.n >= sizeof(un->sun_path))
		return err_set(err, EINVAL, "address \"%s\": a socket's path has 1 to %zu bytes",
			text, sizeof(un->sun_path) - 1);
	out->kind = ADDRESS_UNIX;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path.p, path.n);
	out->sa_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
	return 0;
}

static void address_host(const char *host, uint16_t port, struct address *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&out->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->sa;

	out->kind = ADDRESS_NUMERIC;
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		out->sa_len = sizeof(*in);
	} else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		out->sa_len = sizeof(*in6);
	} else {
		out->kind = ADDRESS_NAME;
	}
}

int address_parse(const char *text, struct address *out, struct err *err)
{
	struct slice all = slice_of(text);
	uint64_t port;

	*out = (struct address){ 0 };
	if (slice_starts(all, SLICE("unix:")))
		return address_unix(text, slice_make(all.p + 5, all.n - 5), out, err);
	size_t colon = all.n;
	while (colon > 0 && all.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || !slice_u64(slice_make(all.p + colon, all.n - colon), &port) ||
		port > 65535)
		return err_set(err, EINVAL,
			"address \"%s\": expected host:port, [v6]:port or unix:/path", text);
	struct slice host = slice_make(all.p, colon - 1);
	bool bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (bracketed)
		host = slice_make(host.p + 1, host.n - 2);
	if (host.n == 0 || host.n > ADDRESS_HOST_MAX)
		return err_set(
			err, EINVAL, "address \"%s\": the host is missing or too long", text);
	memcpy(out->host, host.p, host.n);
	snprintf(out->port, sizeof(out->port), "%u", (unsigned)port);
	address_host(out->host, (uint16_t)port, out);
	bool v6 = out->kind == ADDRESS_NUMERIC && out->sa.ss_family == AF_INET6;
	if (v6 != bracketed)
		return err_set(
			err, EINVAL, "address \"%s\": brackets go around an IPv6 address", text);
	return 0;
}

struct slice address_household(const char *text, char out[16])
{
	if (strcmp(text, "127.0.0.1") == 0 || strcmp(text, "::1") == 0)
		return (struct slice){ 0 };
	if (inet_pton(AF_INET, text, out) == 1)
		return slice_make(out, sizeof(struct in_addr));
	if (inet_pton(AF_INET6, text, out) == 1)
		return slice_make(out, sizeof(struct in6_addr) / 2);
	return (struct slice){ 0 };
}

void address_text(const struct sockaddr *sa, char out[ADDRESS_TEXT_MAX])
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &in->sin_addr, out, ADDRESS_TEXT_MAX);
	else if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], out, ADDRESS_TEXT_MAX);
	else if (sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &in6->sin6_addr, out, ADDRESS_TEXT_MAX);
	else
		snprintf(out, ADDRESS_TEXT_MAX, "unix");
}
