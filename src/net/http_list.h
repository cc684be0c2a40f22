/*
 * Header fields whose value is a list: whether it has a word, a tag, or takes a coding. Pure; a field that is absent has p NULL.
 */
#ifndef USHER_NET_HTTP_LIST_H
#define USHER_NET_HTTP_LIST_H

#include "base/slice.h"

/* A word of it, in any case. */
bool http_list_has(struct slice field, struct slice word);
/* If-None-Match: "*" or the tag, a weak one too (RFC 9110 13.1.2). */
bool http_list_has_tag(struct slice field, const char *etag);
/* Accept-Encoding: the coding by name, else "*", and not with q=0 (RFC 9110 12.5.3). */
bool http_list_accepts(struct slice field, struct slice coding);

#endif
