/*
 * Files of visitors and for visitors. What comes in goes to usher's blobs as it arrives; what goes out is always a download, and what is to be
 * shown is a picture that usher has drawn anew. A visitor gets a file only with the proof that came with the message that has it.
 *
 *   upload:  {"pass":..., "name":...} newline, then the bytes ─▶ {name, type, size, blob, ref}, which the next `say` names in `files`
 *   fetch:   {"pass", "name", "type", "size", "blob", "ref"} ─▶ the bytes; with "picture": SIDE ─▶ a JPEG or PNG of at most SIDE pixels
 *
 * pass and ref are HMACs with a key that usher remembers: they name no secret of the visitor's and are worth nothing for another thread.
 */
#include <ctype.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

enum {
	HEAD_MAX = 4096,
	FILE_NAME_MAX = 200,
	START_MAX = 16,
	SIDE_MIN = 16,
	SIDE_MAX = 2048,
	KEY_TOKEN = 0,
	KEY_AGAIN_US = 2000000
};
static const char KEY_NAME[] = "file-key";

/* What a name promises is what is stored; where the beginning of such a file is known, it must be there. */
static const struct file_type {
	const char *ending, *type, *starts;
	size_t starts_n;
} TYPES[] = {
	{ "png", "image/png", "\x89PNG\r\n\x1a\n", 8 },
	{ "jpg", "image/jpeg", "\xff\xd8\xff", 3 },
	{ "jpeg", "image/jpeg", "\xff\xd8\xff", 3 },
	{ "gif", "image/gif", "GIF8", 4 },
	{ "webp", "image/webp", "RIFF", 4 },
	{ "heic", "image/heic", NULL, 0 },
	{ "pdf", "application/pdf", "%PDF-", 5 },
	{ "txt", "text/plain", NULL, 0 },
	{ "csv", "text/csv", NULL, 0 },
	{ "doc", "application/msword", "\xd0\xcf\x11\xe0", 4 },
	{ "xls", "application/vnd.ms-excel", "\xd0\xcf\x11\xe0", 4 },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"PK\x03\x04", 4 },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "PK\x03\x04",
		4 },
	{ "odt", "application/vnd.oasis.opendocument.text", "PK\x03\x04", 4 },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet", "PK\x03\x04", 4 },
	{ "zip", "application/zip", "PK\x03\x04", 4 },
};
static const struct file_type OTHER = { "", "application/octet-stream", NULL, 0 };

/* ---- the key ---- */

void file_key_begin(struct chat *c)
{
	if (c->files)
		c->svc->recall(
			c->host, (struct usher_str){ KEY_NAME, strlen(KEY_NAME) }, KEY_TOKEN);
}

static void key_again(void *arg)
{
	struct chat *c = arg;

	if (!*c->file_key && !c->closing)
		file_key_begin(c);
}

/* Until the store is back nobody gets a pass; said once. */
static void key_wait(struct chat *c)
{
	if (!c->files || *c->file_key || c->closing)
		return;
	if (!c->key_timer) {
		c->svc->log(c->host, USHER_WARN, "no files are taken until the store is back");
		c->key_timer = c->svc->timer(c->host, key_again, c);
	}
	c->svc->timer_set(c->key_timer, KEY_AGAIN_US);
}

void file_key_recalled(struct chat *c, enum usher_outcome outcome, struct usher_str value)
{
	char made[TOKEN_LEN + 1];

	if (outcome == USHER_OK && value.n == TOKEN_LEN) {
		memcpy(c->file_key, value.p, TOKEN_LEN);
	} else if (outcome == USHER_OK) {
		token_make(c, made);
		c->svc->remember_for(c->host, (struct usher_str){ KEY_NAME, strlen(KEY_NAME) },
			(struct usher_str){ made, TOKEN_LEN }, 0, 1, KEY_TOKEN);
	} else {
		key_wait(c);
	}
}

/* Written, or another node was quicker: read it back. */
void file_key_remembered(struct chat *c, enum usher_outcome outcome)
{
	if (*c->file_key)
		return;
	if (outcome == USHER_OK || outcome == USHER_DUPLICATE)
		file_key_begin(c);
	else
		key_wait(c);
}

