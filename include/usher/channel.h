/*
 * usher channel plugins, ABI v1.
 *
 * A plugin is a shared object that turns one protocol into usher's one kind of message and back. It exports one data
 * symbol, `const struct usher_channel usher_channel_v1`, includes only this header, and links to nothing of usher's.
 *
 * The contract (the host always watches it: what breaks it is logged with plugin, channel and call and counted in `usherctl status`; with
 * USHER_HOST_DEBUG=1 each slow call is logged, otherwise one a second):
 *  - Every call in both directions happens on the loop's thread; only `post` may be called from any thread.
 *  - No callback may take longer than 5 ms: blocking or heavy work belongs into the plugin's own threads, which hand
 *    results back with `post`.
 *  - What is passed is borrowed for the length of the call, in both directions. Nobody frees what the other made.
 *  - The host never calls into a plugin from inside the plugin's own call: an answer to a call always comes later.
 *  - `deliver` is at least once: after a loss or restart the plugin delivers again with the same `dedup`; a message
 *    counts only when `ack` said USHER_OK or USHER_DUPLICATE for its token. The same holds for what goes by `tell` (1.1).
 *  - Every `send` that the plugin is given gets exactly one `sent`.
 *  - A plugin is never unloaded while the process lives.
 *
 * Versioning: structs grow only at the end and carry their size; a call that one side does not have is NULL. What stands in arrays and has no size
 * (usher_str, usher_pair, usher_part) never grows. Whatever is added raises the minor version; an older side never sees it (USHER_HAS asks).
 * Strings are (pointer, length), UTF-8 unless said otherwise, not NUL-terminated; empty is {NULL, 0}.
 */
#ifndef USHER_CHANNEL_H
#define USHER_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define USHER_ABI_MAJOR 1
#define USHER_ABI_MINOR 2

struct usher_str {
	const char *p;
	size_t n;
};

/* What became of a delivery or a send. */
enum usher_outcome {
	USHER_OK = 0,	 /* deliver: on disk. send: the next hop took it */
	USHER_DUPLICATE, /* deliver: it was on disk already */
	USHER_RETRY,	 /* try again later: usher or the next hop cannot take it now */
	USHER_FAIL,	 /* it will never work: `why` says what to change */
	USHER_UNSURE	 /* send: it may have been sent (connection lost at the wrong moment) */
};

enum usher_presence { USHER_LEFT, USHER_BACK, USHER_END, USHER_TYPING, USHER_SEEN };
enum usher_delivery { USHER_DELIVERED = 1, USHER_READ, USHER_BOUNCED };
enum usher_level { USHER_DEBUG, USHER_INFO, USHER_WARN, USHER_ERROR };

/* Capabilities, or-ed. */
enum {
	USHER_CAP_LIVE =
		1, /* the customer is at the other end: `update` gets every committed message; no outbox */
	USHER_CAP_TYPING = 2,
	USHER_CAP_READ_MARKS = 4,
	USHER_CAP_FILES = 8,
	USHER_CAP_RICH_TEXT = 16,
	USHER_CAP_IDEMPOTENT_SEND =
		32, /* sending the same id twice is harmless: an unsure send is simply repeated */
	USHER_CAP_THREADS =
		64 /* several conversations per customer address are told apart by `thread` */
};

/* A name and a value: form fields, page URL, user agent, rating ... */
struct usher_pair {
	struct usher_str name, value;
};

/* A file that is already in the blob store: `blob_done` named it. */
struct usher_part {
	struct usher_str name, type, blob, cid;
	uint64_t size;
};

