/*
 * Projection: what the engine decided becomes journal, views, history, outbox and effects, all in one commit. It decides
 * nothing; running it again over the same events writes the same views.
 */
#include "base/assert.h"
#include "base/utf8.h"
#include "model/pairs.h"
#include "router/batch.h"

enum { SNIPPET_MAX = 240 }; /* bytes of the last message that an offer shows */

void batch_effect(struct batch *b, struct effect *ef)
{
	ef->n = ++b->push_n;
	ef->at_us = b->now_us;
	commit_effect(b->commit, ef);
}

bool project_ask(struct batch *b, struct lookup *l)
{
	bool asked = false;
	for (size_t i = 0; i < b->step_count; i++) {
		struct id conv = b->steps[i].ev.conv;
		if (id_is_none(conv))
			continue;
		struct row *row = batch_row(b, conv);
		if (row->asked || row->known)
			continue;
		row->asked = asked = true;
		lookup_conv(l, conv, &row->stored);
	}
	return asked;
}

/* ---- views of conversations ---- */

struct fields {
	struct argv argv;
	struct arena *arena;
};

static void put_text(struct fields *f, const char *name, struct slice v)
{
	argv_add_text(&f->argv, name);
	argv_add(&f->argv, v);
}

static void put_u64(struct fields *f, const char *name, uint64_t v)
{
	argv_add_text(&f->argv, name);
	argv_add_u64(&f->argv, f->arena, v);
}

static void put_id(struct fields *f, const char *name, struct id id)
{
	char *text = arena_alloc(f->arena, ID_TEXT_LEN + 1);
	put_text(f, name, id_is_none(id) ? SLICE("") : slice_of(id_text(id, text)));
}

static void write_fresh(const struct row *row, struct fields *f)
{
	put_id(f, "customer", row->customer);
	put_id(f, "linked", row->linked);
	put_text(f, "channel", row->channel);
	put_text(f, "kind", row->kind);
	put_text(f, "thread", row->thread);
	put_text(f, "name", row->name);
	put_text(f, "address", row->address);
	put_text(f, "subject", row->subject);
	put_text(f, "segment", row->segment);
	put_text(f, "lang", row->lang);
	if (row->writer.n)
		put_text(f, "writer", row->writer);
	if (row->topic.n)
		put_text(f, "topic", row->topic);
	if (row->rule.n)
		put_text(f, "rule", row->rule);
	put_u64(f, "arrived", row->arrived_us);
}

static struct effect conv_effect(const struct row *row)
{
	return (struct effect){ .type = EFFECT_CONV,
		.conv = row->conv,
		.customer = row->customer,
		.channel = row->channel,
		.kind = row->kind,
		.thread = row->thread,
		.name = row->name,
		.subject = row->subject,
		.segment = row->segment,
		.queue = row->queue,
		.owner = row->owner,
		.seq = row->last_seq,
		.seen = row->seen,
		.left = row->left,
		.rating = row->rating,
		.to = row->mail_to,
		.mail_us = row->mail_us,
		.arrived_us = row->arrived_us };
}

static void put_visit(struct fields *f, const struct row *row)
{
	put_u64(f, "seen", row->seen);
	put_u64(f, "left", row->left);
	if (row->rating)
		put_u64(f, "rating", row->rating);
}

static void put_away(struct fields *f, const struct row *row)
{
	put_text(f, "mail_to", row->mail_to);
	put_u64(f, "mailed", row->mailed);
	put_u64(f, "last_out", row->last_out);
	put_u64(f, "mail_at", row->mail_us);
}

