/*
 * A conversation as others see it; shared by view.c and explain.c.
 */
#ifndef USHER_ENGINE_VIEW_H
#define USHER_ENGINE_VIEW_H

#include "engine/state.h"

void view_conv(const struct engine *e, const struct conv *c, struct conv_view *out);

#endif
