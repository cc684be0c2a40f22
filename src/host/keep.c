/*
 * What a plugin keeps in the store: cursors and blobs. Called by plugins through the services table.
 */
#include <errno.h>
#include <stdlib.h>

#include "host/inside.h"
#include "model/limits.h"
#include "store/blob.h"
#include "store/picture.h"
#include "store/remember.h"

struct usher_blob {
	struct list_node node;
	struct usher_host *h;
	struct blob_writer *writer;
};

/* An answer that the store owes. */
struct owed {
	struct usher_host *h; /* held */
	uint64_t token;
};

static struct owed *owe(struct usher_host *h, uint64_t token)
{
	struct owed *o = mem_alloc(sizeof(*o));

	o->h = channel_hold(h);
	o->token = token;
	return o;
}

/* Frees it; NULL when there is nobody left to tell. */
static struct usher_host *owed_end(struct owed *o, uint64_t *token)
{
	struct usher_host *h = o->h;
	bool gone = channel_is_gone(h);

	*token = o->token;
	free(o);
	channel_release(h);
	return gone ? NULL : h;
}

enum usher_outcome outcome_of(int status, struct usher_str *why)
{
	const char *text;

	*why = (struct usher_str){ 0 };
	switch (-status) {
	case 0:
		return USHER_OK;
	case EEXIST:
		*why = to_str(SLICE("there is something else of that name"));
		return USHER_DUPLICATE;
	case ENOSPC:
		text = "the store has no room";
		break;
	case EINVAL:
		*why = to_str(SLICE("that is no such thing; the log says what was expected"));
		return USHER_FAIL;
	case EFBIG:
		*why = to_str(SLICE("it is larger than usher takes"));
		return USHER_FAIL;
	case ENOENT:
		*why = to_str(SLICE("there is nothing of that name"));
		return USHER_FAIL;
	case EBADMSG:
		*why = to_str(SLICE("what is stored is damaged"));
		return USHER_FAIL;
	case EIO:
		text = "the store was lost in the middle of it";
		break;
	default:
		text = "the store is away";
		break;
	}
	*why = to_str(slice_of(text));
	return USHER_RETRY;
}

/* ---- cursors ---- */

static void remembered(void *arg, int status)
{
	uint64_t token;
	struct usher_str why;
	struct usher_host *h = owed_end(arg, &token);

	if (h)
		PLUGIN_CALL(h, remembered, h->self, token, outcome_of(status, &why));
}

bool keep_takes(struct usher_host *h, const char *what, struct usher_str key,
	struct usher_str value, int once)
{
	if (!key.n || key.n > MESSAGE_KEY_MAX)
		plugin_wrong(
			h, "%s: a key has 1 to %d bytes, not %zu", what, MESSAGE_KEY_MAX, key.n);
	else if (once && !value.n)
		plugin_wrong(h, "%s: nothing cannot be remembered once", what);
	else
		return true;
	return false;
}

static void remember_refused(struct usher_host *h, void *arg)
{
	(void)h;
	remembered(arg, -EINVAL);
}

static void remember_drop(void *arg)
{
	remembered(arg, -EINVAL);
}

void service_remember(
	struct usher_host *h, struct usher_str key, struct usher_str value, uint64_t token)
{
	service_remember_for(h, key, value, 0, 0, token);
}

void service_remember_for(struct usher_host *h, struct usher_str key, struct usher_str value,
	uint32_t ttl_s, int once, uint64_t token)
{
	if (!service_allowed(h, "remember"))
		return;
	if (!keep_takes(h, "remember", key, value, once))
		call_later(h, remember_refused, remember_drop, owe(h, token));
	else if (once)
		remember_once(h->host->store, h->scope, to_slice(key), to_slice(value), ttl_s,
			remembered, owe(h, token));
	else
		remember(h->host->store, h->scope, to_slice(key), to_slice(value), ttl_s,
			remembered, owe(h, token));
}

