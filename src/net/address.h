/*
 * Where to connect or listen: "127.0.0.1:2424", "[::1]:25", "unix:/path", "name:port".
 */
#ifndef USHER_NET_ADDRESS_H
#define USHER_NET_ADDRESS_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"

enum { ADDRESS_HOST_MAX = 253, ADDRESS_TEXT_MAX = 46 };

enum address_kind { ADDRESS_NUMERIC, ADDRESS_UNIX, ADDRESS_NAME };
struct address {
	enum address_kind kind;
	struct sockaddr_storage sa; /* numeric and unix */
	socklen_t sa_len;
	char host[ADDRESS_HOST_MAX + 1]; /* name */
	char port[6];			 /* name */
};

/* 0, or -EINVAL with what was expected. */
int address_parse(const char *text, struct address *out, struct err *err);
/* The host without port ("127.0.0.1", "::1"), or "unix". */
void address_text(const struct sockaddr *sa, char out[ADDRESS_TEXT_MAX]);
/* Who is counted as one: an IPv4 address, an IPv6 /64. p NULL for text that is no IP address and for this machine itself: an unnamed proxy makes
 * everybody 127.0.0.1, and one stranger must not stand for all. */
struct slice address_household(const char *text, char out[16]);

#endif
