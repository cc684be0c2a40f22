/*
 * The email channel: options, the calls of the host, and the ending of a channel. LMTP (or SMTP on a private
 * port) in, SMTP out. The way in is session.c and intake.c, the way out send.c; email.h has the drawing.
 */
#include "email.h"

#include "left.h"

enum { SECRET_MIN = 16 };

static const struct usher_option options[] = {
	{ "listen", USHER_TEXT, "127.0.0.1:2424", 0, 256, NULL, 0,
		"address and port for the mail server's deliveries; empty: none (IMAP only)" },
	{ "protocol", USHER_CHOICE, "lmtp", 0, 0, "lmtp|smtp|both", 0,
		"what is spoken there; smtp, and both (as the client says hello), on a private "
		"port only" },
	{ "tls_cert", USHER_TEXT, "", 0, 1024, NULL, 0,
		"certificate chain in PEM; with it STARTTLS is offered" },
	{ "tls_key", USHER_TEXT, "", 0, 1024, NULL, 0, "its private key" },
	{ "addresses", USHER_TEXT, NULL, 0, 8192, NULL, 0,
		"own mailboxes, separated by commas; address+anything is accepted too" },
	{ "from", USHER_TEXT, "", 0, 512, NULL, 0,
		"From of answers: \"Name <address>\"; default: the first of addresses" },
	{ "secret", USHER_TEXT, "", 0, 1024, NULL, 1,
		"key of the signed reply addresses and Message-IDs; default: one is made and kept "
		"in the store" },
	{ "trust_auth_results", USHER_TEXT, "", 0, 256, NULL, 0,
		"name (authserv-id) of the own mail server whose Authentication-Results with "
		"dmarc=pass verify a sender" },
	{ "size_max", USHER_NUMBER, "52428800", 65536, SIZE_MOST, NULL, 0,
		"largest mail taken, in bytes" },
	{ "sessions_max", USHER_NUMBER, "200", 1, 10000, NULL, 0,
		"connections at once; more are told to come later" },
	{ "mails_max", USHER_NUMBER, "256", 1, 10000, NULL, 0,
		"mails being read at once; more are told to come later" },
	{ "memory_max", USHER_NUMBER, "134217728", 1048576, 1073741824, NULL, 0,
		"bytes of mails being read at once" },
	{ "smtp_url", USHER_TEXT, "", 0, 512, NULL, 0,
		"server for answers: smtp://host:port or smtps://host:port; empty: none are sent" },
	{ "smtp_starttls", USHER_CHOICE, "auto", 0, 0, "auto|require|off", 0,
		"auto: required unless the server is this machine" },
	{ "smtp_user", USHER_TEXT, "", 0, 256, NULL, 0, "log-in at that server" },
	{ "smtp_password", USHER_TEXT, "", 0, 1024, NULL, 1, "its password" },
	{ "smtp_timeout_s", USHER_NUMBER, "120", 5, 3600, NULL, 0, "for one mail" },
	{ "smtp_connections", USHER_NUMBER, "2", 1, SENDERS_MAX, NULL, 0,
		"kept open to that server, and used at once" },
	{ "smtp_oauth_url", USHER_TEXT, "", 0, 1024, NULL, 0,
		"the provider's token address: log in by XOAUTH2 instead of smtp_password" },
	{ "smtp_oauth_client_id", USHER_TEXT, "", 0, 512, NULL, 0, "as registered there" },
	{ "smtp_oauth_client_secret", USHER_TEXT, "", 0, 1024, NULL, 1, "where there is one" },
	{ "smtp_oauth_refresh_token", USHER_TEXT, "", 0, 8192, NULL, 1,
		"the first one; what the provider gives later is kept in the store" },
	{ "smtp_oauth_scope", USHER_TEXT, "", 0, 1024, NULL, 0, "where the provider wants it" },
	{ "list_unsubscribe", USHER_TEXT, "", 0, 512, NULL, 0,
		"List-Unsubscribe of automatic mail: <https://...> or <mailto:...>" },
	{ "ca_file", USHER_TEXT, "", 0, 1024, NULL, 0,
		"certificates by which servers are checked; default: the system's" },
	{ "imap.*.url", USHER_TEXT, NULL, 0, 512, NULL, 0,
		"mailbox to poll: imaps://host or imap://host:port" },
	{ "imap.*.folder", USHER_TEXT, "INBOX", 1, 512, NULL, 0, "which folder of it" },
	{ "imap.*.user", USHER_TEXT, NULL, 0, 256, NULL, 0, "log-in there" },
	{ "imap.*.password", USHER_TEXT, "", 0, 1024, NULL, 1, "its password, or see oauth_url" },
	{ "imap.*.starttls", USHER_CHOICE, "auto", 0, 0, "auto|require|off", 0,
		"with imap://: auto: required unless the server is this machine" },
	{ "imap.*.address", USHER_TEXT, "", 0, 512, NULL, 0,
		"which of addresses its mails belong to; default: the first" },
	{ "imap.*.every_s", USHER_NUMBER, "60", 1, 86400, NULL, 0, "time between two looks" },
	{ "imap.*.timeout_s", USHER_NUMBER, "300", 1, 3600, NULL, 0, "for one command or mail" },
	{ "imap.*.after", USHER_CHOICE, "seen", 0, 0, "seen|move|delete|nothing", 0,
		"what is done there with a mail that is stored here" },
	{ "imap.*.move_to", USHER_TEXT, "", 0, 512, NULL, 0, "the folder, with after: move" },
	{ "imap.*.oauth_url", USHER_TEXT, "", 0, 1024, NULL, 0,
		"token address of the provider: log in by XOAUTH2" },
	{ "imap.*.oauth_client_id", USHER_TEXT, "", 0, 512, NULL, 0, "as registered there" },
	{ "imap.*.oauth_client_secret", USHER_TEXT, "", 0, 1024, NULL, 1, "where there is one" },
	{ "imap.*.oauth_refresh_token", USHER_TEXT, "", 0, 8192, NULL, 1,
		"the first one; newer ones that the provider gives are kept in the store" },
	{ "imap.*.oauth_scope", USHER_TEXT, "", 0, 1024, NULL, 0, "where the provider wants it" },
	{ NULL, USHER_TEXT, NULL, 0, 0, NULL, 0, NULL },
};

