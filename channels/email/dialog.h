/*
 * One mail in the client's words of SMTP (RFC 5321), on a connection that is open, greeted and logged in. Blocks; bytes go through the two
 * functions it is given, so it knows no socket. Pipelines where the server offers it, asks for delivery reports (RFC 3461) where it
 * gives them, and knows to a byte whether the mail may have been taken.
 */
#ifndef USHER_EMAIL_DIALOG_H
#define USHER_EMAIL_DIALOG_H

#include <glib.h>
#include <stdbool.h>
#include <usher/channel.h>

/* What the server offered in its answer to EHLO. */
struct dialog_offers {
	bool pipelining, dsn, utf8, eightbit;
	guint64 size_max; /* 0: not said */
};
/* One line of that answer, "250-SIZE 1000" or "250 DSN". */
void dialog_offer(struct dialog_offers *o, const char *line, gsize n);

struct dialog {
	struct dialog_offers offers;
	/* All bytes, or false: the connection is lost or the time over. */
	bool (*write)(void *arg, const char *p, gsize n);
	/* Some bytes (0: lost or over). */
	gsize (*read)(void *arg, char *to, gsize size);
	void *arg;
	bool dirty; /* a mail was begun that did not end: RSET before the next */
	bool lost;  /* the connection is of no more use */
	char in[4096];
	gsize in_at, in_n;
};

struct dialog_mail {
	const char *sender;	 /* "" for automatic mail */
	const char *to;		 /* one recipient, bare */
	const char *id;		 /* of the copy: named in reports */
	const GByteArray *bytes; /* with CR LF */
};

/*
 * Appends to `why` what the server said.
 *   USHER_OK      250 after the mail
 *   USHER_RETRY   4xx, or lost before the end of the mail
 *   USHER_FAIL    5xx for this mail
 *   USHER_UNSURE  lost between the end of the mail and the answer to it
 * *fresh: nothing had been heard when the connection was lost, so a kept one had simply ended.
 */
enum usher_outcome dialog_send(
	struct dialog *d, const struct dialog_mail *mail, GString *why, bool *fresh);
/* QUIT, without waiting for the answer. */
void dialog_quit(struct dialog *d);

#endif
