/* See lmtp.h. Called by session.c on the loop's thread, and by its tests and fuzzer. */
#include "lmtp.h"

#include <string.h>
#include <strings.h>

enum { SKIP_MAX = 1 << 26 };

void lmtp_init(
	struct lmtp *l, const struct lmtp_config *config, const struct lmtp_calls *calls, void *arg)
{
	*l = (struct lmtp){ .config = config,
		.calls = calls,
		.arg = arg,
		.state = LMTP_GREETED,
		.smtp = config->smtp };
	l->line = g_string_new(NULL);
	l->out = g_string_new(NULL);
	l->sender = g_string_new(NULL);
	l->rcpts = g_ptr_array_new_with_free_func(g_free);
}

void lmtp_clear(struct lmtp *l)
{
	g_string_free(l->line, TRUE);
	g_string_free(l->out, TRUE);
	g_string_free(l->sender, TRUE);
	g_ptr_array_unref(l->rcpts);
	*l = (struct lmtp){ .state = LMTP_DEAD };
}

static void reply(struct lmtp *l, const char *text)
{
	g_string_append(l->out, text);
	g_string_append(l->out, "\r\n");
}

static void reset(struct lmtp *l)
{
	g_string_truncate(l->sender, 0);
	g_ptr_array_set_size(l->rcpts, 0);
	l->size = 0;
	l->too_big = false;
	if (l->state != LMTP_GREETED && l->state != LMTP_DEAD)
		l->state = LMTP_READY;
}

static void die(struct lmtp *l, const char *text)
{
	reply(l, text);
	l->state = LMTP_DEAD;
}

static void wrong(struct lmtp *l, const char *text)
{
	reply(l, text);
	if (++l->errors >= LMTP_ERRORS_MAX)
		die(l, "421 4.7.0 too many errors");
}

void lmtp_greet(struct lmtp *l)
{
	g_string_append_printf(l->out, "220 %s %s usher\r\n", l->config->hostname,
		l->config->smtp || l->config->both ? "ESMTP" : "LMTP");
}

void lmtp_secured(struct lmtp *l)
{
	l->tls = true;
	l->state = LMTP_GREETED;
	reset(l);
	g_string_truncate(l->line, 0);
	l->was_cr = false;
}

/* --- commands */

static void on_hello(struct lmtp *l, const char *args, bool extended)
{
	if (!*args) {
		wrong(l, "501 5.5.4 who are you?");
		return;
	}
	l->state = LMTP_READY;
	reset(l);
	if (!extended) {
		g_string_append_printf(l->out, "250 %s\r\n", l->config->hostname);
		return;
	}
	g_string_append_printf(l->out,
		"250-%s\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n",
		l->config->hostname);
	g_string_append_printf(l->out, "250-SIZE %" G_GUINT64_FORMAT "\r\n", l->config->size_max);
	if (l->config->starttls && !l->tls)
		g_string_append(l->out, "250-STARTTLS\r\n");
	g_string_append(l->out, "250 ENHANCEDSTATUSCODES\r\n");
}

static void on_lhlo(struct lmtp *l, const char *args)
{
	if (l->config->smtp) {
		wrong(l, "500 5.5.1 this is SMTP: say EHLO");
		return;
	}
	l->smtp = false;
	on_hello(l, args, true);
}

static void on_smtp_hello(struct lmtp *l, const char *args, bool extended)
{
	if (!l->config->smtp && !l->config->both) {
		wrong(l, "500 5.5.1 this is LMTP: say LHLO"); /* RFC 2033 4.1 */
		return;
	}
	l->smtp = true;
	on_hello(l, args, extended);
}

static void on_helo(struct lmtp *l, const char *args)
{
	on_smtp_hello(l, args, false);
}

