/*
 * What a visitor does beside writing: left, came back, ended, has seen: commands for the inbox. Typing goes straight to the
 * desks and is never kept.
 */
#include "host/inside.h"

static uint32_t visit_of(enum usher_presence what)
{
	switch (what) {
	case USHER_LEFT:
		return VISIT_LEFT;
	case USHER_BACK:
		return VISIT_BACK;
	case USHER_END:
		return VISIT_END;
	case USHER_SEEN:
		return VISIT_SEEN;
	case USHER_TYPING:
		break;
	}
	return VISIT_NONE;
}

void service_presence(
	struct usher_host *h, struct usher_str thread, enum usher_presence what, uint64_t seq)
{
	struct host *host = h->host;
	struct command c = { .type = COMMAND_VISIT,
		.channel = slice_of(h->name),
		.thread = to_slice(thread),
		.visit = visit_of(what),
		.seq = seq };

	if (what == USHER_TYPING) {
		if (host->on_typing)
			host->on_typing(host->on_typing_arg, c.channel, c.thread);
		return;
	}
	if (!c.visit || !thread.n)
		plugin_wrong(h, "presence %d of a thread of %zu bytes", (int)what, thread.n);
	else
		put_stubborn(h, &c, NULL, NULL);
}
