/*
 * The control socket: connections, lines, frames of answers. What a verb does is in verbs*.c. Called by node_start.c.
 */
#include "app/control.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/call.h"
#include "base/assert.h"
#include "base/log.h"
#include "net/conn.h"

enum { CONTROL_LINE_MAX = 1048576, ADDRESS_LONG = 100 };

struct control {
	struct node *node;
	struct listener *listener;
	int dir; /* of the data, when its path is too long for a socket's address; -1 */
	struct list calls;
};

struct control_call *control_hold(struct control_call *c)
{
	ASSERT(c->holds > 0);
	c->holds++;
	return c;
}

void control_release(struct control_call *c)
{
	ASSERT(c->holds > 0);
	if (--c->holds)
		return;
	ASSERT(!c->conn && !c->desk);
	if (c->link.on)
		list_remove(&c->link);
	json_decref(c->request);
	str_free(&c->text);
	arena_free(&c->arena);
	free(c);
}

/* ---- answers ---- */

static void say(struct control_call *c, const char *key, struct slice json, const char *rest)
{
	struct str line = { 0 };

	if (!c->conn || c->ended)
		return;
	str_addf(&line, "{\"%s\":", key);
	str_add(&line, json);
	str_addf(&line, "%s}\n", rest);
	conn_write(c->conn, str_slice(&line));
	str_free(&line);
}

static void end(struct control_call *c)
{
	if (c->conn && !c->ended)
		conn_finish(c->conn, "answered");
	c->ended = true;
}

__attribute__((format(printf, 3, 0))) static void say_text(
	struct control_call *c, const char *key, const char *format, va_list ap)
{
	struct str text = { 0 }, json = { 0 };

	str_addv(&text, format, ap);
	str_add_json(&json, str_slice(&text));
	say(c, key, str_slice(&json), "");
	str_free(&text);
	str_free(&json);
}

void control_line(struct control_call *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_text(c, "line", format, ap);
	va_end(ap);
}

void control_progress(struct control_call *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_text(c, "progress", format, ap);
	va_end(ap);
}

void control_result(struct control_call *c, struct slice json, int exit_code)
{
	char rest[32];

	snprintf(rest, sizeof(rest), ",\"exit\":%d", exit_code);
	say(c, "result", json, rest);
	end(c);
}

void control_error(struct control_call *c, int exit_code, const char *format, ...)
{
	struct str text = { 0 }, json = { 0 };
	char rest[32];
	va_list ap;

	va_start(ap, format);
	str_addv(&text, format, ap);
	va_end(ap);
	str_add_json(&json, str_slice(&text));
	snprintf(rest, sizeof(rest), ",\"exit\":%d", exit_code);
	say(c, "error", str_slice(&json), rest);
	end(c);
	str_free(&text);
	str_free(&json);
}

struct slice control_option(const struct control_call *c, const char *name)
{
	const json_t *v = json_object_get(json_object_get(c->request, "options"), name);

	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v))
				 : (struct slice){ 0 };
}

bool control_id(struct control_call *c, struct slice text, struct id *out)
{
	if (id_parse(text, out))
		return true;
	control_error(c, CALL_REFUSED, "'%.*s' is no id (26 letters and digits)", SLICE_ARG(text));
	return false;
}

/* ---- the engine ---- */

struct control_asks {
	struct control_call *call;
	void (*fn)(struct control_call *c, const struct engine *e);
};

static void on_engine(void *arg, const struct engine *e, uint64_t push_n)
{
	struct control_asks *asks = arg;
	struct control_call *c = asks->call;

	(void)push_n;
	if (e)
		asks->fn(c, e);
	else
		control_error(c, CALL_REFUSED, "this node does not route now%s%s",
			c->node->why[0] ? ": " : "", c->node->why);
	control_release(c);
}

void control_read(
	struct control_call *c, void (*fn)(struct control_call *c, const struct engine *e))
{
	struct control_asks *asks = arena_alloc(&c->arena, sizeof(*asks));

	*asks = (struct control_asks){ control_hold(c), fn };
	router_read(c->node->router, on_engine, asks);
}

/* ---- requests ---- */

struct verb_row {
	const char *name;
	size_t least, most;
	void (*begin)(struct control_call *c);
};
static void (*const begins[])(struct control_call *c) = {
	[VERB_STATUS] = verb_status,
	[VERB_QUEUE] = verb_queue,
	[VERB_AGENTS] = verb_agents,
	[VERB_CONV] = verb_conv,
	[VERB_CUSTOMER] = verb_customer,
	[VERB_EXPLAIN] = verb_explain,
	[VERB_USER] = verb_user,
	[VERB_MERGE] = verb_merge,
	[VERB_SPLIT] = verb_split,
	[VERB_DESK] = verb_desk,
	[VERB_QUARANTINE] = verb_quarantine,
	[VERB_DEAD] = verb_dead,
	[VERB_REPLAY] = verb_replay,
	[VERB_WHATIF] = verb_whatif,
	[VERB_EXPORT] = verb_export,
	[VERB_VERIFY] = verb_verify,
};
_Static_assert(sizeof(begins) / sizeof(*begins) == VERB_COUNT, "a verb without a function");

