/*
 * The chat channel: a protocol over WebSocket or long poll in which nothing is lost. Private to this plugin.
 *
 *   chat (one configured channel)
 *    ├─ threads    thread key → thread: one visitor's conversation, kept while somebody is connected or may come back
 *    │    └─ tabs  the connections of that visitor, each a WebSocket or a poll
 *    ├─ polls      poll id → poll: frames for a tab that asks for them by HTTP
 *    ├─ peers      hash of an address → how many are connected from there, and how fast
 *    ├─ posts      token → an HTTP request that waits for a file
 *    └─ waits      token → what a visitor said and usher has not acknowledged yet
 *
 * A session token is 128 random bits made here. The thread key of an anonymous visitor is its SHA-256, so the secret is stored nowhere; who has
 * proved who he is gets another token, and usher remembers by its hash whose thread it opens (hello.c). Everything that was said is in
 * usher's history: this plugin keeps no text, a tab that returns with the number it saw last is read the rest.
 */
#ifndef CHAT_H
#define CHAT_H

#include <usher/channel.h>

#include "kit/buf.h"
#include "kit/origin.h"
#include "table.h"

enum {
	TOKEN_LEN = 26,	    /* characters of base32 */
	THREAD_LEN = 32,    /* hexadecimal characters of the hash: 128 bits */
	CLIENT_ID_MAX = 64, /* of a message */
	NAME_MAX_BYTES = 120,
	FRAME_MAX = 65536, /* of a visitor */
	TEXT_MAX = 16384,
	BACKLOG_MAX = 1 << 20, /* bytes of history sent in one go */
	OUTPUT_MAX = 1 << 20,  /* a slow reader is dropped: it resumes */
	ASKED_MAX =
		16, /* messages of a poll on their way to the disk; of a WebSocket usher sees to it */
	BURST_MAX = 100,      /* messages of one session at once, */
	REFILL_PER_S = 10,    /* then this many a second */
	FRAMES_MAX = 200,     /* frames of any kind of one connection at once, */
	FRAMES_PER_S = 50,    /* then this many a second; */
	FLOOD_MAX = 1000,     /* so many more, unheard, and it is closed */
	POLL_FRAMES_MAX = 50, /* of one poll: what it says is heard in one turn of the loop */
	TYPING_US = 1000000,
	IDENTITY_MAX = 256,
	SECRET_MIN = 16,   /* bytes */
	FIELDS_MAX = 2048, /* what a pre-chat form says: names and values */
	FIELD_NAME_MAX = 64,
	PEERS_SWEEP_MIN = 1024,
	FILES_MAX = 10,	     /* of one message */
	PICTURES_BURST = 60, /* drawn anew for one address at once, */
	PICTURES_PER_S = 2,  /* then this many a second */
	POSTS_MAX = 1000,    /* polls of an address, and pieces of them, at once */
	POLL_PIECE = 256,    /* bytes: what a poll has of them is read as JSON in one turn */
	MAC_HEX_LEN = 32,
	SESSION_KEEP_S = 2592000, /* an identified session that nobody used */
	HOLD_US = 20000000,	  /* a poll without news; below any proxy's patience */
	POLL_GONE_US = 30000000	  /* nobody asked for so long: gone */
};

struct chat;
struct thread;
struct poll;
struct hello;
struct transcript;

/* Whoever comes from one address (an IPv6 /64 is one). */
struct peer {
	char key[16];
	size_t tabs;
	/* buckets: when each would be full again */
	uint64_t says_us, joins_us, files_us, pictures_us, posts_us;
};

/* Frames with their numbers: history and live news meet here, in any order, and leave sorted and once each. */
struct held {
	uint64_t seq; /* 0: not a message; stays behind the messages */
	size_t from, n;
};
struct backlog {
	struct buf bytes;
	struct held *held;
	size_t count, cap;
};

struct tab {
	struct chat *chat;
	struct usher_ws *ws; /* NULL: a poll */
	struct poll *poll;   /* NULL: a WebSocket */
	struct peer *peer;
	struct hello *hello;	 /* while it is found out who this is */
	struct thread *thread;	 /* NULL before hello */
	struct tab *next;	 /* of the same thread */
	struct visitor *visitor; /* who it says to be; NULL: nobody */
	struct backlog *
		backlog; /* what came while its history was read, until the welcome; NULL: nothing */
	char *token;	 /* to be told in the welcome, then freed */
	uint64_t serial, seq; /* seq: the last number sent to it */
	uint64_t frames_us;   /* flood: when the bucket would be full again */
	uint64_t typed_us;
	unsigned unheard : 16;		  /* of a poll: frames beyond the bucket */
	unsigned asked : 8;		  /* of usher, and not answered */
	unsigned catching : 1, fresh : 1; /* fresh: not the session it asked for */
};

