/*
 * A customer's card, and saying that two cards are one person, or two. The card is that of the whole group; beside it stands who else it may be
 * and why, never anything that they said: a claim shows nobody's history.
 *
 *   group ─▶ who else has these identities, whose conversations were written into ─▶ their names ─▶ answer
 */
#include <errno.h>

#include "base/assert.h"
#include "base/log.h"
#include "desk/api.h"
#include "desk/frames.h"
#include "desk/out.h"
#include "desk/protocol.h"
#include "model/limits.h"
#include "store/history.h"

/* One possible other. */
struct hint {
	struct id verified, claimed; /* who else has the identity */
	struct slice kind, value;    /* empty: by a conversation */
	bool typed;		     /* into a field, by somebody known otherwise */
	struct pairs_found conv;     /* the one that was written into */
};

struct other {
	struct id id;
	const struct hint *why; /* NULL: what the router noted down */
	bool verified;
	struct pairs_found fields;
};

struct card {
	struct str o;
	struct id group[MERGE_MAX + 1];
	size_t group_count;
	struct id noted;
	struct hint *hints;
	size_t hint_count;
	struct other others[SUGGEST_MAX];
	size_t other_count;
	struct other *dismissed; /* said to be somebody else */
	size_t dismissed_count;
};

static void card_drop(void *state)
{
	str_free(&((struct card *)state)->o);
}

/* ---- the card ---- */

