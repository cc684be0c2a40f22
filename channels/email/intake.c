/*
 * One mail on its way in. Called by session.c (bytes), by email.c (answers of the host), and by its own
 * job in the parse worker, which touches `raw` and `parsed` only.
 *
 *   bytes ──▶ blob (raw, on disk) ──▶ worker: parse ──▶ report? ──yes──▶ tell(bounced) ──────┐
 *                                                          │ no                             │
 *                                        blobs of the files, one after another              │
 *                                                          ▼                                ▼
 *                                        deliver to each mailbox ────────────────────────▶ ack ──▶ 250, 451, 554
 *
 * Nothing is answered before the last step, so a mail that stops anywhere is sent again by the peer and
 * recognised by its dedup id. Recipients that are the same mailbox (support@, support+token@) are one target.
 */
#include "email.h"

#include "bounce.h"
#include "envelope.h"
#include "token.h"

enum { REFS_MAX = 64, HINTS_MAX = 4, WHY_MAX = 200 };

struct target {
	const char *mailbox;
	char conv[TOKEN_ID_LEN + 1];   /* of a signed plus-address, or "" */
	char bounce[TOKEN_ID_LEN + 1]; /* message of a signed return path, or "" */
	char *dedup;
	enum usher_outcome outcome;
	char *why;
};

struct mail {
	struct email *email;
	struct session *session; /* NULL when it is gone */
	bool one_reply;		 /* SMTP */
	struct box *box;	 /* or who fetched it */
	char *missing;		 /* why it is not here whole, or NULL */
	char *again;		 /* or it is read again: what `reread` gave */
	uint64_t again_token;
	struct usher_blob *blob; /* being written: the raw mail, then each file */
	GByteArray *raw;
	guint64 size;
	char *sender, *raw_name;
	GArray *targets;   /* struct target */
	GArray *target_of; /* unsigned, for each recipient */
	struct parsed *parsed;
	uint64_t now_us;
	unsigned part; /* being stored */
	gsize part_at;
	GPtrArray *part_blobs; /* char * */
	unsigned waiting;      /* acks outstanding */
};

static const struct usher_services *services(const struct mail *m)
{
	return m->email->services;
}

const char *mail_refusal(const struct email *e, bool is_offered)
{
	enum usher_work what =
		is_offered ? USHER_WORK_MAIL : (enum usher_work)(USHER_WORK_MAIL | USHER_WORK_LOOK);

	if (e->closing)
		return "451 4.3.2 shutting down, try again later";
	if (!e->ready)
		return "451 4.3.2 starting, try again later";
	if (e->mails >= e->mails_max || e->bytes >= e->bytes_max ||
		(USHER_HAS(e->services, refuses) && e->services->refuses(e->host, what)))
		return "451 4.3.2 busy, try again later";
	return NULL;
}

static unsigned target_add(struct mail *m, const char *rcpt)
{
	struct email *e = m->email;
	struct usher_str token;
	const char *mailbox = email_mailbox(e, rcpt, &token);
	struct target *t = NULL;
	unsigned index;

	for (index = 0; index < m->targets->len; index++) {
		t = &g_array_index(m->targets, struct target, index);
		if (t->mailbox == mailbox)
			break;
	}
	if (index == m->targets->len) {
		struct target fresh = { .mailbox = mailbox };
		g_array_append_val(m->targets, fresh);
		t = &g_array_index(m->targets, struct target, index);
	}
	if (token.n) {
		token_plus_read(
			&e->parse.key, TOKEN_CONVERSATION, token.p, token.n, m->now_us, t->conv);
		token_plus_read(
			&e->parse.key, TOKEN_BOUNCE, token.p, token.n, m->now_us, t->bounce);
	}
	return index;
}

struct mail *mail_new(
	struct email *e, struct session *s, const char *sender, const GPtrArray *rcpts)
{
	struct usher_blob *blob = e->services->blob_open(e->host);
	struct mail *m;

	if (!blob)
		return NULL;
	m = g_new0(struct mail, 1);
	*m = (struct mail){ .email = e,
		.session = s,
		.one_reply = s && session_is_smtp(s),
		.blob = blob,
		.now_us = e->services->now_us(e->host) };
	m->raw = g_byte_array_new();
	m->sender = g_strdup(sender);
	m->targets = g_array_new(FALSE, FALSE, sizeof(struct target));
	m->target_of = g_array_new(FALSE, FALSE, sizeof(unsigned));
	m->part_blobs = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < rcpts->len; i++) {
		unsigned index = target_add(m, g_ptr_array_index(rcpts, i));
		g_array_append_val(m->target_of, index);
	}
	e->mails++;
	return m;
}

