/*
 * The checks at the end of a schedule. Called by main.c.
 *
 *   log:*    each acknowledged message once, none twice, a customer's in the order they were said
 *   orders   each answered command took effect at most once; a reply that was answered "ok" is in the history
 *   news     a bounce, stars, a transcript that was acknowledged: it shows, once
 *   outbox   nothing was sent that is not in the history; nothing is left queued
 *   away     who left the chat and can be mailed was mailed each answer once; nobody else was
 *   journal  one owner at a time; nobody who came earlier is passed by; replayed it is the running engine
 */
#include "judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/map.h"
#include "model/entry.h"
#include "model/event.h"
#include "people.h"
#include "redis.h"
#include "store/history.h"
#include "store/numbered.h"
#include "store/resp.h"

/* ---- asking Redis ---- */

struct answer_of {
	struct resp_reader *reader;
	struct str bytes;
};

static const struct reply *ask(struct answer_of *a, const char *const *words)
{
	struct slice v[8];
	size_t n = 0;
	const struct reply *r = NULL;
	struct err err;

	for (; words[n]; n++)
		v[n] = slice_of(words[n]);
	*a = (struct answer_of){ .reader = resp_reader_new() };
	redis_ask(v, n, &a->bytes);
	for (size_t used = 0; used < a->bytes.n;) {
		size_t piece = a->bytes.n - used < RESP_PIECE ? a->bytes.n - used : RESP_PIECE;
		ASSERT(resp_feed(a->reader, slice_make(a->bytes.p + used, piece), &err) == 0);
		used += piece;
		ASSERT(resp_next(a->reader, &r, &err) == 0);
	}
	ASSERT(r);
	return r;
}
#define ASK(a, ...) ask(a, (const char *const[]){ __VA_ARGS__, NULL })

static void done(struct answer_of *a)
{
	resp_reader_free(&a->reader);
	str_free(&a->bytes);
}

static uint64_t length_of(const char *key)
{
	struct answer_of a;
	uint64_t n = reply_u64(ASK(&a, "XLEN", key));

	done(&a);
	return n;
}

/* The one who has the lease and knows it; NULL: nobody. */
static struct proc *leader(void)
{
	struct answer_of a;
	const struct reply *lease = ASK(&a, "GET", "usher:{main}:lease");
	struct proc *found = NULL;

	for (size_t i = 0; i < PROCS; i++)
		if (procs[i].alive && router_leads(procs[i].router) &&
			reply_is(lease, procs[i].name))
			found = &procs[i];
	done(&a);
	return found;
}

static uint64_t count_away(void)
{
	struct answer_of a;
	uint64_t n = reply_u64(ASK(&a, "ZCARD", "usher:{main}:away"));

	done(&a);
	return n;
}

bool judge_is_quiet(void)
{
	return redis_is_up() && leader() && length_of("usher:{main}:in") == 0 &&
	       length_of("usher:{main}:out:mail") == 0 && count_away() == 0;
}

void judge_print(struct str *out)
{
	if (!redis_is_up()) {
		str_add_text(out, " Redis is away");
		return;
	}
	str_addf(out, " inbox %llu, outbox %llu, %s routes",
		(unsigned long long)length_of("usher:{main}:in"),
		(unsigned long long)length_of("usher:{main}:out:mail"),
		leader() ? leader()->name : "nobody");
}

/* ---- the history ---- */

struct found {
	unsigned times;
	struct id id;
	uint32_t delivery;
	bool by_mail;
};
struct history {
	struct map texts;    /* of customers and of agents → struct found */
	struct map sent_ids; /* ids of messages out */
	uint64_t taken_in, stars;
};

static struct said *said_of(struct slice text, struct customer **who)
{
	for (size_t i = 0; i < CUSTOMERS; i++)
		for (size_t k = 0; k < people.customers[i].count; k++)
			if (slice_is(text, people.customers[i].said[k].text)) {
				*who = &people.customers[i];
				return &people.customers[i].said[k];
			}
	return NULL;
}

static void judge_entry(
	struct history *h, const struct entry *en, size_t last[CUSTOMERS], struct slice key)
{
	struct found *f = map_get(&h->texts, en->text);
	struct customer *who;
	char id[27];

