/*
 * JSON answers as text. What has rows is a table, the rest is indented. Controls in texts of strangers become `?`, so nobody writes to the
 * operator's terminal but us. Called by main.c.
 */
#include "ctl/show.h"

#include <inttypes.h>
#include <time.h>

#include "base/utf8.h"

enum { COLUMNS_MAX = 10 };

void show_text(struct str *out, struct slice text, bool lines)
{
	while (text.n) {
		uint32_t c = 0;
		size_t n = utf8_decode(text, &c);
		bool control = c < 0x20 || (c >= 0x7f && c < 0xa0) ||
			       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
		if (lines && (c == '\n' || c == '\t'))
			control = false;
		if (!n || control)
			str_add_char(out, '?');
		else
			str_add(out, slice_make(text.p, n));
		n = n ? n : utf8_malformed(text);
		text = slice_make(text.p + n, text.n - n);
	}
}

static void add_value(struct str *out, const json_t *v, bool lines);

static void add_list(struct str *out, const json_t *v)
{
	const char *key;
	json_t *item;
	size_t i;
	bool first = true;

	json_array_foreach(v, i, item)
	{
		if (i)
			str_add_char(out, ' ');
		add_value(out, item, false);
	}
	json_object_foreach((json_t *)(uintptr_t)v, key, item)
	{
		str_addf(out, "%s%s=", first ? "" : " ", key);
		add_value(out, item, false);
		first = false;
	}
}

static void add_value(struct str *out, const json_t *v, bool lines)
{
	if (json_is_string(v))
		show_text(out, slice_make(json_string_value(v), json_string_length(v)), lines);
	else if (json_is_integer(v))
		str_add_i64(out, json_integer_value(v));
	else if (json_is_boolean(v))
		str_add_text(out, json_is_true(v) ? "yes" : "no");
	else if (json_is_real(v))
		str_addf(out, "%g", json_real_value(v));
	else if (json_is_null(v) || !v)
		str_add_char(out, '-');
	else
		add_list(out, v);
}

/* 4005000 → 1:06:45 */
static void add_duration(struct str *out, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s >= 3600)
		str_addf(
			out, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
	else
		str_addf(out, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
}

static void add_time(struct str *out, const json_t *ms)
{
	time_t t = (time_t)(json_integer_value(ms) / 1000);
	struct tm tm;
	char text[32] = "";

	if (localtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	str_add_text(out, text);
}

/* ---- tables ---- */

struct column {
	const char *title,
		*key; /* a key that ends in _ms and begins with arrived, since or at: time passed */
};

static void cell(struct str *out, const json_t *row, const struct column *c, uint64_t now_ms)
{
	const json_t *v = json_object_get(row, c->key);
	uint64_t at = (uint64_t)json_integer_value(v);

	if (at && (strcmp(c->key, "arrived_ms") == 0 || strcmp(c->key, "since_ms") == 0 ||
			  strcmp(c->key, "at_ms") == 0))
		add_duration(out, now_ms > at ? now_ms - at : 0);
	else if (!at && strcmp(c->key, "since_ms") == 0)
		str_add_char(out, '-');
	else
		add_value(out, v, false);
	if (!out->n)
		str_add_char(out, '-');
}

/* Code points, which is near enough to columns for names. */
static size_t width(const struct str *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += ((unsigned char)s->p[i] & 0xc0) != 0x80;
	return n;
}

static void pad(struct str *out, const struct str *text, size_t to, bool last)
{
	str_add(out, str_slice(text));
	for (size_t n = width(text); !last && n < to + 2; n++)
		str_add_char(out, ' ');
}

static void table(struct str *out, const json_t *rows, const struct column *columns, size_t count,
	uint64_t now_ms)
{
	size_t widths[COLUMNS_MAX] = { 0 }, i;
	struct str text = { 0 };
	json_t *row;

	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t c = 0; c < count; c++) {
			str_clear(&text);
			str_add_text(&text, columns[c].title);
			if (!pass)
				widths[c] = width(&text);
			else
				pad(out, &text, widths[c], c + 1 == count);
		}
		if (pass)
			str_add_char(out, '\n');
		json_array_foreach(rows, i, row)
		{
			for (size_t c = 0; c < count; c++) {
				str_clear(&text);
				cell(&text, row, &columns[c], now_ms);
				if (pass)
					pad(out, &text, widths[c], c + 1 == count);
				else if (width(&text) > widths[c])
					widths[c] = width(&text);
			}
			if (pass)
				str_add_char(out, '\n');
		}
	}
	str_free(&text);
}

