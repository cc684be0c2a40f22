/*
 * What a body says, in the three ways a form is sent: values into the fields, files into blobs as they come. Knows limits, not
 * rules: whether a value is right is fields.c's. Called by post.c.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "kit/escapes.h"

/* ---- values ---- */

static int name_is(struct usher_str s, const char *name)
{
	return s.n == strlen(name) && memcmp(s.p, name, s.n) == 0;
}

/* Where the value of that name goes; NULL: nowhere, it is passed over. */
static struct buf *slot_of(struct post *p, struct usher_str name)
{
	p->slot_field = field_find(p->form, name);
	if (name_is(name, "_stamp"))
		return &p->stamp;
	if (name_is(name, "_website"))
		return &p->trap;
	if (name_is(name, "_work"))
		return &p->work;
	if (name_is(name, "_answer"))
		return &p->answer;
	if (p->slot_field == FIELDS_MAX || p->form->fields[p->slot_field].type == FIELD_FILE)
		return NULL;
	/* A field that is sent twice (several boxes of one name) has both values. */
	if (p->given[p->slot_field] && p->values[p->slot_field].n)
		buf_text(&p->values[p->slot_field], ", ");
	p->given[p->slot_field] = 1;
	return &p->values[p->slot_field];
}

static void slot_add(struct post *p, struct usher_str piece)
{
	struct buf *b = p->slot;
	size_t max = p->slot_field == FIELDS_MAX ? KEY_MAX : FIELD_TEXT_MAX;

	if (!b)
		return;
	if (b->n + piece.n > max || p->bytes + piece.n > BODY_MAX) {
		if (p->slot_field != FIELDS_MAX)
			p->errors[p->slot_field] = "too_long";
		return;
	}
	p->bytes += piece.n;
	buf_add(b, piece.p, piece.n);
}

/* ---- application/x-www-form-urlencoded ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place: the decoded text is never longer. */
static struct usher_str decode(char *p, size_t n)
{
	size_t to = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '%' && n - i > 2 && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
			p[to++] = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
			i += 2;
		} else {
			p[to++] = p[i] == '+' ? ' ' : p[i];
		}
	}
	return (struct usher_str){ p, to };
}

int body_urlencoded(struct post *p)
{
	char *at = p->body.p, *end = at + p->body.n;

	while (at < end) {
		char *next = memchr(at, '&', (size_t)(end - at));
		char *stop = next ? next : end;
		char *equals = memchr(at, '=', (size_t)(stop - at));
		if (equals) {
			p->slot = slot_of(p, decode(at, (size_t)(equals - at)));
			slot_add(p, decode(equals + 1, (size_t)(stop - equals - 1)));
		}
		at = stop + 1;
	}
	p->slot = NULL;
	return 0;
}

/* ---- application/json: one object, each value a text, a number or a truth value ---- */

static void json_value(struct post *p, json_t *v)
{
	struct buf number = { 0 };

	if (json_is_string(v)) {
		slot_add(p, (struct usher_str){ json_string_value(v), json_string_length(v) });
	} else if (json_is_integer(v)) {
		buf_printf(&number, "%lld", (long long)json_integer_value(v));
		slot_add(p, buf_str(&number));
	} else if (json_is_real(v)) {
		buf_printf(&number, "%.15g", json_real_value(v));
		slot_add(p, buf_str(&number));
	} else if (json_is_true(v)) {
		slot_add(p, LITERAL("yes"));
	} else if (!json_is_null(v) && !json_is_false(v) && p->slot_field != FIELDS_MAX) {
		p->errors[p->slot_field] = "must_be_text";
	}
	buf_free(&number);
}

int body_json(struct post *p, const char **why)
{
	static char text[JSON_ERROR_TEXT_LENGTH + 64];
	const char *name;
	json_error_t error;

	escapes_mend(p->body.p, p->body.n, false);
	json_t *v, *all = json_loadb(
			   p->body.n ? p->body.p : "", p->body.n, JSON_REJECT_DUPLICATES, &error);

	*why = text;
	if (!json_is_object(all)) {
		snprintf(text, sizeof(text),
			all ? "the JSON is not an object" : "line %d, column %d: %s", error.line,
			error.column, error.text);
		json_decref(all);
		return -1;
	}
	json_object_foreach(all, name, v)
	{
		p->slot = slot_of(p, (struct usher_str){ name, strlen(name) });
		if (p->slot_field == FIELDS_MAX && !p->slot)
			buf_text(&p->unknown_name, p->unknown_name.n ? "" : name);
		else if (p->slot_field != FIELDS_MAX && !p->slot)
			p->errors[p->slot_field] = json_is_null(v) ? NULL : "no_file";
		else
			json_value(p, v);
	}
	p->slot = NULL;
	json_decref(all);
	return 0;
}

/* ---- multipart/form-data ---- */

static void begin_file(struct post *p, const struct multipart_part *part)
{
	const struct form *f = p->form;
	struct file *file;

	if (p->file_count >= f->files_max) {
		p->errors[p->slot_field] = "file_count";
		return;
	}
	/* Under attack nothing goes to the disk before the answer, which our page sends first. */
	if (p->challenge && !challenge_answered(p)) {
		p->skipped = 1;
		return;
	}
	file = zeroed(sizeof(*file));
	file->post = p;
	file->field = p->slot_field;
	file->blob = f->svc->blob_open(f->host);
	buf_add(&file->name, part->filename.p, part->filename.n);
	buf_add(&file->type, part->type.p, part->type.n);
	p->files[p->file_count++] = file;
	p->open_file = file;
}

static void part_begin(void *arg, const struct multipart_part *part)
{
	struct post *p = arg;

	p->slot = slot_of(p, part->name);
	p->open_file = NULL;
	if (!part->is_file || p->slot_field == FIELDS_MAX)
		return;
	p->slot = NULL;
	if (!part->filename.n)
		return; /* a browser says so that no file was chosen */
	if (p->form->fields[p->slot_field].type == FIELD_FILE)
		begin_file(p, part);
	else
		p->errors[p->slot_field] = "not_file";
}

static void part_data(void *arg, struct usher_str piece)
{
	struct post *p = arg;
	struct file *file = p->open_file;

	if (!file) {
		slot_add(p, piece);
		return;
	}
	file->size += piece.n;
	if (file->size > p->form->file_max && !file->too_large) {
		file->too_large = 1;
		p->form->svc->blob_drop(file->blob);
		file->blob = NULL;
	}
	if (file->blob)
		p->form->svc->blob_write(file->blob, piece);
}

static void part_end(void *arg)
{
	struct post *p = arg;
	struct file *file = p->open_file;

	p->slot = NULL;
	p->open_file = NULL;
	if (!file || !file->blob)
		return;
	p->files_owed++;
	p->form->svc->blob_finish(file->blob, (uint64_t)(uintptr_t)file);
	file->blob = NULL;
}

const struct multipart_ops body_multipart = {
	.begin = part_begin,
	.data = part_data,
	.end = part_end,
};