	if (en->direction == DIRECTION_SYSTEM)
		return;
	if (!f) {
		f = arena_alloc(&world.arena, sizeof(*f));
		map_put(&h->texts, en->text, f);
	}
	if (en->direction == DIRECTION_NOTE && slice_starts(en->text, SLICE("\xe2\x98\x85")))
		h->stars++;
	if (f->times++)
		world_fail(
			"%.*s is there twice, again in %.*s", SLICE_ARG(en->text), SLICE_ARG(key));
	f->id = en->id;
	f->delivery = en->delivery;
	f->by_mail = slice_is(en->channel, "mail") || en->rcpts.n;
	if (en->direction == DIRECTION_OUT)
		map_put(&h->sent_ids, slice_of(id_text(en->id, id)), f);
	if (en->direction != DIRECTION_IN)
		return;
	h->taken_in++;
	struct said *s = said_of(en->text, &who);
	if (!s) {
		world_fail("%.*s was never said", SLICE_ARG(en->text));
		return;
	}
	size_t at = (size_t)(s - who->said) + 1;
	if (at <= last[who->number])
		world_fail("%s comes after a later one in %.*s", s->text, SLICE_ARG(key));
	last[who->number] = at;
}

/* ---- who left the chat ---- */

static bool has_words(struct slice text, struct slice words)
{
	return memmem(text.p, text.n, words.p, words.n) != NULL;
}

static const struct sent *sent_as(struct id id)
{
	char text[27];

	for (size_t i = 0; i < people.sent_count; i++)
		if (slice_is(people.sent[i].id, id_text(id, text)))
			return &people.sent[i];
	return NULL;
}

/* No answer is in two letters, and no letter has a word of the customer's. */
static void judge_letters(struct slice text, enum direction direction)
{
	struct slice line = arena_printf(&world.arena, "\n%.*s\n", SLICE_ARG(text));
	size_t letters = 0;

	for (size_t i = 0; i < people.sent_count; i++)
		letters += has_words(people.sent[i].text, line);
	world.tally.mailed += letters;
	if (letters > (direction == DIRECTION_OUT))
		world_fail("%.*s went out in %zu letters", SLICE_ARG(text), letters);
}

static uint64_t field_of(struct slice conv, const char *name)
{
	struct answer_of a;
	uint64_t v = 0;
	const struct reply *r = ASK(&a, "HGET", conv.p, name);

	if (r->type == REPLY_STRING)
		(void)slice_u64(r->text, &v);
	done(&a);
	return v;
}

/* Every answer up to the one that says so, since the one before that did, is in that letter; none behind the last is left. */
static void judge_away(struct slice key, const struct entry *log, size_t count)
{
	struct slice rest = key, conv;
	uint64_t first = 1, last_out = 0;

	if (!count || !slice_is(log[0].channel, "chat"))
		return;
	slice_cut(&rest, '}');
	conv = arena_printf(&world.arena, "%.*s:conv%.*s", (int)(rest.p - key.p), key.p,
		(int)rest.n - 4, rest.p + 4);
	for (size_t i = 0; i < count; i++) {
		const struct entry *en = &log[i];
		const struct sent *s = en->rcpts.n ? sent_as(en->id) : NULL;
		judge_letters(en->text, (enum direction)en->direction);
		if (en->direction == DIRECTION_OUT)
			last_out = en->seq;
		if (!en->rcpts.n)
			continue;
		if (en->delivery == DELIVERY_SENT && !s)
			world_fail("%.*s was mailed and never arrived", SLICE_ARG(en->text));
		for (uint64_t k = first; s && k <= en->seq; k++)
			if (log[k - 1].direction == DIRECTION_OUT &&
				!has_words(s->text, log[k - 1].text))
				world_fail("%.*s is not in its letter", SLICE_ARG(log[k - 1].text));
		first = en->seq + 1;
	}
	if (field_of(conv, "left") && field_of(conv, "last_out") > field_of(conv, "mailed"))
		world_fail("%.*s has left and was not mailed message %llu", SLICE_ARG(conv),
			(unsigned long long)last_out);
}

