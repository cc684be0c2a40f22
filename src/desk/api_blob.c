/*
 * Files: stored as they come, given out only as attachments of a conversation that the caller may read and that has them. A browser never
 * runs one: attachment, nosniff, sandbox. What is shown is a picture drawn anew (store/picture.h), never the file.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "desk/api.h"
#include "desk/attach.h"
#include "desk/out.h"
#include "model/entry.h"
#include "model/limits.h"
#include "model/pairs.h"
#include "net/http_list.h"
#include "store/blob.h"
#include "store/history.h"
#include "store/picture.h"

/* ---- in ---- */

static void drop_writer(void *state)
{
	struct blob_writer *w = state;
	blob_drop(&w);
}

static void upload_end(struct call *c, int status, const struct part *stored)
{
	struct str o = { 0 };
	if (status == -EFBIG) {
		call_problem(c, 413, "the file is larger than is taken here");
	} else if (status) {
		call_problem(c, 503, "the file could not be saved; try again");
	} else {
		str_add_char(&o, '{');
		out_string(&o, "blob", stored->blob);
		out_u64(&o, "size", stored->size_bytes);
		str_add_char(&o, '}');
		call_json(c, 201, &o);
	}
	str_free(&o);
	call_release(c);
}

static void on_remembered(void *arg, int status)
{
	struct call *c = arg;
	upload_end(c, status, c->state);
}

static void on_stored(void *arg, int status, const char *name, uint64_t size_bytes)
{
	struct call *c = arg;
	if (status || c->d->ended) {
		upload_end(c, status ? status : -ECANCELED, NULL);
		return;
	}
	struct part *stored = arena_alloc(&c->arena, sizeof(*stored));
	stored->blob = arena_copy(&c->arena, slice_of(name));
	stored->size_bytes = size_bytes;
	c->state = stored;
	attach_uploaded(c->d, c->who.user, stored->blob, on_remembered, c);
}

static void on_piece(struct http_request *r, struct slice piece, bool last, void *arg)
{
	struct call *c = arg;
	struct blob_writer *w = c->state;
	(void)r;
	if (!w)
		return;
	blob_append(w, piece);
	if (!last)
		return;
	c->state = NULL;
	c->drop = NULL;
	call_hold(c);
	blob_finish(&w, on_stored, c);
}

void call_blob_put(struct call *c)
{
	c->state = blob_open(c->d->store);
	c->drop = drop_writer;
	http_body_stream(c->r, BLOB_MAX, on_piece, c);
}

/* ---- out ---- */

struct blob_want {
	unsigned side_px; /* 0: the file itself */
	uint64_t after;	  /* how far the history was searched */
	struct id conv;
	struct slice name, type;
};

/* The name twice: plain for old clients, exact for others (RFC 6266). */
static struct slice disposition(struct arena *arena, struct slice name)
{
	struct str plain = { 0 }, exact = { 0 };
	for (size_t i = 0; i < name.n && i < 100; i++) {
		unsigned char ch = (unsigned char)name.p[i];
		bool safe = isalnum(ch) || (ch && strchr("._-", ch));
		str_add_char(&plain, safe ? (char)ch : '_');
	}
	str_add_percent(&exact, name);
	struct slice v = arena_printf(arena, "attachment; filename=\"%s\"; filename*=UTF-8''%s",
		plain.n ? plain.p : "file", exact.n ? exact.p : "file");
	str_free(&plain);
	str_free(&exact);
	return v;
}

/* A media type that can stand in a header; anything else is bytes. */
static const char *type_safe(struct call *c, struct slice type)
{
	size_t slashes = 0;
	for (size_t i = 0; i < type.n; i++) {
		unsigned char ch = (unsigned char)type.p[i];
		slashes += ch == '/';
		if (!isalnum(ch) && (!ch || !strchr("/+.-_", ch)))
			return "application/octet-stream";
	}
	return slashes == 1 && type.n > 2 && type.n < 100 ? arena_copy(&c->arena, type).p
							  : "application/octet-stream";
}

