/*
 * Reads the numbered effects: all of them as they come, or those that a desk has missed. Never writes: a
 * commit does. Called by host and desk.
 */
#include "store/push.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "store/inbox.h"
#include "store/inside.h"
#include "store/numbered.h"
#include "store/reader.h"

#include "model/limits.h"

enum { PUSH_READ_MAX = 1000 };

struct follower {
	struct list_node node;
	struct store *store;
	struct reader *reader;
	uint64_t after_n;
	void (*fn)(void *arg, const struct effect *effects, size_t count);
	void *arg;
	struct arena arena;
};

/* The effects of stream entries behind after_n; those that cannot be read are left out. *last: the last number, read or not. */
static size_t effects_read(const struct reply *entries, uint64_t after_n, struct effect **out,
	uint64_t *last, struct arena *arena)
{
	size_t most = 0, n = 0, count;
	uint64_t at;

	for (size_t i = 0; i < entries->count; i++)
		most += numbered_count(&entries->items[i], &at);
	struct effect *v = arena_array(arena, most, sizeof(*v));
	for (size_t i = 0; i < entries->count; i++) {
		const struct reply *entry = &entries->items[i];
		struct err err = { "" };
		count = numbered_count(entry, &at);
		for (size_t k = 0; k < count; k++, at++) {
			*last = at;
			if (at <= after_n)
				continue;
			if (numbered_get(&effect_table, entry, k, &v[n], arena, &err)) {
				log_error("store", "an effect cannot be read n=%llu why=%s",
					(unsigned long long)at, err.text);
				v[n] = (struct effect){ .n = 0 };
				continue;
			}
			v[n++].n = at;
		}
	}
	*out = v;
	return n;
}

/* ---- following ---- */

static bool follower_ask(struct argv *out, struct arena *arena, void *arg)
{
	struct follower *f = arg;

	argv_add_text(out, "XREAD");
	argv_add_text(out, "COUNT");
	argv_add_u64(out, arena, PUSH_READ_MAX);
	argv_add_text(out, "BLOCK");
	argv_add_u64(out, arena, REDIS_BLOCK_MS);
	argv_add_text(out, "STREAMS");
	argv_add(out, key_slice(&f->store->keys.push));
	argv_add(out, stream_id_text((struct stream_id){ f->after_n, 0 }, arena));
	return true;
}

static void follower_got(const struct reply *r, void *arg)
{
	struct follower *f = arg;
	struct effect *effects;
	size_t n = effects_read(stream_entries(r), f->after_n, &effects, &f->after_n, &f->arena);

	if (n > 0)
		f->fn(f->arg, effects, n);
	arena_reset(&f->arena);
}

static const struct reader_ops follower_ops = { .ask = follower_ask, .got = follower_got };

void push_follow(struct store *s, uint64_t after_n,
	void (*fn)(void *arg, const struct effect *effects, size_t count), void *arg)
{
	struct follower *f = mem_alloc(sizeof(*f));

	ASSERT(fn);
	f->store = s;
	f->after_n = after_n;
	f->fn = fn;
	f->arg = arg;
	list_push_back(&s->followers, &f->node);
	f->reader = reader_new(s, "push", &follower_ops, f);
}

void followers_free(struct store *s)
{
	LIST_FOR (f, &s->followers, struct follower, node) {
		list_remove(&f->node);
		reader_free(&f->reader);
		arena_free(&f->arena);
		free(f);
	}
}

/* ---- a range ---- */

struct range {
	struct store *store;
	uint64_t after_n;
	void (*fn)(void *arg, int status, const struct effect *effects, size_t count);
	void *arg;
	struct arena arena;
	struct effect *effects;
	size_t count, max;
};

static void range_end(struct range *g, int status)
{
	g->fn(g->arg, status, status ? NULL : g->effects, status ? 0 : g->count);
	arena_free(&g->arena);
	free(g);
}

/* [entries after after_n, the first entry kept, the last one]: as one, so nothing is trimmed in between. */
static void range_answer(void *arg, int status, const struct reply *r)
{
	struct range *g = arg;
	struct stream_id last = { 0, 0 };
	uint64_t first = 0, end;

	if (!r || status) {
		range_end(g, r ? status : -EAGAIN);
		return;
	}
	numbered_count(reply_at(reply_at(r, 1), 0), &first);
	stream_id_parse(reply_at(reply_at(reply_at(r, 2), 0), 0)->text, &last);
	/* Older than what is kept, or from another life of the domain. */
	if ((first > 0 && g->after_n + 1 < first) || g->after_n > last.ms) {
		range_end(g, -ENOENT);
		return;
	}
	g->count = effects_read(reply_at(r, 0), g->after_n, &g->effects, &end, &g->arena);
	if (g->count > g->max) /* entries are cut, not effects */
		g->count = g->max;
	range_end(g, 0);
}

void push_range(struct store *s, uint64_t after_n, size_t max,
	void (*fn)(void *arg, int status, const struct effect *effects, size_t count), void *arg)
{
	struct range *g = mem_alloc(sizeof(*g));
	struct slice push = key_slice(&s->keys.push), one = SLICE("1");
	struct str commands = { 0 };

	ASSERT(fn && max > 0);
	g->store = s;
	g->after_n = after_n;
	g->max = max;
	g->fn = fn;
	g->arg = arg;
	struct slice from = stream_id_text((struct stream_id){ after_n + 1, 0 }, &g->arena);
	struct slice most = arena_printf(&g->arena, "%zu", max);
	struct slice range[] = { SLICE("XRANGE"), push, from, SLICE("+"), SLICE("COUNT"), most };
	struct slice first[] = { SLICE("XRANGE"), push, SLICE("-"), SLICE("+"), SLICE("COUNT"),
		one };
	struct slice last[] = { SLICE("XREVRANGE"), push, SLICE("+"), SLICE("-"), SLICE("COUNT"),
		one };
	resp_command(&commands, &(struct argv){ range, 6, 6 });
	resp_command(&commands, &(struct argv){ first, 6, 6 });
	resp_command(&commands, &(struct argv){ last, 6, 6 });
	link_multi(s->ask, str_slice(&commands), 3, range_answer, g);
	str_free(&commands);
}