struct usher_inbound {
	size_t size;		 /* sizeof(struct usher_inbound) */
	struct usher_str dedup;	 /* the same on every delivery of the same message; required */
	struct usher_str thread; /* the channel's own name of the conversation; required */
	/* Other thread keys it may belong to, best first; "conv:" and the `conv` of an usher_outbound where the channel has checked a sign of its own
	 * (a signed address) that this answers it. */
	const struct usher_str *refs;
	size_t refs_count;
	const struct usher_str *also; /* keys by which later messages may refer to it */
	size_t also_count;
	struct usher_str identity_kind; /* "email", "phone", "chat", "account" ... */
	struct usher_str identity;	/* normalised */
	int verified;			/* 1: this channel checked it; 0: claimed */
	struct usher_str name, to, subject, text, quoted, html, lang;
	const struct usher_part *parts;
	size_t parts_count;
	const struct usher_pair *hints;
	size_t hints_count;
	struct usher_str raw;	     /* blob of the raw source */
	struct usher_str quarantine; /* not empty: why it could not be understood */
	uint64_t sent_us;	     /* since 1970, as the sender says; 0 unknown */
	int64_t automatic;	     /* 1: a robot wrote it */
	struct usher_str again;	     /* what `reread` gave: this is that message, understood now */
};

struct usher_outbound {
	size_t size;
	struct usher_str id;   /* 26 characters; the same on every retry */
	struct usher_str conv; /* 26 characters */
	struct usher_str thread, to, from, subject, text, html;
	const struct usher_part *parts;
	size_t parts_count;
	struct usher_str in_reply_to;
	const struct usher_str *refs;
	size_t refs_count;
	uint32_t attempt; /* 1 for the first */
	int automatic;	  /* 1: written by a rule */
	/* A message with several recipients is sent as one copy for each, every copy under an id of its own. */
	struct usher_str message;  /* 26 characters, the same for all copies; the first copy's id */
	struct usher_str envelope; /* whom this copy goes to; empty: `to` */
	const struct usher_str *cc; /* shown to all; `to` is the customer in every copy */
	size_t cc_count;
	struct usher_str quoted,
		quoted_from; /* the words it answers and who said them; empty: none */
	uint64_t quoted_at_us;
	struct usher_str signature; /* to stand below the text */
	struct usher_str lang;	    /* of the conversation: "ru", "en" ...; empty: unknown */
	struct usher_str
		quoted_html; /* the same words as sanitized HTML, with cid: images among `parts`; may be empty */
};

/* A committed message of a live thread, or other news for it. */
struct usher_update {
	size_t size;
	enum {
		USHER_UPDATE_MESSAGE = 1,
		USHER_UPDATE_POSITION,
		USHER_UPDATE_TYPING,
		USHER_UPDATE_ENDED,
		USHER_UPDATE_AGENT,
		USHER_UPDATE_SEEN, /* an agent has read up to seq */
		USHER_UPDATE_EXPECTED /* usher was restarted and this thread is open: is its customer still there? */
	} what;
	struct usher_str thread;
	uint64_t
		seq; /* message: its number in the thread, from 1, increasing; numbers may have gaps */
	uint64_t at_us;
	enum { USHER_FROM_YOU = 1, USHER_FROM_AGENT, USHER_FROM_SYSTEM } from;
	struct usher_str dedup;	     /* from you: the dedup it was delivered with */
	struct usher_str name, text; /* agent's name; text. ended: text is why */
	const struct usher_part *parts;
	size_t parts_count;
	uint64_t position, low_s,
		high_s; /* position: 0 position: not waiting any more; high_s 0: wait unknown */
};

/* 1.1: what is no message and must not be lost either. `what` says which members count; the others are empty. */
struct usher_news {
	size_t size; /* sizeof(struct usher_news) */
	enum {
		USHER_NEWS_DELIVERY = 1, /* as `delivery`: how, message or remote, text (why) */
		USHER_NEWS_PRESENCE,	 /* as `presence`, but for USHER_TYPING: thread, how, seq */
		USHER_NEWS_RATING,	 /* as `rate`: thread, dedup, how (1..5), text */
		USHER_NEWS_MAIL		 /* as `mail`: dedup, channel, to, subject, text, lang */
	} what;
	uint32_t how; /* enum usher_delivery, enum usher_presence, or the score */
	uint64_t seq;
	struct usher_str dedup; /* the same whenever the same is told again */
	struct usher_str thread, message, remote, channel, to, subject, text, lang;
};

