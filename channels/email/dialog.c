/* See dialog.h. Called by smtp.c in an SMTP worker, and by its test. */
#include "dialog.h"

#include <string.h>

enum { WIRE_LINE_MAX = 2048, WHY_MAX = 300, REPLY_LINES_MAX = 100, PIECE_BYTES = 65536 };

/* --- what is offered */

static bool word_is(const char *p, gsize n, const char *word, const char **rest)
{
	gsize len = strlen(word);

	if (n < len || g_ascii_strncasecmp(p, word, len) != 0 ||
		(n > len && !strchr(" =\r\n", p[len])))
		return false;
	*rest = p + len;
	return true;
}

void dialog_offer(struct dialog_offers *o, const char *line, gsize n)
{
	const char *rest;

	if (n < 5 || memcmp(line, "250", 3) != 0)
		return;
	if (word_is(line + 4, n - 4, "PIPELINING", &rest))
		o->pipelining = true;
	else if (word_is(line + 4, n - 4, "DSN", &rest))
		o->dsn = true;
	else if (word_is(line + 4, n - 4, "SMTPUTF8", &rest))
		o->utf8 = true;
	else if (word_is(line + 4, n - 4, "8BITMIME", &rest))
		o->eightbit = true;
	else if (word_is(line + 4, n - 4, "SIZE", &rest)) {
		char *text = g_strndup(rest, n - (gsize)(rest - line));
		o->size_max = g_ascii_strtoull(text, NULL, 10);
		g_free(text);
	}
}

/* --- replies */

/* One line without its end. False: the connection is lost, or speaks no SMTP. */
static bool line_read(struct dialog *d, GString *line)
{
	g_string_truncate(line, 0);
	for (;;) {
		if (d->in_at == d->in_n) {
			d->in_at = 0;
			d->in_n = d->read(d->arg, d->in, sizeof(d->in));
			if (d->in_n == 0)
				break;
		}
		char c = d->in[d->in_at++];
		if (c == '\n')
			return true;
		if (c != '\r')
			g_string_append_c(line, g_ascii_isprint(c) ? c : '?');
		if (line->len > WIRE_LINE_MAX)
			break;
	}
	d->lost = true;
	return false;
}

/* The code of a whole reply, its last line in `said`; 0 when none came. */
static unsigned reply_read(struct dialog *d, GString *said)
{
	unsigned code = 0;

	for (unsigned i = 0; i < REPLY_LINES_MAX && line_read(d, said); i++) {
		code = (unsigned)g_ascii_strtoull(said->str, NULL, 10);
		if (said->len < 3 || code < 200 || code > 599)
			break;
		if (said->len == 3 || said->str[3] != '-') {
			d->lost = d->lost || code == 421;
			g_string_truncate(said, MIN(said->len, WHY_MAX));
			return code;
		}
	}
	d->lost = true;
	return 0;
}

/* --- the envelope */

/* RFC 3461: what may stand in ORCPT and ENVID as itself. */
static char *xtext(const char *text)
{
	GString *out = g_string_new(NULL);

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p > ' ' && *p < 0x7f && *p != '+' && *p != '=')
			g_string_append_c(out, (char)*p);
		else
			g_string_append_printf(out, "+%02X", *p);
	}
	return g_string_free(out, FALSE);
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text & 0x80)
			return false;
	return true;
}

/* The address as the server can take it: a domain of other letters is written in ASCII. NULL: it cannot. */
static char *envelope_address(const struct dialog *d, const char *address)
{
	const char *at = strrchr(address, '@');
	char *local, *domain, *all = NULL;

	if (!at || is_ascii(address) || d->offers.utf8)
		return g_strdup(address);
	local = g_strndup(address, (gsize)(at - address));
	domain = g_hostname_to_ascii(at + 1);
	if (domain && is_ascii(local))
		all = g_strconcat(local, "@", domain, NULL);
	g_free(local);
	g_free(domain);
	return all;
}

/* Nothing that is given here can end a line: addresses were parsed, ids are base32. */
static GString *envelope(const struct dialog *d, const struct dialog_mail *mail, const char *to)
{
	GString *out = g_string_new(NULL);
	char *id = xtext(mail->id), *orcpt = xtext(mail->to);

	g_string_append_printf(out, "MAIL FROM:<%s>", mail->sender);
	if (d->offers.size_max)
		g_string_append_printf(out, " SIZE=%u", mail->bytes->len);
	if (d->offers.utf8 && !is_ascii(to))
		g_string_append(out, " SMTPUTF8");
	if (d->offers.dsn)
		g_string_append_printf(out, " RET=HDRS ENVID=%s", id);
	g_string_append_printf(out, "\r\nRCPT TO:<%s>", to);
	if (d->offers.dsn && *mail->sender)
		g_string_append_printf(out, " NOTIFY=FAILURE,DELAY ORCPT=rfc822;%s", orcpt);
	else if (d->offers.dsn)
		g_string_append(out, " NOTIFY=NEVER");
	g_string_append(out, "\r\nDATA\r\n");
	g_free(id);
	g_free(orcpt);
	return out;
}

static enum usher_outcome outcome_of(unsigned code)
{
	/* 530, 534, 535, 538: the log-in, not this mail. 552 to a recipient: its mailbox is full today (RFC 5321, 4.5.3.1.10). */
	if (code == 530 || code == 534 || code == 535 || code == 538)
		return USHER_RETRY;
	return code >= 500 ? USHER_FAIL : USHER_RETRY;
}

