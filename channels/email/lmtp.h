/*
 * One LMTP (RFC 2033) or SMTP session as a pure state machine: bytes in, replies and calls out. It knows no
 * socket, no clock and no mail; session.c gives it bytes and carries its replies.
 *
 *   greeted ──LHLO──▶ ready ──MAIL──▶ mail ──RCPT──▶ rcpt ──DATA──▶ data ──.──▶ waiting ──lmtp_answer──▶ ready
 *                        ◀──RSET───────┴──────────────┘             (bytes)   takes nothing
 *   any ──QUIT, bare CR or LF, too many errors──▶ dead: takes and drops everything
 *
 * Smuggling: a line ends with CR LF and with nothing else; what was sent behind STARTTLS in clear text is never used.
 */
#ifndef USHER_EMAIL_LMTP_H
#define USHER_EMAIL_LMTP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LMTP_LINE_MAX = 2048,  /* a command; RFC 5321 asks for 512 and more for parameters */
	LMTP_RCPTS_MAX = 100,  /* RFC 5321 4.5.3.1.8 */
	LMTP_ERRORS_MAX = 10,  /* wrong commands until the session ends */
	LMTP_ADDRESS_MAX = 320 /* local part 64, @, domain 255 */
};

enum lmtp_state {
	LMTP_GREETED,
	LMTP_READY,
	LMTP_MAIL,
	LMTP_RCPT,
	LMTP_DATA,
	LMTP_WAITING,
	LMTP_DEAD
};

/* Called from lmtp_feed. A text that is returned is a complete reply without CR LF that refuses; NULL accepts. */
struct lmtp_calls {
	const char *(*rcpt)(void *arg, const char *address);
	const char *(*data)(void *arg); /* DATA was asked for: can a mail be taken now? */
	void (*bytes)(void *arg, const char *p, size_t n);
	void (*end)(void *arg); /* the whole mail is there; lmtp_answer follows, at once or later */
	void (*drop)(void *arg, const char *why,
		unsigned rcpts); /* DATA began and will not end; `rcpts` replies were refusals */
	void (*starttls)(void *arg);
};

struct lmtp_config {
	const char *hostname;
	uint64_t size_max;
	bool smtp; /* HELO/EHLO and one reply after DATA, instead of LHLO and one for each recipient */
	bool starttls; /* there is a certificate */
	bool both;     /* the client chooses by its hello: LHLO or EHLO */
};

struct lmtp {
	const struct lmtp_config *config;
	const struct lmtp_calls *calls;
	void *arg;
	enum lmtp_state state;
	bool smtp; /* what is spoken */
	bool tls, was_cr;
	unsigned errors;
	GString *line, *out; /* the command being read; replies not yet taken */
	GString *sender;     /* of MAIL, empty for <> */
	GPtrArray *rcpts;    /* accepted, as written */
	/* DATA */
	unsigned dot;	     /* how far "CR LF . CR LF" has come */
	uint64_t size, skip; /* bytes so far; bytes of a refused BDAT still to drop */
	bool too_big;
};

void lmtp_init(struct lmtp *l, const struct lmtp_config *config, const struct lmtp_calls *calls,
	void *arg);
void lmtp_clear(struct lmtp *l);
/* The greeting into l->out. */
void lmtp_greet(struct lmtp *l);
/* Takes bytes and returns how many; fewer than n only when it is waiting for lmtp_answer (or for TLS). */
size_t lmtp_feed(struct lmtp *l, const char *p, size_t n);
/* The fate of the next recipient, in their order: a reply without CR LF (SMTP: one for all). lmtp_done follows the last. */
void lmtp_answer(struct lmtp *l, const char *reply);
void lmtp_done(struct lmtp *l);
/* TLS is up: everything said before is forgotten. */
void lmtp_secured(struct lmtp *l);

#endif