struct thread {
	char key[THREAD_LEN + 1];
	struct chat *chat;
	struct tab *tabs;
	struct usher_timer *leaving; /* runs while nobody is connected */
	struct thread *next_free;
	uint64_t says_us;	       /* bucket of the session */
	struct transcript *transcript; /* being read for a mail */
	uint64_t mailed_us;
	uint64_t seq; /* the newest message */
	/* known: usher has heard of it; held: an agent has it */
	unsigned known : 1, left : 1, ended : 1, held : 1;
};

/* What a hello says about a person, in one allocation of just that size; verified only by the site's signature. "" where nothing was said. */
struct visitor {
	const char *kind, *value, *name, *page, *referrer, *lang, *department;
	const char *fields; /* name, NUL, value, NUL ... */
	size_t fields_n;
	int verified;
	char text[]; /* all of them, each ended by NUL */
};

/* The same while it is read. */
struct claims {
	char kind[16], value[IDENTITY_MAX], name[NAME_MAX_BYTES + 1], page[512], referrer[512];
	char lang[8], department[64], fields[FIELDS_MAX];
	size_t fields_n;
	int verified;
	/* of a signed identity */
	char jti[THREAD_LEN + 1]; /* hashed */
	uint64_t exp_s;
};

struct chat {
	struct usher_host *host;
	const struct usher_services *svc;
	struct table threads;	  /* by key */
	struct table waits;	  /* by token: struct wait */
	struct table tabs;	  /* by serial */
	struct table polls;	  /* by id */
	struct table peers;	  /* by hash of the address */
	struct table posts;	  /* by token: waiting for a file */
	uint64_t posts_open;	  /* requests with a body that have no answer yet */
	struct table transcripts; /* by token, of the same numbers as tabs */
	uint64_t next_serial, next_token;
	struct usher_str path, origins, secret, file_types, transcript;

	uint64_t grace_us, file_max;
	size_t tabs_max, per_address;
	int files, rating;
	/* The last ones, for whoever wonders at a site why no widget comes, or nobody is verified. */
	char refused_origin[128];
	const char *refused_identity;	/* why: a constant */
	char file_key[TOKEN_LEN + 1];	/* signs names of files; "" until it was recalled */
	struct usher_timer *key_timer;	/* made when the store was away */
	struct usher_timer *poll_timer; /* made when there is a poll */
	uint64_t poll_due_us;
	size_t peers_sweep;	     /* at so many, idle ones are forgotten */
	struct poll *news;	     /* polls with something to say */
	struct thread *free_threads; /* their timers are reused */
	int closing, sent_away;	     /* by then only files are still on their way */
	struct chat *next_closed;
};

/* ---- session.c: tokens, threads, tabs, addresses ---- */
void token_make(struct chat *c, char out[TOKEN_LEN + 1]);
int token_ok(const char *token);
/* The first half of the SHA-256 of a text, in hexadecimal. */
void thread_key(const char *token, char out[THREAD_LEN + 1]);
struct thread *thread_get(struct chat *c, const char *key, int make);
void tab_join(struct tab *t, struct thread *th);
/* After a restart: nobody is connected to it now; who does not come back has left. */
void thread_expect(struct chat *c, const char *key);
/* NULL: no room, and *why says so. */
struct tab *tab_new(struct chat *c, const char *address, const char **why);
/* It is of no thread again, as before its hello. */
void tab_leave(struct tab *t);
/* Forgets the tab; the thread waits `grace` for another. */
void tab_drop(struct tab *t);
/* chat.c: the channel is down once nobody sends or fetches a file any more. */
void chat_settle(struct chat *c);
/* The channel closes: everybody is sent away, and all that is known of them freed. */
void chat_forget(struct chat *c);
/* A bucket of `burst` that refills by `per_s`, kept as the time at which it would be full: takes one, or says no. */
int bucket_take(uint64_t *full_us, uint64_t now_us, uint64_t burst, uint64_t per_s);
int peer_may_say(struct tab *t);
int peer_may_send_file(struct chat *c, const char *address);
int peer_may_see_picture(struct chat *c, const char *address);
/* A poll's body of so many bytes, before it is parsed. */
int peer_may_post(struct chat *c, const char *address, size_t bytes);

/* ---- line.c: one way out for WebSockets and polls ---- */
void tab_send(struct tab *t, struct usher_str frame);
size_t tab_output(const struct tab *t);
void tab_close(struct tab *t, int code, const char *why);

/* ---- poll.c ---- */
void poll_request(struct chat *c, struct usher_http *r, struct usher_str body);
void poll_gone(struct chat *c, struct usher_http *r, struct poll *p);
void poll_send(struct poll *p, struct usher_str frame);
size_t poll_output(const struct poll *p);
void poll_close(struct poll *p, int code, const char *why);
/* Answers whoever waits; the tab is gone. */
void poll_free(struct poll **p);

/* ---- hello.c: who is it ---- */
struct json_t;
void hello_read(struct tab *t, const struct json_t *frame);
/* Whoever begins a conversation says what is asked of him, whatever his token: 1 when he has not, and which. */
int hello_lacks(const struct tab *t, char missing[FIELD_NAME_MAX + 1]);
/* Its history was read, and it lacks something: 1. It is told, and may say hello again. */
int hello_undone(struct tab *t);
void about_read(struct tab *t, const struct json_t *frame);
void hello_recalled(struct tab *t, enum usher_outcome outcome, struct usher_str value);
void hello_remembered(struct tab *t, enum usher_outcome outcome);

