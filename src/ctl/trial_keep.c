/*
 * What a plugin keeps: cursors and files. The store is made up here; it answers as the case wants it to. Called by the plugin.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/trial.h"

struct usher_blob {
	struct list_node node;
	struct usher_host *h;
	uint64_t size;
	bool over;
};

/* What is remembered, for as long as the case runs. */
struct value {
	struct value *next;
	char *key, *text;
	size_t n;
};
static struct value *values;

struct kept {
	uint64_t token, size;
	struct value *value; /* NULL: none */
	bool taken;	     /* another had been there */
};
static struct kept *kept_new(uint64_t token, uint64_t size)
{
	struct kept *k = mem_alloc(sizeof(*k));

	*k = (struct kept){ .token = token, .size = size };
	return k;
}

static struct value *value_of(struct usher_str key)
{
	for (struct value *v = values; v; v = v->next)
		if (slice_is((struct slice){ key.p, key.n }, v->key))
			return v;
	return NULL;
}

static void value_set(struct usher_str key, struct usher_str text)
{
	struct value *v = value_of(key);

	if (!v) {
		v = mem_alloc(sizeof(*v));
		v->key = slice_dup((struct slice){ key.p, key.n });
		v->next = values;
		values = v;
	}
	free(v->text);
	v->text = slice_dup((struct slice){ text.p, text.n });
	v->n = text.n;
}

static void remembered_now(struct usher_host *h, void *arg)
{
	struct kept *k = arg;

	TRIAL_CALL(h, remembered, h->self, k->token,
		h->store == USHER_OK && k->taken ? USHER_DUPLICATE : h->store);
	free(k);
}
static void recalled_now(struct usher_host *h, void *arg)
{
	struct kept *k = arg;
	struct usher_str value = { 0 };

	if (k->value && h->store == USHER_OK)
		value = (struct usher_str){ k->value->text, k->value->n };
	TRIAL_CALL(h, recalled, h->self, k->token, h->store, value);
	free(k);
}
static const char BLOB[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static void blob_done_now(struct usher_host *h, void *arg)
{
	struct kept *k = arg;
	struct usher_str name = { BLOB, h->store == USHER_OK ? 64 : 0 };

	TRIAL_CALL(h, blob_done, h->self, k->token, h->store, name, k->size);
	free(k);
}
static void blob_got_now(struct usher_host *h, void *arg)
{
	struct usher_str bytes = { "the bytes of a file", h->store == USHER_OK ? 19 : 0 };

	TRIAL_CALL(h, blob_got, h->self, ((struct kept *)arg)->token, h->store, bytes);
	free(arg);
}
void keep_remember_for(struct usher_host *h, struct usher_str key, struct usher_str value,
	uint32_t ttl_s, int once, uint64_t token)
{
	struct kept *k;
	struct value *before;

	(void)ttl_s;
	if (!service_here(h, "remember"))
		return;
	k = kept_new(token, 0);
	before = value_of(key);
	if (once && before)
		k->taken = !slice_is((struct slice){ value.p, value.n }, before->text);
	else if (h->store == USHER_OK)
		value_set(key, value);
	trial_later(h, remembered_now, k);
}
void keep_remember(
	struct usher_host *h, struct usher_str key, struct usher_str value, uint64_t token)
{
	keep_remember_for(h, key, value, 0, 0, token);
}
void keep_recall(struct usher_host *h, struct usher_str key, uint64_t token)
{
	struct kept *k;

	if (!service_here(h, "recall"))
		return;
	k = kept_new(token, 0);
	k->value = value_of(key);
	trial_later(h, recalled_now, k);
}
struct usher_blob *keep_blob_open(struct usher_host *h)
{
	struct usher_blob *b = mem_alloc(sizeof(*b));

	service_here(h, "blob_open");
	b->h = h;
	list_push_back(&h->blobs, &b->node);
	return b;
}
static bool blob_lives(struct usher_blob *b, const char *what)
{
	if (b->over)
		trial_wrong(b->h, "%s of a blob that is finished or dropped", what);
	return service_here(b->h, what) && !b->over;
}
void keep_blob_write(struct usher_blob *b, struct usher_str piece)
{
	if (blob_lives(b, "blob_write"))
		b->size += piece.n;
}
void keep_blob_finish(struct usher_blob *b, uint64_t token)
{
	if (!blob_lives(b, "blob_finish"))
		return;
	b->over = true;
	trial_later(b->h, blob_done_now, kept_new(token, b->size));
}
void keep_blob_drop(struct usher_blob *b)
{
	if (blob_lives(b, "blob_drop"))
		b->over = true;
}
void keep_blob_get(struct usher_host *h, struct usher_str name, uint64_t token)
{
	(void)name;
	if (service_here(h, "blob_get"))
		trial_later(h, blob_got_now, kept_new(token, 0));
}

void keep_picture_get(struct usher_host *h, struct usher_str name, uint32_t side_px, uint64_t token)
{
	(void)name;
	if (side_px < 16 || side_px > 2048)
		trial_wrong(h, "picture_get with a side of %u; it is 16 to 2048", side_px);
	if (service_here(h, "picture_get"))
		trial_later(h, blob_got_now, kept_new(token, 0));
}
