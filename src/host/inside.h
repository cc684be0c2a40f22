/*
 * What the files of this room share. Nobody outside includes this.
 *
 *   struct host ─┬─ channels  struct usher_host: one open channel
 *                │     ├─ deliveries   in: on their way to the disk           deliver.c
 *                │     ├─ sends        out: taken from the outbox             outbound.c, destination.c
 *                │     ├─ catch_ups    threads being read back                catchup.c
 *                │     └─ requests, sockets, streams, listeners, timers, blobs: what the plugin holds
 *                ├─ routes    HTTP prefix → channel                           http.c
 *                └─ later     calls into plugins, made at the loop's tail     later.c
 *
 * A channel's life: OPEN ──close()──▶ CLOSING ──the plugin says down, nothing owed──▶ GONE. What is GONE is never called again; it
 * stays on host->gone while an answer of the store may still come for it (refs), then it is freed.
 */
#ifndef USHER_HOST_INSIDE_H
#define USHER_HOST_INSIDE_H

#include <errno.h>
#include <pthread.h>
#include <usher/channel.h>

#include "base/id.h"
#include "base/list.h"
#include "base/map.h"
#include "host/host.h"
#include "host/options.h"
#include "host/plugin.h"
#include "store/inbox.h"
#include "store/outbox.h"

struct outbound_side;
struct recent;

enum channel_state { CHANNEL_OPEN, CHANNEL_CLOSING, CHANNEL_GONE };

struct usher_host {
	struct list_node node; /* host->channels, or host->gone */
	struct host *host;     /* NULL once the host itself is gone */
	unsigned refs;	       /* 1 for the host, 1 for each answer that the store owes */
	struct plugin *plugin;
	const struct usher_channel *api; /* the plugin's */
	char *name, *scope;		 /* scope: "channel:NAME" */
	struct options options;
	uint64_t options_hash;
	void *self; /* the plugin's; NULL when there is nothing to call */
	enum channel_state state;
	bool up, counts_seen, said_down, told_close;
	char *why; /* of the last down */
	struct channel_status count;

	struct list requests, sockets, streams, listeners, timers, blobs, catch_ups, stubborn,
		rereads;
	uint64_t reread_tokens;
	struct usher_ws *heard; /* the socket whose message the plugin is told of now */
	size_t deliveries;	/* not acknowledged yet */
	size_t reading;		/* catch_ups under way */
	struct outbound_side *out;
	struct loop_timer *stubborn_again;
	size_t stubborn_bytes; /* of those in the list that nobody waits for */
	uint64_t slow_said_us;
	struct str health; /* the plugin's last, one JSON object */
};

/* One call into a plugin. They nest only when usher breaks its word: watch.c. */
struct call {
	struct usher_host *h;
	const char *what;
};
enum { CALL_DEPTH_MAX = 8 };

struct host {
	struct loop *loop;
	struct store *store;
	struct http_server *http;
	const struct config *config;
	struct list channels, gone;
	struct map routes; /* prefix → struct route */
	struct loop_tail *tail;
	struct list later;
	struct call calls[CALL_DEPTH_MAX]; /* whose code runs now, the innermost last */
	size_t call_depth;
	uint64_t boot;	  /* this process, by chance: whose marks are ours */
	pthread_t thread; /* the loop's */
	struct loop_timer *beat;
	struct recent *recent;
	struct map agent_names; /* agent → display name, as last pushed */
	struct web_dir *web_dirs;
	bool debug, sanitized, watches_crash, open, intake, rests;
	enum shed shed;
	uint64_t shed_count;
	char *intake_why;
	void (*on_typing)(void *arg, struct slice channel, struct slice thread);
	void *on_typing_arg;
	void (*closed)(void *arg);
	void *closed_arg;
};

static inline struct usher_str to_str(struct slice s)
{
	return (struct usher_str){ s.p, s.n };
}
static inline struct slice to_slice(struct usher_str s)
{
	return (struct slice){ s.p, s.n };
}

/* ---- calls into a plugin ---- */

