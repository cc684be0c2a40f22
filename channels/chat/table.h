/*
 * A hash table from keys of at most 40 bytes to pointers. Keys here are hashes and numbers made by the plugin itself, so nobody
 * outside chooses collisions. The value's owner keeps the key's bytes alive.
 */
#ifndef CHAT_TABLE_H
#define CHAT_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_slot {
	const void *key;
	void *value;
};
struct table {
	struct table_slot *slots;
	size_t cap, count, key_len;
};

void table_init(struct table *t, size_t key_len);
void table_free(struct table *t); /* values are the caller's */
void *table_get(const struct table *t, const void *key);
void table_put(struct table *t, const void *key, void *value); /* the key must not be there */
void *table_remove(struct table *t, const void *key);
/* The next value at or after *i; NULL at the end. */
void *table_next(const struct table *t, size_t *i);

#endif
