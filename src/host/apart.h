/*
 * A plugin in a process of its own: `usherd --apart PLUGIN.so`. The plugin sees the services of usher/channel.h as inside usherd; what they would
 * do to the store, and what the store answers, are lines of the plugin exec's protocol (channels/exec/README.md) on standard output and
 * input. Timers, threads' posts, listeners and streams are this process' own. One process has one plugin, so its state is one.
 *
 *   usherd ⇄ exec ══ lines ══ apart.c ─┬─ apart_hear.c   lines that are calls into the plugin
 *                                      ├─ apart_say.c    services that become lines
 *                                      ├─ apart_keep.c   cursors and files
 *                                      └─ apart_http.c   web requests
 */
#ifndef USHER_HOST_APART_H
#define USHER_HOST_APART_H

#include <jansson.h>

#include "host/inside.h"

enum apart_answer { OWED_ACK, OWED_REMEMBERED, OWED_RECALLED, OWED_FILED, OWED_FILE };

/* Asked of usherd and not answered: by its name, the oldest first. */
struct owed_line {
	struct list_node node;
	enum apart_answer what;
	char *name;
	uint64_t token;
	struct str bytes; /* of a file, as far as it came */
};

struct apart {
	struct loop *loop;
	struct host *host;
	struct usher_host *h; /* NULL before hello */
	struct config config;
	const char *path;
	struct loop_watch *in, *out;
	struct loop_timer *beat;
	struct str heard, said;	   /* not read yet, not written yet */
	struct str held;	   /* said while it was opened: usherd hears it behind ready */
	struct list owed, rereads; /* struct owed_line, struct reread_line */
	struct str routes;	   /* as a JSON list's inside */
	struct str health;	   /* as last told */
	struct map sends;	   /* the ids of those not answered */
	uint64_t slow, wrong;	   /* as last told */
	uint64_t serial;
	unsigned refuses;		     /* for overload: a bit for each enum usher_work */
	bool opening, ready, stopping, deaf; /* deaf: usherd has closed our input */
};
extern struct apart apart;

/* ---- apart.c ---- */
/* A line: begun with its word, members added, ended. Never two at once. */
struct str *line_begin(const char *word);
void line_text(
	struct str *line, const char *name, struct usher_str value); /* left out when empty */
void line_number(struct str *line, const char *name, uint64_t value);
void line_yes(struct str *line, const char *name, bool value); /* left out when false */
void line_end(struct str *line);
/* What was held back is said. */
void lines_release(void);
const char *outcome_word(enum usher_outcome outcome);
/* RETRY for what nobody knows. */
enum usher_outcome outcome_heard(const json_t *line);
struct usher_str line_field(const json_t *line, const char *name);
/* What was said is written, and the process ends. */
_Noreturn void apart_exit(int code);
/* usherd wants it to end: once. */
void apart_stop(void);

/* ---- apart_say.c ---- */
extern const struct usher_services apart_services;
void apart_say_health(void);
void apart_say_found(void);
void reread_owed(uint64_t token, struct slice of);

/* ---- apart_news.c ---- */
void say_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why);
void say_presence(
	struct usher_host *h, struct usher_str thread, enum usher_presence what, uint64_t seq);
void say_rate(struct usher_host *h, struct usher_str thread, struct usher_str dedup, uint32_t score,
	struct usher_str text);
void say_mail(struct usher_host *h, struct usher_str channel, struct usher_str to,
	struct usher_str subject, struct usher_str text, struct usher_str lang);
void say_tell(struct usher_host *h, const struct usher_news *n, uint64_t token);

/* ---- apart_hear.c ---- */
void apart_hear(const json_t *line);

/* ---- apart_keep.c ---- */
/* True: it may be said. Else nobody hears it, and the answer comes at once, but later. */
bool owe_or_refuse(
	struct usher_host *h, enum apart_answer what, struct usher_str name, uint64_t token);
/* Its ack is FAIL, later. */
void ack_refuse(struct usher_host *h, uint64_t token, const char *why);
/* The oldest of that name, taken out; NULL: none. */
struct owed_line *owed_take(enum apart_answer what, const char *name);
void owed_free(struct owed_line *o);
/* Nothing will be answered any more: what is owed is RETRY. */
void owed_lost(void);
void keep_filed(const json_t *line);
void keep_file(const json_t *line);
void keep_remember(
	struct usher_host *h, struct usher_str key, struct usher_str value, uint64_t token);
void keep_remember_for(struct usher_host *h, struct usher_str key, struct usher_str value,
	uint32_t ttl_s, int once, uint64_t token);
void keep_recall(struct usher_host *h, struct usher_str key, uint64_t token);
struct usher_blob *keep_blob_open(struct usher_host *h);
void keep_blob_write(struct usher_blob *b, struct usher_str piece);
void keep_blob_finish(struct usher_blob *b, uint64_t token);
void keep_blob_drop(struct usher_blob *b);
void keep_blob_get(struct usher_host *h, struct usher_str name, uint64_t token);
bool base64_read(struct str *out, struct usher_str text);
void base64_write(struct str *out, struct slice bytes);

/* ---- apart_http.c ---- */
void web_heard(const json_t *line);
void web_left(const json_t *line);
void web_http_route(struct usher_host *h, const char *prefix);
struct usher_str web_http_method(struct usher_http *r);
struct usher_str web_http_path(struct usher_http *r);
struct usher_str web_http_query(struct usher_http *r);
struct usher_str web_http_header(struct usher_http *r, const char *name);
void web_http_each_header(struct usher_http *r,
	void (*each)(void *arg, struct usher_str name, struct usher_str value), void *arg);
const char *web_http_peer(struct usher_http *r);
void web_http_read(struct usher_http *r, uint64_t max);
void web_http_pause(struct usher_http *r, int pause);
void web_http_set(struct usher_http *r, const char *name, struct usher_str value);
void web_http_answer(struct usher_http *r, int status, const char *type, struct usher_str body);
void web_http_problem(struct usher_http *r, int status, const char *detail);
void web_http_data(struct usher_http *r, void *data);
void *web_http_get_data(struct usher_http *r);
void web_http_file(struct usher_http *r, struct usher_str name, const char *csp);
int web_http_is_upgrade(struct usher_http *r);

#endif
