/*
 * The form channel: declared fields, a hosted page that works without JavaScript, and a POST that is answered when the message is
 * on disk. Private to this plugin.
 *
 *   GET  /form/NAME          page.c      the page; /thanks, /style.css, /snippet.html, /form.js and /stamp below it
 *   POST /form/NAME          post.c      body ─▶ values and files ─▶ fields_check ─▶ deliver ─▶ ack ─▶ 303 or 201
 */
#ifndef FORM_H
#define FORM_H

#include <usher/channel.h>

#include "kit/buf.h"
#include "kit/origin.h"
#include "multipart.h"

enum {
	FIELDS_MAX = 64,
	FIELD_TEXT_MAX = 65536, /* bytes of one field */
	BODY_MAX = 262144,	/* of all fields together, without files */
	POSTS_MAX = 2000,	/* under way at once */
	KEY_MAX = 200,		/* Idempotency-Key */
	POST_KEY_SIZE = 80,
	STAMP_LEN = 16 + 32, /* hexadecimal: time, then half an HMAC-SHA-256 */
	WORK_BITS = 17,	     /* of a proof of work: 131,072 hashes, 0.3 s on a desk */
};

#define LITERAL_INIT(s)                                                                            \
	{                                                                                          \
		("" s), sizeof(s) - 1                                                              \
	}								     /* of a static table */
#define LITERAL_OF(array) ((struct usher_str){ (array), sizeof(array) - 1 }) /* a static text */
#define LITERAL(s)	  ((struct usher_str)LITERAL_INIT(s))

/* X(enum, word, HTML type, autocomplete) */
#define FIELD_TYPES(X)                                                                             \
	X(FIELD_TEXT, "text", "text", NULL)                                                        \
	X(FIELD_LONG, "long", NULL, NULL)                                                          \
	X(FIELD_EMAIL, "email", "email", "email")                                                  \
	X(FIELD_PHONE, "phone", "tel", "tel")                                                      \
	X(FIELD_CHOICE, "choice", NULL, NULL)                                                      \
	X(FIELD_CHECK, "check", "checkbox", NULL)                                                  \
	X(FIELD_HIDDEN, "hidden", "hidden", NULL)                                                  \
	X(FIELD_FILE, "file", "file", NULL)
/* What a field becomes of the message. */
#define FIELD_MAPS(X)                                                                              \
	X(MAP_HINT, "hint")                                                                        \
	X(MAP_IDENTITY, "identity")                                                                \
	X(MAP_NAME, "name")                                                                        \
	X(MAP_SUBJECT, "subject")                                                                  \
	X(MAP_TEXT, "text")                                                                        \
	X(MAP_FILE, "file")
#define FIELD_TYPE_ENUM(name, word, html, complete) name,
#define FIELD_MAP_ENUM(name, word)		    name,
enum field_type { FIELD_TYPES(FIELD_TYPE_ENUM) FIELD_TYPE_COUNT };
enum field_map { FIELD_MAPS(FIELD_MAP_ENUM) FIELD_MAP_COUNT };
#undef FIELD_TYPE_ENUM
#undef FIELD_MAP_ENUM

enum language { LANGUAGE_EN, LANGUAGE_RU, LANGUAGE_COUNT };

struct field {
	struct usher_str name, choices, value;		/* value: of a hidden one */
	struct usher_str label[LANGUAGE_COUNT];		/* never empty */
	struct usher_str choice_labels[LANGUAGE_COUNT]; /* as many as choices */
	enum field_type type;
	enum field_map map;
	int required;
	size_t max; /* characters */
};

struct rate;
struct challenge;

struct form {
	struct usher_host *host;
	const struct usher_services *svc;
	struct usher_str name, title[LANGUAGE_COUNT], thanks[LANGUAGE_COUNT];
	char path[128]; /* /form/NAME */
	struct field fields[FIELDS_MAX];
	size_t field_count;
	uint64_t file_max, fill_us;
	size_t files_max;
	uint8_t key[32]; /* of the stamps, this process's */
	struct rate *rate;
	struct challenge *challenge;
	struct usher_str origins; /* other sites whose scripts may post, separated by blanks */
	struct usher_str confirm; /* the channel that carries confirmations; empty: none are sent */
	size_t posts;		  /* alive */
	uint64_t trapped, challenged;
	int closing;
};

/* A file of a post, while it is written and after. */
struct file {
	struct post *post;
	size_t field;
	struct usher_blob *blob; /* being written; NULL when finished or dropped */
	struct buf name, type;
	char blob_name[72];
	uint64_t size;
	int too_large, stored;
};

