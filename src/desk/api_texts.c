/*
 * Texts that may be put into a reply: those of the configuration, for all or one queue, and those that a person keeps for himself. Places
 * such as {{customer.name}} are checked here and filled in by whoever sends.
 */
#include "base/clock.h"
#include "desk/api.h"
#include "desk/out.h"
#include "desk/protocol.h"
#include "model/limits.h"
#include "text/template.h"

struct own {
	struct pairs_found kept;
	struct command cmd;
	bool fresh;
};

/* ---- reading ---- */

static void write_own(struct str *o, struct slice id, struct slice title, struct slice text)
{
	out_comma(o);
	str_add_char(o, '{');
	out_string(o, "name", id);
	out_string(o, "title", title);
	out_string(o, "text", text);
	out_bool(o, "own", true);
	str_add_char(o, '}');
}

static void on_texts(void *arg, int status)
{
	struct call *c = arg;
	const struct config *config = c->d->config;
	const struct pairs_found *own = c->state;
	struct str o = { 0 };

	str_add_text(&o, "{\"templates\":[");
	for (size_t i = 0; i < config->template_count; i++) {
		const struct canned *t = &config->templates[i];
		out_comma(&o);
		str_add_char(&o, '{');
		out_string(&o, "name", t->name);
		out_string(&o, "title", t->title);
		out_string(&o, "text", t->text);
		out_text(&o, "queue", t->queue ? t->queue->name : (struct slice){ 0 });
		out_text(&o, "language", t->lang);
		str_add_char(&o, '}');
	}
	for (size_t i = 0; i < own->count; i++) {
		struct slice text = own->v[2 * i + 1], title = slice_cut(&text, '\n');
		write_own(&o, own->v[2 * i], title, text);
	}
	str_add_text(&o, "]}");
	if (status)
		call_failed(c, status);
	else
		call_json(c, 200, &o);
	str_free(&o);
	call_release(c);
}

void call_templates(struct call *c)
{
	struct lookup *l = lookup_new(c->d->store, &c->arena);

	c->state = arena_alloc(&c->arena, sizeof(struct pairs_found));
	lookup_own_texts(l, c->who.user, c->state);
	call_hold(c);
	lookup_run(l, on_texts, c);
}

/* ---- keeping ---- */

static void on_kept(void *arg, int status, enum answer answer, const char *why)
{
	struct call *c = arg;
	const struct command *cmd = &((struct own *)c->state)->cmd;
	struct str o = { 0 };
	char text[ID_TEXT_LEN + 1];

	if (status || (answer != ANSWER_OK && answer != ANSWER_NOOP)) {
		call_refused(c, status, answer, why);
	} else {
		write_own(&o, slice_of(id_text(cmd->id, text)), cmd->subject, cmd->text);
		call_json(c, 200, &o);
	}
	str_free(&o);
	call_release(c);
}

static void on_known(void *arg, int status)
{
	struct call *c = arg;
	struct own *own = c->state;
	char text[ID_TEXT_LEN + 1];
	bool known = found_get(&own->kept, id_text(own->cmd.id, text)).p != NULL;

	_Static_assert(OWN_TEXTS_MAX == 100, "the words below say how many");
	if (status || c->d->ended) {
		call_failed(c, status);
	} else if (!own->fresh && !known) {
		call_problem(c, 404, "you keep no such text");
	} else if (own->fresh && own->kept.count >= OWN_TEXTS_MAX) {
		call_problem(c, 409, "you keep 100 texts, the most there can be: delete one");
	} else {
		call_hold(c);
		desk_ask(c->d, &own->cmd, on_kept, c);
	}
	call_release(c);
}

static void own_ask(struct call *c, struct own *own)
{
	struct lookup *l = lookup_new(c->d->store, &c->arena);

	own->cmd.type = COMMAND_TEXT;
	own->cmd.agent = c->who.user;
	c->state = own;
	lookup_own_texts(l, c->who.user, &own->kept);
	call_hold(c);
	lookup_run(l, on_known, c);
}

/* One line, not empty, that fits; NULL when it is well. */
static const char *title_wrong(struct slice title)
{
	if (!title.n || title.n > MESSAGE_SUBJECT_MAX)
		return "\"title\": expected a line of text that is not too long";
	for (size_t i = 0; i < title.n; i++)
		if ((unsigned char)title.p[i] < 0x20 || title.p[i] == 0x7f)
			return "\"title\": expected one line";
	return NULL;
}

static const char *text_wrong(struct call *c, struct slice text)
{
	struct str why = { 0 };
	const char *wrong = NULL;

	if (!text.n || text.n > OWN_TEXT_MAX)
		wrong = arena_printf(&c->arena, "\"text\": expected 1 to %d bytes", OWN_TEXT_MAX).p;
	else if (!template_check(text, false, &why))
		wrong = arena_printf(&c->arena, "\"text\": %s", why.p).p;
	str_free(&why);
	return wrong;
}

static struct slice text_of(struct call *c, const json_t *root, const char *name)
{
	const json_t *v = json_object_get(root, name);

	return slice_trim(
		arena_copy(&c->arena, slice_make(json_string_value(v), json_string_length(v))));
}

void call_own_text_put(struct call *c)
{
	struct own *own = arena_alloc(&c->arena, sizeof(*own));
	const char *why = NULL, *wrong = NULL;
	json_t *root = json_read(c->body, API_BODY_MAX, &why);
	const json_t *id = json_object_get(root, "id");
	uint8_t chance[10];

	own->fresh = !id || json_is_null(id);
	own->cmd.subject = text_of(c, root, "title");
	own->cmd.text = text_of(c, root, "text");
	if (own->fresh) {
		chance_bytes(chance, sizeof(chance));
		own->cmd.id = id_make(loop_wall_us(c->d->loop), chance);
	} else if (!json_is_string(id) ||
		   !id_parse(slice_of(json_string_value(id)), &own->cmd.id)) {
		wrong = "\"id\": expected the name of a text of yours, or none for a new one";
	}
	if (!root)
		wrong = "expected {\"title\",\"text\"}";
	json_decref(root);
	if (!wrong)
		wrong = title_wrong(own->cmd.subject);
	if (!wrong)
		wrong = text_wrong(c, own->cmd.text);
	if (wrong)
		call_problem(c, 400, wrong);
	else
		own_ask(c, own);
}

void call_own_text_delete(struct call *c)
{
	struct own *own = arena_alloc(&c->arena, sizeof(*own));

	if (call_id(c, 0, &own->cmd.id))
		own_ask(c, own);
}
