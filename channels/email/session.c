/*
 * One LMTP connection: carries bytes between the host's stream and lmtp.c, and mails to intake.c. Called by
 * email.c for every stream event.
 *
 * While a mail waits for its replies the machine takes no bytes: what has arrived already is kept here (at most
 * PENDING_MAX) and reading is paused, so that a peer cannot run ahead of what is on disk.
 */
#include "email.h"

enum { PENDING_MAX = 1 << 20 };

struct session {
	struct email *email;
	struct usher_stream *stream;
	struct lmtp lmtp;
	struct mail *mail;
	GByteArray *pending;
	bool paused, ended;
};

static const struct usher_services *services(const struct session *s)
{
	return s->email->services;
}

static void deadline(struct session *s, uint64_t seconds, const char *why)
{
	services(s)->deadline(s->stream, seconds * 1000000, why);
}

/* --- what the protocol asks for */

static const char *on_rcpt(void *arg, const char *address)
{
	struct session *s = arg;
	struct usher_str token;

	return email_mailbox(s->email, address, &token) ? NULL : "550 5.1.1 no such mailbox here";
}

static const char *on_data(void *arg)
{
	struct session *s = arg;
	const char *refusal = mail_refusal(s->email, true);

	if (refusal)
		return refusal;
	s->mail = mail_new(s->email, s, s->lmtp.sender->str, s->lmtp.rcpts);
	if (!s->mail)
		return "451 4.3.0 no room to store it now";
	deadline(s, DATA_DEADLINE_S, "the mail took too long");
	return NULL;
}

static void on_bytes(void *arg, const char *p, size_t n)
{
	mail_bytes(((struct session *)arg)->mail, p, n);
}

static void on_end(void *arg)
{
	struct session *s = arg;

	services(s)->deadline(s->stream, 0, NULL);
	mail_end(s->mail);
}

static void on_drop(void *arg, const char *why, unsigned rcpts)
{
	struct session *s = arg;
	char *text = g_strdup_printf(
		"refused a mail from %s: %s", services(s)->stream_peer(s->stream), why);

	services(s)->log(s->email->host, USHER_INFO, text);
	services(s)->count(s->email->host, "seen", rcpts);
	services(s)->count(s->email->host, "refused", rcpts);
	s->email->mails_refused += rcpts;
	g_free(text);
	mail_drop(s->mail);
	s->mail = NULL;
	deadline(s, IDLE_DEADLINE_S, "idle too long");
}

static void flush(struct session *s);

static void on_starttls(void *arg)
{
	struct session *s = arg;

	flush(s);
	services(s)->starttls(s->stream);
}

static const struct lmtp_calls calls = { on_rcpt, on_data, on_bytes, on_end, on_drop, on_starttls };

/* --- bytes */

static void flush(struct session *s)
{
	GString *out = s->lmtp.out;

	if (out->len)
		services(s)->write(s->stream, (struct usher_str){ out->str, out->len });
	g_string_truncate(out, 0);
	if (s->lmtp.state == LMTP_DEAD && !s->ended) {
		s->ended = true;
		services(s)->hangup(s->stream, 1, "said good-bye");
	}
}

static void set_paused(struct session *s, bool paused)
{
	if (s->paused != paused)
		services(s)->read_pause(s->stream, paused);
	s->paused = paused;
}

static void keep(struct session *s, const char *p, size_t n)
{
	if (n == 0 || s->ended)
		return;
	if (s->pending->len + n > PENDING_MAX) {
		s->ended = true;
		services(s)->hangup(s->stream, 0, "sent too much ahead");
		return;
	}
	g_byte_array_append(s->pending, (const guint8 *)p, (guint)n);
}

static void feed(struct session *s, const char *p, size_t n)
{
	size_t used = lmtp_feed(&s->lmtp, p, n);

	flush(s);
	if (s->lmtp.state != LMTP_WAITING)
		return;
	if (!s->mail) {
		/* STARTTLS: what was sent behind it in clear text is dropped, whoever put it there. */
		g_byte_array_set_size(s->pending, 0);
		return;
	}
	keep(s, p + used, n - used);
	set_paused(s, true);
}