static void on_ehlo(struct lmtp *l, const char *args)
{
	on_smtp_hello(l, args, true);
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* "<address>", "<>" or "<@route:address>" at *p; what follows is left in *p. NULL when it is none. */
static char *path_take(const char **p)
{
	const char *start = *p + 1, *end;
	bool quoted = false;

	if (**p != '<')
		return NULL;
	for (end = start; *end && (quoted || *end != '>'); end++) {
		if (is_control((unsigned char)*end) || (!quoted && *end == '<'))
			return NULL;
		if (quoted && *end == '\\' && end[1])
			end++;
		else if (*end == '"')
			quoted = !quoted;
	}
	if (*end != '>' || end - start > LMTP_ADDRESS_MAX ||
		!g_utf8_validate(start, end - start, NULL))
		return NULL;
	*p = end + 1;
	if (*start == '@') { /* an obsolete source route: RFC 5321 says ignore it */
		const char *colon = memchr(start, ':', (size_t)(end - start));
		if (!colon)
			return NULL;
		start = colon + 1;
	}
	return g_strndup(start, (gsize)(end - start));
}

/* SIZE=, BODY=, SMTPUTF8. Returns the refusal, or NULL. */
static const char *mail_parameter(struct lmtp *l, const char *word)
{
	if (g_ascii_strncasecmp(word, "SIZE=", 5) == 0) {
		char *end;
		guint64 size = g_ascii_strtoull(word + 5, &end, 10);
		if (!g_ascii_isdigit(word[5]) || *end || end - word > 25)
			return "501 5.5.4 SIZE is not a number";
		return size > l->config->size_max ? "552 5.3.4 mail too big" : NULL;
	}
	if (g_ascii_strcasecmp(word, "BODY=8BITMIME") == 0 ||
		g_ascii_strcasecmp(word, "BODY=7BIT") == 0 ||
		g_ascii_strcasecmp(word, "SMTPUTF8") == 0)
		return NULL;
	return "555 5.5.4 unknown parameter";
}

static const char *mail_parameters(struct lmtp *l, const char *p)
{
	const char *refusal = NULL;
	gchar **words;

	if (*p && *p != ' ')
		return "501 5.5.4 syntax: MAIL FROM:<address>";
	words = g_strsplit(p, " ", 16);
	for (gchar **w = words; *w && !refusal; w++)
		refusal = **w ? mail_parameter(l, *w) : NULL;
	g_strfreev(words);
	return refusal;
}

/* "FROM:" or "TO:" with the blank that some put behind it. */
static const char *after_word(const char *args, const char *word)
{
	size_t n = strlen(word);

	if (g_ascii_strncasecmp(args, word, n) != 0)
		return NULL;
	args += n;
	return *args == ' ' ? args + 1 : args;
}

static void on_mail(struct lmtp *l, const char *args)
{
	const char *p = after_word(args, "FROM:"), *refusal;
	char *sender;

	if (l->state == LMTP_GREETED) {
		wrong(l, l->config->smtp ? "503 5.5.1 say EHLO first" : "503 5.5.1 say LHLO first");
		return;
	}
	if (l->state != LMTP_READY) {
		wrong(l, "503 5.5.1 one mail at a time");
		return;
	}
	sender = p ? path_take(&p) : NULL;
	refusal = sender ? mail_parameters(l, p) : "501 5.5.4 syntax: MAIL FROM:<address>";
	if (refusal) {
		wrong(l, refusal);
	} else {
		g_string_assign(l->sender, sender);
		l->state = LMTP_MAIL;
		reply(l, "250 2.1.0 ok");
	}
	g_free(sender);
}

static void on_rcpt(struct lmtp *l, const char *args)
{
	const char *p = after_word(args, "TO:"), *refusal;
	char *rcpt;

	if (l->state != LMTP_MAIL && l->state != LMTP_RCPT) {
		wrong(l, "503 5.5.1 MAIL first");
		return;
	}
	rcpt = p ? path_take(&p) : NULL;
	if (!rcpt || !*rcpt)
		refusal = "501 5.5.4 syntax: RCPT TO:<address>";
	else if (*p)
		refusal = "555 5.5.4 unknown parameter";
	else if (l->rcpts->len >= LMTP_RCPTS_MAX)
		refusal = "452 4.5.3 too many recipients";
	else
		refusal = l->calls->rcpt(l->arg, rcpt);
	if (refusal) {
		/* An unknown mailbox is no wrong command: a mailing to many addresses goes on. */
		reply(l, refusal);
		g_free(rcpt);
		return;
	}
	g_ptr_array_add(l->rcpts, rcpt);
	l->state = LMTP_RCPT;
	reply(l, "250 2.1.5 ok");
}

static void on_data(struct lmtp *l, const char *args)
{
	const char *refusal;

	if (*args) {
		wrong(l, "501 5.5.4 DATA takes no argument");
		return;
	}
	if (l->state != LMTP_RCPT) {
		wrong(l, l->state == LMTP_MAIL ? "503 5.5.1 no valid recipients"
					       : "503 5.5.1 MAIL first");
		return;
	}
	refusal = l->calls->data(l->arg);
	if (refusal) {
		reply(l, refusal);
		reset(l);
		return;
	}
	l->state = LMTP_DATA;
	l->dot = 2; /* as behind CR LF */
	l->size = 0;
	l->too_big = false;
	reply(l, "354 end with <CR><LF>.<CR><LF>");
}

/* CHUNKING is not offered; who sends it all the same has its bytes dropped, never read as commands. */
static void on_bdat(struct lmtp *l, const char *args)
{
	char *end;
	guint64 n = g_ascii_strtoull(args, &end, 10);

	if (!g_ascii_isdigit(*args) || n > SKIP_MAX || (*end && *end != ' ')) {
		die(l, "502 5.5.1 CHUNKING is not offered");
		return;
	}
	l->skip = n;
	wrong(l, "502 5.5.1 CHUNKING is not offered: use DATA");
}

static void on_rset(struct lmtp *l, const char *args)
{
	(void)args;
	reset(l);
	reply(l, "250 2.0.0 ok");
}

static void on_noop(struct lmtp *l, const char *args)
{
	(void)args;
	reply(l, "250 2.0.0 ok");
}

static void on_vrfy(struct lmtp *l, const char *args)
{
	(void)args;
	reply(l, "252 2.5.0 send it and see");
}

static void on_quit(struct lmtp *l, const char *args)
{
	(void)args;
	die(l, "221 2.0.0 bye");
}

static void on_starttls(struct lmtp *l, const char *args)
{
	if (!l->config->starttls || l->tls) {
		wrong(l, "502 5.5.1 no STARTTLS");
		return;
	}
	if (*args) {
		wrong(l, "501 5.5.4 STARTTLS takes no argument");
		return;
	}
	reply(l, "220 2.0.0 go ahead");
	l->state = LMTP_WAITING;
	l->calls->starttls(l->arg);
}

static void command(struct lmtp *l)
{
	static const struct {
		const char *verb;
		void (*run)(struct lmtp *l, const char *args);
	} verbs[] = { { "LHLO", on_lhlo }, { "HELO", on_helo }, { "EHLO", on_ehlo },
		{ "MAIL", on_mail }, { "RCPT", on_rcpt }, { "DATA", on_data }, { "BDAT", on_bdat },
		{ "RSET", on_rset }, { "NOOP", on_noop }, { "VRFY", on_vrfy }, { "QUIT", on_quit },
		{ "STARTTLS", on_starttls } };
	char *line = l->line->str;
	size_t verb = strcspn(line, " ");
	char *args = line + verb + (line[verb] == ' ');

	if (strlen(line) != l->line->len) {
		die(l, "500 5.5.2 NUL in a command");
		return;
	}
	g_strchomp(args);
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strlen(verbs[i].verb) == verb &&
			g_ascii_strncasecmp(line, verbs[i].verb, verb) == 0) {
			verbs[i].run(l, args);
			return;
		}
	}
	wrong(l, "500 5.5.1 unknown command");
}

