/*
 * The Origin check (RFC 6454 by text: browsers send origins in lower case and leave out default ports, as people write URLs).
 */
#include "desk/origin.h"

/* scheme://host[:port] of a URL; the empty slice when it has none. */
static struct slice origin_of(struct slice url)
{
	size_t at = 0;
	for (; at + 3 <= url.n; at++)
		if (memcmp(url.p + at, "://", 3) == 0)
			break;
	if (at == 0 || at + 3 > url.n)
		return (struct slice){ 0 };
	size_t host = at + 3;
	struct slice rest = slice_make(url.p + host, url.n - host);
	size_t end = slice_find(rest, '/');
	return end ? slice_make(url.p, host + end) : (struct slice){ 0 };
}

bool origin_allowed(struct slice origin, struct slice host, bool tls, struct slice public_url)
{
	if (!origin.p)
		return true;
	struct slice ours = origin_of(public_url);
	if (ours.n && slice_equal_nocase(origin, ours))
		return true;
	struct slice scheme = tls ? SLICE("https://") : SLICE("http://");
	if (!host.n || origin.n != scheme.n + host.n || !slice_starts(origin, scheme))
		return false;
	return slice_equal_nocase(slice_make(origin.p + scheme.n, host.n), host);
}