static void write_identities(struct str *o, const struct customer_row *row)
{
	out_key(o, "identities");
	str_add_char(o, '[');
	for (size_t i = 0; i < row->identity_count; i++) {
		out_comma(o);
		str_add_char(o, '{');
		out_string(o, "kind", row->identities[i].kind);
		out_string(o, "value", row->identities[i].value);
		out_bool(o, "verified", row->identities[i].verified);
		out_id(o, "customer", row->identities[i].customer);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

static void write_conversations(struct str *o, const struct customer_row *row)
{
	out_key(o, "conversations");
	str_add_char(o, '[');
	for (size_t i = 0; i < row->conv_count; i++) {
		struct conv_face f = face_of_stored(row->convs[i], &row->conv_fields[i]);
		out_comma(o);
		str_add_char(o, '{');
		frame_conv(o, &f);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

static void write_members(struct str *o, const struct customer_row *row)
{
	out_key(o, "merged");
	str_add_char(o, '[');
	for (size_t i = 0; i < row->member_count; i++) {
		out_comma(o);
		str_add_char(o, '{');
		out_id(o, "id", row->members[i].id);
		out_text(o, "name", found_get(&row->members[i].fields, "name"));
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

static void write_links(struct str *o, const struct customer_row *row)
{
	out_key(o, "links");
	str_add_char(o, '[');
	for (size_t i = 0; i < row->link_count; i++) {
		const struct link_row *l = &row->links[i];
		out_comma(o);
		str_add_char(o, '{');
		out_string(o, "what", l->what);
		out_ms(o, "at_ms", l->at_us);
		out_id(o, "customer", l->member);
		out_id(o, "into", l->root);
		out_text(o, "agent", l->agent);
		out_text(o, "reason", l->why);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

static void write_customer(struct str *o, const struct customer_row *row)
{
	str_add_char(o, '{');
	out_id(o, "id", row->id);
	out_text(o, "name", found_get(&row->fields, "name"));
	out_text(o, "segment", found_get(&row->fields, "segment"));
	out_text(o, "lang", found_get(&row->fields, "lang"));
	write_identities(o, row);
	write_conversations(o, row);
	write_members(o, row);
	write_links(o, row);
}

/* ---- who else it may be ---- */

static bool in_group(const struct card *card, struct id id)
{
	for (size_t i = 0; i < card->group_count; i++)
		if (id_equal(card->group[i], id))
			return true;
	return id_is_none(id);
}

static bool is_dismissed(const struct card *card, struct id id)
{
	for (size_t i = 0; i < card->dismissed_count; i++)
		if (id_equal(card->dismissed[i].id, id))
			return true;
	return false;
}

/* What this card, or one of those merged into it, says that it is not. */
static void take_dismissed(struct call *c, const struct pairs_found *fields)
{
	struct card *card = c->state;
	struct slice prefix = SLICE("not:");
	struct other *all =
		arena_array(&c->arena, card->dismissed_count + fields->count + 1, sizeof(*all));

	for (size_t i = 0; i < card->dismissed_count; i++)
		all[i] = card->dismissed[i];
	card->dismissed = all;
	for (size_t i = 0; i < fields->count; i++) {
		struct slice name = fields->v[2 * i];
		struct id id;
		if (fields->v[2 * i + 1].n && slice_starts(name, prefix) &&
			id_parse(slice_make(name.p + prefix.n, name.n - prefix.n), &id) &&
			!is_dismissed(card, id) && !in_group(card, id))
			all[card->dismissed_count++] = (struct other){ .id = id };
	}
}

static void other_add(struct card *card, struct id id, const struct hint *why, bool verified)
{
	if (is_dismissed(card, id))
		return;
	for (size_t i = 0; i < card->other_count; i++)
		if (id_equal(card->others[i].id, id))
			return;
	if (!in_group(card, id) && card->other_count < SUGGEST_MAX)
		card->others[card->other_count++] = (struct other){ id, why, verified, { 0 } };
}

static void write_other(struct str *o, const struct other *other)
{
	const struct hint *h = other->why;
	out_comma(o);
	str_add_char(o, '{');
	out_id(o, "id", other->id);
	out_text(o, "name", found_get(&other->fields, "name"));
	out_text(o, "segment", found_get(&other->fields, "segment"));
	out_string(o, "reason",
		!h	    ? SLICE("address")
		: h->typed  ? SLICE("typed")
		: h->kind.n ? SLICE("identity")
			    : SLICE("thread"));
	if (h && h->kind.n) {
		out_string(o, "kind", h->kind);
		out_string(o, "value", h->value);
	}
	out_bool(o, "verified", other->verified);
	str_add_char(o, '}');
}

static void write_dismissed(struct str *o, const struct card *card)
{
	out_key(o, "dismissed");
	str_add_char(o, '[');
	for (size_t i = 0; i < card->dismissed_count; i++) {
		out_comma(o);
		str_add_char(o, '{');
		out_id(o, "id", card->dismissed[i].id);
		out_text(o, "name", found_get(&card->dismissed[i].fields, "name"));
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

static void on_names(void *arg, int status)
{
	struct call *c = arg;
	struct card *card = c->state;
	if (status) {
		call_failed(c, status);
		call_release(c);
		return;
	}
	if (card->other_count)
		out_id(&card->o, "suggest", card->others[0].id);
	out_key(&card->o, "suggestions");
	str_add_char(&card->o, '[');
	for (size_t i = 0; i < card->other_count; i++)
		write_other(&card->o, &card->others[i]);
	str_add_char(&card->o, ']');
	write_dismissed(&card->o, card);
	str_add_char(&card->o, '}');
	call_json(c, 200, &card->o);
	call_release(c);
}

static void on_others(void *arg, int status)
{
	struct call *c = arg;
	struct card *card = c->state;
	if (status || c->d->ended) {
		call_failed(c, status);
		call_release(c);
		return;
	}
	for (size_t i = 0; i < card->hint_count; i++) {
		const struct hint *h = &card->hints[i];
		struct id writer = { 0 };
		other_add(card, h->verified, h, true);
		other_add(card, h->claimed, h, false);
		(void)id_parse(found_get(&h->conv, "customer"), &writer);
		other_add(card, writer, h, false);
	}
	other_add(card, card->noted, NULL, false);
	struct lookup *l = lookup_new(c->d->store, &c->arena);
	for (size_t i = 0; i < card->other_count; i++)
		lookup_customer(l, card->others[i].id, &card->others[i].fields);
	for (size_t i = 0; i < card->dismissed_count; i++)
		lookup_customer(l, card->dismissed[i].id, &card->dismissed[i].fields);
	if (card->other_count || card->dismissed_count) {
		lookup_run(l, on_names, c);
		return;
	}
	lookup_drop(&l);
	on_names(c, 0);
}

static void ask_identity(struct call *c, struct lookup *l, const struct identity_row *row)
{
	struct card *card = c->state;
	struct hint *h = &card->hints[card->hint_count++];
	h->kind = arena_copy(&c->arena, row->kind);
	h->value = arena_copy(&c->arena, row->value);
	lookup_identity(l, h->kind, h->value, true, &h->verified);
	lookup_identity(l, h->kind, h->value, false, &h->claimed);
}

static void ask_typed(struct call *c, struct lookup *l, struct slice address)
{
	struct card *card = c->state;
	struct hint *h = &card->hints[card->hint_count];
	if (!address.n)
		return;
	card->hint_count++;
	h->typed = true;
	h->kind = SLICE("email");
	h->value = arena_copy(&c->arena, address);
	lookup_identity(l, h->kind, h->value, true, &h->verified);
}

static bool ask_thread(struct card *card, struct lookup *l, const struct pairs_found *conv)
{
	struct id linked;
	if (!id_parse(found_get(conv, "linked"), &linked) || id_is_none(linked))
		return false;
	lookup_conv(l, linked, &card->hints[card->hint_count++].conv);
	return true;
}

static void ask_others(struct call *c, const struct customer_row *row)
{
	struct card *card = c->state;
	struct lookup *l = lookup_new(c->d->store, &c->arena);
	size_t idents =
		row->identity_count < SUGGEST_ASK_MAX ? row->identity_count : SUGGEST_ASK_MAX;
	size_t convs = row->conv_count < SUGGEST_ASK_MAX ? row->conv_count : SUGGEST_ASK_MAX;
	card->hints = arena_array(&c->arena, idents + convs + 2, sizeof(*card->hints));
	for (size_t i = 0; i < idents; i++)
		ask_identity(c, l, &row->identities[i]);
	for (size_t i = 0; i < convs; i++)
		(void)ask_thread(card, l, &row->conv_fields[i]);
	ask_typed(c, l, found_get(&row->fields, "typed"));
	if (card->hint_count) {
		lookup_run(l, on_others, c);
		return;
	}
	lookup_drop(&l);
	on_others(c, 0);
}

static void on_customer(void *arg, int status, const struct customer_row *row)
{
	struct call *c = arg;
	struct card *card = c->state;
	if (status || c->d->ended) {
		call_failed(c, status);
		call_release(c);
		return;
	}
	card->group[card->group_count++] = row->id;
	for (size_t i = 0; i < row->member_count && card->group_count <= MERGE_MAX; i++)
		card->group[card->group_count++] = row->members[i].id;
	take_dismissed(c, &row->fields);
	for (size_t i = 0; i < row->member_count; i++)
		take_dismissed(c, &row->members[i].fields);
	(void)id_parse(found_get(&row->fields, "suggest"), &card->noted);
	write_customer(&card->o, row);
	ask_others(c, row);
}

static void read_customer(struct call *c)
{
	struct id customer;
	bool read = id_parse(c->args[0], &customer);
	ASSERT(read);
	c->state = arena_alloc(&c->arena, sizeof(struct card));
	c->drop = card_drop;
	call_hold(c);
	group_read(c->d->store, customer, API_CONVS_MAX, on_customer, c);
}

void call_customer(struct call *c)
{
	struct id customer;
	if (call_id(c, 0, &customer))
		access_customer(c, customer, read_customer);
}

/* ---- merge and split, and what is said against them ---- */

static void on_linked(void *arg, int status, enum answer answer, const char *why)
{
	struct call *c = arg;
	struct str o = { 0 };
	if (status || (answer != ANSWER_OK && answer != ANSWER_NOOP)) {
		call_refused(c, status, answer, why);
	} else {
		str_add_char(&o, '{');
		out_string(&o, "customer", c->args[0]);
		out_bool(&o, "changed", answer == ANSWER_OK);
		str_add_char(&o, '}');
		call_json(c, 200, &o);
		log_info("desk", "customer %s customer=%.*s by=%.*s", c->endpoint->name,
			SLICE_ARG(c->args[0]), SLICE_ARG(c->who.user));
	}
	str_free(&o);
	call_release(c);
}

/* Whether this agent may is the router's answer: it knows whom he serves as of now. */
static void link_ask(struct call *c, enum command_type type)
{
	const char *why;
	struct command cmd = { .type = type, .agent = c->who.user };
	json_t *root = json_read(c->body.n ? c->body : SLICE("{}"), API_BODY_MAX, &why);
	const json_t *reason = json_object_get(root, "reason"), *into = json_object_get(root, "int"
											      "o");
	bool fits =
		root &&
		(!reason || (json_is_string(reason) && json_string_length(reason) <= REASON_MAX));
	if (fits && type != COMMAND_SPLIT)
		fits = json_is_string(into) &&
		       id_parse(slice_of(json_string_value(into)), &cmd.linked);
	if (fits && reason)
		cmd.why = arena_copy(&c->arena,
			slice_make(json_string_value(reason), json_string_length(reason)));
	json_decref(root);
	if (!fits) {
		call_problem(c, 400,
			type != COMMAND_SPLIT ? "expected {\"into\":ID of the other "
						"customer,\"reason\":text}"
					      : "expected {\"reason\":text}");
		return;
	}
	if (!call_id(c, 0, &cmd.customer))
		return;
	call_hold(c);
	desk_ask(c->d, &cmd, on_linked, c);
}

void call_merge(struct call *c)
{
	link_ask(c, COMMAND_MERGE);
}

void call_split(struct call *c)
{
	link_ask(c, COMMAND_SPLIT);
}

void call_distinct(struct call *c)
{
	link_ask(c, COMMAND_DISTINCT);
}

void call_undistinct(struct call *c)
{
	link_ask(c, COMMAND_UNDISTINCT);
}