/* ---- frames.c: what the server says ---- */
void say_welcome(struct tab *t);
void say_ack(struct tab *t, const char *id);
void say_error(struct tab *t, const char *id, const char *code, const char *message);
void say_plain(struct tab *t, const char *json);
void backlog_free(struct tab *t);
/* The frame of an update; held in the backlog while the tab is catching up. */
void say_update(struct tab *t, const struct usher_update *u);

/* ---- visitor.c: what the visitor says ---- */
void visitor_frame(struct tab *t, struct usher_str text);
void visitor_json(struct tab *t, const struct json_t *frame);
/* "mailed" follows when it is kept. */
void visitor_mail(struct tab *t, const char *id, struct usher_news *n);
void visitor_ack(struct chat *c, uint64_t token, enum usher_outcome outcome, struct usher_str why);

/* ---- identity.c ---- */
/* A JWT (HS256) of the site: 0, or a reason. exp and jti are required; sub or email says who. */
const char *identity_read(struct chat *c, const char *jwt, struct claims *out);

/* ---- post.c: HTTP requests with a body ---- */
enum post_kind { POST_POLL, POST_UPLOAD, POST_FETCH };
void post_begin(struct chat *c, struct usher_http *r, enum post_kind kind);
void post_body(struct chat *c, struct usher_http *r, struct usher_str piece, int last);
void post_gone(struct chat *c, struct usher_http *r);
void post_stored(struct chat *c, uint64_t token, enum usher_outcome outcome, struct usher_str name,
	uint64_t size);
void post_got(struct chat *c, uint64_t token, enum usher_outcome outcome, struct usher_str bytes);
/* The request is a poll's from here on, until it is answered or gone. */
void post_hold(struct usher_http *r, struct chat *c, struct poll *p);
void post_answer(struct chat *c, struct usher_http *r, struct usher_str json);

/* ---- file.c: files in and out ---- */
/* What lets a visitor send files and fetch those of his thread; "" when the channel takes none (now). */
void file_pass(const struct chat *c, const char *thread, char out[THREAD_LEN + MAC_HEX_LEN + 2]);
/* Proof that a file is of that thread, given with each message. */
void file_ref(const struct chat *c, const char *thread, const struct usher_part *part,
	char out[MAC_HEX_LEN + 1]);
/* The files of a `say`: how many, or -1 and a reason. Borrowed from the frame. */
int files_read(const struct chat *c, const char *thread, const struct json_t *frame,
	struct usher_part parts[FILES_MAX], const char **why);
struct upload;
struct upload *upload_new(struct chat *c, const char *address);
/* 0, or an HTTP status and the reason. */
int upload_piece(struct upload *u, struct usher_str piece, const char **why);
int upload_finish(struct upload *u, uint64_t token, const char **why);
/* The answer once it is on disk. */
void upload_answer(struct upload *u, struct usher_str blob, uint64_t size, struct buf *json);
void upload_free(struct upload **u);
struct fetch;
/* NULL: the HTTP status and why. */
struct fetch *fetch_new(
	struct chat *c, const char *address, struct usher_str body, int *status, const char **why);
void fetch_begin(struct fetch *f, uint64_t token);
void fetch_answer(struct fetch *f, struct usher_http *r, struct usher_str bytes);
void fetch_free(struct fetch **f);
void file_key_begin(struct chat *c);
void file_key_recalled(struct chat *c, enum usher_outcome outcome, struct usher_str value);
void file_key_remembered(struct chat *c, enum usher_outcome outcome);

/* ---- transcript.c ---- */
void transcript_ask(struct tab *t, const struct json_t *frame, const char *id);
void transcript_add(struct transcript *m, const struct usher_update *u);
void transcript_read(struct chat *c, uint64_t token, enum usher_outcome outcome);
void transcript_free(struct chat *c, struct transcript *m);

/* ---- settings.c: what the widget wants to know before it connects ---- */
void settings_answer(struct chat *c, struct usher_http *r);
/* The value of "group.I.key"; empty when there is none. */
struct usher_str setting(const struct chat *c, const char *group, size_t i, const char *key);
/* The first required field that `v` does not say, or NULL; *name its name. */
int field_is_known(const struct chat *c, const char *name);
int field_missing(const struct chat *c, const struct visitor *v, char name[FIELD_NAME_MAX + 1]);
/* Open now for what this visitor wants; *opens_us as of usher_services.is_open. */
int chat_is_open(const struct chat *c, const struct visitor *v, uint64_t *opens_us);
/* What usher is told beside a message; returns how many. */
enum { HINTS_MAX = 32 };
size_t visitor_hints(const struct visitor *v, struct usher_pair hints[HINTS_MAX]);
struct visitor *visitor_new(const struct claims *c);

#endif
