/* The rights matrix, word for word: whoever changes the table changes this picture too. */
#include "unit/cm.h"

#include "desk/policy.h"

static const char *const expected = "connect agent=all supervisor=all admin=all auditor=all\n"
				    "presence agent=own supervisor=own admin=own auditor=none\n"
				    "accept agent=own supervisor=own admin=own auditor=none\n"
				    "decline agent=own supervisor=own admin=own auditor=none\n"
				    "reply agent=own supervisor=all admin=all auditor=none\n"
				    "write agent=own supervisor=all admin=all auditor=none\n"
				    "note agent=own supervisor=all admin=all auditor=none\n"
				    "transfer agent=own supervisor=all admin=all auditor=none\n"
				    "resolve agent=own supervisor=all admin=all auditor=none\n"
				    "reopen agent=own supervisor=all admin=all auditor=none\n"
				    "take agent=none supervisor=all admin=all auditor=none\n"
				    "wrapup_done agent=own supervisor=all admin=all auditor=none\n"
				    "retry agent=own supervisor=all admin=all auditor=none\n"
				    "discard agent=none supervisor=all admin=all auditor=none\n"
				    "typing agent=own supervisor=own admin=own auditor=none\n"
				    "watch agent=none supervisor=all admin=all auditor=all\n"
				    "queue_pause agent=none supervisor=all admin=all auditor=none\n"
				    "oversee agent=none supervisor=all admin=all auditor=all\n"
				    "read_conversation agent=own supervisor=all admin=all "
				    "auditor=all\n"
				    "explain agent=own supervisor=all admin=all auditor=all\n"
				    "read_customer agent=own supervisor=all admin=all auditor=all\n"
				    "merge agent=own supervisor=all admin=all auditor=none\n"
				    "own_text agent=own supervisor=own admin=own auditor=none\n"
				    "read_blob agent=own supervisor=all admin=all auditor=all\n"
				    "write_blob agent=own supervisor=all admin=all auditor=none\n"
				    "read_queue agent=none supervisor=all admin=all auditor=all\n"
				    "read_agents agent=none supervisor=all admin=all auditor=all\n"
				    "read_stats agent=none supervisor=all admin=all auditor=all\n"
				    "read_quarantine agent=none supervisor=all admin=all "
				    "auditor=all\n"
				    "read_dead agent=none supervisor=all admin=all auditor=all\n"
				    "reread agent=none supervisor=all admin=all auditor=none\n"
				    "write_user agent=none supervisor=none admin=all "
				    "auditor=none\n";

static void matrix(void **state)
{
	static const char *const scopes[] = { "none", "own", "all" };
	struct str got = { 0 };
	(void)state;
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		str_add_text(&got, action_name(a));
		for (enum role r = ROLE_AGENT; r < ROLE_COUNT; r++)
			str_addf(&got, " %s=%s", role_words[r], scopes[policy_scope(r, a)]);
		str_add_char(&got, '\n');
	}
	assert_string_equal(got.p, expected);
	str_free(&got);
}

static void nobody_may_nothing(void **state)
{
	(void)state;
	for (enum action a = ACTION_NONE; a < ACTION_COUNT; a++) {
		assert_false(policy_allows(ROLE_NONE, a));
		assert_false(policy_allows((enum role)77, a));
	}
	for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++)
		assert_false(policy_allows(r, ACTION_NONE));
}

static void an_auditor_changes_nothing(void **state)
{
	struct str rights = { 0 };
	(void)state;
	policy_rights(&rights, ROLE_AUDITOR);
	assert_string_equal(rights.p, "[\"connect\",\"watch\",\"oversee\",\"read_conversation\","
				      "\"explain\",\"read_customer\",\"read_blob\",\"read_queue\","
				      "\"read_agents\",\"read_stats\",\"read_quarantine\","
				      "\"read_dead\"]");
	str_free(&rights);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(matrix),
		cmocka_unit_test(nobody_may_nothing),
		cmocka_unit_test(an_auditor_changes_nothing) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
