/*
 * Weekly hours, holidays and .ics files to UTC intervals, with libical for zones, daylight saving and recurrence.
 *
 *   {mon-fri: "09:00-18:00"} × days around now − holidays ─▶ local intervals ─▶ UTC ─▶ sorted, joined
 *
 * Called by section.c at each load and so once a day again.
 */
#include "app/hours.h"

#include <libical/ical.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "app/config.h"
#include "app/value.h"

enum { DAYS = 7, RANGES_MAX = 8, CLOSED_MAX = 4096 };

struct range {
	unsigned from_min, to_min;
};
struct week {
	struct loader *l;
	const struct calendar_spec *spec;
	struct range days[DAYS][RANGES_MAX]; /* Monday first */
	size_t counts[DAYS];
	int closed[CLOSED_MAX]; /* yyyymmdd */
	size_t closed_count;
};
static const char *const day_words[DAYS] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

#define WRONG(w, t, ...) problem_at(&(w)->l->problems, (t)->line, (t)->col, __VA_ARGS__)

static int day_parse(struct slice s)
{
	for (int i = 0; i < DAYS; i++)
		if (slice_is(s, day_words[i]))
			return i;
	return -1;
}

static void add_range(struct week *w, int day, const struct tree *at, struct range r)
{
	if (w->counts[day] == RANGES_MAX)
		WRONG(w, at, "hours of calendar '%.*s': at most %d a day", SLICE_ARG(w->spec->name),
			RANGES_MAX);
	else
		w->days[day][w->counts[day]++] = r;
}

/* "09:00-13:00, 14:00-18:00" for the days first..last, which may go over Sunday. */
static void add_text(struct week *w, int first, int last, const struct tree *t)
{
	struct slice rest = t->text;
	struct range r;

	if (t->kind != TREE_SCALAR || !rest.n) {
		WRONG(w, t, "hours of calendar '%.*s': expected \"09:00-18:00\" or closed",
			SLICE_ARG(w->spec->name));
		return;
	}
	if (slice_is(rest, "closed"))
		return;
	while (rest.p) {
		struct slice part = slice_trim(slice_cut(&rest, ','));
		if (!value_hours(part, &r.from_min, &r.to_min)) {
			WRONG(w, t,
				"hours of calendar '%.*s': expected \"09:00-18:00\", not '%.*s'",
				SLICE_ARG(w->spec->name), SLICE_ARG(part));
			return;
		}
		for (int d = first;; d = (d + 1) % DAYS) {
			add_range(w, d, t, r);
			if (d == last)
				break;
		}
	}
}

static void read_hours(struct week *w)
{
	const struct tree *t = w->spec->hours;

	if (t->kind != TREE_MAP) {
		WRONG(w, t, "hours of calendar '%.*s': expected a map of days",
			SLICE_ARG(w->spec->name));
		return;
	}
	for (size_t i = 0; i < t->count; i++) {
		struct slice rest = t->pairs[i].key->text;
		bool daily = slice_is(rest, "daily");
		int first = daily ? 0 : day_parse(slice_cut(&rest, '-'));
		int last = daily ? DAYS - 1 : rest.p ? day_parse(rest) : first;
		if (first < 0 || last < 0)
			WRONG(w, t->pairs[i].key,
				"hours of calendar '%.*s': '%.*s' is no day: expected mon, mon-fri "
				"or daily",
				SLICE_ARG(w->spec->name), SLICE_ARG(t->pairs[i].key->text));
		else
			add_text(w, first, last, t->pairs[i].value);
	}
}

static void close_day(struct week *w, int year, int month, int day)
{
	if (w->closed_count < CLOSED_MAX)
		w->closed[w->closed_count++] = year * 10000 + month * 100 + day;
}

static void read_holidays(struct week *w)
{
	const struct tree *t = w->spec->holidays;

	if (t && t->kind != TREE_LIST)
		WRONG(w, t, "holidays of calendar '%.*s': expected a list of dates",
			SLICE_ARG(w->spec->name));
	for (size_t i = 0; t && t->kind == TREE_LIST && i < t->count; i++) {
		int y, m, d;
		if (t->items[i]->kind == TREE_SCALAR && value_date(t->items[i]->text, &y, &m, &d))
			close_day(w, y, m, d);
		else
			WRONG(w, t->items[i],
				"holidays of calendar '%.*s': expected a date (2027-01-01)",
				SLICE_ARG(w->spec->name));
	}
}

/* Each day that an occurrence touches. Of events of whole days libical's span ends a day late. */
static void close_occurrence(icalcomponent *event, struct icaltime_span *span, void *arg)
{
	struct week *w = arg;
	enum { DAY = 86400, EVENT_DAYS_MAX = 366 };
	struct icaltimetype start = icalcomponent_get_dtstart(event);
	struct icaltimetype end = icalcomponent_get_dtend(event);
	time_t length = span->end - span->start;

	if (start.is_date)
		length = icaltime_as_timet(end) - icaltime_as_timet(start);
	for (int i = 0; i < EVENT_DAYS_MAX; i++) {
		time_t passed = (time_t)i * DAY;
		if (i && passed >= length)
			break;
		struct icaltimetype t =
			icaltime_from_timet_with_zone(span->start + passed, 0, NULL);
		close_day(w, t.year, t.month, t.day);
	}
}