static void mac_hex(const struct chat *c, const char *text, size_t n, char out[MAC_HEX_LEN + 1])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;

	HMAC(EVP_sha256(), c->file_key, TOKEN_LEN, (const unsigned char *)text, n, mac, &mac_len);
	for (int i = 0; i < MAC_HEX_LEN / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

void file_pass(const struct chat *c, const char *thread, char out[THREAD_LEN + MAC_HEX_LEN + 2])
{
	char text[THREAD_LEN + 8];
	int n = snprintf(text, sizeof(text), "pass\n%s", thread);

	*out = '\0';
	if (!*c->file_key)
		return;
	memcpy(out, thread, THREAD_LEN);
	out[THREAD_LEN] = '.';
	mac_hex(c, text, (size_t)n, out + THREAD_LEN + 1);
}

static int pass_ok(const struct chat *c, const char *pass, char thread[THREAD_LEN + 1])
{
	char right[THREAD_LEN + MAC_HEX_LEN + 2];

	if (!pass || strlen(pass) != sizeof(right) - 1)
		return 0;
	memcpy(thread, pass, THREAD_LEN);
	thread[THREAD_LEN] = '\0';
	file_pass(c, thread, right);
	return CRYPTO_memcmp(pass, right, sizeof(right)) == 0;
}

void file_ref(const struct chat *c, const char *thread, const struct usher_part *part,
	char out[MAC_HEX_LEN + 1])
{
	struct buf b = { 0 };

	*out = '\0';
	if (!*c->file_key)
		return;
	buf_text(&b, "file\n");
	buf_text(&b, thread);
	buf_text(&b, "\n");
	buf_add(&b, part->blob.p, part->blob.n);
	buf_text(&b, "\n");
	buf_number(&b, part->size);
	buf_text(&b, "\n");
	buf_add(&b, part->type.p, part->type.n);
	buf_text(&b, "\n");
	buf_add(&b, part->name.p, part->name.n);
	mac_hex(c, b.p, b.n, out);
	buf_free(&b);
}

static struct usher_str text_in(const json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));

	return (struct usher_str){ v, v ? strlen(v) : 0 };
}

/* A file as a message or a fetch names it, and whether it is of that thread. */
static int part_read(
	const struct chat *c, const char *thread, const json_t *o, struct usher_part *out)
{
	struct usher_str ref = text_in(o, "ref");
	char right[MAC_HEX_LEN + 1];

	*out = (struct usher_part){ .name = text_in(o, "name"),
		.type = text_in(o, "type"),
		.blob = text_in(o, "blob"),
		.size = (uint64_t)json_integer_value(json_object_get(o, "size")) };
	file_ref(c, thread, out, right);
	return ref.n == MAC_HEX_LEN && *right && CRYPTO_memcmp(ref.p, right, MAC_HEX_LEN) == 0;
}

int files_read(const struct chat *c, const char *thread, const json_t *frame,
	struct usher_part parts[FILES_MAX], const char **why)
{
	const json_t *files = json_object_get(frame, "files");
	size_t n = json_array_size(files);

	if (!files)
		return 0;
	if (!json_is_array(files) || n > FILES_MAX) {
		*why = "files is a list of at most 10 files that were uploaded before";
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (part_read(c, thread, json_array_get(files, i), &parts[i]))
			continue;
		*why = "files names a file that was not uploaded here; upload it again";
		return -1;
	}
	return (int)n;
}

/* ---- in ---- */

struct upload {
	struct chat *chat;
	struct usher_blob *blob;
	const char *address;
	struct buf head; /* until its newline */
	char thread[THREAD_LEN + 1], name[FILE_NAME_MAX + 1], start[START_MAX];
	const struct file_type *type;
	size_t start_n;
	uint64_t size;
	unsigned begun : 1;
};

struct upload *upload_new(struct chat *c, const char *address)
{
	struct upload *u = zeroed(sizeof(*u));