static void recalled(void *arg, int status, struct slice value)
{
	uint64_t token;
	struct usher_str why;
	struct usher_host *h = owed_end(arg, &token);

	if (status == -ENOENT) {
		status = 0;
		value = (struct slice){ 0 };
	}
	if (h)
		PLUGIN_CALL(h, recalled, h->self, token, outcome_of(status, &why), to_str(value));
}

static void recall_refused(struct usher_host *h, void *arg)
{
	(void)h;
	recalled(arg, -EINVAL, (struct slice){ 0 });
}

static void recall_drop(void *arg)
{
	recalled(arg, -EINVAL, (struct slice){ 0 });
}

void service_recall(struct usher_host *h, struct usher_str key, uint64_t token)
{
	if (!service_allowed(h, "recall"))
		return;
	if (!keep_takes(h, "recall", key, key, 0)) {
		call_later(h, recall_refused, recall_drop, owe(h, token));
		return;
	}
	recall(h->host->store, h->scope, to_slice(key), recalled, owe(h, token));
}

/* ---- blobs ---- */

struct usher_blob *service_blob_open(struct usher_host *h)
{
	struct usher_blob *b = mem_alloc(sizeof(*b));

	(void)service_allowed(h, "blob_open"); /* told; there is no way to refuse it */
	b->h = h;
	b->writer = blob_open(h->host->store);
	list_push_back(&h->blobs, &b->node);
	return b;
}

void service_blob_write(struct usher_blob *b, struct usher_str piece)
{
	blob_append(b->writer, to_slice(piece));
}

static void blob_free(struct usher_blob *b)
{
	list_remove(&b->node);
	free(b);
}

static void blob_done(void *arg, int status, const char *name, uint64_t size)
{
	uint64_t token;
	struct usher_str why;
	struct usher_host *h = owed_end(arg, &token);

	if (h)
		PLUGIN_CALL(h, blob_done, h->self, token, outcome_of(status, &why),
			to_str(slice_of(status ? NULL : name)), size);
}

void service_blob_finish(struct usher_blob *b, uint64_t token)
{
	blob_finish(&b->writer, blob_done, owe(b->h, token));
	blob_free(b);
}

void service_blob_drop(struct usher_blob *b)
{
	blob_drop(&b->writer);
	blob_free(b);
}

void blob_drop_all(struct usher_host *h)
{
	while (h->blobs.first)
		service_blob_drop(LIST_ENTRY(h->blobs.first, struct usher_blob, node));
}

static void blob_got(void *arg, int status, struct slice bytes)
{
	uint64_t token;
	struct usher_str why;
	struct usher_host *h = owed_end(arg, &token);

	if (h)
		PLUGIN_CALL(h, blob_got, h->self, token, outcome_of(status, &why), to_str(bytes));
}

void service_blob_get(struct usher_host *h, struct usher_str name, uint64_t token)
{
	if (!service_allowed(h, "blob_get"))
		return;
	blob_get(h->host->store, to_slice(name), blob_got, owe(h, token));
}

static void picture_got(void *arg, int status, struct slice bytes)
{
	uint64_t token;
	struct usher_str why;
	struct usher_host *h = owed_end(arg, &token);
	bool never = status == -EINVAL || status == -ENOTSUP;

	if (h)
		PLUGIN_CALL(h, blob_got, h->self, token,
			never ? USHER_FAIL : outcome_of(status, &why), to_str(bytes));
}

void service_picture_get(
	struct usher_host *h, struct usher_str name, uint32_t side_px, uint64_t token)
{
	unsigned side = side_px < PICTURE_SIDE_MIN   ? PICTURE_SIDE_MIN
			: side_px > PICTURE_SIDE_MAX ? PICTURE_SIDE_MAX
						     : side_px;

	if (service_allowed(h, "picture_get"))
		picture_get(h->host->store, to_slice(name), side, picture_got, owe(h, token));
}