struct usher_host;   /* the host's side of one open channel */
struct usher_http;   /* one HTTP request */
struct usher_ws;     /* one WebSocket */
struct usher_stream; /* one stream connection */
struct usher_timer;
struct usher_blob; /* one blob being written */

/* 1.1: kinds of new work, in the order in which they are refused under overload. */
enum usher_work {
	USHER_WORK_ANONYMOUS = 1, /* somebody who comes for the first time, or a form */
	USHER_WORK_LOW,		  /* what its channel's configuration calls less urgent */
	USHER_WORK_MAIL,	  /* whoever sends it keeps it and comes again */
	USHER_WORK_LOOK = 256	  /* or-ed to one of them: only to know, nothing is refused now */
};

enum usher_option_type { USHER_TEXT, USHER_NUMBER, USHER_BOOL, USHER_CHOICE };
/*
 * One option. A key may have `*` where the configuration has an index: "fields.*.name" stands for fields.0.name, fields.1.name ... of a
 * list under `options:`. `option` gives numbers in decimal and truth values as "yes" or "no".
 */
struct usher_option {
	const char *key;
	enum usher_option_type type;
	const char *fallback; /* NULL: required */
	int64_t least, most;  /* number: range; text: most is the length */
	const char *choices;  /* "a|b|c"; of a text, 1.2: "channel", one that is there and sends */
	int secret;	      /* never shown or logged */
	const char *help;
};

/* What the host gives. The first argument is the channel it gave to `open`. */
struct usher_services {
	size_t size;
	uint32_t abi_major, abi_minor;
	void (*log)(struct usher_host *h, enum usher_level level, const char *text);
	uint64_t (*now_us)(struct usher_host *h); /* since 1970, one reading a turn */
	/* Value of an option (checked, default filled in), by its whole key ("fields.3.name"); good as long as the channel. {NULL, 0}: none.
	 * Beside the plugin's own, "usher.away_mail": the channel by which usher mails a visitor who left what he has not seen; none: nothing is mailed. */
	struct usher_str (*option)(struct usher_host *h, const char *key);
	struct usher_str (*channel_name)(struct usher_host *h);
	struct usher_str (*public_url)(
		struct usher_host *h); /* how people reach the HTTP listener, no trailing / */
	/* Random bytes for tokens. */
	void (*random)(struct usher_host *h, void *out, size_t n);

	/* The message; `ack` follows with the token. Its `why` is usher's id of the message (26 characters) when the outcome is
	 * USHER_OK or USHER_DUPLICATE (then of the first one), else the reason in words. */
	void (*deliver)(struct usher_host *h, const struct usher_inbound *m, uint64_t token);
	/* The one answer to `send`. remote: the channel's id of it. */
	void (*sent)(struct usher_host *h, struct usher_str id, enum usher_outcome outcome,
		struct usher_str remote, struct usher_str why);
	/* Later news about a sent message. `message`: usher's id of it, or empty and remote given. */
	void (*delivery)(struct usher_host *h, struct usher_str message, struct usher_str remote,
		enum usher_delivery what, struct usher_str why);
	void (*presence)(struct usher_host *h, struct usher_str thread, enum usher_presence what,
		uint64_t seq);
	/* Messages of a thread after `seq`: `update` is called for each in order, then `caught_up(thread, token)`. What is committed
	 * meanwhile comes in its turn; a number that the plugin has already (another reader of the thread) may come again. */
	void (*catch_up)(
		struct usher_host *h, struct usher_str thread, uint64_t after_seq, uint64_t token);
	/* Channel state, shown in status with the reason. */
	void (*up)(struct usher_host *h);
	void (*down)(struct usher_host *h, const char *why);
	/* Counters of the intake that only the channel can know: "seen" (n messages arrived), "refused", "accepted" (those that
	 * need no delivery), "overload" (1.1: refused for overload without asking `refuses`, which counts its yes); of a program in its care "slow" and
	 * "wrong" (1.2: calls that took too long, breaches of the contract). A channel that never counts "seen" is taken to deliver all that it sees. */
	void (*count)(struct usher_host *h, const char *what, uint64_t n);

