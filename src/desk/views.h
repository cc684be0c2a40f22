/*
 * JSON arrays made from the engine's views at one moment, for snapshots and for the API.
 */
#ifndef USHER_DESK_VIEWS_H
#define USHER_DESK_VIEWS_H

#include "engine/engine.h"

/* Every queue of the configuration; segments: with by_segment, which walks all that wait. */
void views_queues(struct str *o, const struct engine *e, const struct config *config,
	uint64_t now_us, bool segments);
/* The first DESK_AGENTS_MAX agents; work: with their conversations. */
void views_agents(struct str *o, const struct engine *e, bool work);
/* AGENT of one, members without brackets; false when the engine does not know it. */
bool views_agent(struct str *o, const struct engine *e, struct slice agent, bool work);
/* A view whose strings live in the arena. */
struct conv_view *view_copy(struct arena *arena, const struct conv_view *v);

#endif
