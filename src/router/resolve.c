/*
 * Resolving: which customer writes, which conversation it belongs to, and, for a new one, which queue, segment and
 * skills. Claimed data never joins a verified customer: claimed and verified identities are different keys, and each
 * side only suggests the other.
 */
#include "base/assert.h"
#include "base/clock.h"
#include "model/limits.h"
#include "model/pairs.h"
#include "router/batch.h"
#include "text/address.h"

static const char REF_CONV[] = "conv:"; /* a reference whose signature the channel has checked */

static bool is_message(const struct work *w)
{
	return w->c.type == COMMAND_MESSAGE;
}

static bool is_merge(const struct work *w)
{
	return w->c.type == COMMAND_MERGE || w->c.type == COMMAND_SPLIT ||
	       w->c.type == COMMAND_DISTINCT || w->c.type == COMMAND_UNDISTINCT;
}

/* ---- asking ---- */

static void split_refs(struct batch *b, struct work *w)
{
	size_t n = 0;
	w->refs = arena_array(&b->arena, MESSAGE_REFS_MAX, sizeof(*w->refs));
	w->by_ref = arena_array(&b->arena, MESSAGE_REFS_MAX, sizeof(*w->by_ref));
	for (struct slice rest = w->c.refs; rest.p && n < MESSAGE_REFS_MAX;) {
		struct slice ref = slice_cut(&rest, '\n');
		if (ref.n)
			w->refs[n++] = ref;
	}
	w->ref_count = n;
}

static bool ref_is_conv(struct slice ref, struct id *conv)
{
	struct slice prefix = slice_of(REF_CONV);
	return slice_starts(ref, prefix) &&
	       id_parse(slice_make(ref.p + prefix.n, ref.n - prefix.n), conv);
}

/* An address typed into a field is a claim, too; nothing follows from it but a suggestion. */
static void ask_typed(struct batch *b, struct lookup *l, struct work *w)
{
	struct slice rest = w->c.hints, name, value;
	struct str address = { 0 };
	while (!address.n && pairs_next(&rest, &name, &value, &b->arena))
		(void)address_normalize(&address, value);
	w->typed = arena_copy(&b->arena, str_slice(&address));
	str_free(&address);
	if (w->typed.n)
		lookup_identity(l, SLICE("email"), w->typed, true, &w->may_be);
}

static void ask_message(struct batch *b, struct lookup *l, struct work *w)
{
	const struct command *c = &w->c;
	split_refs(b, w);
	lookup_thread(l, c->channel, c->thread, &w->by_thread);
	for (size_t i = 0; i < w->ref_count; i++)
		if (!ref_is_conv(w->refs[i], &w->by_ref[i]))
			lookup_thread(l, c->channel, w->refs[i], &w->by_ref[i]);
	if (!c->verified && !slice_is(c->ident_kind, "email"))
		ask_typed(b, l, w);
	if (!c->ident_value.n)
		return;
	lookup_identity(l, c->ident_kind, c->ident_value, true, &w->verified_customer);
	lookup_identity(l, c->ident_kind, c->ident_value, false, &w->claimed_customer);
}

void batch_row_ask(struct batch *b, struct lookup *l, struct id conv)
{
	if (id_is_none(conv))
		return;
	struct row *row = batch_row(b, conv);
	if (row->asked)
		return;
	row->asked = true;
	lookup_conv(l, conv, &row->stored);
}

/* The key under which the place (conversation, number) of a message of ours is kept. */
static struct slice place_key(struct batch *b, struct id message)
{
	char text[ID_TEXT_LEN + 1];
	return arena_printf(&b->arena, "sent\n%s", id_text(message, text));
}

bool resolve_ask_first(struct batch *b, struct lookup *l)
{
	bool asked = false;
	for (size_t i = 0; i < b->count; i++) {
		struct work *w = &b->work[i];
		if (w->damaged)
			continue;
		asked = true;
		if (w->c.dedup.n)
			lookup_dedup(l, w->c.dedup, &w->dedup_result);
		automatic_ask(b, l, w);
		if (is_message(w))
			ask_message(b, l, w);
		else if (w->c.type == COMMAND_VISIT)
			lookup_thread(l, w->c.channel, w->c.thread, &w->by_thread);
		else if (is_merge(w))
			(void)merge_ask_first(b, l, w);
		else if (w->c.type == COMMAND_WRITE)
			write_ask_first(l, w);
		else
			batch_row_ask(b, l, w->c.conv);
		if (w->c.type == COMMAND_RECEIPT && !w->c.seq)
			lookup_dedup(l, place_key(b, w->c.id), &w->place);
	}
	return asked;
}