	struct usher_timer *(*timer)(
		struct usher_host *h, void (*fn)(void *arg), void *arg); /* one-shot, not armed */
	void (*timer_set)(struct usher_timer *t, uint64_t after_us);
	void (*timer_clear)(struct usher_timer *t);
	/* From any thread: fn(arg) on the loop, in the order of posting. None is under way any more when `down` ends a channel. */
	void (*post)(struct usher_host *h, void (*fn)(void *arg), void *arg);

	/* HTTP: requests below the prefix come to `http`. The request lives until it is answered, upgraded or `http_gone`. */
	void (*http_route)(struct usher_host *h, const char *prefix);
	struct usher_str (*http_method)(struct usher_http *r);
	struct usher_str (*http_path)(struct usher_http *r); /* decoded, whole */
	struct usher_str (*http_query)(struct usher_http *r);
	struct usher_str (*http_header)(
		struct usher_http *r, const char *lower_case_name); /* {NULL,0} when absent */
	const char *(*http_peer)(struct usher_http *r);
	/* Ask for the body: `http_body` is called with pieces, at most `max` bytes in all (else 413 is sent and `http_gone` called). */
	void (*http_read)(struct usher_http *r, uint64_t max);
	void (*http_pause)(struct usher_http *r, int pause);
	void (*http_set)(struct usher_http *r, const char *name, struct usher_str value);
	void (*http_answer)(
		struct usher_http *r, int status, const char *content_type, struct usher_str body);
	void (*http_problem)(
		struct usher_http *r, int status, const char *detail); /* problem+json */
	void (*http_data)(
		struct usher_http *r, void *data); /* the plugin's own pointer for this request */
	void *(*http_get_data)(struct usher_http *r);
	/* A built file of the plugin's web directory (share/usher/web/<plugin>): answers it with ETag; `csp` is sent with HTML. */
	void (*http_file)(struct usher_http *r, struct usher_str name, const char *csp);
	int (*http_is_upgrade)(struct usher_http *r);
	struct usher_ws *(*ws_accept)(struct usher_http *r, size_t message_max, void *data);
	void *(*ws_data)(struct usher_ws *w);
	void (*ws_send)(struct usher_ws *w, struct usher_str text);
	size_t (*ws_output)(struct usher_ws *w); /* bytes not yet taken by the peer */
	void (*ws_close)(struct usher_ws *w, int code, const char *why);
	const char *(*ws_peer)(struct usher_ws *w);

	/* Streams. tls_cert/tls_key empty: no TLS. Returns the port or a negative errno. */
	int (*listen)(struct usher_host *h, struct usher_str address, struct usher_str tls_cert,
		struct usher_str tls_key, int starttls_only);
	void (*listen_pause)(struct usher_host *h, int pause);
	void (*stream_data)(struct usher_stream *s, void *data);
	void *(*stream_get_data)(struct usher_stream *s);
	void (*write)(struct usher_stream *s, struct usher_str bytes);
	void (*starttls)(struct usher_stream *s); /* with the listener's certificate */
	int (*stream_is_tls)(struct usher_stream *s);
	void (*read_pause)(struct usher_stream *s, int pause);
	void (*deadline)(
		struct usher_stream *s, uint64_t after_us, const char *why); /* total; 0 clears */
	void (*hangup)(struct usher_stream *s, int finish_output, const char *why);
	const char *(*stream_peer)(struct usher_stream *s);

