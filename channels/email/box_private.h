/* A mailbox from inside: shared by box.c, box_config.c and box_health.c. */
#ifndef USHER_EMAIL_BOX_PRIVATE_H
#define USHER_EMAIL_BOX_PRIVATE_H

#include "box.h"

#include "email.h"
#include "imap.h"
#include "left.h"

enum step { STEP_LOOK, STEP_FETCH, STEP_HEADERS, STEP_MARK };

/* A mail that was left in the mailbox, and that a person wants now. */
struct wanted {
	uint32_t validity, uid;
	struct reread of;
};

struct box {
	struct email *email;
	struct imap_config config;
	const char *mailbox; /* of email->mailboxes: whose mails these are */
	char *key;	     /* under which the cursor is remembered */
	unsigned every_s;
	struct worker worker;
	struct imap *imap;
	struct usher_timer *timer;
	uint32_t validity, uid; /* the cursor */
	bool known;		/* the cursor is */
	bool busy;		/* a job, a mail, or an answer of the store is under way */
	bool stopping;
	unsigned asking;    /* 0 cursor, 1 refresh token */
	GArray *found;	    /* struct imap_mail */
	guint at;	    /* the one at work */
	uint32_t tried_uid; /* listed and not given, `tries` times */
	unsigned tries;
	char *missing;	      /* why the one at work is not here whole, or NULL; it is left there */
	GQueue wanted;	      /* struct wanted; they go before what is listed */
	struct wanted *asked; /* the one at work, then not of the list */
	struct mail *mail;
	/* trouble */
	char *trouble, *mark_trouble;
	unsigned failures;
	guint64 taken, left;
	uint64_t good_us; /* the last look that went well */
	/* of the job under way; the worker's until it is posted */
	enum step step;
	enum imap_result result;
	uint32_t job_validity, job_uid;
	GByteArray *bytes;
	char *sender, *refresh;
	GPtrArray *rcpts;
	GString *why;
};

static inline const struct usher_services *services(const struct box *b)
{
	return b->email->services;
}

/* box_config.c: reads imap.n.*; NULL, or what is wrong with it. Free with box_config_free. */
const char *box_config_read(struct box *b, unsigned n);
void box_config_free(struct box *b);

#endif