static void read_place(struct work *w)
{
	struct slice rest = w->place;
	struct id conv;
	uint64_t seq;
	if (rest.p && id_parse(slice_cut(&rest, ' '), &conv) &&
		slice_u64(slice_cut(&rest, ' '), &seq)) {
		w->c.conv = conv;
		w->c.seq = seq;
		(void)slice_u64(rest, &w->c.copy);
	}
}

static bool ask_second_of(struct batch *b, struct lookup *l, struct work *w)
{
	if (is_message(w) || w->c.type == COMMAND_VISIT) {
		batch_row_ask(b, l, w->by_thread);
		for (size_t i = 0; i < w->ref_count; i++)
			batch_row_ask(b, l, w->by_ref[i]);
		struct id customer = w->c.verified ? w->verified_customer : w->claimed_customer;
		if (is_message(w) && !id_is_none(customer))
			lookup_customer(l, customer, &w->customer);
		return true;
	}
	if (is_merge(w))
		return merge_ask_second(b, l, w);
	if (w->c.type == COMMAND_WRITE) {
		write_ask_second(b, l, w);
		return true;
	}
	if (w->c.type == COMMAND_REPLY || w->c.type == COMMAND_RETRY)
		letter_ask(b, l, w);
	if (w->c.type == COMMAND_REPLY)
		return true;
	if (w->c.type != COMMAND_RECEIPT && w->c.type != COMMAND_RETRY &&
		w->c.type != COMMAND_DISCARD)
		return false;
	read_place(w);
	if (id_is_none(w->c.conv) || !w->c.seq)
		return false;
	batch_row_ask(b, l, w->c.conv);
	lookup_entry(l, w->c.conv, w->c.seq, &w->entry);
	return true;
}

bool resolve_ask_second(struct batch *b, struct lookup *l)
{
	bool asked = false;
	for (size_t i = 0; i < b->count; i++)
		if (!b->work[i].damaged && ask_second_of(b, l, &b->work[i]))
			asked = true;
	return asked;
}

/* ---- the customer ---- */

static void mint_customer(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	uint8_t chance[10];
	chance_bytes(chance, sizeof(chance));
	c->customer = id_make(b->now_us, chance);
	w->minted = true;
	if (c->ident_value.n)
		batch_identity_put(b, c->ident_kind, c->ident_value, c->verified, c->customer);
}

static void resolve_customer(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	struct id verified = batch_identity(b, c->ident_kind, c->ident_value, true);
	struct id claimed = batch_identity(b, c->ident_kind, c->ident_value, false);
	if (id_is_none(verified))
		verified = w->verified_customer;
	if (id_is_none(claimed))
		claimed = w->claimed_customer;
	c->customer = c->verified ? verified : claimed;
	c->suggest = c->verified ? claimed : verified;
	if (id_is_none(c->customer))
		mint_customer(b, w);
}

/* A claim is no proof: an agent said of those who wrote before that they are a known customer, not of the next one who knows his address. */
static void part_from_merge(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	struct id root;
	if (c->verified || !id_equal(c->customer, w->claimed_customer) ||
		!group_is_proved(b, c->customer, &w->customer, &root))
		return;
	if (id_is_none(c->suggest))
		c->suggest = root;
	w->customer = (struct pairs_found){ NULL, 0 };
	mint_customer(b, w);
}

/* ---- the conversation ---- */

static bool is_open(const struct batch *b, struct id conv)
{
	struct conv_view v;
	return engine_conv(b->engine, conv, &v);
}

static struct row *known_row(struct batch *b, struct id conv)
{
	if (id_is_none(conv))
		return NULL;
	struct row *row = batch_row(b, conv);
	row_load(row);
	return row->known ? row : NULL;
}

