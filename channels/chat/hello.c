/*
 * Who is it? A hello names a session, brings a signed identity, or neither; what usher remembers of the session decides whose
 * thread it opens. Said once on each connection; everything else waits for the welcome.
 *
 *   session ─▶ recall ─┬─ nothing: anonymous, its hash is the thread
 *                      ├─ identified: that thread, that person
 *                      └─ moved: its visitor has proved who he is and has another token; this one opens nothing any more
 *   identity ─▶ burn the nonce ─▶ a new token; the old one is marked as moved, other tabs are sent to fetch the new one. Who brings no conversation
 *               along comes into the one that this person has on another device
 *
 * A record is lines: I or M, thread, kind, value, name. Of a person: the thread.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

enum step { STEP_RECALL, STEP_BURN, STEP_PERSON, STEP_RECORD };

struct hello {
	enum step step;
	struct claims claims;
	char token[TOKEN_LEN + 1];	/* of this session from here on */
	char given_key[THREAD_LEN + 1]; /* of the token that was given; "": none */
	char thread[THREAD_LEN + 1], nonce[THREAD_LEN + 1];
	int signed_in; /* it brought an identity */
	int alone;     /* and no conversation */
};

static void copy_text(const char *v, char *out, size_t size)
{
	size_t n = strlen(v);
	if (n >= size) {
		n = size - 1;
		while (n && ((unsigned char)v[n] & 0xc0) == 0x80)
			n--; /* not inside a character */
	}
	memcpy(out, v, n);
	out[n] = '\0';
}

static const char *text_of(const json_t *frame, const char *key)
{
	return json_string_value(json_object_get(frame, key));
}

static void copy_word(const json_t *frame, const char *key, char *out, size_t size)
{
	const char *v = text_of(frame, key);
	if (v)
		copy_text(v, out, size);
}

/* ---- what it says ---- */

static void add_field(struct claims *c, const char *name, const char *value)
{
	char line[512];
	copy_text(value, line, sizeof(line));
	size_t name_n = strlen(name) + 1, value_n = strlen(line) + 1;
	if (value_n == 1 || name_n > FIELD_NAME_MAX || c->fields_n + name_n + value_n > FIELDS_MAX)
		return;
	memcpy(c->fields + c->fields_n, name, name_n);
	memcpy(c->fields + c->fields_n + name_n, line, value_n);
	c->fields_n += name_n + value_n;
	if (strcmp(name, "name") == 0 && !c->verified)
		copy_text(line, c->name, sizeof(c->name));
}

static void read_about(struct chat *c, const json_t *frame, struct claims *out)
{
	json_t *fields = json_object_get(frame, "fields"), *value;
	const char *name;
	copy_word(frame, "page", out->page, sizeof(out->page));
	copy_word(frame, "referrer", out->referrer, sizeof(out->referrer));
	copy_word(frame, "lang", out->lang, sizeof(out->lang));
	copy_word(frame, "department", out->department, sizeof(out->department));
	if (!out->verified)
		copy_word(frame, "name", out->name, sizeof(out->name));
	json_object_foreach(
		fields, name, value) if (json_is_string(value) && field_is_known(c, name))
		add_field(out, name, json_string_value(value));
}

static void fail(struct tab *t, const char *code, const char *why)
{
	free(t->hello);
	t->hello = NULL;
	say_error(t, NULL, code, why);
}

/* ---- it is known who it is ---- */

static void settle(struct tab *t)
{
	struct chat *c = t->chat;
	struct hello *h = t->hello;

	t->token = zeroed(TOKEN_LEN + 1);
	memcpy(t->token, h->token, TOKEN_LEN);
	t->visitor = visitor_new(&h->claims);
	tab_join(t, thread_get(c, h->thread, 1));
	free(h);
	t->hello = NULL;
	t->catching = 1;
	/* From the one that it says it has seen: whether the conversation is there is not believed but read. */
	c->svc->catch_up(c->host, (struct usher_str){ t->thread->key, THREAD_LEN },
		t->seq ? t->seq - 1 : 0, t->serial);
}

