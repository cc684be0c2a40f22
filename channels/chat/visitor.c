/*
 * What a visitor says: say, typing, seen, rate, end, ping (hello and about are read by hello.c). Anything else gets an error that names what was expected, and
 * costs nothing more.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "kit/escapes.h"

enum wait_kind { WAIT_SAY, WAIT_RATE, WAIT_MAIL, WAIT_END };
struct wait {
	uint64_t token, tab;
	enum wait_kind kind;
	unsigned score;
	char id[CLIENT_ID_MAX + 1]; /* "": none was given */
	char thread[THREAD_LEN + 1];
};

static uint64_t wait_for(struct tab *t, enum wait_kind kind, const char *id, unsigned score)
{
	struct chat *c = t->chat;
	struct wait *w = zeroed(sizeof(*w));
	w->token = ++c->next_token;
	w->tab = t->serial;
	w->kind = kind;
	w->score = score;
	snprintf(w->id, sizeof(w->id), "%s", id);
	memcpy(w->thread, t->thread->key, THREAD_LEN);
	table_put(&c->waits, &w->token, w);
	if (t->asked < UINT8_MAX)
		t->asked++;
	return w->token;
}

static const char *text_of(const json_t *frame, const char *key)
{
	return json_string_value(json_object_get(frame, key));
}

/* ---- who says it ---- */

static const char *pack(char **at, const char *text)
{
	const char *from = *at;
	size_t n = strlen(text) + 1;
	memcpy(*at, text, n);
	*at += n;
	return from;
}

/* Ten thousand idle visitors keep only what they said. */
struct visitor *visitor_new(const struct claims *c)
{
	size_t n = strlen(c->kind) + strlen(c->value) + strlen(c->name) + strlen(c->page) +
		   strlen(c->referrer) + strlen(c->lang) + strlen(c->department) + 7 + c->fields_n;
	struct visitor *v = zeroed(sizeof(*v) + n);
	char *at = v->text;
	v->kind = pack(&at, c->kind);
	v->value = pack(&at, c->value);
	v->name = pack(&at, c->name);
	v->page = pack(&at, c->page);
	v->referrer = pack(&at, c->referrer);
	v->lang = pack(&at, c->lang);
	v->department = pack(&at, c->department);
	memcpy(at, c->fields, c->fields_n);
	v->fields = at;
	v->fields_n = c->fields_n;
	v->verified = c->verified;
	return v;
}

/* ---- say ---- */

static int may_say(struct tab *t)
{
	uint64_t now = t->chat->svc->now_us(t->chat->host);
	return bucket_take(&t->thread->says_us, now, BURST_MAX, REFILL_PER_S) && peer_may_say(t);
}

static int id_ok(const char *id)
{
	size_t n = id ? strlen(id) : 0;
	if (n == 0 || n > CLIENT_ID_MAX)
		return 0;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)id[i] < 0x21 || id[i] == 0x7f)
			return 0;
	return 1;
}

static void deliver(struct tab *t, const char *id, const char *text, const struct usher_part *parts,
	size_t parts_count)
{
	struct chat *c = t->chat;
	const struct visitor *v = t->visitor;
	struct usher_pair hints[HINTS_MAX];
	char dedup[THREAD_LEN + CLIENT_ID_MAX + 2];
	snprintf(dedup, sizeof(dedup), "%s %s", t->thread->key, id);
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = str_of(dedup),
		.thread = { t->thread->key, THREAD_LEN },
		.identity_kind = v->verified ? str_of(v->kind) : str_of("chat"),
		.identity = v->verified ? str_of(v->value) : str_of(t->thread->key),
		.verified = v->verified,
		.name = str_of(v->name),
		.text = str_of(text),
		.lang = str_of(v->lang),
		.parts = parts,
		.parts_count = parts_count,
		.hints = hints,
		.hints_count = visitor_hints(v, hints) };
	c->svc->deliver(c->host, &m, wait_for(t, WAIT_SAY, id, 0));
}

static void not_yet(struct tab *t, const char *id)
{
	id = id_ok(id) ? id : NULL;
	if (t->hello || t->thread)
		say_error(t, id, "busy", "send it again after the welcome");
	else
		say_error(t, id, "state", "say hello first");
}

