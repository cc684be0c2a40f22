/*
 * The intrusive list of list.h. Every node knows the list it is on, so linking twice or unlinking
 * what is not linked is caught at once. Never allocates.
 */
#include "base/list.h"

#include "base/assert.h"

void list_insert_before(struct list *l, struct list_node *at, struct list_node *n)
{
	ASSERT(!n->on);
	ASSERT(!at || at->on == l);
	n->on = l;
	n->next = at;
	n->prev = at ? at->prev : l->last;
	if (n->prev)
		n->prev->next = n;
	else
		l->first = n;
	if (at)
		at->prev = n;
	else
		l->last = n;
	l->count++;
}

void list_push_back(struct list *l, struct list_node *n)
{
	list_insert_before(l, NULL, n);
}

void list_remove(struct list_node *n)
{
	struct list *l = n->on;

	ASSERT(l && l->count > 0);
	if (n->prev)
		n->prev->next = n->next;
	else
		l->first = n->next;
	if (n->next)
		n->next->prev = n->prev;
	else
		l->last = n->prev;
	l->count--;
	*n = (struct list_node){ 0 };
	ASSERT((l->count == 0) == (l->first == NULL));
}

struct list_node *list_pop_front(struct list *l)
{
	struct list_node *n = l->first;

	if (n)
		list_remove(n);
	return n;
}
