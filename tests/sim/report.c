/*
 * Results in words; see report.h. A known value holds when the difference is within 3 half-widths of the 95 %
 * interval or 2 %. Called by main.c.
 */
#include "report.h"

#include <math.h>

#define MEASURE_WORD(name, word) word,
static const char *const call_words[] = { CALL_MEASURES(MEASURE_WORD) };

enum { KNOWN_HALVES = 3 };
#define KNOWN_PART 0.02

static struct estimate curve_part(
	const struct run_result *r, const struct tally_curve *c, double whole)
{
	struct estimate e = tally_curve(&r->tally, c);

	return (struct estimate){ e.mean / whole, e.half / whole };
}

static struct estimate group_idle(const struct model *m, const struct run_result *r, size_t g)
{
	return curve_part(r, &r->tally.idle[g], (double)m->groups[g].count);
}

static struct estimate group_busy(const struct model *m, const struct run_result *r, size_t g)
{
	return curve_part(r, &r->tally.used[g], (double)m->groups[g].count * m->groups[g].units);
}

static void number(struct str *out, double v)
{
	if (isnan(v))
		str_add_text(out, "null");
	else
		str_addf(out, "%.9g", v);
}

static void field(struct str *out, const char *name, double v)
{
	str_addf(out, ",\"%s\":", name);
	number(out, v);
}

static void json_type(const struct model *m, const struct run_result *r, size_t i, struct str *out)
{
	struct estimate e;

	str_add_json(out, m->types[i].name);
	str_addf(out, ":{\"arrivals\":%llu", (unsigned long long)tally_arrivals(&r->tally, i));
	e = tally_call(&r->tally, i, WAIT_MEAN_S);
	field(out, "wait_mean_s", e.mean);
	field(out, "wait_half", e.half);
	e = tally_call(&r->tally, i, P_WAIT);
	field(out, "p_wait", e.mean);
	field(out, "p_wait_half", e.half);
	e = tally_call(&r->tally, i, P_WITHIN_20S);
	field(out, "p_within_20s", e.mean);
	field(out, "p_within_20s_half", e.half);
	e = tally_call(&r->tally, i, ABANDONED);
	field(out, "abandoned", e.mean);
	field(out, "abandoned_half", e.half);
	e = tally_curve(&r->tally, &r->tally.waiting[i]);
	field(out, "queue_mean", e.mean);
	field(out, "queue_mean_half", e.half);
	str_add_char(out, '}');
}

void report_json(const struct model *m, const struct run_result *r, struct str *out)
{
	str_add_text(out, "{\"types\":{");
	for (size_t i = 0; i < m->type_count; i++) {
		if (i)
			str_add_char(out, ',');
		json_type(m, r, i, out);
	}
	str_add_text(out, "},\"agents\":{");
	for (size_t g = 0; g < m->group_count; g++) {
		struct estimate idle = group_idle(m, r, g);

		if (g)
			str_add_char(out, ',');
		str_add_json(out, m->groups[g].name);
		str_add_text(out, ":{\"idle\":");
		number(out, idle.mean);
		field(out, "idle_half", idle.half);
		field(out, "busy", group_busy(m, r, g).mean);
		str_add_char(out, '}');
	}
	str_addf(out, "},\"steps\":%llu,\"hash\":\"%016llx\"}\n", (unsigned long long)r->steps,
		(unsigned long long)r->hash);
}

static void cell(struct str *out, struct estimate e)
{
	if (isnan(e.half))
		str_addf(out, "  %12.6g %-11s", e.mean, "");
	else
		str_addf(out, "  %12.6g ±%-10.3g", e.mean, e.half);
}

void report_text(const struct model *m, const struct run_result *r, struct str *out)
{
	str_addf(out, "%-16s %10s  %-24s  %-24s  %-24s  %-24s  %s\n", "type", "arrivals",
		"wait mean, s", "waited", "within 20 s", "left", "waiting, mean");
	for (size_t i = 0; i < m->type_count; i++) {
		str_addf(out, "%-16.*s %10llu", SLICE_ARG(m->types[i].name),
			(unsigned long long)tally_arrivals(&r->tally, i));
		for (enum call_measure k = 0; k < CALL_MEASURE_COUNT; k++)
			cell(out, tally_call(&r->tally, i, k));
		cell(out, tally_curve(&r->tally, &r->tally.waiting[i]));
		str_add_char(out, '\n');
	}
	str_addf(out, "%-16s %10s  %-24s  %s\n", "agents", "count", "idle", "busy, of their units");
	for (size_t g = 0; g < m->group_count; g++) {
		str_addf(out, "%-16.*s %10zu", SLICE_ARG(m->groups[g].name), m->groups[g].count);
		cell(out, group_idle(m, r, g));
		cell(out, group_busy(m, r, g));
		str_add_char(out, '\n');
	}
	str_addf(out, "steps %llu  probes a step %.2f  hash %016llx\n",
		(unsigned long long)r->steps, r->steps ? (double)r->probes / (double)r->steps : 0,
		(unsigned long long)r->hash);
}

/* ---- known values ---- */

/* False when there is no such type, group or measure. */
static bool measured(const struct model *m, const struct run_result *r, const struct model_known *k,
	struct estimate *e)
{
	*e = (struct estimate){ NAN, NAN };
	for (size_t i = 0; i < m->type_count; i++) {
		if (!slice_equal(m->types[i].name, k->of))
			continue;
		for (enum call_measure what = 0; what < CALL_MEASURE_COUNT; what++)
			if (slice_is(k->what, call_words[what])) {
				if (r)
					*e = tally_call(&r->tally, i, what);
				return true;
			}
		if (slice_is(k->what, "queue_mean")) {
			if (r)
				*e = tally_curve(&r->tally, &r->tally.waiting[i]);
			return true;
		}
	}
	for (size_t g = 0; g < m->group_count; g++) {
		bool idle = slice_is(k->what, "idle");

		if (!slice_equal(m->groups[g].name, k->of) || (!idle && !slice_is(k->what, "busy")))
			continue;
		if (r)
			*e = idle ? group_idle(m, r, g) : group_busy(m, r, g);
		return true;
	}
	return false;
}

bool report_can_know(const struct model *m, struct str *problems)
{
	struct estimate e;
	size_t before = problems->n;

	for (size_t i = 0; i < m->known_count; i++)
		if (!measured(m, NULL, &m->known[i], &e))
			str_addf(problems, "%.*s:%u:%u: nothing measures '%.*s' of '%.*s'\n",
				SLICE_ARG(m->file), m->known[i].line, m->known[i].col,
				SLICE_ARG(m->known[i].what), SLICE_ARG(m->known[i].of));
	return problems->n == before;
}

size_t report_known(const struct model *m, const struct run_result *r, struct str *out)
{
	size_t wrong = 0;

	for (size_t i = 0; i < m->known_count; i++) {
		const struct model_known *k = &m->known[i];
		struct estimate e;

		measured(m, r, k, &e);
		double off = fabs(e.mean - k->value);
		bool holds = off <= KNOWN_HALVES * e.half || off <= KNOWN_PART * fabs(k->value);

		wrong += !holds;
		str_addf(out, "%s %.*s %.*s: measured %.7g ± %.2g, exact %.10g, off by %.2f %%\n",
			holds ? "holds" : "WRONG", SLICE_ARG(k->of), SLICE_ARG(k->what), e.mean,
			e.half, k->value, 100 * (e.mean - k->value) / k->value);
	}
	return wrong;
}
