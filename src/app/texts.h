/*
 * Texts of a configuration with variables in them: whether each exists and may stand where it stands.
 */
#ifndef USHER_APP_TEXTS_H
#define USHER_APP_TEXTS_H

#include "app/section.h"

void texts_check(struct loader *l, const struct tree *root);

#endif
