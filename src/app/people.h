/*
 * The users that a configuration names, made on the first start of a data directory with passwords nobody else knows.
 */
#ifndef USHER_APP_PEOPLE_H
#define USHER_APP_PEOPLE_H

#include "base/str.h"

struct node;
struct people;

/* Calls done with what to print about them, maybe empty: later, once. Users that exist are not touched. */
struct people *people_new(
	struct node *n, void (*done)(void *arg, const struct str *text), void *arg);
void people_free(struct people **p);

#endif