/* --- bytes */

/* Takes up to one line. */
static size_t feed_line(struct lmtp *l, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		if (l->was_cr != (c == '\n')) {
			die(l, "500 5.5.2 bare CR or LF: lines end with CR LF (RFC 5321 2.3.8)");
			return n;
		}
		if (c == '\n') {
			l->was_cr = false;
			command(l);
			g_string_truncate(l->line, 0);
			return i + 1;
		}
		l->was_cr = c == '\r';
		if (!l->was_cr)
			g_string_append_c(l->line, c);
		if (l->line->len > LMTP_LINE_MAX) {
			die(l, "500 5.5.6 line too long");
			return n;
		}
	}
	return n;
}

static void give(struct lmtp *l, const char *p, size_t n)
{
	if (n == 0)
		return;
	l->size += n;
	if (l->size > l->config->size_max)
		l->too_big =
			true; /* the rest is read and dropped: a reply now would not be heard */
	else
		l->calls->bytes(l->arg, p, n);
}

/* One reply for each recipient, or one. */
static unsigned refuse_all(struct lmtp *l, const char *text)
{
	unsigned count = l->smtp ? 1 : l->rcpts->len;

	for (unsigned i = 0; i < count; i++)
		reply(l, text);
	return l->rcpts->len;
}

static void data_end(struct lmtp *l)
{
	if (l->too_big) {
		unsigned rcpts = refuse_all(l, "552 5.3.4 mail too big");
		l->calls->drop(l->arg, "mail too big", rcpts);
		reset(l);
		return;
	}
	l->state = LMTP_WAITING;
	l->calls->end(l->arg);
}

