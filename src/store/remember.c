/*
 * Small durable values by scope and key. Never part of the flow of messages. Called by host (channels' cursors)
 * and desk (log-in sessions, the list of users).
 */
#include "store/remember.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "store/inside.h"

struct remember_ask {
	void (*fn)(void *arg, int status);
	void *arg;
};

static void remember_answer(void *arg, int status, const struct reply *r)
{
	struct remember_ask *ask = arg;

	(void)r;
	ask->fn(ask->arg, status);
	free(ask);
}

void remember(struct store *s, const char *scope, struct slice key, struct slice value,
	uint32_t ttl_s, void (*fn)(void *arg, int status), void *arg)
{
	struct remember_ask *ask = mem_alloc(sizeof(*ask));
	struct key name = key_of_hash(&s->keys, KEY_KEEP, slice_of(scope), key);
	struct arena arena = { 0 };
	struct argv a = { 0 };

	ASSERT(fn);
	*ask = (struct remember_ask){ fn, arg };
	argv_add_text(&a, value.n ? "SET" : "DEL");
	argv_add(&a, key_slice(&name));
	if (value.n)
		argv_add(&a, value);
	if (value.n && ttl_s) {
		argv_add_text(&a, "EX");
		argv_add_u64(&a, &arena, ttl_s);
	}
	link_call(s->write, &a, remember_answer, ask);
	argv_free(&a);
	arena_free(&arena);
}

struct once_ask {
	void (*fn)(void *arg, int status);
	void *arg;
	char *value;
};

/* SET ... NX GET answers what was there before, or nil when it was set. */
static void once_answer(void *arg, int status, const struct reply *r)
{
	struct once_ask *ask = arg;

	if (!r)
		status = -EAGAIN;
	else if (status == 0 && r->type != REPLY_NIL && !slice_equal(r->text, slice_of(ask->value)))
		status = -EEXIST;
	ask->fn(ask->arg, status);
	free(ask->value);
	free(ask);
}

void remember_once(struct store *s, const char *scope, struct slice key, struct slice value,
	uint32_t ttl_s, void (*fn)(void *arg, int status), void *arg)
{
	struct once_ask *ask = mem_alloc(sizeof(*ask));
	struct key name = key_of_hash(&s->keys, KEY_KEEP, slice_of(scope), key);
	struct arena arena = { 0 };
	struct argv a = { 0 };

	ASSERT(fn && value.n);
	*ask = (struct once_ask){ fn, arg, slice_dup(value) };
	argv_add_text(&a, "SET");
	argv_add(&a, key_slice(&name));
	argv_add(&a, value);
	argv_add_text(&a, "NX");
	argv_add_text(&a, "GET");
	if (ttl_s) {
		argv_add_text(&a, "EX");
		argv_add_u64(&a, &arena, ttl_s);
	}
	link_call(s->write, &a, once_answer, ask);
	argv_free(&a);
	arena_free(&arena);
}

struct recall_ask {
	void (*fn)(void *arg, int status, struct slice value);
	void *arg;
};

static void recall_answer(void *arg, int status, const struct reply *r)
{
	struct recall_ask *ask = arg;
	struct slice none = { NULL, 0 };

	if (!r)
		status = -EAGAIN;
	else if (status == 0 && r->type == REPLY_NIL)
		status = -ENOENT;
	ask->fn(ask->arg, status, status ? none : r->text);
	free(ask);
}

void recall(struct store *s, const char *scope, struct slice key,
	void (*fn)(void *arg, int status, struct slice value), void *arg)
{
	struct recall_ask *ask = mem_alloc(sizeof(*ask));
	struct key name = key_of_hash(&s->keys, KEY_KEEP, slice_of(scope), key);
	struct slice words[] = { SLICE("GET"), key_slice(&name) };

	ASSERT(fn);
	*ask = (struct recall_ask){ fn, arg };
	/* On the write link: behind what was remembered before, answered or not. */
	link_call(s->write, &(struct argv){ words, 2, 2 }, recall_answer, ask);
}

struct users_ask {
	void (*fn)(void *arg, int status, const struct slice *names, size_t count);
	void *arg;
};

static int by_name(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return slice_compare(*x, *y);
}

static void users_answer(void *arg, int status, const struct reply *r)
{
	struct users_ask *ask = arg;
	struct arena arena = { 0 };
	struct slice *names = NULL;
	size_t n = 0;

	if (r && status == 0) {
		n = reply_slices(r, &names, &arena);
		qsort(names, n, sizeof(*names), by_name);
	}
	ask->fn(ask->arg, r ? status : -EAGAIN, names, n);
	arena_free(&arena);
	free(ask);
}

void users_read(struct store *s,
	void (*fn)(void *arg, int status, const struct slice *names, size_t count), void *arg)
{
	struct users_ask *ask = mem_alloc(sizeof(*ask));
	struct slice words[] = { SLICE("SMEMBERS"), key_slice(&s->keys.users) };

	ASSERT(fn);
	*ask = (struct users_ask){ fn, arg };
	link_call(s->ask, &(struct argv){ words, 2, 2 }, users_answer, ask);
}
