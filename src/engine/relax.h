/*
 * Relaxation: a conversation's stages, by time and past those that nobody could serve; parking of what nobody
 * could serve at any stage; and the end of exclusions when everybody has declined.
 */
#ifndef USHER_ENGINE_RELAX_H
#define USHER_ENGINE_RELAX_H

#include "engine/state.h"

/* Brings one waiting or parked conversation to the stage where it belongs now. True when an event was needed. */
bool relax_conv(struct engine *e, struct conv *c);
/* Somebody could serve it at this stage (logged in, skills met; capacity apart). */
bool relax_serviceable(struct engine *e, const struct conv *c, uint32_t stage);
/* Everything that the marks of this step ask for. */
void relax_run(struct engine *e);
/* Ends the exclusions when every agent at work who meets the requirement is excluded, and since the first cooldown. */
void relax_exclusions(struct engine *e, struct conv *c);
/* Whether they are. */
bool relax_resets(const struct engine *e, const struct conv *c);

#endif
