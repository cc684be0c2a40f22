/* A look at a time; see the header. Never asks for anything itself. Called by strain. */
#include "app/inbox_wait.h"

uint64_t inbox_wait_ms(
	struct inbox_wait *w, uint64_t now_us, uint64_t length, uint64_t taken, bool stands)
{
	if (length == 0 || stands) {
		w->count = 0;
		return 0;
	}
	unsigned first = w->count < INBOX_WAIT_LOOKS ? 0 : w->count % INBOX_WAIT_LOOKS;
	uint64_t span_us = w->count ? now_us - w->looks[first].at_us : 0;
	uint64_t went = w->count ? taken - w->looks[first].taken : 0;

	w->looks[w->count % INBOX_WAIT_LOOKS].at_us = now_us;
	w->looks[w->count % INBOX_WAIT_LOOKS].taken = taken;
	w->count++;
	return went && span_us >= INBOX_WAIT_LEAST_MS * 1000 ? length * (span_us / 1000) / went : 0;
}