static void mail_free(struct mail *m)
{
	struct email *e = m->email;

	e->mails--;
	e->bytes -= m->size;
	if (m->blob)
		services(m)->blob_drop(m->blob);
	if (m->raw)
		g_byte_array_unref(m->raw);
	for (guint i = 0; i < m->targets->len; i++) {
		g_free(g_array_index(m->targets, struct target, i).dedup);
		g_free(g_array_index(m->targets, struct target, i).why);
	}
	g_array_unref(m->targets);
	g_array_unref(m->target_of);
	g_ptr_array_unref(m->part_blobs);
	parsed_free(m->parsed);
	g_free(m->sender);
	g_free(m->raw_name);
	g_free(m->missing);
	g_free(m->again);
	g_free(m);
	email_settle(e);
}

void mail_drop(struct mail *m)
{
	mail_free(m);
}

void mail_orphan(struct mail *m)
{
	m->session = NULL;
}

void mail_bytes(struct mail *m, const char *p, size_t n)
{
	services(m)->blob_write(m->blob, (struct usher_str){ p, n });
	g_byte_array_append(m->raw, (const guint8 *)p, (guint)n);
	m->size += n;
	m->email->bytes += n;
}

/* --- the answers */

/* A reason in one line of ASCII. */
static void reply_add(GPtrArray *replies, const struct target *t)
{
	GString *line = g_string_new(NULL);
	const char *why = t->why && *t->why ? t->why : "no reason given";

	if (t->outcome == USHER_OK || t->outcome == USHER_DUPLICATE) {
		g_string_append(line,
			t->outcome == USHER_OK ? "250 2.6.0 stored" : "250 2.6.0 stored before");
	} else {
		g_string_append(line, t->outcome == USHER_FAIL ? "554 5.6.0 " : "451 4.3.0 ");
		for (gsize i = 0; why[i] && i < WHY_MAX; i++)
			g_string_append_c(line, g_ascii_isprint(why[i]) ? why[i] : '?');
	}
	g_ptr_array_add(replies, g_string_free(line, FALSE));
}

/* SMTP has one reply for all: trying again is harmless, so the worst that trying again may mend comes first. */
static const struct target *worst(const struct mail *m)
{
	const struct target *w = &g_array_index(m->targets, struct target, 0);

	for (guint i = 1; i < m->targets->len; i++) {
		const struct target *t = &g_array_index(m->targets, struct target, i);
		if (w->outcome != USHER_RETRY &&
			(t->outcome == USHER_RETRY || t->outcome > w->outcome))
			w = t;
	}
	return w;
}

static void answer_box(const struct mail *m)
{
	const struct target *t = worst(m);

	box_answered(m->box, t->outcome, t->why ? t->why : "");
}

static void again_end(const struct mail *m, enum usher_outcome outcome, const char *why)
{
	services(m)->reread_done(m->email->host, m->again_token, outcome, str_of(why));
}

static void mail_answer(struct mail *m)
{
	GPtrArray *replies = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < m->targets->len; i++) {
		const struct target *t = &g_array_index(m->targets, struct target, i);
		bool stored = t->outcome == USHER_OK || t->outcome == USHER_DUPLICATE;
		m->email->mails_taken += stored;
		m->email->mails_refused += !stored;
		/* What was handed to the host (it has a dedup id then) it has counted; what comes again is counted again. */
		if (t->outcome == USHER_RETRY && !t->dedup && !m->again)
			services(m)->count(m->email->host, "refused", 1);
	}
	if (m->one_reply)
		reply_add(replies, worst(m));
	for (guint i = 0; !m->one_reply && i < m->target_of->len; i++)
		reply_add(replies, &g_array_index(m->targets, struct target,
					   g_array_index(m->target_of, unsigned, i)));
	if (m->session)
		session_answer(m->session, replies);
	g_ptr_array_unref(replies);
	if (m->box)
		answer_box(m);
	if (m->again)
		again_end(m, worst(m)->outcome, worst(m)->why);
	mail_free(m);
}

/* Before anything was handed to deliver. */
static void mail_fail(struct mail *m, const char *why)
{
	for (guint i = 0; i < m->targets->len; i++) {
		struct target *t = &g_array_index(m->targets, struct target, i);
		t->outcome = USHER_RETRY;
		t->why = g_strdup(why);
	}
	mail_answer(m);
}

/* --- deliver */