static void judge_log(struct history *h, struct slice key)
{
	struct answer_of a;
	size_t last[CUSTOMERS] = { 0 };
	const struct reply *log = ASK(&a, "LRANGE", key.p, "0", "-1");
	struct entry *entries = arena_array(&world.arena, log->count, sizeof(*entries));

	for (size_t i = 0; i < log->count; i++) {
		struct err err = { "" };
		if (record_unpack(&entry_table, &entries[i], log->items[i].text, &err))
			world_fail("%.*s: %s", SLICE_ARG(key), err.text);
		else
			judge_entry(h, &entries[i], last, key);
	}
	judge_away(key, entries, log->count);
	done(&a);
}

static void judge_customers(const struct history *h)
{
	char id[27];

	for (size_t i = 0; i < CUSTOMERS; i++)
		for (size_t k = 0; k < people.customers[i].count; k++) {
			const struct said *s = &people.customers[i].said[k];
			const struct found *f = map_get(&h->texts, slice_of(s->text));
			if (s->acked && !f)
				world_fail("%s was acknowledged and is lost", s->text);
			else if (s->acked && strcmp(s->id, id_text(f->id, id)))
				world_fail(
					"%s was acknowledged as %s and is %s", s->text, s->id, id);
		}
}

static void judge_orders(const struct history *h)
{
	for (size_t i = 0; i < people.order_count; i++) {
		const struct order *o = &people.orders[i];
		bool there = o->text[0] && map_get(&h->texts, slice_of(o->text));
		bool ok = o->answered && o->answer == ANSWER_OK;
		if (o->text[0] && ok && !there)
			world_fail("%s was answered ok and is not in the history", o->text);
		if (o->text[0] && o->answered && !ok && there)
			world_fail("%s was answered %s and is in the history", o->text,
				answer_words[o->answer]);
	}
}

static size_t sent_with(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < people.sent_count; i++)
		n += slice_equal(people.sent[i].text, text);
	return n;
}

/* Stars stand in the history as words; the mail to one address is one message with one id, however often it is handed over. */
static void judge_news(const struct history *h)
{
	char words[64];
	uint64_t stars = 0;

	for (size_t i = 0; i < people.news_count; i++) {
		const struct news *n = &people.news[i];
		const struct found *bounced = map_get(&h->sent_ids, slice_of(n->message));
		snprintf(words, sizeof(words), "★★★★☆ 4/5\n%s", n->text);
		stars += n->what == USHER_NEWS_RATING;
		if (n->what == USHER_NEWS_RATING && !map_get(&h->texts, slice_of(words)))
			world_fail("stars %s were acknowledged and are lost", n->text);
		if (n->what == USHER_NEWS_MAIL && sent_with(slice_of(n->text)) != 1)
			world_fail("mail %s was promised and sent %zu times", n->text,
				sent_with(slice_of(n->text)));
		if (n->what == USHER_NEWS_DELIVERY && bounced &&
			bounced->delivery != DELIVERY_BOUNCED)
			world_fail("message %s bounced and is %u", n->message, bounced->delivery);
	}
	if (h->stars != stars)
		world_fail("%llu times stars for %llu", (unsigned long long)h->stars,
			(unsigned long long)stars);
}

static void judge_sent(const struct history *h)
{
	struct map_entry e;
	uint64_t queued = 0;

	for (size_t i = 0; i < people.sent_count; i++)
		if (people.sent[i].text.p[0] != 'n' && /* a mail that was asked for is of none */
			!map_get(&h->sent_ids, people.sent[i].id))
			world_fail("%.*s was sent and is not in the history",
				SLICE_ARG(people.sent[i].text));
	for (size_t i = 0; map_next(&h->texts, &i, &e);) {
		const struct found *f = e.value;
		if (!f->by_mail || f->delivery != DELIVERY_QUEUED)
			continue;
		world_trace("%.*s is still queued", SLICE_ARG(e.key));
		queued++;
	}
	if (queued)
		world_fail("%llu messages stay queued", (unsigned long long)queued);
}

