/*
 * What a batch knows: conversation rows, and the threads, identities and dedup keys that it has decided before Redis
 * knows them, so that two commands of one batch see each other.
 */
#include <stdlib.h>

#include "base/assert.h"
#include "router/batch.h"

void batch_clear(struct batch *b)
{
	map_free(&b->rows);
	map_free(&b->threads);
	map_free(&b->identities);
	map_free(&b->dedups);
	map_free(&b->agents);
	map_free(&b->cards);
	map_free(&b->entries);
	commit_drop(&b->commit);
	free(b->steps);
	b->steps = NULL;
	b->work = NULL;
	b->count = b->step_count = b->step_cap = 0;
	b->accepted = b->duplicate = b->quarantined = b->damaged = 0;
	b->away_asked = false;
	b->away = (struct away_found){ NULL, 0 };
	b->absents = NULL;
	b->absent_count = b->away_due = 0;
	b->mailed = b->away_next_us = 0;
	arena_reset(&b->arena);
}

static struct slice id_key(const struct id *id)
{
	return slice_make(id, sizeof(*id));
}

struct row *batch_row_find(const struct batch *b, struct id conv)
{
	return map_get(&b->rows, id_key(&conv));
}

struct row *batch_row(struct batch *b, struct id conv)
{
	ASSERT(!id_is_none(conv));
	struct row *row = batch_row_find(b, conv);
	if (row)
		return row;
	row = arena_alloc(&b->arena, sizeof(*row));
	row->conv = conv;
	map_put(&b->rows, id_key(&conv), row);
	return row;
}

static struct id found_id(const struct pairs_found *f, const char *name)
{
	struct id v = { 0, 0 };
	(void)id_parse(found_get(f, name), &v);
	return v;
}

void row_load(struct row *row)
{
	const struct pairs_found *f = &row->stored;
	if (!f->count || row->known)
		return;
	row->known = true;
	row->customer = found_id(f, "customer");
	row->linked = found_id(f, "linked");
	row->channel = found_get(f, "channel");
	row->kind = found_get(f, "kind");
	row->thread = found_get(f, "thread");
	row->name = found_get(f, "name");
	row->address = found_get(f, "address");
	row->subject = found_get(f, "subject");
	row->queue = found_get(f, "queue");
	row->segment = found_get(f, "segment");
	row->owner = found_get(f, "owner");
	row->lang = found_get(f, "lang");
	row->writer = found_get(f, "writer");
	row->refs = found_get(f, "refs");
	row->snippet = found_get(f, "snippet");
	row->arrived_us = found_u64(f, "arrived");
	row->last_seq = found_u64(f, "last_seq");
	row->last_in = found_u64(f, "last_in");
	row->seen = found_u64(f, "seen");
	row->left = found_u64(f, "left");
	row->rating = found_u64(f, "rating");
	row->mail_to = found_get(f, "mail_to");
	row->mailed = found_u64(f, "mailed");
	row->last_out = found_u64(f, "last_out");
	row->mail_us = row->mail_listed_us = found_u64(f, "mail_at");
}

/* ---- decided in this batch ---- */

static struct slice joined(struct batch *b, struct slice one, struct slice two)
{
	return arena_printf(&b->arena, "%.*s%c%.*s", SLICE_ARG(one), '\n', SLICE_ARG(two));
}

static void put_id(struct batch *b, struct map *m, struct slice key, struct id id)
{
	struct id *kept = arena_alloc(&b->arena, sizeof(*kept));
	*kept = id;
	map_put(m, key, kept);
}

static struct id get_id(const struct map *m, struct slice key)
{
	const struct id *kept = map_get(m, key);
	return kept ? *kept : (struct id){ 0, 0 };
}

void batch_thread_put(struct batch *b, struct slice channel, struct slice key, struct id conv)
{
	put_id(b, &b->threads, joined(b, channel, key), conv);
}

struct id batch_thread(const struct batch *b, struct slice channel, struct slice key)
{
	struct batch *arena_owner = (struct batch *)(uintptr_t)b; /* only its arena grows */
	return get_id(&b->threads, joined(arena_owner, channel, key));
}

static struct slice identity_key(
	const struct batch *b, struct slice kind, struct slice value, bool verified)
{
	struct batch *arena_owner = (struct batch *)(uintptr_t)b;
	return arena_printf(&arena_owner->arena, "%c%.*s\n%.*s", verified ? 'v' : 'c',
		SLICE_ARG(kind), SLICE_ARG(value));
}

void batch_identity_put(
	struct batch *b, struct slice kind, struct slice value, bool verified, struct id customer)
{
	put_id(b, &b->identities, identity_key(b, kind, value, verified), customer);
}

struct id batch_identity(
	const struct batch *b, struct slice kind, struct slice value, bool verified)
{
	return get_id(&b->identities, identity_key(b, kind, value, verified));
}

void batch_dedup_put(struct batch *b, struct slice key, struct slice result)
{
	struct slice *kept = arena_alloc(&b->arena, sizeof(*kept));
	*kept = result;
	map_put(&b->dedups, key, kept);
}

struct slice batch_dedup(const struct batch *b, struct slice key)
{
	const struct slice *kept = map_get(&b->dedups, key);
	return kept ? *kept : (struct slice){ NULL, 0 };
}

void batch_agent_touch(struct batch *b, struct slice agent)
{
	if (agent.n)
		map_put(&b->agents, agent, b);
}

void batch_decide(struct batch *b, const struct event *ev, struct work *w)
{
	if (b->step_count == b->step_cap) {
		b->step_cap = b->step_cap ? b->step_cap * 2 : 64;
		b->steps = mem_resize(b->steps, b->step_cap, sizeof(*b->steps));
	}
	struct decided *d = &b->steps[b->step_count++];
	record_copy(&event_table, &d->ev, ev, &b->arena);
	d->work = w;
}
