/*
 * Eligibility; see eligible.h. Looks only.
 */
#include "engine/eligible.h"

#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/hold.h"
#include "engine/line.h"
#include "engine/sets.h"

#define PREDICATE_WORD(name, word, change)   word,
#define PREDICATE_CHANGE(name, word, change) change,
const char *const predicate_words[] = { "eligible", PREDICATES(PREDICATE_WORD) NULL };
const char *const predicate_changes[] = { "nothing", PREDICATES(PREDICATE_CHANGE) NULL };

enum predicate eligible_first_failing(const struct engine *e, const struct sig_key *key,
	const struct conv *c, const struct agent *a)
{
	const struct kind *kind = kind_at(e, key->kind);

	ASSERT(key->need > 0 && key->line > 0);
	if (!line_serves(line_at(e, key->line)))
		return NOT_QUEUE;
	if (!agent_connected(a) || a->off)
		return NOT_DESK;
	if (!agent_ready(a))
		return NOT_PRESENCE;
	if (a->self != key->also && !set_met(e, key->need, a))
		return NOT_SKILLS;
	if (!agent_fits(e, a, key->kind))
		return NOT_CAPACITY;
	if (line_agent_max(line_at(e, key->line)) &&
		agent_share(e, a, key->line) >= line_agent_max(line_at(e, key->line)))
		return NOT_SHARE;
	if (kind->max && a->held[key->kind] >= kind->max)
		return NOT_KIND;
	if (c && c->state == CONV_OFFERED && conv_offered_to(e, c, a->self))
		return NOT_ASKED;
	if (c && conv_excludes(e, c, a->self, e->now_us))
		return NOT_EXCLUDED;
	if (hold_keeps(e, key->hold, a))
		return NOT_HELD;
	return ELIGIBLE;
}