static void judge_history(void)
{
	struct answer_of a, b;
	struct history h = { 0 };
	const struct reply *keys = reply_at(ASK(&a, "SCAN", "0", "MATCH", "usher:{main*"), 1);

	for (size_t i = 0; i < keys->count; i++) {
		struct slice rest = keys->items[i].text;
		slice_cut(&rest, '}');
		if (slice_starts(rest, SLICE(":log:")))
			judge_log(&h, keys->items[i].text);
	}
	done(&a);
	judge_customers(&h);
	judge_orders(&h);
	judge_sent(&h);
	judge_news(&h);
	uint64_t counted = reply_u64(ASK(&b, "HGET", "usher:{main}:count", "accepted"));
	if (counted != h.taken_in)
		world_fail("%llu messages are counted as accepted, %llu are there",
			(unsigned long long)counted, (unsigned long long)h.taken_in);
	done(&b);
	map_free(&h.texts);
	map_free(&h.sent_ids);
}

/* ---- the journal ---- */

enum { CONVS_MOST = 400 };

struct walked { /* a conversation as the journal tells it */
	struct id id;
	bool waits, owned;
	int64_t key;
	uint64_t tier, seq, excluded_until[AGENTS];
	char owner[16];
};
struct walk {
	struct walked *v;
	size_t n;
};

static struct walked *walked_of(struct walk *w, struct id id)
{
	for (size_t i = 0; i < w->n; i++)
		if (id_equal(w->v[i].id, id))
			return &w->v[i];
	ASSERT(w->n < CONVS_MOST);
	w->v[w->n].id = id;
	return &w->v[w->n++];
}

static bool is_before(const struct walked *a, const struct walked *b)
{
	if (a->tier != b->tier)
		return a->tier < b->tier;
	return a->key != b->key ? a->key < b->key : a->seq < b->seq;
}

/* All agents may get all there is, so whoever is first in the order is to be first, but for who declined or missed it. */
static void judge_offer(struct walk *w, const struct walked *c, const struct event *ev)
{
	size_t agent = (size_t)(ev->agent.p[2] - '0');
	char one[27], other[27];

	if (!c->waits)
		world_fail("%s is offered and does not wait", id_text(c->id, one));
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].waits && &w->v[i] != c && is_before(&w->v[i], c) &&
			w->v[i].excluded_until[agent] <= ev->at_us)
			world_fail("%s is offered to %.*s before %s", id_text(c->id, one),
				SLICE_ARG(ev->agent), id_text(w->v[i].id, other));
}

static void judge_event(struct walk *w, const struct event *ev)
{
	char id[27];

	if (id_is_none(ev->conv))
		return;
	struct walked *c = walked_of(w, ev->conv);
	switch (ev->type) {
	case EVENT_QUEUED:
		c->waits = true;
		c->key = ev->key;
		c->tier = ev->tier;
		c->seq = ev->seq;
		break;
	case EVENT_PARKED:
		c->waits = false;
		break;
	case EVENT_UNPARKED:
		c->waits = true;
		break;
	case EVENT_OFFERED:
		judge_offer(w, c, ev);
		c->waits = false;
		break;
	case EVENT_OFFER_ENDED:
		c->waits = ev->end != OFFER_ACCEPTED;
		break;
	case EVENT_ASSIGNED:
		if (c->owned)
			world_fail("%s is given to %.*s while %s has it", id_text(c->id, id),
				SLICE_ARG(ev->agent), c->owner);
		c->owned = true;
		c->waits = false;
		snprintf(c->owner, sizeof(c->owner), "%.*s", SLICE_ARG(ev->agent));
		break;
	case EVENT_RETURNED:
		c->owned = false;
		break;
	case EVENT_RESOLVED:
	case EVENT_ABANDONED:
	case EVENT_CLOSED:
		c->owned = c->waits = false;
		memset(c->excluded_until, 0, sizeof(c->excluded_until));
		break;
	case EVENT_EXCLUDED:
		c->excluded_until[ev->agent.p[2] - '0'] = ev->until_us;
		break;
	case EVENT_EXCLUSIONS_CLEARED:
		memset(c->excluded_until, 0, sizeof(c->excluded_until));
		break;
	default:
		break;
	}
}

