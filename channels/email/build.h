/*
 * An outgoing mail as bytes. Runs in the SMTP worker. Nothing that is given can add a header: CR, LF, NUL and other
 * controls do not reach one.
 */
#ifndef USHER_EMAIL_BUILD_H
#define USHER_EMAIL_BUILD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "token.h"

struct letter_part {
	char *name, *type, *cid; /* cid NULL or "" for a plain attachment */
	GByteArray *bytes;
};

struct letter {
	char *id, *conv;	     /* 26 characters each */
	char *message;		     /* of which this is one recipient's copy; 26 too */
	char *to;		     /* a bare address, checked: the customer */
	char *envelope;		     /* whom this copy goes to, the same */
	GPtrArray *cc;		     /* char *, the same: shown to all */
	char *subject, *text, *html; /* UTF-8; html "": made of the text */
	char *signature, *quoted, *quoted_from, *lang; /* NULL or "" for none */
	char *quoted_html; /* `quoted`, as HTML of which somebody has seen that it is harmless; the same */
	uint64_t quoted_at_us;
	char *in_reply_to; /* as the router keeps it: with or without <>, or no message id at all */
	GPtrArray *refs;   /* char *, the same */
	GArray *parts;	   /* struct letter_part */
	bool automatic;
	uint64_t now_us;
};

struct letter_config {
	struct token_key key;
	char *from_name, *from_address; /* of the From header */
	char *unsubscribe; /* of automatic mail: List-Unsubscribe, <...>; NULL or "" for none */
	char *mailbox;	   /* own mailbox that takes answers and bounces: support@demo.test */
};

struct letter *letter_new(void);
void letter_free(struct letter *l);
/* The whole mail with CR LF. */
GByteArray *letter_build(const struct letter *l, const struct letter_config *config);
/* "id@domain", without <>. g_free it. */
char *letter_message_id(const struct letter *l, const struct letter_config *config);
/* The envelope's sender: a signed address, "" for automatic mail (RFC 3834). g_free it. */
char *letter_sender(const struct letter *l, const struct letter_config *config);

#endif