/* The row as the engine has it after the whole batch: its view hash and what desks are told. */
static void write_row(struct batch *b, struct row *row)
{
	struct fields f = { .arena = &b->arena };
	struct conv_view v = { .state = CONV_CLOSED };
	bool open = engine_conv(b->engine, row->conv, &v);
	if (row->fresh)
		write_fresh(row, &f);
	if (open) {
		row->queue = v.queue;
		row->last_seq = v.seq_last;
		if (conv_state_is_owned(v.state))
			row->owner = v.agent;
		else if (v.state != CONV_RESOLVED)
			row->owner = (struct slice){ 0 };
		put_u64(&f, "stage", v.stage);
		put_text(&f, "skills", v.skills);
		put_u64(&f, "first_reply", v.first_reply_us);
		put_text(&f, "outcome", v.outcome);
		put_u64(&f, "until", v.until_us);
	}
	put_text(&f, "state", slice_of(conv_state_words[v.state]));
	put_text(&f, "queue", row->queue);
	put_text(&f, "owner", row->owner);
	put_text(&f, "refs", row->refs);
	put_text(&f, "snippet", row->snippet);
	if (row->decision.n)
		put_text(&f, "decision", row->decision);
	put_u64(&f, "last_seq", row->last_seq);
	put_u64(&f, "last_in", row->last_in);
	if (row->seen || row->left || row->rating || found_get(&row->stored, "left").n)
		put_visit(&f, row);
	if (row->mail_to.n)
		put_away(&f, row);
	put_u64(&f, "updated", b->now_us);
	commit_conv(b->commit, row->conv, &f.argv);
	argv_free(&f.argv);

	struct effect ef = conv_effect(row);
	ef.state = v.state;
	ef.until_us = v.until_us;
	ef.skills = v.skills;
	ef.outcome = v.outcome;
	ef.offer = v.offer;
	ef.asked = v.asked;
	ef.key = v.key;
	ef.tier = v.tier;
	ef.agent = v.state == CONV_OFFERED ? v.agent : (struct slice){ 0 };
	batch_effect(b, &ef);
}

/* ---- messages ---- */

static struct slice author(const struct batch *b, const struct work *w, const struct row *row)
{
	struct agent_view a;
	if (!w->c.agent.n)
		return w->c.name.n ? w->c.name : row->name;
	if (engine_agent(b->engine, w->c.agent, &a) && a.name.n)
		return a.name;
	return w->c.agent;
}

static bool is_live(const struct batch *b, const struct row *row)
{
	const struct kind *k = config_kind(b->config, row->kind);
	return k && k->live;
}

/* The channel's own names of a message: what answers must refer to. Bounded: the oldest is kept, then the newest. */
static void add_refs(struct batch *b, struct row *row, struct slice also)
{
	enum { REFS_MAX = 4096 };
	if (!also.n)
		return;
	if (row->refs.n + also.n > REFS_MAX) {
		struct slice rest = row->refs;
		struct slice oldest = slice_cut(&rest, '\n');
		row->refs = oldest.n < REFS_MAX / 2 ? oldest : (struct slice){ 0 };
	}
	row->refs = row->refs.n ? arena_printf(&b->arena, "%.*s\n%.*s", SLICE_ARG(row->refs),
					  SLICE_ARG(also))
				: also;
}

static void project_inbound(struct batch *b, struct work *w, struct row *row)
{
	const struct command *c = &w->c;
	commit_thread(b->commit, c->channel, c->thread, row->conv);
	for (struct slice rest = c->also; rest.p;) {
		struct slice key = slice_cut(&rest, '\n');
		if (key.n)
			commit_thread(b->commit, c->channel, key, row->conv);
	}
	add_refs(b, row, c->also);
	if (c->again.n && !c->quarantine.n)
		commit_quarantine_end(b->commit, c->again);
	if (c->quarantine.n)
		b->quarantined++;
	else
		b->accepted++;
}

/* A text of the configuration: a greeting, when we are back, or that nobody is free. */
static void project_system(struct batch *b, const struct event *ev)
{
	struct row *row = batch_row(b, ev->conv);
	struct slice text = automatic_text(b, row, ev);
	bool goes_out = !is_live(b, row);
	struct entry en = { .seq = ev->seq,
		.at_us = ev->at_us,
		.id = ev->id,
		.direction = DIRECTION_SYSTEM,
		.channel = row->channel,
		.from = b->config->brand,
		.text = text,
		.delivery = goes_out ? DELIVERY_QUEUED : DELIVERY_NONE,
		.automatic = 1 };
	if (goes_out)
		automatic_project(b, row, &en);
	commit_entry(b->commit, row->conv, &en);
	row->last_seq = ev->seq;
	row->touched = true;
	struct effect ef = { .type = EFFECT_MESSAGE,
		.conv = row->conv,
		.seq = ev->seq,
		.direction = DIRECTION_SYSTEM,
		.id = ev->id,
		.text = text,
		.name = en.from,
		.delivery = en.delivery,
		.owner = row->owner,
		.channel = row->channel,
		.kind = row->kind,
		.thread = row->thread };
	batch_effect(b, &ef);
}

