/*
 * The same matches by looking at everything: the oracle of the index. Slow and plain.
 */
#ifndef USHER_ENGINE_BRUTE_H
#define USHER_ENGINE_BRUTE_H

#include "engine/match.h"

bool brute_agent(const struct engine *e, const struct conv *c, const struct sig_key *key,
	struct choice *out);
uint32_t brute_conv(const struct engine *e, const struct agent *a);

#endif
