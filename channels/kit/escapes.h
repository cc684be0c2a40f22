/*
 * JSON text that says a character which there is not: U+0000, or half of a pair (\ud83d alone), as JavaScript and others write it where a text was cut inside an
 * emoji. jansson takes the whole for no JSON; who sent it sends it again for ever.
 */
#ifndef CHANNEL_KIT_ESCAPES_H
#define CHANNEL_KIT_ESCAPES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * In place, of the same length: each of them becomes \ufffd. Everything else, well-formed or not, stays as it is. but_nul: U+0000 stays, for who reads JSON
 * with JSON_ALLOW_NUL.
 */
void escapes_mend(char *json, size_t n, bool but_nul);

#endif