/* Whoever writes is there; by mail he is not, but has read what was mailed to him. */
static void project_visitor(struct batch *b, struct row *row, const struct command *c)
{
	if (!is_live(b, row))
		return;
	if (!slice_equal(c->channel, row->channel)) {
		row->seen = row->mailed > row->seen ? row->mailed : row->seen;
		return;
	}
	row->left = 0;
}

static void project_message(struct batch *b, struct work *w, const struct event *ev)
{
	struct row *row = batch_row(b, ev->conv);
	const struct command *c = &w->c;
	bool out = ev->direction == DIRECTION_OUT;
	struct entry en = { .seq = ev->seq,
		.at_us = ev->at_us,
		.id = ev->id,
		.direction = ev->direction,
		.channel = out || !c->channel.n ? row->channel : c->channel,
		.from = author(b, w, row),
		.address = out ? (struct slice){ 0 } : c->ident_value,
		.agent = c->agent,
		.subject = c->subject,
		.text = c->text,
		.quoted = c->quoted,
		.html = c->html,
		.parts = c->parts,
		.hints = c->hints,
		.raw = c->raw,
		.quarantine = c->quarantine,
		.delivery =
			out ? (is_live(b, row) ? DELIVERY_SENT : DELIVERY_QUEUED) : DELIVERY_NONE,
		.dedup = c->dedup,
		.verified = c->verified,
		.automatic = c->automatic,
		.mailbox = out ? (struct slice){ 0 } : c->to };
	if (out && !is_live(b, row))
		en.rcpts = letter_recipients(b, w, row);
	commit_entry(b->commit, row->conv, &en);
	row->last_seq = ev->seq;
	row->touched = true;
	w->seq = ev->seq;
	if (ev->direction == DIRECTION_IN) {
		project_visitor(b, row, c);
		row->snippet = utf8_truncate(c->text, SNIPPET_MAX);
		row->last_in = ev->seq;
		project_inbound(b, w, row);
		if (en.quarantine.n)
			commit_quarantine(b->commit, row->conv, &en, b->now_us);
	}
	if (out && is_live(b, row))
		row->last_out = ev->seq;
	else if (out)
		letter_project(b, w, row, &en);
	struct conv_view v;
	struct effect ef = { .type = EFFECT_MESSAGE,
		.conv = row->conv,
		.seq = ev->seq,
		.direction = ev->direction,
		.id = ev->id,
		.text = c->text,
		.name = en.from,
		.agent = c->agent,
		.owner = engine_conv(b->engine, row->conv, &v) && conv_state_is_owned(v.state)
				 ? v.agent
				 : row->owner,
		.channel = row->channel,
		.by = slice_equal(en.channel, row->channel) ? (struct slice){ 0 } : en.channel,
		.kind = row->kind,
		.thread = row->thread,
		.dedup = c->dedup,
		.subject = c->subject,
		.parts = c->parts,
		.delivery = en.delivery,
		.rcpts = en.rcpts,
		.mailbox = en.mailbox,
		.to = pairs_get(c->hints, "to", &b->arena),
		.cc = pairs_get(c->hints, "cc", &b->arena),
		.why = c->html.n ? SLICE("html") : c->quarantine };
	batch_effect(b, &ef);
}

/* ---- customers ---- */

/*
 * Who proves in the middle of a conversation who he is takes it along to his own card, name and all. The card he had before is anybody's who
 * claims the same: it keeps nothing of it.
 */
static void take_along(struct batch *b, const struct command *c, struct row *row)
{
	struct fields f = { .arena = &b->arena };

	put_id(&f, "customer", c->customer);
	if (c->name.n)
		put_text(&f, "name", row->name = c->name);
	commit_conv(b->commit, c->conv, &f.argv);
	argv_free(&f.argv);
	commit_customer_conv_end(b->commit, row->customer, c->conv);
	row->customer = c->customer;
	row->touched = true;
}

