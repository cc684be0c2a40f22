/*
 * Builds one commit as the bytes of its commands, so that running it is one append to the link. Never reads.
 * Called by the router.
 *
 * Why a log entry is never doubled although RPUSH is not idempotent: it is in the same EXEC as the cursor.
 * Either both are on disk, and the cursor then says so, or neither. (Where history lives on other servers than the
 * cursor, RPUSH has to give way to something that names the index; entries carry their seq for that.)
 */
#include "store/commit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "model/limits.h"
#include "store/fence.h"
#include "store/format.h"
#include "store/inside.h"
#include "store/numbered.h"
#include "store/reader.h"

struct commit {
	struct store *store;
	struct str commands;
	size_t count;
	struct argv argv;
	struct arena arena; /* of the command being built */
	size_t applied_count;
	struct stream_id inbox;
	struct numbered journal, push;
	void (*fn)(void *arg, int status);
	void *arg;
};

/* ---- one command ---- */

static struct argv *commit_begin(struct commit *c, const char *verb, struct slice key)
{
	argv_clear(&c->argv);
	argv_add_text(&c->argv, verb);
	argv_add(&c->argv, key);
	return &c->argv;
}

static void commit_end(struct commit *c)
{
	resp_command(&c->commands, &c->argv);
	c->count++;
	arena_reset(&c->arena);
}

static struct slice commit_id(struct commit *c, struct id id)
{
	char text[ID_TEXT_LEN + 1];

	return arena_copy(&c->arena, slice_make(id_text(id, text), ID_TEXT_LEN));
}

static void commit_add_pairs(struct argv *a, const struct argv *pairs)
{
	ASSERT(pairs->n % 2 == 0);
	for (size_t i = 0; i < pairs->n; i++)
		argv_add(a, pairs->v[i]);
}

static void commit_hash(struct commit *c, const struct key *key, const struct argv *pairs)
{
	if (pairs->n == 0)
		return;
	commit_add_pairs(commit_begin(c, "HSET", key_slice(key)), pairs);
	commit_end(c);
}

/* ---- the parts ---- */

struct commit *commit_new(struct store *s)
{
	struct commit *c = mem_alloc(sizeof(*c));

	c->store = s;
	return c;
}

void commit_applied(struct commit *c, struct stream_id inbox_id)
{
	c->applied_count++;
	if (inbox_id.ms > c->inbox.ms || (inbox_id.ms == c->inbox.ms && inbox_id.n > c->inbox.n))
		c->inbox = inbox_id;
}

void commit_event(struct commit *c, uint64_t n, const struct event *ev)
{
	numbered_add(&c->journal, &event_table, n, ev);
}

void commit_effect(struct commit *c, const struct effect *ef)
{
	numbered_add(&c->push, &effect_table, ef->n, ef);
}

void commit_entry(struct commit *c, struct id conv, const struct entry *en)
{
	struct key key = key_of_id(&c->store->keys, KEY_LOG, conv);
	struct str packed = { 0 };

	ASSERT(en->seq > 0);
	record_pack(&entry_table, en, &packed);
	argv_add(commit_begin(c, "RPUSH", key_slice(&key)), str_slice(&packed));
	commit_end(c);
	str_free(&packed);
}

void commit_entry_set(struct commit *c, struct id conv, const struct entry *en)
{
	struct key key = key_of_id(&c->store->keys, KEY_LOG, conv);
	struct str packed = { 0 };

	ASSERT(en->seq > 0);
	record_pack(&entry_table, en, &packed);
	struct argv *a = commit_begin(c, "LSET", key_slice(&key));
	argv_add_u64(a, &c->arena, en->seq - 1);
	argv_add(a, str_slice(&packed));
	commit_end(c);
	str_free(&packed);
}

void commit_conv(struct commit *c, struct id conv, const struct argv *pairs)
{
	struct key key = key_of_id(&c->store->keys, KEY_CONV, conv);

	commit_hash(c, &key, pairs);
}

void commit_customer(struct commit *c, struct id customer, const struct argv *pairs)
{
	struct key key = key_of_id(&c->store->keys, KEY_CUSTOMER, customer);

	commit_hash(c, &key, pairs);
}

void commit_customer_conv(struct commit *c, struct id customer, struct id conv, uint64_t at_us)
{
	struct key key = key_of_id(&c->store->keys, KEY_CUSTOMER_CONVS, customer);
	struct argv *a = commit_begin(c, "ZADD", key_slice(&key));

	argv_add_u64(a, &c->arena, at_us);
	argv_add(a, commit_id(c, conv));
	commit_end(c);
}

void commit_customer_conv_end(struct commit *c, struct id customer, struct id conv)
{
	struct key key = key_of_id(&c->store->keys, KEY_CUSTOMER_CONVS, customer);

	argv_add(commit_begin(c, "ZREM", key_slice(&key)), commit_id(c, conv));
	commit_end(c);
}

