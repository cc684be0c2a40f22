/*
 * Who may commit. Every commit is an EXEC that a raised epoch makes void.
 *
 *   INCR epoch ─▶ WATCH epoch fence, GET epoch ─▶ [MULTI ... EXEC, WATCH, GET] ─▶ [MULTI ... EXEC, WATCH, GET] ─▶
 *                 └ must have answered "ours" before the MULTI is sent
 *
 * `fence` is raised by ourselves when a commit's outcome was unknown: bytes of it may still wait inside a stalled
 * Redis, and would be applied after we had read the cursor. After that INCR they cannot be.
 */
#ifndef USHER_STORE_FENCE_H
#define USHER_STORE_FENCE_H

#include "store/link.h"
#include "store/store.h"

struct fence;

struct fence *fence_new(struct store *s);
void fence_free(struct fence **f);
/* We route from now on, under this epoch; 0: no longer. */
void fence_set_epoch(struct fence *f, uint64_t epoch);
uint64_t fence_epoch(const struct fence *f);
/* The write link is gone: nothing is watched. */
void fence_lost(struct fence *f);
/* A commit's outcome is unknown: until fence_known, every fence_run answers -EIO. */
bool fence_is_unknown(const struct fence *f);
void fence_known(struct fence *f);
/* `commands` (count of them, made by resp_command) in one EXEC. fn: 0 applied; -EPERM nothing applied, another node has
 * taken over; -EIO unknown; others: nothing applied. One at a time; takes the bytes. */
void fence_run(struct fence *f, struct str *commands, size_t count,
	void (*fn)(void *arg, int status), void *arg);

#endif
