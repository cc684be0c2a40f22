/*
 * The clocks and the one source of chance. Only impure layers call these; the engine gets time and
 * random words as input (tests/check refuses it otherwise).
 */
#ifndef USHER_BASE_CLOCK_H
#define USHER_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_wall_us(void);		/* since 1970, UTC */
uint64_t clock_monotonic_us(void);	/* since boot; never goes back */
uint64_t clock_thread_us(void);		/* processor time that this thread has used */
void chance_bytes(void *out, size_t n); /* getrandom(2); failure ends the process */

#endif
