/*
 * A message that the program brings: an `in` becomes what usher takes in. Called by talk.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

enum { LISTS_MAX = 64, PARTS_MAX = 256, PAIRS_MAX = 256 };

static size_t list_of(const json_t *list, struct usher_str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list) && n < LISTS_MAX; i++) {
		const json_t *v = json_array_get(list, i);
		if (json_is_string(v))
			out[n++] =
				(struct usher_str){ json_string_value(v), json_string_length(v) };
	}
	return n;
}

/* Numbers and truth values become words, which live as long as `numbers`. */
static size_t hints_of(const json_t *hints, struct usher_pair *out, char numbers[][32])
{
	const char *key;
	json_t *v;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)hints, key, v)
	{
		if (n == PAIRS_MAX)
			break;
		struct usher_str value = { json_string_value(v), json_string_length(v) };
		if (!json_is_string(v)) {
			if (json_is_integer(v))
				snprintf(numbers[n], 32, "%lld", (long long)json_integer_value(v));
			else if (json_is_real(v))
				snprintf(numbers[n], 32, "%g", json_real_value(v));
			else if (json_is_boolean(v))
				snprintf(numbers[n], 32, "%s", json_is_true(v) ? "yes" : "no");
			else
				continue;
			value = (struct usher_str){ numbers[n], strlen(numbers[n]) };
		}
		out[n++] = (struct usher_pair){ { key, strlen(key) }, value };
	}
	return n;
}

/* Files that were given before; whether their names are names of blobs is usher's to say. */
static size_t parts_of(const json_t *files, struct usher_part *out)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(files) && n < PARTS_MAX; i++) {
		const json_t *f = json_array_get(files, i);
		json_int_t size = json_integer_value(json_object_get(f, "size"));
		out[n++] = (struct usher_part){ .name = field_of(f, "name"),
			.type = field_of(f, "type"),
			.blob = field_of(f, "file"),
			.cid = field_of(f, "cid"),
			.size = size > 0 ? (uint64_t)size : 0 };
	}
	return n;
}

static bool in_is_wrong(struct exec *e, const json_t *line)
{
	static const char *const texts[] = { "thread", "to", "subject", "text", "html", "lang",
		"quoted", "raw", "quarantine", "again" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (field_is_wrong(e, line, texts[i], JSON_STRING))
			return true;
	return field_lacks(e, line, "id") || field_is_wrong(e, line, "from", JSON_OBJECT) ||
	       field_is_wrong(e, line, "hints", JSON_OBJECT) ||
	       field_is_wrong(e, line, "refs", JSON_ARRAY) ||
	       field_is_wrong(e, line, "also", JSON_ARRAY) ||
	       field_is_wrong(e, line, "files", JSON_ARRAY) ||
	       field_is_wrong(e, line, "sent", JSON_INTEGER) ||
	       field_is_wrong(e, line, "automatic", JSON_TRUE);
}

static struct usher_str or_else(struct usher_str s, struct usher_str other)
{
	return s.n ? s : other;
}

void message_heard(struct exec *e, const json_t *line)
{
	struct usher_str refs[LISTS_MAX], also[LISTS_MAX];
	struct usher_pair hints[PAIRS_MAX];
	struct usher_part parts[PARTS_MAX];
	char(*numbers)[32];

	if (in_is_wrong(e, line))
		return;
	const json_t *from = json_object_get(line, "from"), *sent = json_object_get(line, "sent");
	struct usher_str who = field_of(from, "value"), id = field_of(line, "id");
	numbers = zeroed(PAIRS_MAX * sizeof(*numbers));
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = id,
		.thread = or_else(or_else(field_of(line, "thread"), who), id),
		.refs = refs,
		.refs_count = list_of(json_object_get(line, "refs"), refs),
		.also = also,
		.also_count = list_of(json_object_get(line, "also"), also),
		.identity_kind =
			or_else(field_of(from, "kind"), (struct usher_str){ "account", 7 }),
		.identity = who,
		.verified = json_is_true(json_object_get(from, "verified")),
		.name = field_of(from, "name"),
		.to = field_of(line, "to"),
		.subject = field_of(line, "subject"),
		.text = field_of(line, "text"),
		.html = field_of(line, "html"),
		.lang = field_of(line, "lang"),
		.quoted = field_of(line, "quoted"),
		.raw = field_of(line, "raw"),
		.quarantine = field_of(line, "quarantine"),
		.again = field_of(line, "again"),
		.parts = parts,
		.parts_count = parts_of(json_object_get(line, "files"), parts),
		.hints = hints,
		.hints_count = hints_of(json_object_get(line, "hints"), hints, numbers),
		.sent_us = json_integer_value(sent) > 0
				   ? (uint64_t)json_integer_value(sent) * 1000000
				   : 0,
		.automatic = json_is_true(json_object_get(line, "automatic")) };
	e->seen++;
	e->usher->deliver(e->host, &m, owe(e, id));
	free(numbers);
}
