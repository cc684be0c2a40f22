/* Character references of HTML; used by html_text.c. */
#ifndef USHER_TEXT_HTML_ENTITY_H
#define USHER_TEXT_HTML_ENTITY_H

#include "base/slice.h"

/* Reads a reference at s.p (which starts with '&'): its code point and how many bytes it took; 0 when it is none. */
size_t html_entity_read(struct slice s, uint32_t *code);

#endif
