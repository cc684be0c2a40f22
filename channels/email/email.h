/*
 * The plugin's own objects. Everything here lives on the loop's thread, but for what says otherwise.
 *
 *   struct email      one configured channel
 *     ├─ session      one LMTP connection ──▶ lmtp (pure)
 *     ├─ box          one mailbox polled by IMAP, a thread of its own ──▶ imap
 *     │    └─ mail    one DATA: raw blob, parse, files, deliver, one reply per recipient; outlives its session; a box has one, too
 *     ├─ outgoing     one send: files fetched, built and sent in the SMTP worker
 *     └─ tokens       what a later call of the host speaks of
 */
#ifndef USHER_EMAIL_EMAIL_H
#define USHER_EMAIL_EMAIL_H

#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <usher/channel.h>

#include "box.h"
#include "build.h"
#include "lmtp.h"
#include "parse.h"
#include "smtp.h"
#include "worker.h"

enum {
	IDLE_DEADLINE_S = 300,	 /* from the greeting, or a mail's end, to the next mail */
	DATA_DEADLINE_S = 600,	 /* for one mail's bytes */
	SENDERS_MAX = 16,	 /* connections to the mail server for answers */
	SIZE_MOST = 52428800,	 /* of one mail, whatever is configured */
	PIECE_BYTES = 512 * 1024 /* of a file in one turn of the loop */
};

struct email;
struct session;
struct mail;
struct outgoing;
/* A quarantined mail to be read again. */
struct reread {
	char *raw, *of;
	uint64_t token;
};

/* What a token given to the host stands for. */
enum op_kind {
	OP_RAW,
	OP_PART,
	OP_DELIVER,
	OP_FETCH,
	OP_SECRET,
	OP_BOX,
	OP_REREAD,
	OP_GRANT,
	OP_NOBODY
};
struct op {
	enum op_kind kind;
	struct mail *mail;
	struct outgoing *outgoing;
	struct box *box;
	struct reread *reread;
	unsigned index;
};

struct email {
	struct usher_host *host;
	const struct usher_services *services;
	GPtrArray *mailboxes; /* char *, normalised; the first takes answers */
	char *hostname;
	struct lmtp_config lmtp;
	struct parse_config parse;
	struct letter_config letter;
	struct smtp_config smtp_config;
	struct sender {
		struct worker worker;
		struct smtp *smtp; /* the worker's */
	} senders[SENDERS_MAX];
	unsigned sender_count;
	struct grant {
		pthread_mutex_t lock; /* the senders take turns */
		struct oauth oauth;
		bool made, asked;
	} grant;
	struct worker parser;
	GHashTable *ops; /* token → struct op */
	guint64 next_token;
	GPtrArray *sessions;
	GPtrArray *boxes; /* struct box */
	unsigned sessions_max, mails_max;
	guint64 bytes_max;
	/* under way */
	unsigned mails, outgoings;
	guint64 bytes;
	guint64 mails_taken, mails_refused, bounces, letters_sent;
	bool ready; /* the secret is known */
	bool closing, down;
	char made_secret[65]; /* being remembered */
	struct usher_timer *again;
	struct email *retired; /* the next of the closed ones */
};

static inline struct usher_str str_of(const char *text)
{
	return (struct usher_str){ text, text ? strlen(text) : 0 };
}
static inline char *str_dup(struct usher_str s)
{
	return g_strndup(s.n ? s.p : "", s.n);
}

/* secret.c. The key of the tokens: configured, or made once and remembered; e->ready when it is known. */
void secret_find(struct email *e);
void secret_recalled(struct email *e, enum usher_outcome outcome, struct usher_str value);
void secret_remembered(struct email *e, enum usher_outcome outcome);

/* email.c */
uint64_t email_token(struct email *e, struct op op);
/* Up, or down with what is wrong, as people see it. */
void email_state(struct email *e);
/* Says down once everything under way has ended. */
void email_settle(struct email *e);
/* Which own mailbox an address belongs to (+token allowed); NULL for none. The token is part of `address`. */
const char *email_mailbox(const struct email *e, const char *address, struct usher_str *token);

/* session.c */
size_t session_event(struct email *e, struct usher_stream *s, enum usher_stream_event ev,
	struct usher_str bytes);
/* The fate of the mail that the session waits for: one reply for each recipient, in their order. */
void session_answer(struct session *s, GPtrArray *replies);
bool session_is_smtp(const struct session *s);
/* Ends those that carry no mail. */
void session_close_idle(struct email *e);

/* intake.c. Why no mail can be taken now (a complete reply), or NULL. Offered by somebody who is told no, which is counted; else it is put off. */
const char *mail_refusal(const struct email *e, bool is_offered);
/* NULL when the store takes nothing. s: NULL for a box' mail; sender: NULL when nobody says. */
struct mail *mail_new(
	struct email *e, struct session *s, const char *sender, const GPtrArray *rcpts);
void mail_bytes(struct mail *m, const char *p, size_t n);
void mail_end(struct mail *m);
/* A quarantined mail's bytes; reread_done follows. */
void mail_again(struct email *e, struct usher_str bytes, const struct reread *of);
/*
 * The whole mail at once, of a polled mailbox; takes `raw`. missing: why it is not whole, or NULL. of: what it is read again for, or
 * NULL. box_answered follows.
 */
void mail_of_box(struct mail *m, struct box *b, GByteArray *raw, const char *missing,
	const struct reread *of);
/* DATA did not end: nothing was answered, or it was refused. */
void mail_drop(struct mail *m);
/* The connection is gone; the mail goes on, its replies go nowhere. */
void mail_orphan(struct mail *m);
void mail_blob_done(
	struct mail *m, enum op_kind kind, enum usher_outcome outcome, struct usher_str name);
void mail_acked(struct mail *m, unsigned index, enum usher_outcome outcome, struct usher_str why);

/* grant.c. False: the latest refresh token is still being looked for. */
bool grant_is_known(struct email *e);
void grant_recalled(struct email *e, enum usher_outcome outcome, struct usher_str value);
void grant_clear(struct email *e);
/* In an SMTP worker, for smtp.h; arg: the struct email. g_free the token; NULL and `why` when none is to be had. */
char *grant_token(void *arg, GString *why);
void grant_refused(void *arg);

/* send.c */
void outgoing_send(struct email *e, const struct usher_outbound *m);
void outgoing_blob(
	struct outgoing *o, unsigned part, enum usher_outcome outcome, struct usher_str bytes);

#endif
