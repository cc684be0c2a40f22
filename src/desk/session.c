/*
 * Sessions in the store, tickets in memory; see the header.
 *
 *   cookie: token ── SHA-256 ──▶ key ── remember("session") ──▶ user=..&mark=..&at=..    mark: of the secret, so a new password ends it
 */
#include "desk/session.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "model/limits.h"
#include "model/pairs.h"
#include "store/remember.h"

static void hash_hex(struct slice bytes, size_t n, char *out)
{
	uint8_t hash[32];
	struct str hex = { 0 };
	ASSERT(n <= sizeof(hash));
	int done = EVP_Digest(bytes.n ? bytes.p : "", bytes.n, hash, NULL, EVP_sha256(), NULL);
	ASSERT(done == 1);
	str_add_hex(&hex, slice_make(hash, n));
	memcpy(out, hex.p, hex.n + 1);
	str_free(&hex);
}

static void chance_hex(size_t n, char *out)
{
	uint8_t chance[32];
	struct str hex = { 0 };
	ASSERT(n <= sizeof(chance));
	chance_bytes(chance, n);
	str_add_hex(&hex, slice_make(chance, n));
	memcpy(out, hex.p, hex.n + 1);
	OPENSSL_cleanse(hex.p, hex.n);
	str_free(&hex);
}

/* ---- users ---- */

struct user_ask {
	struct arena arena;
	struct pairs_found found;
	struct who who;
	void (*fn)(void *arg, int status, const struct who *who);
	void *arg;
};

static void on_user(void *arg, int status)
{
	struct user_ask *a = arg;
	struct who *w = &a->who;
	w->role = (enum role)word_parse(role_words, found_get(&a->found, "role"));
	w->name = found_get(&a->found, "name");
	w->secret = found_get(&a->found, "secret");
	if (!status && w->role == ROLE_NONE)
		status = -ENOENT;
	a->fn(a->arg, status, status ? NULL : w);
	arena_free(&a->arena);
	free(a);
}

void user_find(struct store *s, struct slice user,
	void (*fn)(void *arg, int status, const struct who *who), void *arg)
{
	struct user_ask *a = mem_alloc(sizeof(*a));
	a->fn = fn;
	a->arg = arg;
	a->who.user = arena_copy(&a->arena, user);
	struct lookup *l = lookup_new(s, &a->arena);
	lookup_user(l, a->who.user, &a->found);
	lookup_run(l, on_user, a);
}

/* ---- sessions ---- */

enum { MARK_BYTES = 8 };

static void value_write(struct str *out, const struct who *w)
{
	char mark[2 * MARK_BYTES + 1];
	struct str at = { 0 };
	hash_hex(w->secret, MARK_BYTES, mark);
	str_add_u64(&at, clock_wall_us() / 1000000);
	pairs_add(out, SLICE("user"), w->user);
	pairs_add(out, SLICE("mark"), slice_of(mark));
	pairs_add(out, SLICE("at"), str_slice(&at));
	str_free(&at);
}

struct session_making {
	char token[SESSION_TOKEN_LEN + 1];
	void (*fn)(void *arg, int status, const char *token);
	void *arg;
};

static void on_made(void *arg, int status)
{
	struct session_making *m = arg;
	m->fn(m->arg, status, m->token);
	OPENSSL_cleanse(m->token, sizeof(m->token));
	free(m);
}

bool session_key(struct slice token, char key[SESSION_KEY_LEN + 1])
{
	if (token.n != SESSION_TOKEN_LEN)
		return false;
	hash_hex(token, 32, key);
	return true;
}

void session_make(struct store *s, const struct who *who,
	void (*fn)(void *arg, int status, const char *token), void *arg)
{
	char key[SESSION_KEY_LEN + 1];
	struct str value = { 0 };
	struct session_making *m = mem_alloc(sizeof(*m));
	m->fn = fn;
	m->arg = arg;
	chance_hex(32, m->token);
	bool made = session_key(slice_make(m->token, SESSION_TOKEN_LEN), key);
	ASSERT(made);
	value_write(&value, who);
	remember(s, "session", slice_of(key), str_slice(&value), SESSION_KEEP_S, on_made, m);
	str_free(&value);
}

struct session_ask {
	struct store *store;
	char key[SESSION_KEY_LEN + 1];
	struct arena arena;
	struct slice value;
	void (*fn)(void *arg, int status, const struct who *who);
	void *arg;
};

