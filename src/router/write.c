/*
 * A conversation that we begin: an agent writes to an address, by a channel that may (`write: yes`). Whose the address is decides
 * whose conversation it is: who proved to have it, else who claimed to, else a new customer, of whom nothing is known but that.
 * Called by resolve.c and project.c.
 */
#include "base/clock.h"
#include "model/limits.h"
#include "router/batch.h"
#include "text/address.h"

void write_ask_first(struct lookup *l, struct work *w)
{
	const struct command *c = &w->c;

	lookup_identity(l, c->ident_kind, c->ident_value, true, &w->verified_customer);
	lookup_identity(l, c->ident_kind, c->ident_value, false, &w->claimed_customer);
}

void write_ask_second(struct batch *b, struct lookup *l, struct work *w)
{
	struct id known =
		id_is_none(w->verified_customer) ? w->claimed_customer : w->verified_customer;

	if (!id_is_none(known))
		lookup_customer(l, known, &w->customer);
	letter_ask(b, l, w);
}

static bool refuse(struct work *w, enum answer answer, const char *why)
{
	w->answer = answer;
	w->why = slice_of(why);
	return false;
}

static struct id identity(struct batch *b, const struct command *c, bool verified, struct id stored)
{
	struct id decided = batch_identity(b, c->ident_kind, c->ident_value, verified);

	return id_is_none(decided) ? stored : decided;
}

static void resolve_customer(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	uint8_t chance[10];

	c->customer = identity(b, c, true, w->verified_customer);
	if (id_is_none(c->customer))
		c->customer = identity(b, c, false, w->claimed_customer);
	if (!id_is_none(c->customer))
		return;
	chance_bytes(chance, sizeof(chance));
	c->customer = id_make(b->now_us, chance);
	w->minted = true;
	batch_identity_put(b, c->ident_kind, c->ident_value, false, c->customer);
}

static bool resolve_route(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	const struct channel *ch = config_channel(b->config, c->channel);
	struct str skills = { 0 };

	if (!ch || !ch->write)
		return refuse(w, ANSWER_UNKNOWN,
			"there is no channel of that name by which a first "
			"message may be written");
	if (!address_valid(c->ident_value))
		return refuse(w, ANSWER_INVALID, "to: expected a mail address");
	if (!c->queue.n)
		c->queue = ch->queue->name;
	for (size_t i = 0; i < ch->skill_count; i++)
		skills_add(&skills, ch->skills[i].name, ch->skills[i].level);
	c->skills = arena_copy(&b->arena, str_slice(&skills));
	str_free(&skills);
	c->kind = ch->kind->name;
	return true;
}

bool write_resolve(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	char text[ID_TEXT_LEN + 1];

	if (!resolve_route(b, w))
		return false;
	c->conv = c->id;
	c->fresh = 1;
	c->thread = arena_printf(&b->arena, "written:%s", id_text(c->id, text));
	resolve_customer(b, w);
	/* What is known of him, not what the writer says. */
	if (found_get(&w->customer, "name").n)
		c->name = found_get(&w->customer, "name");
	c->lang = found_get(&w->customer, "lang");
	const struct segment *seg = segment_for(b->config, c, &w->customer, &b->arena);
	c->segment = seg ? seg->name : (struct slice){ 0 };
	batch_row_make(b, w);
	batch_row_find(b, c->conv)->writer = c->agent;
	return letter_prepare(b, w);
}

bool is_answer_to_written(const struct row *row, const struct command *c, bool signed_name)
{
	return row->writer.n && slice_is(c->ident_kind, "email") &&
	       slice_equal(row->address, c->ident_value) && (c->verified || signed_name);
}

void write_project(struct batch *b, const struct work *w)
{
	const struct command *c = &w->c;
	struct argv card = { 0 };

	if (!work_is_done(w))
		return;
	if (w->minted) {
		argv_add_text(&card, "proved");
		argv_add_text(&card, "0");
		commit_identity(
			b->commit, c->ident_kind, c->ident_value, false, c->customer, b->now_us);
	}
	if (c->name.n) {
		argv_add_text(&card, "name");
		argv_add(&card, c->name);
	}
	if (c->segment.n) {
		argv_add_text(&card, "segment");
		argv_add(&card, c->segment);
	}
	argv_add_text(&card, "updated");
	argv_add_u64(&card, &b->arena, b->now_us);
	commit_customer(b->commit, c->customer, &card);
	argv_free(&card);
	commit_customer_conv(b->commit, c->customer, c->conv, b->now_us);
}
