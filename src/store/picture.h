/*
 * A stored picture drawn anew, so that it may be shown: by the program usher-picture, one short-lived process for each, which can do nothing
 * else (src/picture). Two at a time; others wait, too many are refused.
 */
#ifndef USHER_STORE_PICTURE_H
#define USHER_STORE_PICTURE_H

#include "store/blob.h"

enum { PICTURE_SIDE_MIN = 16, PICTURE_SIDE_MAX = 2048 };

/*
 * The blob as a JPEG or PNG, no side longer than side_px. -ENOENT; -EINVAL: nothing that can be shown; -ENOTSUP: the program is not
 * there; -EAGAIN: too many, or the store is away.
 */
void picture_get(struct store *s, struct slice blob, unsigned side_px,
	void (*fn)(void *arg, int status, struct slice bytes), void *arg);
/* "image/jpeg" or "image/png", of what picture_get gave. */
const char *picture_type(struct slice bytes);
/* Drawn, and refused or failed, since the start. */
uint64_t pictures_drawn(const struct store *s);
uint64_t pictures_failed(const struct store *s);

#endif