static void project_customer(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	struct row *row = batch_row(b, c->conv);
	struct fields f = { .arena = &b->arena };
	if (!c->fresh && !c->verified) /* a command before this one may have taken it along */
		c->customer = row->customer;
	if (c->name.n)
		put_text(&f, "name", c->name);
	if (c->lang.n)
		put_text(&f, "lang", c->lang);
	if (c->segment.n)
		put_text(&f, "segment", c->segment);
	if (!id_is_none(c->suggest))
		put_id(&f, "suggest", c->suggest);
	if (w->typed.n)
		put_text(&f, "typed", w->typed);
	/* What a mail beside a chat proves is not this customer's. */
	if (c->verified && !w->beside)
		put_text(&f, "proved", SLICE("1"));
	else if (w->minted)
		put_text(&f, "proved", SLICE("0"));
	put_u64(&f, "updated", b->now_us);
	commit_customer(b->commit, c->customer, &f.argv);
	argv_free(&f.argv);
	if (w->beside)
		return;
	if (c->ident_value.n && (c->fresh || c->verified))
		commit_identity(b->commit, c->ident_kind, c->ident_value, c->verified, c->customer,
			b->now_us);
	commit_customer_conv(b->commit, c->customer, c->conv, row->arrived_us);
	if (c->verified && !id_equal(row->customer, c->customer))
		take_along(b, c, row);
}

/* ---- agents and users ---- */

static void project_user(struct batch *b, const struct work *w)
{
	const struct command *c = &w->c;
	struct fields f = { .arena = &b->arena };
	if (c->secret.n)
		put_text(&f, "secret", c->secret);
	if (c->role)
		put_text(&f, "role", slice_of(role_words[c->role]));
	if (c->name.n)
		put_text(&f, "name", c->name);
	if (c->signature.n)
		put_text(&f, "signature",
			slice_is(c->signature, "-") ? (struct slice){ 0 } : c->signature);
	put_u64(&f, "updated", b->now_us);
	commit_user(b->commit, c->agent, &f.argv);
	argv_free(&f.argv);
}

static void write_agent(struct batch *b, struct slice agent)
{
	struct agent_view v;
	if (!engine_agent(b->engine, agent, &v))
		return;
	struct fields f = { .arena = &b->arena };
	put_text(&f, "name", v.name);
	put_text(&f, "role", slice_of(role_words[v.role]));
	put_text(&f, "skills", v.skills);
	put_text(&f, "presence", slice_of(presence_words[v.presence]));
	put_u64(&f, "online", v.online);
	put_u64(&f, "used", v.used);
	put_u64(&f, "limit", v.limit);
	put_u64(&f, "since", v.since_us);
	commit_agent(b->commit, agent, &f.argv);
	argv_free(&f.argv);
	struct effect ef = { .type = EFFECT_AGENT,
		.agent = agent,
		.name = v.name,
		.role = v.role,
		.skills = v.skills,
		.presence = v.presence,
		.used = v.used,
		.limit = v.limit,
		.online = v.online };
	batch_effect(b, &ef);
}

/* ---- visitors ---- */

/* Of a conversation that the engine has closed: its history takes the words as it took those before; the engine numbers it no more, nor does it
 * keep what was said twice in one batch apart. */
static void project_late_rating(struct batch *b, struct work *w, const struct row *row)
{
	struct event ev = { .type = EVENT_MESSAGE,
		.conv = row->conv,
		.id = w->c.id,
		.seq = row->last_seq + 1,
		.at_us = b->now_us,
		.direction = DIRECTION_NOTE };

	w->answer = ANSWER_OK;
	if (batch_dedup(b, w->c.dedup).p)
		return;
	project_message(b, w, &ev);
	if (w->c.dedup.n)
		batch_dedup_put(b, w->c.dedup, work_result(b, w));
}

