/*
 * Any bytes as a configuration: it is taken whole, or refused with at least one problem that has a place; a taken one keeps what
 * model/config.h promises; twice the same bytes give the same hash.
 */
#include "app/config.h"
#include "base/assert.h"
#include "model/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t now_us = 1795359600ull * 1000000;

static void check_queue(const struct queue *q)
{
	ASSERT(q->name.n > 0 && q->name.n <= NAME_MAX_LEN);
	ASSERT(q->stage_count >= 1 && q->stage_count <= STAGES_MAX);
	ASSERT(q->stages[0].after_s == 0 && q->strategy != STRATEGY_NONE);
	for (size_t i = 1; i < q->stage_count; i++)
		ASSERT(q->stages[i].after_s > q->stages[i - 1].after_s);
	for (size_t i = 0; q->hours && i < q->hours->count; i++) {
		ASSERT(q->hours->open[i].from_us < q->hours->open[i].to_us);
		ASSERT(i == 0 || q->hours->open[i - 1].to_us < q->hours->open[i].from_us);
	}
}

static void check(const struct config *c)
{
	ASSERT(c->queue_count > 0 && c->hash != 0);
	for (size_t i = 0; i < c->queue_count; i++)
		check_queue(&c->queues[i]);
	for (size_t i = 0; i < c->channel_count; i++)
		ASSERT(c->channels[i].kind && c->channels[i].queue && c->channels[i].plugin.n);
	for (size_t i = 0; i < c->person_count; i++)
		ASSERT(c->people[i].role != ROLE_NONE && c->people[i].name.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct str problems = { 0 }, again = { 0 };
	struct config *a = config_parse("f", text, now_us, &problems);
	struct config *b = config_parse("f", text, now_us, &again);

	ASSERT((a == NULL) == (problems.n > 0));
	ASSERT((a == NULL) == (b == NULL));
	ASSERT(slice_equal(str_slice(&problems), str_slice(&again)));
	if (a) {
		check(a);
		ASSERT(a->hash == b->hash);
	}
	config_free(&a);
	config_free(&b);
	str_free(&problems);
	str_free(&again);
	return 0;
}
