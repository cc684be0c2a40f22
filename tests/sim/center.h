/*
 * The engine's configuration for a model: one queue, one live kind of channel for each size of conversation, one
 * segment for each name that types use. No wrap-up, no rest: what is resolved is gone at once.
 */
#ifndef TESTS_SIM_CENTER_H
#define TESTS_SIM_CENTER_H

#include "model.h"
#include "model/config.h"

/* NULL with lines in problems when the model asks for something that this engine does not have. */
struct config *center_new(const struct model *m, struct arena *arena, struct str *problems);
/* The kind of channel that a type comes by; borrowed from the configuration. */
struct slice center_kind(const struct config *c, const struct model_type *t);

#endif
