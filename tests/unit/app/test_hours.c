/*
 * When a center is open, across changes of the clock, midnight, Sundays and holidays.
 */
#include "unit/cm.h"

#include <stdio.h>

#include <unistd.h>

#include "app/config.h"

static struct config *load(const char *calendar, uint64_t now_s)
{
	struct str text = { 0 }, problems = { 0 };

	str_addf(&text, "queues: {q: {hours: c}}\ncalendars:\n  c: %s\n", calendar);
	struct config *c = config_parse("f", str_slice(&text), now_s * 1000000, &problems);
	if (!c)
		fail_msg("%s", problems.p);
	str_free(&text);
	str_free(&problems);
	return c;
}

static bool open_at(const struct config *c, uint64_t at_s)
{
	const struct calendar *cal = c->queues[0].hours;

	for (size_t i = 0; i < cal->count; i++)
		if (cal->open[i].from_us <= at_s * 1000000 && at_s * 1000000 < cal->open[i].to_us)
			return true;
	return false;
}

/* Opens exactly at `at`. */
static void assert_opens(const struct config *c, uint64_t at_s)
{
	assert_false(open_at(c, at_s - 1));
	assert_true(open_at(c, at_s));
}

static void assert_closes(const struct config *c, uint64_t at_s)
{
	assert_true(open_at(c, at_s - 1));
	assert_false(open_at(c, at_s));
}

/* Berlin leaves summer time on Sunday 2026-10-25 at 01:00 UTC. */
static void test_autumn(void **state)
{
	struct config *c =
		load("{zone: Europe/Berlin, hours: {daily: \"09:00-18:00\"}}", 1792800000);

	(void)state;
	assert_opens(c, 1792825200);  /* Sat 24 Oct 07:00 UTC */
	assert_closes(c, 1792857600); /* 16:00 UTC */
	assert_opens(c, 1792915200);  /* Sun 25 Oct 08:00 UTC: an hour later */
	assert_closes(c, 1792947600); /* 17:00 UTC */
	config_free(&c);
}

/* And enters it on Sunday 2027-03-28 at 01:00 UTC; a shift over the night is an hour short. */
static void test_spring(void **state)
{
	struct config *c = load("{zone: Europe/Berlin, hours: {sat: \"22:00-06:00\"}}", 1806000000);

	(void)state;
	assert_opens(c, 1806181200);  /* Sat 27 Mar 21:00 UTC */
	assert_closes(c, 1806206400); /* Sun 28 Mar 04:00 UTC */
	config_free(&c);
}

static void test_week(void **state)
{
	/* Moscow has no summer time: UTC+3. Mon 2026-11-02. */
	struct config *c = load("{zone: Europe/Moscow, hours: {mon-fri: \"09:00-13:00, "
				"14:00-18:00\", sat: closed}, holidays: [2026-11-04]}",
		1793577600);
	(void)state;
	assert_opens(c, 1793599200);
	assert_closes(c, 1793599200 + 4 * 3600);
	assert_opens(c, 1793599200 + 5 * 3600);
	assert_closes(c, 1793599200 + 9 * 3600);
	assert_true(open_at(c, 1793599200 + 86400));
	assert_false(open_at(c, 1793599200 + 2 * 86400)); /* the holiday */
	assert_true(open_at(c, 1793599200 + 3 * 86400));
	assert_false(open_at(c, 1793599200 + 5 * 86400));
	assert_true(open_at(c, 1793599200 + 7 * 86400));
	assert_true(open_at(c, 1793599200 + 51 * 7 * 86400)); /* a year is known in advance */
	config_free(&c);
}

static void test_always(void **state)
{
	struct config *c = load("{hours: {daily: \"00:00-24:00\"}}", 1793577600);

	(void)state;
	assert_int_equal(c->queues[0].hours->count, 1);
	config_free(&c);
}

static void test_ics(void **state)
{
	static const char ics[] = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VEVENT\r\n"
				  "UID:1\r\nDTSTAMP:20200101T000000Z\r\nDTSTART;VALUE=DATE:"
				  "20201107\r\n"
				  "DTEND;VALUE=DATE:20201108\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\n"
				  "END:VCALENDAR\r\n";
	char file[] = "/tmp/usher-ics-XXXXXX", text[256];
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, ics, sizeof(ics) - 1), sizeof(ics) - 1);
	close(fd);
	snprintf(text, sizeof(text), "{hours: {daily: \"08:00-20:00\"}, ics: %s}", file);
	struct config *c = load(text, 1793577600);
	assert_true(open_at(c, 1793966400));  /* Fri 6 Nov 12:00 */
	assert_false(open_at(c, 1794052800)); /* Sat 7 Nov 12:00: each year */
	assert_true(open_at(c, 1794139200));
	config_free(&c);
	unlink(file);
}

/* The statistics' day: Berlin's midnights, also when a day has 25 hours; without a zone UTC's. */
static void test_today(void **state)
{
	struct str problems = { 0 };
	const uint64_t us = 1000000;
	struct config *c =
		config_parse("f", SLICE("queues: {q: {}}\ndesk: {zone: Europe/Berlin}\n"),
			1792800000 * us, &problems);

	(void)state;
	assert_non_null(c);
	assert_int_equal(config_today(c, 1792850000 * us), 1792792800 * us); /* 24 Oct, +2 */
	assert_int_equal(config_today(c, 1792879199 * us), 1792792800 * us);
	assert_int_equal(config_today(c, 1792879200 * us), 1792879200 * us); /* 25 Oct */
	assert_int_equal(config_today(c, 1792969199 * us), 1792879200 * us); /* 25 hours on */
	assert_int_equal(config_today(c, 1792969200 * us), 1792969200 * us); /* 26 Oct, +1 */
	/* far beyond what was expanded a day still ends */
	assert_int_equal(config_today(c, 1992969200 * us), (1992969200 - 1992969200 % 86400) * us);
	config_free(&c);
	c = config_parse("f", SLICE("queues: {q: {}}\n"), 1792800000 * us, &problems);
	assert_int_equal(config_today(c, 1792850000 * us), 1792800000 * us);
	config_free(&c);
	assert_null(config_parse("f", SLICE("queues: {q: {}}\ndesk: {zone: Mars/Base}\n"),
		1792800000 * us, &problems));
	assert_string_equal(problems.p, "f:2:14: zone in desk: there is no time zone "
					"'Mars/Base'\n");
	str_free(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_autumn),
		cmocka_unit_test(test_spring),
		cmocka_unit_test(test_week),
		cmocka_unit_test(test_always),
		cmocka_unit_test(test_ics),
		cmocka_unit_test(test_today),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
