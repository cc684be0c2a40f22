/*
 * Reads what was said and who the customer is. Never writes. Called by desk and host.
 */
#include "store/history.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/inside.h"

static int read_status(int status, const struct reply *r)
{
	return r ? status : -EAGAIN; /* a read changes nothing: asked again is as good */
}

static void pairs_take(struct pairs_found *f, const struct reply *r, struct arena *arena)
{
	f->count = r->count / 2;
	f->v = arena_array(arena, r->count, sizeof(*f->v));
	for (size_t i = 0; i < r->count; i++)
		f->v[i] = arena_copy(arena, r->items[i].text);
}

/* ---- entries of a conversation ---- */

struct history_ask {
	uint64_t after_seq;
	void (*fn)(void *arg, int status, const struct entry *entries, size_t count);
	void *arg;
};

static void history_answer(void *arg, int status, const struct reply *r)
{
	struct history_ask *ask = arg;
	struct arena arena = { 0 };
	struct entry *v = NULL;
	size_t n = 0;

	status = read_status(status, r);
	if (status == 0)
		v = arena_array(&arena, r->count, sizeof(*v));
	for (size_t i = 0; status == 0 && i < r->count; i++) {
		struct err err = { "" };
		if (record_unpack(&entry_table, &v[n], r->items[i].text, &err)) {
			/* One damaged entry must not hide the others: it is shown as what it is. */
			log_error("store", "a history entry cannot be read seq=%llu why=%s",
				(unsigned long long)(ask->after_seq + i + 1), err.text);
			v[n] = (struct entry){ .seq = ask->after_seq + i + 1,
				.direction = DIRECTION_SYSTEM,
				.quarantine = SLICE("damaged") };
		}
		n++;
	}
	ask->fn(ask->arg, status, v, n);
	arena_free(&arena);
	free(ask);
}

void history_read(struct store *s, struct id conv, uint64_t after_seq, size_t max,
	void (*fn)(void *arg, int status, const struct entry *entries, size_t count), void *arg)
{
	struct history_ask *ask = mem_alloc(sizeof(*ask));
	struct key key = key_of_id(&s->keys, KEY_LOG, conv);
	struct arena arena = { 0 };
	struct argv a = { 0 };

	ASSERT(fn && max > 0);
	uint64_t most = max < REDIS_ITEMS_MAX ? max : REDIS_ITEMS_MAX;
	/* Strangers say which number they have seen last; behind the largest that Redis knows is nothing, as behind any that is too large. */
	if (after_seq > INT64_MAX - most)
		after_seq = INT64_MAX - most;
	*ask = (struct history_ask){ after_seq, fn, arg };
	argv_add_text(&a, "LRANGE");
	argv_add(&a, key_slice(&key));
	argv_add_u64(&a, &arena, after_seq);
	argv_add_u64(&a, &arena, after_seq + most - 1);
	link_call(s->ask, &a, history_answer, ask);
	argv_free(&a);
	arena_free(&arena);
}

/* ---- a conversation as it is now ---- */

struct conv_ask {
	void (*fn)(void *arg, int status, const struct pairs_found *fields);
	void *arg;
};

static void conv_answer(void *arg, int status, const struct reply *r)
{
	struct conv_ask *ask = arg;
	struct arena arena = { 0 };
	struct pairs_found found = { NULL, 0 };

	status = read_status(status, r);
	if (status == 0)
		pairs_take(&found, r, &arena);
	if (status == 0 && found.count == 0)
		status = -ENOENT;
	ask->fn(ask->arg, status, &found);
	arena_free(&arena);
	free(ask);
}

void conv_read(struct store *s, struct id conv,
	void (*fn)(void *arg, int status, const struct pairs_found *fields), void *arg)
{
	struct conv_ask *ask = mem_alloc(sizeof(*ask));
	struct key key = key_of_id(&s->keys, KEY_CONV, conv);
	struct slice words[] = { SLICE("HGETALL"), key_slice(&key) };

	ASSERT(fn);
	*ask = (struct conv_ask){ fn, arg };
	link_call(s->ask, &(struct argv){ words, 2, 2 }, conv_answer, ask);
}

/* ---- the card of a customer ---- */

struct card_ask {
	struct store *store;
	struct arena arena;
	struct customer_row row;
	struct identity_row *identities;
	struct id *convs;
	struct pairs_found *conv_fields;
	size_t due; /* conversations not yet answered */
	size_t next;
	int status;
	void (*fn)(void *arg, int status, const struct customer_row *c);
	void *arg;
};