static void say(struct tab *t, const json_t *frame)
{
	const char *id = text_of(frame, "id"), *text = text_of(frame, "text"), *why = NULL;
	struct usher_part parts[FILES_MAX];
	char missing[FIELD_NAME_MAX + 1];
	if (!id_ok(id)) {
		say_error(t, NULL, "invalid", "say needs an id of 1 to 64 visible characters");
		return;
	}
	if (t->catching && hello_lacks(t, missing)) {
		not_yet(t, id); /* whether the conversation has begun is being read */
		return;
	}
	int files = files_read(t->chat, t->thread->key, frame, parts, &why);
	if (files < 0)
		say_error(t, id, "invalid", why);
	else if (!text || (!*text && !files))
		say_error(t, id, "invalid", "say needs a text");
	else if (strlen(text) > TEXT_MAX)
		say_error(
			t, id, "too_large", "a message has at most 16384 bytes; send it in parts");
	else if (t->chat->closing)
		say_error(t, id, "busy",
			"the server is going away; send it again after reconnecting");
	else if ((t->poll && t->asked >= ASKED_MAX) || !may_say(t))
		say_error(t, id, "slow", "too many messages at once; send it again in a second");
	else
		deliver(t, id, text, parts, (size_t)files);
}

/* Every tab of the visitor hears of it. */
static void rated(struct chat *c, const struct wait *w)
{
	struct thread *th = thread_get(c, w->thread, 0);
	char frame[48];
	snprintf(frame, sizeof(frame), "{\"t\":\"rated\",\"score\":%u}", w->score);
	for (struct tab *t = th ? th->tabs : NULL; t; t = t->next)
		if (!t->catching)
			say_plain(t, frame);
}

/* It is on disk: only now is anybody told. */
static void kept(struct chat *c, const struct wait *w, struct tab *t)
{
	struct thread *th = thread_get(c, w->thread, 0);

	switch (w->kind) {
	case WAIT_SAY:
		if (th) {
			th->known = 1;
			th->left = 0;
		}
		if (t)
			say_ack(t, w->id);
		break;
	case WAIT_RATE:
		rated(c, w);
		break;
	case WAIT_MAIL:
		if (t)
			say_plain(t, "{\"t\":\"mailed\"}");
		break;
	case WAIT_END:
		break; /* the end is told by usher */
	}
}

void visitor_ack(struct chat *c, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	struct wait *w = table_remove(&c->waits, &token);
	if (!w)
		return;
	struct tab *t = table_get(&c->tabs, &w->tab);
	char reason[256];
	if (t && t->asked)
		t->asked--;
	if (outcome == USHER_OK || outcome == USHER_DUPLICATE) {
		kept(c, w, t);
	} else if (t) {
		snprintf(reason, sizeof(reason), "%.*s", (int)why.n, why.n ? why.p : "");
		if (w->kind == WAIT_MAIL)
			t->thread->mailed_us = 0;
		say_error(t, *w->id ? w->id : NULL, outcome == USHER_RETRY ? "busy" : "refused",
			*reason ? reason : "not stored; send it again");
	}
	free(w);
}

/* ---- the rest ---- */

static void typing(struct tab *t)
{
	struct chat *c = t->chat;
	uint64_t now = c->svc->now_us(c->host);
	if (!t->thread->known || now - t->typed_us < TYPING_US)
		return;
	t->typed_us = now;
	c->svc->presence(
		c->host, (struct usher_str){ t->thread->key, THREAD_LEN }, USHER_TYPING, 0);
}

static void seen(struct tab *t, const json_t *frame)
{
	struct chat *c = t->chat;
	const json_t *seq = json_object_get(frame, "seq");
	if (!json_is_integer(seq) || json_integer_value(seq) < 0) {
		say_error(t, NULL, "invalid", "seen needs the seq of a message");
		return;
	}
	/* Each is kept, as what is said is; one that is left out is made up for by the next. */
	if (!t->thread->known || !may_say(t))
		return;
	struct usher_news n = { .size = sizeof(n),
		.what = USHER_NEWS_PRESENCE,
		.how = USHER_SEEN,
		.thread = { t->thread->key, THREAD_LEN },
		.seq = (uint64_t)json_integer_value(seq) };
	c->svc->tell(c->host, &n, 0); /* nobody is told; a lost one is covered by the next */
}

static void end(struct tab *t)
{
	struct chat *c = t->chat;
	struct usher_news n = { .size = sizeof(n),
		.what = USHER_NEWS_PRESENCE,
		.how = USHER_END,
		.thread = { t->thread->key, THREAD_LEN } };
	if (!t->thread->known)
		say_plain(t, "{\"t\":\"ended\",\"why\":\"nothing was said\"}");
	else if (!may_say(t))
		say_error(t, NULL, "slow", "too much at once; send it again in a second");
	else
		c->svc->tell(c->host, &n, wait_for(t, WAIT_END, "", 0));
}

