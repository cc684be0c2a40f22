/*
 * A YAML document as a tree that knows where each piece stands. Every scalar is text; what it means
 * is the schema's to say, so `NO` stays a string until a key wants yes or no.
 *
 *   TREE_MAP ── pairs[] ── key (a scalar) ─▶ value
 *   TREE_LIST ── items[]
 *   TREE_SCALAR ── text, with ${NAME} and ${NAME:-default} of the environment filled in
 */
#ifndef USHER_APP_TREE_H
#define USHER_APP_TREE_H

#include "app/problems.h"
#include "base/arena.h"

enum tree_kind { TREE_SCALAR, TREE_MAP, TREE_LIST };

struct tree_pair {
	struct tree *key, *value;
};
struct tree {
	enum tree_kind kind;
	unsigned line, col; /* 1-based */
	bool empty;	    /* a scalar that was not written at all, `~` or null */
	struct slice text;  /* TREE_SCALAR; NUL-terminated */
	struct tree_pair *pairs;
	struct tree **items;
	size_t count;  /* of pairs or items */
	size_t weight; /* nodes in it, aliases counted as often as they are used */
};

enum {
	TREE_SIZE_MAX = 1048576,
	TREE_DEPTH_MAX = 32,
	TREE_NODES_MAX = 100000,
	TREE_ANCHORS_MAX = 256
};

/* One document. NULL when there is a problem (already reported). An empty document is an empty map. */
struct tree *tree_parse(struct slice text, struct arena *arena, struct problems *problems);
/* The value of a key in a map; NULL when absent. */
const struct tree *tree_get(const struct tree *map, const char *key);
/* `section: {name: {key: HERE` (key NULL: the name's own map); NULL when it is not written. */
const struct tree *tree_named(
	const struct tree *root, const char *section, struct slice name, const char *key);
/* Appends a canonical form: equal trees, wherever they stand, give equal bytes. */
void tree_print(const struct tree *t, struct str *out);

#endif
