/*
 * A host name to an address in the background, by the system's own resolver (hosts file, DNS,
 * whatever the machine is set up for) in a thread of its own for each look-up.
 */
#ifndef USHER_NET_RESOLVE_H
#define USHER_NET_RESOLVE_H

#include "net/address.h"
#include "net/loop.h"

struct resolve;
enum { RESOLVE_MAX = 8 };

/* `done` is called once on the loop: `n` numeric addresses in the order to try them, or 0 and `why`
 * says what was wrong. Not after resolve_cancel. */
struct resolve *resolve_new(struct loop *loop, const struct address *name,
	void (*done)(const struct address *found, size_t n, const char *why, void *arg), void *arg);
/* Forgets it: the thread ends by itself. */
void resolve_cancel(struct resolve **r);

#endif