static void ask_done(struct session_ask *a, int status, const struct who *who)
{
	a->fn(a->arg, status, who);
	arena_free(&a->arena);
	free(a);
}

static void on_touched(void *arg, int status)
{
	(void)arg;
	(void)status; /* not prolonged now: the next use will do it */
}

static void touch_if_old(struct session_ask *a, const struct who *w)
{
	uint64_t at_s = 0;
	struct str value = { 0 };
	(void)slice_u64(pairs_get(a->value, "at", &a->arena), &at_s);
	if (clock_wall_us() / 1000000 < at_s + SESSION_TOUCH_S)
		return;
	value_write(&value, w);
	remember(a->store, "session", slice_of(a->key), str_slice(&value), SESSION_KEEP_S,
		on_touched, NULL);
	str_free(&value);
}

static void on_session_user(void *arg, int status, const struct who *found)
{
	struct session_ask *a = arg;
	char mark[2 * MARK_BYTES + 1];
	if (status) {
		ask_done(a, status, NULL);
		return;
	}
	struct who w = *found;
	w.key = slice_make(a->key, SESSION_KEY_LEN);
	hash_hex(w.secret, MARK_BYTES, mark);
	if (!slice_is(pairs_get(a->value, "mark", &a->arena), mark)) {
		ask_done(a, -ENOENT, NULL);
		return;
	}
	touch_if_old(a, &w);
	ask_done(a, 0, &w);
}

static void on_session(void *arg, int status, struct slice value)
{
	struct session_ask *a = arg;
	if (status) {
		ask_done(a, status, NULL);
		return;
	}
	a->value = arena_copy(&a->arena, value);
	user_find(a->store, pairs_get(a->value, "user", &a->arena), on_session_user, a);
}

void session_find(struct store *s, struct slice key,
	void (*fn)(void *arg, int status, const struct who *who), void *arg)
{
	struct session_ask *a = mem_alloc(sizeof(*a));
	ASSERT(key.n == SESSION_KEY_LEN);
	a->store = s;
	a->fn = fn;
	a->arg = arg;
	memcpy(a->key, key.p, key.n);
	recall(s, "session", slice_make(a->key, SESSION_KEY_LEN), on_session, a);
}

void session_end(struct store *s, struct slice key, void (*fn)(void *arg, int status), void *arg)
{
	remember(s, "session", key, SLICE(""), 0, fn, arg);
}

/* ---- tickets ---- */

static void ticket_unlink(struct tickets *t, struct ticket *k)
{
	struct ticket *was = map_remove(&t->by_text, slice_of(k->text));
	ASSERT(was == k);
	list_remove(&k->node);
}

static void drop_old(struct tickets *t, uint64_t now_us)
{
	while (t->order.first) {
		struct ticket *k = LIST_ENTRY(t->order.first, struct ticket, node);
		if (k->until_us > now_us && t->order.count < TICKETS_MAX)
			return;
		ticket_unlink(t, k);
		ticket_free(&k);
	}
}

const char *ticket_make(struct tickets *t, const struct who *who, uint64_t now_us)
{
	struct ticket *k = mem_alloc(sizeof(*k));
	drop_old(t, now_us);
	chance_hex(TICKET_LEN / 2, k->text);
	k->user = slice_dup(who->user);
	k->name = slice_dup(who->name);
	k->key = slice_dup(who->key);
	k->role = who->role;
	k->until_us = now_us + (uint64_t)TICKET_KEEP_MS * 1000;
	map_put(&t->by_text, slice_of(k->text), k);
	list_push_back(&t->order, &k->node);
	return k->text;
}

struct ticket *ticket_take(struct tickets *t, struct slice text, uint64_t now_us)
{
	struct ticket *k = map_get(&t->by_text, text);
	if (!k)
		return NULL;
	ticket_unlink(t, k);
	if (k->until_us <= now_us)
		ticket_free(&k);
	return k;
}

void ticket_free(struct ticket **k)
{
	if (!*k)
		return;
	free((*k)->user);
	free((*k)->name);
	free((*k)->key);
	free(*k);
	*k = NULL;
}

void tickets_free(struct tickets *t)
{
	while (t->order.first) {
		struct ticket *k = LIST_ENTRY(t->order.first, struct ticket, node);
		ticket_unlink(t, k);
		ticket_free(&k);
	}
	map_free(&t->by_text);
}