/* A plugin is never called from inside its own call; when it is after all, that is told. Returns when it began. */
uint64_t call_begin(struct usher_host *h, const char *what);
void call_end(struct usher_host *h, uint64_t began);
/* Calls `api->what(...)` when the plugin has it and is there to be called. */
#define PLUGIN_CALL(h, what, ...)                                                                  \
	do {                                                                                       \
		if ((h)->api->what && (h)->self) {                                                 \
			uint64_t call_began = call_begin(h, #what);                                \
			(h)->api->what(__VA_ARGS__);                                               \
			call_end(h, call_began);                                                   \
		}                                                                                  \
	} while (0)
/* A breach of the contract by the plugin: logged; counted as an error of the channel. */
void plugin_wrong(struct usher_host *h, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* False, and told, when a service is called from a thread that is not the loop's. */
bool service_allowed(struct usher_host *h, const char *what);
void watch_crashes(struct host *host);
/* keep.c: false, and told, for a key or value that remember and recall do not take. */
bool keep_takes(struct usher_host *h, const char *what, struct usher_str key,
	struct usher_str value, int once);

/* health.c */
void health_start(struct host *host);

/* later.c: run(h, arg) at the end of the turn; dropped when the channel is gone, then only `drop` gets arg. */
void call_later(struct usher_host *h, void (*run)(struct usher_host *h, void *arg),
	void (*drop)(void *arg), void *arg);
void later_run(void *host);
void later_drop_all(struct host *host);

/* isolated.c: a channel's plugin, which for an isolated one is exec with the plugin in its care. */
struct plugin *plugin_of(const struct config *config, const struct channel *c, struct err *err);
size_t plugin_options(const struct plugin *p, const struct channel *c, struct options *o,
	options_problem_fn *problem, void *arg);
/* Another one when it has to be opened anew. */
uint64_t channel_hash(const struct channel *c);

/* ---- channel.c ---- */
struct usher_host *channel_open(struct host *host, const struct channel *conf, struct err *err);
void channel_close(struct usher_host *h);
/* After anything that may have been the last thing owed: at the tail, a closing channel may be gone. */
void channel_look(struct usher_host *h);
void channel_set_down(struct usher_host *h, const char *why);
/* Ends it at once: what the plugin holds is taken away without another call. */
void channel_end(struct usher_host *h);
struct usher_host *channel_find(const struct host *host, struct slice name);
static inline struct usher_host *channel_hold(struct usher_host *h)
{
	h->refs++;
	return h;
}
void channel_release(struct usher_host *h);
/* host.c: a channel has ended; opens its successor, or tells whoever waits for the end of all. */
void host_channel_ended(struct host *host, struct slice name);
static inline bool channel_is_gone(const struct usher_host *h)
{
	return h->state == CHANNEL_GONE;
}

/* ---- what services.c puts into the table ---- */
extern const struct usher_services host_services;
extern const struct usher_services check_services; /* those that have no effect */
/* check.c: http_route of a channel that is asked, not opened. */
void check_path(struct usher_host *h, const char *prefix);

/* deliver.c, recent.c */
void service_deliver(struct usher_host *h, const struct usher_inbound *m, uint64_t token);
/* Why nothing is taken in now; p NULL when it is. */
struct slice intake_closed(const struct usher_host *h);
struct recent *recent_new(void);
void recent_free(struct recent **r);
/* The id given to that key lately, or none. */
struct id recent_get(const struct recent *r, const uint8_t key[16], bool *stored);
void recent_put(struct recent *r, const uint8_t key[16], struct id id, bool stored);

/* stubborn.c: puts the command (copied) again and again until it is on disk, then done(arg, true); false when the channel has gone.
 * The channel is not gone before. carrier: who may speak of the message by an id of its own (`remote`), which is kept with it; or NULL. */
void put_stubborn(struct usher_host *h, const struct command *c, const char *carrier,
	void (*done)(void *arg, bool stored), void *arg);
void stubborn_drop_all(struct usher_host *h);
/* When it was put, and an id if it has none. */
void command_stamp(struct command *c, uint64_t now_us);

/* expect.c */
int service_is_open(
	struct usher_host *h, const struct usher_pair *hints, size_t count, uint64_t *opens_us);

/* catchup.c */
void service_catch_up(
	struct usher_host *h, struct usher_str thread, uint64_t after_seq, uint64_t token);
/* True when the thread is being read back: it will come to the message itself. */
bool catch_up_holds(struct usher_host *h, struct slice thread, uint64_t seq);
void catch_up_drop_all(struct usher_host *h);

/* outbound.c */
void outbound_open(struct usher_host *h);
void outbound_stop(struct usher_host *h);
/* What nobody has begun goes back. */
void outbound_rest(struct usher_host *h);
bool outbound_is_idle(const struct usher_host *h);
void outbound_free(struct usher_host *h);
/* Sends that the plugin was given long ago and never answered: told, once each. */
void outbound_look_overdue(struct usher_host *h);
void service_sent(struct usher_host *h, struct usher_str id, enum usher_outcome outcome,
	struct usher_str remote, struct usher_str why);
/* news.c */
void service_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why);
void service_presence(
	struct usher_host *h, struct usher_str thread, enum usher_presence what, uint64_t seq);
void service_rate(struct usher_host *h, struct usher_str thread, struct usher_str dedup,
	uint32_t score, struct usher_str text);
void service_mail(struct usher_host *h, struct usher_str channel, struct usher_str to,
	struct usher_str subject, struct usher_str text, struct usher_str lang);
void service_tell(struct usher_host *h, const struct usher_news *n, uint64_t token);
/* Which message the channel's id speaks of, for delivery news. Not needed where our id stands in its own. */
bool remote_is_needed(struct slice remote, struct id message);
void remote_keep(struct host *host, const char *channel, struct slice remote, struct id message,
	void (*fn)(void *arg, int status), void *arg);

/* http.c */
void service_http_route(struct usher_host *h, const char *prefix);
struct usher_str service_http_method(struct usher_http *w);
struct usher_str service_http_path(struct usher_http *w);
struct usher_str service_http_query(struct usher_http *w);
struct usher_str service_http_header(struct usher_http *w, const char *name);
void service_http_each_header(struct usher_http *w,
	void (*each)(void *arg, struct usher_str name, struct usher_str value), void *arg);
const char *service_http_peer(struct usher_http *w);
void service_http_read(struct usher_http *w, uint64_t max);
void service_http_pause(struct usher_http *w, int pause);
void service_http_set(struct usher_http *w, const char *name, struct usher_str value);
void service_http_answer(
	struct usher_http *w, int status, const char *content_type, struct usher_str body);
void service_http_problem(struct usher_http *w, int status, const char *detail);
/* False, and told: it cannot be sent; the client gets 500 and these words. */
bool answer_is_sound(struct usher_host *h, int status, const char *content_type);
extern const char answer_unsound[];
void service_http_data(struct usher_http *w, void *data);
void *service_http_get_data(struct usher_http *w);
void service_http_file(struct usher_http *w, struct usher_str name, const char *csp);
int service_http_is_upgrade(struct usher_http *w);
void http_drop_all(struct usher_host *h);
void routes_free(struct host *host);

/* ws.c */
struct usher_ws *service_ws_accept(struct usher_http *r, size_t message_max, void *data);
void *service_ws_data(struct usher_ws *w);
void service_ws_send(struct usher_ws *w, struct usher_str text);
size_t service_ws_output(struct usher_ws *w);
void service_ws_close(struct usher_ws *w, int code, const char *why);
const char *service_ws_peer(struct usher_ws *w);
void ws_drop_all(struct usher_host *h);
/* A message that came by the socket is on its way to the disk, and is there (or is refused). */
void ws_takes_off(struct usher_ws *w);
void ws_landed(struct usher_ws *w);
/* The upgrade of a request that http.c wraps: gives it up and says whose it was. */
struct http_request *http_take(struct usher_http *w, struct usher_host **h);

/* stream.c */
int service_listen(struct usher_host *h, struct usher_str address, struct usher_str tls_cert,
	struct usher_str tls_key, int starttls_only);
void service_listen_pause(struct usher_host *h, int pause);
void service_stream_data(struct usher_stream *s, void *data);
void *service_stream_get_data(struct usher_stream *s);
void service_write(struct usher_stream *s, struct usher_str bytes);
void service_starttls(struct usher_stream *s);
int service_stream_is_tls(struct usher_stream *s);
void service_read_pause(struct usher_stream *s, int pause);
void service_deadline(struct usher_stream *s, uint64_t after_us, const char *why);
void service_hangup(struct usher_stream *s, int finish_output, const char *why);
const char *service_stream_peer(struct usher_stream *s);
void stream_stop_listening(struct usher_host *h);
/* Certificates from their files as they are now; one that cannot be read leaves the old one. */
void stream_renew_tls(struct usher_host *h);
void stream_drop_all(struct usher_host *h);

/* keep.c */
void service_remember(
	struct usher_host *h, struct usher_str key, struct usher_str value, uint64_t token);
void service_remember_for(struct usher_host *h, struct usher_str key, struct usher_str value,
	uint32_t ttl_s, int once, uint64_t token);
void service_recall(struct usher_host *h, struct usher_str key, uint64_t token);
struct usher_blob *service_blob_open(struct usher_host *h);
void service_blob_write(struct usher_blob *b, struct usher_str piece);
void service_blob_finish(struct usher_blob *b, uint64_t token);
void service_blob_drop(struct usher_blob *b);
void service_blob_get(struct usher_host *h, struct usher_str name, uint64_t token);
void service_picture_get(
	struct usher_host *h, struct usher_str name, uint32_t side_px, uint64_t token);

/* reread.c */
void service_reread_done(
	struct usher_host *h, uint64_t token, enum usher_outcome outcome, struct usher_str why);
void reread_drop_all(struct usher_host *h);

void blob_drop_all(struct usher_host *h);

/* timer.c */
struct usher_timer *service_timer(struct usher_host *h, void (*fn)(void *arg), void *arg);
void service_timer_set(struct usher_timer *t, uint64_t after_us);
void service_timer_clear(struct usher_timer *t);
void timer_drop_all(struct usher_host *h);
void service_post(struct usher_host *h, void (*fn)(void *arg), void *arg);

/* What a store status means to a plugin; *why gets the words. */
enum usher_outcome outcome_of(int status, struct usher_str *why);

#endif
