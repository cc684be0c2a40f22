/*
 * Files, both ways, in pieces of base64 so that no line grows with them. What the program gives becomes a blob whose name it puts into its `in`;
 * what it asks for by a blob's name it gets. Holds no more than a piece of an upload. Called by talk.c and exec.c.
 *
 *   program ── file id data ... last ──▶ blob ──on disk──▶ filed id file        send {files:[{file}]} ─▶ get file ─▶ file data ... last
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

enum { PIECE = 49152 };

struct upload {
	struct upload *next;
	char *id;
	struct usher_blob *blob;
	uint64_t size;
};

/* ---- in ---- */

static struct upload **upload_at(struct exec *e, const char *id)
{
	struct upload **at = &e->uploads;

	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	return at;
}

static void upload_end(struct upload **at)
{
	struct upload *u = *at;

	*at = u->next;
	free(u->id);
	free(u);
}

void files_drop(struct exec *e)
{
	while (e->uploads) {
		e->usher->blob_drop(e->uploads->blob);
		upload_end(&e->uploads);
	}
}

static struct upload **upload_new(struct exec *e, const char *id)
{
	size_t count = 0;

	for (struct upload *u = e->uploads; u; u = u->next)
		count++;
	if (count >= e->set.files_max) {
		exec_nonsense(e, "more than %zu files at once", e->set.files_max);
		return NULL;
	}
	struct upload *u = zeroed(sizeof(*u));
	u->id = strdup(id);
	if (!u->id)
		abort();
	u->blob = e->usher->blob_open(e->host);
	u->next = e->uploads;
	e->uploads = u;
	return &e->uploads;
}

int files_decode(const char *text, size_t n, unsigned char *out)
{
	int bytes = n % 4 == 0 && n < INT32_MAX
			    ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)n)
			    : -1;

	for (size_t i = 0; bytes > 0 && i < 2 && i < n && text[n - 1 - i] == '='; i++)
		bytes--;
	return bytes;
}

void files_heard(struct exec *e, const char *id, const char *data, size_t n, bool last)
{
	struct upload **at = upload_at(e, id);
	unsigned char *bytes = zeroed(n / 4 * 3 + 4);
	int count = files_decode(data, n, bytes);

	if (count < 0) {
		exec_nonsense(e, "the data of a file is not base64");
	} else if (*at || (at = upload_new(e, id))) {
		struct upload *u = *at;
		u->size += (uint64_t)count;
		e->usher->blob_write(
			u->blob, (struct usher_str){ (const char *)bytes, (size_t)count });
		if (u->size > e->set.file_max) {
			exec_nonsense(e, "a file of more than %zu bytes", e->set.file_max);
		} else if (last) {
			struct usher_str name = { u->id, strlen(u->id) };
			e->usher->blob_finish(u->blob, owe(e, name));
			upload_end(at);
		}
	}
	free(bytes);
}

void files_dropped(struct exec *e, const char *id)
{
	struct upload **at = upload_at(e, id);

	if (!*at)
		return;
	e->usher->blob_drop((*at)->blob);
	upload_end(at);
}

/* ---- out ---- */

json_t *files_encode(const char *p, size_t n)
{
	unsigned char *text = zeroed((n + 2) / 3 * 4 + 1);
	int length = EVP_EncodeBlock(text, (const unsigned char *)(n ? p : ""), (int)n);
	json_t *data = json_stringn((char *)text, (size_t)length);

	free(text);
	return data;
}

void files_told(
	struct exec *e, const char *name, enum usher_outcome outcome, struct usher_str bytes)
{
	unsigned char *text = zeroed(PIECE / 3 * 4 + 4);
	size_t at = 0;

	if (outcome != USHER_OK) {
		tell_line(e, json_pack("{s:s, s:s, s:s}", "t", "file", "file", name, "outcome",
				     outcome == USHER_RETRY ? "retry" : "fail"));
		free(text);
		return;
	}
	do {
		size_t n = bytes.n - at < PIECE ? bytes.n - at : PIECE;
		int length = EVP_EncodeBlock(
			text, (const unsigned char *)(n ? bytes.p + at : ""), (int)n);
		at += n;
		tell_line(e, json_pack("{s:s, s:s, s:s, s:s#, s:b}", "t", "file", "file", name,
				     "outcome", "ok", "data", (char *)text, length, "last",
				     at == bytes.n));
	} while (at < bytes.n);
	free(text);
}
