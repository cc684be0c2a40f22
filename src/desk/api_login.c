/*
 * Getting in and out. A wrong name and a wrong password are one answer after the same work; tries are limited before any work is done.
 */
#include <errno.h>
#include <openssl/crypto.h>

#include "base/assert.h"
#include "base/log.h"
#include "desk/api.h"
#include "desk/client.h"
#include "desk/out.h"
#include "desk/protocol.h"
#include "model/limits.h"

struct login {
	struct slice user, password;
	struct who who;
	bool found;
};

static void write_user(struct str *o, const struct who *w)
{
	out_key(o, "user");
	str_add_char(o, '{');
	out_string(o, "id", w->user);
	out_string(o, "name", w->name.n ? w->name : w->user);
	out_word(o, "role", role_words, w->role);
	out_key(o, "rights");
	policy_rights(o, w->role);
	str_add_char(o, '}');
}

static void set_cookie(struct call *c, const char *token, unsigned keep_s)
{
	http_set(c->r, "Set-Cookie",
		arena_printf(&c->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%u%s",
			SESSION_COOKIE, token, keep_s, http_is_tls(c->r) ? "; Secure" : ""));
}

/* ---- in ---- */

static void on_session_made(void *arg, int status, const char *token)
{
	struct call *c = arg;
	struct login *l = c->state;
	struct str o = { 0 };
	if (call_lives(c) && status) {
		call_failed(c, -EAGAIN);
	} else if (call_lives(c)) {
		set_cookie(c, token, SESSION_KEEP_S);
		str_add_char(&o, '{');
		write_user(&o, &l->who);
		str_add_char(&o, '}');
		call_json(c, 200, &o);
		log_info("desk", "log-in user=%.*s peer=%s", SLICE_ARG(l->who.user),
			http_peer(c->r));
	}
	str_free(&o);
	call_release(c);
}

static void on_checked(void *arg, bool ok)
{
	struct call *c = arg;
	struct login *l = c->state;
	if (!call_lives(c)) {
		call_release(c);
		return;
	}
	if (!ok || !l->found) {
		log_info("desk", "log-in refused peer=%s known=%d", http_peer(c->r), l->found);
		call_problem(c, 401, "wrong name or password");
		call_release(c);
		return;
	}
	throttle_forgive(&c->d->throttle, l->user, http_peer(c->r));
	session_make(c->d->store, &l->who, on_session_made, c);
}

static void on_user(void *arg, int status, const struct who *who)
{
	struct call *c = arg;
	struct login *l = c->state;
	if (!call_lives(c) || (status && status != -ENOENT)) {
		call_failed(c, -EAGAIN);
		call_release(c);
		return;
	}
	if (!status && who->secret.n) {
		l->found = true;
		l->who = (struct who){ .user = l->user,
			.name = arena_copy(&c->arena, who->name),
			.secret = arena_copy(&c->arena, who->secret),
			.role = who->role };
	}
	bool taken = password_check(c->d->passwords, l->password, l->who.secret, on_checked, c);
	OPENSSL_cleanse((void *)(uintptr_t)l->password.p, l->password.n);
	if (taken)
		return;
	http_set(c->r, "Retry-After", SLICE("2"));
	call_problem(c, 503, "too many log in at this moment; try again");
	call_release(c);
}

/* False after answering. */
static bool read_login(struct call *c, struct login *l)
{
	const char *why = NULL;
	json_t *root = json_read(c->body, API_BODY_MAX, &why);
	const json_t *user = json_object_get(root, "user"), *password = json_object_get(root, "pass"
											      "wor"
											      "d");
	bool fits = json_is_string(user) && json_is_string(password) &&
		    json_string_length(user) > 0 && json_string_length(user) <= NAME_MAX_LEN &&
		    json_string_length(password) <= PASSWORD_MAX;
	if (fits) {
		l->user = arena_copy(
			&c->arena, slice_make(json_string_value(user), json_string_length(user)));
		l->password = arena_copy(&c->arena,
			slice_make(json_string_value(password), json_string_length(password)));
	} else {
		call_problem(c, 400, "expected {\"user\":\"...\",\"password\":\"...\"}");
	}
	if (c->body.n)
		OPENSSL_cleanse((void *)(uintptr_t)c->body.p, c->body.n);
	json_decref(root);
	return fits;
}

void call_login(struct call *c)
{
	struct login *l = arena_alloc(&c->arena, sizeof(*l));
	c->state = l;
	if (c->d->shed >= SHED_LOGINS) {
		http_set(c->r, "Retry-After", SLICE("10"));
		call_problem(c, 503, "there is too much to do at this moment; try again soon");
		return;
	}
	if (!read_login(c, l))
		return;
	uint32_t wait_s = throttle_try(
		&c->d->throttle, l->user, http_peer(c->r), loop_monotonic_us(c->d->loop));
	if (wait_s) {
		http_set(c->r, "Retry-After", arena_printf(&c->arena, "%u", wait_s));
		call_problem(c, 429, "too many tries; wait as long as Retry-After says");
		return;
	}
	call_hold(c);
	user_find(c->d->store, l->user, on_user, c);
}

/* ---- out ---- */

static void on_session_ended(void *arg, int status)
{
	struct call *c = arg;
	struct str o = { 0 };
	if (status && status != -ENOENT) {
		call_failed(c, -EAGAIN);
	} else if (call_lives(c)) {
		LIST_FOR (k, &c->d->clients, struct client, node)
			if (slice_equal(slice_of(k->key), c->who.key))
				client_end(k, 4401, "logged out");
		set_cookie(c, "", 0);
		str_add_text(&o, "{}");
		call_json(c, 200, &o);
	}
	str_free(&o);
	call_release(c);
}

void call_logout(struct call *c)
{
	call_hold(c);
	session_end(c->d->store, c->who.key, on_session_ended, c);
}

void call_ticket(struct call *c)
{
	struct str o = { 0 };
	str_add_char(&o, '{');
	out_string(&o, "ticket",
		slice_of(ticket_make(&c->d->tickets, &c->who, loop_monotonic_us(c->d->loop))));
	str_add_char(&o, '}');
	call_json(c, 200, &o);
	str_free(&o);
}

void call_me(struct call *c)
{
	const struct config *config = c->d->config;
	struct str o = { 0 };
	str_add_char(&o, '{');
	write_user(&o, &c->who);
	out_text(&o, "lang", config->language);
	out_text(&o, "brand", config->brand);
	out_string(&o, "durability", slice_of(store_durability(c->d->store)));
	str_add_char(&o, '}');
	call_json(c, 200, &o);
	str_free(&o);
}
