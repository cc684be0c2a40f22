/*
 * Cursors and files of a plugin in a process of its own, and the book of what usherd owes it. Called by the plugin through apart_services and by
 * apart_hear.c.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/apart.h"

enum { PIECE = 49152 };

/* ---- owed ---- */

static void owe_line(enum apart_answer what, struct usher_str name, uint64_t token)
{
	struct owed_line *o = mem_alloc(sizeof(*o));

	o->what = what;
	o->name = slice_dup(to_slice(name));
	o->token = token;
	list_push_back(&apart.owed, &o->node);
}

static struct owed_line *owed_find(enum apart_answer what, const char *name)
{
	LIST_FOR (o, &apart.owed, struct owed_line, node)
		if (name && o->what == what && strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

struct owed_line *owed_take(enum apart_answer what, const char *name)
{
	struct owed_line *o = owed_find(what, name);

	if (o)
		list_remove(&o->node);
	return o;
}

void owed_free(struct owed_line *o)
{
	if (!o)
		return;
	str_free(&o->bytes);
	free(o->name);
	free(o);
}

static void owed_answer(struct usher_host *h, struct owed_line *o, enum usher_outcome outcome)
{
	struct usher_str none = { 0 };

	switch (o->what) {
	case OWED_ACK:
		PLUGIN_CALL(h, ack, h->self, o->token, outcome, none);
		break;
	case OWED_REMEMBERED:
		PLUGIN_CALL(h, remembered, h->self, o->token, outcome);
		break;
	case OWED_RECALLED:
		PLUGIN_CALL(h, recalled, h->self, o->token, outcome, none);
		break;
	case OWED_FILED:
		PLUGIN_CALL(h, blob_done, h->self, o->token, outcome, none, 0);
		break;
	case OWED_FILE:
		PLUGIN_CALL(h, blob_got, h->self, o->token, outcome, to_str(str_slice(&o->bytes)));
		break;
	}
	owed_free(o);
}

void owed_lost(void)
{
	while (apart.owed.first) {
		struct owed_line *o = LIST_ENTRY(apart.owed.first, struct owed_line, node);
		list_remove(&o->node);
		owed_answer(apart.h, o, USHER_RETRY);
	}
}

static void retry_later(struct usher_host *h, void *arg)
{
	owed_answer(h, arg, USHER_RETRY);
}

bool owe_or_refuse(
	struct usher_host *h, enum apart_answer what, struct usher_str name, uint64_t token)
{
	owe_line(what, name, token);
	if (!apart.deaf)
		return true;
	struct owed_line *o = LIST_ENTRY(apart.owed.last, struct owed_line, node);
	list_remove(&o->node);
	call_later(h, retry_later, NULL, o);
	return false;
}

static void fail_later(struct usher_host *h, void *arg)
{
	owed_answer(h, arg, USHER_FAIL);
}

/* What usher would not take is answered here: as a line it would end this process. */
static bool owe_or_fail(struct usher_host *h, enum apart_answer what, struct usher_str key,
	struct usher_str value, int once, uint64_t token)
{
	if (keep_takes(h, what == OWED_RECALLED ? "recall" : "remember", key, value, once))
		return owe_or_refuse(h, what, key, token);
	struct owed_line *o = mem_alloc(sizeof(*o));
	o->what = what;
	o->token = token;
	call_later(h, fail_later, NULL, o);
	return false;
}

static void ack_refused(struct usher_host *h, void *arg)
{
	struct owed_line *o = arg;

	PLUGIN_CALL(h, ack, h->self, o->token, USHER_FAIL, to_str(slice_of(o->name)));
	owed_free(o);
}

void ack_refuse(struct usher_host *h, uint64_t token, const char *why)
{
	struct owed_line *o = mem_alloc(sizeof(*o));

	o->name = slice_dup(slice_of(why));
	o->token = token;
	call_later(h, ack_refused, NULL, o);
}

/* ---- cursors ---- */

void keep_remember_for(struct usher_host *h, struct usher_str key, struct usher_str value,
	uint32_t ttl_s, int once, uint64_t token)
{
	if (!service_allowed(h, "remember") ||
		!owe_or_fail(h, OWED_REMEMBERED, key, value, once, token))
		return;
	struct str *line = line_begin("remember");
	line_text(line, "key", key);
	line_text(line, "value", value);
	if (ttl_s)
		line_number(line, "ttl_s", ttl_s);
	line_yes(line, "once", once != 0);
	line_end(line);
}

void keep_remember(
	struct usher_host *h, struct usher_str key, struct usher_str value, uint64_t token)
{
	keep_remember_for(h, key, value, 0, 0, token);
}

void keep_recall(struct usher_host *h, struct usher_str key, uint64_t token)
{
	if (!service_allowed(h, "recall") || !owe_or_fail(h, OWED_RECALLED, key, key, 0, token))
		return;
	struct str *line = line_begin("recall");
	line_text(line, "key", key);
	line_end(line);
}

/* ---- base64 ---- */

void base64_write(struct str *out, struct slice bytes)
{
	unsigned char *to = (unsigned char *)str_reserve(out, (bytes.n + 2) / 3 * 4 + 1);

	out->n += (size_t)EVP_EncodeBlock(
		to, (const unsigned char *)(bytes.n ? bytes.p : ""), (int)bytes.n);
}

bool base64_read(struct str *out, struct usher_str text)
{
	unsigned char *to = (unsigned char *)str_reserve(out, text.n / 4 * 3 + 4);
	int n = text.n % 4 == 0 && text.n < INT32_MAX
			? EVP_DecodeBlock(
				  to, (const unsigned char *)(text.n ? text.p : ""), (int)text.n)
			: -1;

	if (n < 0)
		return false;
	for (size_t i = 0; i < 2 && i < text.n && text.p[text.n - 1 - i] == '='; i++)
		n--;
	out->n += (size_t)n;
	return true;
}

/* ---- files in ---- */

struct usher_blob {
	struct usher_host *h;
	char id[24];
	struct str rest;
	bool said;
};

struct usher_blob *keep_blob_open(struct usher_host *h)
{
	struct usher_blob *b = mem_alloc(sizeof(*b));

	(void)service_allowed(h, "blob_open");
	b->h = h;
	snprintf(b->id, sizeof(b->id), "f%llu", (unsigned long long)++apart.serial);
	return b;
}

static void say_piece(struct usher_blob *b, struct slice piece, bool last)
{
	struct str *line = line_begin("file");

	line_text(line, "id", to_str(slice_of(b->id)));
	str_add_text(line, ",\"data\":\"");
	base64_write(line, piece);
	str_add_char(line, '"');
	line_yes(line, "last", last);
	line_end(line);
	b->said = true;
}

void keep_blob_write(struct usher_blob *b, struct usher_str piece)
{
	str_add(&b->rest, to_slice(piece));
	while (b->rest.n > PIECE) {
		say_piece(b, slice_make(b->rest.p, PIECE), false);
		str_shift(&b->rest, PIECE);
	}
}

static void blob_free(struct usher_blob *b)
{
	str_free(&b->rest);
	free(b);
}

void keep_blob_finish(struct usher_blob *b, uint64_t token)
{
	if (owe_or_refuse(b->h, OWED_FILED, to_str(slice_of(b->id)), token))
		say_piece(b, str_slice(&b->rest), true);
	blob_free(b);
}

void keep_blob_drop(struct usher_blob *b)
{
	if (b->said) {
		struct str *line = line_begin("file");
		line_text(line, "id", to_str(slice_of(b->id)));
		line_yes(line, "drop", true);
		line_end(line);
	}
	blob_free(b);
}

void keep_filed(const json_t *line)
{
	struct usher_host *h = apart.h;
	struct owed_line *o = owed_take(OWED_FILED, json_string_value(json_object_get(line, "id")));
	json_int_t size = json_integer_value(json_object_get(line, "size"));

	if (o)
		PLUGIN_CALL(h, blob_done, h->self, o->token, outcome_heard(line),
			line_field(line, "file"), size > 0 ? (uint64_t)size : 0);
	owed_free(o);
}

/* ---- files out ---- */

void keep_blob_get(struct usher_host *h, struct usher_str name, uint64_t token)
{
	if (!service_allowed(h, "blob_get") || !owe_or_refuse(h, OWED_FILE, name, token))
		return;
	struct str *line = line_begin("get");
	line_text(line, "file", name);
	line_end(line);
}

void keep_file(const json_t *line)
{
	struct usher_host *h = apart.h;
	struct owed_line *o = owed_find(OWED_FILE, json_string_value(json_object_get(line, "fil"
											   "e")));
	enum usher_outcome outcome = outcome_heard(line);

	if (!o)
		return;
	if (outcome == USHER_OK && !base64_read(&o->bytes, line_field(line, "data")))
		outcome = USHER_RETRY;
	if (outcome == USHER_OK && !json_is_true(json_object_get(line, "last")))
		return;
	list_remove(&o->node);
	owed_answer(h, o, outcome);
}
