/*
 * What a delivery report says: RFC 3464 fields, or the words that mail servers without it write. Pure.
 */
#ifndef USHER_EMAIL_BOUNCE_H
#define USHER_EMAIL_BOUNCE_H

#include <glib.h>
#include <stdbool.h>

enum bounce_kind {
	BOUNCE_NONE,	  /* says nothing about a delivery */
	BOUNCE_TEMPORARY, /* delayed; it goes on trying */
	BOUNCE_PERMANENT,
	BOUNCE_DELIVERED
};

/* From the body of a message/delivery-status part. `why`: "5.1.1 no such user", appended. */
enum bounce_kind bounce_status(const char *text, gsize n, GString *why);

/* bounce_words.c: reports without such a part. */

/* From the words above the copy of the mail: a code, an SMTP reply, or a sentence that says so. */
enum bounce_kind bounce_words(const char *text, gsize n, GString *why);
/* Does nobody but a mail server write from this address? */
bool bounce_sender(const char *from);
/* Is it what a report is called? */
bool bounce_subject(const char *subject);
/* x.y.z with x 2, 4 or 5 at p: its length, or 0. */
gsize bounce_code(const char *p, gsize n);

#endif
