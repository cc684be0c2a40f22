/*
 * Frames of the desk protocol; see PROTOCOL.md for their fields.
 */
#include "desk/frames.h"

#include "base/assert.h"
#include "desk/out.h"
#include "model/pairs.h"

/* ---- conversations ---- */

static struct conv_face face_of_effect(const struct effect *ef)
{
	return (struct conv_face){ .conv = ef->conv,
		.customer = ef->customer,
		.offer = ef->offer,
		.state = ef->state,
		.owner = ef->owner,
		.queue = ef->queue,
		.segment = ef->segment,
		.channel = ef->channel,
		.kind = ef->kind,
		.name = ef->name,
		.subject = ef->subject,
		.text = ef->text,
		.outcome = ef->outcome,
		.why = ef->why,
		.skills = ef->skills,
		.asked = ef->asked,
		.arrived_us = ef->arrived_us,
		.until_us = ef->until_us,
		.last_seq = ef->seq,
		.seen = ef->seen,
		.left = ef->left,
		.rating = ef->rating,
		.mail_to = ef->to,
		.mail_us = ef->mail_us,
		.key = ef->key,
		.tier = ef->tier };
}

static bool state_waits(uint32_t state)
{
	return state == CONV_WAITING || state == CONV_OFFERED || state == CONV_PARKED;
}

static bool state_owned(uint32_t state)
{
	return state == CONV_ACTIVE || state == CONV_PENDING || state == CONV_WRAPUP;
}

struct conv_face face_of_view(const struct conv_view *v, const struct pairs_found *stored)
{
	return (struct conv_face){ .conv = v->conv,
		.customer = v->customer,
		.offer = v->offer,
		.state = v->state,
		.owner = state_owned(v->state) ? v->agent : (struct slice){ 0 },
		.queue = v->queue,
		.segment = v->segment,
		.channel = v->channel,
		.kind = v->kind,
		.name = found_get(stored, "name"),
		.subject = found_get(stored, "subject"),
		.text = found_get(stored, "snippet"),
		.outcome = v->outcome,
		.skills = v->skills,
		.asked = v->asked,
		.arrived_us = v->arrived_us,
		.until_us = v->until_us,
		.last_seq = v->seq_last,
		.first_reply_us = v->first_reply_us,
		.stage = v->stage,
		.key = v->key,
		.tier = v->tier,
		.seen = found_u64(stored, "seen"),
		.left = found_u64(stored, "left"),
		.rating = found_u64(stored, "rating"),
		.mail_to = found_get(stored, "mail_to"),
		.mail_us = found_u64(stored, "mail_at"),
		.whole = true };
}

struct conv_face face_of_stored(struct id conv, const struct pairs_found *stored)
{
	struct conv_face f = { .conv = conv,
		.state = word_parse(conv_state_words, found_get(stored, "state")),
		.owner = found_get(stored, "owner"),
		.queue = found_get(stored, "queue"),
		.segment = found_get(stored, "segment"),
		.channel = found_get(stored, "channel"),
		.kind = found_get(stored, "kind"),
		.name = found_get(stored, "name"),
		.subject = found_get(stored, "subject"),
		.text = found_get(stored, "snippet"),
		.outcome = found_get(stored, "outcome"),
		.skills = found_get(stored, "skills"),
		.arrived_us = found_u64(stored, "arrived"),
		.until_us = found_u64(stored, "until"),
		.last_seq = found_u64(stored, "last_seq"),
		.first_reply_us = found_u64(stored, "first_reply"),
		.stage = found_u64(stored, "stage"),
		.seen = found_u64(stored, "seen"),
		.left = found_u64(stored, "left"),
		.rating = found_u64(stored, "rating"),
		.mail_to = found_get(stored, "mail_to"),
		.mail_us = found_u64(stored, "mail_at"),
		.whole = true };
	(void)id_parse(found_get(stored, "customer"), &f.customer);
	return f;
}

