/*
 * The language of a text by its script and its commonest words. A guess that says so: "" when unsure.
 */
#ifndef USHER_TEXT_LANGUAGE_H
#define USHER_TEXT_LANGUAGE_H

#include "base/slice.h"

/* "ru", "en" or "" (static bytes). Looks at the first 4 KiB. */
struct slice text_language(struct slice text);

#endif