	/* A cursor that outlives the process; a key has 1 to 1024 bytes, an empty value takes it away. */
	void (*remember)(struct usher_host *h, struct usher_str key, struct usher_str value,
		uint64_t token); /* `remembered` */
	void (*recall)(struct usher_host *h, struct usher_str key, uint64_t token); /* `recalled` */

	/* Blobs: written in pieces; `blob_done` gives the name. One that no delivered message names within `unsent_files` (configuration)
	 * is taken away; a delivery that names it later is refused. */
	struct usher_blob *(*blob_open)(struct usher_host *h);
	void (*blob_write)(struct usher_blob *b, struct usher_str piece);
	void (*blob_finish)(struct usher_blob *b, uint64_t token);
	void (*blob_drop)(struct usher_blob *b);
	void (*blob_get)(
		struct usher_host *h, struct usher_str name, uint64_t token); /* `blob_got` */
	/*
	 * An automatic mail that somebody asked for (a transcript, a confirmation), carried by the channel of that name. It goes out with
	 * an empty return path, never to robots, and to one address a few times a day at most; what is over is dropped and logged.
	 */
	void (*mail)(struct usher_host *h, struct usher_str channel, struct usher_str to,
		struct usher_str subject, struct usher_str text, struct usher_str lang);

	/* The customer of a live thread says how good it was: 1..5, and in words (may be empty). The last word counts; `dedup` as of a message. */
	void (*rate)(struct usher_host *h, struct usher_str thread, struct usher_str dedup,
		uint32_t score, struct usher_str text);
	/* Whether a new conversation with these hints would come into an open queue now: 1, or 0 and in *opens_us when it opens (0: not known). */
	int (*is_open)(struct usher_host *h, const struct usher_pair *hints, size_t count,
		uint64_t *opens_us);
	/* `remember` for ttl_s seconds (0: for ever). once: only when there is nothing of that key yet: `remembered` then says
	 * USHER_DUPLICATE unless what is there is the same value. */
	void (*remember_for)(struct usher_host *h, struct usher_str key, struct usher_str value,
		uint32_t ttl_s, int once, uint64_t token);
	/* The one answer to `reread`, after the `ack` of what was delivered. USHER_FAIL: it still cannot be understood, and why. */
	void (*reread_done)(struct usher_host *h, uint64_t token, enum usher_outcome outcome,
		struct usher_str why);
	/* 1.1. Each header of a request as it came, in order; the name in lower case. */
	void (*http_each_header)(struct usher_http *r,
		void (*each)(void *arg, struct usher_str name, struct usher_str value), void *arg);
	/*
	 * 1.1. A stored picture (PNG, JPEG, GIF, WebP) drawn anew by a process that can do nothing else, no side longer than side_px (16..2048): a JPEG or PNG
	 * with nothing of the file in it but its pixels, so that it may be shown. `blob_got` has it; USHER_FAIL: it is none that can be shown. Not there (NULL) for a channel that is isolated.
	 */
	void (*picture_get)(
		struct usher_host *h, struct usher_str name, uint32_t side_px, uint64_t token);
	/*
	 * 1.1: news of which somebody outside is told that they are kept. `ack` follows with the token, as for `deliver`: USHER_OK when they are
	 * on disk, USHER_RETRY when they cannot be kept now and are to be told again, USHER_FAIL with what is wrong. `delivery`, `presence`,
	 * `rate` and `mail` promise less: what they are told waits in memory while the disk is away, and a crash loses it.
	 */
	void (*tell)(struct usher_host *h, const struct usher_news *n, uint64_t token);
	/*
	 * 1.1: whether there is more to do than can be done, so that work of this kind is to be refused now, before anything of it is read, in the words of
	 * the protocol (503, 429, 451): 1 or 0. Ask for what is new only, once for each; what was begun or acknowledged goes on.
	 */
	int (*refuses)(struct usher_host *h, enum usher_work what);
};

