/*
 * The declared fields of a form, and whether what was posted is what they ask for. Decides nothing about pages or messages.
 * Called by form.c at the start and by post.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"

static int type_of(struct usher_str word)
{
#define ROW(name, text, html, complete)                                                            \
	if (str_is(word, text))                                                                    \
		return name;
	FIELD_TYPES(ROW)
#undef ROW
	return FIELD_TYPE_COUNT;
}

static int map_of(struct usher_str word)
{
#define ROW(name, text)                                                                            \
	if (str_is(word, text))                                                                    \
		return name;
	FIELD_MAPS(ROW)
#undef ROW
	return FIELD_MAP_COUNT;
}

/* What a field is for when the declaration does not say. */
static enum field_map map_guess(const struct field *f)
{
	if (f->type == FIELD_FILE)
		return MAP_FILE;
	if (f->type == FIELD_LONG)
		return MAP_TEXT;
	if (f->type == FIELD_EMAIL)
		return MAP_IDENTITY;
	if (str_is(f->name, "name"))
		return MAP_NAME;
	if (str_is(f->name, "subject"))
		return MAP_SUBJECT;
	return MAP_HINT;
}

static struct usher_str option(struct form *f, size_t i, const char *what)
{
	char key[64];

	snprintf(key, sizeof(key), "fields.%zu.%s", i, what);
	return f->svc->option(f->host, key);
}

int choice_next(struct usher_str *rest, struct usher_str *one)
{
	if (!rest->p)
		return 0;
	const char *bar = rest->n ? memchr(rest->p, '|', rest->n) : NULL;
	*one = (struct usher_str){ rest->p, bar ? (size_t)(bar - rest->p) : rest->n };
	*rest = bar ? (struct usher_str){ bar + 1, rest->n - one->n - 1 }
		    : (struct usher_str){ NULL, 0 };
	return 1;
}

static size_t bars(struct usher_str list)
{
	size_t n = 0;

	for (size_t i = 0; i < list.n; i++)
		n += list.p[i] == '|';
	return n;
}

static int refuse(char *why, size_t size, size_t i, const char *text)
{
	snprintf(why, size, "fields.%zu: %s", i, text);
	return -1;
}

static int name_ok(struct usher_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
			    name.p[i]))
			return 0;
	return name.n > 0 && name.n <= 64 && name.p[0] != '_';
}

static int field_read(struct form *f, size_t i, char *why, size_t size)
{
	struct field *d = &f->fields[f->field_count];
	struct usher_str map = option(f, i, "map"), most = option(f, i, "max");

	d->name = option(f, i, "name");
	if (!name_ok(d->name))
		return refuse(why, size, i,
			"a name has 1 to 64 of a-z, A-Z, 0-9, - and _, and no _ at its beginning");
	if (field_find(f, d->name) < f->field_count)
		return refuse(why, size, i, "there is already a field of this name");
	d->type = (enum field_type)type_of(option(f, i, "type"));
	d->map = str_is(map, "auto") ? map_guess(d) : (enum field_map)map_of(map);
	d->choices = option(f, i, "choices");
	d->value = option(f, i, "value");
	d->required = str_is(option(f, i, "required"), "yes");
	d->max = strtoul(most.p, NULL, 10);
	if (!d->max)
		d->max = d->type == FIELD_LONG ? 10000 : 200;
	d->label[LANGUAGE_EN] = option(f, i, "label");
	d->label[LANGUAGE_RU] = option(f, i, "label_ru");
	if (!d->label[LANGUAGE_EN].n)
		d->label[LANGUAGE_EN] = d->name;
	if (!d->label[LANGUAGE_RU].n)
		d->label[LANGUAGE_RU] = d->label[LANGUAGE_EN];
	if (d->type == FIELD_CHOICE && !d->choices.n)
		return refuse(why, size, i, "a choice needs choices: \"one|two\"");
	d->choice_labels[LANGUAGE_EN] = option(f, i, "choice_labels");
	d->choice_labels[LANGUAGE_RU] = option(f, i, "choice_labels_ru");
	if (!d->choice_labels[LANGUAGE_EN].n)
		d->choice_labels[LANGUAGE_EN] = d->choices;
	if (!d->choice_labels[LANGUAGE_RU].n)
		d->choice_labels[LANGUAGE_RU] = d->choice_labels[LANGUAGE_EN];
	for (int lang = 0; lang < LANGUAGE_COUNT; lang++)
		if (bars(d->choice_labels[lang]) != bars(d->choices))
			return refuse(why, size, i, "there are as many choice_labels as choices");
	if ((d->type == FIELD_FILE) != (d->map == MAP_FILE))
		return refuse(why, size, i, "a file is mapped to file, and nothing else is");
	f->field_count++;
	return 0;
}

