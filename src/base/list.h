/*
 * An intrusive doubly linked list that knows its length. A state is a list: moving an object between
 * states is unlink + link, and a count shown to a person is list->count.
 *
 *   struct list ── first ⇄ node ⇄ node ⇄ last
 */
#ifndef USHER_BASE_LIST_H
#define USHER_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *prev, *next;
	struct list *on; /* the list it is linked into, or NULL */
};
struct list {
	struct list_node *first, *last;
	size_t count;
};

void list_push_back(struct list *l, struct list_node *n);
/* Before `at`, which is linked; at == NULL is list_push_back. */
void list_insert_before(struct list *l, struct list_node *at, struct list_node *n);
/* The node must be linked. */
void list_remove(struct list_node *n);
struct list_node *list_pop_front(struct list *l);

#define LIST_ENTRY(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))
#define LIST_AT(node, type, member)    ((node) ? LIST_ENTRY(node, type, member) : NULL)
/* Safe against removal of `var` itself; break and continue mean this loop. */
#define LIST_FOR(var, l, type, member)                                                             \
	for (type *var = LIST_AT((l)->first, type, member),                                        \
		  *var##_next = var ? LIST_AT(var->member.next, type, member) : NULL;              \
		var; var = var##_next,                                                             \
		  var##_next = var ? LIST_AT(var->member.next, type, member) : NULL)

#endif
