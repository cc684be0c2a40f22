/*
 * Whether a call may read a conversation or a customer: all, or what is one's own: conversations that one owns or is offered, and everything of
 * the customers one serves now (the card shows their past), with those who were merged with them. Whose a conversation is, the engine's present state says.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "desk/api.h"
#include "model/limits.h"
#include "store/history.h"

struct access {
	struct call *c;
	void (*fn)(struct call *c);
	struct id conv, people[MERGE_MAX + 1];
	size_t people_count;
	bool mine;
};

static void access_end(struct access *a, int status, const char *refusal)
{
	struct call *c = a->c;
	void (*fn)(struct call * c) = a->fn;
	free(a);
	if (!call_lives(c))
		;
	else if (refusal)
		call_problem(c, status, refusal);
	else if (status)
		call_failed(c, status);
	else
		fn(c);
	call_release(c);
}

static bool compare_work(const struct conv_view *v, void *arg)
{
	struct access *a = arg;
	bool conv = !id_is_none(a->conv) && id_equal(v->conv, a->conv);
	a->mine = conv;
	for (size_t i = 0; i < a->people_count; i++)
		a->mine = a->mine || id_equal(v->customer, a->people[i]);
	return !a->mine;
}

static void on_state(void *arg, const struct engine *e, uint64_t push_n)
{
	struct access *a = arg;
	(void)push_n;
	if (!e) {
		access_end(a, 503, "no node routes now; try again");
		return;
	}
	engine_each_work(e, a->c->who.user, compare_work, a);
	access_end(a, a->mine ? 0 : 403, a->mine ? NULL : "you do not serve this customer now");
}

static void on_group(void *arg, int status, const struct id *ids, size_t count)
{
	struct access *a = arg;
	if ((status && status != -ENOENT) || a->c->d->ended) {
		access_end(a, status, NULL);
		return;
	}
	for (size_t i = 0; i < count && i <= MERGE_MAX; i++)
		a->people[a->people_count++] = ids[i];
	a->c->d->ports->read(a->c->d->app, on_state, a);
}

/* Of a customer who is nobody's: the conversation itself may still be one's own. */
static void ask_engine(struct access *a, struct id customer)
{
	if (id_is_none(customer))
		on_group(a, 0, NULL, 0);
	else
		group_ids(a->c->d->store, customer, on_group, a);
}

static void fields_copy(struct call *c, const struct pairs_found *from)
{
	struct slice *v = arena_array(&c->arena, 2 * from->count, sizeof(*v));
	for (size_t i = 0; i < 2 * from->count; i++)
		v[i] = arena_copy(&c->arena, from->v[i]);
	c->conv = (struct pairs_found){ v, from->count };
}

static void on_conv(void *arg, int status, const struct pairs_found *fields)
{
	struct access *a = arg;
	struct call *c = a->c;
	if (status || c->d->ended) {
		access_end(a, status, NULL);
		return;
	}
	fields_copy(c, fields);
	if (c->scope == SCOPE_ALL || slice_equal(found_get(fields, "owner"), c->who.user)) {
		access_end(a, 0, NULL);
		return;
	}
	struct id customer = { 0 };
	(void)id_parse(found_get(fields, "customer"), &customer);
	ask_engine(a, customer);
}

static struct access *access_new(struct call *c, void (*fn)(struct call *c))
{
	struct access *a = mem_alloc(sizeof(*a));
	ASSERT(c->scope != SCOPE_NONE);
	call_hold(c);
	a->c = c;
	a->fn = fn;
	return a;
}

void access_conv(struct call *c, struct id conv, void (*fn)(struct call *c))
{
	struct access *a = access_new(c, fn);
	a->conv = conv;
	conv_read(c->d->store, conv, on_conv, a);
}

void access_customer(struct call *c, struct id customer, void (*fn)(struct call *c))
{
	struct access *a = access_new(c, fn);
	if (c->scope == SCOPE_ALL)
		access_end(a, 0, NULL);
	else
		ask_engine(a, customer);
}
