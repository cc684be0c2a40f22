/*
 * Which files an agent may send. For api_blob (what was uploaded, what an entry has) and dispatch (may he).
 */
#ifndef USHER_DESK_ATTACH_H
#define USHER_DESK_ATTACH_H

#include "desk/client.h"
#include "desk/protocol.h"
#include "model/entry.h"
#include "model/pairs.h"

/* On disk: this user uploaded it and may send it, for as long as an upload is kept. */
void attach_uploaded(struct desk *d, struct slice user, struct slice blob,
	void (*fn)(void *arg, int status), void *arg);
/* An attachment of this entry, or its raw source. */
bool attach_entry_has(
	const struct entry *en, struct slice blob, struct arena *arena, struct part *p);
/* Takes the arena that the frame lies in, and calls go with both when all files may be sent; else the client was told. */
void attach_check(struct client *c, struct frame *f, struct arena *arena,
	void (*go)(struct client *c, struct frame *f, struct arena *arena));

#endif
