/*
 * See template.h. Called by intake.c for what comes in and by send.c for what goes out.
 */
#include "template.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const json_t *step(const json_t *at, const char *name, size_t n)
{
	char key[256];
	char *end;

	if (!n || n >= sizeof(key))
		return NULL;
	memcpy(key, name, n);
	key[n] = 0;
	if (json_is_object(at))
		return json_object_get(at, key);
	if (!json_is_array(at))
		return NULL;
	unsigned long index = strtoul(key, &end, 10);
	return *end || key[0] < '0' || key[0] > '9' ? NULL : json_array_get(at, index);
}

const json_t *path_at(const struct scope *s, const char *path, size_t n)
{
	const json_t *at = s->here;

	if (n >= 2 && path[0] == '$' && path[1] == '.') {
		at = s->root;
		path += 2;
		n -= 2;
	}
	while (at) {
		const char *dot = n ? memchr(path, '.', n) : NULL;
		size_t len = dot ? (size_t)(dot - path) : n;
		at = step(at, path, len);
		if (!dot)
			break;
		path += len + 1;
		n -= len + 1;
	}
	return at;
}

void value_text(struct buf *out, const json_t *value)
{
	char text[40] = "";

	if (json_is_string(value)) {
		buf_add(out, json_string_value(value), json_string_length(value));
		return;
	}
	if (json_is_integer(value))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, sizeof(text), "%.15g", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(text, sizeof(text), "%s", json_is_true(value) ? "true" : "false");
	buf_text(out, text);
}

void buf_url(struct buf *b, const char *p, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		const char three[3] = { '%', hex[c >> 4], hex[c & 15] };
		if (c < 0x80 && (isalnum(c) || (c && strchr("-._~", c))))
			buf_add(b, p + i, 1);
		else
			buf_add(b, three, 3);
	}
}

bool url_climbs(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at = host ? host + 3 : url;

	for (at += strcspn(at, "/?#"); *at == '/';) {
		size_t n = strcspn(++at, "/?#");
		if ((n == 1 || n == 2) && strspn(at, ".") >= n)
			return true;
		at += n;
	}
	return false;
}

/* Calls for each place; false when the template is not well formed. */
static bool walk(const char *t, struct buf *out, const struct scope *s, bool url, size_t *places,
	size_t *filled)
{
	for (; *t; t++) {
		if (*t != '{' || t[1] == '{') {
			buf_add(out, t, 1);
			t += *t == '{';
			continue;
		}
		const char *end = strchr(t, '}');
		if (!end || end == t + 1)
			return false;
		struct buf value = { 0 };
		if (s)
			value_text(&value, path_at(s, t + 1, (size_t)(end - t - 1)));
		++*places;
		*filled += value.n > 0;
		if (url)
			buf_url(out, value.p, value.n);
		else
			buf_add(out, value.p, value.n);
		buf_free(&value);
		t = end;
	}
	return true;
}

bool template_is_good(const char *template)
{
	struct buf out = { 0 };
	size_t places = 0, filled = 0;
	bool good = walk(template, &out, NULL, false, &places, &filled);

	buf_free(&out);
	return good;
}

bool template_knows(const char *template, const struct scope *s)
{
	struct buf out = { 0 };
	size_t places = 0, filled = 0;
	bool good = walk(template, &out, s, false, &places, &filled);

	buf_free(&out);
	return good && places == filled;
}

void template_fill(struct buf *out, const char *template, const struct scope *s, bool url)
{
	size_t places = 0, filled = 0, before = out->n;

	walk(template, out, s, url, &places, &filled);
	if (places && !filled) {
		out->n = before;
		if (out->p)
			out->p[before] = 0;
	}
}

/* What "{place}" and nothing else leads to when that is a list or an object; NULL otherwise. */
static const json_t *whole_place(const char *t, const struct scope *s)
{
	size_t n = strlen(t);

	if (n < 3 || t[0] != '{' || t[1] == '{' || strchr(t, '}') != t + n - 1)
		return NULL;
	const json_t *value = path_at(s, t + 1, n - 2);
	return json_is_array(value) || json_is_object(value) ? value : NULL;
}

static json_t *filled_text(const json_t *text, const struct scope *s)
{
	struct buf out = { 0 };
	const json_t *whole = whole_place(json_string_value(text), s);

	if (whole)
		return json_deep_copy(whole);

	template_fill(&out, json_string_value(text), s, false);
	json_t *j = json_stringn(out.n ? out.p : "", out.n);
	buf_free(&out);
	return j ? j : json_string("");
}

json_t *template_json(const json_t *document, const struct scope *s)
{
	const char *key;
	json_t *value, *out;
	size_t i;

	if (json_is_string(document))
		return filled_text(document, s);
	if (json_is_array(document)) {
		out = json_array();
		json_array_foreach(document, i, value)
			json_array_append_new(out, template_json(value, s));
		return out;
	}
	if (!json_is_object(document))
		return json_deep_copy(document);
	out = json_object();
	json_object_foreach((json_t *)(uintptr_t)document, key, value)
		json_object_set_new(out, key, template_json(value, s));
	return out;
}
