/*
 * Who is the same person as whom. A merge links two cards and moves nothing: what came in stays with the card it came to, so a split
 * takes back exactly what the merge did, and what each of them wrote meanwhile is where it belongs.
 *
 *   cust:ROOT    has:MEMBER = proved | claimed | ""     (a root is in nobody, a member has nobody)
 *                followed by the path: a root that joins another brings its members along, so that readers find one level; each then has before
 *                it who brought it, "proved M" for what M had. When M leaves again, so does everything below it: A[M,X via M] ─▶ M[X]
 *   cust:MEMBER  into = ROOT | ""
 *   each         group = proved | claimed | ""          whether somebody among them proved an identity
 *                not:OTHER = 1 | ""                  somebody said that they are two: no longer suggested to each other
 *                link:N = at \n merged|split|distinct|undistinct \n member \n root \n agent \n why      N: the event in the journal
 *
 * A mere claim never follows a merge into a group in which somebody proved who he is: the next one who claims that address gets a
 * card of his own, which suggests the group (resolve.c). Called by resolve.c, turn.c and project.c.
 */
#include "base/assert.h"
#include "model/limits.h"
#include "router/batch.h"

static const char HAS[] = "has:", NOT[] = "not:";

static struct card *batch_card(struct batch *b, struct id id)
{
	ASSERT(!id_is_none(id));
	struct slice key = slice_make(&id, sizeof(id));
	struct card *p = map_get(&b->cards, key);
	if (p)
		return p;
	p = arena_alloc(&b->arena, sizeof(*p));
	p->id = id;
	map_put(&b->cards, slice_make(&p->id, sizeof(p->id)), p);
	return p;
}

static bool said_proved(struct slice word)
{
	/* cards from before it was written down count as proved: they show more than they should to nobody */
	return !slice_is(word, "0") && !slice_is(word, "claimed");
}

static struct card *card_of(struct batch *b, struct id id)
{
	struct card *p = batch_card(b, id);
	const struct pairs_found *f = &p->stored;
	struct slice prefix = slice_of(HAS);
	if (p->known || !f->count)
		return p;
	p->known = true;
	p->proved = said_proved(found_get(f, "proved"));
	(void)id_parse(found_get(f, "into"), &p->into);
	(void)id_parse(found_get(f, "suggest"), &p->suggest);
	p->members = arena_array(&b->arena, f->count + 1, sizeof(*p->members));
	for (size_t i = 0; i < f->count; i++) {
		struct slice name = f->v[2 * i], value = f->v[2 * i + 1];
		struct id member;
		if (value.n && slice_starts(name, prefix) &&
			id_parse(slice_make(name.p + prefix.n, name.n - prefix.n), &member)) {
			bool proved = said_proved(slice_cut(&value, ' '));
			p->members[p->member_count++] = (struct member){
				.id = member, .path = value, .proved = proved, .there = true
			};
		}
	}
	return p;
}

static size_t members_alive(const struct card *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->member_count; i++)
		n += p->members[i].there;
	return n;
}

/* ---- asking ---- */

static bool ask(struct batch *b, struct lookup *l, struct id id)
{
	struct card *p = id_is_none(id) ? NULL : batch_card(b, id);
	if (!p || p->asked)
		return false;
	p->asked = true;
	lookup_customer(l, id, &p->stored);
	return true;
}

bool merge_ask_first(struct batch *b, struct lookup *l, struct work *w)
{
	bool one = ask(b, l, w->c.customer), other = ask(b, l, w->c.linked);
	return one || other;
}

bool merge_ask_second(struct batch *b, struct lookup *l, struct work *w)
{
	struct id of = w->c.type == COMMAND_SPLIT ? w->c.customer : w->c.linked;
	return !id_is_none(of) && ask(b, l, card_of(b, of)->into);
}

/* ---- whether it can be ---- */

