/*
 * The dispatch of events to the functions that apply them; see apply.h. Called by emit.c and engine.c.
 */
#include "engine/apply.h"

#include <errno.h>

static int apply_dispatch(struct engine *e, const struct event *ev, struct err *err)
{
	switch ((enum event_type)ev->type) {
	case EVENT_CREATED:
	case EVENT_QUEUED:
	case EVENT_PARKED:
	case EVENT_UNPARKED:
	case EVENT_STAGE:
	case EVENT_PROMOTED:
	case EVENT_EXCLUDED:
	case EVENT_EXCLUSIONS_CLEARED:
	case EVENT_MESSAGE:
	case EVENT_ABANDONED:
	case EVENT_CLOSED:
	case EVENT_ESTIMATED:
	case EVENT_PROVED:
		return apply_conv_event(e, ev, err);
	case EVENT_OFFERED:
	case EVENT_OFFER_ENDED:
	case EVENT_ASSIGNED:
	case EVENT_PENDING:
	case EVENT_ACTIVE:
	case EVENT_WRAPUP:
	case EVENT_RESOLVED:
	case EVENT_RETURNED:
		return apply_work_event(e, ev, err);
	case EVENT_AGENT:
	case EVENT_AGENT_OFF:
	case EVENT_DESK_UP:
	case EVENT_DESK_DOWN:
	case EVENT_LOST:
	case EVENT_PRESENCE:
	case EVENT_OVERLOADED:
		return apply_agent_event(e, ev, err);
	case EVENT_QUEUE_OPEN:
	case EVENT_QUEUE_CLOSED:
	case EVENT_QUEUE_PAUSED:
	case EVENT_CONFIGURED:
		return apply_line_event(e, ev, err);
	case EVENT_MERGED: /* cards are no state of the engine: these are for the journal */
	case EVENT_SPLIT:
	case EVENT_DISTINCT:
	case EVENT_UNDISTINCT:
		return 0;
	case EVENT_NONE:
	case EVENT_COUNT:
		break;
	}
	return err_set(err, EINVAL, "event type %u is unknown", (unsigned)ev->type);
}

int apply_event(struct engine *e, const struct event *ev, struct err *err)
{
	uint64_t last_us = e->last_us, now_us = e->now_us;

	if (ev->at_us < e->last_us)
		return err_set(err, EINVAL, "event goes back in time");
	e->last_us = ev->at_us;
	if (e->now_us < ev->at_us)
		e->now_us = ev->at_us;
	int rc = apply_dispatch(e, ev, err);

	if (rc) {
		e->last_us = last_us;
		e->now_us = now_us;
	}
	return rc;
}