/* The customer's list has members "v5:emailann@x.org": verified or claimed, length of the kind, kind, value. */
void commit_identity(struct commit *c, struct slice kind, struct slice value, bool verified,
	struct id customer, uint64_t at_us)
{
	struct key key =
		key_of_hash(&c->store->keys, verified ? KEY_IDENT : KEY_CLAIM, kind, value);

	argv_add(commit_begin(c, "SET", key_slice(&key)), commit_id(c, customer));
	commit_end(c);
	key = key_of_id(&c->store->keys, KEY_CUSTOMER_IDENTS, customer);
	struct argv *a = commit_begin(c, "ZADD", key_slice(&key));
	argv_add_text(a, "NX"); /* the first time stays */
	argv_add_u64(a, &c->arena, at_us);
	argv_add(a, arena_printf(&c->arena, "%c%zu:%.*s%.*s", verified ? 'v' : 'c', kind.n,
			    SLICE_ARG(kind), SLICE_ARG(value)));
	commit_end(c);
}

void commit_thread(struct commit *c, struct slice channel, struct slice key, struct id conv)
{
	struct key name = key_of_hash(&c->store->keys, KEY_THREAD, channel, key);

	argv_add(commit_begin(c, "SET", key_slice(&name)), commit_id(c, conv));
	commit_end(c);
}

void commit_dedup(struct commit *c, struct slice key, struct slice result)
{
	struct key name = key_of_hash(&c->store->keys, KEY_DEDUP, key, (struct slice){ NULL, 0 });
	struct argv *a = commit_begin(c, "SET", key_slice(&name));

	argv_add(a, result);
	argv_add_text(a, "EX");
	argv_add_u64(a, &c->arena, DEDUP_KEEP_S);
	commit_end(c);
}

void commit_away(struct commit *c, struct id conv, uint64_t at_us)
{
	struct argv *a = commit_begin(c, at_us ? "ZADD" : "ZREM", key_slice(&c->store->keys.away));

	if (at_us)
		argv_add_u64(a, &c->arena, at_us);
	argv_add(a, commit_id(c, conv));
	commit_end(c);
}

/* "MESSAGE CONV SEQ CHANNEL": an entry of the lists of messages that wait for somebody's decision. */
static struct slice place_make(struct commit *c, struct id conv, const struct entry *en)
{
	char id[ID_TEXT_LEN + 1], of[ID_TEXT_LEN + 1];

	return arena_printf(&c->arena, "%s %s %llu %.*s", id_text(en->id, id), id_text(conv, of),
		(unsigned long long)en->seq, SLICE_ARG(en->channel));
}

static void place_add(
	struct commit *c, const struct key *key, struct slice place, uint64_t at_us, int most)
{
	struct argv *a = commit_begin(c, "ZADD", key_slice(key));

	argv_add_u64(a, &c->arena, at_us);
	argv_add(a, place);
	commit_end(c);
	/* the oldest go; their messages stay what they are */
	a = commit_begin(c, "ZREMRANGEBYRANK", key_slice(key));
	argv_add_text(a, "0");
	argv_add(a, arena_printf(&c->arena, "%d", -(most + 1)));
	commit_end(c);
}

static void place_remove(struct commit *c, const struct key *key, struct slice place)
{
	argv_add(commit_begin(c, "ZREM", key_slice(key)), place);
	commit_end(c);
}

void commit_dead(
	struct commit *c, struct id conv, const struct entry *en, uint64_t at_us, bool dead)
{
	struct slice place = place_make(c, conv, en);

	if (dead)
		place_add(c, &c->store->keys.dead, place, at_us, DEAD_MAX);
	else
		place_remove(c, &c->store->keys.dead, place);
}

void commit_quarantine(struct commit *c, struct id conv, const struct entry *en, uint64_t at_us)
{
	place_add(c, &c->store->keys.quarantine, place_make(c, conv, en), at_us, QUARANTINE_MAX);
}

void commit_quarantine_end(struct commit *c, struct slice place)
{
	place_remove(c, &c->store->keys.quarantine, place);
}

void commit_agent(struct commit *c, struct slice agent, const struct argv *pairs)
{
	struct key key = key_of_name(&c->store->keys, KEY_AGENT, agent);

	commit_hash(c, &key, pairs);
}

void commit_user(struct commit *c, struct slice user, const struct argv *pairs)
{
	struct key key = key_of_name(&c->store->keys, KEY_USER, user);

	commit_hash(c, &key, pairs);
	argv_add(commit_begin(c, "SADD", key_slice(&c->store->keys.users)), user);
	commit_end(c);
}

