/*
 * A message of ours on its way into the outbox: one copy for each recipient, so that each is tried, counted and told of for itself. What is
 * said is the entry's; the words it answers and the signature are put beside it, and the channel that carries it forms them.
 */
#include "base/utf8.h"
#include "model/limits.h"
#include "model/recipients.h"
#include "router/batch.h"
#include "text/template.h"

enum { QUOTED_MAX = 32768 }; /* bytes of the words that are quoted under a reply */

/* ---- asking ---- */

void letter_ask(struct batch *b, struct lookup *l, struct work *w)
{
	const struct row *row = batch_row_find(b, w->c.conv);
	uint64_t seq = 0;

	if (row && slice_u64(found_get(&row->stored, "last_in"), &seq) && seq > 0)
		lookup_entry(l, w->c.conv, seq, &w->answered);
	if (w->c.agent.n)
		lookup_user(l, w->c.agent, &w->user);
}

/* ---- what is known for a text ---- */

static struct slice agent_name(const struct batch *b, struct slice agent)
{
	struct agent_view a;
	return engine_agent(b->engine, agent, &a) && a.name.n ? a.name : agent;
}

/* An address, or the name made of it, is no name. */
static struct slice known_name(const struct row *row)
{
	return slice_equal(row->name, row->address) ? (struct slice){ 0 } : row->name;
}

static void values_fill(
	struct batch *b, const struct row *row, struct slice agent, struct template_values *v)
{
	const struct queue *q = config_queue(b->config, row->queue);
	char *conv = arena_alloc(&b->arena, ID_TEXT_LEN + 1);
	struct str dear = { 0 };

	template_dear(&dear, agent.n ? known_name(row) : (struct slice){ 0 }, row->lang);
	*v = (struct template_values){ 0 };
	v->text[TEMPLATE_DEAR] = arena_copy(&b->arena, str_slice(&dear));
	v->text[TEMPLATE_CUSTOMER_NAME] = known_name(row);
	v->text[TEMPLATE_CUSTOMER_ADDRESS] = row->address;
	v->text[TEMPLATE_SUBJECT] = row->subject;
	v->text[TEMPLATE_CASE] = slice_of(id_text(row->conv, conv));
	v->text[TEMPLATE_QUEUE] = q && q->title.n ? q->title : row->queue;
	v->text[TEMPLATE_BRAND] = b->config->brand;
	if (agent.n)
		v->text[TEMPLATE_AGENT_NAME] = agent_name(b, agent);
	v->time_us[TEMPLATE_DATE] = b->now_us;
	str_free(&dear);
}

struct slice letter_text(struct batch *b, const struct row *row, struct slice agent,
	struct slice text, struct slice *missing)
{
	struct template_values v;
	struct str out = { 0 };

	*missing = (struct slice){ 0 };
	values_fill(b, row, agent, &v);
	struct slice filled = template_fill(&out, text, &v, missing)
				      ? arena_copy(&b->arena, str_slice(&out))
				      : (struct slice){ 0 };
	str_free(&out);
	return filled;
}

bool letter_prepare(struct batch *b, struct work *w)
{
	const struct row *row = batch_row_find(b, w->c.conv);
	struct slice missing;

	if (!row || !row->known || !w->c.text.n || !memmem(w->c.text.p, w->c.text.n, "{{", 2))
		return true;
	struct slice text = letter_text(b, row, w->c.agent, w->c.text, &missing);
	if (missing.n) {
		w->answer = ANSWER_INVALID;
		w->conv = w->c.conv;
		w->why = arena_printf(&b->arena,
			"nothing is known for {{%.*s}}: write it yourself, or {{%.*s|something "
			"else}}",
			SLICE_ARG(missing), SLICE_ARG(missing));
		return false;
	}
	w->c.text = text;
	return true;
}

/* ---- recipients ---- */

static void add_all(struct str *out, struct slice addresses, const char *role)
{
	for (struct slice rest = addresses; rest.p;) {
		struct slice address = slice_cut(&rest, '\n');
		if (address.n)
			recipients_add(out, &(struct recipient){ .address = address,
						    .role = slice_of(role),
						    .delivery = DELIVERY_QUEUED });
	}
}

struct slice letter_recipients(struct batch *b, const struct work *w, const struct row *row)
{
	struct str out = { 0 };

	if (!w->c.cc.n && !w->c.bcc.n)
		return (struct slice){ 0 };
	add_all(&out, row->address, "to");
	add_all(&out, w->c.cc, "cc");
	add_all(&out, w->c.bcc, "bcc");
	struct slice lines = arena_copy(&b->arena, str_slice(&out));
	str_free(&out);
	return lines;
}

/* ---- the letter ---- */

static struct slice reply_subject(struct batch *b, struct slice subject)
{
	if (subject.n && !slice_equal_nocase(slice_make(subject.p, subject.n < 3 ? subject.n : 3),
				 SLICE("re:")))
		return arena_printf(&b->arena, "Re: %.*s", SLICE_ARG(subject));
	return subject;
}