/* --- tokens */

uint64_t email_token(struct email *e, struct op op)
{
	guint64 *key = g_new(guint64, 1);
	struct op *copy = g_new(struct op, 1);

	*key = ++e->next_token;
	*copy = op;
	g_hash_table_insert(e->ops, key, copy);
	return *key;
}

/* Takes the token back; false when it is not known. */
static bool email_op(struct email *e, uint64_t token, struct op *op)
{
	guint64 key = token;
	struct op *found = g_hash_table_lookup(e->ops, &key);

	if (!found)
		return false;
	*op = *found;
	g_hash_table_remove(e->ops, &key);
	return true;
}

/* --- mailboxes */

const char *email_mailbox(const struct email *e, const char *address, struct usher_str *token)
{
	const char *at = strrchr(address, '@');

	*token = (struct usher_str){ NULL, 0 };
	for (guint i = 0; at && i < e->mailboxes->len; i++) {
		const char *box = g_ptr_array_index(e->mailboxes, i), *box_at = strrchr(box, '@');
		size_t local = (size_t)(box_at - box);
		if (g_ascii_strcasecmp(at, box_at) != 0 ||
			g_ascii_strncasecmp(address, box, local) != 0)
			continue;
		if (address + local == at)
			return box;
		if (address[local] == '+') {
			*token = (struct usher_str){ address + local + 1,
				(size_t)(at - address) - local - 1 };
			return box;
		}
	}
	return NULL;
}

/* --- configuration */

static struct usher_str option(const struct email *e, const char *key)
{
	return e->services->option(e->host, key);
}

static char *option_text(const struct email *e, const char *key)
{
	return str_dup(option(e, key));
}

static guint64 option_number(const struct email *e, const char *key)
{
	char *text = option_text(e, key);
	guint64 n = g_ascii_strtoull(text, NULL, 10);

	g_free(text);
	return n;
}

static bool read_addresses(struct email *e, char *why, size_t why_size)
{
	char *text = option_text(e, "addresses");
	gchar **list = g_strsplit(text, ",", 256);
	bool good = true;

	for (gchar **a = list; *a && good; a++) {
		char *box = parse_address(g_strstrip(*a));
		if (box)
			g_ptr_array_add(e->mailboxes, box);
		else if (**a || !a[1]) {
			g_snprintf(why, why_size, "addresses: \"%s\" is not a mail address", *a);
			good = false;
		}
	}
	if (good && e->mailboxes->len == 0) {
		g_snprintf(why, why_size, "addresses: at least one is needed");
		good = false;
	}
	g_strfreev(list);
	g_free(text);
	return good;
}

