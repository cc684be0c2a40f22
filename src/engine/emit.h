/*
 * Emitting: how deciding code changes state. The event is dated, copied into the step, and applied at once.
 */
#ifndef USHER_ENGINE_EMIT_H
#define USHER_ENGINE_EMIT_H

#include "engine/state.h"

void emit(struct engine *e, const struct event *ev);
#define EMIT(e, ...) emit((e), &(struct event){ __VA_ARGS__ })

/* How the command ended. `why` is static or in the scratch arena. */
void answer(struct engine *e, enum answer a, const char *why);
/* An id that is the same on every replay of the decision and unlike any other: from a conversation and a count. */
struct id emit_id(const struct engine *e, struct id conv, uint64_t salt);
/* A mixed 64-bit word of two. */
uint64_t emit_mix(uint64_t a, uint64_t b);

#endif
