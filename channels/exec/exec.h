/*
 * What the files of this plugin share. Everything here is on the loop's thread.
 *
 *   struct exec ─┬─ child      the program and the thread that cares for it      child.c
 *                ├─ sends      handed to the program, not answered               tell.c
 *                └─ owed       deliveries and cursors that usher owes an answer  owed.c
 *
 *   WAITING ──back-off──▶ STARTING ──ready──▶ READY
 *      ▲                     │ nonsense, silence, death, too late │
 *      └──────────ENDED──────┴───────────▶ DYING ◀────────────────┘
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include <jansson.h>
#include <stdbool.h>
#include <usher/channel.h>

#include "child.h"
#include "kit/buf.h"

enum exec_state { EXEC_WAITING, EXEC_STARTING, EXEC_READY, EXEC_DYING };

enum {
	ID_MAX = 64,
	WHY_MAX = 256,
	COMPLAINT_MAX = 160,
	COMPLAINT_GOOD_MS = 1000,
	HEALTH_MAX = 4096,
	BACKLOG_MAX = 1048576,
	LOG_LINES_S = 50
};

/* A message that the program has, or will have once it reads. */
struct sending {
	struct sending *next;
	char id[ID_MAX + 1];
	uint64_t end; /* of its line, in bytes written to this run */
	uint64_t since_ms;
};

/* What usher owes an answer: "in" → ack, "remember" → remembered, "recall" → recalled. */
struct owed {
	struct exec *exec;
	uint32_t run;	 /* of an earlier run: the answer interests nobody */
	struct buf name; /* dedup or key */
};

struct note {
	struct exec *exec;
	enum child_news news;
};

struct exec_settings {
	uint64_t ping_ms, silence_ms, ready_ms, send_ms, stop_ms, restart_most_ms;
	size_t in_max, sends_max, line_max, file_max, files_max, body_max;
	bool idempotent, files, sandbox;
};

struct exec {
	struct usher_host *host;
	const struct usher_services *usher;
	struct exec_settings set;
	struct child_config config;
	char **argv, **envp;
	struct child *child;
	struct note notes[CHILD_NEWS_COUNT];
	struct usher_timer *tick;

	enum exec_state state;
	bool closing;
	char complaint[COMPLAINT_MAX]; /* the last line of its standard error */
	uint64_t complained_ms;
	char why[WHY_MAX]; /* why the present run is killed, or the last one ended */
	uint32_t run, restarts, failures;
	uint64_t started_ms, again_ms, heard_ms, pinged_ms, moved_ms, closing_ms;
	uint64_t written; /* as last seen moving */

	struct sending *sends;
	size_t sends_count, owed, owed_now; /* owed_now: to the present run */
	size_t eaten;			    /* of the lines that are lent */
	bool lent;
	uint64_t seen, sent;
	char *health;
	struct upload *uploads; /* files that the program has begun to give */
	struct web *webs;	/* requests that are not answered */
	size_t webs_count;
	uint64_t web_serial;
	struct again *agains; /* questions to read again */
	bool rereads;	      /* it reads again what is quarantined */
	bool reloads;	      /* it wants to be told of a reload */
	bool stale;	      /* reloaded since this run began, and not told */
	unsigned refuses;     /* as last told this run: a bit for each kind of work */
	bool finished;	      /* its input was closed */
	uint64_t log_second;
	unsigned log_lines, log_left_out;
};

uint64_t exec_now_ms(void);
/* Takes down this run of the program: the reason is shown, and it is started again later. */
void exec_kill(struct exec *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* It broke the protocol: as exec_kill, and counted as a breach. */
void exec_nonsense(struct exec *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What it says about itself, at most LOG_LINES_S a second. */
void exec_log(struct exec *e, enum usher_level level, const char *text, size_t n);
/* After anything that a closing channel waits for. */
void exec_settle(struct exec *e);

/* tell.c: to the program */
void tell_hello(struct exec *e);
void tell_line(struct exec *e, json_t *line); /* takes the reference */
/* What is to be refused for overload, when that has changed. */
void tell_refuses(struct exec *e);
/* That usherd has read its configuration again, where that is wanted. */
void tell_reload(struct exec *e);
void tell_send(struct exec *e, const struct usher_outbound *m);
/* One that the program has answered; false when it was never asked. */
bool tell_sent(struct exec *e, const char *id, enum usher_outcome outcome, struct usher_str remote,
	struct usher_str why);
/* The run has ended: every send is answered. */
void tell_lost(struct exec *e);
void tell_late(struct exec *e, uint64_t now_ms);

/* talk.c: from the program */
void talk_lines(struct exec *e);
void talk_errors(struct exec *e);

/* field.c */
/* {NULL, 0} when it is not there or no string. */
struct usher_str field_of(const json_t *line, const char *name);
/* "" then. */
const char *field_text(const json_t *line, const char *name);
/* It is there and of another type: the program ends. */
bool field_is_wrong(struct exec *e, const json_t *line, const char *name, json_type type);
/* It is not there, or no text: the program ends. */
bool field_lacks(struct exec *e, const json_t *line, const char *name);

/* message.c: an `in` */
void message_heard(struct exec *e, const json_t *line);

/* owed.c: what usher owes */
extern const char *const outcome_words[];
/* A token for an answer of usher's that concerns this name, for as long as this run lasts. */
uint64_t owe(struct exec *e, struct usher_str name);
void owed_ack(struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str why);
void owed_remembered(struct exec *e, uint64_t token, enum usher_outcome outcome);
void owed_recalled(
	struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str value);
void owed_filed(struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str blob,
	uint64_t size);
void owed_file(struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str bytes);

/* web.c */
/* False: these are no paths. */
bool web_routes(struct exec *e, const json_t *routes);
void web_asked(struct exec *e, struct usher_http *r);
void web_body(struct exec *e, struct usher_http *r, struct usher_str piece, bool last);
void web_gone(struct exec *e, struct usher_http *r);
/* False: it is no answer. */
bool web_answered(struct exec *e, const json_t *line);
/* The run has ended: every request is answered. */
void web_lost(struct exec *e);

/* again.c */
void again_ask(struct exec *e, struct usher_str raw, struct usher_str of, uint64_t token);
/* False: nobody asked. */
bool again_done(struct exec *e, const char *of, enum usher_outcome outcome, struct usher_str why);
/* The run has ended. */
void again_lost(struct exec *e);
void again_late(struct exec *e, uint64_t now_ms);

/* files.c */
/* How many bytes came of it; -1: it is not base64. `out` has room for n / 4 * 3 + 4. */
int files_decode(const char *text, size_t n, unsigned char *out);
json_t *files_encode(const char *p, size_t n);
/* The program gives it up. */
void files_dropped(struct exec *e, const char *id);
void files_heard(struct exec *e, const char *id, const char *data, size_t n, bool last);
void files_told(
	struct exec *e, const char *name, enum usher_outcome outcome, struct usher_str bytes);
/* What this run has begun and not ended. */
void files_drop(struct exec *e);

/* settings.c */
extern const struct usher_option exec_options[];
/* False and a reason when it cannot be what is wanted. */
bool settings_read(struct exec *e, char *why, size_t why_size);
void settings_free(struct exec *e);
/* The options `settings`, as an object. */
json_t *settings_object(const struct exec *e);

#endif