/* name, email, subject, message, attachment: what most sites ask. */
static void fields_usual(struct form *f)
{
	static const struct field usual[] = {
		{ .name = LITERAL_INIT("name"),
			.label = { LITERAL_INIT("Your name"), LITERAL_INIT("Ваше имя") },
			.type = FIELD_TEXT,
			.map = MAP_NAME,
			.max = 200 },
		{ .name = LITERAL_INIT("email"),
			.label = { LITERAL_INIT("Email"), LITERAL_INIT("Почта") },
			.type = FIELD_EMAIL,
			.map = MAP_IDENTITY,
			.required = 1,
			.max = 254 },
		{ .name = LITERAL_INIT("subject"),
			.label = { LITERAL_INIT("Subject"), LITERAL_INIT("Тема") },
			.type = FIELD_TEXT,
			.map = MAP_SUBJECT,
			.max = 200 },
		{ .name = LITERAL_INIT("message"),
			.label = { LITERAL_INIT("Message"), LITERAL_INIT("Сообщение") },
			.type = FIELD_LONG,
			.map = MAP_TEXT,
			.required = 1,
			.max = 10000 },
		{ .name = LITERAL_INIT("attachment"),
			.label = { LITERAL_INIT("Attachment"), LITERAL_INIT("Файл") },
			.type = FIELD_FILE,
			.map = MAP_FILE },
	};

	memcpy(f->fields, usual, sizeof(usual));
	f->field_count = sizeof(usual) / sizeof(usual[0]);
}

static size_t count_mapped(const struct form *f, enum field_map map)
{
	size_t n = 0;

	for (size_t i = 0; i < f->field_count; i++)
		n += f->fields[i].map == map;
	return n;
}

int fields_read(struct form *f, char *why, size_t size)
{
	for (size_t i = 0; i < FIELDS_MAX; i++) {
		if (!option(f, i, "name").p)
			break;
		if (field_read(f, i, why, size))
			return -1;
	}
	if (option(f, FIELDS_MAX, "name").p) {
		snprintf(why, size, "fields: at most %d are taken", FIELDS_MAX);
		return -1;
	}
	if (!f->field_count)
		fields_usual(f);
	if (count_mapped(f, MAP_TEXT) != 1 || count_mapped(f, MAP_IDENTITY) > 1 ||
		count_mapped(f, MAP_NAME) > 1 || count_mapped(f, MAP_SUBJECT) > 1) {
		snprintf(why, size,
			"fields: exactly one is mapped to text (type long, or map: text), at most "
			"one each to identity, name and subject");
		return -1;
	}
	return 0;
}

size_t field_find(const struct form *f, struct usher_str name)
{
	for (size_t i = 0; i < f->field_count; i++)
		if (f->fields[i].name.n == name.n &&
			memcmp(f->fields[i].name.p, name.p, name.n) == 0)
			return i;
	return FIELDS_MAX;
}

/* ---- checks ---- */

/* As maxlength counts: the end of a line is one, though browsers send it as two. */
size_t characters(struct usher_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80 &&
		     !(s.p[i] == '\n' && i && s.p[i - 1] == '\r');
	return n;
}

static int is_blank(struct usher_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(" \t\r\n", s.p[i]) || !s.p[i])
			return 0;
	return 1;
}

/* What a person can have mistyped, no more: the address is not written to. */
static int is_email(struct usher_str s)
{
	const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;
	const char *end = s.p + s.n;

	if (!at || at == s.p || s.n > 254 || memchr(at + 1, '@', (size_t)(end - at - 1)))
		return 0;
	for (const char *p = s.p; p < end; p++)
		if ((unsigned char)*p <= 0x20 || strchr("<>,;\\\"()", *p))
			return 0;
	const char *dot = memchr(at + 1, '.', (size_t)(end - at - 1));
	return dot && dot != at + 1 && end[-1] != '.';
}

static int is_phone(struct usher_str s)
{
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9')
			digits++;
		else if (!s.p[i] || !strchr("+-() .", s.p[i]))
			return 0;
	}
	return digits >= 5 && digits <= 20;
}

static int is_choice(struct usher_str choices, struct usher_str s)
{
	struct usher_str one;

	while (choice_next(&choices, &one))
		if (one.n == s.n && memcmp(one.p, s.p, one.n) == 0)
			return 1;
	return 0;
}

struct usher_str trimmed(struct usher_str s)
{
	while (s.n && is_blank((struct usher_str){ s.p, 1 })) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank((struct usher_str){ s.p + s.n - 1, 1 }))
		s.n--;
	return s;
}

static const char *check_value(const struct field *d, struct usher_str s)
{
	if (is_blank(s))
		return d->required ? "required" : NULL;
	if (characters(s) > d->max)
		return "too_long";
	switch (d->type) {
	case FIELD_EMAIL:
		return is_email(trimmed(s)) ? NULL : "email";
	case FIELD_PHONE:
		return is_phone(s) ? NULL : "phone";
	case FIELD_CHOICE:
		return is_choice(d->choices, s) ? NULL : "choice";
	case FIELD_TEXT:
	case FIELD_LONG:
	case FIELD_CHECK:
	case FIELD_HIDDEN:
	case FIELD_FILE:
	case FIELD_TYPE_COUNT:
		break;
	}
	return NULL;
}

static const char *check_files(const struct post *p, size_t field)
{
	size_t n = 0;

	for (size_t i = 0; i < p->file_count; i++) {
		n += p->files[i]->field == field;
		if (p->files[i]->field == field && p->files[i]->too_large)
			return "file_large";
	}
	return !n && p->form->fields[field].required ? "required" : NULL;
}

void fields_check(struct post *p)
{
	const struct form *f = p->form;

	p->error_count = 0;
	for (size_t i = 0; i < f->field_count; i++) {
		const struct field *d = &f->fields[i];
		if (!p->errors[i])
			p->errors[i] = d->type == FIELD_FILE
					       ? check_files(p, i)
					       : check_value(d, buf_str(&p->values[i]));
		p->error_count += p->errors[i] != NULL;
	}
}