static void begin(struct control_call *c, struct slice name)
{
#define VERB_ROW(id, text, arguments, least, most, what) { text, least, most, NULL },
	static const struct verb_row rows[] = { VERBS(VERB_ROW) };
#undef VERB_ROW
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (!slice_is(name, rows[i].name))
			continue;
		if (c->arg_count < rows[i].least || c->arg_count > rows[i].most)
			control_error(c, CALL_USAGE, "%s: wrong number of arguments", rows[i].name);
		else if (c->node->strain.level >= SHED_EXPORTS &&
			 (i == VERB_WHATIF || i == VERB_EXPORT))
			control_error(c, CALL_REFUSED,
				"there is too much to do at this moment: %s; try again later",
				c->node->strain.why);
		else
			begins[i](c);
		return;
	}
	control_error(c, CALL_USAGE, "there is no verb '%.*s'", SLICE_ARG(name));
}

static void take_request(struct control_call *c, struct slice line)
{
	json_error_t error;
	size_t i;
	json_t *arg, *args;

	c->request = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &error);
	args = json_object_get(c->request, "args");
	json_array_foreach(args, i, arg)
	{
		if (!json_is_string(arg) || c->arg_count == 4)
			break;
		c->args[c->arg_count++] =
			slice_make(json_string_value(arg), json_string_length(arg));
	}
	const json_t *verb = json_object_get(c->request, "verb");
	if (!c->request)
		control_error(c, CALL_USAGE, "not JSON: %s", error.text);
	else if (!json_is_string(verb) || c->arg_count != json_array_size(args))
		control_error(c, CALL_USAGE, "a request is {\"verb\":..,\"args\":[..]}");
	else
		begin(c, slice_of(json_string_value(verb)));
}

static void take_line(struct control_call *c, struct slice line)
{
	if (c->ended)
		return;
	if (!c->request)
		take_request(c, line);
	else if (c->desk && line.n)
		desk_pipe_line(c->desk, line);
}

static size_t on_data(struct conn *conn, struct slice bytes, void *arg)
{
	struct control_call *c = arg;
	size_t used = 0;

	(void)conn;
	while (used < bytes.n) {
		struct slice rest = slice_make(bytes.p + used, bytes.n - used);
		size_t n = slice_find(rest, '\n');
		if (n == rest.n)
			break;
		take_line(c, slice_make(rest.p, n));
		used += n + 1;
	}
	if (!used && bytes.n >= CONTROL_LINE_MAX) {
		control_error(c, CALL_USAGE, "a line of more than %d bytes", CONTROL_LINE_MAX);
		return bytes.n;
	}
	return used;
}

static void on_closed(struct conn *conn, const char *why, void *arg)
{
	struct control_call *c = arg;

	(void)conn;
	(void)why;
	c->conn = NULL;
	if (c->desk)
		desk_pipe_close(&c->desk);
	control_release(c);
}

static bool on_eof(struct conn *conn, void *arg)
{
	const struct control_call *c = arg;

	(void)conn;
	return !c->desk; /* a client that has said all it wants still waits for its answer */
}

static const struct conn_ops conn_ops = { .data = on_data, .closed = on_closed, .eof = on_eof };

static void on_accept(struct conn *conn, void *arg)
{
	struct control *control = arg;
	struct control_call *c = mem_alloc(sizeof(*c));

	*c = (struct control_call){ .node = control->node, .conn = conn, .holds = 1 };
	list_push_back(&control->calls, &c->link);
	conn_set_input_max(conn, CONTROL_LINE_MAX);
	conn_set_ops(conn, &conn_ops, c);
}

struct control *control_new(struct node *n, struct err *err)
{
	struct control *control = mem_alloc(sizeof(*control));
	struct str address = { 0 };
	mode_t before = umask(0177); /* 0600 from the first moment */

	control->node = n;
	control->dir = -1;
	str_addf(&address, "unix:%.*s/usherctl.sock", SLICE_ARG(n->config->data_dir));
	if (address.n > ADDRESS_LONG) {
		control->dir = open(n->config->data_dir.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
		str_clear(&address);
		str_addf(&address, "unix:/proc/self/fd/%d/usherctl.sock", control->dir);
	}
	control->listener = listener_new(n->loop, address.p, NULL, on_accept, control, err);
	umask(before);
	str_free(&address);
	if (!control->listener) {
		err_prefix(err, "control socket: ");
		if (control->dir >= 0)
			close(control->dir);
		free(control);
		return NULL;
	}
	return control;
}

void control_free(struct control **control)
{
	if (!*control)
		return;
	listener_free(&(*control)->listener);
	if ((*control)->dir >= 0)
		close((*control)->dir);
	LIST_FOR (c, &(*control)->calls, struct control_call, link) {
		list_remove(&c->link);
		if (c->conn)
			conn_close(c->conn, "stopping");
	}
	free(*control);
	*control = NULL;
}
