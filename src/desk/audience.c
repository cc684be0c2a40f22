/*
 * The table of the header as code. Called by push and catchup.
 */
#include "desk/audience.h"

static bool is(struct slice name, const struct audience *a)
{
	return name.n && slice_equal(name, a->agent);
}

bool audience_hears(const struct audience *a, const struct effect *ef, struct slice before)
{
	bool watches = map_get(a->watched, slice_make(&ef->conv, sizeof(ef->conv))) != NULL;
	switch ((enum effect_type)ef->type) {
	case EFFECT_OFFER:
	case EFFECT_OFFER_ENDED:
		return is(ef->agent, a);
	case EFFECT_MESSAGE:
		return watches || is(ef->owner, a) || is(ef->agent, a);
	case EFFECT_CONV:
		return watches || a->oversees || is(ef->owner, a) || is(before, a);
	case EFFECT_RECEIPT:
	case EFFECT_CARD:
		return watches || is(ef->owner, a);
	case EFFECT_AGENT:
	case EFFECT_QUEUE:
		return true;
	case EFFECT_NONE:
	case EFFECT_ANSWER:
	case EFFECT_POSITION:
	case EFFECT_COUNT:
		return false;
	}
	return false;
}
