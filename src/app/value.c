/*
 * Single values of a configuration from text: durations, yes and no, names, hours, dates. Pure. Called by section.c and hours.c.
 */
#include "app/value.h"

#include "model/limits.h"

bool value_seconds(struct slice text, int64_t *out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	int64_t factor = 1, n;

	for (size_t i = 0; text.n && i < sizeof(units) / sizeof(*units); i++)
		if (text.p[text.n - 1] == units[i].unit) {
			factor = units[i].seconds;
			text.n--;
			break;
		}
	if (!slice_i64(text, &n) || n > INT32_MAX || n < INT32_MIN)
		return false;
	*out = n * factor;
	return true;
}

bool value_bool(struct slice text, bool *out)
{
	static const char *const yes[] = { "yes", "true", "on" };
	static const char *const no[] = { "no", "false", "off" };

	for (size_t i = 0; i < 3; i++) {
		bool is_yes = slice_equal_nocase(text, slice_of(yes[i]));
		if (!is_yes && !slice_equal_nocase(text, slice_of(no[i])))
			continue;
		*out = is_yes;
		return true;
	}
	return false;
}

static bool only(struct slice text, const char *more)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-' &&
			!(c && strchr(more, c)))
			return false;
	}
	return text.n > 0 && text.n <= NAME_MAX_LEN;
}

bool value_is_name(struct slice text)
{
	return only(text, "");
}

bool value_is_skill(struct slice text)
{
	return only(text, ":.");
}

/* "09:30" in minutes; 24:00 is the end of the day. */
static bool clock_time(struct slice text, unsigned *out)
{
	uint64_t h, m;
	struct slice hour = slice_cut(&text, ':');

	if (!slice_u64(hour, &h) || text.n != 2 || !slice_u64(text, &m) || hour.n > 2 || m > 59 ||
		h * 60 + m > 1440)
		return false;
	*out = (unsigned)(h * 60 + m);
	return true;
}

bool value_hours(struct slice text, unsigned *from_min, unsigned *to_min)
{
	unsigned from, to;
	struct slice first = slice_trim(slice_cut(&text, '-'));

	if (!text.p || !clock_time(first, &from) || !clock_time(slice_trim(text), &to) ||
		from == to || from == 1440)
		return false;
	*from_min = from;
	*to_min = to;
	return true;
}

bool value_date(struct slice text, int *year, int *month, int *day)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t y, m, d;
	struct slice first = slice_cut(&text, '-'), second = slice_cut(&text, '-');

	if (first.n != 4 || second.n != 2 || text.n != 2 || !slice_u64(first, &y) ||
		!slice_u64(second, &m) || !slice_u64(text, &d) || m < 1 || m > 12 || d < 1)
		return false;
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	if (d > days[m - 1] + (m == 2 && leap))
		return false;
	*year = (int)y;
	*month = (int)m;
	*day = (int)d;
	return true;
}
