/*
 * Texts with places to be filled from JSON: "tg-{message.chat.id}". Pure.
 *
 *   {a.b.0.c}   member b of member a, its first item, member c of that; looked for in `here`
 *   {$.a}       the same, looked for in `root`
 *   {{          one {
 */
#ifndef WEBHOOK_TEMPLATE_H
#define WEBHOOK_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>

#include "kit/buf.h"

struct scope {
	const json_t *root, *here;
};

/* What a path leads to, or NULL. */
const json_t *path_at(const struct scope *s, const char *path, size_t n);
/* Texts as they are, numbers in decimal, true and false; anything else is nothing. */
void value_text(struct buf *out, const json_t *value);

/* False when a { has no end or a path is empty. */
bool template_is_good(const char *template);
/* Whether each of its places leads to something. */
bool template_knows(const char *template, const struct scope *s);
/*
 * Appends the text; when the template has places and all of them are empty, nothing. With `url` what is filled in is
 * percent-encoded.
 */
void template_fill(struct buf *out, const char *template, const struct scope *s, bool url);
/* Whether a part of its path is "." or "..": what was filled in would lead to another place than the template says. */
bool url_climbs(const char *url);
/* Percent-encoded but for A-Z a-z 0-9 - . _ ~ */
void buf_url(struct buf *b, const char *p, size_t n);
/* A copy of the document with every text in it filled; one that is a single place and leads to a list or an object becomes that. */
json_t *template_json(const json_t *document, const struct scope *s);

#endif
