/*
 * What a visitor says: hello, say, typing, seen, end, ping. Anything else gets an error that names what was expected, and
 * costs nothing more.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

struct wait {
	uint64_t token, tab;
	char id[CLIENT_ID_MAX + 1];
};

static const char *text_of(const json_t *frame, const char *key)
{
	return json_string_value(json_object_get(frame, key));
}

/* ---- hello ---- */

static void copy_word(const json_t *frame, const char *key, char *out, size_t size)
{
	const char *v = text_of(frame, key);
	if (!v)
		return;
	size_t n = strlen(v);
	if (n >= size) {
		n = size - 1;
		while (n && ((unsigned char)v[n] & 0xc0) == 0x80)
			n--; /* not inside a character */
	}
	memcpy(out, v, n);
	out[n] = '\0';
}

static const char *pack(char **at, const char *text)
{
	const char *from = *at;
	size_t n = strlen(text) + 1;
	memcpy(*at, text, n);
	*at += n;
	return from;
}

/* Ten thousand idle visitors keep only what they said. */
static struct visitor *visitor_new(const struct claims *c)
{
	size_t n = strlen(c->kind) + strlen(c->value) + strlen(c->name) + strlen(c->page) +
		   strlen(c->lang) + strlen(c->department) + 6;
	struct visitor *v = chat_alloc(sizeof(*v) + n);
	char *at = v->text;
	v->kind = pack(&at, c->kind);
	v->value = pack(&at, c->value);
	v->name = pack(&at, c->name);
	v->page = pack(&at, c->page);
	v->lang = pack(&at, c->lang);
	v->department = pack(&at, c->department);
	v->verified = c->verified;
	return v;
}

/* Who it says to be. NULL and *why set: the identity is refused, and the hello with it. */
static struct visitor *read_visitor(struct chat *c, const json_t *frame, const char **why)
{
	struct claims claims = { 0 };
	const char *jwt = text_of(frame, "identity");
	copy_word(frame, "page", claims.page, sizeof(claims.page));
	copy_word(frame, "lang", claims.lang, sizeof(claims.lang));
	copy_word(frame, "department", claims.department, sizeof(claims.department));
	copy_word(frame, "name", claims.name, sizeof(claims.name));
	if (jwt)
		*why = identity_read(c, jwt, &claims);
	return *why ? NULL : visitor_new(&claims);
}

static void start_catching(struct tab *t)
{
	struct chat *c = t->chat;
	struct usher_str key = { t->thread->key, THREAD_LEN };
	t->catching = 1;
	c->svc->catch_up(c->host, key, t->seq, t->serial);
}

static void hello(struct tab *t, const json_t *frame)
{
	struct chat *c = t->chat;
	const json_t *session = json_object_get(frame, "session");
	const json_t *from = json_object_get(frame, "from");
	const char *why = NULL;
	char key[THREAD_LEN + 1];
	if (t->thread) {
		say_error(t, NULL, "state", "hello was said already");
		return;
	}
	if (session && !json_is_null(session) &&
		(!json_is_string(session) || !token_ok(json_string_value(session)))) {
		say_error(
			t, NULL, "invalid", "session is the token of an earlier welcome, or null");
		return;
	}
	if (from && !json_is_null(from) &&
		(!json_is_integer(from) || json_integer_value(from) < 0)) {
		say_error(t, NULL, "invalid", "from is the last seq seen, a number from 0");
		return;
	}
	t->visitor = read_visitor(c, frame, &why);
	if (!t->visitor) {
		say_error(t, NULL, "identity", why);
		return;
	}
	t->token = chat_alloc(TOKEN_LEN + 1);
	if (json_is_string(session))
		memcpy(t->token, json_string_value(session), TOKEN_LEN);
	else
		token_make(c, t->token);
	t->seq = json_is_integer(from) ? (uint64_t)json_integer_value(from) : 0;
	thread_key(t->token, key);
	tab_join(t, thread_get(c, key, 1));
	start_catching(t);
}

/* ---- say ---- */

