/*
 * A person's own signature, below what he writes by mail. Kept with the user by the router; never filled in here.
 */
#include "base/log.h"
#include "desk/api.h"
#include "desk/out.h"
#include "desk/protocol.h"
#include "model/limits.h"

static void answer_signature(struct call *c, struct slice text)
{
	struct str o = { 0 };

	str_add_char(&o, '{');
	out_string(&o, "text", text);
	str_add_char(&o, '}');
	call_json(c, 200, &o);
	str_free(&o);
}

static void on_user(void *arg, int status)
{
	struct call *c = arg;
	const struct pairs_found *user = c->state;

	if (status)
		call_failed(c, status);
	else
		answer_signature(c, found_get(user, "signature"));
	call_release(c);
}

void call_signature(struct call *c)
{
	struct lookup *l = lookup_new(c->d->store, &c->arena);
	struct pairs_found *user = arena_alloc(&c->arena, sizeof(*user));

	c->state = user;
	lookup_user(l, c->who.user, user);
	call_hold(c);
	lookup_run(l, on_user, c);
}

static void on_written(void *arg, int status, enum answer answer, const char *why)
{
	struct call *c = arg;
	const struct slice *text = c->state;

	if (status)
		call_problem(c, 503, why);
	else if (answer != ANSWER_OK && answer != ANSWER_NOOP)
		call_problem(c, 409, why);
	else
		answer_signature(c, *text);
	call_release(c);
}

void call_signature_put(struct call *c)
{
	const char *why;
	json_t *root = json_read(c->body, API_BODY_MAX, &why);
	const json_t *text = json_object_get(root, "text");
	struct slice *kept = arena_alloc(&c->arena, sizeof(*kept));

	if (!json_is_string(text) || json_string_length(text) > SIGNATURE_MAX) {
		json_decref(root);
		call_problem(c, 400,
			arena_printf(
				&c->arena, "expected {\"text\"}, at most %d bytes", SIGNATURE_MAX)
				.p);
		return;
	}
	*kept = arena_copy(&c->arena,
		slice_trim(slice_make(json_string_value(text), json_string_length(text))));
	json_decref(root);
	c->state = kept;
	struct command cmd = { .type = COMMAND_USER,
		.agent = c->who.user,
		.signature = kept->n ? *kept : SLICE("-") };
	call_hold(c);
	desk_ask(c->d, &cmd, on_written, c);
}
