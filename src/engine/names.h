/*
 * Names as small numbers: skills, channels, segments. A name once seen is kept as long as the engine;
 * numbers start at 1 and never decide anything (ties are broken by the names themselves).
 */
#ifndef USHER_ENGINE_NAMES_H
#define USHER_ENGINE_NAMES_H

#include "base/arena.h"
#include "base/map.h"

struct names {
	struct map map;
	struct slice *text; /* by number */
	uint32_t count, cap;
};

/* The number of a name, made when new. The bytes are copied into `keep`. The empty name is 0. */
uint32_t names_intern(struct names *n, struct slice name, struct arena *keep);
/* 0 when it was never seen. */
uint32_t names_find(const struct names *n, struct slice name);
struct slice names_text(const struct names *n, uint32_t number);
void names_free(struct names *n);

#endif
