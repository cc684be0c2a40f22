/*
 * What Redis holds, and desks are told, of a conversation, a customer, an agent and a user. Called by project.c.
 */
#include "router/batch.h"

/* Of a hash; what is stored already is not written again, and nothing is not written first of all. */
struct fields {
	struct argv argv;
	struct arena *arena;
	const struct pairs_found *stored; /* NULL: everything is written */
};

static void put_text(struct fields *f, const char *name, struct slice v)
{
	if (f->stored && slice_equal(found_get(f->stored, name), v))
		return;
	argv_add_text(&f->argv, name);
	argv_add(&f->argv, v);
}

static void put_u64(struct fields *f, const char *name, uint64_t v)
{
	if (f->stored && found_u64(f->stored, name) == v)
		return;
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

struct effect conv_effect(const struct row *row)
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

void conv_project(struct batch *b, struct row *row)
{
	struct fields f = { .arena = &b->arena, .stored = &row->stored };
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

void customer_project(struct batch *b, struct work *w)
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
	struct id identified = c->verified ? w->verified_customer : w->claimed_customer;
	if (c->ident_value.n && (c->fresh || c->verified) && !id_equal(identified, c->customer))
		commit_identity(b->commit, c->ident_kind, c->ident_value, c->verified, c->customer,
			b->now_us);
	if (c->fresh || !id_equal(row->customer, c->customer))
		commit_customer_conv(b->commit, c->customer, c->conv, row->arrived_us);
	if (c->verified && !id_equal(row->customer, c->customer))
		take_along(b, c, row);
}

/* ---- agents and users ---- */

void user_project(struct batch *b, const struct work *w)
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

void agent_project(struct batch *b, struct slice agent)
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
