/*
 * Reads the list of messages that could not be sent. Never writes: that is the router's, in the commit of what became of the message. Called by app.
 */
#include "store/dead.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/inside.h"

struct dead_ask {
	struct store *store;
	struct arena arena;
	struct dead_letter *letters;
	size_t count;
	void (*fn)(void *arg, int status, const struct dead_letter *letters, size_t count,
		uint64_t all);
	void *arg;
};

static void dead_end(struct dead_ask *ask, int status, uint64_t all)
{
	ask->fn(ask->arg, status, ask->letters, status ? 0 : ask->count, all);
	arena_free(&ask->arena);
	free(ask);
}

/* "MESSAGE CONV SEQ CHANNEL" */
static bool letter_parse(struct slice text, struct dead_letter *out)
{
	return id_parse(slice_cut(&text, ' '), &out->message) &&
	       id_parse(slice_cut(&text, ' '), &out->conv) &&
	       slice_u64(slice_cut(&text, ' '), &out->seq) && out->seq && text.n &&
	       (out->channel = text, true);
}

static void dead_counted(void *arg, int status, const struct reply *r)
{
	struct dead_ask *ask = arg;

	dead_end(ask, r ? status : -EAGAIN, r && !status ? reply_u64(r) : 0);
}

static void dead_listed(void *arg, int status, const struct reply *r)
{
	struct dead_ask *ask = arg;
	struct slice words[] = { SLICE("ZCARD"), key_slice(&ask->store->keys.dead) };

	if (!r || status) {
		dead_end(ask, r ? status : -EAGAIN, 0);
		return;
	}
	ask->letters = arena_array(&ask->arena, r->count, sizeof(*ask->letters));
	for (size_t i = 0; i < r->count; i++) {
		struct slice text = arena_copy(&ask->arena, r->items[i].text);
		if (letter_parse(text, &ask->letters[ask->count]))
			ask->count++;
		else
			log_error("store", "an entry of the dead letters cannot be read");
	}
	link_call(ask->store->ask, &(struct argv){ words, 2, 2 }, dead_counted, ask);
}

void dead_read(struct store *s, size_t max,
	void (*fn)(void *arg, int status, const struct dead_letter *letters, size_t count,
		uint64_t all),
	void *arg)
{
	struct dead_ask *ask = mem_alloc(sizeof(*ask));
	uint64_t most = max < REDIS_ITEMS_MAX ? max : REDIS_ITEMS_MAX;

	ASSERT(fn && max > 0);
	ask->store = s;
	ask->fn = fn;
	ask->arg = arg;
	struct slice words[] = { SLICE("ZRANGE"), key_slice(&s->keys.dead), SLICE("0"),
		arena_printf(&ask->arena, "%llu", (unsigned long long)(most - 1)) };
	link_call(s->ask, &(struct argv){ words, 4, 4 }, dead_listed, ask);
}