static void read_ics(struct week *w, struct icaltimetype from, struct icaltimetype to)
{
	struct str text = { 0 }, why = { 0 };
	struct slice file = w->spec->ics;
	icalcomponent *all = NULL;

	struct stat st;

	/* A file only: nobody waits for a pipe. */
	if (file.n && stat(file.p, &st) == 0 && S_ISREG(st.st_mode) &&
		config_read(file.p, &text, &why))
		all = icalparser_parse_string(text.p ? text.p : "");
	if (file.n && !all)
		WRONG(w, w->spec->hours, "ics of calendar '%.*s': cannot read %s as iCalendar",
			SLICE_ARG(w->spec->name), file.p);
	for (icalcomponent *e = all ? icalcomponent_get_first_component(all, ICAL_VEVENT_COMPONENT)
				    : NULL;
		e; e = icalcomponent_get_next_component(all, ICAL_VEVENT_COMPONENT))
		icalcomponent_foreach_recurrence(e, from, to, close_occurrence, w);
	if (all)
		icalcomponent_free(all);
	str_free(&text);
	str_free(&why);
}

static bool is_closed(const struct week *w, struct icaltimetype day)
{
	int key = day.year * 10000 + day.month * 100 + day.day;

	for (size_t i = 0; i < w->closed_count; i++)
		if (w->closed[i] == key)
			return true;
	return false;
}

static uint64_t to_utc_us(struct icaltimetype day, unsigned minute, const icaltimezone *zone)
{
	enum { US = 1000000 };
	struct icaltimetype t = day;

	t.is_date = 0;
	t.hour = (int)(minute / 60);
	t.minute = (int)(minute % 60);
	t.second = 0;
	t = icaltime_normalize(t);
	time_t at = icaltime_as_timet_with_zone(t, zone);
	return at < 0 ? 0 : (uint64_t)at * US;
}

static int interval_compare(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return x->from_us < y->from_us ? -1 : x->from_us > y->from_us;
}

/* Sorts, and joins what touches. */
static void join(struct calendar *c)
{
	size_t n = 0;

	qsort(c->open, c->count, sizeof(*c->open), interval_compare);
	for (size_t i = 0; i < c->count; i++) {
		if (n && c->open[i].from_us <= c->open[n - 1].to_us) {
			if (c->open[i].to_us > c->open[n - 1].to_us)
				c->open[n - 1].to_us = c->open[i].to_us;
		} else {
			c->open[n++] = c->open[i];
		}
	}
	c->count = n;
}

static void expand(
	struct week *w, struct icaltimetype first, const icaltimezone *zone, struct calendar *c)
{
	size_t days = HOURS_AHEAD_DAYS + HOURS_BEHIND_DAYS + 1;

	c->open = mem_array(days * RANGES_MAX, sizeof(*c->open));
	for (size_t i = 0; i < days; i++) {
		struct icaltimetype day = first;
		icaltime_adjust(&day, (int)i, 0, 0, 0);
		if (is_closed(w, day))
			continue;
		int weekday = (icaltime_day_of_week(day) + 5) % DAYS; /* libical: Sunday is 1 */
		for (size_t r = 0; r < w->counts[weekday]; r++) {
			struct range range = w->days[weekday][r];
			struct icaltimetype end = day;
			if (range.to_min < range.from_min)
				icaltime_adjust(&end, 1, 0, 0, 0);
			struct interval open = { to_utc_us(day, range.from_min, zone),
				to_utc_us(end, range.to_min, zone) };
			if (open.from_us < open.to_us) /* else the clock jumped over it */
				c->open[c->count++] = open;
		}
	}
	join(c);
	struct interval *all = c->open;
	c->open = arena_array(w->l->config->arena, c->count + 1, sizeof(*c->open));
	memcpy(c->open, all, c->count * sizeof(*all));
	free(all);
}

/* NULL when there is none of that name. */
static const icaltimezone *zone_find(struct slice name)
{
	return slice_is(name, "UTC") ? icaltimezone_get_utc_timezone()
				     : icaltimezone_get_builtin_timezone(name.p);
}

/* The day of now_us there, moved by so many days. */
static struct icaltimetype day_of(uint64_t now_us, const icaltimezone *zone, int days)
{
	enum { US = 1000000 };
	struct icaltimetype t = icaltime_from_timet_with_zone((time_t)(now_us / US), 0, zone);
	struct icaltimetype day = { .year = t.year, .month = t.month, .day = t.day, .is_date = 1 };

	icaltime_adjust(&day, days, 0, 0, 0);
	return day;
}

void hours_midnights(struct loader *l, const struct tree *at)
{
	struct config *c = l->config;
	size_t days = HOURS_AHEAD_DAYS + HOURS_BEHIND_DAYS + 1;

	if (slice_is(c->zone, "UTC"))
		return;
	const icaltimezone *zone = zone_find(c->zone);

	if (!zone) {
		problem_at(&l->problems, at ? at->line : 1, at ? at->col : 1,
			"zone in desk: there is no time zone '%.*s'", SLICE_ARG(c->zone));
		return;
	}
	c->midnights = arena_array(c->arena, days, sizeof(*c->midnights));
	for (size_t i = 0; i < days; i++)
		c->midnights[c->midnight_count++] =
			to_utc_us(day_of(l->now_us, zone, (int)i - HOURS_BEHIND_DAYS), 0, zone);
}

void hours_expand(struct loader *l, const struct calendar_spec *spec, struct calendar *c)
{
	struct week *w = mem_alloc(sizeof(*w));
	const icaltimezone *zone = zone_find(spec->zone);

	w->l = l;
	w->spec = spec;
	if (!zone)
		WRONG(w, spec->hours, "calendar '%.*s': there is no time zone '%.*s'",
			SLICE_ARG(spec->name), SLICE_ARG(spec->zone));
	read_hours(w);
	read_holidays(w);
	if (zone) {
		struct icaltimetype day = day_of(l->now_us, zone, -HOURS_BEHIND_DAYS);
		struct icaltimetype to = day_of(l->now_us, zone, HOURS_AHEAD_DAYS);
		read_ics(w, day, to);
		expand(w, day, zone, c);
	}
	free(w);
}
