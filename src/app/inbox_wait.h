/*
 * How long a command that comes now will wait in the inbox: its length by the rate at which it has been emptied (Little's law). The
 * rate counts only while there was something to do: what is taken of a line that is empty now and then says what came, not what can be done.
 */
#ifndef USHER_APP_INBOX_WAIT_H
#define USHER_APP_INBOX_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INBOX_WAIT_LOOKS = 8, INBOX_WAIT_LEAST_MS = 500 };

struct inbox_wait {
	struct {
		uint64_t at_us, taken;
	} looks[INBOX_WAIT_LOOKS]; /* since it was empty; a ring */
	unsigned count;
};

/*
 * One look, in ms; 0 when it cannot be known. length: how many wait; taken: how many were ever taken; stands: Redis does not answer, so what
 * is not taken now says nothing of the rate.
 */
uint64_t inbox_wait_ms(
	struct inbox_wait *w, uint64_t now_us, uint64_t length, uint64_t taken, bool stands);

#endif
