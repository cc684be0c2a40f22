/*
 * Access tokens for mail servers that want XOAUTH2: fetched from the provider's token address with a refresh token, and
 * fetched again before they end. Used by one thread; blocks.
 */
#ifndef USHER_EMAIL_OAUTH_H
#define USHER_EMAIL_OAUTH_H

#include <glib.h>
#include <stdbool.h>

struct oauth_config {
	char *url; /* https://..., or http:// on this machine; "" when passwords are used */
	char *client_id, *client_secret, *refresh_token, *scope, *ca_file;
};

struct oauth {
	const struct oauth_config *config;
	char *refresh;	  /* the one in use: the provider may give another with each answer */
	bool refresh_new; /* it is not what was configured or kept: whoever owns this keeps it */
	char *access;
	gint64 ends_us; /* of g_get_monotonic_time */
};

/* `kept`: a refresh token that the provider gave later than the configured one, or NULL. */
void oauth_init(struct oauth *o, const struct oauth_config *config, const char *kept);
void oauth_clear(struct oauth *o);
/* Why such a configuration cannot work, or NULL. */
const char *oauth_refusal(const struct oauth_config *config);
/* A token that holds for some minutes more, o's own; NULL and `why` (appended) when none is to be had. */
const char *oauth_token(struct oauth *o, GString *why);
/* The server did not take it: the next call fetches another. */
void oauth_forget(struct oauth *o);

#endif