	u->chat = c;
	u->address = address;
	return u;
}

static int has_word(struct usher_str list, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0, from = 0; i <= list.n; i++) {
		if (i < list.n && list.p[i] != ' ')
			continue;
		if (i - from == n && n && memcmp(list.p + from, word, n) == 0)
			return 1;
		from = i + 1;
	}
	return 0;
}

static const struct file_type *type_of(const struct chat *c, const char *name)
{
	const char *dot = strrchr(name, '.');
	char ending[16] = "";

	for (size_t i = 0; dot && dot[1 + i] && i + 1 < sizeof(ending); i++)
		ending[i] = (char)tolower((unsigned char)dot[1 + i]);
	if (!*ending || !has_word(c->file_types, ending))
		return NULL;
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(*TYPES); i++)
		if (strcmp(TYPES[i].ending, ending) == 0)
			return &TYPES[i];
	return &OTHER;
}

static int head_read(struct upload *u, const char **why)
{
	json_t *o = json_loadb(u->head.p, u->head.n, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(o, "name"));
	int status = 0;

	if (!pass_ok(u->chat, json_string_value(json_object_get(o, "pass")), u->thread)) {
		*why = "pass is wrong: say hello first, the welcome brings it";
		status = 403;
	} else if (!name || !*name || strlen(name) > FILE_NAME_MAX) {
		*why = "name is the file's name, 1 to 200 bytes";
		status = 400;
	} else if (!(u->type = type_of(u->chat, name))) {
		*why = "files of this kind are not taken here";
		status = 415;
	} else if (!peer_may_send_file(u->chat, u->address)) {
		*why = "too many files at once; wait a moment";
		status = 429;
	} else {
		snprintf(u->name, sizeof(u->name), "%s", name);
		u->blob = u->chat->svc->blob_open(u->chat->host);
		u->begun = 1;
	}
	json_decref(o);
	buf_free(&u->head);
	return status;
}

static void take_bytes(struct upload *u, struct usher_str bytes)
{
	size_t n = START_MAX - u->start_n < bytes.n ? START_MAX - u->start_n : bytes.n;

	if (n)
		memcpy(u->start + u->start_n, bytes.p, n);
	u->start_n += n;
	u->size += bytes.n;
	if (bytes.n)
		u->chat->svc->blob_write(u->blob, bytes);
}

int upload_piece(struct upload *u, struct usher_str piece, const char **why)
{
	const char *end;
	size_t n;
	int status;

	if (u->begun) {
		take_bytes(u, piece);
	} else {
		end = piece.n ? memchr(piece.p, '\n', piece.n) : NULL;
		n = end ? (size_t)(end - piece.p) : piece.n;
		buf_add(&u->head, piece.p, n);
		if (u->head.n > HEAD_MAX) {
			*why = "the first line is one JSON object of at most 4096 bytes";
			return 400;
		}
		if (!end)
			return 0;
		status = head_read(u, why);
		if (status)
			return status;
		take_bytes(u, (struct usher_str){ end + 1, piece.n - n - 1 });
	}
	*why = "the file is larger than is taken here";
	return u->size > u->chat->file_max ? 413 : 0;
}

int upload_finish(struct upload *u, uint64_t token, const char **why)
{
	struct usher_blob *blob = u->blob;

	if (!u->begun || !u->size) {
		*why = "there is no file: one line of JSON, then its bytes";
		return 400;
	}
	if (u->type->starts && (u->start_n < u->type->starts_n ||
				       memcmp(u->start, u->type->starts, u->type->starts_n) != 0)) {
		*why = "the file is not what its name says";
		return 415;
	}
	u->blob = NULL;
	u->chat->svc->blob_finish(blob, token);
	return 0;
}

