/*
 * One mailbox on an IMAP server, read by libcurl: what is new behind a cursor, a mail's bytes, and the mark on it once it
 * is stored. Decides nothing about mails and keeps no cursor. Blocks; used by one thread, the mailbox' own (box.c), but for
 * imap_stop.
 */
#ifndef USHER_EMAIL_IMAP_H
#define USHER_EMAIL_IMAP_H

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "oauth.h"

enum imap_after { IMAP_AFTER_SEEN, IMAP_AFTER_MOVE, IMAP_AFTER_DELETE, IMAP_AFTER_NOTHING };

struct imap_config {
	char *url;    /* imap://host:port or imaps://host:port */
	char *folder; /* UTF-8 */
	char *user, *password, *ca_file;
	bool starttls; /* required; not with imaps:// */
	struct oauth_config oauth;
	enum imap_after after;
	char *move_to;
	long timeout_s;
};

/* A mail that is there. */
struct imap_mail {
	uint32_t uid;
	uint64_t size;
};

enum imap_result {
	IMAP_OK,
	IMAP_NOT_GIVEN, /* that mail: it is gone, the mailbox is another one (UIDVALIDITY), or the server cannot read it */
	IMAP_AWAY,   /* no connection, or it was lost */
	IMAP_REFUSED /* the server said no: log-in, folder, command */
};

enum { IMAP_LIST_MAX = 1000 }; /* mails named by one look; the next look names the next */

struct imap; /* the connection; kept open between calls */

/* Why such a configuration cannot work, or NULL. */
const char *imap_refusal(const struct imap_config *config);
/* Connects to nothing yet. The config is borrowed. `kept`: a refresh token, see oauth.h. */
struct imap *imap_new(const struct imap_config *config, const char *kept);
void imap_free(struct imap *i);
/* Mails above `uid`, the least first, of the mailbox that has *validity; when it has another one now, from its first, and the
 * new one in *validity. `found` (struct imap_mail) is cleared first. `why`: what went wrong, appended. */
enum imap_result imap_look(
	struct imap *i, uint32_t *validity, uint32_t uid, GArray *found, GString *why);
/* Its bytes, or its headers only; at most size_max of them, else IMAP_NOT_GIVEN. */
enum imap_result imap_fetch(struct imap *i, uint32_t validity, uint32_t uid, bool headers_only,
	uint64_t size_max, GByteArray *bytes, GString *why);
/* What the configuration says is done with a mail that is stored. */
enum imap_result imap_mark(struct imap *i, uint32_t validity, uint32_t uid, GString *why);
/* A refresh token that must outlive the process, or NULL; asked after each of the above. */
const char *imap_refresh_token(struct imap *i);
/* From any thread: the call under way ends soon, and so does every later one. */
void imap_stop(struct imap *i);

#endif
