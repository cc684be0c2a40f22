/* A mailbox's options, imap.N.*. See box.h. Called by box.c. */
#include "box_private.h"

static char *text(const struct box *b, unsigned n, const char *key)
{
	char name[64];

	g_snprintf(name, sizeof(name), "imap.%u.%s", n, key);
	return str_dup(services(b)->option(b->email->host, name));
}

static long number(const struct box *b, unsigned n, const char *key)
{
	char *value = text(b, n, key);
	long result = (long)g_ascii_strtoll(value, NULL, 10);

	g_free(value);
	return result;
}

static enum imap_after after_of(const struct box *b, unsigned n)
{
	static const char *const names[] = { "seen", "move", "delete", "nothing" };
	char *value = text(b, n, "after");
	enum imap_after after = IMAP_AFTER_SEEN;

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(value, names[i]) == 0)
			after = (enum imap_after)i;
	}
	g_free(value);
	return after;
}

static bool is_local(const char *url)
{
	return g_str_has_prefix(url, "imap://127.") || g_str_has_prefix(url, "imap://localhost") ||
	       g_str_has_prefix(url, "imap://[::1]");
}

static void options_read(struct box *b, unsigned n)
{
	struct imap_config *c = &b->config;
	char *tls = text(b, n, "starttls");

	c->url = text(b, n, "url");
	c->folder = text(b, n, "folder");
	c->user = text(b, n, "user");
	c->password = text(b, n, "password");
	c->move_to = text(b, n, "move_to");
	c->after = after_of(b, n);
	c->timeout_s = number(b, n, "timeout_s");
	c->ca_file = str_dup(services(b)->option(b->email->host, "ca_file"));
	c->starttls =
		g_str_has_prefix(c->url, "imap://") &&
		(strcmp(tls, "require") == 0 || (strcmp(tls, "auto") == 0 && !is_local(c->url)));
	c->oauth = (struct oauth_config){ .url = text(b, n, "oauth_url"),
		.client_id = text(b, n, "oauth_client_id"),
		.client_secret = text(b, n, "oauth_client_secret"),
		.refresh_token = text(b, n, "oauth_refresh_token"),
		.scope = text(b, n, "oauth_scope"),
		.ca_file = g_strdup(c->ca_file) };
	b->every_s = (unsigned)number(b, n, "every_s");
	g_free(tls);
}

static const char *mailbox_of(const struct box *b, unsigned n)
{
	char *address = text(b, n, "address");
	struct usher_str token;
	const char *mailbox = *address ? email_mailbox(b->email, address, &token)
				       : g_ptr_array_index(b->email->mailboxes, 0);

	g_free(address);
	return mailbox;
}

static char *key_of(const struct imap_config *c)
{
	return g_strdup_printf("imap %s %s %s", c->url, c->user, c->folder);
}

const char *box_config_read(struct box *b, unsigned n)
{
	options_read(b, n);
	b->key = key_of(&b->config);
	b->mailbox = mailbox_of(b, n);
	return b->mailbox ? imap_refusal(&b->config) : "address: none of addresses";
}

void box_config_free(struct box *b)
{
	struct imap_config *c = &b->config;

	g_free(c->url);
	g_free(c->folder);
	g_free(c->user);
	g_free(c->password);
	g_free(c->move_to);
	g_free(c->ca_file);
	g_free(c->oauth.url);
	g_free(c->oauth.client_id);
	g_free(c->oauth.client_secret);
	g_free(c->oauth.refresh_token);
	g_free(c->oauth.scope);
	g_free(c->oauth.ca_file);
	g_free(b->key);
}
