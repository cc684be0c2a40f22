/*
 * See template.h. Pure. Called by the configuration (check) and the router (fill).
 */
#include "text/template.h"

#include "base/assert.h"

#define TEMPLATE_NAME(name, text, type, automatic, what) text,
const char *const template_names[] = { TEMPLATE_VARIABLES(TEMPLATE_NAME) NULL };
#define TEMPLATE_TYPE_OF(name, text, type, automatic, what) TEMPLATE_##type,
static const enum template_type types[] = { TEMPLATE_VARIABLES(TEMPLATE_TYPE_OF) };
#define TEMPLATE_AUTOMATIC(name, text, type, automatic, what) automatic,
static const bool for_robots[] = { TEMPLATE_VARIABLES(TEMPLATE_AUTOMATIC) };

enum { NAME_SPAN_MAX = 200 }; /* between {{ and }}; more is no variable */

/* Up to the next {{name|fallback}}: what stands before it in *before. False: there is none, all is *before. */
static bool place_next(
	struct slice *rest, struct slice *before, struct slice *name, struct slice *fallback)
{
	const char *open = rest->n ? memmem(rest->p, rest->n, "{{", 2) : NULL;
	size_t at = open ? (size_t)(open - rest->p) + 2 : 0;
	const char *close = open ? memmem(rest->p + at, rest->n - at, "}}", 2) : NULL;

	if (!close || (size_t)(close - open) > NAME_SPAN_MAX) {
		*before = *rest;
		*rest = (struct slice){ NULL, 0 };
		return false;
	}
	*before = slice_make(rest->p, at - 2);
	*fallback = slice_make(rest->p + at, (size_t)(close - rest->p) - at);
	*name = slice_trim(slice_cut(fallback, '|'));
	*rest = slice_make(close + 2, rest->n - (size_t)(close + 2 - rest->p));
	return true;
}

static int variable_of(struct slice name)
{
	for (int i = 0; i < TEMPLATE_COUNT; i++)
		if (slice_is(name, template_names[i]))
			return i;
	return -1;
}

/* Days since 1970 to a date of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
static void add_date(struct str *out, uint64_t us)
{
	uint64_t z = us / UINT64_C(86400000000) + 719468, era = z / 146097, doe = z - era * 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	uint64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
	uint64_t year = yoe + era * 400 + (month <= 2);

	str_addf(out, "%04u-%02u-%02u", (unsigned)year, (unsigned)month, (unsigned)day);
}

static bool add_value(struct str *out, const struct template_values *v, int variable)
{
	ASSERT(variable >= 0 && variable < TEMPLATE_COUNT);
	if (types[variable] == TEMPLATE_TIME) {
		if (v->time_us[variable])
			add_date(out, v->time_us[variable]);
		return v->time_us[variable] != 0;
	}
	str_add(out, v->text[variable]);
	return v->text[variable].n > 0;
}

bool template_fill(
	struct str *out, struct slice text, const struct template_values *v, struct slice *missing)
{
	struct slice before, name, fallback, rest = text;

	for (const char *from = text.p; place_next(&rest, &before, &name, &fallback);
		from = rest.p) {
		int variable = variable_of(name);
		str_add(out, before);
		if (variable < 0) {
			str_add(out,
				slice_make(from + before.n, (size_t)(rest.p - from) - before.n));
		} else if (!add_value(out, v, variable)) {
			if (!fallback.p) {
				*missing = name;
				return false;
			}
			str_add(out, slice_trim(fallback));
		}
	}
	str_add(out, before);
	return true;
}

bool template_check(struct slice text, bool automatic, struct str *why)
{
	struct slice before, name, fallback;

	while (place_next(&text, &before, &name, &fallback)) {
		int variable = variable_of(name);
		if (variable >= 0 && (!automatic || for_robots[variable]))
			continue;
		if (variable >= 0) {
			str_addf(why, "{{%s}} is not for automatic answers: known there are only",
				template_names[variable]);
		} else {
			str_add_text(why, "there is no variable {{");
			str_add(why, name);
			str_add_text(why, "}}; there are");
		}
		for (int i = 0; i < TEMPLATE_COUNT; i++)
			if (!automatic || for_robots[i])
				str_addf(why, " %s", template_names[i]);
		return false;
	}
	return true;
}

void template_dear(struct str *out, struct slice name, struct slice lang)
{
	bool russian = slice_is(lang, "ru") || slice_is(lang, "lang:ru");

	str_add_text(out, russian ? "Здравствуйте" : "Hello");
	if (!name.n)
		return;
	str_add_text(out, russian ? ", " : " ");
	str_add(out, name);
}
