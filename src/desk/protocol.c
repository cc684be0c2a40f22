/*
 * Reading frames; see the header and PROTOCOL.md. One reader for each field, one table row for each frame.
 */
#include "desk/protocol.h"

#include "base/assert.h"
#include "model/limits.h"
#include "model/pairs.h"
#include "text/address.h"

struct frame_row {
	const char *name;
	enum action action;
	enum command_type command;
	uint32_t need, may;
};
#define FRAME_ROW(frame, text, act, cmd, needs, mays)                                              \
	[FRAME_##frame] = { .name = text,                                                          \
		.action = ACTION_##act,                                                            \
		.command = COMMAND_##cmd,                                                          \
		.need = (needs),                                                                   \
		.may = (mays) },
static const struct frame_row frame_rows[FRAME_COUNT] = { FRAMES(FRAME_ROW) };
#define FIELD_TEXT(field, text) text,
static const char *const field_names[] = { FRAME_FIELDS(FIELD_TEXT) NULL };

enum { ID_MAX = 64 };

/* ---- JSON from outside ---- */

/* Before a parser recurses into it. Brackets in strings do not count. */
static bool depth_fits(struct slice text)
{
	size_t depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > DESK_DEPTH_MAX)
				return false;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return true;
}

json_t *json_read(struct slice text, size_t size_max, const char **why)
{
	json_error_t error;
	if (text.n > size_max || !depth_fits(text)) {
		*why = text.n > size_max ? "too large" : "nested too deeply";
		return NULL;
	}
	json_t *root = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root)) {
		*why = root ? "not a JSON object" : "not JSON, or a member is there twice";
		json_decref(root);
		return NULL;
	}
	return root;
}

static struct slice json_slice(const json_t *v, struct arena *arena)
{
	return arena_copy(arena, slice_make(json_string_value(v), json_string_length(v)));
}

/* ---- fields ---- */

struct reading {
	struct arena *arena;
	struct frame *f;
	const char *name; /* of the field */
	const char *code, *message;
};

static bool refuse(struct reading *r, const char *code, const char *expected)
{
	r->code = code;
	r->message = arena_printf(r->arena, "\"%s\": %s", r->name, expected).p;
	return false;
}

static bool read_string(struct reading *r, const json_t *v, size_t max, struct slice *out)
{
	if (!json_is_string(v))
		return refuse(r, "invalid", "expected a string");
	if (json_string_length(v) > max)
		return refuse(r, "too_large", arena_printf(r->arena, "at most %zu bytes", max).p);
	*out = json_slice(v, r->arena);
	return true;
}

static bool read_id(struct reading *r, const json_t *v, struct id *out)
{
	if (json_is_string(v) && id_parse(slice_of(json_string_value(v)), out) && !id_is_none(*out))
		return true;
	return refuse(r, "invalid", "expected an id of 26 characters");
}

static bool read_u64(struct reading *r, const json_t *v, uint64_t *out)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return refuse(r, "invalid", "expected a whole number, 0 or more");
	*out = (uint64_t)json_integer_value(v);
	return true;
}

static bool read_bool(struct reading *r, const json_t *v, bool *out)
{
	if (!json_is_boolean(v))
		return refuse(r, "invalid", "expected true or false");
	*out = json_is_true(v);
	return true;
}

/* Names of queues and agents; whether they exist is the engine's to say. */
static bool name_fits(struct slice s)
{
	return s.n > 0 && s.n <= NAME_MAX_LEN;
}

static bool read_presence(struct reading *r, const json_t *v)
{
	uint32_t p =
		json_is_string(v) ? word_parse(presence_words, slice_of(json_string_value(v))) : 0;
	if (!p || p == PRESENCE_NOT_RESPONDING)
		return refuse(r, "invalid", "expected available, away or offline");
	r->f->c.presence = p;
	return true;
}

static bool read_target(struct reading *r, const json_t *v)
{
	struct slice s;
	if (!read_string(r, v, MESSAGE_KEY_MAX, &s))
		return false;
	struct slice name = s, whither = slice_cut(&name, ':');
	bool skills = slice_is(whither, "skills");
	if ((!skills && !slice_is(whither, "queue") && !slice_is(whither, "agent")) || !name.n ||
		(!skills && name.n > NAME_MAX_LEN))
		return refuse(r, "invalid",
			"expected queue:NAME, agent:NAME or skills:NAME=LEVEL NAME=LEVEL ...");
	r->f->c.to = s;
	return true;
}