void frame_conv(struct str *o, const struct conv_face *f)
{
	out_id(o, "conv", f->conv);
	out_word(o, "state", conv_state_words, f->state);
	out_text(o, "owner", f->owner);
	out_text(o, "queue", f->queue);
	out_text(o, "segment", f->segment);
	out_text(o, "channel", f->channel);
	out_text(o, "kind", f->kind);
	out_id(o, "customer", f->customer);
	out_text(o, "name", f->name);
	out_text(o, "subject", f->subject);
	out_ms(o, "arrived_ms", f->arrived_us);
	out_ms(o, "until_ms", f->until_us);
	out_text(o, "outcome", f->outcome);
	if (f->why.n)
		out_text(o, "why", f->why);
	out_u64(o, "last_seq", f->last_seq);
	out_skills(o, "skills", f->skills);
	out_text(o, "asked", f->asked);
	out_id(o, "offer", f->offer);
	if (f->key && state_waits(f->state)) {
		out_key(o, "key_ms");
		str_add_i64(o, f->key / 1000);
		out_u64(o, "tier", f->tier);
	}
	if (f->seen)
		out_u64(o, "seen_seq", f->seen);
	out_bool(o, "visitor_left", f->left);
	if (f->rating)
		out_u64(o, "rating", f->rating);
	if (f->mail_to.n) {
		out_text(o, "mail_to", f->mail_to);
		out_ms(o, "mail_at_ms", f->mail_us);
	}
	if (!f->whole)
		return;
	out_ms(o, "first_reply_ms", f->first_reply_us);
	out_u64(o, "stage", f->stage);
}

void frame_offer(struct str *o, const struct conv_face *f)
{
	out_id(o, "offer", f->offer);
	out_id(o, "conv", f->conv);
	out_ms(o, "expires_ms", f->until_us);
	if (f->asked.n)
		out_text(o, "asked", f->asked);
	out_text(o, "queue", f->queue);
	out_text(o, "segment", f->segment);
	out_text(o, "channel", f->channel);
	out_text(o, "kind", f->kind);
	out_id(o, "customer", f->customer);
	out_text(o, "name", f->name);
	out_text(o, "subject", f->subject);
	out_string(o, "text", f->text);
	out_ms(o, "arrived_ms", f->arrived_us);
	out_skills(o, "skills", f->skills);
}

/* ---- agents and queues ---- */

void frame_agent(struct str *o, const struct agent_view *v, struct slice conversations)
{
	out_string(o, "agent", v->agent);
	out_text(o, "name", v->name);
	out_word(o, "role", role_words, v->role);
	out_word(o, "presence", presence_words, v->presence);
	out_u64(o, "used", v->used);
	out_u64(o, "limit", v->limit);
	out_bool(o, "online", v->online);
	out_skills(o, "skills", v->skills);
	out_ms(o, "since_ms", v->since_us);
	if (conversations.n) {
		out_key(o, "conversations");
		str_add(o, conversations);
	}
}

/* What the configuration says of a queue, and how many wait for how long. */
static void queue_glance(
	struct str *o, const struct queue_view *v, const struct config *config, uint64_t now_us)
{
	const struct queue *q = config_queue(config, v->queue);
	out_string(o, "queue", v->queue);
	out_text(o, "title", q && q->title.n ? q->title : v->queue);
	out_u64(o, "waiting", v->waiting + v->offered + v->parked);
	out_key(o, "longest_ms");
	if (v->longest_us)
		str_add_u64(o, now_us > v->longest_us ? (now_us - v->longest_us) / 1000 : 0);
	else
		str_add_text(o, "null");
	out_bool(o, "open", v->open);
	out_bool(o, "paused", v->paused);
	if (q)
		out_u64(o, "target_s", q->target_s);
}

void frame_levels(struct str *o, const struct level_view levels[LEVEL_COUNT])
{
	out_key(o, "levels");
	str_add_char(o, '{');
	for (uint32_t i = 0; i < LEVEL_COUNT; i++) {
		out_key(o, level_words[i]);
		str_add_char(o, '{');
		out_u64(o, "answered", levels[i].answered);
		out_u64(o, "within", levels[i].within);
		out_u64(o, "abandoned", levels[i].abandoned);
		out_u64(o, "missed", levels[i].missed);
		str_add_char(o, '}');
	}
	str_add_char(o, '}');
}

