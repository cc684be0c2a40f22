/*
 * One mail on its way out. Called by email.c. The job in the SMTP worker builds and sends; it touches the letter and the
 * results only. Every send gets exactly one `sent`, always from a later turn of the loop.
 */
#include "email.h"

struct outgoing {
	struct email *email;
	struct letter *letter;
	GPtrArray *blobs; /* char *, of the parts */
	unsigned part;	  /* being fetched */
	struct sender *sender;
	enum usher_outcome outcome;
	char *remote;
	GString *why;
};

static void outgoing_free(struct outgoing *o)
{
	struct email *e = o->email;

	letter_free(o->letter);
	g_ptr_array_unref(o->blobs);
	g_string_free(o->why, TRUE);
	g_free(o->remote);
	g_free(o);
	e->outgoings--;
	email_settle(e);
}

static void outgoing_done(void *arg)
{
	struct outgoing *o = arg;
	struct email *e = o->email;

	e->letters_sent += o->outcome == USHER_OK;
	e->services->sent(e->host, str_of(o->letter->id), o->outcome, str_of(o->remote),
		(struct usher_str){ o->why->str, o->why->len });
	outgoing_free(o);
}

/* From a later turn. */
static void outgoing_end(struct outgoing *o, enum usher_outcome outcome, const char *why)
{
	o->outcome = outcome;
	g_string_assign(o->why, why);
	o->email->services->post(o->email->host, outgoing_done, o);
}

/* In the worker. */
static void outgoing_work(void *arg)
{
	struct outgoing *o = arg;
	struct email *e = o->email;
	GByteArray *mail = letter_build(o->letter, &e->letter);
	char *sender = letter_sender(o->letter, &e->letter);

	if (!o->sender->smtp)
		o->sender->smtp = smtp_new(&e->smtp_config);
	o->remote = letter_message_id(o->letter, &e->letter);
	struct dialog_mail bytes = { sender, o->letter->envelope, o->letter->id, mail };
	o->outcome = smtp_send(o->sender->smtp, &bytes, o->why);
	g_byte_array_unref(mail);
	g_free(sender);
	e->services->post(e->host, outgoing_done, o);
}

static void fetch_next(struct outgoing *o)
{
	struct email *e = o->email;

	if (o->part < o->blobs->len) {
		e->services->blob_get(e->host, str_of(g_ptr_array_index(o->blobs, o->part)),
			email_token(e,
				(struct op){ .kind = OP_FETCH, .outgoing = o, .index = o->part }));
		return;
	}
	/* What goes to one person goes by one connection, so it keeps its order. */
	o->sender = &e->senders[g_str_hash(o->letter->envelope) % e->sender_count];
	if (!worker_push(&o->sender->worker, outgoing_work, o))
		outgoing_end(o, USHER_RETRY, "no thread to send it with");
}

void outgoing_blob(
	struct outgoing *o, unsigned part, enum usher_outcome outcome, struct usher_str bytes)
{
	struct letter_part *p = &g_array_index(o->letter->parts, struct letter_part, part);

	if (outcome != USHER_OK) {
		outgoing_end(o, outcome == USHER_RETRY ? USHER_RETRY : USHER_FAIL,
			"an attached file is not in the store");
		return;
	}
	p->bytes = g_byte_array_sized_new((guint)bytes.n);
	g_byte_array_append(p->bytes, (const guint8 *)bytes.p, (guint)bytes.n);
	o->part++;
	fetch_next(o);
}

static struct letter *letter_copy(const struct email *e, const struct usher_outbound *m)
{
	struct letter *l = letter_new();
	char *to = str_dup(m->to), *envelope = str_dup(m->envelope);

	l->id = str_dup(m->id);
	l->conv = str_dup(m->conv);
	l->message = str_dup(m->message.n ? m->message : m->id);
	l->to = parse_address(to);
	l->envelope = m->envelope.n ? parse_address(envelope) : g_strdup(l->to);
	l->signature = str_dup(m->signature);
	l->quoted = str_dup(m->quoted);
	l->quoted_html = USHER_HAS(m, quoted_html.n) ? str_dup(m->quoted_html) : NULL;
	l->quoted_from = str_dup(m->quoted_from);
	l->quoted_at_us = m->quoted_at_us;
	l->lang = str_dup(m->lang);
	l->subject = str_dup(m->subject);
	l->text = str_dup(m->text);
	l->html = str_dup(m->html);
	l->in_reply_to = str_dup(m->in_reply_to);
	for (size_t i = 0; i < m->refs_count; i++)
		g_ptr_array_add(l->refs, str_dup(m->refs[i]));
	for (size_t i = 0; i < m->cc_count; i++) {
		char *text = str_dup(m->cc[i]), *address = parse_address(text);
		if (address)
			g_ptr_array_add(l->cc, address);
		g_free(text);
	}
	l->automatic = m->automatic;
	l->now_us = e->services->now_us(e->host);
	g_free(to);
	g_free(envelope);
	return l;
}

static void parts_copy(struct outgoing *o, const struct usher_outbound *m)
{
	for (size_t i = 0; i < m->parts_count; i++) {
		struct letter_part part = { str_dup(m->parts[i].name), str_dup(m->parts[i].type),
			str_dup(m->parts[i].cid), NULL };
		g_array_append_val(o->letter->parts, part);
		g_ptr_array_add(o->blobs, str_dup(m->parts[i].blob));
	}
}

void outgoing_send(struct email *e, const struct usher_outbound *m)
{
	struct outgoing *o = g_new0(struct outgoing, 1);
	struct usher_str token;
	const char *own = NULL;

	o->email = e;
	o->letter = letter_copy(e, m);
	o->blobs = g_ptr_array_new_with_free_func(g_free);
	o->why = g_string_new(NULL);
	e->outgoings++;
	parts_copy(o, m);
	if (o->letter->envelope)
		own = email_mailbox(e, o->letter->envelope, &token);
	if (!o->letter->to || !o->letter->envelope)
		outgoing_end(o, USHER_FAIL, "the recipient is not a mail address");
	else if (strlen(o->letter->id) != TOKEN_ID_LEN || strlen(o->letter->conv) != TOKEN_ID_LEN ||
		 strlen(o->letter->message) != TOKEN_ID_LEN)
		outgoing_end(o, USHER_FAIL, "the message has no proper id");
	else if (own)
		outgoing_end(o, USHER_FAIL, "this is a mailbox of ours: it would answer itself");
	else if (!e->ready || !grant_is_known(e))
		outgoing_end(o, USHER_RETRY, "the channel is starting");
	else if (!*e->smtp_config.url)
		outgoing_end(o, USHER_FAIL, "this channel has no smtp_url: it only receives");
	else
		fetch_next(o);
}
