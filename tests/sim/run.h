/*
 * One run: the production engine in virtual time under Poisson arrivals. Agents accept at once; services and
 * patience are exponential. What the engine promises of each step is checked as it goes.
 */
#ifndef TESTS_SIM_RUN_H
#define TESTS_SIM_RUN_H

#include "base/err.h"
#include "model.h"
#include "model/config.h"
#include "tally.h"

struct run_result {
	struct tally tally; /* tally_free it */
	uint64_t steps, hash, probes;
};

/* `arrivals` are counted, a tenth more goes before. 0, or -errno with what the engine did wrong (-EPROTO) or why there is
 * no result (-ERANGE: more comes in than can be served). */
int run_model(const struct model *m, const struct config *config, uint64_t seed, uint64_t arrivals,
	struct run_result *out, struct err *err);

#endif
