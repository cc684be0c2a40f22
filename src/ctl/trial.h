/*
 * `usherctl channel check PLUGIN.so`: a plugin against a host of cardboard that keeps to the contract of usher/channel.h and watches whether
 * the plugin does, too. No Redis, no socket, no usherd: what the plugin is told comes from here.
 *
 *   trial.c ── a child for each case ──▶ trial_cases.c, trial_intake.c, trial_strangers.c ──▶ plugin ⇄ trial_host.c and its like (the services)
 *      ◀── crashed in which call, complaints, warnings ── struct trial_note, in shared memory
 */
#ifndef USHER_CTL_TRIAL_H
#define USHER_CTL_TRIAL_H

#include <string.h>
#include <usher/channel.h>

#include "base/list.h"
#include "base/str.h"
#include "host/options.h"
#include "host/plugin.h"

enum {
	NOTE_MAX = 8192,
	TRIAL_KEEP = 256,
	TRIAL_KEY = 1100,
	TRIAL_ROUTES = 4,
	REREAD_TOKEN = 77,
	ANSWER_MAX = 13
};

/* What a child leaves behind, also when it is killed. */
struct trial_note {
	char call[64];		 /* the plugin's call that runs now */
	char wrong[NOTE_MAX];	 /* lines: it failed */
	char warnings[NOTE_MAX]; /* lines: somebody should look */
	char what[NOTE_MAX];	 /* what was done, in words */
	int skipped;
	int refused; /* it cannot be opened with these options: there is nothing more to try */
	/* what later cases want to know */
	int sample;		      /* which of the samples was delivered, + 1 */
	char sample_dedup[TRIAL_KEY]; /* under which key */
	char success[ANSWER_MAX];     /* how what its sender was told begins, once it is on disk */
};

/* Something that a stranger might send; tried until the plugin delivers one. */
enum sample_way { SAMPLE_POST, SAMPLE_LINES, SAMPLE_SOCKET, SAMPLE_ITSELF };
struct trial_sample {
	enum sample_way way;
	const char *type; /* of an HTTP body */
	/* Lines: a line "<" waits for an answer. Socket: each line is a message. {to} is an address of the channel's options. */
	struct slice bytes;
};

/* What was asked for on the command line. */
struct trial {
	const char *file;
	struct plugin *plugin;
	struct option options[64];
	size_t option_count;
	const char *path;	 /* for requests; NULL: the route */
	const char *headers[16]; /* "name: value" */
	size_t header_count;
	struct trial_sample samples[8];
	size_t sample_count;
	uint64_t patience_ms; /* with what has to come: a sent, a down */
	struct trial_note *note;
};

enum trial_answers { ANSWER_AT_ONCE, ANSWER_HELD };

struct trial_delivery {
	char dedup[TRIAL_KEY], thread[TRIAL_KEY];
	uint64_t token;
	bool acked;
};
struct trial_send {
	char id[27];
	int answers; /* how many `sent` it got */
	int outcome;
};

/* One open channel. */
struct usher_host {
	struct trial *t;
	const struct usher_channel *api;
	struct options options;
	const char *name;
	void *self;
	bool up, closing, down;
	/* how usher behaves */
	enum usher_outcome outcome; /* of deliveries */
	enum usher_outcome store;   /* of what the store is asked: OK, RETRY or FAIL */
	bool held;		    /* deliveries are not acknowledged for now */
	/* what the plugin did */
	struct trial_delivery deliveries[TRIAL_KEEP];
	size_t delivery_count;
	struct trial_send sends[TRIAL_KEEP];
	size_t send_count;
	char routes[TRIAL_ROUTES][128];
	size_t rereads, rereads_done;
	size_t route_count, listener_count;
	size_t told;		 /* bytes to streams and sockets, */
	size_t told_before;	 /* and before the last of a sample */
	char answer[ANSWER_MAX]; /* how the first words after the latest delivery begin */
	/* what is to be done at the loop's tail */
	struct list later, timers, streams, requests, sockets, blobs;
	uint64_t serial;
};

