/*
 * Pieces of JSON that several verbs say. Called by verbs*.c.
 */
#include "app/call.h"
#include "model/entry.h"
#include "model/recipients.h"

void json_text(struct str *out, const char *name, struct slice text)
{
	str_addf(out, ",\"%s\":", name);
	str_add_json(out, text);
}

void json_id(struct str *out, const char *name, struct id id)
{
	char text[ID_TEXT_LEN + 1];

	json_text(out, name, id_is_none(id) ? SLICE("") : slice_of(id_text(id, text)));
}

void json_skills(struct str *out, struct slice skills)
{
	struct skill s;
	bool bad, first = true;

	str_add_char(out, '{');
	for (struct slice rest = skills; skills_next(&rest, &s, &bad); first = false) {
		if (!first)
			str_add_char(out, ',');
		str_add_json(out, s.name);
		str_addf(out, ":%u", s.level);
	}
	str_add_char(out, '}');
}

static void json_parts(struct str *out, struct slice parts)
{
	struct arena arena = { 0 };
	struct part p;
	bool first = true;

	str_add_text(out, ",\"parts\":[");
	for (struct slice rest = parts; parts_next(&rest, &p, &arena); first = false) {
		str_addf(out, "%s{\"size\":%llu", first ? "" : ",",
			(unsigned long long)p.size_bytes);
		json_text(out, "name", p.name);
		json_text(out, "type", p.type);
		json_text(out, "blob", p.blob);
		str_add_char(out, '}');
	}
	str_add_char(out, ']');
	arena_free(&arena);
}

static void json_recipients(struct str *out, struct slice lines)
{
	struct arena arena = { 0 };
	struct recipient r;
	const char *separator = ",\"recipients\":[";

	for (struct slice rest = lines; recipients_next(&rest, &r, &arena); separator = ",") {
		str_addf(out, "%s{\"delivery\":\"%s\"", separator, delivery_words[r.delivery]);
		json_text(out, "address", r.address);
		json_text(out, "role", r.role);
		json_text(out, "why", r.why);
		if (r.at_us)
			str_addf(out, ",\"at_ms\":%llu", (unsigned long long)(r.at_us / 1000));
		str_add_char(out, '}');
	}
	if (lines.n)
		str_add_char(out, ']');
	arena_free(&arena);
}

/* whole: also what a person does not read at a glance. */
void json_entry(struct str *out, const struct entry *en, bool whole)
{
	str_addf(out, "{\"seq\":%llu,\"at_ms\":%llu", (unsigned long long)en->seq,
		(unsigned long long)(en->at_us / 1000));
	json_text(out, "direction", slice_of(direction_words[en->direction]));
	json_text(out, "channel", en->channel);
	json_text(out, "from", en->from);
	json_text(out, "text", en->text);
	json_text(out, "delivery", slice_of(delivery_words[en->delivery]));
	json_id(out, "id", en->id);
	json_text(out, "subject", en->subject);
	json_text(out, "agent", en->agent);
	json_text(out, "address", en->address);
	json_text(out, "why", en->why);
	if (en->until_us)
		str_addf(out, ",\"again_ms\":%llu", (unsigned long long)(en->until_us / 1000));
	json_text(out, "quarantine", en->quarantine);
	if (en->automatic)
		str_add_text(out, ",\"automatic\":true");
	json_parts(out, en->parts);
	json_recipients(out, en->rcpts);
	json_text(out, "quoted", en->quoted);
	json_text(out, "raw", en->raw);
	if (whole) {
		json_text(out, "html", en->html);
		json_text(out, "hints", en->hints);
		json_text(out, "remote", en->remote);
	}
	str_add_char(out, '}');
}