/* ---- anything: indented ---- */

static void indented(struct str *out, const json_t *v, unsigned depth)
{
	const char *key;
	json_t *item, *one;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)v, key, item)
	{
		str_addf(out, "%*s%s:", (int)depth * 2, "", key);
		bool nested = (json_is_object(item) && depth < 1) ||
			      (json_is_array(item) && json_is_object(json_array_get(item, 0)));
		if (!nested) {
			str_add_char(out, ' ');
			add_value(out, item, false);
		}
		str_add_char(out, '\n');
		if (nested && json_is_object(item))
			indented(out, item, depth + 1);
		else if (nested)
			json_array_foreach(item, i, one)
			{
				str_addf(out, "%*s- ", (int)depth * 2 + 2, "");
				add_value(out, one, false);
				str_add_char(out, '\n');
			}
	}
}

/* ---- verbs with a shape of their own ---- */

static void show_queue(const json_t *r, uint64_t now_ms, struct str *out)
{
	static const struct column columns[] = { { "POS", "position" }, { "CONVERSATION", "id" },
		{ "QUEUE", "queue" }, { "SEGMENT", "segment" }, { "CHANNEL", "channel" },
		{ "STATE", "state" }, { "WAITED", "arrived_ms" }, { "STAGE", "stage" },
		{ "SKILLS", "skills" } };

	table(out, json_object_get(r, "conversations"), columns, 9, now_ms);
	str_add_text(out, "waiting: ");
	add_value(out, json_object_get(r, "waiting"), false);
	str_add_char(out, '\n');
}

static void show_agents(const json_t *r, uint64_t now_ms, struct str *out)
{
	static const struct column columns[] = { { "ID", "id" }, { "NAME", "name" },
		{ "ROLE", "role" }, { "PRESENCE", "presence" }, { "SINCE", "since_ms" },
		{ "USED", "used" }, { "LIMIT", "limit" }, { "SKILLS", "skills" },
		{ "CONVERSATIONS", "conversations" } };

	table(out, json_object_get(r, "agents"), columns, 9, now_ms);
}

static void show_conv(const json_t *r, struct str *out)
{
	size_t i;
	json_t *m;

	str_add_text(out, "conversation ");
	add_value(out, json_object_get(r, "id"), false);
	static const char *const heads[] = { "subject", "state", "queue", "segment", "customer",
		"owner", "topic", "rule" };
	for (size_t h = 0; h < sizeof(heads) / sizeof(*heads); h++) {
		str_addf(out, "\n%s: ", heads[h]);
		add_value(out, json_object_get(r, heads[h]), false);
	}
	str_add_char(out, '\n');
	json_array_foreach(json_object_get(r, "messages"), i, m)
	{
		str_add_text(out, "\n#");
		add_value(out, json_object_get(m, "seq"), false);
		str_add_char(out, ' ');
		add_time(out, json_object_get(m, "at_ms"));
		static const char *const parts[] = { "direction", "channel", "from", "delivery" };
		for (size_t p = 0; p < 4; p++) {
			str_add_char(out, ' ');
			add_value(out, json_object_get(m, parts[p]), false);
		}
		const json_t *why = json_object_get(m, "why");
		const json_t *again = json_object_get(m, "again_ms");
		if (json_string_length(why)) {
			str_add_text(out, ": ");
			add_value(out, why, false);
		}
		if (again) {
			str_add_text(out, "; next attempt ");
			add_time(out, again);
		}
		str_add_char(out, '\n');
		add_value(out, json_object_get(m, "text"), true);
		str_add_char(out, '\n');
		json_t *file;
		size_t f;
		json_array_foreach(json_object_get(m, "parts"), f, file)
		{
			str_add_text(out, "file: ");
			add_value(out, json_object_get(file, "name"), false);
			str_add_text(out, ", bytes: ");
			add_value(out, json_object_get(file, "size"), false);
			str_add_char(out, '\n');
		}
	}
}