int hello_lacks(const struct tab *t, char missing[FIELD_NAME_MAX + 1])
{
	return !t->thread->known && !t->visitor->verified &&
	       field_missing(t->chat, t->visitor, missing);
}

int hello_undone(struct tab *t)
{
	char missing[FIELD_NAME_MAX + 1], why[128];

	if (!hello_lacks(t, missing))
		return 0;
	tab_leave(t);
	free(t->visitor);
	t->visitor = NULL;
	free(t->token);
	t->token = NULL;
	t->seq = 0;
	snprintf(why, sizeof(why), "the field is required: %s", missing);
	say_error(t, NULL, "fields", why);
	return 1;
}

static void fresh_token(struct chat *c, struct hello *h)
{
	token_make(c, h->token);
	thread_key(h->token, h->thread);
}

/* ---- the record of a session ---- */

struct record {
	int there, moved;
	char thread[THREAD_LEN + 1], kind[16], value[IDENTITY_MAX], name[NAME_MAX_BYTES + 1];
};

static struct usher_str next_line(struct usher_str *rest)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	struct usher_str line = { rest->p, end ? (size_t)(end - rest->p) : rest->n };
	rest->p += end ? line.n + 1 : line.n;
	rest->n -= end ? line.n + 1 : line.n;
	return line;
}

static int take_line(struct usher_str *rest, char *out, size_t size)
{
	struct usher_str line = next_line(rest);
	if (line.n >= size)
		return 0;
	if (line.n)
		memcpy(out, line.p, line.n);
	out[line.n] = '\0';
	return 1;
}

static void record_read(struct usher_str value, struct record *r)
{
	char what[2] = "";
	memset(r, 0, sizeof(*r));
	if (!value.n)
		return;
	r->there = take_line(&value, what, sizeof(what)) &&
		   take_line(&value, r->thread, sizeof(r->thread)) &&
		   take_line(&value, r->kind, sizeof(r->kind)) &&
		   take_line(&value, r->value, sizeof(r->value)) &&
		   take_line(&value, r->name, sizeof(r->name));
	r->moved = !r->there || what[0] != 'I'; /* what cannot be read opens nothing */
	r->there = 1;
}

static void session_name(const char *key, char out[THREAD_LEN + 3])
{
	memcpy(out, "s:", 2);
	memcpy(out + 2, key, THREAD_LEN + 1);
}

/* Where the conversation of a person is, whatever the device. */
static void person_name(const struct claims *c, char out[THREAD_LEN + 3])
{
	char text[sizeof(c->kind) + IDENTITY_MAX + 1], key[THREAD_LEN + 1];

	snprintf(text, sizeof(text), "%s\n%s", c->kind, c->value);
	thread_key(text, key);
	session_name(key, out);
	out[0] = 'p';
}

static void person_write(struct tab *t)
{
	struct chat *c = t->chat;
	char name[THREAD_LEN + 3];

	person_name(&t->hello->claims, name);
	c->svc->remember_for(c->host, str_of(name),
		(struct usher_str){ t->hello->thread, THREAD_LEN }, SESSION_KEEP_S, 0, 0);
}

static void record_write(
	struct tab *t, const char *key, const char *what, uint32_t keep_s, uint64_t token)
{
	struct chat *c = t->chat;
	const struct hello *h = t->hello;
	const char *lines[] = { what, h->thread, h->claims.kind, h->claims.value, h->claims.name };
	struct buf b = { 0 };
	char name[THREAD_LEN + 3];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		if (i)
			buf_text(&b, "\n");
		buf_text(&b, lines[i]);
	}
	session_name(key, name);
	c->svc->remember_for(
		c->host, str_of(name), (struct usher_str){ b.p, b.n }, keep_s, 0, token);
	buf_free(&b);
}

/* ---- steps ---- */

static int same_person(const struct record *r, const struct claims *c)
{
	return r->there && strcmp(r->kind, c->kind) == 0 && strcmp(r->value, c->value) == 0;
}