struct post {
	struct form *form;
	struct usher_http *request; /* NULL: the client has gone */
	enum language language;
	int wants_json, is_json;
	struct buf values[FIELDS_MAX];
	unsigned char given[FIELDS_MAX];
	const char *errors[FIELDS_MAX]; /* words of words.h; NULL: fine */
	size_t error_count;
	struct file **files;
	size_t file_count, files_owed; /* owed: being written to the disk */
	struct buf body;	       /* urlencoded and JSON */
	struct multipart multipart;
	int is_multipart;
	struct buf *slot;	/* the value that the present part belongs to */
	size_t slot_field;	/* FIELDS_MAX: a service field's */
	struct file *open_file; /* the file that it is */
	struct buf stamp, trap, key;
	struct buf work, answer; /* to a challenge */
	int challenge, skipped;	 /* one is asked; a file came before its answer and was not kept */
	struct buf unknown_name; /* JSON: the first that is no field */
	size_t bytes;		 /* of fields */
	int whole, checked, failed;
	int delivered;	/* an ack is owed, of the message or of its confirmation */
	char taken[26]; /* usher's id of the message, while its confirmation is kept; "" before */
};

/* ---- form.c ---- */
/* After the end of a post: a closing form may be done. */
void form_look(struct form *f);

/* ---- fields.c ---- */
/* Reads the declaration. 0, or -1 with the reason. */
int fields_read(struct form *f, char *why, size_t why_size);
/* FIELDS_MAX when there is none of that name. */
/* The next of a list like one|two; 0 at its end. */
int choice_next(struct usher_str *rest, struct usher_str *one);
size_t field_find(const struct form *f, struct usher_str name);
/* Fills errors. */
void fields_check(struct post *p);
/* Without blanks around it. */
struct usher_str trimmed(struct usher_str s);
/* Characters of UTF-8. */
size_t characters(struct usher_str s);

/* ---- page.c: answers to people ---- */
enum language page_language(struct form *f, struct usher_http *r);
/* The form; `p` NULL: empty; `problem` a word of words.h or NULL. */
void page_form(struct form *f, struct usher_http *r, enum language lang, const struct post *p,
	int status, const char *problem);
void page_thanks(struct form *f, struct usher_http *r, enum language lang);
void page_style(struct form *f, struct usher_http *r);
void page_snippet(struct form *f, struct usher_http *r, enum language lang);
void page_script(struct form *f, struct usher_http *r);
/* What the script of a site's own page needs: a stamp, and the words of the end. */
void page_stamp(struct form *f, struct usher_http *r, enum language lang);
/* The stamp of a page: the first one of a page shown again, unless it was used up. */
void page_stamp_of(struct form *f, const struct post *p, char out[STAMP_LEN + 1]);

/* ---- post.c: one POST ---- */
void post_begin(struct form *f, struct usher_http *r);
void post_body(struct post *p, struct usher_str piece, int last);
void post_gone(struct post *p);
/* What a repeat of it has, too: its own key, or its page and content; else it is one of a kind. */
void post_key(struct post *p, char out[POST_KEY_SIZE]);
void post_acked(struct post *p, enum usher_outcome outcome, struct usher_str why);
void post_file_stored(
	struct file *file, enum usher_outcome outcome, struct usher_str name, uint64_t size);

/* ---- body.c: what the body says ---- */
/* 0, or -1 when it is not what its Content-Type says: *why. */
int body_urlencoded(struct post *p);
int body_json(struct post *p, const char **why);
extern const struct multipart_ops body_multipart;

/* ---- answer.c: answers to a POST ---- */
void answer_taken(struct post *p, struct usher_str id);
/* status with a word of words.h. */
void answer_problem(struct post *p, int status, const char *word);
/* 400: the body is not what it says. */
void answer_malformed(struct post *p, const char *why);

/* ---- stamp.c: when our own page was made ---- */
void stamp_make(const struct form *f, char out[STAMP_LEN + 1]);
/* The time, or 0 when it is not ours. */
uint64_t stamp_read(const struct form *f, struct usher_str stamp);
/* Names a post by its content: equal posts from one page, or with one key, are one. */
void stamp_dedup(const struct post *p, char out[65]);

/* ---- challenge.c: what is asked when too much comes at once ---- */
/* per_minute 0: never. */
struct challenge *challenge_new(uint64_t per_minute);
void challenge_free(struct challenge **c);
/* Counts a post; 1 when it must answer a challenge. */
int challenge_count(struct challenge *c, uint64_t now_us);
int challenge_is_on(const struct challenge *c, uint64_t now_us);
int challenge_work_ok(struct usher_str stamp, struct usher_str work);
void challenge_sum(const struct form *f, struct usher_str stamp, unsigned *a, unsigned *b);
/* Whether there is a good answer; whether it may count for this message (then it counts for no other). */
int challenge_answered(const struct post *p);
int challenge_passes(struct post *p);

/* ---- rate.c: how often one address may post ---- */
/* per_minute 0: as often as it likes. */
struct rate *rate_new(uint64_t per_minute, uint64_t seed);
void rate_free(struct rate **r);
/* Whether it is this machine's own, or nobody's. */
int rate_is_own(const char *peer);
/* 0, or the seconds after which to try again. */
unsigned rate_take(struct rate *r, const char *peer, uint64_t now_us);

#endif
