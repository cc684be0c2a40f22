/*
 * A customer together with those who were merged into one with him: the root's card, everybody's identities and conversations, and the trail
 * of who merged and split them. Reads one card after the other; never writes. The fields are written by router/merge.c.
 *
 *   asked for ─▶ into? ─▶ root ─▶ has:… ─▶ member ─▶ member ...
 */
#include <stdlib.h>

#include "base/assert.h"
#include "model/limits.h"
#include "store/history.h"
#include "store/inside.h"

struct group_ask {
	struct store *store;
	struct arena arena;
	struct customer_row rows[MERGE_MAX + 1]; /* the root first */
	size_t count, due;
	struct id ids[MERGE_MAX + 1];
	size_t max;
	bool ids_only, at_root;
	void (*card)(void *arg, int status, const struct customer_row *c);
	void (*who)(void *arg, int status, const struct id *ids, size_t count);
	void *arg;
};

static void pairs_copy(struct pairs_found *f, const struct pairs_found *from, struct arena *arena)
{
	struct slice *v = arena_array(arena, 2 * from->count + 1, sizeof(*v));

	for (size_t i = 0; i < 2 * from->count; i++)
		v[i] = arena_copy(arena, from->v[i]);
	*f = (struct pairs_found){ v, from->count };
}

static void row_copy(struct customer_row *row, const struct customer_row *from, struct arena *arena)
{
	struct identity_row *idents = arena_array(arena, from->identity_count + 1, sizeof(*idents));
	struct id *convs = arena_array(arena, from->conv_count + 1, sizeof(*convs));
	struct pairs_found *fields = arena_array(arena, from->conv_count + 1, sizeof(*fields));

	*row = (struct customer_row){ .id = from->id,
		.identities = idents,
		.identity_count = from->identity_count,
		.convs = convs,
		.conv_count = from->conv_count,
		.conv_fields = fields };
	pairs_copy(&row->fields, &from->fields, arena);
	for (size_t i = 0; i < from->identity_count; i++) {
		idents[i] = from->identities[i];
		idents[i].kind = arena_copy(arena, idents[i].kind);
		idents[i].value = arena_copy(arena, idents[i].value);
	}
	for (size_t i = 0; i < from->conv_count; i++) {
		convs[i] = from->convs[i];
		pairs_copy(&fields[i], &from->conv_fields[i], arena);
	}
}

/* ---- all of them as one card ---- */

struct conv_at {
	uint64_t at_us;
	struct id id;
	struct pairs_found fields;
};

static int later_first(const void *a, const void *b)
{
	const struct conv_at *x = a, *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? 1 : -1;
	return id_compare(y->id, x->id);
}

static void join_convs(struct group_ask *ask, struct customer_row *out, size_t total)
{
	struct conv_at *all = arena_array(&ask->arena, total + 1, sizeof(*all));
	struct id *ids = arena_array(&ask->arena, total + 1, sizeof(*ids));
	struct pairs_found *fields = arena_array(&ask->arena, total + 1, sizeof(*fields));
	size_t n = 0;

	for (size_t r = 0; r < ask->count; r++)
		for (size_t i = 0; i < ask->rows[r].conv_count; i++) {
			const struct pairs_found *f = &ask->rows[r].conv_fields[i];
			all[n] = (struct conv_at){ 0, ask->rows[r].convs[i], *f };
			(void)slice_u64(found_get(f, "arrived"), &all[n].at_us);
			n++;
		}
	qsort(all, n, sizeof(*all), later_first);
	out->conv_count = n < ask->max ? n : ask->max;
	for (size_t i = 0; i < out->conv_count; i++) {
		ids[i] = all[i].id;
		fields[i] = all[i].fields;
	}
	out->convs = ids;
	out->conv_fields = fields;
}

static bool link_take(struct link_row *l, struct slice name, struct slice value)
{
	struct slice prefix = SLICE("link:"), rest = value;

	if (!slice_starts(name, prefix))
		return false;
	*l = (struct link_row){ 0 };
	if (!slice_u64(slice_make(name.p + prefix.n, name.n - prefix.n), &l->n) ||
		!slice_u64(slice_cut(&rest, '\n'), &l->at_us))
		return false;
	l->what = slice_cut(&rest, '\n');
	if (!id_parse(slice_cut(&rest, '\n'), &l->member) ||
		!id_parse(slice_cut(&rest, '\n'), &l->root))
		return false;
	l->agent = slice_cut(&rest, '\n');
	l->why = rest.p ? rest : SLICE("");
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct link_row *x = a, *y = b;

	return x->n < y->n ? -1 : x->n > y->n;
}