static void on_blob(void *arg, int status, struct slice bytes)
{
	struct call *c = arg;
	const struct blob_want *w = c->state;
	if (status) {
		call_failed(c, status);
	} else if (call_lives(c)) {
		c->answered = true;
		http_set(c->r, "Content-Disposition", disposition(&c->arena, w->name));
		http_set(c->r, "Content-Security-Policy", SLICE("default-src 'none'; sandbox"));
		http_set(c->r, "Cache-Control", SLICE("private, max-age=3600"));
		http_answer(c->r, 200, type_safe(c, w->type), bytes);
	}
	call_release(c);
}

/* What is drawn of a blob at a size is the same for ever. */
static struct slice picture_tag(struct call *c)
{
	const struct blob_want *w = c->state;

	return arena_printf(&c->arena, "\"%.*s-%u\"", SLICE_ARG(c->args[0]), w->side_px);
}

static void picture_headers(struct call *c)
{
	http_set(c->r, "Cache-Control", SLICE("private, max-age=86400, immutable"));
	http_set(c->r, "ETag", picture_tag(c));
}

static void on_picture(void *arg, int status, struct slice bytes)
{
	struct call *c = arg;

	if (status == -EINVAL || status == -ENOTSUP) {
		call_problem(c, 415, "it is no picture that can be shown; save the file instead");
	} else if (status) {
		call_failed(c, status);
	} else if (call_lives(c)) {
		c->answered = true;
		http_set(c->r, "Content-Disposition", SLICE("inline"));
		http_set(c->r, "Content-Security-Policy", SLICE("default-src 'none'; sandbox"));
		http_set(c->r, "Cross-Origin-Resource-Policy", SLICE("same-origin"));
		picture_headers(c);
		http_answer(c->r, 200, picture_type(bytes), bytes);
	}
	call_release(c);
}

static void give(struct call *c)
{
	const struct blob_want *w = c->state;

	if (!w->side_px) {
		blob_get(c->d->store, c->args[0], on_blob, c);
	} else if (!http_list_has_tag(http_header(c->r, "if-none-match"), picture_tag(c).p)) {
		picture_get(c->d->store, c->args[0], w->side_px, on_picture, c);
	} else {
		c->answered = true;
		picture_headers(c);
		http_answer(c->r, 304, NULL, SLICE(""));
		call_release(c);
	}
}

/* The part of that blob among an entry's; the raw source of a message counts too. */
static bool entry_has(struct call *c, const struct entry *en, struct blob_want *w)
{
	struct part p;
	if (!attach_entry_has(en, c->args[0], &c->arena, &p))
		return false;
	w->name = arena_copy(&c->arena, p.name);
	w->type = arena_copy(&c->arena, p.type);
	return true;
}

static void search(struct call *c);

static void on_entries(void *arg, int status, const struct entry *entries, size_t count)
{
	struct call *c = arg;
	struct blob_want *w = c->state;
	bool has = false;
	for (size_t i = 0; !status && !has && i < count; i++) {
		has = entry_has(c, &entries[i], w);
		w->after = entries[i].seq;
	}
	if (!call_lives(c)) {
		call_release(c);
	} else if (has) {
		give(c);
	} else if (status || count < API_MESSAGES_MAX) {
		call_failed(c, status ? status : -ENOENT);
		call_release(c);
	} else {
		search(c);
		call_release(c);
	}
}

static void search(struct call *c)
{
	const struct blob_want *w = c->state;
	call_hold(c);
	history_read(c->d->store, w->conv, w->after, API_MESSAGES_MAX, on_entries, c);
}

static void blob_ask(struct call *c, unsigned side_px)
{
	struct blob_want *w = arena_alloc(&c->arena, sizeof(*w));

	w->side_px = side_px;
	if (c->args[0].n != BLOB_NAME_LEN || !id_parse(call_query(c, "conv"), &w->conv)) {
		call_problem(c, 400, "say which conversation it is of: ?conv=ID");
		return;
	}
	c->state = w;
	access_conv(c, w->conv, search);
}

void call_blob_get(struct call *c)
{
	blob_ask(c, 0);
}

void call_picture(struct call *c)
{
	uint64_t side;

	if (slice_u64(call_query(c, "side"), &side) && side >= PICTURE_SIDE_MIN &&
		side <= PICTURE_SIDE_MAX)
		blob_ask(c, (unsigned)side);
	else
		call_problem(c, 400, "say how large at most: side=16 to 2048, in pixels");
}