void frame_wait(struct str *o, const struct wait_stats *w)
{
	out_key(o, "waits");
	str_add_char(o, '{');
	out_u64(o, "seen", w->pairs);
	out_u64(o, "p50_ms", w->p50_ms);
	out_u64(o, "p90_ms", w->p90_ms);
	out_key(o, "bias_ms");
	str_add_i64(o, w->bias_ms);
	out_u64(o, "mse_s2", w->mse_ms2 / 1000000);
	str_add_char(o, '}');
}

void frame_queue(struct str *o, const struct queue_view *v, const struct config *config,
	uint64_t now_us, struct slice by_segment)
{
	queue_glance(o, v, config, now_us);
	out_u64(o, "parked", v->parked);
	out_u64(o, "active", v->active);
	out_u64(o, "answered", v->answered);
	out_u64(o, "within", v->answered_within);
	out_u64(o, "abandoned", v->abandoned);
	if (by_segment.n) {
		out_key(o, "by_segment");
		str_add(o, by_segment);
	}
}

/* ---- messages ---- */

static void message_members(struct str *o, struct id conv, const struct entry *en, bool html)
{
	out_id(o, "conv", conv);
	out_u64(o, "seq", en->seq);
	out_word(o, "direction", direction_words, en->direction);
	out_id(o, "id", en->id);
	out_ms(o, "at_ms", en->at_us);
	out_string(o, "text", en->text);
	out_text(o, "name", en->from);
	out_text(o, "agent", en->agent);
	out_text(o, "channel", en->channel);
	out_text(o, "subject", en->subject);
	out_parts(o, "parts", en->parts);
	out_word(o, "delivery", delivery_words, en->delivery);
	out_bool(o, "html", html);
	if (en->why.n)
		out_text(o, "why", en->why);
	if (en->until_us)
		out_ms(o, "again_ms", en->until_us);
	if (en->rcpts.n)
		out_recipients(o, "recipients", en->rcpts);
	if (en->mailbox.n)
		out_text(o, "mailbox", en->mailbox);
	if (en->quarantine.n)
		out_text(o, "quarantine", en->quarantine);
}

/* To and Cc of a message that came in, as its writer wrote them: whom an answer to all goes to. */
static void written_to(struct str *o, struct slice to, struct slice cc)
{
	if (to.n)
		out_text(o, "to", to);
	if (cc.n)
		out_text(o, "cc", cc);
}

void frame_entry(struct str *o, struct id conv, const struct entry *en)
{
	struct arena arena = { 0 };
	message_members(o, conv, en, en->html.n > 0);
	if (en->direction == DIRECTION_IN)
		written_to(
			o, pairs_get(en->hints, "to", &arena), pairs_get(en->hints, "cc", &arena));
	arena_free(&arena);
	out_pairs(o, "hints", en->hints);
	if (en->quoted.n)
		out_text(o, "quoted", en->quoted);
	if (en->address.n)
		out_text(o, "address", en->address);
}

static void effect_message(struct str *o, const struct effect *ef)
{
	bool html = slice_is(ef->why, "html");
	struct entry en = { .seq = ef->seq,
		.direction = ef->direction,
		.id = ef->id,
		.at_us = ef->at_us,
		.text = ef->text,
		.from = ef->name,
		.agent = ef->agent,
		.channel = ef->by.n ? ef->by : ef->channel,
		.subject = ef->subject,
		.parts = ef->parts,
		.delivery = ef->delivery,
		.rcpts = ef->rcpts,
		.mailbox = ef->mailbox,
		.quarantine = html ? (struct slice){ 0 } : ef->why };
	message_members(o, ef->conv, &en, html);
	written_to(o, ef->to, ef->cc);
}

/* ---- effects ---- */