static void card_end(struct card_ask *ask)
{
	struct customer_row *row = &ask->row;

	row->identities = ask->identities;
	row->convs = ask->convs;
	row->conv_fields = ask->conv_fields;
	ask->fn(ask->arg, ask->status, ask->status ? NULL : row);
	arena_free(&ask->arena);
	free(ask);
}

/* "v5:emailann@x.org", as commit_identity wrote it. */
static bool identity_take(
	struct identity_row *row, struct slice member, struct slice score, struct arena *arena)
{
	struct slice rest = member, head = slice_cut(&rest, ':');
	uint64_t kind_n = 0;

	if (head.n < 2 || !slice_u64(slice_make(head.p + 1, head.n - 1), &kind_n) ||
		kind_n > rest.n)
		return false;
	struct slice text = arena_copy(arena, rest);
	row->verified = head.p[0] == 'v';
	row->kind = slice_make(text.p, kind_n);
	row->value = slice_make(text.p + kind_n, text.n - kind_n);
	row->at_us = 0;
	slice_u64(score, &row->at_us);
	return true;
}

static void card_conv_answer(void *arg, int status, const struct reply *r)
{
	struct card_ask *ask = arg;

	status = read_status(status, r);
	if (status && ask->status == 0)
		ask->status = status;
	if (status == 0)
		pairs_take(&ask->conv_fields[ask->next], r, &ask->arena);
	ask->next++; /* answers come in the order of the questions */
	if (--ask->due == 0)
		card_end(ask);
}

static void card_ask_convs(struct card_ask *ask)
{
	ask->due = ask->row.conv_count;
	if (ask->due == 0) {
		card_end(ask);
		return;
	}
	for (size_t i = 0; i < ask->row.conv_count; i++) {
		struct key key = key_of_id(&ask->store->keys, KEY_CONV, ask->convs[i]);
		struct slice words[] = { SLICE("HGETALL"), key_slice(&key) };
		link_call(ask->store->ask, &(struct argv){ words, 2, 2 }, card_conv_answer, ask);
	}
}

/* [fields, identities with scores, conversations] */
static void card_answer(void *arg, int status, const struct reply *r)
{
	struct card_ask *ask = arg;
	struct customer_row *row = &ask->row;

	ask->status = read_status(status, r);
	if (ask->status == 0 && reply_at(r, 0)->count == 0)
		ask->status = -ENOENT;
	if (ask->status) {
		card_end(ask);
		return;
	}
	const struct reply *idents = reply_at(r, 1), *convs = reply_at(r, 2);
	pairs_take(&row->fields, reply_at(r, 0), &ask->arena);
	ask->identities = arena_array(&ask->arena, idents->count, sizeof(*ask->identities));
	for (size_t i = 0; i + 1 < idents->count; i += 2)
		if (identity_take(&ask->identities[row->identity_count], idents->items[i].text,
			    idents->items[i + 1].text, &ask->arena))
			row->identity_count++;
	ask->convs = arena_array(&ask->arena, convs->count, sizeof(*ask->convs));
	ask->conv_fields = arena_array(&ask->arena, convs->count, sizeof(*ask->conv_fields));
	for (size_t i = 0; i < convs->count; i++)
		if (id_parse(convs->items[i].text, &ask->convs[row->conv_count]))
			row->conv_count++;
	card_ask_convs(ask);
}

void customer_read(struct store *s, struct id customer, size_t max,
	void (*fn)(void *arg, int status, const struct customer_row *c), void *arg)
{
	struct card_ask *ask = mem_alloc(sizeof(*ask));
	struct key fields = key_of_id(&s->keys, KEY_CUSTOMER, customer);
	struct key idents = key_of_id(&s->keys, KEY_CUSTOMER_IDENTS, customer);
	struct key convs = key_of_id(&s->keys, KEY_CUSTOMER_CONVS, customer);
	struct str commands = { 0 };

	ASSERT(fn && max > 0);
	ask->store = s;
	ask->row.id = customer;
	ask->fn = fn;
	ask->arg = arg;
	struct slice last = arena_printf(&ask->arena, "%zu", max - 1);
	struct slice all[] = { SLICE("HGETALL"), key_slice(&fields) };
	struct slice who[] = { SLICE("ZRANGE"), key_slice(&idents), SLICE("0"), SLICE("-1"),
		SLICE("WITHSCORES") };
	struct slice what[] = { SLICE("ZREVRANGE"), key_slice(&convs), SLICE("0"), last };
	resp_command(&commands, &(struct argv){ all, 2, 2 });
	resp_command(&commands, &(struct argv){ who, 5, 5 });
	resp_command(&commands, &(struct argv){ what, 4, 4 });
	link_multi(s->ask, str_slice(&commands), 3, card_answer, ask);
	str_free(&commands);
}