struct usher_http {
	struct list_node node;
	struct usher_host *h;
	const char *method, *path, *query, *type;
	struct slice body;
	bool upgrade;
	uint64_t max;
	void *data;
	bool reading, paused, fed,
		over; /* over: answered, upgraded or gone: the plugin may not use it */
	int status;
};
struct usher_ws {
	struct list_node node;
	struct usher_host *h;
	void *data;
	bool over;
};
struct usher_stream {
	struct list_node node;
	struct usher_host *h;
	void *data;
	struct str in;
	bool paused, tls, hungup, over;
};

/* ---- trial.c: what is said of it ---- */
void trial_wrong(struct usher_host *h, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void trial_warn(struct usher_host *h, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- trial_host.c ---- */
extern const struct usher_services trial_services, trial_check_services;
/* NULL and the reason. The extra option, when its name is not NULL, replaces the one of that name. */
struct usher_host *trial_open(struct trial *t, const char *name, const char *extra,
	const char *value, char *why, size_t size);
/* Closes it and waits for its end. */
void trial_close(struct usher_host *h);

/* ---- trial_loop.c ---- */
/* The loop runs in the caller's thread. */
void trial_loop_begin(void);
/* One turn at a time until `done` says so or `ms` have passed; true when it did. NULL: until nothing is left to do. */
bool trial_run(struct usher_host *h, uint64_t ms, bool (*done)(struct usher_host *h));
void trial_call_begin(struct usher_host *h, const char *what);
void trial_call_end(struct usher_host *h);
#define TRIAL_CALL(h, call, ...)                                                                   \
	do {                                                                                       \
		if ((h)->api->call && (h)->self && !(h)->down) {                                   \
			trial_call_begin(h, #call);                                                \
			(h)->api->call(__VA_ARGS__);                                               \
			trial_call_end(h);                                                         \
		}                                                                                  \
	} while (0)
void trial_later(struct usher_host *h, void (*run)(struct usher_host *h, void *arg), void *arg);
bool service_here(struct usher_host *h, const char *what);
void turn_timer_set(struct usher_timer *t, uint64_t after_us);
void turn_timer_clear(struct usher_timer *t);
struct usher_timer *turn_timer(struct usher_host *h, void (*fn)(void *arg), void *arg);
void turn_post(struct usher_host *h, void (*fn)(void *arg), void *arg);

/* ---- trial_messages.c ---- */
/* Answers the deliveries that were held. */
void trial_release(struct usher_host *h);
/* A message to carry. Parts name blobs that usher has. */
void trial_send(struct usher_host *h, const struct usher_outbound *m);
bool trial_all_sent(struct usher_host *h);
void msg_deliver(struct usher_host *h, const struct usher_inbound *m, uint64_t token);
void msg_sent(struct usher_host *h, struct usher_str id, enum usher_outcome outcome,
	struct usher_str remote, struct usher_str why);
void msg_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why);
void msg_presence(
	struct usher_host *h, struct usher_str thread, enum usher_presence what, uint64_t seq);
void msg_catch_up(struct usher_host *h, struct usher_str thread, uint64_t after, uint64_t token);
void msg_rate(struct usher_host *h, struct usher_str thread, struct usher_str dedup, uint32_t score,
	struct usher_str text);
void msg_reread_done(
	struct usher_host *h, uint64_t token, enum usher_outcome outcome, struct usher_str why);
int msg_is_open(
	struct usher_host *h, const struct usher_pair *hints, size_t count, uint64_t *opens_us);
int msg_refuses(struct usher_host *h, enum usher_work what);
void msg_tell(struct usher_host *h, const struct usher_news *n, uint64_t token);
void msg_mail(struct usher_host *h, struct usher_str channel, struct usher_str to,
	struct usher_str subject, struct usher_str text, struct usher_str lang);

/* ---- trial_pipes.c ---- */
/* A request with what the sample says, handed over and fed; it is watched until the host ends. */
struct usher_http *trial_request(struct usher_host *h, const char *method, const char *path,
	const char *type, struct slice body);
struct usher_stream *trial_connect(struct usher_host *h);
void trial_feed(struct usher_stream *s, struct slice bytes);
void trial_hangup(struct usher_stream *s, const char *why);
/* Feeds what a pause had held back. True when there was something. */
bool trial_pump(struct usher_host *h);
struct usher_ws *trial_socket(struct usher_host *h, const char *path);
void trial_say(struct usher_ws *w, struct slice text);
void trial_leave(struct usher_ws *w);
void trial_end_all(struct usher_host *h);

struct usher_str pipe_method(struct usher_http *r);
struct usher_str pipe_path(struct usher_http *r);
struct usher_str pipe_query(struct usher_http *r);
struct usher_str pipe_header(struct usher_http *r, const char *name);
void pipe_each_header(struct usher_http *r,
	void (*each)(void *arg, struct usher_str name, struct usher_str value), void *arg);
const char *pipe_http_peer(struct usher_http *r);
void pipe_read(struct usher_http *r, uint64_t max);
void pipe_pause(struct usher_http *r, int pause);
void pipe_set(struct usher_http *r, const char *name, struct usher_str value);
void pipe_answer(struct usher_http *r, int status, const char *type, struct usher_str body);
void pipe_problem(struct usher_http *r, int status, const char *detail);
void pipe_http_data(struct usher_http *r, void *data);
void *pipe_http_get_data(struct usher_http *r);
void pipe_file(struct usher_http *r, struct usher_str name, const char *csp);
int pipe_is_upgrade(struct usher_http *r);
struct usher_ws *pipe_ws_accept(struct usher_http *r, size_t max, void *data);
void *pipe_ws_data(struct usher_ws *w);
void pipe_ws_send(struct usher_ws *w, struct usher_str text);
size_t pipe_ws_output(struct usher_ws *w);
void pipe_ws_close(struct usher_ws *w, int code, const char *why);
const char *pipe_ws_peer(struct usher_ws *w);
void pipe_stream_data(struct usher_stream *s, void *data);
void *pipe_stream_get_data(struct usher_stream *s);
void pipe_write(struct usher_stream *s, struct usher_str bytes);
void pipe_starttls(struct usher_stream *s);
int pipe_is_tls(struct usher_stream *s);
void pipe_read_pause(struct usher_stream *s, int pause);
void pipe_deadline(struct usher_stream *s, uint64_t after_us, const char *why);
void pipe_hangup(struct usher_stream *s, int finish, const char *why);
const char *pipe_stream_peer(struct usher_stream *s);

/* ---- trial_samples.c ---- */
void samples_default(struct trial *t);
void sample_add(struct trial *t, enum sample_way way, const char *type, struct slice bytes);
const char *sample_name(const struct trial_sample *s);
const char *sample_path(const struct usher_host *h);
/* Whether this channel has a way in for it. */
bool sample_fits(const struct usher_host *h, const struct trial_sample *s);
/* A stranger sends it. The request, when it is one. */
struct usher_http *sample_give(struct usher_host *h, const struct trial_sample *s);
/* The last of it once more, by the same stranger. False: it goes only as a whole. */
bool sample_repeat(struct usher_host *h, const struct trial_sample *s);
/* Gives the sample that an earlier case found good and waits until it is delivered. False when there is none. */
bool sample_deliver(struct usher_host *h, struct usher_http **r);
bool trial_delivered(struct usher_host *h);
bool requests_over(struct usher_host *h);

/* ---- trial_keep.c ---- */
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
void keep_picture_get(
	struct usher_host *h, struct usher_str name, uint32_t side_px, uint64_t token);

/* ---- trial_intake.c, trial_strangers.c ---- */
void case_intake(struct trial *t);
void case_disk(struct trial *t);
void case_duplicate(struct trial *t);
void case_away(struct trial *t);
void case_refused(struct trial *t);
void case_slow_host(struct trial *t);
void case_left(struct trial *t);
void case_requests(struct trial *t);
void case_streams(struct trial *t);
void case_sockets(struct trial *t);

/* ---- trial_cases.c ---- */
/* A channel, or a complaint. */
struct usher_host *trial_opened(struct trial *t);
/* The case does not concern this plugin. */
void trial_skip(struct trial *t, const char *why);
static inline struct usher_str text_of(const char *s)
{
	return (struct usher_str){ s, s ? strlen(s) : 0 };
}
struct trial_case {
	const char *name, *what;
	void (*run)(struct trial *t);
};
extern const struct trial_case trial_cases[];
extern const size_t trial_case_count;

/* usherctl channel check ...: the exit code. */
int trial_main(int argc, char **argv);

#endif
