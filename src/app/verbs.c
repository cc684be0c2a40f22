/*
 * Verbs that read the engine's state: status, queue, agents, explain; and user, desk. Called by control.c.
 */
#include <string.h>

#include "app/call.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/conn.h"
#include "store/history.h"

/* ---- status ---- */

static void on_status(void *arg, const struct engine *e, uint64_t push_n)
{
	struct control_call *c = arg;

	(void)push_n;
	status_json(c->node, e, &c->text);
	control_result(c, str_slice(&c->text), 0);
	control_release(c);
}

void verb_status(struct control_call *c)
{
	router_read(c->node->router, on_status, control_hold(c));
}

/* ---- queue ---- */

struct waiting {
	struct control_call *call;
	const struct engine *engine;
	struct slice queue; /* only this one; empty: all */
	uint64_t now_us, oldest_us;
	size_t count;
};

/* priority: seconds by which its place is later than its arrival; negative: a head start. */
static bool add_waiting(const struct conv_view *v, void *arg)
{
	struct waiting *w = arg;
	struct str *out = &w->call->text;
	enum { SECOND_US = 1000000 };

	if (w->queue.n && !slice_equal(v->queue, w->queue))
		return true;
	if (!w->count++ || v->arrived_us < w->oldest_us)
		w->oldest_us = v->arrived_us;
	str_addf(out, "%s{\"position\":%zu", w->count > 1 ? "," : "",
		engine_position(w->engine, v->conv));
	json_id(out, "id", v->conv);
	json_text(out, "channel", v->channel);
	json_text(out, "queue", v->queue);
	json_text(out, "segment", v->segment);
	json_text(out, "state", slice_of(conv_state_words[v->state]));
	json_text(out, "agent", v->agent);
	str_addf(out, ",\"priority\":%lld,\"arrived_ms\":%llu,\"stage\":%llu,\"skills\":",
		(long long)((v->key - (int64_t)v->arrived_us) / SECOND_US),
		(unsigned long long)(v->arrived_us / 1000), (unsigned long long)v->stage);
	json_skills(out, v->skills);
	str_add_char(out, '}');
	return true;
}

static void on_queue(struct control_call *c, const struct engine *e)
{
	static const enum conv_state states[] = { CONV_OFFERED, CONV_WAITING, CONV_PARKED };
	struct waiting w = { .call = c,
		.engine = e,
		.queue = c->arg_count ? c->args[0] : (struct slice){ 0 },
		.now_us = loop_wall_us(c->node->loop) };

	str_add_text(&c->text, "\"conversations\":[");
	for (size_t i = 0; i < 3; i++)
		engine_each_conv(e, states[i], add_waiting, &w);
	struct str json = { 0 };
	str_addf(&json, "{\"waiting\":%zu,\"longest_wait_ms\":", w.count);
	if (w.count)
		str_add_u64(&json, w.now_us > w.oldest_us ? (w.now_us - w.oldest_us) / 1000 : 0);
	else
		str_add_text(&json, "null");
	str_addf(&json, ",%.*s]}", SLICE_ARG(str_slice(&c->text)));
	control_result(c, str_slice(&json), 0);
	str_free(&json);
}

void verb_queue(struct control_call *c)
{
	if (c->arg_count && !config_queue(c->node->config, c->args[0]))
		control_error(c, CALL_REFUSED, "there is no queue '%.*s'", SLICE_ARG(c->args[0]));
	else
		control_read(c, on_queue);
}

/* ---- agents ---- */

struct staff {
	struct control_call *call;
	const struct engine *engine;
	size_t agents, work;
};

static bool add_work(const struct conv_view *v, void *arg)
{
	struct staff *s = arg;
	char id[ID_TEXT_LEN + 1];

	str_addf(&s->call->text, "%s\"%s\"", s->work++ ? "," : "", id_text(v->conv, id));
	return true;
}

static bool add_agent(const struct agent_view *v, void *arg)
{
	struct staff *s = arg;
	struct str *out = &s->call->text;

	str_addf(out, "%s{\"used\":%llu,\"limit\":%llu,\"online\":%s", s->agents++ ? "," : "",
		(unsigned long long)v->used, (unsigned long long)v->limit,
		v->online ? "true" : "false");
	json_text(out, "id", v->agent);
	json_text(out, "name", v->name);
	json_text(out, "role", slice_of(role_words[v->role]));
	json_text(out, "presence", slice_of(presence_words[v->presence]));
	str_addf(out, ",\"since_ms\":%llu,\"skills\":", (unsigned long long)(v->since_us / 1000));
	json_skills(out, v->skills);
	str_add_text(out, ",\"conversations\":[");
	s->work = 0;
	engine_each_work(s->engine, v->agent, add_work, s);
	str_add_text(out, "]}");
	return true;
}

static void on_agents(struct control_call *c, const struct engine *e)
{
	struct staff s = { .call = c, .engine = e };

	str_add_text(&c->text, "{\"agents\":[");
	engine_each_agent(e, add_agent, &s);
	str_add_text(&c->text, "]}");
	control_result(c, str_slice(&c->text), 0);
}

void verb_agents(struct control_call *c)
{
	control_read(c, on_agents);
}

/* ---- explain ---- */

