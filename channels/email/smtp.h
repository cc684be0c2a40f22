/*
 * Handing a mail to the next mail server: libcurl makes the connection (TLS, log-in) in an SMTP worker, dialog.c speaks on it; it is
 * kept open between mails.
 */
#ifndef USHER_EMAIL_SMTP_H
#define USHER_EMAIL_SMTP_H

#include <glib.h>
#include <usher/channel.h>

#include "dialog.h"
#include "oauth.h"

struct smtp_config {
	char *url; /* smtp://host:port or smtps://host:port; "" when nothing can be sent */
	char *user, *password, *ca_file;
	enum {
		SMTP_TLS_AUTO,
		SMTP_TLS_REQUIRE,
		SMTP_TLS_OFF
	} starttls; /* auto: required unless the server is this machine */
	long timeout_s;
	struct oauth_config oauth; /* with a url: XOAUTH2 instead of the password */
	/* From any sender's thread: a token to g_free, or NULL and why; and that the server did not take it. */
	char *(*token)(void *arg, GString *why);
	void (*token_refused)(void *arg);
	void *arg;
};

struct smtp; /* the connection; used by one thread */

/* Starts nothing yet. The config is borrowed. */
struct smtp *smtp_new(const struct smtp_config *config);
/* Blocks until the server has answered for the whole mail; outcomes as in dialog.h, and USHER_RETRY without a connection or log-in. */
enum usher_outcome smtp_send(struct smtp *s, const struct dialog_mail *mail, GString *why);
void smtp_free(struct smtp *s);

#endif