static bool refuse(struct work *w, enum answer answer, const char *why)
{
	w->answer = answer;
	w->why = slice_of(why);
	return false;
}

static bool suggests(const struct card *a, const struct card *b)
{
	return id_equal(a->suggest, b->id) || id_equal(b->suggest, a->id);
}

static bool pair_split(struct batch *b, struct work *w)
{
	struct card *p = card_of(b, w->c.customer);
	if (!p->known)
		return refuse(w, ANSWER_UNKNOWN, "there is no such customer");
	if (id_is_none(p->into) && members_alive(p))
		return refuse(w, ANSWER_STATE, "others were merged into it: split one of those");
	if (id_is_none(p->into))
		return refuse(w, ANSWER_NOOP, "it is merged with nobody");
	w->c.linked = p->into;
	return card_of(b, p->into)->known || refuse(w, ANSWER_STATE, "try again");
}

static bool pair_merge(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	if (id_is_none(c->linked) || id_equal(c->customer, c->linked))
		return refuse(w, ANSWER_INVALID, "it takes two customers");
	struct card *member = card_of(b, c->customer), *asked = card_of(b, c->linked);
	struct card *root = id_is_none(asked->into) ? asked : card_of(b, asked->into);
	if (!member->known || !asked->known || !root->known)
		return refuse(w, ANSWER_UNKNOWN, "there is no such customer");
	if (member == root || id_equal(member->into, root->id))
		return refuse(w, ANSWER_NOOP, "they are one already");
	if (!id_is_none(member->into))
		return refuse(w, ANSWER_STATE, "it is merged with another: split it first");
	c->suggest =
		suggests(member, asked) || suggests(member, root) ? root->id : (struct id){ 0 };
	if (members_alive(member)) { /* who has others takes in who has none */
		struct card *other = root;
		root = member;
		member = other;
	}
	_Static_assert(MERGE_MAX == 32, "the words below say how many");
	if (members_alive(root) + members_alive(member) >= MERGE_MAX)
		return refuse(w, ANSWER_STATE,
			"they would be more than 33 cards, the most that are one person: split "
			"some");
	c->customer = member->id;
	c->linked = root->id;
	return true;
}

static struct slice not_name(struct batch *b, struct id other)
{
	char text[ID_TEXT_LEN + 1];
	return arena_printf(&b->arena, "%s%s", NOT, id_text(other, text));
}

static bool pair_distinct(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	if (id_is_none(c->linked) || id_equal(c->customer, c->linked))
		return refuse(w, ANSWER_INVALID, "it takes two customers");
	struct card *one = card_of(b, c->customer), *other = card_of(b, c->linked);
	if (!one->known || !other->known)
		return refuse(w, ANSWER_UNKNOWN, "there is no such customer");
	struct id root = id_is_none(one->into) ? one->id : one->into;
	if (id_equal(root, id_is_none(other->into) ? other->id : other->into))
		return refuse(w, ANSWER_STATE, "they are one now: split them first");
	bool already = found_get(&one->stored, not_name(b, other->id).p).n > 0;
	if (already == (c->type == COMMAND_DISTINCT))
		return refuse(w, ANSWER_NOOP,
			already ? "it was said before" : "nobody said that they are two");
	return true;
}

bool merge_resolve(struct batch *b, struct work *w)
{
	if (id_is_none(w->c.customer))
		return refuse(w, ANSWER_INVALID, "it names no customer");
	if (w->c.type == COMMAND_MERGE)
		return pair_merge(b, w);
	return w->c.type == COMMAND_SPLIT ? pair_split(b, w) : pair_distinct(b, w);
}

/* What a root and its members are together. */
static struct slice group_word(const struct card *root)
{
	bool proved = root->proved;
	for (size_t i = 0; i < root->member_count; i++)
		proved = proved || (root->members[i].there && root->members[i].proved);
	return !members_alive(root) ? SLICE("") : proved ? SLICE("proved") : SLICE("claimed");
}