/* What it is about, by which rule, and the past decisions: the history's part of the answer. What is closed has only that. */
static void on_explained(void *arg, int status, const struct pairs_found *fields)
{
	struct control_call *c = arg;

	if (status && !c->text.n) {
		control_error(
			c, CALL_REFUSED, "there is no conversation %.*s", SLICE_ARG(c->args[0]));
		control_release(c);
		return;
	}
	if (c->text.n) {
		ASSERT(c->text.p[c->text.n - 1] == '}');
		c->text.n--;
	} else {
		str_add_char(&c->text, '{');
		json_text(&c->text, "conv", c->args[0]);
		json_text(&c->text, "state", found_get(fields, "state"));
	}
	if (!status) {
		json_text(&c->text, "topic", found_get(fields, "topic"));
		json_text(&c->text, "rule", found_get(fields, "rule"));
		decisions_json(found_get(fields, "decision"), &c->text);
	}
	str_add_char(&c->text, '}');
	control_result(c, str_slice(&c->text), 0);
	control_release(c);
}

static void on_explain(struct control_call *c, const struct engine *e)
{
	struct id id;

	if (!control_id(c, c->args[0], &id))
		return;
	(void)engine_explain(e, id, loop_wall_us(c->node->loop), &c->text);
	conv_read(c->node->store, id, on_explained, control_hold(c));
}

void verb_explain(struct control_call *c)
{
	control_read(c, on_explain);
}

/* ---- user ---- */

static void on_user(void *arg, int status, const char *password, const char *why)
{
	struct control_call *c = arg;

	if (status != 0) {
		control_error(c, CALL_REFUSED, "%s", why && *why ? why : strerror(-status));
	} else {
		str_addf(&c->text, "{\"user\":\"%.*s\"", SLICE_ARG(c->args[1]));
		if (password && *password)
			json_text(&c->text, "password", slice_of(password));
		str_add_char(&c->text, '}');
		control_result(c, str_slice(&c->text), 0);
	}
	control_release(c);
}

/* {"skill":["ru=80","cards=50"]} → "ru=80 cards=50" */
static bool skills_option(struct control_call *c, struct str *out)
{
	const json_t *list = json_object_get(json_object_get(c->request, "options"), "skill");
	struct skill s;
	bool bad = false;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *one = json_string_value(json_array_get(list, i));
		struct slice rest = slice_of(one ? one : "=");
		while (skills_next(&rest, &s, &bad))
			skills_add(out, s.name, s.level);
		if (bad) {
			control_error(c, CALL_USAGE, "--skill %s: expected NAME=LEVEL, 0 to 100",
				one ? one : "");
			return false;
		}
	}
	return true;
}

static void user_add(struct control_call *c)
{
	struct slice role_text = control_option(c, "role"), name = control_option(c, "name");
	struct slice units_text = control_option(c, "units");
	struct str skills = { 0 };
	uint64_t units = 0;
	uint32_t role = word_parse(role_words, role_text);

	if (!role)
		control_error(c, CALL_USAGE,
			"--role: expected agent, supervisor, admin or auditor, not '%.*s'",
			SLICE_ARG(role_text));
	else if (units_text.n && !slice_u64(units_text, &units))
		control_error(c, CALL_USAGE, "--units: expected a number");
	else if (skills_option(c, &skills)) {
		log_info("control", "user made user=%.*s role=%s", SLICE_ARG(c->args[1]),
			role_words[role]);
		desk_user_add(c->node->desk, c->args[1], name.n ? name : c->args[1], role,
			str_slice(&skills), units, control_option(c, "password"), on_user,
			control_hold(c));
	}
	str_free(&skills);
}

static void on_off(void *arg, int status)
{
	on_user(arg, status, NULL, status ? "Redis is away; try again" : NULL);
}

static void user_off_known(struct control_call *c, const struct engine *e)
{
	struct agent_view v;
	uint8_t chance[10];

	if (!engine_agent(e, c->args[1], &v)) {
		control_error(c, CALL_REFUSED, "there is no user '%.*s'", SLICE_ARG(c->args[1]));
		return;
	}
	struct command cmd = { .type = COMMAND_USER_OFF, .agent = c->args[1] };
	chance_bytes(chance, sizeof(chance));
	cmd.at_us = loop_wall_us(c->node->loop);
	cmd.id = id_make(cmd.at_us, chance);
	log_info("control", "user off user=%.*s", SLICE_ARG(c->args[1]));
	inbox_put(c->node->store, &cmd, on_off, control_hold(c));
}

void verb_user(struct control_call *c)
{
	if (slice_is(c->args[0], "add"))
		user_add(c);
	else if (slice_is(c->args[0], "off"))
		control_read(c, user_off_known);
	else
		control_error(c, CALL_USAGE, "user: expected add or off, not '%.*s'",
			SLICE_ARG(c->args[0]));
}

/* ---- desk ---- */

static void on_frame(void *arg, struct slice json)
{
	struct control_call *c = arg;
	enum { BEHIND_MAX = 67108864 };

	if (!c->conn || c->ended)
		return;
	conn_write2(c->conn, json, SLICE("\n"));
	if (conn_output(c->conn) > BEHIND_MAX)
		conn_close(c->conn, "a reader too far behind");
}

static void on_desk_closed(void *arg, const char *why)
{
	struct control_call *c = arg;

	control_error(c, CALL_REFUSED, "%s", why);
}

void verb_desk(struct control_call *c)
{
	log_info("control", "desk opened user=%.*s", SLICE_ARG(c->args[0]));
	conn_write(c->conn, SLICE("{\"desk\":true}\n"));
	c->desk = desk_pipe_open(c->node->desk, c->args[0], on_frame, on_desk_closed, c);
}
