/*
 * Numbered records in a stream: the journal's events and the effects. One entry holds all of a commit, because an entry costs Redis
 * as much as the records in it: its id is the number of its last record, `n-0`, so reading behind any number finds the
 * entry that holds the next one.
 *
 *   usher:{d}:journal   5404-0  * <packed 5401> * <packed 5402> * <packed 5403> * <packed 5404>
 *
 * Entries of an earlier usher hold one record, as names and values; they are read as well.
 */
#ifndef USHER_STORE_NUMBERED_H
#define USHER_STORE_NUMBERED_H

#include "model/record.h"
#include "store/inside.h"

/* The name of a field whose value is a packed record; the inbox has entries of one. */
#define ENTRY_PACKED SLICE("*")

/* Those of one commit. Zero is empty. */
struct numbered {
	struct argv packed;
	struct str one; /* while it is packed */
	struct arena arena;
	uint64_t last;
};

/* n is the last one plus one, or the first. */
void numbered_add(struct numbered *q, const struct record_table *t, uint64_t n, const void *record);
/* XADD key MINID ~ … last-0 * … ; nothing was added: false. What is older than `keep` numbers goes. */
bool numbered_command(struct numbered *q, const struct key *key, uint64_t keep, struct argv *out);
void numbered_free(struct numbered *q);

/* How many records an entry holds, and the number of its first one; 0 when it is no such entry. */
size_t numbered_count(const struct reply *entry, uint64_t *first_n);
/* Its i-th record into a zeroed *record; strings stay borrowed from the reply. 0 or -errno with the reason. */
int numbered_get(const struct record_table *t, const struct reply *entry, size_t i, void *record,
	struct arena *arena, struct err *err);

#endif