static char *dedup_make(const struct mail *m, const struct target *t)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	const struct parsed *p = m->parsed;
	char *id;

	if (m->again)
		g_checksum_update(sum, (const guchar *)m->again, (gssize)strlen(m->again) + 1);
	/* The body is in it: two mails that some program gave one Message-ID are two mails. */
	g_checksum_update(sum, (const guchar *)t->mailbox, (gssize)strlen(t->mailbox) + 1);
	if (p->message_id)
		g_checksum_update(
			sum, (const guchar *)p->message_id, (gssize)strlen(p->message_id) + 1);
	g_checksum_update(sum, (const guchar *)p->hash, (gssize)strlen(p->hash));
	id = g_strndup(g_checksum_get_string(sum), 40);
	g_checksum_free(sum);
	return id;
}

/*
 * The mail's own name. Whoever writes in a thread is taken for its customer, so it is bound to the author: a stranger who repeats
 * a Message-ID that he has seen is in a thread of his own. Answers find the mail by `also`, where the author is asked for.
 */
static char *thread_make(const struct parsed *p, const struct target *t)
{
	char *all, *sum, *thread;

	if (!p->message_id || !p->from)
		return g_strconcat("hash:", t->dedup, NULL);
	all = g_strdup_printf(
		"%s %s %s", p->verified ? "verified" : "claimed", p->from, p->message_id);
	sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
	thread = g_strdup_printf("mail:%.40s", sum);
	g_free(sum);
	g_free(all);
	return thread;
}

struct strings {
	struct usher_str s[REFS_MAX];
	char *owned[2];
	size_t n;
};

/* Signed names first: the plus-address, then a Message-ID of ours, then what the headers say. */
static void refs_fill(struct strings *refs, const struct mail *m, const struct target *t)
{
	const struct parsed *p = m->parsed;

	if (t->conv[0]) {
		refs->owned[0] = g_strconcat("conv:", t->conv, NULL);
		refs->s[refs->n++] = str_of(refs->owned[0]);
	}
	if (p->conv[0] && strcmp(p->conv, t->conv) != 0) {
		refs->owned[1] = g_strconcat("conv:", p->conv, NULL);
		refs->s[refs->n++] = str_of(refs->owned[1]);
	}
	for (guint i = 0; i < p->refs->len && refs->n < REFS_MAX; i++)
		refs->s[refs->n++] = str_of(g_ptr_array_index(p->refs, i));
}

static size_t hints_fill(struct usher_pair *hints, const struct parsed *p)
{
	const struct usher_pair all[HINTS_MAX] = { { str_of("to"), str_of(p->to) },
		{ str_of("cc"), str_of(p->cc) }, { str_of("reply-to"), str_of(p->reply_to) },
		{ str_of("list"), str_of(p->list) } };
	size_t n = 0;

	for (unsigned i = 0; i < HINTS_MAX; i++) {
		if (all[i].value.n)
			hints[n++] = all[i];
	}
	return n;
}

static struct usher_part *parts_make(const struct mail *m)
{
	struct usher_part *parts = g_new0(struct usher_part, m->parsed->parts->len + 1);

	for (guint i = 0; i < m->part_blobs->len; i++) {
		const struct parsed_part *p =
			&g_array_index(m->parsed->parts, struct parsed_part, i);
		parts[i] = (struct usher_part){ .name = str_of(p->name),
			.type = str_of(p->type),
			.cid = str_of(p->cid),
			.blob = str_of(g_ptr_array_index(m->part_blobs, i)),
			.size = p->bytes->len };
	}
	return parts;
}

static void target_deliver(struct mail *m, unsigned index)
{
	struct target *t = &g_array_index(m->targets, struct target, index);
	const struct parsed *p = m->parsed;
	struct strings refs = { .n = 0 };
	struct usher_pair hints[HINTS_MAX];
	struct usher_part *parts = parts_make(m);
	struct usher_str also = str_of(p->message_id);
	char *thread;

	t->dedup = dedup_make(m, t);
	thread = thread_make(p, t);
	refs_fill(&refs, m, t);
	struct usher_inbound in = { .size = sizeof(in),
		.dedup = str_of(t->dedup),
		.thread = str_of(thread),
		.refs = refs.s,
		.refs_count = refs.n,
		.also = &also,
		.also_count = also.n ? 1 : 0,
		.identity_kind = str_of("email"),
		.identity = str_of(p->from),
		.verified = p->verified,
		.name = str_of(p->from_name),
		.to = str_of(t->mailbox),
		.subject = str_of(p->subject),
		.text = { p->text->str, p->text->len },
		.html = { p->html->str, p->html->len },
		.parts = parts,
		.parts_count = m->part_blobs->len,
		.hints = hints,
		.hints_count = hints_fill(hints, p),
		.raw = str_of(m->raw_name),
		.quarantine = str_of(p->quarantine),
		.sent_us = p->date_us,
		.automatic = p->automatic,
		.again = str_of(m->again) };
	m->waiting++;
	if (m->again)
		services(m)->count(m->email->host, "seen", 1);
	services(m)->deliver(m->email->host, &in,
		email_token(
			m->email, (struct op){ .kind = OP_DELIVER, .mail = m, .index = index }));
	g_free(refs.owned[0]);
	g_free(refs.owned[1]);
	g_free(thread);
	g_free(parts);
}