static void data_bare(struct lmtp *l)
{
	unsigned rcpts = refuse_all(l, "554 5.6.0 bare CR or LF in the mail: lines end with CR LF "
				       "(RFC 5321 2.3.8)");

	l->state = LMTP_DEAD;
	l->calls->drop(l->arg, "bare CR or LF", rcpts);
}

/* Up to the next CR or LF. */
static size_t plain_run(const char *p, size_t n)
{
	const char *cr = memchr(p, '\r', n);
	size_t before_cr = cr ? (size_t)(cr - p) : n;
	const char *lf = memchr(p, '\n', before_cr);

	return lf ? (size_t)(lf - p) : before_cr;
}

/*
 * dot: 0 in a line, 1 CR seen, 2 at the start of a line, 3 "." at the start, 4 ". CR" there.
 * Bytes are handed on in runs; the dot of a stuffed line is left out of its run.
 */
static size_t feed_data(struct lmtp *l, const char *p, size_t n)
{
	size_t start = 0;

	for (size_t i = 0; i < n; i++) {
		if (l->dot == 0) {
			i += plain_run(p + i, n - i);
			if (i == n)
				break;
		}
		char c = p[i];
		bool cr_open = l->dot == 1 || l->dot == 4;
		if (cr_open != (c == '\n')) {
			give(l, p + start, i - start);
			data_bare(l);
			return n;
		}
		switch (l->dot) {
		case 1:
			l->dot = 2;
			break;
		case 4:
			data_end(l);
			return i + 1;
		case 2:
			if (c == '.') {
				give(l, p + start, i - start);
				start = i + 1;
				l->dot = 3;
				break;
			}
			l->dot = c == '\r' ? 1 : 0;
			break;
		case 3:
			l->dot = c == '\r' ? 4 : 0;
			if (l->dot == 4)
				start = i + 1; /* the line end that belongs to the lone dot */
			break;
		default:
			l->dot = c == '\r' ? 1 : 0;
		}
	}
	give(l, p + start, n - start);
	return n;
}

size_t lmtp_feed(struct lmtp *l, const char *p, size_t n)
{
	size_t used = 0;

	while (used < n && l->state != LMTP_WAITING) {
		if (l->state == LMTP_DEAD)
			return n;
		if (l->skip) {
			size_t drop = l->skip < n - used ? (size_t)l->skip : n - used;
			l->skip -= drop;
			used += drop;
		} else if (l->state == LMTP_DATA) {
			used += feed_data(l, p + used, n - used);
		} else {
			used += feed_line(l, p + used, n - used);
		}
	}
	return used;
}

void lmtp_answer(struct lmtp *l, const char *text)
{
	reply(l, text);
}

void lmtp_done(struct lmtp *l)
{
	if (l->state == LMTP_WAITING) {
		l->state = LMTP_READY;
		reset(l);
	}
}