/* What an agent wants to know of a live visitor: there or not, how far he has read, what he thought of it. */
static void project_visit(struct batch *b, struct work *w)
{
	const struct command *c = &w->c;
	struct row *row = id_is_none(c->conv) ? NULL : batch_row_find(b, c->conv);
	uint64_t seen, left, rating;

	if (!row || !row->known)
		return;
	if (c->visit == VISIT_RATED && w->answer == ANSWER_UNKNOWN)
		project_late_rating(b, w, row);
	seen = c->visit == VISIT_SEEN && c->seq > row->seen ? c->seq : row->seen;
	if (seen > row->last_seq)
		seen = row->last_seq;
	left = c->visit == VISIT_LEFT ? 1 : c->visit == VISIT_BACK ? 0 : row->left;
	rating = c->visit == VISIT_RATED && w->answer == ANSWER_OK ? c->seq : row->rating;
	if (seen == row->seen && left == row->left && rating == row->rating)
		return;
	row->seen = seen;
	row->left = left;
	row->rating = rating;
	row->touched = true;
}

/* ---- events ---- */

/* The last decisions, a line each, newest last; those long ago go first. */
static void keep_decisions(struct str *s, struct slice lines)
{
	enum { DECISIONS_KEPT = 16 };
	struct slice rest = lines;
	size_t count = 0;
	while (rest.p && lines.n) {
		(void)slice_cut(&rest, '\n');
		count++;
	}
	for (; count >= DECISIONS_KEPT; count--)
		(void)slice_cut(&lines, '\n');
	if (!lines.n)
		return;
	str_add(s, lines);
	str_add_char(s, '\n');
}

/* The engine's reasons, with whom and when, so that they can be asked months later. */
static struct slice decision_of(struct batch *b, const struct row *row, const struct event *ev)
{
	struct str s = { 0 };
	keep_decisions(&s, row->decision.n ? row->decision : found_get(&row->stored, "decision"));
	str_add_text(&s, "{\"agent\":");
	str_add_json(&s, ev->agent);
	str_addf(&s, ",\"at_ms\":%llu", (unsigned long long)(ev->at_us / 1000));
	if (slice_is(ev->why, "beside"))
		str_add_text(&s, ",\"beside\":true");
	if (ev->explain.n > 2) {
		str_add_char(&s, ',');
		str_add(&s, slice_make(ev->explain.p + 1, ev->explain.n - 1));
	} else {
		str_add_char(&s, '}');
	}
	struct slice kept = arena_copy(&b->arena, str_slice(&s));
	str_free(&s);
	return kept;
}

static void project_offer(struct batch *b, const struct event *ev)
{
	struct row *row = batch_row(b, ev->conv);
	if (!slice_is(ev->why, "consult"))
		row->decision = decision_of(b, row, ev);
	struct conv_view v;
	struct effect ef = conv_effect(row);
	ef.type = EFFECT_OFFER;
	ef.agent = ev->agent;
	ef.offer = ev->offer;
	ef.until_us = ev->until_us;
	ef.text = row->snippet;
	if (slice_is(ev->why, "consult"))
		ef.asked = row->owner;
	if (engine_conv(b->engine, row->conv, &v)) {
		ef.queue = v.queue;
		ef.skills = v.skills;
	}
	batch_effect(b, &ef);
}

static void project_offer_end(struct batch *b, const struct event *ev)
{
	struct effect ef = { .type = EFFECT_OFFER_ENDED,
		.agent = ev->agent,
		.offer = ev->offer,
		.conv = ev->conv,
		.end = ev->end,
		.why = ev->why };
	batch_effect(b, &ef);
}

