/*
 * A message to be sent: an entry of the outbox `out:<channel>`. The id is the same on every retry.
 */
#ifndef USHER_MODEL_OUTBOUND_H
#define USHER_MODEL_OUTBOUND_H

#include "model/command.h"

#define OUTBOUND_FIELDS(FIELD)                                                                     \
	FIELD(ID, id, "id", 1)                                                                     \
	FIELD(ID, conv, "conv", 2)                                                                 \
	FIELD(U64, seq, "seq", 3)                                                                  \
	FIELD(U64, at_us, "at", 4)                                                                 \
	FIELD(STR, channel, "ch", 5)                                                               \
	FIELD(STR, thread, "th", 6)                                                                \
	FIELD(STR, to, "to", 7)	    /* the customer's address */                                   \
	FIELD(STR, from, "from", 8) /* display name of the writer */                               \
	FIELD(STR, subject, "subj", 9)                                                             \
	FIELD(STR, text, "text", 10)                                                               \
	FIELD(STR, html, "html", 11)                                                               \
	FIELD(STR, parts, "parts", 12)                                                             \
	FIELD(STR, in_reply_to, "irt", 13) /* the channel's id of the message it answers */        \
	FIELD(STR, refs, "refs", 14)	   /* newline-separated, oldest first */                   \
	FIELD(U64, automatic, "auto", 15)                                                          \
	FIELD(U64, attempt, "att", 16)	/* set by the host when it hands it over */                \
	FIELD(ID, message, "msg", 40)	/* the entry's id: `id` is this recipient's copy of it */  \
	FIELD(U64, copy, "copy", 41)	/* which recipient: 0 is `to` */                           \
	FIELD(STR, cc, "cc", 42)	/* shown to all, newline-separated */                      \
	FIELD(STR, envelope, "env", 43) /* whom this copy goes to; empty: `to` */                  \
	FIELD(STR, quoted, "quot", 44)	/* the words it answers ... */                             \
	FIELD(STR, quoted_from, "qfrom", 45)                                                       \
	FIELD(U64, quoted_at_us, "qat", 46)                                                        \
	FIELD(STR, signature, "sig", 47)                                                           \
	FIELD(STR, lang, "lang", 48)	     /* of the conversation, ISO 639-1 or empty */         \
	FIELD(STR, quoted_html, "qhtml", 49) /* `quoted` as sanitized HTML, or empty */

struct outbound {
	OUTBOUND_FIELDS(FIELD_MEMBER)
};
extern const struct record_table outbound_table;

#endif
