/*
 * Checks of a configuration that concern several keys; see cross.c.
 */
#ifndef USHER_APP_CROSS_H
#define USHER_APP_CROSS_H

#include "app/section.h"

void cross_check(struct loader *l, const struct tree *root);

#endif