void upload_answer(struct upload *u, struct usher_str blob, uint64_t size, struct buf *json)
{
	struct usher_part part = {
		.name = str_of(u->name), .type = str_of(u->type->type), .blob = blob, .size = size
	};
	char ref[MAC_HEX_LEN + 1];

	file_ref(u->chat, u->thread, &part, ref);
	buf_text(json, "{\"name\":");
	buf_json(json, part.name.p, part.name.n);
	buf_text(json, ",\"type\":");
	buf_json(json, part.type.p, part.type.n);
	buf_text(json, ",\"size\":");
	buf_number(json, size);
	buf_text(json, ",\"blob\":");
	buf_json(json, blob.p, blob.n);
	buf_text(json, ",\"ref\":\"");
	buf_text(json, ref);
	buf_text(json, "\"}");
}

void upload_free(struct upload **upload)
{
	struct upload *u = *upload;

	*upload = NULL;
	if (!u)
		return;
	if (u->blob)
		u->chat->svc->blob_drop(u->blob);
	buf_free(&u->head);
	free(u);
}

/* ---- out ---- */

struct fetch {
	struct chat *chat;
	uint32_t side_px; /* 0: the file itself */
	json_t *ask;
	struct usher_part part; /* borrowed from ask */
};

struct fetch *fetch_new(
	struct chat *c, const char *address, struct usher_str body, int *status, const char **why)
{
	json_t *ask = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	json_int_t side = json_integer_value(json_object_get(ask, "picture"));
	char thread[THREAD_LEN + 1];
	struct usher_part part;

	*status = 0;
	if (!pass_ok(c, json_string_value(json_object_get(ask, "pass")), thread) ||
		!part_read(c, thread, ask, &part)) {
		*status = 403;
		*why = "this file is not of your conversation";
	} else if (side < 0 || side > SIDE_MAX || (side && side < SIDE_MIN)) {
		*status = 400;
		*why = "picture is the longest side that is wanted, 16 to 2048 pixels";
	} else if (side && !USHER_HAS(c->svc, picture_get)) {
		*status = 404;
		*why = "this usher is older than the plugin: it shows no pictures";
	} else if (side && !peer_may_see_picture(c, address)) {
		*status = 429;
		*why = "too many pictures at once; wait a moment";
	}
	if (*status) {
		json_decref(ask);
		return NULL;
	}
	struct fetch *f = zeroed(sizeof(*f));
	*f = (struct fetch){ c, (uint32_t)side, ask, part };
	return f;
}

void fetch_begin(struct fetch *f, uint64_t token)
{
	const struct usher_services *svc = f->chat->svc;

	if (f->side_px)
		svc->picture_get(f->chat->host, f->part.blob, f->side_px, token);
	else
		svc->blob_get(f->chat->host, f->part.blob, token);
}

/* As RFC 6266: the exact name, percent-encoded. */
static void disposition(struct buf *b, struct usher_str name)
{
	buf_text(b, "attachment; filename*=UTF-8''");
	for (size_t i = 0; i < name.n; i++) {
		unsigned char ch = (unsigned char)name.p[i];
		char text[4];
		if (isalnum(ch) || strchr("._-", ch))
			snprintf(text, sizeof(text), "%c", ch);
		else
			snprintf(text, sizeof(text), "%%%02X", ch);
		buf_text(b, text);
	}
}

void fetch_answer(struct fetch *f, struct usher_http *r, struct usher_str bytes)
{
	const struct usher_services *svc = f->chat->svc;
	struct buf b = { 0 };
	int jpeg = bytes.n && bytes.p[0] == '\xff';

	if (f->side_px)
		buf_text(&b, "inline");
	else
		disposition(&b, f->part.name);
	svc->http_set(r, "Content-Disposition", (struct usher_str){ b.p, b.n });
	svc->http_set(r, "Content-Security-Policy", str_of("default-src 'none'; sandbox"));
	svc->http_set(r, "Cache-Control", str_of("no-store"));
	svc->http_answer(r, 200,
		!f->side_px ? "application/octet-stream"
		: jpeg	    ? "image/jpeg"
			    : "image/png",
		bytes);
	buf_free(&b);
}

void fetch_free(struct fetch **fetch)
{
	struct fetch *f = *fetch;

	*fetch = NULL;
	if (!f)
		return;
	json_decref(f->ask);
	free(f);
}