static void burn(struct tab *t, uint64_t token)
{
	struct chat *c = t->chat;
	struct hello *h = t->hello;
	uint64_t now_s = c->svc->now_us(c->host) / 1000000;
	uint64_t left = h->claims.exp_s > now_s ? h->claims.exp_s - now_s : 0;
	char name[THREAD_LEN + 3] = "j:";

	memcpy(name + 2, h->claims.jti, THREAD_LEN + 1);
	/* As long as the identity token is good, however long the site made that. */
	c->svc->remember_for(c->host, str_of(name), str_of(h->nonce),
		left < UINT32_MAX ? (uint32_t)left + 1 : UINT32_MAX, 1, token);
}

static void identified_before(struct hello *h, const struct record *r)
{
	memcpy(h->thread, r->thread, sizeof(h->thread));
	h->claims.verified = 1;
	copy_text(r->kind, h->claims.kind, sizeof(h->claims.kind));
	copy_text(r->value, h->claims.value, sizeof(h->claims.value));
	copy_text(r->name, h->claims.name, sizeof(h->claims.name));
}

static void decide(struct tab *t, const struct record *r)
{
	struct hello *h = t->hello;

	if (!h->signed_in && !r->there) {
		settle(t);
	} else if (!h->signed_in && !r->moved) {
		identified_before(h, r);
		settle(t);
	} else if (!h->signed_in) {
		fresh_token(t->chat, h);
		t->seq = 0;
		t->fresh = 1;
		*h->given_key = '\0';
		settle(t);
	} else if (r->there && !r->moved && same_person(r, &h->claims)) {
		burn(t, 0); /* whoever holds this token is that person already */
		memcpy(h->thread, r->thread, sizeof(h->thread));
		person_write(t);
		settle(t);
	} else {
		char keep[THREAD_LEN + 1];
		int own = same_person(r, &h->claims); /* or anonymous until now */
		memcpy(keep, r->there ? r->thread : h->thread, sizeof(keep));
		fresh_token(t->chat, h);
		if (*h->given_key && (!r->there || own)) {
			memcpy(h->thread, keep, sizeof(keep));
		} else {
			t->fresh = *h->given_key != 0;
			t->seq = t->fresh ? 0 : t->seq;
			*h->given_key = '\0'; /* another person's: it stays as it is */
			h->alone = 1;
		}
		h->step = STEP_BURN;
		burn(t, t->serial);
	}
}

/* Whoever knows the old token only sees nothing more of it. */
static void others_renew(struct tab *t)
{
	struct thread *th = thread_get(t->chat, t->hello->thread, 0);
	for (struct tab *o = th ? th->tabs : NULL; o; o = o->next)
		tab_close(o, 4001, "the session has a new token; say hello with it");
}

static void record(struct tab *t)
{
	struct hello *h = t->hello;
	char key[THREAD_LEN + 1];

	h->step = STEP_RECORD;
	person_write(t);
	if (*h->given_key)
		record_write(t, h->given_key, "M", 0, 0);
	thread_key(h->token, key);
	record_write(t, key, "I", SESSION_KEEP_S, t->serial);
}

static void burned(struct tab *t)
{
	struct chat *c = t->chat;
	struct hello *h = t->hello;
	char name[THREAD_LEN + 3];

	h->claims.verified = 1;
	if (!h->alone) {
		record(t);
		return;
	}
	h->step = STEP_PERSON;
	person_name(&h->claims, name);
	c->svc->recall(c->host, str_of(name), t->serial);
}

void hello_recalled(struct tab *t, enum usher_outcome outcome, struct usher_str value)
{
	struct hello *h = t->hello;
	struct record r;

	if (!h || (h->step != STEP_RECALL && h->step != STEP_PERSON))
		return;
	if (outcome != USHER_OK) {
		tab_close(t, 1013, "the store is away; come back");
	} else if (h->step == STEP_RECALL) {
		record_read(value, &r);
		decide(t, &r);
	} else {
		if (value.n == THREAD_LEN)
			memcpy(h->thread, value.p, THREAD_LEN);
		record(t);
	}
}