static void project_event(struct batch *b, const struct decided *d)
{
	const struct event *ev = &d->ev;
	commit_event(b->commit, ++b->journal_n, ev);
	batch_agent_touch(b, ev->agent);
	if (!id_is_none(ev->conv)) {
		struct row *row = batch_row(b, ev->conv);
		row_load(row);
		row->touched = true;
	}
	switch ((enum event_type)ev->type) {
	case EVENT_MESSAGE:
		if (ev->direction == DIRECTION_SYSTEM)
			project_system(b, ev);
		else if (d->work)
			project_message(b, d->work, ev);
		return;
	case EVENT_OFFERED:
		project_offer(b, ev);
		return;
	case EVENT_OFFER_ENDED:
		project_offer_end(b, ev);
		return;
	case EVENT_ASSIGNED:
		batch_row(b, ev->conv)->owner = ev->agent;
		return;
	case EVENT_AGENT:
		if (d->work)
			project_user(b, d->work);
		return;
	case EVENT_AGENT_OFF:
		commit_user_remove(b->commit, ev->agent);
		return;
	case EVENT_MERGED:
	case EVENT_SPLIT:
	case EVENT_DISTINCT:
	case EVENT_UNDISTINCT:
		merge_project(b, ev, b->journal_n);
		return;
	case EVENT_NONE:
	case EVENT_CREATED:
	case EVENT_QUEUED:
	case EVENT_ESTIMATED:
	case EVENT_PARKED:
	case EVENT_UNPARKED:
	case EVENT_STAGE:
	case EVENT_PROMOTED:
	case EVENT_PROVED:
	case EVENT_PENDING:
	case EVENT_ACTIVE:
	case EVENT_WRAPUP:
	case EVENT_RESOLVED:
	case EVENT_RETURNED:
	case EVENT_ABANDONED:
	case EVENT_CLOSED:
	case EVENT_EXCLUDED:
	case EVENT_EXCLUSIONS_CLEARED:
	case EVENT_DESK_UP:
	case EVENT_DESK_DOWN:
	case EVENT_LOST:
	case EVENT_PRESENCE:
	case EVENT_OVERLOADED:
	case EVENT_QUEUE_OPEN:
	case EVENT_QUEUE_CLOSED:
	case EVENT_QUEUE_PAUSED:
	case EVENT_CONFIGURED:
	case EVENT_COUNT:
		return; /* shows in the state of its conversation, agent or queue, written once at the end */
	}
}

/* ---- commands ---- */

static void answer(struct batch *b, const struct work *w)
{
	struct effect ef = { .type = EFFECT_ANSWER,
		.session = w->c.session,
		.cmd = w->c.cmd,
		.agent = w->c.agent,
		.answer = w->answer,
		.why = w->why,
		.conv = w->conv,
		.seq = w->seq };
	if (w->c.session.n && w->c.cmd.n)
		batch_effect(b, &ef);
}

static void project_result(struct batch *b, const struct work *w)
{
	struct slice result = work_result(b, w);
	if (w->c.dedup.n && result.n)
		commit_dedup(b->commit, w->c.dedup, result);
}

static void project_work(struct batch *b, struct work *w)
{
	commit_applied(b->commit, w->inbox_id);
	if (w->damaged) {
		b->damaged++;
		return;
	}
	if (w->repeated) {
		b->duplicate += w->c.type == COMMAND_MESSAGE;
		return;
	}
	if (w->c.type == COMMAND_MESSAGE)
		project_customer(b, w);
	else if (w->c.type == COMMAND_WRITE)
		write_project(b, w);
	else if (w->c.type == COMMAND_RECEIPT)
		receipt_project(b, w);
	else if (w->c.type == COMMAND_RETRY)
		retry_project(b, w);
	else if (w->c.type == COMMAND_DISCARD)
		discard_project(b, w);
	else if (w->c.type == COMMAND_MAIL)
		mail_project(b, w);
	else if (w->c.type == COMMAND_VISIT)
		project_visit(b, w);
	else if (w->c.type == COMMAND_TEXT)
		commit_own_text(b->commit, w->c.agent, w->c.id, w->c.subject, w->c.text);
	project_result(b, w);
}

static void count(struct batch *b, const char *name, uint64_t n)
{
	if (n)
		commit_count(b->commit, name, (int64_t)n);
}

void project(struct batch *b)
{
	for (size_t i = 0; i < b->step_count; i++)
		project_event(b, &b->steps[i]);
	for (size_t i = 0; i < b->count; i++)
		project_work(b, &b->work[i]);
	away_project(b);
	struct map_entry e;
	for (size_t i = 0; map_next(&b->rows, &i, &e);) {
		struct row *row = e.value;
		if (!row->touched || !row->known)
			continue;
		away_plan(b, row);
		write_row(b, row);
	}
	cards_project(b);
	for (size_t i = 0; map_next(&b->agents, &i, &e);)
		write_agent(b, e.key);
	for (size_t i = 0; i < b->count; i++)
		answer(b, &b->work[i]);
	count(b, "accepted", b->accepted);
	count(b, "duplicate", b->duplicate);
	count(b, "quarantined", b->quarantined);
	count(b, "damaged", b->damaged);
}