enum usher_stream_event {
	USHER_STREAM_OPEN,
	USHER_STREAM_DATA,
	USHER_STREAM_TLS,
	USHER_STREAM_DRAINED,
	USHER_STREAM_CLOSED
};
enum usher_ws_event { USHER_WS_MESSAGE, USHER_WS_DRAINED, USHER_WS_CLOSED };

/* What a plugin gives. `self` is what `open` returned. Calls that it does not need are NULL. */
struct usher_channel {
	size_t size;		       /* sizeof(struct usher_channel) */
	uint32_t abi_major, abi_minor; /* USHER_ABI_MAJOR, USHER_ABI_MINOR */
	const char *name;	       /* "email" */
	const char *version;
	uint32_t capabilities;
	uint32_t text_max, parts_max;	    /* of an outbound message; 0: usher's own limits */
	const struct usher_option *options; /* ends with key NULL */
	/* One configured channel. NULL and a reason in why (at most why_size bytes, NUL-terminated) refuses the configuration. */
	void *(*open)(struct usher_host *h, const struct usher_services *services, char *why,
		size_t why_size);
	/* Stop taking in; finish what is under way; call services->down when done. */
	void (*close)(void *self);
	void (*ack)(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why);
	void (*send)(void *self, const struct usher_outbound *m);
	void (*update)(void *self, const struct usher_update *u);
	void (*caught_up)(
		void *self, struct usher_str thread, uint64_t token, enum usher_outcome outcome);
	void (*http)(void *self, struct usher_http *r);
	void (*http_body)(void *self, struct usher_http *r, struct usher_str piece, int last);
	void (*http_gone)(void *self, struct usher_http *r); /* the client left before the answer */
	void (*ws)(void *self, struct usher_ws *w, enum usher_ws_event ev, struct usher_str text);
	/* DATA: returns how many bytes were consumed; 0 for the others. CLOSED: bytes say why, and the stream is over. */
	size_t (*stream)(void *self, struct usher_stream *s, enum usher_stream_event ev,
		struct usher_str bytes);
	void (*remembered)(void *self, uint64_t token, enum usher_outcome outcome);
	void (*recalled)(void *self, uint64_t token, enum usher_outcome outcome,
		struct usher_str value); /* absent: empty */
	void (*blob_done)(void *self, uint64_t token, enum usher_outcome outcome,
		struct usher_str name, uint64_t size);
	void (*blob_got)(
		void *self, uint64_t token, enum usher_outcome outcome, struct usher_str bytes);
	/* One JSON object with numbers that only the channel knows; appended by `put`. */
	void (*health)(void *self, void (*put)(void *arg, struct usher_str json), void *arg);
	/* Whether `open` would take these options, without any effect outside: for `usherd -t` and before a reload takes effect. 0, or not 0 and a
	 * reason as in `open`. Of the services only log, now_us, option, channel_name, public_url, random and http_route are there; the others are
	 * NULL. http_route opens nothing then: it names a path, and two channels that name one are refused; not before 1.2. */
	int (*check)(struct usher_host *h, const struct usher_services *services, char *why,
		size_t why_size);
	size_t option_size; /* sizeof(struct usher_option), so that it can grow */
	/*
	 * Somebody has looked at a quarantined message and wants it read again: `raw` is the blob that came with it, `of` goes back in
	 * `again` with what it gives now. Limits that keep a stranger's message cheap may be wider here.
	 */
	void (*reread)(void *self, struct usher_str raw, struct usher_str of, uint64_t token);
	/*
	 * 1.2: the configuration was read again (SIGHUP), and what it says of this channel is as before: read anew what came from files that it
	 * names. The certificates of `listen` usher renews itself.
	 */
	void (*reloaded)(void *self);
};

/* Whether the other side has a call or field: USHER_HAS(services, http_file). One that an older usher may lack is asked for first. */
#define USHER_HAS(table, member)                                                                   \
	((table)->size >= offsetof(__typeof__(*(table)), member) + sizeof((table)->member) &&      \
		(table)->member)

#ifdef __cplusplus
}
#endif
#endif
