/*
 * Message ids in In-Reply-To and References, as mail programs write them: with commas between, words around, without <>,
 * folded in the middle. Pure. Called by parse.c.
 */
#ifndef USHER_EMAIL_REFS_H
#define USHER_EMAIL_REFS_H

#include <glib.h>

/* Appends the ids of one header, without <>, in their order: char *, g_free each. */
void refs_read(GPtrArray *ids, const char *value);

#endif
