/*
 * The answer of `whatif` as a table: what happened → what would have. Called by show.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/show.h"

enum { CELL_MAX = 64, COLUMNS = 9 };

static void cell_number(char *cell, const json_t *v)
{
	snprintf(cell, CELL_MAX, "%" PRId64, (int64_t)json_integer_value(v));
}

/* 75000 → 1:15 */
static void cell_span(char *cell, const json_t *v)
{
	int64_t s = json_integer_value(v) / 1000;

	if (!json_is_integer(v))
		snprintf(cell, CELL_MAX, "-");
	else if (s >= 3600)
		snprintf(cell, CELL_MAX, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60),
			(int)(s % 60));
	else
		snprintf(cell, CELL_MAX, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

static void cell_part(char *cell, const json_t *v)
{
	if (json_is_number(v))
		snprintf(cell, CELL_MAX, "%.1f %%", json_number_value(v) * 100);
	else
		snprintf(cell, CELL_MAX, "-");
}

struct figure {
	const char *head, *key;
	void (*cell)(char *cell, const json_t *v);
};
static const struct figure figures[] = { { "CAME", "arrived", cell_number },
	{ "LEVEL", "level", cell_part }, { "WAIT", "wait_mean_ms", cell_span },
	{ "WAIT 9/10", "wait_p90_ms", cell_span }, { "LEFT", "abandoned", cell_number },
	{ "PASSED BY", "passed", cell_number }, { "WORK", "work_ms", cell_span } };

/* `real → whatif`, or one of them when both are the same. */
static void cell_both(char *cell, const struct figure *f, const json_t *row)
{
	char real[CELL_MAX], other[CELL_MAX];

	f->cell(real, json_object_get(json_object_get(row, "real"), f->key));
	f->cell(other, json_object_get(json_object_get(row, "whatif"), f->key));
	if (strcmp(real, other) == 0)
		snprintf(cell, CELL_MAX, "%s", real);
	else
		snprintf(cell, CELL_MAX, "%.25s > %.25s", real, other);
}

static void add_cell(struct str *out, const char *cell, size_t width)
{
	str_add_text(out, cell);
	for (size_t n = strlen(cell); n < width; n++)
		str_add_char(out, ' ');
}

static void add_table(struct str *out, const json_t *rows)
{
	static char cells[COLUMNS][CELL_MAX];
	size_t widths[COLUMNS] = { 0 }, i;
	json_t *row;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t k = 0; k < COLUMNS; k++) {
			snprintf(cells[k], CELL_MAX, "%s",
				k == 0	 ? "QUEUE"
				: k == 1 ? "SEGMENT"
					 : figures[k - 2].head);
			if (strlen(cells[k]) > widths[k])
				widths[k] = strlen(cells[k]);
			if (pass)
				add_cell(out, cells[k], k + 1 < COLUMNS ? widths[k] + 2 : 0);
		}
		if (pass)
			str_add_char(out, '\n');
		json_array_foreach(rows, i, row)
		{
			for (size_t k = 0; k < COLUMNS; k++) {
				const char *name = json_string_value(
					json_object_get(row, k == 0 ? "queue" : "segment"));
				if (k < 2)
					snprintf(cells[k], CELL_MAX, "%s",
						name && *name ? name : "-");
				else
					cell_both(cells[k], &figures[k - 2], row);
				if (strlen(cells[k]) > widths[k])
					widths[k] = strlen(cells[k]);
				if (pass)
					add_cell(
						out, cells[k], k + 1 < COLUMNS ? widths[k] + 2 : 0);
			}
			if (pass)
				str_add_char(out, '\n');
		}
	}
}

static void add_time(struct str *out, const json_t *ms)
{
	time_t s = (time_t)(json_integer_value(ms) / 1000);
	struct tm tm;
	char text[40];

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	str_add_text(out, text);
}

void show_whatif(const json_t *r, struct str *out)
{
	char real[CELL_MAX], other[CELL_MAX];
	const json_t *occupancy = json_object_get(r, "occupancy");

	add_time(out, json_object_get(r, "from_ms"));
	str_add_text(out, " to ");
	add_time(out, json_object_get(r, "to_ms"));
	str_addf(out, " UTC, %" PRId64 " events, %" PRId64 " conversations\n",
		(int64_t)json_integer_value(json_object_get(r, "events")),
		(int64_t)json_integer_value(json_object_get(r, "conversations")));
	cell_part(real, json_object_get(occupancy, "real"));
	cell_part(other, json_object_get(occupancy, "whatif"));
	str_addf(out, "occupancy: %s > %s\n\n", real, other);
	add_table(out, json_object_get(r, "rows"));
	str_add_text(out, "\nWhat happened > what would have. Not run again: rules that choose "
			  "queue and "
			  "skills.\nWho stayed then stays now, however long it takes.\n");
}