static void session_data(struct session *s, struct usher_str bytes)
{
	if (s->ended)
		return;
	if (s->lmtp.state == LMTP_WAITING)
		keep(s, bytes.p, bytes.n);
	else
		feed(s, bytes.p, bytes.n);
}

/* --- life */

static void session_open(struct email *e, struct usher_stream *stream)
{
	static const char busy[] = "421 4.3.2 too many sessions, try again later\r\n";
	struct session *s;

	if (e->sessions->len >= e->sessions_max || e->closing) {
		e->services->write(stream, (struct usher_str){ busy, sizeof(busy) - 1 });
		e->services->hangup(stream, 1, "too many sessions");
		return;
	}
	s = g_new0(struct session, 1);
	s->email = e;
	s->stream = stream;
	s->pending = g_byte_array_new();
	lmtp_init(&s->lmtp, &e->lmtp, &calls, s);
	g_ptr_array_add(e->sessions, s);
	e->services->stream_data(stream, s);
	deadline(s, IDLE_DEADLINE_S, "idle too long");
	lmtp_greet(&s->lmtp);
	flush(s);
}

static void session_free(struct session *s)
{
	struct email *e = s->email;

	if (s->mail && s->lmtp.state == LMTP_DATA)
		mail_drop(s->mail);
	else if (s->mail)
		mail_orphan(s->mail);
	g_ptr_array_remove_fast(e->sessions, s);
	g_byte_array_unref(s->pending);
	lmtp_clear(&s->lmtp);
	g_free(s);
	email_settle(e);
}

size_t session_event(struct email *e, struct usher_stream *stream, enum usher_stream_event ev,
	struct usher_str bytes)
{
	struct session *s = e->services->stream_get_data(stream);

	switch (ev) {
	case USHER_STREAM_OPEN:
		if (!s)
			session_open(e, stream);
		return 0;
	case USHER_STREAM_DATA:
		if (s)
			session_data(s, bytes);
		return bytes.n;
	case USHER_STREAM_TLS:
		if (s) {
			g_byte_array_set_size(s->pending, 0);
			lmtp_secured(&s->lmtp);
		}
		return 0;
	case USHER_STREAM_CLOSED:
		e->services->stream_data(stream, NULL);
		if (s)
			session_free(s);
		return 0;
	case USHER_STREAM_DRAINED:
		return 0;
	}
	return 0;
}

bool session_is_smtp(const struct session *s)
{
	return s->lmtp.smtp;
}

void session_answer(struct session *s, GPtrArray *replies)
{
	GByteArray *pending = s->pending;

	s->mail = NULL;
	for (guint i = 0; i < replies->len; i++)
		lmtp_answer(&s->lmtp, g_ptr_array_index(replies, i));
	lmtp_done(&s->lmtp);
	if (s->email->closing && !s->ended) {
		g_string_append(s->lmtp.out, "421 4.3.2 shutting down\r\n");
		s->lmtp.state = LMTP_DEAD;
	}
	deadline(s, IDLE_DEADLINE_S, "idle too long");
	flush(s);
	if (s->ended)
		return;
	s->pending = g_byte_array_new();
	if (pending->len)
		feed(s, (const char *)pending->data, pending->len);
	g_byte_array_unref(pending);
	if (s->lmtp.state != LMTP_WAITING)
		set_paused(s, false);
}

void session_close_idle(struct email *e)
{
	for (guint i = 0; i < e->sessions->len; i++) {
		struct session *s = g_ptr_array_index(e->sessions, i);
		if (s->mail || s->ended)
			continue;
		g_string_append(s->lmtp.out, "421 4.3.2 shutting down\r\n");
		s->lmtp.state = LMTP_DEAD;
		flush(s);
	}
}