static bool read_name(struct reading *r, const json_t *v, struct slice *out)
{
	if (!read_string(r, v, NAME_MAX_LEN, out))
		return false;
	return name_fits(*out) || refuse(r, "invalid", "expected a name");
}

static bool part_read(const json_t *v, struct arena *arena, struct part *p)
{
	const json_t *name = json_object_get(v, "name"), *type = json_object_get(v, "type");
	const json_t *size = json_object_get(v, "size"), *blob = json_object_get(v, "blob");
	if (!json_is_string(name) || !json_is_string(type) || !json_is_string(blob) ||
		!json_is_integer(size) || json_integer_value(size) < 0 ||
		json_integer_value(size) > BLOB_MAX)
		return false;
	*p = (struct part){ .name = json_slice(name, arena),
		.type = json_slice(type, arena),
		.blob = json_slice(blob, arena),
		.size_bytes = (uint64_t)json_integer_value(size) };
	if (!p->name.n || p->name.n > MESSAGE_NAME_MAX || p->type.n > MESSAGE_NAME_MAX ||
		p->blob.n != 64)
		return false;
	for (size_t i = 0; i < p->blob.n; i++)
		if (!strchr("0123456789abcdef", p->blob.p[i]))
			return false;
	return true;
}

/* Parts [{name,type,size,blob}] as model/pairs.h lines. False with a reason. */
static bool protocol_parts(
	const json_t *v, struct arena *arena, struct slice *out, const char **why)
{
	struct str lines = { 0 };
	size_t i, count = json_array_size(v);
	*why = "expected an array of {name,type,size,blob}, the blob one that POST /api/v1/blobs "
	       "named";
	bool fits = json_is_array(v) && count <= MESSAGE_PARTS_MAX;
	for (i = 0; fits && i < count; i++) {
		struct part p;
		fits = part_read(json_array_get(v, i), arena, &p);
		if (fits)
			parts_add(&lines, &p);
	}
	*out = fits ? arena_copy(arena, str_slice(&lines)) : (struct slice){ 0 };
	str_free(&lines);
	return fits;
}

static bool read_parts(struct reading *r, const json_t *v)
{
	const char *why;
	return protocol_parts(v, r->arena, &r->f->c.parts, &why) || refuse(r, "invalid", why);
}

/* Addresses in their normal spelling, one a line. */
static bool read_addresses(struct reading *r, const json_t *v, struct slice *out)
{
	struct str lines = { 0 };
	size_t count = json_array_size(v);
	bool fits = json_is_array(v) && count <= RECIPIENTS_MAX;

	for (size_t i = 0; fits && i < count; i++) {
		const json_t *one = json_array_get(v, i);
		if (i)
			str_add_char(&lines, '\n');
		fits = json_is_string(one) && address_normalize(&lines, json_slice(one, r->arena));
	}
	*out = fits ? arena_copy(r->arena, str_slice(&lines)) : (struct slice){ 0 };
	str_free(&lines);
	return fits ||
	       refuse(r, "invalid",
		       arena_printf(r->arena, "expected an array of at most %d mail addresses",
			       RECIPIENTS_MAX)
			       .p);
}

/* Whom a first message is for: the identity by which he is known. */
static bool read_address(struct reading *r, const json_t *v)
{
	struct str one = { 0 };
	bool fits = json_is_string(v) && address_normalize(&one, json_slice(v, r->arena));

	r->f->c.ident_kind = SLICE("email");
	r->f->c.ident_value = fits ? arena_copy(r->arena, str_slice(&one)) : (struct slice){ 0 };
	str_free(&one);
	return fits || refuse(r, "invalid", "expected a mail address");
}

/* One line of text for people. */
static bool read_line(struct reading *r, const json_t *v, size_t max, struct slice *out)
{
	if (!read_string(r, v, max, out))
		return false;
	for (size_t i = 0; i < out->n; i++)
		if ((unsigned char)out->p[i] < 0x20 || out->p[i] == 0x7f)
			return refuse(r, "invalid", "expected one line of text");
	*out = slice_trim(*out);
	return out->n || refuse(r, "invalid", "it is empty");
}

