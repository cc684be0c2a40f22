/*
 * The stages of a queue: what it asks for at first, and what it asks for later, which is never more. Called by section.c.
 */
#include "app/place.h"
#include "model/limits.h"

/* Stages: the first is the queue's own skills; there is one even when it asks for nothing. */
static struct stage *stages_of(const struct place *p, struct queue *q)
{
	if (!q->stages) {
		q->stages = arena_array(place_arena(p), STAGES_MAX + 1, sizeof(*q->stages));
		q->stage_count = 1;
	}
	return q->stages;
}

void place_first_stage(const struct place *p)
{
	struct stage *stages = stages_of(p, (struct queue *)(void *)p->target);

	p->l->first_stage_line = p->tree->line;
	stages[0].need = place_skill_list(p, &stages[0].need_count);
}

/* Each later stage must admit everybody whom the one before admits. */
static void check_widens(const struct place *p, const struct stage *before,
	const struct stage *stage, const struct tree *at, unsigned line_before)
{
	for (size_t i = 0; i < stage->need_count; i++) {
		const struct skill *need = &stage->need[i], *had = NULL;
		for (size_t j = 0; j < before->need_count; j++)
			if (slice_equal(before->need[j].name, need->name))
				had = &before->need[j];
		if (!had)
			PLACE_WRONG(p, at,
				"stage after %us of %s requires '%.*s', which the stage "
				"before it (line %u) does not: a stage only widens",
				stage->after_s, p->what, SLICE_ARG(need->name), line_before);
		else if (had->level < need->level)
			PLACE_WRONG(p, at,
				"stage after %us of %s requires '%.*s' at %u, the stage "
				"before it (line %u) only at %u: a stage only widens",
				stage->after_s, p->what, SLICE_ARG(need->name), need->level,
				line_before, had->level);
	}
	if (stage->after_s <= before->after_s)
		PLACE_WRONG(p, at,
			"stage after %us of %s comes after that of %us (line %u): put them "
			"in order",
			stage->after_s, p->what, before->after_s, line_before);
}

void place_stages(const struct place *p)
{
	struct queue *q = (struct queue *)(void *)p->target;
	struct stage *stages = stages_of(p, q);
	unsigned line_before = p->l->first_stage_line;

	if (p->tree->empty || !place_is(p, TREE_LIST))
		return;
	if (p->tree->count >= STAGES_MAX) {
		PLACE_WRONG(p, p->tree, "relax in %s: %zu stages, at most %d", p->what,
			p->tree->count, STAGES_MAX - 1);
		return;
	}
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *item = p->tree->items[i];
		struct stage *stage = &stages[q->stage_count];
		size_t problems = p->l->problems.count;
		if (item->kind != TREE_MAP) {
			PLACE_WRONG(p, item, "relax in %s: expected a map", p->what);
			continue;
		}
		section_read(p->l, item, SECTION_RELAX, stage, p->what);
		if (p->l->problems.count == problems)
			check_widens(p, stage - 1, stage, item, line_before);
		q->stage_count++;
		line_before = item->line;
	}
}