static void show_customer(const json_t *r, uint64_t now_ms, struct str *out)
{
	static const struct column identities[] = { { "IDENTITY", "kind" }, { "VALUE", "value" },
		{ "VERIFIED", "verified" } };
	static const struct column convs[] = { { "CONVERSATION", "id" }, { "AGO", "arrived_ms" },
		{ "CHANNEL", "channel" }, { "QUEUE", "queue" }, { "STATE", "state" },
		{ "CLAIMED", "claimed" }, { "SUBJECT", "subject" } };
	static const struct column links[] = { { "LINK", "what" }, { "AGO", "at_ms" },
		{ "CUSTOMER", "customer" }, { "INTO", "into" }, { "BY", "agent" },
		{ "WHY", "why" } };

	str_add_text(out, "customer ");
	add_value(out, json_object_get(r, "id"), false);
	str_add_text(out, "\nname: ");
	add_value(out, json_object_get(r, "name"), false);
	str_add_text(out, "\nsegment: ");
	add_value(out, json_object_get(r, "segment"), false);
	str_add_text(out, "\n\n");
	table(out, json_object_get(r, "identities"), identities, 3, now_ms);
	str_add_char(out, '\n');
	table(out, json_object_get(r, "conversations"), convs, 7, now_ms);
	if (!json_array_size(json_object_get(r, "links")))
		return;
	str_add_char(out, '\n');
	table(out, json_object_get(r, "links"), links, 6, now_ms);
}

static void show_dead(const json_t *r, uint64_t now_ms, struct str *out)
{
	static const struct column columns[] = { { "MESSAGE", "id" }, { "CONVERSATION", "conv" },
		{ "CHANNEL", "channel" }, { "TO", "to" }, { "STATE", "state" },
		{ "WRITTEN", "since_ms" }, { "WHY", "why" } };

	if (!json_object_get(r, "letters")) {
		indented(out, r, 0);
		return;
	}
	table(out, json_object_get(r, "letters"), columns, 7, now_ms);
	str_add_text(out, "dead letters: ");
	add_value(out, json_object_get(r, "dead"), false);
	str_add_char(out, '\n');
}

static void show_quarantine(const json_t *r, uint64_t now_ms, struct str *out)
{
	static const struct column columns[] = { { "MESSAGE", "id" }, { "CONVERSATION", "conv" },
		{ "CHANNEL", "channel" }, { "FROM", "from" }, { "SUBJECT", "subject" },
		{ "CAME", "since_ms" }, { "WHY", "why" } };

	if (json_object_get(r, "source")) {
		str_add_text(out, json_string_value(json_object_get(r, "source")));
		str_add_char(out, '\n');
	} else if (json_object_get(r, "understood")) {
		indented(out, r, 0);
	} else {
		table(out, json_object_get(r, "messages"), columns, 7, now_ms);
		str_add_text(out, "quarantined: ");
		add_value(out, json_object_get(r, "quarantined"), false);
		str_add_char(out, '\n');
	}
}

void show_result(const char *verb, const json_t *result, uint64_t now_ms, struct str *out)
{
	if (strcmp(verb, "queue") == 0)
		show_queue(result, now_ms, out);
	else if (strcmp(verb, "agents") == 0)
		show_agents(result, now_ms, out);
	else if (strcmp(verb, "conv") == 0)
		show_conv(result, out);
	else if (strcmp(verb, "customer") == 0)
		show_customer(result, now_ms, out);
	else if (strcmp(verb, "quarantine") == 0)
		show_quarantine(result, now_ms, out);
	else if (strcmp(verb, "dead") == 0)
		show_dead(result, now_ms, out);
	else if (strcmp(verb, "whatif") == 0)
		show_whatif(result, out);
	else
		indented(out, result, 0);
}
