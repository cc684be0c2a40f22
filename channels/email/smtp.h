/*
 * Handing a mail to the next mail server: libcurl in the SMTP worker, one connection kept open between mails.
 */
#ifndef USHER_EMAIL_SMTP_H
#define USHER_EMAIL_SMTP_H

#include <glib.h>
#include <usher/channel.h>

struct smtp_config {
	char *url; /* smtp://host:port or smtps://host:port; "" when nothing can be sent */
	char *user, *password, *ca_file;
	enum {
		SMTP_TLS_AUTO,
		SMTP_TLS_REQUIRE,
		SMTP_TLS_OFF
	} starttls; /* auto: required unless the server is this machine */
	long timeout_s;
};

struct smtp; /* the connection; used by one thread */

/* Starts nothing yet. The config is borrowed. */
struct smtp *smtp_new(const struct smtp_config *config);
/*
 * Blocks until the server has answered for the whole mail. `why`: what it said, appended.
 *   USHER_OK      250 after the mail
 *   USHER_RETRY   4xx, no connection, no log-in: the mail was not taken
 *   USHER_FAIL    5xx for this mail
 *   USHER_UNSURE  the connection was lost between the end of the mail and the answer
 */
enum usher_outcome smtp_send(
	struct smtp *s, const char *sender, const char *to, const GByteArray *mail, GString *why);
void smtp_free(struct smtp *s);

#endif
