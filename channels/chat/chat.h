/*
 * The chat channel: a WebSocket protocol in which nothing is lost. Private to this plugin.
 *
 *   chat (one configured channel)
 *    ├─ threads    thread key → thread: one visitor's conversation, kept while somebody is connected or may come back
 *    │    └─ tabs  the WebSockets of that visitor
 *    └─ waits      token → what a visitor said and usher has not acknowledged yet
 *
 * A session token is 128 random bits made here; the thread key is its SHA-256, so the secret is stored nowhere. Everything that was said is in
 * usher's history: this plugin keeps no text, a tab that returns with the number it saw last is read the rest.
 */
#ifndef CHAT_H
#define CHAT_H

#include <usher/channel.h>

#include "buffer.h"
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
	BURST_MAX = 100,       /* messages at once, */
	REFILL_PER_S = 10,     /* then this many a second */
	TYPING_US = 1000000,
	IDENTITY_MAX = 256
};

struct chat;
struct thread;

/* Frames with their numbers: history and live news meet here, in any order, and leave sorted and once each. */
struct held {
	uint64_t seq; /* 0: not a message; stays behind the messages */
	size_t from, n;
};
struct backlog {
	struct buffer bytes;
	struct held *held;
	size_t count, cap;
};

struct tab {
	struct chat *chat;
	struct usher_ws *ws;
	struct thread *thread;	 /* NULL before hello */
	struct tab *next;	 /* of the same thread */
	struct visitor *visitor; /* who it says to be; NULL: nobody */
	struct backlog backlog;	 /* what came while its history was read, until the welcome */
	char *token;		 /* to be told in the welcome, then freed */
	uint64_t serial, seq;	 /* seq: the last number sent to it */
	uint64_t tokens_us;	 /* flood: when the bucket would be full again */
	uint64_t typed_us;
	unsigned catching : 1;
};

struct thread {
	char key[THREAD_LEN + 1];
	struct chat *chat;
	struct tab *tabs;
	struct usher_timer *leaving; /* runs while nobody is connected */
	struct thread *next_free;
	unsigned known : 1, left : 1; /* known: usher has heard of it */
};

/* What a hello says about a person, in one allocation of just that size; verified only by the site's signature. "" where nothing was said. */
struct visitor {
	const char *kind, *value, *name, *page, *lang, *department;
	int verified;
	char text[]; /* all of them, each ended by NUL */
};

/* The same while it is read. */
struct claims {
	char kind[16], value[IDENTITY_MAX], name[NAME_MAX_BYTES + 1], page[512], lang[8];
	char department[64];
	int verified;
};

struct chat {
	struct usher_host *host;
	const struct usher_services *svc;
	struct table threads; /* by key */
	struct table waits;   /* by token: struct wait */
	struct table tabs;    /* by serial */
	uint64_t next_serial, next_token;
	struct usher_str path, origins, secret;
	uint64_t grace_us;
	size_t tabs_max;
	struct thread *free_threads; /* their timers are reused */
	int closing;
	struct chat *next_closed;
};

/* ---- session.c: tokens, threads, tabs ---- */
void token_make(struct chat *c, char out[TOKEN_LEN + 1]);
int token_ok(const char *token);
void thread_key(const char *token, char out[THREAD_LEN + 1]);
struct thread *thread_get(struct chat *c, const char *key, int make);
void tab_join(struct tab *t, struct thread *th);
/* Forgets the tab; the thread waits `grace` for another. */
void tab_drop(struct tab *t);
void chat_forget(struct chat *c);

/* ---- frames.c: what the server says ---- */
void say_welcome(struct tab *t);
void say_ack(struct tab *t, const char *id);
void say_error(struct tab *t, const char *id, const char *code, const char *message);
void say_plain(struct tab *t, const char *json);
void backlog_free(struct backlog *b);
/* The frame of an update; held in the backlog while the tab is catching up. */
void say_update(struct tab *t, const struct usher_update *u);

/* ---- visitor.c: what the visitor says ---- */
void visitor_frame(struct tab *t, struct usher_str text);
void visitor_ack(struct chat *c, uint64_t token, enum usher_outcome outcome, struct usher_str why);

/* ---- identity.c ---- */
/* A JWT (HS256) of the site: 0, or a reason. exp and jti are required; sub or email says who. */
const char *identity_read(struct chat *c, const char *jwt, struct claims *out);

#endif