/* "Name <address>", "address" or "". */
static bool read_from(struct email *e, char *why, size_t why_size)
{
	char *text = g_strstrip(option_text(e, "from")), *lt = strrchr(text, '<');
	size_t n = strlen(text);

	e->letter.mailbox = g_strdup(g_ptr_array_index(e->mailboxes, 0));
	if (!n) {
		e->letter.from_address = g_strdup(e->letter.mailbox);
	} else if (lt && text[n - 1] == '>') {
		text[n - 1] = '\0';
		e->letter.from_address = parse_address(lt + 1);
		*lt = '\0';
		e->letter.from_name = g_strdup(g_strstrip(text));
	} else {
		e->letter.from_address = parse_address(text);
	}
	if (!e->letter.from_address)
		g_snprintf(why, why_size, "from: write it as \"Name <address@domain>\"");
	g_free(text);
	return e->letter.from_address != NULL;
}

static bool unsubscribe_is_proper(const char *text)
{
	gsize n = strlen(text);

	for (const char *p = text; *p; p++)
		if (!g_ascii_isgraph(*p) && *p != ' ')
			return false;
	return text[n - 1] == '>' &&
	       (g_str_has_prefix(text, "<https://") || g_str_has_prefix(text, "<mailto:"));
}

static bool read_smtp(struct email *e, char *why, size_t why_size)
{
	struct smtp_config *c = &e->smtp_config;
	char *tls = option_text(e, "smtp_starttls");

	c->url = option_text(e, "smtp_url");
	c->user = option_text(e, "smtp_user");
	c->password = option_text(e, "smtp_password");
	c->ca_file = option_text(e, "ca_file");
	c->timeout_s = (long)option_number(e, "smtp_timeout_s");
	c->oauth = (struct oauth_config){ .url = option_text(e, "smtp_oauth_url"),
		.client_id = option_text(e, "smtp_oauth_client_id"),
		.client_secret = option_text(e, "smtp_oauth_client_secret"),
		.refresh_token = option_text(e, "smtp_oauth_refresh_token"),
		.scope = option_text(e, "smtp_oauth_scope"),
		.ca_file = option_text(e, "ca_file") };
	c->token = grant_token;
	c->token_refused = grant_refused;
	c->arg = e;
	e->sender_count = (unsigned)option_number(e, "smtp_connections");
	e->letter.unsubscribe = option_text(e, "list_unsubscribe");
	c->starttls = strcmp(tls, "require") == 0 ? SMTP_TLS_REQUIRE
		      : strcmp(tls, "off") == 0	  ? SMTP_TLS_OFF
						  : SMTP_TLS_AUTO;
	g_free(tls);
	if (*c->oauth.url && (!*c->user || oauth_refusal(&c->oauth))) {
		g_snprintf(why, why_size, "smtp_oauth_url: %s",
			*c->user ? oauth_refusal(&c->oauth) : "smtp_user is needed with it");
		return false;
	}
	if (*e->letter.unsubscribe && !unsubscribe_is_proper(e->letter.unsubscribe)) {
		g_snprintf(why, why_size,
			"list_unsubscribe: write it as <https://...> or <mailto:...>");
		return false;
	}
	if (*c->url && !g_str_has_prefix(c->url, "smtp://") &&
		!g_str_has_prefix(c->url, "smtps://")) {
		g_snprintf(why, why_size,
			"smtp_url: write it as smtp://host:port or smtps://host:port");
		return false;
	}
	return true;
}

static void read_limits(struct email *e)
{
	char *authserv = option_text(e, "trust_auth_results"), *protocol = option_text(e, "protoco"
											  "l");

	e->parse.authserv = *authserv ? g_strdup(authserv) : NULL;
	e->hostname = g_strdup(strrchr(g_ptr_array_index(e->mailboxes, 0), '@') + 1);
	e->lmtp = (struct lmtp_config){ .hostname = e->hostname,
		.size_max = option_number(e, "size_max"),
		.smtp = strcmp(protocol, "smtp") == 0,
		.both = strcmp(protocol, "both") == 0,
		.starttls = option(e, "tls_cert").n > 0 };
	e->sessions_max = (unsigned)option_number(e, "sessions_max");
	e->mails_max = (unsigned)option_number(e, "mails_max");
	e->bytes_max = option_number(e, "memory_max");
	g_free(authserv);
	g_free(protocol);
}

/* --- life */

