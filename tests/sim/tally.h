/*
 * Measuring: of the conversations that arrive, the first are left out until the system has settled; the rest is
 * cut into batches of equal numbers, whose means give the half-width of the 95 % interval (batch means, Student's t).
 *
 *   arrivals   0 ··· warm │ batch 0 │ batch 1 │ ··· │ batch 39 │ arrivals that only keep the load up
 *
 * A conversation belongs to the batch that it arrived in, whenever it is answered; areas under a curve (how many
 * wait, how many agents idle) belong to the batch during which they lie. Floating point throughout.
 */
#ifndef TESTS_SIM_TALLY_H
#define TESTS_SIM_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BATCHES = 40, BATCH_NONE = -1 };

/* Measures of a type; X(name, what one conversation adds). */
#define CALL_MEASURES(X)                                                                           \
	X(WAIT_MEAN_S, "wait_mean_s")	/* seconds until accepted or left */                       \
	X(P_WAIT, "p_wait")		/* 1 when that is above 0 */                               \
	X(P_WITHIN_20S, "p_within_20s") /* 1 when accepted within 20 s */                          \
	X(ABANDONED, "abandoned")	/* 1 when left */

#define MEASURE_ENUM(name, word) name,
enum call_measure { CALL_MEASURES(MEASURE_ENUM) CALL_MEASURE_COUNT };
#undef MEASURE_ENUM

struct tally_calls {
	double sum[CALL_MEASURE_COUNT];
	uint64_t count;
};
/* Something that changes in jumps; its area is value × seconds. */
struct tally_curve {
	double value, area[BATCHES];
};
struct tally {
	uint64_t warm, counted; /* arrivals left out, arrivals in the batches */
	uint64_t arrived, open; /* all arrivals; those in the batches without an outcome */
	int batch;		/* of the moment; BATCH_NONE before, BATCHES after */
	uint64_t last_us;
	double span_s[BATCHES];
	size_t type_count, group_count;
	struct tally_calls *calls;   /* [type × BATCHES + batch] */
	struct tally_curve *waiting; /* [type] conversations */
	struct tally_curve *idle;    /* [group] agents that have nothing */
	struct tally_curve *used;    /* [group] units taken */
};
struct estimate {
	double mean, half; /* NaN: not known */
};

void tally_init(struct tally *t, size_t types, size_t groups, uint64_t counted);
void tally_free(struct tally *t);
/* Time has come to now: first thing at every event, before anything changes. */
void tally_advance(struct tally *t, uint64_t now_us);
/* One more arrival, now; the batch it belongs to. */
int tally_arrive(struct tally *t);
/* What became of a conversation that arrived in `batch`. */
void tally_outcome(struct tally *t, size_t type, int batch, uint64_t waited_us, bool left);
bool tally_done(const struct tally *t);

uint64_t tally_arrivals(const struct tally *t, size_t type);
struct estimate tally_call(const struct tally *t, size_t type, enum call_measure what);
struct estimate tally_curve(const struct tally *t, const struct tally_curve *c);

#endif
