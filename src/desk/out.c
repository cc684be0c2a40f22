/*
 * The small JSON appender; see the header. Strings are escaped by str_add_json alone.
 */
#include "desk/out.h"

#include "model/recipients.h"

void out_comma(struct str *o)
{
	if (o->n && !strchr("{[\n:,", o->p[o->n - 1]))
		str_add_char(o, ',');
}

void out_key(struct str *o, const char *key)
{
	out_comma(o);
	str_add_json(o, slice_of(key));
	str_add_char(o, ':');
}

void out_string(struct str *o, const char *key, struct slice v)
{
	out_key(o, key);
	str_add_json(o, v);
}

void out_text(struct str *o, const char *key, struct slice v)
{
	out_key(o, key);
	if (v.n)
		str_add_json(o, v);
	else
		str_add_text(o, "null");
}

void out_word(struct str *o, const char *key, const char *const *words, uint32_t v)
{
	out_text(o, key, slice_of(words[v]));
}

void out_id(struct str *o, const char *key, struct id v)
{
	char text[ID_TEXT_LEN + 1];
	out_text(o, key, id_is_none(v) ? SLICE("") : slice_of(id_text(v, text)));
}

void out_u64(struct str *o, const char *key, uint64_t v)
{
	out_key(o, key);
	str_add_u64(o, v);
}

void out_bool(struct str *o, const char *key, bool v)
{
	out_key(o, key);
	str_add_text(o, v ? "true" : "false");
}

void out_ms(struct str *o, const char *key, uint64_t us)
{
	out_key(o, key);
	if (us)
		str_add_u64(o, us / 1000);
	else
		str_add_text(o, "null");
}

void out_skills(struct str *o, const char *key, struct slice skills)
{
	struct skill s;
	bool bad = false;
	out_key(o, key);
	str_add_char(o, '{');
	for (struct slice rest = skills; skills_next(&rest, &s, &bad);) {
		out_comma(o);
		str_add_json(o, s.name);
		str_add_char(o, ':');
		str_add_u64(o, s.level);
	}
	str_add_char(o, '}');
}

void out_pairs(struct str *o, const char *key, struct slice pairs)
{
	struct arena arena = { 0 };
	struct slice name, value;
	if (!pairs.n)
		return;
	out_key(o, key);
	str_add_char(o, '{');
	for (struct slice rest = pairs; pairs_next(&rest, &name, &value, &arena);) {
		out_comma(o);
		str_add_json(o, name);
		str_add_char(o, ':');
		str_add_json(o, value);
	}
	str_add_char(o, '}');
	arena_free(&arena);
}

void out_parts(struct str *o, const char *key, struct slice parts)
{
	struct arena arena = { 0 };
	struct part p;
	out_key(o, key);
	str_add_char(o, '[');
	for (struct slice rest = parts; parts_next(&rest, &p, &arena);) {
		out_comma(o);
		str_add_char(o, '{');
		out_string(o, "name", p.name);
		out_string(o, "type", p.type);
		out_u64(o, "size", p.size_bytes);
		out_text(o, "blob", p.blob);
		if (p.cid.n)
			out_string(o, "cid", p.cid);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
	arena_free(&arena);
}

void out_recipients(struct str *o, const char *key, struct slice recipients)
{
	struct arena arena = { 0 };
	struct recipient r;
	out_key(o, key);
	str_add_char(o, '[');
	for (struct slice rest = recipients; recipients_next(&rest, &r, &arena);) {
		out_comma(o);
		str_add_char(o, '{');
		out_string(o, "address", r.address);
		out_string(o, "role", r.role);
		out_word(o, "delivery", delivery_words, r.delivery);
		if (r.why.n)
			out_text(o, "why", r.why);
		if (r.at_us)
			out_ms(o, "at_ms", r.at_us);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
	arena_free(&arena);
}
