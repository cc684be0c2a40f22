/*
 * What the files of this plugin share. Everything here is on the loop's thread but the inside of a struct fetch under way.
 *
 *   POST ─▶ intake.c: signature ─▶ JSON ─▶ conditions ─▶ fields ─▶ deliver ─▶ ack ─▶ answer
 *   send ─▶ send.c:   templates ─▶ signature ─▶ fetch.c (threads) ─▶ status ─▶ sent
 */
#ifndef WEBHOOK_WEBHOOK_H
#define WEBHOOK_WEBHOOK_H

#include <jansson.h>
#include <stdbool.h>
#include <usher/channel.h>

#include "fetch.h"
#include "sign.h"
#include "template.h"

enum { CONDITIONS_MAX = 16, HINTS_MAX = 32, HEADERS_MAX = 16, ITEMS_MAX = 200, FILES_MAX = 20 };

enum verify { VERIFY_HMAC, VERIFY_HMAC_BODY, VERIFY_TOKEN, VERIFY_NONE };

/* What a message is made of; `in.NAME` in the configuration. */
#define FIELDS(FIELD)                                                                              \
	FIELD(DEDUP, "dedup", NULL, "its name there, the same when it is sent again")              \
	FIELD(THREAD, "thread", "", "the conversation; without it the identity")                   \
	FIELD(IDENTITY, "identity", "", "who wrote it")                                            \
	FIELD(KIND, "identity_kind", "account", "what the identity is: phone, email, account")     \
	FIELD(NAME, "name", "", "the person's name")                                               \
	FIELD(TO, "to", "", "to whom it was written")                                              \
	FIELD(SUBJECT, "subject", "", "a line above the text")                                     \
	FIELD(TEXT, "text", "", "what was written")                                                \
	FIELD(HTML, "html", "", "the same as HTML")                                                \
	FIELD(LANG, "lang", "", "its language, two letters")                                       \
	FIELD(SENT, "sent", "", "when: seconds or milliseconds since 1970, or ISO 8601")           \
	FIELD(RATING, "rating", "", "of a review; a hint that rules can read")

#define FIELD_ENUM(id, name, fallback, help) FIELD_##id,
enum field { FIELDS(FIELD_ENUM) FIELD_COUNT };
#undef FIELD_ENUM

struct condition {
	char *value, *is; /* template; alternatives with |, or "*" for anything, "" for nothing */
};

struct pair {
	char *name, *value;
};

struct webhook {
	struct usher_host *host;
	const struct usher_services *usher;
	/* in */
	char *path, *items, *signature_header, *timestamp_header;
	enum verify verify;
	struct sign_keys keys;
	size_t body_max;
	bool verified, urgent;
	char *fields[FIELD_COUNT];
	struct condition conditions[CONDITIONS_MAX];
	struct pair hints[HINTS_MAX], headers[HEADERS_MAX];
	size_t conditions_count, hints_count, headers_count;
	struct seen *seen;
	char *file_list, *file_name, *file_type, *file_data, *file_url; /* templates */
	bool file_url_fixed; /* its host is in the configuration */
	size_t file_max;
	/* out */
	char *url, *method, *remote;
	json_t *body;
	bool as_form, carries_files, allow_private, idempotent;
	long timeout_s;
	struct sign_keys sign_keys;
	struct fetch_pool *pool;

	size_t posts, sends; /* under way */
	bool closing;
	uint64_t taken, ignored, refused, replayed, sent;
};

struct message;

/* A file of a message that comes in. */
struct file {
	struct message *message;
	struct buf name, type, blob;
	uint64_t size;
};

/* One message on its way in, while its files become blobs. */
struct message {
	struct webhook *w;
	uint64_t token;
	struct buf fields[FIELD_COUNT], values[HINTS_MAX], missing;
	struct file files[FILES_MAX];
	size_t files_count, pending;
	bool away; /* the store was, for one of them */
};

/* After anything that a closing channel waits for; it may be gone. */
void webhook_settle(struct webhook *w);

/* settings.c */
extern const struct usher_option webhook_options[];
bool settings_read(struct webhook *w, char *why, size_t why_size);
void settings_free(struct webhook *w);

/* intake.c */
void intake_request(struct webhook *w, struct usher_http *r);
void intake_body(struct webhook *w, struct usher_http *r, struct usher_str piece, bool last);
void intake_gone(struct usher_http *r, const struct webhook *w);
void intake_ack(uint64_t token, enum usher_outcome outcome, struct usher_str why);

/* form.c: name=value&name=value as an object of texts; NULL when it is not that. */
json_t *form_decode(struct usher_str body);

/* message.c: one item becomes a message; false when the conditions say that it is none. */
bool message_deliver(struct webhook *w, const struct scope *s, uint64_t token);

/* All its files are there, or known to be missing: delivers it and frees it. */
void message_finish(struct message *m);

/* files.c: begins with each file; the last one that is over calls message_finish. */
void files_begin(struct message *m, const struct scope *s);
void files_stored(uint64_t token, enum usher_outcome outcome, struct usher_str name, uint64_t size);

/* send.c */
void send_message(struct webhook *w, const struct usher_outbound *m);
void send_file(uint64_t token, enum usher_outcome outcome, struct usher_str bytes);

#endif