/* A bucket of BURST_MAX that refills by REFILL_PER_S: kept as the time at which it would be full. */
static int may_say(struct tab *t)
{
	const uint64_t each_us = 1000000 / REFILL_PER_S;
	uint64_t now = t->chat->svc->now_us(t->chat->host);
	if (t->tokens_us < now)
		t->tokens_us = now;
	if (t->tokens_us + each_us > now + BURST_MAX * each_us)
		return 0;
	t->tokens_us += each_us;
	return 1;
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

static struct usher_str str(const char *text)
{
	return (struct usher_str){ text, strlen(text) };
}

static size_t hint(struct usher_pair *hints, size_t n, const char *name, const char *value)
{
	if (*value)
		hints[n++] = (struct usher_pair){ str(name), str(value) };
	return n;
}

static void deliver(struct tab *t, const char *id, const char *text)
{
	struct chat *c = t->chat;
	const struct visitor *v = t->visitor;
	struct usher_pair hints[2];
	char dedup[THREAD_LEN + CLIENT_ID_MAX + 2];
	snprintf(dedup, sizeof(dedup), "%s %s", t->thread->key, id);
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = str(dedup),
		.thread = { t->thread->key, THREAD_LEN },
		.identity_kind = v->verified ? str(v->kind) : str("chat"),
		.identity = v->verified ? str(v->value) : str(t->thread->key),
		.verified = v->verified,
		.name = str(v->name),
		.text = str(text),
		.lang = str(v->lang),
		.hints = hints };
	m.hints_count = hint(hints, m.hints_count, "page", v->page);
	m.hints_count = hint(hints, m.hints_count, "department", v->department);
	struct wait *w = chat_alloc(sizeof(*w));
	w->token = ++c->next_token;
	w->tab = t->serial;
	snprintf(w->id, sizeof(w->id), "%s", id);
	table_put(&c->waits, &w->token, w);
	c->svc->deliver(c->host, &m, w->token);
}

static void say(struct tab *t, const json_t *frame)
{
	const char *id = text_of(frame, "id"), *text = text_of(frame, "text");
	if (!id_ok(id)) {
		say_error(t, NULL, "invalid", "say needs an id of 1 to 64 visible characters");
		return;
	}
	if (!text || !*text)
		say_error(t, id, "invalid", "say needs a text");
	else if (strlen(text) > TEXT_MAX)
		say_error(
			t, id, "too_large", "a message has at most 16384 bytes; send it in parts");
	else if (t->chat->closing)
		say_error(t, id, "busy",
			"the server is going away; send it again after reconnecting");
	else if (!may_say(t))
		say_error(t, id, "slow", "too many messages at once; send it again in a second");
	else
		deliver(t, id, text);
}

void visitor_ack(struct chat *c, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	struct wait *w = table_remove(&c->waits, &token);
	if (!w)
		return;
	struct tab *t = table_get(&c->tabs, &w->tab);
	char reason[256];
	if (t && (outcome == USHER_OK || outcome == USHER_DUPLICATE)) {
		t->thread->known = 1;
		t->thread->left = 0;
		say_ack(t, w->id);
	} else if (t) {
		snprintf(reason, sizeof(reason), "%.*s", (int)why.n, why.n ? why.p : "");
		say_error(t, w->id, outcome == USHER_RETRY ? "busy" : "refused",
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
	if (t->thread->known)
		c->svc->presence(c->host, (struct usher_str){ t->thread->key, THREAD_LEN },
			USHER_SEEN, (uint64_t)json_integer_value(seq));
}

static void end(struct tab *t)
{
	struct chat *c = t->chat;
	if (t->thread->known)
		c->svc->presence(
			c->host, (struct usher_str){ t->thread->key, THREAD_LEN }, USHER_END, 0);
	else
		say_plain(t, "{\"t\":\"ended\",\"why\":\"nothing was said\"}");
}

static void frame_in(struct tab *t, const json_t *frame)
{
	const char *type = text_of(frame, "t");
	if (!type)
		say_error(t, NULL, "invalid",
			"a frame needs t: hello, say, typing, seen, end or ping");
	else if (strcmp(type, "hello") == 0)
		hello(t, frame);
	else if (strcmp(type, "ping") == 0)
		say_plain(t, "{\"t\":\"pong\"}");
	else if (!t->thread)
		say_error(t, NULL, "state", "say hello first");
	else if (strcmp(type, "say") == 0)
		say(t, frame);
	else if (strcmp(type, "typing") == 0)
		typing(t);
	else if (strcmp(type, "seen") == 0)
		seen(t, frame);
	else if (strcmp(type, "end") == 0)
		end(t);
	else
		say_error(t, NULL, "invalid", "t is one of hello, say, typing, seen, end, ping");
}

void visitor_frame(struct tab *t, struct usher_str text)
{
	json_error_t e;
	json_t *frame = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &e);
	char why[160];
	if (json_is_object(frame)) {
		frame_in(t, frame);
	} else {
		snprintf(why, sizeof(why), "not a JSON object: %.80s (byte %d)",
			frame ? "another kind of value" : e.text, frame ? 0 : e.position);
		say_error(t, NULL, "invalid", why);
	}
	json_decref(frame);
}