static void print_event(size_t n, const struct event *ev)
{
	struct str text = { 0 };

	record_print(&event_table, ev, &text);
	fprintf(stderr, "journal %zu: %s\n", n, text.p);
	str_free(&text);
}

static uint64_t live_hash, live_n; /* of the engine that routes, and up to where it has come */

static void judge_journal(void)
{
	struct answer_of a;
	struct walk w = { arena_array(&world.arena, CONVS_MOST, sizeof(struct walked)), 0 };
	struct engine *e = engine_new(center_config("n1"));
	const struct reply *journal = ASK(&a, "XRANGE", "usher:{main}:journal", "-", "+");

	uint64_t last = 0;
	for (size_t i = 0; i < journal->count; i++) {
		uint64_t first = 0;
		size_t count = numbered_count(&journal->items[i], &first);
		if (first != last + 1)
			world_fail("the journal has a gap behind %llu", (unsigned long long)last);
		for (size_t k = 0; k < count; k++) {
			struct arena arena = { 0 };
			struct event ev = { 0 };
			struct err err = { "" };
			last = first + k;
			if (numbered_get(&event_table, &journal->items[i], k, &ev, &arena, &err) ||
				engine_apply(e, &ev, &err))
				world_fail("journal %llu: %s", (unsigned long long)last, err.text);
			if (world.trace)
				print_event(last, &ev);
			judge_event(&w, &ev);
			if (last == live_n && engine_hash(e) != live_hash)
				world_fail("the journal replayed is not the engine that runs");
			arena_free(&arena);
		}
	}
	if (last < live_n)
		world_fail("the journal ends at %llu, the engine that runs is at %llu",
			(unsigned long long)last, (unsigned long long)live_n);
	engine_free(&e);
	done(&a);
}

void judge_data(void)
{
	judge_history();
	judge_journal();
}

/* ---- what the node says itself ---- */

static struct proc *asked;
static bool heard_engine, heard_verify;
static uint64_t asked_life;
static unsigned asked_again;
enum { PATIENCE_US = 60 * SECOND };

static void verify_says(void *arg, const char *text)
{
	(void)arg;
	world_fail("verify: %s", text);
}

static void ask_now(void);

static void ask_again(void *arg)
{
	(void)arg;
	if (leader())
		ask_now();
	else
		world_at(SECOND, ask_again, NULL);
}

static void verify_ends(void *arg, int status, size_t violations, size_t checked)
{
	(void)arg;
	(void)violations;
	if (status == -EAGAIN) {
		world_at(SECOND, ask_again, NULL);
		return;
	}
	if (status || !checked)
		world_fail("verify did not look: %d", status);
	heard_verify = true;
}

static void engine_says(void *arg, const struct engine *e, uint64_t push_n)
{
	struct str text = { 0 };

	(void)arg;
	(void)push_n;
	size_t bad = e ? engine_check(e, &text) : 0;
	/* It has just learned that it no longer does; or it has recovered and has a deadline from before, which waits for its tick
	 * (and for the wall clock, where that went back). */
	if (!e ||
		(bad && engine_deadline(e) < world_wall_us() + PATIENCE_US && ++asked_again < 60)) {
		str_free(&text);
		world_at(SECOND, ask_again, NULL);
		return;
	}
	live_hash = engine_hash(e);
	live_n = router_counts(asked->router).journal_n;
	if (bad)
		world_fail("engine: %s", text.p);
	str_free(&text);
	heard_engine = true;
}

static void look(void *arg)
{
	(void)arg;
	router_read(asked->router, engine_says, NULL);
	store_verify(asked->store, verify_says, verify_ends, NULL);
}

static void ask_now(void)
{
	live_hash = live_n = 0;
	heard_engine = heard_verify = false;
	asked = leader();
	ASSERT(asked);
	asked_life = asked->life;
	proc_poke(asked, look, NULL);
}

void judge_ask(void)
{
	asked_again = 0;
	ask_now();
}

bool judge_has_heard(void)
{
	struct proc *now = heard_engine && heard_verify ? NULL : leader();

	/* Who was asked hung, and was overtaken or stopped: it will not say. */
	if (now && (now != asked || now->life != asked_life))
		ask_now();
	return heard_engine && heard_verify;
}