struct slice letter_last_ref(struct slice refs)
{
	struct slice last = { 0 };

	while (refs.p) {
		struct slice ref = slice_cut(&refs, '\n');
		if (ref.n)
			last = ref;
	}
	return last;
}

/* The author's own, else the queue's. What cannot be filled in is left out. Who retries another's words does not sign them. */
static struct slice signature(
	struct batch *b, const struct work *w, const struct row *row, struct slice author)
{
	const struct queue *q = config_queue(b->config, row->queue);
	bool his = slice_equal(w->c.agent, author);
	struct slice own = his ? found_get(&w->user, "signature") : (struct slice){ 0 }, missing;
	struct slice text = own.n ? own : q ? q->signature : (struct slice){ 0 };

	return text.n ? letter_text(b, row, author, text, &missing) : text;
}

/* Images that the quoted words show are carried along with them. */
static struct slice parts_with_images(struct batch *b, struct slice own, struct slice quoted)
{
	struct str all = { 0 };
	struct part p;

	str_add(&all, own);
	for (struct slice rest = quoted; parts_next(&rest, &p, &b->arena);) {
		if (!p.cid.n || !slice_starts(p.type, SLICE("image/")) ||
			p.size_bytes > QUOTED_IMAGE_MAX)
			continue;
		parts_add(&all, &p);
	}
	struct slice kept = arena_copy(&b->arena, str_slice(&all));
	str_free(&all);
	return kept;
}

static void quote(struct batch *b, const struct work *w, const struct entry *en, struct outbound *o)
{
	struct entry asked;
	struct err err;

	if (!w->answered.n || record_unpack(&entry_table, &asked, w->answered, &err) ||
		asked.seq >= en->seq || asked.quarantine.n)
		return;
	o->quoted = utf8_truncate(asked.text, QUOTED_MAX);
	/* The desk sanitized what it saw; when another message has come since, its words are quoted. */
	if (w->c.type == COMMAND_REPLY && w->c.seq == asked.seq)
		o->quoted_html = w->c.quoted_html;
	o->quoted_from = asked.from.n ? asked.from : asked.address;
	o->quoted_at_us = asked.at_us;
	o->parts = parts_with_images(b, o->parts, asked.parts);
}

static struct outbound letter_of(
	struct batch *b, const struct work *w, const struct row *row, const struct entry *en)
{
	struct outbound o = { .id = en->id,
		.message = en->id,
		.conv = row->conv,
		.seq = en->seq,
		.at_us = b->now_us,
		.channel = row->channel,
		.thread = row->thread,
		.to = row->address,
		.from = en->from,
		.subject = en->subject.n ? en->subject : reply_subject(b, row->subject),
		.text = en->text,
		.html = en->html,
		.parts = en->parts,
		.in_reply_to = letter_last_ref(row->refs),
		.refs = row->refs,
		.lang = row->lang,
		.automatic = en->automatic };
	if (w) {
		quote(b, w, en, &o);
		o.signature = signature(b, w, row, en->agent);
	}
	return o;
}

/* A copy has an id of its own: it is sent, retried and reported for itself. The first one's is the message's. */
static struct id copy_id(struct id message, uint64_t copy)
{
	message.lo ^= copy * UINT64_C(0x9E3779B97F4A7C15);
	return message;
}

void letter_copy_put(struct batch *b, struct outbound *o)
{
	char conv[ID_TEXT_LEN + 1], message[ID_TEXT_LEN + 1];

	o->id = copy_id(o->message, o->copy);
	commit_outbound(b->commit, o);
	commit_dedup(b->commit, arena_printf(&b->arena, "sent\n%s", id_text(o->id, message)),
		arena_printf(&b->arena, "%s %llu %llu", id_text(o->conv, conv),
			(unsigned long long)o->seq, (unsigned long long)o->copy));
}

void letter_project(
	struct batch *b, const struct work *w, const struct row *row, const struct entry *en)
{
	struct outbound o = letter_of(b, w, row, en);
	struct recipient r;
	struct str cc = { 0 };

	if (!en->rcpts.n) {
		letter_copy_put(b, &o);
		return;
	}
	for (struct slice rest = en->rcpts; recipients_next(&rest, &r, &b->arena);)
		if (slice_is(r.role, "cc"))
			str_addf(&cc, "%s%.*s", cc.n ? "\n" : "", SLICE_ARG(r.address));
	o.cc = arena_copy(&b->arena, str_slice(&cc));
	str_free(&cc);
	for (struct slice rest = en->rcpts; recipients_next(&rest, &r, &b->arena); o.copy++) {
		bool again = w && w->c.type == COMMAND_RETRY;
		if (again ? !delivery_is_retryable(r.delivery) : r.delivery != DELIVERY_QUEUED)
			continue;
		o.envelope = r.address;
		letter_copy_put(b, &o);
	}
}
