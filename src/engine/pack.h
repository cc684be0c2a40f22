/*
 * The bytes of a snapshot: numbers of 7 bits a byte (the high bit says more follow), signed ones folded,
 * strings with their length in front. Reading never goes past the end: it turns bad and gives zeros.
 */
#ifndef USHER_ENGINE_PACK_H
#define USHER_ENGINE_PACK_H

#include "base/id.h"
#include "base/str.h"

/* The format that engine_save writes. engine_load reads it and every earlier one: what an earlier one does not have is
 * asked for only `if (u->version >= N)`. A new one is kept in tests/engine/snapshots/. */
#define SNAPSHOT_VERSION 4

struct unpack {
	struct slice rest;
	uint32_t version;
	bool bad;
};

void pack_u64(struct str *out, uint64_t v);
void pack_i64(struct str *out, int64_t v);
void pack_id(struct str *out, struct id id);
void pack_slice(struct str *out, struct slice s);

uint64_t unpack_u64(struct unpack *u);
/* At most max, else bad. */
uint32_t unpack_u32(struct unpack *u, uint32_t max);
int64_t unpack_i64(struct unpack *u);
struct id unpack_id(struct unpack *u);
struct slice unpack_slice(struct unpack *u); /* borrowed */

#endif