static void rate(struct tab *t, const json_t *frame)
{
	struct chat *c = t->chat;
	const char *id = text_of(frame, "id"), *text = text_of(frame, "text");
	json_int_t score = json_integer_value(json_object_get(frame, "score"));
	char dedup[THREAD_LEN + CLIENT_ID_MAX + 8];
	if (!id_ok(id) || score < 1 || score > 5 || (text && strlen(text) > TEXT_MAX / 4)) {
		say_error(t, id_ok(id) ? id : NULL, "invalid",
			"rate needs an id and a score from 1 to 5, and may have a text of 4096 "
			"bytes");
		return;
	}
	if (!t->thread->known || !c->rating) {
		say_error(t, id, "state", "there is nothing to rate");
		return;
	}
	if (!may_say(t)) {
		say_error(t, id, "slow", "too much at once; send it again in a second");
		return;
	}
	snprintf(dedup, sizeof(dedup), "%s rate %s", t->thread->key, id);
	struct usher_news n = { .size = sizeof(n),
		.what = USHER_NEWS_RATING,
		.how = (uint32_t)score,
		.thread = { t->thread->key, THREAD_LEN },
		.dedup = str_of(dedup),
		.text = str_of(text ? text : "") };
	c->svc->tell(c->host, &n, wait_for(t, WAIT_RATE, id, (unsigned)score));
}

/* A name lets a visitor who heard nothing ask again and get one mail. */
static void transcript(struct tab *t, const json_t *frame)
{
	const char *id = text_of(frame, "id");
	if (id && !id_ok(id))
		say_error(t, NULL, "invalid", "an id has 1 to 64 visible characters");
	else
		transcript_ask(t, frame, id ? id : "");
}

void visitor_mail(struct tab *t, const char *id, struct usher_news *n)
{
	t->chat->svc->tell(t->chat->host, n, wait_for(t, WAIT_MAIL, id, 0));
}

/* Polls: frames beyond a connection's share are not heard; who goes on and on is sent away. A WebSocket's are not even read: usher sees to that. */
static int may_frame(struct tab *t)
{
	uint64_t now = t->chat->svc->now_us(t->chat->host);
	if (bucket_take(&t->frames_us, now, FRAMES_MAX, FRAMES_PER_S)) {
		if (t->unheard)
			t->unheard--;
		return 1;
	}
	if (t->unheard++ % BURST_MAX == 0)
		say_error(t, NULL, "slow", "too many frames at once; wait a second");
	else if (t->unheard > FLOOD_MAX)
		tab_close(t, 1008, "too many frames");
	return 0;
}

/* Who says something in one breath with his hello is asked to say it again: nothing is refused for that. */
static void frame_in(struct tab *t, const json_t *frame)
{
	const char *type = text_of(frame, "t");
	if (!type)
		say_error(t, NULL, "invalid",
			"a frame needs t: hello, say, typing, seen, about, rate, transcript, end "
			"or ping");
	else if (strcmp(type, "hello") == 0)
		hello_read(t, frame);
	else if (strcmp(type, "ping") == 0)
		say_plain(t, "{\"t\":\"pong\"}");
	else if (!t->thread)
		not_yet(t, text_of(frame, "id"));
	else if (strcmp(type, "say") == 0)
		say(t, frame);
	else if (strcmp(type, "typing") == 0)
		typing(t);
	else if (strcmp(type, "seen") == 0)
		seen(t, frame);
	else if (strcmp(type, "about") == 0)
		about_read(t, frame);
	else if (strcmp(type, "rate") == 0)
		rate(t, frame);
	else if (strcmp(type, "transcript") == 0)
		transcript(t, frame);
	else if (strcmp(type, "end") == 0)
		end(t);
	else
		say_error(t, NULL, "invalid",
			"t is one of hello, say, typing, seen, about, rate, transcript, end, ping");
}

void visitor_json(struct tab *t, const json_t *frame)
{
	if (may_frame(t))
		frame_in(t, frame);
}

void visitor_frame(struct tab *t, struct usher_str text)
{
	json_error_t e;
	char why[160];
	struct buf mended = { 0 };
	if (text.n && memchr(text.p, '\\', text.n)) {
		buf_add(&mended, text.p, text.n);
		escapes_mend(mended.p, mended.n, false);
		text.p = mended.p;
	}
	json_t *frame = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &e);
	buf_free(&mended);
	if (json_is_object(frame)) {
		frame_in(t, frame);
	} else {
		snprintf(why, sizeof(why), "not a JSON object: %.80s (byte %d)",
			frame ? "another kind of value" : e.text, frame ? 0 : e.position);
		say_error(t, NULL, "invalid", why);
	}
	json_decref(frame);
}
