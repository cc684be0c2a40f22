/*
 * `redis:` of the configuration as something to dial.
 */
#ifndef USHER_STORE_TARGET_H
#define USHER_STORE_TARGET_H

#include "base/err.h"
#include "store/link.h"

/* "unix:/path", "redis://[[user]:pass@]host[:port][/db]", "rediss://..." (the name is checked; ca NULL: the system's).
 * Fills everything but `client`. -EINVAL with what was expected. */
int target_parse(struct link_target *t, const char *redis, const char *ca, struct err *err);
void target_free(struct link_target *t);

#endif
