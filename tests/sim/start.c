/*
 * Before the first arrival: agents log in, sources begin, and what would never settle is refused. See run_private.h.
 */
#include "run_private.h"

#include <stdio.h>

#include "base/str.h"
#include "center.h"

enum { STREAMS = 4 }; /* of chance, for each type; stream 0 is the commands' random words */

void start_workers(struct run *r)
{
	for (size_t g = 0; g < r->m->group_count; g++)
		r->worker_count += r->m->groups[g].count;
	r->workers = mem_array(r->worker_count, sizeof(*r->workers));
	size_t n = 0;

	for (size_t g = 0; g < r->m->group_count; g++) {
		const struct model_group *group = &r->m->groups[g];
		struct str skills = { 0 };

		for (size_t i = 0; i < group->skill_count; i++)
			skills_add(&skills, group->skills[i].name, group->skills[i].level);
		for (size_t i = 0; i < group->count; i++, n++) {
			struct worker *w = &r->workers[n];

			snprintf(w->name, sizeof(w->name), "%.*s-%05zu", SLICE_ARG(group->name), i);
			w->group = (uint32_t)g;
			bench_join(r, (uint32_t)n + 1);
			map_put(&r->worker_names, slice_of(w->name), (void *)(uintptr_t)(n + 1));
			struct slice name = slice_of(w->name);
			struct command up[] = {
				{ .type = COMMAND_USER,
					.agent = name,
					.role = ROLE_AGENT,
					.skills = str_slice(&skills),
					.units = group->units },
				{ .type = COMMAND_DESK_UP,
					.agent = name,
					.session = name,
					.node = SLICE("sim") },
				{ .type = COMMAND_PRESENCE,
					.agent = name,
					.presence = PRESENCE_AVAILABLE },
			};
			for (size_t k = 0; k < sizeof(up) / sizeof(up[0]); k++)
				run_step(r, &up[k], NULL);
		}
		str_free(&skills);
	}
}

void start_sources(struct run *r, uint64_t seed)
{
	for (size_t i = 0; i < r->m->type_count; i++) {
		struct source *s = &r->sources[i];
		const struct model_type *t = &r->m->types[i];
		struct str skills = { 0 };

		s->type = t;
		s->kind = center_kind(r->config, t);
		s->gap_us = 3600e6 / t->rate_per_h;
		s->arrivals = chance_new(seed, i * STREAMS + 1);
		s->services = chance_new(seed, i * STREAMS + 2);
		s->patience = chance_new(seed, i * STREAMS + 3);
		s->serves = mem_array(r->m->group_count, sizeof(bool));
		for (size_t g = 0; g < r->m->group_count; g++)
			s->serves[g] = model_serves(&r->m->groups[g], t);
		for (size_t k = 0; k < t->require_count; k++)
			skills_add(&skills, t->requires[k].name, t->requires[k].level);
		s->skills = (struct slice){ skills.p, skills.n };
		for (size_t k = 0; k < r->m->offset_count; k++)
			if (slice_equal(r->m->offsets_s[k].segment, t->segment))
				s->offset_us = (int64_t)(r->m->offsets_s[k].value * 1e6);
		s->rate = 1;
		for (size_t k = 0; k < r->m->lane_count; k++)
			if (slice_equal(r->m->lanes[k].segment, t->segment))
				s->rate = (int64_t)r->m->lanes[k].value;
		for (size_t k = 0; k < r->m->hold_count; k++)
			if (slice_equal(r->m->hold_back[k].segment, t->segment))
				s->held = (uint64_t)r->m->hold_back[k].value;
		heap_insert(&r->agenda, &s->node,
			run_after(r, chance_exponential(&s->arrivals), s->gap_us));
	}
}

/* Work that comes in for who never leaves, against all units that could do any of it: what is at least needed for
 * the waits not to grow without end. */
void start_check(struct run *r)
{
	double work = 0, units = 0;

	for (size_t g = 0; g < r->m->group_count; g++) {
		bool serves = false;

		for (size_t i = 0; i < r->m->type_count; i++)
			serves = serves ||
				 (r->m->types[i].patience_s < 0 && r->sources[i].serves[g]);
		if (serves)
			units += (double)r->m->groups[g].count * r->m->groups[g].units;
	}
	for (size_t i = 0; i < r->m->type_count; i++) {
		const struct model_type *t = &r->m->types[i];
		double least_s = INFINITY;

		for (size_t g = 0; g < r->m->group_count; g++) {
			double own_s = r->m->groups[g].service_mean_s;
			double mean_s = own_s > 0 ? own_s : t->service_mean_s;

			if (r->sources[i].serves[g] && mean_s < least_s)
				least_s = mean_s;
		}
		if (t->patience_s < 0)
			work += t->rate_per_h / 3600 * least_s * t->units;
	}
	if (work > 0 && work >= units)
		r->rc = err_set(r->err, ERANGE, "%.3g times as much comes in as can be served",
			work / units);
}