static void email_clear(struct email *e)
{
	boxes_free(e);
	worker_stop(&e->parser);
	for (unsigned i = 0; i < SENDERS_MAX; i++) {
		worker_stop(&e->senders[i].worker);
		smtp_free(e->senders[i].smtp);
		e->senders[i].smtp = NULL;
	}
	g_hash_table_unref(e->ops);
	g_ptr_array_unref(e->sessions);
	g_ptr_array_unref(e->mailboxes);
	g_free(e->hostname);
	g_free(e->parse.authserv);
	g_free(e->letter.from_name);
	g_free(e->letter.from_address);
	g_free(e->letter.mailbox);
	g_free(e->letter.unsubscribe);
	g_free(e->smtp_config.url);
	g_free(e->smtp_config.user);
	g_free(e->smtp_config.password);
	g_free(e->smtp_config.ca_file);
	grant_clear(e);
	g_free(e->smtp_config.oauth.url);
	g_free(e->smtp_config.oauth.client_id);
	g_free(e->smtp_config.oauth.client_secret);
	g_free(e->smtp_config.oauth.refresh_token);
	g_free(e->smtp_config.oauth.scope);
	g_free(e->smtp_config.oauth.ca_file);
}

static void email_down(void *arg)
{
	/* The host may still ask after the health of a channel that is down: the struct stays. */
	static struct email *retired;
	struct email *e = arg;

	email_clear(e);
	e->retired = retired;
	retired = e;
	e->services->down(e->host, "closed");
}

void email_state(struct email *e)
{
	char *trouble;

	if (!e->ready || e->closing)
		return;
	trouble = boxes_trouble(e);
	if (*trouble)
		e->services->down(e->host, trouble);
	else
		e->services->up(e->host);
	g_free(trouble);
}

void email_settle(struct email *e)
{
	if (!e->closing || e->down || e->mails || e->outgoings || e->sessions->len ||
		!boxes_are_idle(e))
		return;
	e->down = true;
	e->services->post(e->host, email_down, e);
}

static struct email *email_new(struct usher_host *h, const struct usher_services *services)
{
	struct email *e = g_new0(struct email, 1);

	e->host = h;
	e->services = services;
	e->ops = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	e->sessions = g_ptr_array_new();
	e->mailboxes = g_ptr_array_new_with_free_func(g_free);
	worker_init(&e->parser, "email-parse");
	pthread_mutex_init(&e->grant.lock, NULL);
	for (unsigned i = 0; i < SENDERS_MAX; i++)
		worker_init(&e->senders[i].worker, "email-send");
	return e;
}

/* Everything that may be wrong with the options, without any effect outside. */
static bool email_settings(struct email *e, char *why, size_t why_size)
{
	if (!read_addresses(e, why, why_size) || !read_from(e, why, why_size) ||
		!read_smtp(e, why, why_size))
		return false;
	if (option(e, "secret").n && option(e, "secret").n < SECRET_MIN) {
		g_snprintf(why, why_size, "secret: at least %d characters", SECRET_MIN);
		return false;
	}
	read_limits(e);
	return boxes_open(e, why, why_size);
}

static int email_check(
	struct usher_host *h, const struct usher_services *services, char *why, size_t why_size)
{
	struct email *e = email_new(h, services);
	bool good = email_settings(e, why, why_size);

	email_clear(e);
	g_free(e);
	return !good;
}

static bool listen_open(struct email *e, char *why, size_t why_size)
{
	int port = option(e, "listen").n ? e->services->listen(e->host, option(e, "listen"),
						   option(e, "tls_cert"), option(e, "tls_key"), 1)
					 : 0;

	if (port < 0) {
		char *address = option_text(e, "listen");
		g_snprintf(why, why_size, "listen: %s: %s", address, g_strerror(-port));
		g_free(address);
	}
	return port >= 0;
}

static void *email_open(
	struct usher_host *h, const struct usher_services *services, char *why, size_t why_size)
{
	struct email *e = email_new(h, services);

	if (email_settings(e, why, why_size) && listen_open(e, why, why_size)) {
		secret_find(e);
		return e;
	}
	email_clear(e);
	g_free(e);
	return NULL;
}

static void email_close(void *self)
{
	struct email *e = self;

	e->closing = true;
	e->services->listen_pause(e->host, 1);
	session_close_idle(e);
	boxes_stop(e);
	email_settle(e);
}

/* --- calls of the host */

static void email_ack(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	struct email *e = self;
	struct op op;

	if (!e->down && email_op(e, token, &op) && op.kind == OP_DELIVER)
		mail_acked(op.mail, op.index, outcome, why);
}

static void email_send(void *self, const struct usher_outbound *m)
{
	outgoing_send(self, m);
}

static size_t email_stream(
	void *self, struct usher_stream *s, enum usher_stream_event ev, struct usher_str bytes)
{
	return session_event(self, s, ev, bytes);
}