/* True when the message belongs to that conversation; else it may still be linked to it. */
static bool adopt(struct batch *b, struct command *c, struct row *row, bool by_thread)
{
	bool same_person = by_thread || id_equal(row->customer, c->customer);
	if (same_person && is_open(b, row->conv)) {
		c->conv = row->conv;
		return true;
	}
	if (id_is_none(c->linked))
		c->linked = row->conv;
	return false;
}

/* The channel's own thread: a secret that only this customer has (a chat session), so whoever writes in it belongs to it. */
static bool find_by_thread(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	struct id decided = batch_thread(b, c->channel, c->thread);
	struct row *row = known_row(b, id_is_none(decided) ? w->by_thread : decided);
	if (!row || !adopt(b, c, row, true))
		return false;
	if (c->verified)
		resolve_customer(b, w);
	else
		c->customer = row->customer;
	return true;
}

/* His conversation, whatever else is known of who claims that address; his name is what we knew. */
static void belongs_to(struct work *w, const struct row *row)
{
	w->c.customer = row->customer;
	w->c.suggest = (struct id){ 0, 0 };
	w->c.name = (struct slice){ 0 };
	w->minted = false;
}

/* What the message refers to: only where its writer takes part already; a stranger's own conversation is linked to it. */
static bool find_by_refs(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	for (size_t i = 0; i < w->ref_count; i++) {
		struct id decided = batch_thread(b, c->channel, w->refs[i]);
		struct row *row = known_row(b, id_is_none(decided) ? w->by_ref[i] : decided);
		if (!row)
			continue;
		bool is_signed = ref_is_conv(w->refs[i], &w->by_ref[i]);
		bool answer = is_answer_to_written(row, c, is_signed);
		bool mailed = away_is_answer(row, c, is_signed);
		if (!adopt(b, c, row, answer || mailed)) {
			if (id_is_none(w->may_be))
				w->may_be = row->customer;
			continue;
		}
		if (mailed)
			away_joins(w, row);
		else if (answer && !c->verified)
			belongs_to(w, row);
		return true;
	}
	return false;
}

static bool find_conv(struct batch *b, struct work *w)
{
	if (find_by_thread(b, w))
		return true;
	resolve_customer(b, w);
	if (find_by_refs(b, w))
		return true;
	part_from_merge(b, w);
	return false;
}

/* ---- queue, skills, segment of a new conversation ---- */

static void add_skills(struct str *out, const struct skill *skills, size_t count)
{
	for (size_t i = 0; i < count; i++)
		skills_add(out, skills[i].name, skills[i].level);
}

static const struct channel *channel_of(const struct batch *b, const struct command *c)
{
	const struct channel *ch = config_channel(b->config, c->channel);
	/* a channel that has left the configuration: what it brought is still served */
	return ch ? ch : &b->config->channels[0];
}

static void resolve_route(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	const struct channel *ch = channel_of(b, c);
	const struct queue *queue = ch->queue;
	struct str skills = { 0 };
	add_skills(&skills, ch->skills, ch->skill_count);
	const struct rule *r = rule_for(b, c, &w->rule);
	if (r) {
		if (r->queue)
			queue = r->queue;
		add_skills(&skills, r->skills, r->skill_count);
		c->priority = r->priority_s * INT64_C(1000000);
		w->topic = r->topic;
	}
	if (b->config->language_skill && c->lang.n)
		skills_add(&skills, c->lang, 1);
	const struct segment *seg = segment_for(b->config, c, &w->customer, &b->arena);
	c->kind = ch->kind->name;
	c->queue = queue->name;
	c->segment = seg ? seg->name : (struct slice){ 0 };
	c->skills = arena_copy(&b->arena, str_slice(&skills));
	str_free(&skills);
}

static struct slice customer_name(const struct work *w)
{
	if (w->c.name.n)
		return w->c.name;
	struct slice kept = found_get(&w->customer, "name");
	bool session = slice_is(w->c.ident_kind, "chat"); /* names nobody: a desk says "visitor" */
	return kept.n || session ? kept : w->c.ident_value;
}

