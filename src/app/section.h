/*
 * Fills a struct from a map by the schema's keys.
 */
#ifndef USHER_APP_SECTION_H
#define USHER_APP_SECTION_H

#include "app/schema.h"
#include "app/tree.h"

struct loader {
	struct problems problems;
	struct config *config; /* what was read before: names are looked up in it */
	uint64_t now_us;
	unsigned first_stage_line; /* where the queue being read says what it asks for at first */
};

/* `what` names the section in messages: "queue 'cards'". */
void section_read(
	struct loader *l, const struct tree *map, enum section s, void *target, const char *what);

#endif
