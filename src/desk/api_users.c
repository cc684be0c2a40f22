/*
 * Administration of users. Every change is logged with who did it; passwords are shown once, to the administrator who asked for one.
 */
#include <errno.h>

#include "base/assert.h"
#include "base/log.h"
#include "desk/api.h"
#include "desk/client.h"
#include "desk/out.h"
#include "desk/protocol.h"
#include "model/limits.h"
#include "model/pairs.h"

struct user_wanted {
	struct slice id, name, password, skills;
	enum role role;
	uint64_t units;
};

/* ---- make or change ---- */

static void on_made(void *arg, int status, const char *password, const char *why)
{
	struct call *c = arg;
	const struct user_wanted *u = c->state;
	struct str o = { 0 };
	if (status) {
		call_refused(c, status, ANSWER_NONE, why);
	} else {
		str_add_text(&o, "{\"user\":{");
		out_string(&o, "id", u->id);
		out_string(&o, "name", u->name.n ? u->name : u->id);
		out_word(&o, "role", role_words, u->role);
		str_add_char(&o, '}');
		if (password)
			out_string(&o, "password", slice_of(password));
		str_add_char(&o, '}');
		call_json(c, 201, &o);
		log_info("desk", "user written user=%.*s role=%s by=%.*s", SLICE_ARG(u->id),
			role_words[u->role], SLICE_ARG(c->who.user));
	}
	str_free(&o);
	call_release(c);
}

static bool text_of(struct call *c, const json_t *root, const char *name, struct slice *out)
{
	const json_t *v = json_object_get(root, name);
	if (!v || json_is_null(v))
		return true;
	if (!json_is_string(v))
		return false;
	*out = arena_copy(&c->arena, slice_make(json_string_value(v), json_string_length(v)));
	return true;
}

/* {"ru":80,"cards":50} */
static bool skills_of(struct call *c, json_t *v, struct slice *out)
{
	const char *name;
	json_t *level;
	struct str text = { 0 };
	bool fits = !v || json_is_object(v);
	if (v && fits) {
		json_object_foreach(v, name, level)
		{
			bool number = *name && json_is_integer(level) &&
				      json_integer_value(level) >= 0 &&
				      json_integer_value(level) <= 100;
			if (number && !strpbrk(name, " ="))
				skills_add(
					&text, slice_of(name), (uint8_t)json_integer_value(level));
			else
				fits = false;
		}
	}
	*out = arena_copy(&c->arena, str_slice(&text));
	str_free(&text);
	return fits;
}

static bool read_user(struct call *c, struct user_wanted *u)
{
	const char *why;
	struct slice role = { 0 };
	json_t *root = json_read(c->body, API_BODY_MAX, &why);
	const json_t *units = json_object_get(root, "units");
	bool fits = root && text_of(c, root, "id", &u->id) && text_of(c, root, "name", &u->name) &&
		    text_of(c, root, "role", &role) && text_of(c, root, "password", &u->password) &&
		    skills_of(c, json_object_get(root, "skills"), &u->skills) &&
		    (!units || (json_is_integer(units) && json_integer_value(units) >= 0));
	if (fits) {
		u->role = (enum role)word_parse(role_words, role);
		u->units = units ? (uint64_t)json_integer_value(units) : 0;
	} else {
		call_problem(c, 400,
			"expected "
			"{\"id\",\"name\",\"role\",\"skills\":{name:level},\"units\","
			"\"password\"}");
	}
	json_decref(root);
	return fits;
}

void call_user_put(struct call *c)
{
	struct user_wanted *u = arena_alloc(&c->arena, sizeof(*u));
	if (!read_user(c, u))
		return;
	c->state = u;
	call_hold(c);
	desk_user_add(c->d, u->id, u->name, u->role, u->skills, u->units, u->password, on_made, c);
}

/* ---- off ---- */

static void on_off(void *arg, int status, enum answer answer, const char *why)
{
	struct call *c = arg;
	struct str o = { 0 };
	if (status || (answer != ANSWER_OK && answer != ANSWER_NOOP)) {
		call_refused(c, status, answer, why);
	} else {
		LIST_FOR (k, &desk_agent_of(c->d, c->args[0])->clients, struct client, agent_node)
			client_end(k, 4401, "this user was removed");
		str_add_text(&o, "{\"user\":{");
		out_string(&o, "id", c->args[0]);
		str_add_text(&o, "}}");
		call_json(c, 200, &o);
		log_info("desk", "user removed user=%.*s by=%.*s", SLICE_ARG(c->args[0]),
			SLICE_ARG(c->who.user));
	}
	str_free(&o);
	call_release(c);
}

void call_user_off(struct call *c)
{
	struct command cmd = { .type = COMMAND_USER_OFF, .agent = c->args[0] };
	if (slice_equal(c->args[0], c->who.user)) {
		call_problem(c, 409, "you cannot remove yourself");
		return;
	}
	call_hold(c);
	desk_ask(c->d, &cmd, on_off, c);
}