static bool read_field(struct reading *r, enum frame_field field, const json_t *v)
{
	struct command *c = &r->f->c;
	bool paused = false;
	switch (field) {
	case DESK_FIELD_TO:
		return r->f->type == FRAME_PRESENCE ? read_presence(r, v)
		       : r->f->type == FRAME_WRITE  ? read_address(r, v)
						    : read_target(r, v);
	case DESK_FIELD_OFFER:
		return read_id(r, v, &c->offer);
	case DESK_FIELD_REASON:
		return read_string(r, v, REASON_MAX, &c->why);
	case DESK_FIELD_CONV:
		return read_id(r, v, &c->conv);
	case DESK_FIELD_TEXT:
		return read_string(r, v, MESSAGE_TEXT_MAX, &c->text);
	case DESK_FIELD_PARTS:
		return read_parts(r, v);
	case DESK_FIELD_OUTCOME:
		return read_string(r, v, NAME_MAX_LEN, &c->outcome);
	case DESK_FIELD_AGENT:
		return read_name(r, v, &c->to);
	case DESK_FIELD_SEQ:
		return read_u64(r, v, &c->seq);
	case DESK_FIELD_ON:
		return read_bool(r, v, &r->f->on);
	case DESK_FIELD_QUEUE:
		return read_name(r, v, &c->queue);
	case DESK_FIELD_PAUSED:
		if (!read_bool(r, v, &paused))
			return false;
		c->paused = paused;
		return true;
	case DESK_FIELD_FROM:
		return read_u64(r, v, &r->f->from);
	case DESK_FIELD_CUSTOMER:
		return read_id(r, v, &c->customer);
	case DESK_FIELD_INTO:
		return read_id(r, v, &c->linked);
	case DESK_FIELD_CC:
		return read_addresses(r, v, &c->cc);
	case DESK_FIELD_BCC:
		return read_addresses(r, v, &c->bcc);
	case DESK_FIELD_CHANNEL:
		return read_name(r, v, &c->channel);
	case DESK_FIELD_SUBJECT:
		return read_line(r, v, MESSAGE_SUBJECT_MAX, &c->subject);
	case DESK_FIELD_QUOTED_HTML:
		return read_string(r, v, QUOTED_HTML_MAX, &c->quoted_html);
	case DESK_FIELD_NAME:
		return read_line(r, v, MESSAGE_NAME_MAX, &c->name);
	case DESK_FIELD_COUNT:
		break;
	}
	ASSERT(false);
	return false;
}

/* ---- frames ---- */

static bool read_fields(struct reading *r, const json_t *root, const struct frame_row *row)
{
	for (enum frame_field i = 0; i < DESK_FIELD_COUNT; i++) {
		const json_t *v = json_object_get(root, field_names[i]);
		bool need = row->need & (1u << i), may = row->may & (1u << i);
		r->name = field_names[i];
		if (need && !v)
			return refuse(
				r, "invalid", arena_printf(r->arena, "%s needs it", row->name).p);
		if (v && (need || (may && !json_is_null(v))) && !read_field(r, i, v))
			return false;
	}
	bool words =
		r->f->type == FRAME_REPLY || r->f->type == FRAME_NOTE || r->f->type == FRAME_WRITE;
	r->name = "text";
	if (words && !slice_trim(r->f->c.text).n && !r->f->c.parts.n)
		return refuse(r, "invalid", "there is nothing to say");
	return true;
}

/* The id first: an error about the rest can then name it. */
static bool read_header(struct reading *r, const json_t *root)
{
	const json_t *id = json_object_get(root, "id"), *t = json_object_get(root, "t");
	if (json_is_string(id) && json_string_length(id) > 0 && json_string_length(id) <= ID_MAX)
		r->f->id = json_slice(id, r->arena);
	r->name = "id";
	if (id && !r->f->id.n)
		return refuse(r, "invalid", "expected a string of 1 to 64 bytes");
	for (enum frame_type i = FRAME_NONE + 1; json_is_string(t) && i < FRAME_COUNT; i++)
		if (strcmp(json_string_value(t), frame_rows[i].name) == 0)
			r->f->type = i;
	r->name = "t";
	if (!r->f->type)
		return refuse(r, "invalid", "there is no such frame; PROTOCOL.md lists them");
	const struct frame_row *row = &frame_rows[r->f->type];
	r->f->action = row->action;
	r->f->c.type = row->command;
	r->name = "id";
	if (!r->f->id.n && (row->command || r->f->type == FRAME_WATCH))
		return refuse(r, "invalid", "a command needs its own id, so that it is done once");
	return true;
}

bool protocol_parse(struct slice text, struct arena *arena, struct frame *f, const char **code,
	const char **message)
{
	struct reading r = { .arena = arena, .f = f, .code = "invalid", .message = "not a frame" };
	*f = (struct frame){ 0 };
	json_t *root = json_read(text, DESK_FRAME_MAX, &r.message);
	bool read = root && read_header(&r, root) && read_fields(&r, root, &frame_rows[f->type]);
	json_decref(root);
	*code = r.code;
	*message = r.message;
	return read;
}
