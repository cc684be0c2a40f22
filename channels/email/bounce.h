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
/* From the words of a report without such a part: an enhanced code or an SMTP reply in it. */
enum bounce_kind bounce_words(const char *text, gsize n, GString *why);

#endif