/* ---- what was decided ---- */

static void member_set(struct batch *b, struct card *root, struct member m)
{
	size_t i = 0;
	while (i < root->member_count && !id_equal(root->members[i].id, m.id))
		i++;
	if (i == root->member_count) {
		struct member *more = arena_array(&b->arena, root->member_count + 1, sizeof(*more));
		if (i)
			memcpy(more, root->members, i * sizeof(*more));
		root->members = more;
		root->member_count++;
	}
	root->members[i] = m;
}

static void member_move(
	struct batch *b, struct card *from, struct card *to, struct member m, struct slice path)
{
	struct card *p = card_of(b, m.id);
	m.there = false;
	member_set(b, from, m);
	m.there = true;
	m.path = path;
	member_set(b, to, m);
	p->into = to->id;
	p->touched = true;
}

/* The path of what `p`, itself reached by `path`, brings along. */
static struct slice path_below(struct batch *b, const struct card *p, struct slice path)
{
	char text[ID_TEXT_LEN + 1];
	return arena_printf(
		&b->arena, "%.*s%s%s", SLICE_ARG(path), path.n ? " " : "", id_text(p->id, text));
}

/* Its members come along, under its name. */
static void merge_in(struct batch *b, struct card *root, struct card *p)
{
	for (size_t i = 0; i < p->member_count; i++) {
		struct member m = p->members[i];
		struct slice own = path_below(b, p, SLICE(""));
		if (m.there)
			member_move(b, p, root, m,
				m.path.n ? arena_printf(&b->arena, "%.*s %.*s", SLICE_ARG(own),
						   SLICE_ARG(m.path))
					 : own);
	}
	member_set(b, root, (struct member){ .id = p->id, .proved = p->proved, .there = true });
}

/* Whom it brought goes with it. */
static void split_off(struct batch *b, struct card *root, struct card *p)
{
	struct slice path = { 0 };
	for (size_t i = 0; i < root->member_count; i++)
		if (id_equal(root->members[i].id, p->id))
			path = root->members[i].path;
	struct slice below = path_below(b, p, path);
	for (size_t i = 0; i < root->member_count; i++) {
		struct member m = root->members[i];
		struct slice rest = slice_make(m.path.p + below.n, m.path.n - below.n);
		if (!m.there || !slice_starts(m.path, below))
			continue;
		if (rest.n) /* the blank between */
			rest = slice_make(rest.p + 1, rest.n - 1);
		member_move(b, root, p, m, rest);
	}
	member_set(b, root, (struct member){ .id = p->id, .proved = p->proved });
}

void merge_decided(struct batch *b, const struct event *ev)
{
	bool merged = ev->type == EVENT_MERGED;
	struct card *p = card_of(b, ev->customer), *root = card_of(b, ev->linked);
	ASSERT(p->known && root->known);
	if (merged)
		merge_in(b, root, p);
	else
		split_off(b, root, p);
	p->into = merged ? root->id : (struct id){ 0 };
	p->touched = root->touched = true;
}

bool group_is_proved(
	struct batch *b, struct id id, const struct pairs_found *stored, struct id *root)
{
	struct card *p = map_get(&b->cards, slice_make(&id, sizeof(id))), *all;
	if (p && p->touched)
		*root = id_is_none(p->into) ? id : p->into;
	else if (!id_parse(found_get(stored, "into"), root))
		*root = id;
	all = map_get(&b->cards, slice_make(root, sizeof(*root)));
	if (!all || !all->touched)
		return slice_is(found_get(stored, "group"), "proved");
	return slice_is(group_word(all), "proved");
}

/* ---- to disk ---- */

static struct slice id_slice(struct batch *b, struct id id)
{
	char text[ID_TEXT_LEN + 1];
	return id_is_none(id) ? SLICE("") : arena_copy(&b->arena, slice_of(id_text(id, text)));
}