static void effect_queue(struct str *o, const struct effect *ef, const struct config *config)
{
	struct queue_view v = { .queue = ef->queue,
		.waiting = ef->waiting,
		.longest_us = ef->longest_us,
		.open = ef->open,
		.paused = ef->paused };
	struct level_view levels[LEVEL_COUNT];
	queue_glance(o, &v, config, ef->at_us);
	if (levels_read(ef->levels, levels))
		frame_levels(o, levels);
}

static void effect_agent(struct str *o, const struct effect *ef)
{
	out_string(o, "agent", ef->agent);
	out_text(o, "name", ef->name);
	out_word(o, "role", role_words, ef->role);
	out_word(o, "presence", presence_words, ef->presence);
	out_u64(o, "used", ef->used);
	out_u64(o, "limit", ef->limit);
	out_bool(o, "online", ef->online);
	out_skills(o, "skills", ef->skills);
	if (ef->why.n)
		out_text(o, "why", ef->why);
}

static void effect_members(struct str *o, const struct effect *ef, const struct config *config)
{
	struct conv_face f = face_of_effect(ef);
	switch ((enum effect_type)ef->type) {
	case EFFECT_OFFER:
		frame_offer(o, &f);
		return;
	case EFFECT_OFFER_ENDED:
		out_id(o, "offer", ef->offer);
		out_id(o, "conv", ef->conv);
		out_word(o, "why", offer_end_words, ef->end);
		out_text(o, "detail", ef->why);
		return;
	case EFFECT_MESSAGE:
		effect_message(o, ef);
		return;
	case EFFECT_CONV:
		frame_conv(o, &f);
		return;
	case EFFECT_RECEIPT:
		out_id(o, "conv", ef->conv);
		out_u64(o, "seq", ef->seq);
		out_word(o, "delivery", delivery_words, ef->delivery);
		out_text(o, "why", ef->why);
		if (ef->until_us)
			out_ms(o, "again_ms", ef->until_us);
		if (ef->rcpts.n)
			out_recipients(o, "recipients", ef->rcpts);
		return;
	case EFFECT_AGENT:
		effect_agent(o, ef);
		return;
	case EFFECT_QUEUE:
		effect_queue(o, ef, config);
		return;
	case EFFECT_CARD:
		out_id(o, "customer", ef->customer);
		out_id(o, "conv", ef->conv);
		return;
	case EFFECT_NONE:
	case EFFECT_ANSWER:
	case EFFECT_POSITION:
	case EFFECT_COUNT:
		return;
	}
}

bool frame_effect(struct str *o, const struct effect *ef, const struct config *config)
{
	enum effect_type t = (enum effect_type)ef->type;
	if (t == EFFECT_NONE || t == EFFECT_ANSWER || t == EFFECT_POSITION || t >= EFFECT_COUNT)
		return false;
	str_add_char(o, '{');
	out_u64(o, "n", ef->n);
	out_string(o, "t", slice_of(effect_words[t]));
	effect_members(o, ef, config);
	str_add_char(o, '}');
	return true;
}

/* ---- answers ---- */

void frame_error(struct str *o, struct slice id, const char *code, const char *message)
{
	str_add_text(o, "{\"t\":\"error\"");
	if (id.n)
		out_string(o, "id", id);
	out_string(o, "code", slice_of(code));
	out_string(o, "message", slice_of(message));
	str_add_char(o, '}');
}

void frame_answer(struct str *o, struct slice id, enum answer answer, const char *why,
	struct id conv, uint64_t seq)
{
	ASSERT(answer < ANSWER_COUNT);
	if (answer != ANSWER_OK && answer != ANSWER_NOOP) {
		frame_error(o, id, answer ? answer_words[answer] : "invalid", why);
		return;
	}
	str_add_text(o, "{\"t\":\"ok\"");
	out_string(o, "id", id);
	if (!id_is_none(conv))
		out_id(o, "conv", conv);
	if (seq)
		out_u64(o, "seq", seq);
	str_add_char(o, '}');
}

void frame_hello(struct str *o, uint64_t now_us)
{
	str_add_text(o, "{\"t\":\"hello\",\"protocol\":\"usher-desk\",\"version\":1");
	out_u64(o, "server_ms", now_us / 1000);
	str_add_char(o, '}');
}