void commit_user_remove(struct commit *c, struct slice user)
{
	struct key key = key_of_name(&c->store->keys, KEY_USER, user);
	struct key texts = key_of_name(&c->store->keys, KEY_OWN_TEXTS, user);

	commit_begin(c, "DEL", key_slice(&key));
	commit_end(c);
	commit_begin(c, "DEL", key_slice(&texts));
	commit_end(c);
	argv_add(commit_begin(c, "SREM", key_slice(&c->store->keys.users)), user);
	commit_end(c);
}

void commit_own_text(
	struct commit *c, struct slice user, struct id id, struct slice title, struct slice text)
{
	struct key key = key_of_name(&c->store->keys, KEY_OWN_TEXTS, user);
	struct argv *a = commit_begin(c, text.n ? "HSET" : "HDEL", key_slice(&key));

	argv_add(a, commit_id(c, id));
	if (text.n)
		argv_add(a,
			arena_printf(&c->arena, "%.*s\n%.*s", SLICE_ARG(title), SLICE_ARG(text)));
	commit_end(c);
}

void commit_outbound(struct commit *c, const struct outbound *o)
{
	struct key key = key_of_name(&c->store->keys, KEY_OUT, o->channel);
	struct argv *a = commit_begin(c, "XADD", key_slice(&key));

	argv_add_text(a, "*");
	record_flatten(&outbound_table, o, a, &c->arena);
	commit_end(c);
}

void commit_count(struct commit *c, const char *name, int64_t add)
{
	struct argv *a = commit_begin(c, "HINCRBY", key_slice(&c->store->keys.count));

	argv_add_text(a, name);
	argv_add(a, arena_printf(&c->arena, "%lld", (long long)add));
	commit_end(c);
}

void commit_snapshot(struct commit *c, uint64_t n, struct slice saved)
{
	struct argv *a = commit_begin(c, "HSET", key_slice(&c->store->keys.snapshot));

	argv_add_text(a, "n");
	argv_add_u64(a, &c->arena, n);
	argv_add_text(a, "saved");
	argv_add(a, saved);
	commit_end(c);
}

/* ---- running ---- */

bool commit_is_empty(const struct commit *c)
{
	return c->count == 0 && c->applied_count == 0 && !c->journal.last && !c->push.last;
}

static void commit_add_cursor(struct commit *c)
{
	struct argv *a = commit_begin(c, "HSET", key_slice(&c->store->keys.cursor));

	argv_add_text(a, "schema");
	argv_add_u64(a, &c->arena, FORMAT);
	if (c->applied_count) {
		argv_add_text(a, "inbox");
		argv_add(a, stream_id_text(c->inbox, &c->arena));
	}
	if (c->journal.last) {
		argv_add_text(a, "journal");
		argv_add_u64(a, &c->arena, c->journal.last);
	}
	if (c->push.last) {
		argv_add_text(a, "push");
		argv_add_u64(a, &c->arena, c->push.last);
	}
	commit_end(c);
}

static void commit_add_numbered(
	struct commit *c, struct numbered *q, const struct key *key, uint64_t keep)
{
	argv_clear(&c->argv);
	if (numbered_command(q, key, keep, &c->argv))
		commit_end(c);
}

static void commit_ran(void *arg, int status)
{
	struct commit *c = arg;
	void (*fn)(void *, int) = c->fn;
	void *fn_arg = c->arg;

	if (status == 0)
		inbox_taken(c->store->inbox, c->applied_count);
	else if (status == -EPERM)
		lease_fenced(c->store->lease);
	commit_drop(&c);
	fn(fn_arg, status);
}

void commit_run(struct commit *c, void (*fn)(void *arg, int status), void *arg)
{
	ASSERT(fn);
	commit_add_numbered(c, &c->journal, &c->store->keys.journal, JOURNAL_KEEP);
	commit_add_numbered(c, &c->push, &c->store->keys.push, PUSH_KEEP);
	if (c->applied_count) {
		/* The inbox is read in order, so what is applied is its beginning. */
		struct stream_id next = { c->inbox.ms, c->inbox.n + 1 };
		struct argv *a = commit_begin(c, "XTRIM", key_slice(&c->store->keys.inbox));
		argv_add_text(a, "MINID");
		argv_add(a, stream_id_text(next, &c->arena));
		commit_end(c);
	}
	commit_add_cursor(c);
	c->fn = fn;
	c->arg = arg;
	fence_run(c->store->fence, &c->commands, c->count, commit_ran, c);
}

void commit_drop(struct commit **commit)
{
	struct commit *c = *commit;

	if (!c)
		return;
	*commit = NULL;
	str_free(&c->commands);
	numbered_free(&c->journal);
	numbered_free(&c->push);
	argv_free(&c->argv);
	arena_free(&c->arena);
	free(c);
}
