/*
 * The heap of deadlines: the earliest is first, an object has one, and moving or taking away any keeps the rest.
 */
#include "unit/engine/people.h"

#include "engine/agent.h"
#include "engine/deadline.h"

enum { MANY = 300 };

static uint64_t rng_state = 7;
static uint64_t rng(void)
{
	rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
	return rng_state >> 33;
}

static void the_earliest_of_many_is_first(void **state)
{
	struct config *c = center_new();
	struct engine *e = engine_new(c);
	uint64_t at[MANY + 1] = { 0 };
	size_t set = 0;

	(void)state;
	for (uint32_t i = 1; i <= MANY; i++) {
		char name[16];

		snprintf(name, sizeof(name), "a%u", i);
		agent_add(e, slice_of(name));
	}
	while (e->heap_count) /* the queues' own */
		deadline_set(e, (enum deadline_kind)e->heap[1].kind, e->heap[1].handle, UINT64_MAX);
	for (size_t step = 0; step < 20 * MANY; step++) {
		uint32_t i = 1 + (uint32_t)(rng() % MANY);
		uint64_t earliest = UINT64_MAX;

		set -= at[i] != 0;
		at[i] = rng() % 4 ? 1 + rng() % 1000 : 0;
		set += at[i] != 0;
		deadline_set(e, DEADLINE_AGENT, i, at[i] ? at[i] : UINT64_MAX);
		for (uint32_t k = 1; k <= MANY; k++)
			if (at[k] && at[k] < earliest)
				earliest = at[k];
		assert_int_equal(e->heap_count, set);
		assert_true(set ? deadline_first(e)->at_us == earliest : !deadline_first(e));
		assert_true((deadline_place(e, DEADLINE_AGENT, i) != 0) == (at[i] != 0));
	}
	for (uint32_t i = 1; i <= MANY; i++)
		deadline_set(e, DEADLINE_AGENT, i, UINT64_MAX);
	assert_null(deadline_first(e));
	engine_free(&e);
	center_free(c);
}

/* Equal times come by name, whatever the order in which they were set: replicas agree. */
static void at_the_same_time_the_name_decides(void **state)
{
	static const char *const names[] = { "cy", "ann", "bo" };
	struct config *c = center_new();
	struct engine *e = engine_new(c);

	(void)state;
	while (e->heap_count)
		deadline_set(e, (enum deadline_kind)e->heap[1].kind, e->heap[1].handle, UINT64_MAX);
	for (size_t i = 0; i < 3; i++)
		deadline_set(e, DEADLINE_AGENT, agent_add(e, slice_of(names[i])), 5);
	assert_slice_is(agent_at(e, deadline_first(e)->handle)->id, "ann");
	engine_free(&e);
	center_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_earliest_of_many_is_first),
		cmocka_unit_test(at_the_same_time_the_name_decides) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
