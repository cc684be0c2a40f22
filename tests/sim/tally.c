/*
 * Batches and their half-widths; see tally.h. Called by run.c (while it runs) and report.c (afterwards).
 */
#include "tally.h"

#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"

/* A tenth of what is counted goes before, to settle from the empty start. */
enum { WARM_PART = 10, BATCHES_LEAST = 10 };

void tally_init(struct tally *t, size_t types, size_t groups, uint64_t counted)
{
	ASSERT(counted >= BATCHES);
	*t = (struct tally){ .warm = counted / WARM_PART,
		.counted = counted,
		.batch = BATCH_NONE,
		.type_count = types,
		.group_count = groups };
	t->calls = mem_array(types * BATCHES, sizeof(*t->calls));
	t->waiting = mem_array(types, sizeof(*t->waiting));
	t->idle = mem_array(groups, sizeof(*t->idle));
	t->used = mem_array(groups, sizeof(*t->used));
}

void tally_free(struct tally *t)
{
	free(t->calls);
	free(t->waiting);
	free(t->idle);
	free(t->used);
	*t = (struct tally){ .batch = BATCH_NONE };
}

void tally_advance(struct tally *t, uint64_t now_us)
{
	double s = (double)(now_us - t->last_us) * 1e-6;
	int b = t->batch;

	ASSERT(now_us >= t->last_us);
	t->last_us = now_us;
	if (b < 0 || b >= BATCHES)
		return;
	t->span_s[b] += s;
	for (size_t i = 0; i < t->type_count; i++)
		t->waiting[i].area[b] += t->waiting[i].value * s;
	for (size_t i = 0; i < t->group_count; i++) {
		t->idle[i].area[b] += t->idle[i].value * s;
		t->used[i].area[b] += t->used[i].value * s;
	}
}

int tally_arrive(struct tally *t)
{
	uint64_t n = t->arrived++;

	if (n < t->warm)
		return BATCH_NONE;
	n -= t->warm;
	if (n >= t->counted) {
		t->batch = BATCHES;
		return BATCHES;
	}
	t->batch = (int)(n * BATCHES / t->counted);
	t->open++;
	return t->batch;
}

void tally_outcome(struct tally *t, size_t type, int batch, uint64_t waited_us, bool left)
{
	if (batch < 0 || batch >= BATCHES)
		return;
	struct tally_calls *c = &t->calls[type * BATCHES + (size_t)batch];

	ASSERT(t->open > 0 && type < t->type_count);
	t->open--;
	c->count++;
	c->sum[WAIT_MEAN_S] += (double)waited_us * 1e-6;
	c->sum[P_WAIT] += waited_us > 0;
	c->sum[P_WITHIN_20S] += !left && waited_us <= UINT64_C(20000000);
	c->sum[ABANDONED] += left;
}

bool tally_done(const struct tally *t)
{
	return t->batch == BATCHES && t->open == 0;
}

/* Student's t, 97.5 %, by Abramowitz and Stegun 26.7.5: to 3 digits from 10 degrees of freedom on. */
static double student(double df)
{
	const double z = 1.959963984540054, z3 = z * z * z, z5 = z3 * z * z;

	return z + (z3 + z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df);
}

/* sum / weight overall, and the spread of the same by batch; batches without weight say nothing. */
static struct estimate estimate(const double *sum, const double *weight)
{
	double sums = 0, weights = 0, squares = 0, means = 0, used = 0;

	for (int b = 0; b < BATCHES; b++) {
		sums += sum[b];
		weights += weight[b];
		if (weight[b] > 0) {
			means += sum[b] / weight[b];
			used++;
		}
	}
	if (weights <= 0)
		return (struct estimate){ NAN, NAN };
	if (used < BATCHES_LEAST)
		return (struct estimate){ sums / weights, NAN };
	means /= used;
	for (int b = 0; b < BATCHES; b++)
		if (weight[b] > 0)
			squares += (sum[b] / weight[b] - means) * (sum[b] / weight[b] - means);
	return (struct estimate){ sums / weights,
		student(used - 1) * sqrt(squares / (used - 1) / used) };
}

uint64_t tally_arrivals(const struct tally *t, size_t type)
{
	uint64_t n = 0;

	for (size_t b = 0; b < BATCHES; b++)
		n += t->calls[type * BATCHES + b].count;
	return n;
}

struct estimate tally_call(const struct tally *t, size_t type, enum call_measure what)
{
	double sum[BATCHES], weight[BATCHES];

	ASSERT(type < t->type_count && what < CALL_MEASURE_COUNT);
	for (size_t b = 0; b < BATCHES; b++) {
		sum[b] = t->calls[type * BATCHES + b].sum[what];
		weight[b] = (double)t->calls[type * BATCHES + b].count;
	}
	return estimate(sum, weight);
}

struct estimate tally_curve(const struct tally *t, const struct tally_curve *c)
{
	return estimate(c->area, t->span_s);
}
