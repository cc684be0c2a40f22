/*
 * Whether this Redis has on disk what it answers OK to.
 */
#ifndef USHER_STORE_DURABILITY_H
#define USHER_STORE_DURABILITY_H

#include "store/link.h"

/* status 0: yes. -EAGAIN: the link was lost meanwhile. -EPERM: no, or it will not say; `why` says what to do. */
void durability_check(
	struct link *l, void (*fn)(void *arg, int status, const char *why), void *arg);

#endif
