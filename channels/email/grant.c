/*
 * The access token of the mail server for answers (XOAUTH2), shared by the connections to it: a refresh token may be good for one use, so
 * they take turns. A refresh token that the provider gives is kept in the store and outlives the process.
 *
 *   first mail ─▶ recall the latest refresh token ─▶ known ─▶ grant_token in an SMTP worker ─▶ a new one? ─▶ remember, on the loop
 */
#include "email.h"

struct news {
	struct email *email;
	char *refresh;
};

static char *grant_key(const struct email *e)
{
	return g_strconcat("oauth smtp ", e->smtp_config.oauth.refresh_token, NULL);
}

bool grant_is_known(struct email *e)
{
	char *key;

	if (!*e->smtp_config.oauth.url || e->grant.made)
		return true;
	if (!e->grant.asked) {
		key = grant_key(e);
		e->grant.asked = true;
		e->services->recall(
			e->host, str_of(key), email_token(e, (struct op){ .kind = OP_GRANT }));
		g_free(key);
	}
	return false;
}

void grant_recalled(struct email *e, enum usher_outcome outcome, struct usher_str value)
{
	char *kept = str_dup(value);

	e->grant.asked = false; /* the store may be away: the next mail asks again */
	if (outcome == USHER_OK && !e->grant.made) {
		oauth_init(&e->grant.oauth, &e->smtp_config.oauth, *kept ? kept : NULL);
		e->grant.made = true;
	}
	g_free(kept);
}

void grant_clear(struct email *e)
{
	if (e->grant.made)
		oauth_clear(&e->grant.oauth);
	e->grant.made = false;
}

/* On the loop. */
static void grant_keep(void *arg)
{
	struct news *n = arg;
	struct email *e = n->email;

	if (!e->down) {
		char *key = grant_key(e);
		e->services->remember(e->host, str_of(key), str_of(n->refresh),
			email_token(e, (struct op){ .kind = OP_NOBODY }));
		g_free(key);
	}
	g_free(n->refresh);
	g_free(n);
}

char *grant_token(void *arg, GString *why)
{
	struct email *e = arg;
	const char *token;
	char *copy;

	pthread_mutex_lock(&e->grant.lock);
	token = oauth_token(&e->grant.oauth, why);
	copy = g_strdup(token);
	if (e->grant.oauth.refresh_new) {
		struct news *n = g_new(struct news, 1);
		e->grant.oauth.refresh_new = false;
		*n = (struct news){ e, g_strdup(e->grant.oauth.refresh) };
		e->services->post(e->host, grant_keep, n);
	}
	pthread_mutex_unlock(&e->grant.lock);
	return copy;
}

void grant_refused(void *arg)
{
	struct email *e = arg;

	pthread_mutex_lock(&e->grant.lock);
	oauth_forget(&e->grant.oauth);
	pthread_mutex_unlock(&e->grant.lock);
}
