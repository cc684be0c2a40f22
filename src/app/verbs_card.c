/*
 * Verbs that read the history: conv, customer, export. All of it comes from Redis, in pages; a card is that of all who were merged into
 * one. And merge and split, which are commands like an agent's. Called by control.c.
 *
 *   customer: identity ─▶ verified or claimed customer ─▶ card ─▶ (verified: the claimed one beside it, marked)
 *   export:   the same, then the messages of each conversation
 */
#include <errno.h>
#include <string.h>

#include "app/call.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/history.h"
#include "text/address.h"

enum { PAGE = 200, CONVS_MAX = 1000 };

struct card {
	bool export;
	struct id customer, sibling, verified, claimed;
	struct str convs; /* JSON, comma between */
	struct id *ids;	  /* of conversations, for the export */
	size_t id_count, next;
	struct id conv; /* being read */
	uint64_t after;
	bool some;
};

static void refuse_status(struct control_call *c, int status, const char *what)
{
	if (status == -ENOENT)
		control_error(
			c, CALL_REFUSED, "there is no %s '%.*s'", what, SLICE_ARG(c->args[0]));
	else
		control_error(c, CALL_REFUSED, "Redis did not answer: %s", strerror(-status));
}

/* Microseconds as text to milliseconds. */
static void json_ms(struct str *out, const char *name, struct slice us)
{
	uint64_t n = 0;

	(void)slice_u64(us, &n);
	str_addf(out, ",\"%s\":%llu", name, (unsigned long long)(n / 1000));
}

