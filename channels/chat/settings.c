/*
 * What the widget wants to know before it connects: titles, the fields of the form, departments, invitations, and whether
 * anybody is there. All of it is public; nothing of it says who asks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

enum { GROUP_MAX = 50 };

struct usher_str setting(const struct chat *c, const char *group, size_t i, const char *key)
{
	char name[96];

	snprintf(name, sizeof(name), "%s.%zu.%s", group, i, key);
	return c->svc->option(c->host, name);
}

/* ---- fields ---- */

static const char *const ALWAYS[] = { "name", "email", "phone" };

int field_is_known(const struct chat *c, const char *name)
{
	struct usher_str declared;

	for (size_t i = 0; i < sizeof(ALWAYS) / sizeof(*ALWAYS); i++)
		if (strcmp(ALWAYS[i], name) == 0)
			return 1;
	for (size_t i = 0; i < GROUP_MAX; i++) {
		declared = setting(c, "fields", i, "name");
		if (!declared.n)
			return 0;
		if (str_is(declared, name))
			return 1;
	}
	return 0;
}

static int says(const struct visitor *v, struct usher_str name)
{
	for (size_t i = 0; i < v->fields_n;) {
		size_t n = strlen(v->fields + i);
		if (n == name.n && memcmp(v->fields + i, name.p, n) == 0)
			return 1;
		i += n + 1;
		i += strlen(v->fields + i) + 1;
	}
	return str_is(name, "name") && *v->name;
}

int field_missing(const struct chat *c, const struct visitor *v, char name[FIELD_NAME_MAX + 1])
{
	struct usher_str declared;

	for (size_t i = 0; i < GROUP_MAX; i++) {
		declared = setting(c, "fields", i, "name");
		if (!declared.n)
			return 0;
		if (!str_is(setting(c, "fields", i, "required"), "yes") || says(v, declared))
			continue;
		snprintf(name, FIELD_NAME_MAX + 1, "%.*s", (int)declared.n, declared.p);
		return 1;
	}
	return 0;
}

/* ---- what a message says beside its text ---- */

static size_t hint(struct usher_pair *hints, size_t n, const char *name, const char *value)
{
	if (*value && n < HINTS_MAX)
		hints[n++] = (struct usher_pair){ str_of(name), str_of(value) };
	return n;
}

size_t visitor_hints(const struct visitor *v, struct usher_pair hints[HINTS_MAX])
{
	size_t n = 0;

	n = hint(hints, n, "department", v->department);
	n = hint(hints, n, "page", v->page);
	n = hint(hints, n, "referrer", v->referrer);
	for (size_t i = 0; i < v->fields_n;) {
		const char *name = v->fields + i, *value = name + strlen(name) + 1;
		n = hint(hints, n, name, value);
		i = (size_t)(value - v->fields) + strlen(value) + 1;
	}
	return n;
}

int chat_is_open(const struct chat *c, const struct visitor *v, uint64_t *opens_us)
{
	struct usher_pair hints[HINTS_MAX];
	size_t n = v ? visitor_hints(v, hints) : 0;

	return c->svc->is_open(c->host, hints, n, opens_us);
}

/* ---- the answer ---- */

static void member(struct buf *b, const char *name, struct usher_str value)
{
	if (!value.n)
		return;
	if (b->p[b->n - 1] != '{')
		buf_text(b, ",");
	buf_text(b, "\"");
	buf_text(b, name);
	buf_text(b, "\":");
	buf_json(b, value.p, value.n);
}

static void group(struct buf *b, const struct chat *c, const char *name, const char *needed,
	const char *const *keys)
{
	buf_text(b, ",\"");
	buf_text(b, name);
	buf_text(b, "\":[");
	for (size_t i = 0; i < GROUP_MAX && setting(c, name, i, needed).n; i++) {
		buf_text(b, i ? ",{" : "{");
		for (const char *const *k = keys; *k; k++)
			member(b, *k, setting(c, name, i, *k));
		buf_text(b, "}");
	}
	buf_text(b, "]");
}

static void option(struct buf *b, const struct chat *c, const char *name)
{
	member(b, name, c->svc->option(c->host, name));
}

void settings_answer(struct chat *c, struct usher_http *r)
{
	static const char *const FIELD[] = { "name", "label", "label_ru", "type", "required",
		NULL };
	static const char *const DEPARTMENT[] = { "name", "label", "label_ru", NULL };
	static const char *const INVITE[] = { "page", "referrer", "after", "text", "text_ru",
		NULL };
	static const char *const PLAIN[] = { "title", "title_ru", "color", "rating", "comfort",
		"comfort_ru", "comfort_after", "transcript", NULL };
	struct buf b = { 0 };
	uint64_t opens_us = 0;
	int open = chat_is_open(c, NULL, &opens_us);

	buf_text(&b, "{");
	for (const char *const *k = PLAIN; *k; k++)
		option(&b, c, *k);
	if (c->files)
		option(&b, c, "file_types");
	if (c->files)
		option(&b, c, "file_max");
	if (c->svc->option(c->host, "usher.away_mail").n)
		member(&b, "away_mail", str_of("yes"));
	buf_text(&b, b.n > 1 ? ",\"open\":" : "\"open\":");
	buf_text(&b, open ? "true" : "false");
	group(&b, c, "fields", "name", FIELD);
	group(&b, c, "departments", "name", DEPARTMENT);
	group(&b, c, "invite", "text", INVITE);
	buf_text(&b, "}");
	c->svc->http_set(r, "Cache-Control", str_of("max-age=60"));
	c->svc->http_answer(r, 200, "application/json", (struct usher_str){ b.p, b.n });
	buf_free(&b);
}
