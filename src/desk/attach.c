/*
 * Whether an agent may send the files that a frame names: those that he uploaded himself, and those of the conversation that it answers.
 * Knowing a file's name is no right to it. Frames behind one that is looked at wait, so that their order stays. Called by dispatch.
 *
 *   each file: uploaded by him? ─ no ─▶ in the conversation? ─ no ─▶ error        all: still there? ─▶ the command
 */
#include "desk/attach.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "model/limits.h"
#include "model/pairs.h"
#include "store/blob.h"
#include "store/history.h"
#include "store/remember.h"

static const char SCOPE[] = "upload";

struct attach {
	struct client *c; /* held */
	struct arena arena;
	struct frame f;
	struct slice rest; /* of its files */
	struct slice blob; /* the one looked at */
	uint64_t after;	   /* how far the conversation was read for it */
	void (*go)(struct client *c, struct frame *f, struct arena *arena);
};

static void attach_next(struct attach *a);

static struct slice upload_key(struct slice user, struct slice blob, struct arena *arena)
{
	return arena_printf(arena, "%.*s\n%.*s", SLICE_ARG(user), SLICE_ARG(blob));
}

void attach_uploaded(struct desk *d, struct slice user, struct slice blob,
	void (*fn)(void *arg, int status), void *arg)
{
	struct arena arena = { 0 };

	remember(d->store, SCOPE, upload_key(user, blob, &arena), SLICE("1"),
		blob_keeps_s(d->store), fn, arg);
	arena_free(&arena);
}

bool attach_entry_has(
	const struct entry *en, struct slice blob, struct arena *arena, struct part *p)
{
	for (struct slice rest = en->parts; parts_next(&rest, p, arena);)
		if (slice_equal(p->blob, blob))
			return true;
	*p = (struct part){ .name = SLICE("message.eml"), .type = SLICE("message/rfc822") };
	return en->raw.n && slice_equal(en->raw, blob);
}

/* ---- the end ---- */

static void attach_end(struct attach *a, const char *code, const char *why)
{
	struct client *c = a->c;

	c->attaching = false;
	if (c->gone || c->d->ended)
		;
	else if (code)
		client_error(c, a->f.id, code, why);
	else
		a->go(c, &a->f, &a->arena);
	arena_free(&a->arena);
	free(a);
	dispatch_held(c);
	client_release(c);
}

static void attach_failed(struct attach *a)
{
	attach_end(a, "busy", "it could not be saved; repeat it under the same id");
}

static void attach_held(void *arg, int status)
{
	struct attach *a = arg;

	if (status == -ENOENT)
		attach_end(a, "invalid", "a file is no longer here; upload it again");
	else if (status)
		attach_failed(a);
	else
		attach_end(a, NULL, NULL);
}

/* ---- each file ---- */

static void attach_search(struct attach *a);

static void attach_read(void *arg, int status, const struct entry *entries, size_t count)
{
	struct attach *a = arg;
	struct part p;
	bool has = false;

	for (size_t i = 0; !status && !has && i < count; i++) {
		has = attach_entry_has(&entries[i], a->blob, &a->arena, &p);
		a->after = entries[i].seq;
	}
	if (has)
		attach_next(a);
	else if (status && status != -ENOENT)
		attach_failed(a);
	else if (status || count < API_MESSAGES_MAX)
		attach_end(a, "forbidden",
			"a file is neither one that you uploaded nor of this conversation");
	else
		attach_search(a);
}

static void attach_search(struct attach *a)
{
	history_read(a->c->d->store, a->f.c.conv, a->after, API_MESSAGES_MAX, attach_read, a);
}

static void attach_recalled(void *arg, int status, struct slice value)
{
	struct attach *a = arg;

	(void)value;
	if (status == 0)
		attach_next(a);
	else if (status == -ENOENT)
		attach_search(a);
	else
		attach_failed(a);
}

static void attach_next(struct attach *a)
{
	struct part p;
	struct store *s = a->c->d->store;

	if (!parts_next(&a->rest, &p, &a->arena)) {
		blob_hold(s, a->f.c.parts, (struct slice){ 0 }, attach_held, a);
		return;
	}
	a->blob = p.blob;
	a->after = 0;
	recall(s, SCOPE, upload_key(client_agent(a->c), p.blob, &a->arena), attach_recalled, a);
}

void attach_check(struct client *c, struct frame *f, struct arena *arena,
	void (*go)(struct client *c, struct frame *f, struct arena *arena))
{
	struct attach *a = mem_alloc(sizeof(*a));

	ASSERT(!c->attaching);
	client_hold(c);
	c->attaching = true;
	*a = (struct attach){ .c = c, .arena = *arena, .f = *f, .rest = f->c.parts, .go = go };
	*arena = (struct arena){ 0 };
	attach_next(a);
}