static void email_blob_done(void *self, uint64_t token, enum usher_outcome outcome,
	struct usher_str name, uint64_t size)
{
	struct email *e = self;
	struct op op;

	(void)size;
	if (!e->down && email_op(e, token, &op) && (op.kind == OP_RAW || op.kind == OP_PART))
		mail_blob_done(op.mail, op.kind, outcome, name);
}

static void reread_got(
	struct email *e, struct reread *r, enum usher_outcome outcome, struct usher_str bytes)
{
	struct left left;

	if (outcome == USHER_OK && left_read(bytes.p, bytes.n, &e->parse.key, &left)) {
		if (!boxes_again(e, &left, r))
			e->services->reread_done(e->host, r->token, USHER_FAIL,
				str_of("its mailbox is not polled any more"));
	} else if (outcome != USHER_OK) {
		e->services->reread_done(
			e->host, r->token, outcome, str_of("its source is not in the store"));
	} else if (mail_refusal(e, false)) {
		e->services->reread_done(
			e->host, r->token, USHER_RETRY, str_of("busy, try again later"));
	} else {
		mail_again(e, bytes, r);
	}
	g_free(r->raw);
	g_free(r->of);
	g_free(r);
}

static void email_blob_got(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	struct email *e = self;
	struct op op;

	if (e->down || !email_op(e, token, &op))
		return;
	if (op.kind == OP_FETCH)
		outgoing_blob(op.outgoing, op.index, outcome, bytes);
	else if (op.kind == OP_REREAD)
		reread_got(e, op.reread, outcome, bytes);
}

static void email_reread(void *self, struct usher_str raw, struct usher_str of, uint64_t token)
{
	struct email *e = self;
	struct reread *r = g_new0(struct reread, 1);

	r->raw = str_dup(raw);
	r->of = str_dup(of);
	r->token = token;
	e->services->blob_get(
		e->host, raw, email_token(e, (struct op){ .kind = OP_REREAD, .reread = r }));
}

static void email_recalled(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str value)
{
	struct email *e = self;
	struct op op;

	if (e->down || !email_op(e, token, &op))
		return;
	if (op.kind == OP_GRANT)
		grant_recalled(e, outcome, value);
	else if (op.kind == OP_SECRET)
		secret_recalled(e, outcome, value);
	else if (op.kind == OP_BOX)
		box_recalled(op.box, outcome, value);
}

static void email_remembered(void *self, uint64_t token, enum usher_outcome outcome)
{
	struct email *e = self;
	struct op op;

	if (e->down || !email_op(e, token, &op))
		return;
	if (op.kind == OP_SECRET)
		secret_remembered(e, outcome);
	else if (op.kind == OP_BOX)
		box_remembered(op.box, outcome);
}

static void email_health(void *self, void (*put)(void *arg, struct usher_str json), void *arg)
{
	const struct email *e = self;
	GString *json;

	if (e->down)
		return;
	json = g_string_new(NULL);
	g_string_printf(json,
		"{\"sessions\":%u,\"mails\":%u,\"bytes\":%" G_GUINT64_FORMAT
		",\"sending\":%u,\"taken\":%" G_GUINT64_FORMAT ",\"refused\":%" G_GUINT64_FORMAT
		",\"bounces\":%" G_GUINT64_FORMAT ",\"sent\":%" G_GUINT64_FORMAT,
		e->sessions->len, e->mails, e->bytes, e->outgoings, e->mails_taken,
		e->mails_refused, e->bounces, e->letters_sent);
	boxes_health(e, json);
	g_string_append_c(json, '}');
	put(arg, (struct usher_str){ json->str, json->len });
	g_string_free(json, TRUE);
}

__attribute__((visibility("default"))) extern const struct usher_channel usher_channel_v1;

const struct usher_channel usher_channel_v1 = {
	.size = sizeof(struct usher_channel),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "email",
	.version = USHER_VERSION,
	.capabilities = USHER_CAP_FILES | USHER_CAP_RICH_TEXT | USHER_CAP_THREADS,
	.parts_max = 100,
	.options = options,
	.open = email_open,
	.close = email_close,
	.ack = email_ack,
	.send = email_send,
	.stream = email_stream,
	.remembered = email_remembered,
	.recalled = email_recalled,
	.blob_done = email_blob_done,
	.blob_got = email_blob_got,
	.health = email_health,
	.reread = email_reread,
	.check = email_check,
	.option_size = sizeof(struct usher_option),
};