static const char *reported_message(const struct mail *m, const struct target *t)
{
	return t->bounce[0] ? t->bounce : m->parsed->bounce_message;
}

/* A report about a mail of ours is news of that mail, not a customer's word; some have no author. */
static bool target_is_report(const struct mail *m, const struct target *t)
{
	const struct parsed *p = m->parsed;

	return p->bounce != BOUNCE_NONE && *reported_message(m, t) && !(p->quarantine && p->from);
}

static void report_taken(struct mail *m)
{
	m->email->bounces++;
	if (m->again)
		services(m)->count(m->email->host, "seen", 1);
	services(m)->count(m->email->host, "accepted", 1);
}

/* It is answered when the news are on disk, as any other mail. A temporary one says nothing that anybody has to know. */
static void report_tell(struct mail *m, unsigned index)
{
	struct target *t = &g_array_index(m->targets, struct target, index);
	const struct parsed *p = m->parsed;
	struct usher_news n = { .size = sizeof(n),
		.what = USHER_NEWS_DELIVERY,
		.how = p->bounce == BOUNCE_PERMANENT ? USHER_BOUNCED : USHER_DELIVERED,
		.message = str_of(reported_message(m, t)),
		.text = { p->bounce_why->str, p->bounce_why->len } };

	if (p->bounce == BOUNCE_TEMPORARY) {
		report_taken(m);
	} else if (!USHER_HAS(services(m), tell)) {
		services(m)->delivery(
			m->email->host, n.message, n.remote, (enum usher_delivery)n.how, n.text);
		report_taken(m);
	} else {
		m->waiting++;
		services(m)->tell(m->email->host, &n,
			email_token(m->email,
				(struct op){ .kind = OP_DELIVER, .mail = m, .index = index }));
	}
}

static bool any_to_deliver(const struct mail *m)
{
	for (guint i = 0; i < m->targets->len; i++) {
		if (!target_is_report(m, &g_array_index(m->targets, struct target, i)))
			return true;
	}
	return false;
}

static void mail_deliver(struct mail *m)
{
	m->waiting++; /* until all are asked */
	for (guint i = 0; i < m->targets->len; i++) {
		if (target_is_report(m, &g_array_index(m->targets, struct target, i)))
			report_tell(m, i);
		else
			target_deliver(m, i);
	}
	if (--m->waiting == 0)
		mail_answer(m);
}

void mail_acked(struct mail *m, unsigned index, enum usher_outcome outcome, struct usher_str why)
{
	struct target *t = &g_array_index(m->targets, struct target, index);

	if (target_is_report(m, t) && outcome == USHER_OK)
		report_taken(m);
	t->outcome = outcome;
	t->why = str_dup(why);
	if (--m->waiting == 0)
		mail_answer(m);
}

/* --- files */

static void part_pump(void *arg);

static void part_next(struct mail *m)
{
	if (m->part >= m->parsed->parts->len) {
		mail_deliver(m);
		return;
	}
	m->blob = services(m)->blob_open(m->email->host);
	m->part_at = 0;
	if (!m->blob) {
		mail_fail(m, "no room to store its files now");
		return;
	}
	part_pump(m);
}

/* A piece a turn, so that a large file holds up nobody. */
static void part_pump(void *arg)
{
	struct mail *m = arg;
	const GByteArray *bytes =
		g_array_index(m->parsed->parts, struct parsed_part, m->part).bytes;
	gsize n = MIN(bytes->len - m->part_at, (gsize)PIECE_BYTES);
	struct usher_blob *blob = m->blob;

	services(m)->blob_write(
		blob, (struct usher_str){ (const char *)bytes->data + m->part_at, n });
	m->part_at += n;
	if (m->part_at < bytes->len) {
		services(m)->post(m->email->host, part_pump, m);
		return;
	}
	m->blob = NULL;
	services(m)->blob_finish(
		blob, email_token(m->email, (struct op){ .kind = OP_PART, .mail = m }));
}

/* --- the worker */

