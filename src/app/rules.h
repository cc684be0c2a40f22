/*
 * The rules of a configuration: checked among each other, and those that look at what a message says compiled.
 */
#ifndef USHER_APP_RULES_H
#define USHER_APP_RULES_H

#include "app/section.h"

/* Sets l->config->classifier when a rule needs one. Problems name the line of the word or pattern. */
void rules_compile(struct loader *l, const struct tree *root);

#endif
