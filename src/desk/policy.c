/*
 * The policy table as an array; see the header. Called by protocol, push and api.
 */
#include "desk/policy.h"

#include "base/assert.h"

struct policy_row {
	const char *name;
	unsigned char scope[ROLE_COUNT]; /* by enum role; ROLE_NONE has none */
};

#define POLICY_ROW(action, text, agent, supervisor, admin, auditor)                                \
	[ACTION_##action] = { .name = text,                                                        \
		.scope = { [ROLE_AGENT] = SCOPE_##agent,                                           \
			[ROLE_SUPERVISOR] = SCOPE_##supervisor,                                    \
			[ROLE_ADMIN] = SCOPE_##admin,                                              \
			[ROLE_AUDITOR] = SCOPE_##auditor } },
static const struct policy_row rows[ACTION_COUNT] = { POLICY(POLICY_ROW) };

/* A new role is a new column of the table above: this stops the build until it is there. */
_Static_assert(ROLE_COUNT == 5, "policy: give the new role a column");

enum scope policy_scope(enum role role, enum action action)
{
	ASSERT(action < ACTION_COUNT);
	return role < ROLE_COUNT ? (enum scope)rows[action].scope[role] : SCOPE_NONE;
}

const char *action_name(enum action action)
{
	ASSERT(action > ACTION_NONE && action < ACTION_COUNT);
	return rows[action].name;
}

void policy_rights(struct str *out, enum role role)
{
	bool first = true;
	str_add_char(out, '[');
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		if (!policy_allows(role, a))
			continue;
		if (!first)
			str_add_char(out, ',');
		first = false;
		str_add_json(out, slice_of(rows[a].name));
	}
	str_add_char(out, ']');
}
