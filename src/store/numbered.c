/*
 * See numbered.h. Called by commit (writes), cursor and push (read).
 */
#include "store/numbered.h"

#include <errno.h>

#include "base/assert.h"
#include "store/inbox.h"
#include "store/reader.h"

/* ---- writing ---- */

void numbered_add(struct numbered *q, const struct record_table *t, uint64_t n, const void *record)
{
	ASSERT(n > 0 && (!q->last || n == q->last + 1));
	str_clear(&q->one);
	record_pack(t, record, &q->one);
	argv_add(&q->packed, ENTRY_PACKED);
	argv_add(&q->packed, arena_copy(&q->arena, str_slice(&q->one)));
	q->last = n;
}

bool numbered_command(struct numbered *q, const struct key *key, uint64_t keep, struct argv *out)
{
	if (!q->last)
		return false;
	argv_add_text(out, "XADD");
	argv_add(out, key_slice(key));
	argv_add_text(out, "MINID");
	argv_add_text(out, "~");
	argv_add_u64(out, &q->arena, q->last > keep ? q->last - keep : 0);
	argv_add(out, stream_id_text((struct stream_id){ q->last, 0 }, &q->arena));
	for (size_t i = 0; i < q->packed.n; i++)
		argv_add(out, q->packed.v[i]);
	return true;
}

void numbered_free(struct numbered *q)
{
	argv_free(&q->packed);
	str_free(&q->one);
	arena_free(&q->arena);
	q->last = 0;
}

/* ---- reading ---- */

static bool is_packed(const struct reply *fields)
{
	return fields->count > 0 && slice_equal(fields->items[0].text, ENTRY_PACKED);
}

size_t numbered_count(const struct reply *entry, uint64_t *first_n)
{
	const struct reply *fields = reply_at(entry, 1);
	struct stream_id id;

	if (!stream_id_parse(reply_at(entry, 0)->text, &id))
		return 0;
	size_t count = is_packed(fields) ? fields->count / 2 : 1;
	if (id.ms < count)
		return 0;
	*first_n = id.ms - count + 1;
	return count;
}

int numbered_get(const struct record_table *t, const struct reply *entry, size_t i, void *record,
	struct arena *arena, struct err *err)
{
	const struct reply *fields = reply_at(entry, 1);
	struct slice *pairs;

	if (is_packed(fields))
		return record_unpack(t, record, reply_at(fields, 2 * i + 1)->text, err);
	ASSERT(i == 0);
	size_t n = reply_slices(fields, &pairs, arena);
	return record_unflatten(t, record, pairs, n / 2, err);
}