/* Both cards of a merge have the line: each is shown once. */
static void join_links(struct group_ask *ask, struct customer_row *out)
{
	struct link_row *links;
	size_t most = 0, n = 0, kept = 0;

	for (size_t r = 0; r < ask->count; r++)
		most += ask->rows[r].fields.count;
	links = arena_array(&ask->arena, most + 1, sizeof(*links));
	for (size_t r = 0; r < ask->count; r++) {
		const struct pairs_found *f = &ask->rows[r].fields;
		for (size_t i = 0; i < f->count; i++)
			n += link_take(&links[n], f->v[2 * i], f->v[2 * i + 1]);
	}
	qsort(links, n, sizeof(*links), by_number);
	for (size_t i = 0; i < n; i++)
		if (!kept || links[kept - 1].n != links[i].n)
			links[kept++] = links[i];
	out->links = links;
	out->link_count = kept;
}

static void group_join(struct group_ask *ask, struct customer_row *out)
{
	struct identity_row *idents;
	size_t identity_total = 0, conv_total = 0;

	for (size_t r = 0; r < ask->count; r++) {
		identity_total += ask->rows[r].identity_count;
		conv_total += ask->rows[r].conv_count;
	}
	*out = ask->rows[0];
	idents = arena_array(&ask->arena, identity_total + 1, sizeof(*idents));
	out->identity_count = 0;
	for (size_t r = 0; r < ask->count; r++)
		for (size_t i = 0; i < ask->rows[r].identity_count; i++) {
			idents[out->identity_count] = ask->rows[r].identities[i];
			idents[out->identity_count++].customer = ask->rows[r].id;
		}
	out->identities = idents;
	join_convs(ask, out, conv_total);
	join_links(ask, out);
	out->members = ask->rows + 1;
	out->member_count = ask->count - 1;
}

/* ---- the way ---- */

static void group_end(struct group_ask *ask, int status)
{
	struct customer_row row = { 0 };

	if (ask->ids_only) {
		for (size_t i = 0; !status && i < ask->count; i++)
			ask->ids[i] = ask->rows[i].id;
		ask->who(ask->arg, status, ask->ids, status ? 0 : ask->count);
	} else {
		if (!status)
			group_join(ask, &row);
		ask->card(ask->arg, status, status ? NULL : &row);
	}
	arena_free(&ask->arena);
	free(ask);
}

static void read_one(struct group_ask *ask, struct id id);

/* Those whom the root has, in ids[1..]. */
static void members_of(struct group_ask *ask, const struct pairs_found *f)
{
	struct slice prefix = SLICE("has:");

	for (size_t i = 0; i < f->count && ask->due <= MERGE_MAX; i++) {
		struct slice name = f->v[2 * i];
		if (f->v[2 * i + 1].n && slice_starts(name, prefix) &&
			id_parse(slice_make(name.p + prefix.n, name.n - prefix.n),
				&ask->ids[ask->due]))
			ask->due++;
	}
}

static void on_row(void *arg, int status, const struct customer_row *row)
{
	struct group_ask *ask = arg;
	struct id into;

	if (status) {
		group_end(ask, status);
		return;
	}
	if (!ask->at_root && id_parse(found_get(&row->fields, "into"), &into)) {
		ask->at_root = true;
		read_one(ask, into);
		return;
	}
	ask->at_root = true;
	if (ask->count == 0) {
		ask->due = 1;
		members_of(ask, &row->fields);
	}
	row_copy(&ask->rows[ask->count++], row, &ask->arena);
	if (ask->count < ask->due)
		read_one(ask, ask->ids[ask->count]);
	else
		group_end(ask, 0);
}

static void read_one(struct group_ask *ask, struct id id)
{
	customer_read(ask->store, id, ask->max, on_row, ask);
}

static struct group_ask *group_ask_new(struct store *s, size_t max, void *arg)
{
	struct group_ask *ask = mem_alloc(sizeof(*ask));

	ask->store = s;
	ask->max = max;
	ask->arg = arg;
	return ask;
}

void group_read(struct store *s, struct id customer, size_t max,
	void (*fn)(void *arg, int status, const struct customer_row *c), void *arg)
{
	struct group_ask *ask = group_ask_new(s, max, arg);

	ASSERT(fn && max > 0);
	ask->card = fn;
	read_one(ask, customer);
}

void group_ids(struct store *s, struct id customer,
	void (*fn)(void *arg, int status, const struct id *ids, size_t count), void *arg)
{
	struct group_ask *ask = group_ask_new(s, 1, arg);

	ASSERT(fn);
	ask->who = fn;
	ask->ids_only = true;
	read_one(ask, customer);
}