enum { STEP_MAIL, STEP_RCPT, STEP_DATA, STEPS };

/* Sends the three commands and reads their answers, all at once or one by one. The outcome so far; USHER_OK: go on with the mail. */
static enum usher_outcome envelope_send(
	struct dialog *d, const GString *commands, GString *said, bool *fresh)
{
	enum usher_outcome outcome = USHER_OK;
	GString *line = g_string_new(NULL);
	const char *p = commands->str;
	bool open = false; /* the server waits for the mail */

	*fresh = true;
	if (d->offers.pipelining && !d->write(d->arg, commands->str, commands->len))
		d->lost = true;
	for (unsigned step = STEP_MAIL; step < STEPS && !d->lost; step++) {
		gsize n = (gsize)(strchr(p, '\n') - p) + 1;
		if (!d->offers.pipelining && !d->write(d->arg, p, n)) {
			d->lost = true;
			break;
		}
		p += n;
		unsigned code = reply_read(d, line);
		*fresh = *fresh && code == 0;
		open = step == STEP_DATA && code == 354;
		if (code / 100 == 2 || open || outcome != USHER_OK)
			continue;
		g_string_assign(said, line->str);
		outcome = code == 552 && step == STEP_RCPT ? USHER_RETRY : outcome_of(code);
		if (!d->offers.pipelining)
			break;
	}
	/* Nobody takes it, but the server did not notice: an empty mail to nobody. */
	if (open && outcome != USHER_OK && d->write(d->arg, ".\r\n", 3))
		reply_read(d, line);
	if (d->lost && outcome == USHER_OK)
		outcome = USHER_RETRY;
	g_string_free(line, TRUE);
	return outcome;
}

/* --- the mail */

/* A line that begins with a dot gets another. *ended: the mark that ends the mail may have gone out. */
static bool bytes_send(struct dialog *d, const GByteArray *bytes, bool *ended)
{
	const char *p = (const char *)bytes->data, *end = p + bytes->len;
	GString *piece = g_string_sized_new(PIECE_BYTES + WIRE_LINE_MAX);
	bool sent = true;

	while (p < end && sent) {
		const char *lf = memchr(p, '\n', (gsize)(end - p));
		gsize n = lf ? (gsize)(lf - p) + 1 : (gsize)(end - p);
		if (*p == '.')
			g_string_append_c(piece, '.');
		g_string_append_len(piece, p, (gssize)n);
		p += n;
		if (p == end && !lf)
			g_string_append(piece, "\r\n");
		if (piece->len >= PIECE_BYTES && p < end) {
			sent = d->write(d->arg, piece->str, piece->len);
			g_string_truncate(piece, 0);
		}
	}
	if (sent) {
		g_string_append(piece, ".\r\n");
		*ended = true;
		sent = d->write(d->arg, piece->str, piece->len);
	}
	g_string_free(piece, TRUE);
	return sent;
}

static enum usher_outcome mail_send(struct dialog *d, const GByteArray *bytes, GString *said)
{
	bool ended = false;
	unsigned code = bytes_send(d, bytes, &ended) ? reply_read(d, said) : 0;

	if (code / 100 == 2)
		return USHER_OK;
	if (code)
		return outcome_of(code);
	d->lost = true;
	g_string_assign(said, ended ? "the connection was lost before the server answered"
				    : "the connection was lost");
	return ended ? USHER_UNSURE : USHER_RETRY;
}

static bool reset(struct dialog *d)
{
	GString *line = g_string_new(NULL);
	bool good =
		!d->dirty || (d->write(d->arg, "RSET\r\n", 6) && reply_read(d, line) / 100 == 2);

	g_string_free(line, TRUE);
	d->dirty = false;
	d->lost = d->lost || !good;
	return good;
}

enum usher_outcome dialog_send(
	struct dialog *d, const struct dialog_mail *mail, GString *why, bool *fresh)
{
	char *to = envelope_address(d, mail->to);
	GString *commands, *said = g_string_new(NULL);
	enum usher_outcome outcome = USHER_FAIL;

	*fresh = false;
	if (!to) {
		g_string_assign(said, "the mail server takes no addresses of other letters "
				      "(SMTPUTF8)");
	} else if (d->offers.size_max && mail->bytes->len > d->offers.size_max) {
		g_string_printf(said, "it has %u bytes, the mail server takes %" G_GUINT64_FORMAT,
			mail->bytes->len, d->offers.size_max);
	} else if (!reset(d)) {
		*fresh = true;
		outcome = USHER_RETRY;
	} else {
		commands = envelope(d, mail, to);
		outcome = envelope_send(d, commands, said, fresh);
		if (outcome == USHER_OK)
			outcome = mail_send(d, mail->bytes, said);
		d->dirty = outcome != USHER_OK;
		g_string_free(commands, TRUE);
	}
	if (outcome != USHER_OK)
		g_string_append(why, said->len ? said->str : "the connection was lost");
	g_string_free(said, TRUE);
	g_free(to);
	return outcome;
}

void dialog_quit(struct dialog *d)
{
	if (!d->lost)
		d->write(d->arg, "QUIT\r\n", 6);
	d->lost = true;
}