void hello_remembered(struct tab *t, enum usher_outcome outcome)
{
	struct hello *h = t->hello;

	if (!h || h->step == STEP_RECALL || h->step == STEP_PERSON)
		return;
	if (outcome == USHER_DUPLICATE)
		fail(t, "identity",
			"the identity token was used already; ask the site for a new one");
	else if (outcome != USHER_OK)
		tab_close(t, 1013, "the store is away; come back");
	else if (h->step == STEP_BURN)
		burned(t);
	else {
		if (!h->alone)
			others_renew(t);
		settle(t);
	}
}

/* ---- the frame ---- */

static const char *read_session(struct tab *t, const json_t *frame, struct hello *h)
{
	const json_t *session = json_object_get(frame, "session");
	const json_t *from = json_object_get(frame, "from");

	if (session && !json_is_null(session)) {
		if (!json_is_string(session) || !token_ok(json_string_value(session)))
			return "session is the token of an earlier welcome, or null";
		memcpy(h->token, json_string_value(session), TOKEN_LEN);
		thread_key(h->token, h->given_key);
		memcpy(h->thread, h->given_key, sizeof(h->thread));
	}
	if (from && !json_is_null(from) && (!json_is_integer(from) || json_integer_value(from) < 0))
		return "from is the last seq seen, a number from 0";
	t->seq = json_is_integer(from) ? (uint64_t)json_integer_value(from) : 0;
	return NULL;
}

/* The same page may say the same hello again when it never heard the answer; nobody else may use its identity token. */
static void read_nonce(struct chat *c, const json_t *frame, struct hello *h)
{
	const char *nonce = text_of(frame, "nonce");
	char chance[TOKEN_LEN + 1];

	token_make(c, chance);
	thread_key(nonce && *nonce ? nonce : chance, h->nonce);
}

void hello_read(struct tab *t, const json_t *frame)
{
	struct chat *c = t->chat;
	const char *jwt = text_of(frame, "identity"), *why;
	char name[THREAD_LEN + 3];

	if (t->thread || t->hello) {
		say_error(t, NULL, "state", "hello was said already");
		return;
	}
	struct hello *h = t->hello = zeroed(sizeof(*h));
	why = read_session(t, frame, h);
	if (why) {
		fail(t, "invalid", why);
		return;
	}
	read_nonce(c, frame, h);
	read_about(c, frame, &h->claims);
	why = jwt ? identity_read(c, jwt, &h->claims) : NULL;
	if (why) {
		c->refused_identity = why;
		fail(t, "identity", why);
		return;
	}
	h->signed_in = jwt != NULL;
	if (*h->given_key) {
		session_name(h->given_key, name);
		c->svc->recall(c->host, str_of(name), t->serial);
	} else if (!h->signed_in && USHER_HAS(c->svc, refuses) &&
		   c->svc->refuses(c->host, USHER_WORK_ANONYMOUS)) {
		tab_close(t, 1013, "there is too much to do at this moment; come back");
	} else {
		struct record none = { 0 };
		fresh_token(c, h);
		decide(t, &none);
	}
}

/* What a visitor says of himself later: the form that is shown when nobody is there. */
void about_read(struct tab *t, const json_t *frame)
{
	const struct visitor *v = t->visitor;
	struct claims *claims = zeroed(sizeof(*claims));

	copy_text(v->kind, claims->kind, sizeof(claims->kind));
	copy_text(v->value, claims->value, sizeof(claims->value));
	copy_text(v->name, claims->name, sizeof(claims->name));
	copy_text(v->page, claims->page, sizeof(claims->page));
	copy_text(v->referrer, claims->referrer, sizeof(claims->referrer));
	copy_text(v->lang, claims->lang, sizeof(claims->lang));
	copy_text(v->department, claims->department, sizeof(claims->department));
	claims->verified = v->verified;
	read_about(t->chat, frame, claims);
	free(t->visitor);
	t->visitor = visitor_new(claims);
	free(claims);
}
