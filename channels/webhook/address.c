/*
 * See address.h. Called by fetch.c for each socket before it is connected, with the address that was resolved.
 */
#include "address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#define V4(a, b, c, d)                                                                             \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct {
	uint32_t network;
	unsigned bits;
} inside4[] = {
	{ V4(0, 0, 0, 0), 8 },	     /* this network */
	{ V4(10, 0, 0, 0), 8 },	     /* private */
	{ V4(100, 64, 0, 0), 10 },   /* shared by carriers */
	{ V4(127, 0, 0, 0), 8 },     /* this machine */
	{ V4(169, 254, 0, 0), 16 },  /* link-local, clouds' metadata */
	{ V4(172, 16, 0, 0), 12 },   /* private */
	{ V4(192, 0, 0, 0), 24 },    /* protocol assignments */
	{ V4(192, 0, 2, 0), 24 },    /* documentation */
	{ V4(192, 168, 0, 0), 16 },  /* private */
	{ V4(198, 18, 0, 0), 15 },   /* benchmarks */
	{ V4(198, 51, 100, 0), 24 }, /* documentation */
	{ V4(203, 0, 113, 0), 24 },  /* documentation */
	{ V4(224, 0, 0, 0), 3 },     /* multicast, reserved, broadcast */
};

static bool public4(uint32_t a)
{
	for (size_t i = 0; i < sizeof(inside4) / sizeof(inside4[0]); i++)
		if ((a ^ inside4[i].network) >> (32 - inside4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t v4_at(const uint8_t *p)
{
	return V4(p[0], p[1], p[2], p[3]);
}

static bool public6(const uint8_t a[16])
{
	static const uint8_t zero[12];
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };

	if (memcmp(a, zero, 10) == 0 && a[10] == 0xff && a[11] == 0xff)
		return public4(v4_at(a + 12)); /* ::ffff:a.b.c.d */
	if (memcmp(a, nat64, 12) == 0)
		return public4(v4_at(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02)
		return public4(v4_at(a + 2)); /* 6to4 */
	/* What is given out to the world begins with 001; not Teredo and documentation, 2001::/23 and 2001:db8::/32. */
	if ((a[0] & 0xe0) != 0x20)
		return false;
	if (a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10)
		return false; /* documentation, too */
	if (a[0] == 0x20 && a[1] == 0x01 && ((a[2] & 0xfe) == 0 || (a[2] == 0x0d && a[3] == 0xb8)))
		return false;
	return true;
}

bool address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof(four));
		return public4(ntohl(four.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&six, address, sizeof(six));
		return public6(six.sin6_addr.s6_addr);
	}
	return false;
}
