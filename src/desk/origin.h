/*
 * Whether a browser's request comes from our own page. A browser always names the origin of a WebSocket and of a POST; a program that is
 * no browser names none, carries no stranger's cookie, and passes.
 */
#ifndef USHER_DESK_ORIGIN_H
#define USHER_DESK_ORIGIN_H

#include "base/slice.h"

/* origin, host: the headers, p NULL when absent. public_url: from the configuration, may be empty. */
bool origin_allowed(struct slice origin, struct slice host, bool tls, struct slice public_url);

#endif
