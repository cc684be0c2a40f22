/*
 * A raw mail as what usher wants to know of it. Runs in the parse worker, touches nothing of the channel.
 *
 *   raw ─▶ scan (limits) ─▶ GMime ─▶ body pieces ─▶ text, html
 *                                ├─▶ attachments, inline images (decoded bytes)
 *                                ├─▶ sender, subject, dates, references; robots; verified or not
 *                                └─▶ delivery report
 */
#ifndef USHER_EMAIL_PARSE_H
#define USHER_EMAIL_PARSE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "bounce.h"
#include "token.h"

struct parsed_part {
	char *name, *type, *cid; /* cid NULL or without <> */
	GByteArray *bytes;
};

struct parsed {
	char *quarantine; /* not NULL: why it was not understood; then only subject, from and message_id may be there */
	char *from, *from_name, *subject,
		*message_id;		 /* from is normalised; NULL when there is none */
	char *to, *cc, *reply_to, *list; /* header texts, decoded; NULL when absent */
	GPtrArray *refs;		 /* char *: message ids named, newest first, without <> */
	GString *text, *html;		 /* empty when there is none */
	GArray *parts;			 /* struct parsed_part */
	uint64_t date_us;
	bool automatic, verified;
	char hash[65]; /* SHA-256 in hex: of the body, or of all when there is no Message-ID */
	enum bounce_kind bounce;
	GString *bounce_why;
	char bounce_message
		[TOKEN_ID_LEN +
			1]; /* usher's message named by a Message-ID of ours in the report, or "" */
	char conv[TOKEN_ID_LEN +
		  1]; /* the conversation named by a Message-ID of ours in the references, or "" */
};

struct parse_config {
	struct token_key key;
	char *authserv; /* whose Authentication-Results are believed; NULL nobody's */
	bool wide;	/* a person has looked at it: the limits of scan.h are wider */
};

/* Takes the bytes (freed with the result's). `sender`: of the envelope, "" for <>, NULL when nobody says. Never NULL itself. */
struct parsed *parse_mail(
	GByteArray *raw, const char *sender, uint64_t now_us, const struct parse_config *config);
void parsed_free(struct parsed *m);
/* The normal spelling of a bare address (lower-case ASCII), g_free it; NULL when it is none. */
char *parse_address(const char *text);
/* A file name that is safe on any system: no path, no controls, no direction tricks; never empty. g_free it. */
char *parse_file_name(const char *name, unsigned number, const char *type);

#endif
