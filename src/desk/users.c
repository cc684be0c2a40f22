/*
 * Making users: the password is hashed here, the router writes the user. Called by the API and usherctl.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "desk/private.h"
#include "model/limits.h"
#include "model/pairs.h"

struct user_making {
	struct desk *d;
	struct arena arena;
	struct command c;
	struct str generated;
	void (*fn)(void *arg, int status, const char *password, const char *why);
	void *arg;
};

static void making_end(struct user_making *m, int status, const char *why)
{
	m->fn(m->arg, status, status ? NULL : m->generated.p, why);
	if (m->generated.p)
		memset(m->generated.p, 0, m->generated.n);
	str_free(&m->generated);
	desk_release(m->d);
	arena_free(&m->arena);
	free(m);
}

static void on_answer(void *arg, int status, enum answer answer, const char *why)
{
	bool refused = !status && answer != ANSWER_OK && answer != ANSWER_NOOP;
	making_end(arg, refused ? -EINVAL : status, why);
}

static void on_secret(void *arg, struct slice secret)
{
	struct user_making *m = arg;
	if (!secret.n) {
		making_end(m, -ECANCELED, "this node stops");
		return;
	}
	m->c.secret = arena_copy(&m->arena, secret);
	desk_ask(m->d, &m->c, on_answer, m);
}

/* The reason, or NULL: a name that fits into keys, addresses and commands. */
static const char *name_wrong(struct slice id)
{
	if (!id.n || id.n > NAME_MAX_LEN)
		return "a user's name has 1 to 64 characters";
	for (size_t i = 0; i < id.n; i++)
		if (!isalnum((unsigned char)id.p[i]) && !strchr("_-.", id.p[i]))
			return "a user's name has letters, digits, _, - and . only";
	return NULL;
}

static const char *skills_wrong(struct slice skills)
{
	struct skill s;
	bool bad = false;
	size_t n = 0;
	for (struct slice rest = skills; skills_next(&rest, &s, &bad);)
		n++;
	if (bad)
		return "skills are written name=level, levels 0 to 100, blanks between";
	return n > SKILLS_MAX ? "too many skills" : NULL;
}

static const char *password_wrong(struct slice password)
{
	if (password.n && password.n < PASSWORD_MIN)
		return "a password has at least 8 bytes";
	return password.n > PASSWORD_MAX ? "a password has at most 1024 bytes" : NULL;
}

static const char *user_wrong(struct slice id, struct slice name, enum role role,
	struct slice skills, struct slice password)
{
	const char *why = name_wrong(id);
	if (!why && (role == ROLE_NONE || role >= ROLE_COUNT))
		why = "a role is agent, supervisor, admin or auditor";
	if (!why && name.n > MESSAGE_NAME_MAX)
		why = "a display name has at most 256 bytes";
	if (!why)
		why = skills_wrong(skills);
	return why ? why : password_wrong(password);
}

void desk_user_add(struct desk *d, struct slice id, struct slice name, enum role role,
	struct slice skills, uint64_t units, struct slice password,
	void (*fn)(void *arg, int status, const char *password, const char *why), void *arg)
{
	const char *why = user_wrong(id, name, role, skills, password);
	if (why) {
		fn(arg, -EINVAL, NULL, why);
		return;
	}
	struct user_making *m = mem_alloc(sizeof(*m));
	desk_hold(d);
	m->d = d;
	m->fn = fn;
	m->arg = arg;
	m->c = (struct command){ .type = COMMAND_USER,
		.agent = arena_copy(&m->arena, id),
		.name = arena_copy(&m->arena, name),
		.skills = arena_copy(&m->arena, skills),
		.role = role,
		.units = units };
	if (!password.n) {
		password_generate(&m->generated);
		password = str_slice(&m->generated);
	}
	if (!password_make(d->passwords, password, on_secret, m))
		making_end(m, -EAGAIN, "too many passwords are being hashed; try again");
}