static void json_conv_fields(struct str *out, const struct pairs_found *f)
{
	static const char *const names[] = { "state", "queue", "segment", "customer", "owner",
		"channel", "kind", "subject", "outcome", "linked", "topic", "rule", "rating" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		json_text(out, names[i], found_get(f, names[i]));
	json_ms(out, "arrived_ms", found_get(f, "arrived"));
	json_ms(out, "updated_ms", found_get(f, "updated"));
}

/* ---- the messages of card->conv, page by page; then what comes after ---- */

static void export_next(struct control_call *c);

static void conv_end(struct control_call *c)
{
	struct card *card = c->state;

	str_add_text(&c->text, "]}");
	if (card->export)
		export_next(c);
	else
		control_result(c, str_slice(&c->text), 0);
}

static void read_page(struct control_call *c);

static void on_page(void *arg, int status, const struct entry *entries, size_t count)
{
	struct control_call *c = arg;
	struct card *card = c->state;

	if (status != 0 && status != -ENOENT) {
		refuse_status(c, status, "history");
		control_release(c);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (card->some)
			str_add_char(&c->text, ',');
		card->some = true;
		json_entry(&c->text, &entries[i], card->export);
		card->after = entries[i].seq;
	}
	if (count == PAGE)
		read_page(c);
	else
		conv_end(c);
	control_release(c);
}

static void read_page(struct control_call *c)
{
	struct card *card = c->state;

	history_read(c->node->store, card->conv, card->after, PAGE, on_page, control_hold(c));
}

static void begin_conv(struct control_call *c, struct id id, const struct pairs_found *fields)
{
	struct card *card = c->state;
	char text[ID_TEXT_LEN + 1];

	card->conv = id;
	card->after = 0;
	card->some = false;
	str_addf(&c->text, "{\"id\":\"%s\"", id_text(id, text));
	json_conv_fields(&c->text, fields);
	str_add_text(&c->text, ",\"messages\":[");
	read_page(c);
}

static void on_conv(void *arg, int status, const struct pairs_found *fields)
{
	struct control_call *c = arg;
	struct card *card = c->state;

	if (status != 0 && !card->export)
		refuse_status(c, status, "conversation");
	else if (status != 0 && status != -ENOENT)
		refuse_status(c, status, "conversation");
	else if (status != 0)
		export_next(c);
	else
		begin_conv(c, card->conv, fields);
	control_release(c);
}

void verb_conv(struct control_call *c)
{
	struct card *card = arena_alloc(&c->arena, sizeof(*card));

	c->state = card;
	if (control_id(c, c->args[0], &card->conv))
		conv_read(c->node->store, card->conv, on_conv, control_hold(c));
}

/* ---- the card ---- */

static void card_done(struct control_call *c)
{
	struct card *card = c->state;

	if (!card->export) {
		str_addf(&c->text, ",\"conversations\":[%s]}", card->convs.p ? card->convs.p : "");
		control_result(c, str_slice(&c->text), 0);
	} else {
		str_add_text(&c->text, ",\"conversations\":[");
		export_next(c);
	}
	str_free(&card->convs);
}

static void export_next(struct control_call *c)
{
	struct card *card = c->state;

	if (card->next == card->id_count) {
		str_add_text(&c->text, "]}");
		control_result(c, str_slice(&c->text), 0);
		return;
	}
	if (c->text.p[c->text.n - 1] == '}')
		str_add_char(&c->text, ',');
	card->conv = card->ids[card->next++];
	conv_read(c->node->store, card->conv, on_conv, control_hold(c));
}

static void add_convs(struct control_call *c, const struct customer_row *row, bool claimed)
{
	struct card *card = c->state;
	char text[ID_TEXT_LEN + 1];
	struct id *ids = arena_array(&c->arena, card->id_count + row->conv_count + 1, sizeof(*ids));

	if (card->id_count)
		memcpy(ids, card->ids, card->id_count * sizeof(*ids));
	card->ids = ids;
	for (size_t i = 0; i < row->conv_count; i++) {
		ids[card->id_count++] = row->convs[i];
		str_addf(&card->convs, "%s{\"id\":\"%s\"", card->convs.n ? "," : "",
			id_text(row->convs[i], text));
		json_conv_fields(&card->convs, &row->conv_fields[i]);
		str_addf(&card->convs, "%s}", claimed ? ",\"claimed\":true" : "");
	}
}

static bool has_verified(const struct customer_row *row)
{
	for (size_t i = 0; i < row->identity_count; i++)
		if (row->identities[i].verified)
			return true;
	return false;
}

static bool has_member(const struct customer_row *row, struct id id)
{
	for (size_t i = 0; i < row->member_count; i++)
		if (id_equal(row->members[i].id, id))
			return true;
	return false;
}

static void card_links(struct control_call *c, const struct customer_row *row)
{
	char text[ID_TEXT_LEN + 1];

	str_add_text(&c->text, ",\"merged\":[");
	for (size_t i = 0; i < row->member_count; i++)
		str_addf(&c->text, "%s\"%s\"", i ? "," : "", id_text(row->members[i].id, text));
	str_add_text(&c->text, "],\"links\":[");
	for (size_t i = 0; i < row->link_count; i++) {
		const struct link_row *l = &row->links[i];
		str_addf(&c->text, "%s{\"journal\":%llu,\"at_ms\":%llu", i ? "," : "",
			(unsigned long long)l->n, (unsigned long long)(l->at_us / 1000));
		json_text(&c->text, "what", l->what);
		json_id(&c->text, "customer", l->member);
		json_id(&c->text, "into", l->root);
		json_text(&c->text, "agent", l->agent);
		json_text(&c->text, "why", l->why);
		str_add_char(&c->text, '}');
	}
	str_add_char(&c->text, ']');
}

/* Only what was claimed is shown beside what was proved, never the other way. */
static void on_sibling(void *arg, int status, const struct customer_row *row)
{
	struct control_call *c = arg;

	if (status == 0 && !has_verified(row))
		add_convs(c, row, true);
	card_done(c);
	control_release(c);
}

static void card_head(struct control_call *c, const struct customer_row *row)
{
	static const char *const names[] = { "name", "segment", "lang", "suggest" };
	char text[ID_TEXT_LEN + 1];

	str_addf(&c->text, "{\"id\":\"%s\"", id_text(row->id, text));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		json_text(&c->text, names[i], found_get(&row->fields, names[i]));
	str_add_text(&c->text, ",\"identities\":[");
	for (size_t i = 0; i < row->identity_count; i++) {
		const struct identity_row *r = &row->identities[i];
		str_addf(&c->text, "%s{\"verified\":%s", i ? "," : "",
			r->verified ? "true" : "false");
		json_text(&c->text, "kind", r->kind);
		json_text(&c->text, "value", r->value);
		json_id(&c->text, "customer", r->customer);
		str_add_char(&c->text, '}');
	}
	str_add_char(&c->text, ']');
	card_links(c, row);
}

static void on_customer(void *arg, int status, const struct customer_row *row)
{
	struct control_call *c = arg;
	struct card *card = c->state;

	if (status != 0) {
		refuse_status(c, status, "customer");
	} else {
		card_head(c, row);
		add_convs(c, row, false);
		if (has_verified(row) &&
			id_parse(found_get(&row->fields, "suggest"), &card->sibling) &&
			!has_member(row, card->sibling))
			customer_read(c->node->store, card->sibling, CONVS_MAX, on_sibling,
				control_hold(c));
		else
			card_done(c);
	}
	control_release(c);
}

static void read_card(struct control_call *c, struct id customer)
{
	group_read(c->node->store, customer, CONVS_MAX, on_customer, control_hold(c));
}

static void on_identity(void *arg, int status)
{
	struct control_call *c = arg;
	struct card *card = c->state;

	if (status != 0)
		refuse_status(c, status, "customer");
	else if (!id_is_none(card->verified))
		read_card(c, card->verified);
	else if (!id_is_none(card->claimed))
		read_card(c, card->claimed);
	else
		refuse_status(c, -ENOENT, "customer");
	control_release(c);
}

/* "email:ann@x.org", "phone:+7...", "ann@x.org". */
static void find_identity(struct control_call *c)
{
	struct card *card = c->state;
	struct slice value = c->args[0], kind = SLICE("email");
	struct str normal = { 0 };

	if (slice_find(value, ':') < value.n)
		kind = slice_cut(&value, ':');
	if (slice_is(kind, "email") && address_normalize(&normal, value))
		value = arena_copy(&c->arena, str_slice(&normal));
	str_free(&normal);
	struct lookup *l = lookup_new(c->node->store, &c->arena);
	lookup_identity(l, kind, value, true, &card->verified);
	lookup_identity(l, kind, value, false, &card->claimed);
	lookup_run(l, on_identity, control_hold(c));
}

void verb_customer(struct control_call *c)
{
	struct card *card = arena_alloc(&c->arena, sizeof(*card));

	c->state = card;
	if (id_parse(c->args[0], &card->customer))
		read_card(c, card->customer);
	else
		find_identity(c);
}

void verb_export(struct control_call *c)
{
	struct card *card = arena_alloc(&c->arena, sizeof(*card));

	card->export = true;
	c->state = card;
	if (id_parse(c->args[0], &card->customer))
		read_card(c, card->customer);
	else
		find_identity(c);
}

/* ---- merge and split ---- */

static void on_linked(void *arg, int status, enum answer answer, const char *why)
{
	struct control_call *c = arg;
	bool done = !status && (answer == ANSWER_OK || answer == ANSWER_NOOP);

	if (!done) {
		control_error(c, CALL_REFUSED, "%s", why && *why ? why : "it was not done");
	} else {
		str_addf(&c->text, "{\"changed\":%s", answer == ANSWER_OK ? "true" : "false");
		json_text(&c->text, "customer", c->args[0]);
		json_text(&c->text, "why", slice_of(answer == ANSWER_OK ? "" : why));
		str_add_char(&c->text, '}');
		control_result(c, str_slice(&c->text), 0);
	}
	control_release(c);
}

static void link_ask(struct control_call *c, struct command *cmd)
{
	cmd->why = control_option(c, "why");
	if (cmd->why.n > REASON_MAX) {
		control_error(c, CALL_USAGE, "--why: at most %d bytes", REASON_MAX);
		return;
	}
	if (!control_id(c, c->args[0], &cmd->customer))
		return;
	log_info("control", "customer %s customer=%.*s", command_words[cmd->type],
		SLICE_ARG(c->args[0]));
	desk_ask(c->node->desk, cmd, on_linked, control_hold(c));
}

void verb_merge(struct control_call *c)
{
	struct command cmd = { .type = COMMAND_MERGE };

	if (control_id(c, c->args[1], &cmd.linked))
		link_ask(c, &cmd);
}

void verb_split(struct control_call *c)
{
	struct command cmd = { .type = COMMAND_SPLIT };

	link_ask(c, &cmd);
}
