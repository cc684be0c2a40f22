/*
 * Records: commands, events, effects and history entries are plain structs; one table of fields each says name,
 * type and place, and this one codec moves them to and from Redis. No JSON inside the system.
 *
 * Two forms: flat (name, value, name, value ... text arguments of XADD; ids in their text form, numbers in decimal,
 * words by name) for the outbox, and packed (field number, length, bytes) for the inbox, the journal, effects, list entries and snapshots.
 * A field that is zero/empty is not written; an unknown field is skipped when read, so versions can meet.
 */
#ifndef USHER_MODEL_RECORD_H
#define USHER_MODEL_RECORD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/str.h"

enum field_type { FIELD_U64, FIELD_I64, FIELD_ID, FIELD_STR, FIELD_WORD };

struct field {
	const char *name; /* on the wire; short, stable */
	uint8_t number;	  /* in packed form; never reused */
	enum field_type type;
	size_t offset;
	const char *const *
		words; /* FIELD_WORD: names by value, NULL-terminated; value 0 is not written. Stored as uint32_t */
};

struct record_table {
	const struct field *fields;
	size_t count;
	size_t size; /* of the struct */
};

/* Appends name/value slices to argv (grown as needed); values point into the record or the arena. */
struct argv {
	struct slice *v;
	size_t n, cap;
};
void argv_add(struct argv *a, struct slice s);
void argv_add_text(struct argv *a, const char *text); /* borrowed */
void argv_add_u64(struct argv *a, struct arena *arena, uint64_t v);
void argv_clear(struct argv *a);
void argv_free(struct argv *a);

void record_flatten(
	const struct record_table *t, const void *record, struct argv *out, struct arena *arena);
/* Reads n name/value slices (2n in all) into a zeroed *record; strings stay borrowed from the input. */
int record_unflatten(const struct record_table *t, void *record, const struct slice *pairs,
	size_t n, struct err *err);
void record_pack(const struct record_table *t, const void *record, struct str *out);
int record_unpack(const struct record_table *t, void *record, struct slice packed, struct err *err);
/* A deep copy of strings into the arena. */
void record_copy(const struct record_table *t, void *to, const void *from, struct arena *arena);
/* FNV-1a over the packed form. */
uint64_t record_hash(const struct record_table *t, const void *record);
/* For logs and tests: `name=value ...`; strings over 60 bytes are cut. Not for bodies in production logs. */
void record_print(const struct record_table *t, const void *record, struct str *out);

#endif
