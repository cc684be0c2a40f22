/*
 * In which form a domain's data are written: the field `schema` of its cursor. An usher that knows less would misread them, and delete
 * what it could not read; so whoever writes raises it before its first word, and who knows less does not begin.
 */
#ifndef USHER_STORE_FORMAT_H
#define USHER_STORE_FORMAT_H

#include "store/store.h"

/* Raised when an older usher could not read what this one writes; a new field of a record is skipped by it and is no reason. */
enum {
	FORMAT = 2 /* 1: the inbox as names and values */
};

/* On the write link, before it is admitted. status 0: written so from now on. -EAGAIN: the link was lost meanwhile. -EPERM: not with this
 * usher, or not now; `why` says what to do. */
void format_check(struct store *s, void (*fn)(void *arg, int status, const char *why), void *arg);
/* The reason why such data are not for this usher, in `why`; false: they are. */
bool format_is_newer(uint64_t is, char *why, size_t why_size);

#endif