void batch_row_make(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	struct row *row = batch_row(b, c->conv);
	row->known = row->fresh = row->asked = true;
	row->customer = c->customer;
	row->linked = c->linked;
	row->channel = c->channel;
	row->kind = c->kind;
	row->thread = c->thread;
	row->name = customer_name(w);
	row->address = c->ident_value;
	row->subject = c->subject;
	row->queue = c->queue;
	row->segment = c->segment;
	row->lang = c->lang;
	row->topic = w->topic;
	row->rule = w->rule;
	row->arrived_us = b->now_us;
}

static void resolve_message(struct batch *b, struct work *w)
{
	struct command *c = &w->c;
	if (find_conv(b, w)) {
		struct row *row = batch_row_find(b, c->conv);
		c->kind = row->kind;
		c->segment = row->segment;
	} else {
		/* a conversation is named by its first message, so an edge knows the name before the router does */
		c->fresh = 1;
		c->conv = c->id;
		resolve_route(b, w);
		batch_row_make(b, w);
		automatic_resolve(b, w);
	}
	if (id_is_none(c->suggest) && !id_equal(w->may_be, c->customer))
		c->suggest = w->may_be;
	away_learn(b, batch_row_find(b, c->conv), c);
	batch_thread_put(b, c->channel, c->thread, c->conv);
	for (struct slice rest = c->also; rest.p;) {
		struct slice key = slice_cut(&rest, '\n');
		if (key.n)
			batch_thread_put(b, c->channel, key, c->conv);
	}
}

/*
 * What a repeat of this command will be told: "CONV SEQ", "-", or "!ANSWER WHY" of an agent's that was refused: what he was told does not happen
 * later, when the conversation has changed and a repeat comes.
 */
struct slice work_result(struct batch *b, const struct work *w)
{
	char conv[ID_TEXT_LEN + 1];
	if (!work_is_done(w) && w->c.cmd.n && w->answer)
		return arena_printf(&b->arena, "!%u %.*s", (unsigned)w->answer, SLICE_ARG(w->why));
	if (!work_is_done(w))
		return (struct slice){ 0 };
	if (id_is_none(w->conv))
		return SLICE("-");
	return arena_printf(
		&b->arena, "%s %llu", id_text(w->conv, conv), (unsigned long long)w->seq);
}

static void was_refused(struct work *w, struct slice rest)
{
	uint64_t answer;
	struct slice code = slice_cut(&rest, ' ');
	code = slice_make(code.p + 1, code.n - 1);
	if (slice_u64(code, &answer) && answer < ANSWER_COUNT)
		w->answer = (enum answer)answer;
	w->why = rest;
}

static bool was_done(struct batch *b, struct work *w)
{
	struct slice result = batch_dedup(b, w->c.dedup);
	if (!result.p)
		result = w->dedup_result;
	/* Its sender was, or may have been, told the id of another copy: that one is its id. */
	if (!result.p || inbox_name_read(result, &w->c.id))
		return false;
	struct slice rest = result;
	w->repeated = true;
	w->answer = ANSWER_OK;
	if (slice_starts(result, SLICE("!"))) {
		was_refused(w, result);
		return true;
	}
	struct slice conv = slice_cut(&rest, ' ');
	if (id_parse(conv, &w->conv))
		(void)slice_u64(rest, &w->seq);
	return true;
}

bool resolve(struct batch *b, struct work *w)
{
	ASSERT(!w->damaged);
	chance_bytes(&w->c.random, sizeof(w->c.random));
	if (w->c.dedup.n && was_done(b, w))
		return false;
	if (is_message(w))
		resolve_message(b, w);
	else if (w->c.type == COMMAND_VISIT) {
		struct id decided = batch_thread(b, w->c.channel, w->c.thread);
		w->c.conv = id_is_none(decided) ? w->by_thread : decided;
	} else if (is_merge(w) && !merge_resolve(b, w)) {
		return false;
	} else if (w->c.type == COMMAND_WRITE) {
		return write_resolve(b, w);
	}
	if (!id_is_none(w->c.conv))
		row_load(batch_row(b, w->c.conv));
	if (w->c.type == COMMAND_VISIT && away_keeps_place(b, &w->c)) {
		w->answer = ANSWER_NOOP;
		w->conv = w->c.conv;
		return false;
	}
	if (w->c.type == COMMAND_REPLY)
		return letter_prepare(b, w);
	return true;
}