static void mail_parsed(void *arg)
{
	struct mail *m = arg;

	if (m->missing) {
		g_free(m->parsed->quarantine);
		m->parsed->quarantine = m->missing;
		m->missing = NULL;
	}
	if (m->again && m->parsed->quarantine) {
		again_end(m, USHER_FAIL, m->parsed->quarantine);
		if (m->box)
			box_answered(m->box, USHER_FAIL, m->parsed->quarantine);
		mail_free(m);
		return;
	}
	if (any_to_deliver(m))
		part_next(m);
	else
		mail_deliver(m);
}

/* In the worker. */
static void mail_parse(void *arg)
{
	struct mail *m = arg;

	struct parse_config config = m->email->parse;

	config.wide = m->again != NULL;
	m->parsed = parse_mail(m->raw, m->sender, m->now_us, &config);
	m->raw = NULL;
	services(m)->post(m->email->host, mail_parsed, m);
}

void mail_blob_done(
	struct mail *m, enum op_kind kind, enum usher_outcome outcome, struct usher_str name)
{
	if (outcome != USHER_OK && outcome != USHER_DUPLICATE) {
		mail_fail(m, "it could not be stored now");
		return;
	}
	if (kind == OP_PART) {
		g_ptr_array_add(m->part_blobs, str_dup(name));
		m->part++;
		part_next(m);
		return;
	}
	m->raw_name = str_dup(name);
	if (!worker_push(&m->email->parser, mail_parse, m))
		mail_fail(m, "no thread to read it with");
}

void mail_end(struct mail *m)
{
	struct usher_blob *blob = m->blob;

	m->blob = NULL;
	if (!m->again)
		services(m)->count(m->email->host, "seen", m->targets->len);
	services(m)->blob_finish(
		blob, email_token(m->email, (struct op){ .kind = OP_RAW, .mail = m }));
}

/* A piece a turn. */
static void raw_pump(void *arg)
{
	struct mail *m = arg;
	gsize n = MIN(m->raw->len - m->part_at, (gsize)PIECE_BYTES);

	services(m)->blob_write(
		m->blob, (struct usher_str){ (const char *)m->raw->data + m->part_at, n });
	m->part_at += n;
	if (m->part_at < m->raw->len)
		services(m)->post(m->email->host, raw_pump, m);
	else
		mail_end(m);
}

void mail_of_box(struct mail *m, struct box *b, GByteArray *raw, const char *missing,
	const struct reread *of)
{
	g_byte_array_unref(m->raw);
	m->raw = raw;
	m->box = b;
	m->missing = g_strdup(missing);
	m->again = of ? g_strdup(of->of) : NULL;
	m->again_token = of ? of->token : 0;
	m->size = raw->len;
	m->email->bytes += raw->len;
	raw_pump(m);
}

/* --- a quarantined mail, read again */

/* The own mailbox that its headers name, or the first. */
static const char *mailbox_named(const struct email *e, const GByteArray *raw)
{
	for (guint i = 0; i < e->mailboxes->len; i++) {
		const char *mailbox = g_ptr_array_index(e->mailboxes, i);
		if (envelope_names((const char *)raw->data, raw->len, mailbox))
			return mailbox;
	}
	return g_ptr_array_index(e->mailboxes, 0);
}

static void again_refused(void *arg)
{
	struct mail *m = arg;

	again_end(m, USHER_RETRY, "no thread to read it with");
	mail_free(m);
}

void mail_again(struct email *e, struct usher_str bytes, const struct reread *of)
{
	GPtrArray *rcpts = g_ptr_array_new_with_free_func(g_free);
	GByteArray *raw = g_byte_array_sized_new((guint)bytes.n);
	struct mail *m;

	g_byte_array_append(raw, (const guint8 *)bytes.p, (guint)bytes.n);
	g_ptr_array_add(rcpts, g_strdup(mailbox_named(e, raw)));
	m = mail_new(e, NULL, NULL, rcpts);
	g_ptr_array_unref(rcpts);
	if (!m) {
		g_byte_array_unref(raw);
		e->services->reread_done(
			e->host, of->token, USHER_RETRY, str_of("the store takes nothing now"));
		return;
	}
	services(m)->blob_drop(m->blob);
	m->blob = NULL;
	g_byte_array_unref(m->raw);
	m->raw = raw;
	m->raw_name = g_strdup(of->raw);
	m->again = g_strdup(of->of);
	m->again_token = of->token;
	m->size = raw->len;
	e->bytes += raw->len;
	if (!worker_push(&e->parser, mail_parse, m))
		services(m)->post(e->host, again_refused, m);
}