static void put(struct argv *a, struct slice name, struct slice value)
{
	argv_add(a, name);
	argv_add(a, value);
}

static void write_group(struct batch *b, struct id id, struct slice group)
{
	struct argv a = { 0 };
	put(&a, SLICE("group"), group);
	commit_customer(b->commit, id, &a);
	argv_free(&a);
}

/* Who is in it, and, of a root, what all of them are together. */
static void write_members(struct batch *b, struct card *p)
{
	struct argv a = { 0 };
	bool root = id_is_none(p->into);
	for (size_t i = 0; i < p->member_count; i++) {
		const struct member *m = &p->members[i];
		const char *word = m->proved ? "proved" : "claimed";
		put(&a, arena_printf(&b->arena, "%s%.*s", HAS, SLICE_ARG(id_slice(b, m->id))),
			!m->there ? SLICE("")
				  : arena_printf(&b->arena, "%s%s%.*s", word, m->path.n ? " " : "",
					    SLICE_ARG(m->path)));
	}
	struct slice group = group_word(p);
	if (root)
		put(&a, SLICE("group"), group);
	commit_customer(b->commit, p->id, &a);
	argv_free(&a);
	for (size_t i = 0; root && i < p->member_count; i++)
		if (p->members[i].there)
			write_group(b, p->members[i].id, group);
}

void cards_project(struct batch *b)
{
	struct map_entry e;
	for (size_t i = 0; map_next(&b->cards, &i, &e);) {
		struct card *p = e.value;
		struct argv a = { 0 };
		if (!p->touched)
			continue;
		put(&a, SLICE("into"), id_slice(b, p->into));
		if (id_is_none(p->into) && !p->member_count)
			put(&a, SLICE("group"), SLICE(""));
		commit_customer(b->commit, p->id, &a);
		argv_free(&a);
		if (p->member_count)
			write_members(b, p);
	}
}

struct telling {
	struct batch *b;
	const struct event *ev;
};

static bool tell_owner(const struct conv_view *v, void *arg)
{
	struct telling *t = arg;
	struct card *root = card_of(t->b, t->ev->linked);
	bool theirs = id_equal(v->customer, root->id) || id_equal(v->customer, t->ev->customer);
	for (size_t i = 0; i < root->member_count; i++)
		theirs = theirs || id_equal(v->customer, root->members[i].id);
	if (theirs) {
		struct effect ef = { .type = EFFECT_CARD,
			.customer = v->customer,
			.conv = v->conv,
			.owner = v->agent };
		batch_effect(t->b, &ef);
	}
	return true;
}

void merge_project(struct batch *b, const struct event *ev, uint64_t n)
{
	static const enum conv_state served[] = { CONV_OFFERED, CONV_ACTIVE, CONV_PENDING,
		CONV_WRAPUP };
	struct slice name = arena_printf(&b->arena, "link:%020llu", (unsigned long long)n);
	struct slice line = arena_printf(&b->arena, "%llu\n%s\n%.*s\n%.*s\n%.*s\n%.*s",
		(unsigned long long)ev->at_us, event_words[ev->type],
		SLICE_ARG(id_slice(b, ev->customer)), SLICE_ARG(id_slice(b, ev->linked)),
		SLICE_ARG(ev->agent), SLICE_ARG(ev->why));
	struct id both[] = { ev->customer, ev->linked };
	for (size_t i = 0; i < 2; i++) {
		struct argv a = { 0 };
		put(&a, name, line);
		if (ev->type == EVENT_DISTINCT || ev->type == EVENT_UNDISTINCT)
			put(&a, not_name(b, both[1 - i]),
				ev->type == EVENT_DISTINCT ? SLICE("1") : SLICE(""));
		commit_customer(b->commit, both[i], &a);
		argv_free(&a);
	}
	for (size_t i = 0; i < sizeof(served) / sizeof(*served); i++)
		engine_each_conv(b->engine, served[i], tell_owner, &(struct telling){ b, ev });
}
