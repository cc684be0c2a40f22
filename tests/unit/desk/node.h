/*
 * A node around the desk: a real Redis, store, engine, HTTP server and desk, with the smallest router that keeps the same order (disk before effects), and
 * clients on real sockets. Included by the tests of this folder, which are single files; everything is static.
 *
 *   desk ─▶ inbox ─▶ node_items: engine_step ─▶ commit ─▶ push stream ─▶ desk_push
 */
#ifndef USHER_TESTS_DESK_NODE_H
#define USHER_TESTS_DESK_NODE_H

#include "unit/cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "desk/desk.h"
#include "model/limits.h"
#include "store/commit.h"
#include "store/inbox.h"
#include "store/push.h"

static struct stage any_stage[] = { { 0, NULL, 0 } };
static struct kind kinds[] = { { .name = SLICE_INIT("chat"),
	.cost = 25,
	.cost_pending = 25,
	.max = 4,
	.offer_s = 20,
	.live = true } };
static struct queue queues[] = { { .name = SLICE_INIT("general"),
	.title = SLICE_INIT("General"),
	.stages = any_stage,
	.stage_count = 1,
	.strategy = STRATEGY_LONGEST_IDLE,
	.target_s = 20,
	.close_s = 86400 } };
static struct segment segments[] = { { .name = SLICE_INIT("mass") } };
static struct channel channels[] = {
	{ .name = SLICE_INIT("site"), .plugin = SLICE_INIT("chat"), .kind = kinds, .queue = queues }
};
static struct config config = { .domain = SLICE_INIT("main"),
	.node = SLICE_INIT("n1"),
	.brand = SLICE_INIT("Demo"),
	.language = SLICE_INIT("ru"),
	.grace_s = 30,
	.miss_limit = 3,
	.units = 100,
	.kinds = kinds,
	.kind_count = 1,
	.queues = queues,
	.queue_count = 1,
	.segments = segments,
	.segment_count = 1,
	.channels = channels,
	.channel_count = 1 };

struct node {
	char dir[64], web[96];
	struct loop *loop;
	struct store *store;
	struct http_server *http;
	struct desk *desk;
	struct engine *engine;
	int port;
	bool ready, leads, busy, routes;
	uint64_t push_n, journal_n;
	struct stream_id after;
	struct map done;    /* dedup keys */
	struct map threads; /* conversation (bytes) → display name */
	size_t commands, typings, messages /* pushed so far */;
	char typed[128];
};
static struct node node;

#define UNTIL(condition)                                                                           \
	do {                                                                                       \
		uint64_t until_ = clock_monotonic_us() + WAIT_MOST_US;                             \
		while (!(condition)) {                                                             \
			if (clock_monotonic_us() > until_)                                         \
				fail_msg("waited in vain for: %s", #condition);                    \
			loop_turn(node.loop, 10000);                                               \
		}                                                                                  \
	} while (0)

static inline void node_pass(unsigned ms)
{
	for (uint64_t end = clock_monotonic_us() + ms * 1000u; clock_monotonic_us() < end;)
		loop_turn(node.loop, 2000);
}

/* ---- the smallest router ---- */

static inline void add_pair(struct argv *a, const char *name, struct slice v)
{
	argv_add_text(a, name);
	argv_add(a, v);
}

static inline void effect_add(struct commit *c, struct effect ef)
{
	ef.n = ++node.push_n;
	ef.at_us = clock_wall_us();
	commit_effect(c, &ef);
}

static inline bool view_owned(const struct conv_view *v)
{
	return v->state == CONV_ACTIVE || v->state == CONV_PENDING || v->state == CONV_WRAPUP;
}

static inline void project_conv(
	struct commit *c, struct arena *arena, struct id conv, const char *snippet)
{
	struct conv_view v;
	struct argv a = { 0 };
	char id[ID_TEXT_LEN + 1];
	const char *name = map_get(&node.threads, slice_make(&conv, sizeof(conv)));
	if (!engine_conv(node.engine, conv, &v))
		return;
	struct slice owner = view_owned(&v) ? v.agent : (struct slice){ 0 };
	add_pair(&a, "state", slice_of(conv_state_words[v.state]));
	if (v.state != CONV_RESOLVED)
		add_pair(&a, "owner", owner);
	add_pair(&a, "queue", v.queue);
	add_pair(&a, "channel", v.channel);
	add_pair(&a, "kind", v.kind);
	add_pair(&a, "thread", SLICE("thread-1"));
	add_pair(&a, "name", slice_of(name));
	add_pair(&a, "customer", slice_of(id_text(v.customer, id)));
	if (snippet)
		add_pair(&a, "snippet", slice_of(snippet));
	argv_add_text(&a, "last_seq");
	argv_add_u64(&a, arena, v.seq_last);
	argv_add_text(&a, "arrived");
	argv_add_u64(&a, arena, v.arrived_us);
	commit_conv(c, conv, &a);
	argv_free(&a);
	effect_add(c, (struct effect){ .type = EFFECT_CONV,
			      .conv = conv,
			      .state = v.state,
			      .owner = owner,
			      .queue = v.queue,
			      .channel = v.channel,
			      .kind = v.kind,
			      .name = slice_of(name),
			      .customer = v.customer,
			      .seq = v.seq_last,
			      .arrived_us = v.arrived_us });
}

static inline void project_message(
	struct commit *c, const struct event *ev, const struct command *cmd)
{
	struct conv_view v;
	struct entry en = { .seq = ev->seq,
		.at_us = ev->at_us,
		.id = ev->id,
		.direction = ev->direction,
		.channel = SLICE("site"),
		.from = cmd->name,
		.agent = cmd->agent,
		.text = cmd->text,
		.html = cmd->html,
		.parts = cmd->parts };
	commit_entry(c, ev->conv, &en);
	assert_true(engine_conv(node.engine, ev->conv, &v));
	effect_add(c, (struct effect){ .type = EFFECT_MESSAGE,
			      .conv = ev->conv,
			      .seq = ev->seq,
			      .direction = ev->direction,
			      .id = ev->id,
			      .text = cmd->text,
			      .name = cmd->name,
			      .agent = cmd->agent,
			      .owner = view_owned(&v) ? v.agent : (struct slice){ 0 },
			      .channel = SLICE("site"),
			      .parts = cmd->parts,
			      .why = cmd->html.n ? SLICE("html") : SLICE("") });
}

static inline void project_agent(struct commit *c, struct slice agent)
{
	struct agent_view v;
	if (engine_agent(node.engine, agent, &v))
		effect_add(c, (struct effect){ .type = EFFECT_AGENT,
				      .agent = agent,
				      .name = v.name,
				      .role = v.role,
				      .presence = v.presence,
				      .used = v.used,
				      .limit = v.limit,
				      .online = v.online });
}

static inline void project_user(struct commit *c, const struct command *cmd)
{
	struct argv a = { 0 };
	if (cmd->type == COMMAND_USER_OFF) {
		commit_user_remove(c, cmd->agent);
		return;
	}
	add_pair(&a, "secret", cmd->secret);
	add_pair(&a, "role", slice_of(role_words[cmd->role]));
	add_pair(&a, "name", cmd->name);
	commit_user(c, cmd->agent, &a);
	argv_free(&a);
}

static inline void project_event(
	struct commit *c, const struct event *ev, const struct command *cmd)
{
	commit_event(c, ++node.journal_n, ev);
	if (ev->type == EVENT_MESSAGE)
		project_message(c, ev, cmd);
	if (ev->type == EVENT_OFFERED)
		effect_add(c, (struct effect){ .type = EFFECT_OFFER,
				      .agent = ev->agent,
				      .offer = ev->offer,
				      .conv = ev->conv,
				      .until_us = ev->until_us,
				      .queue = SLICE("general") });
	if (ev->type == EVENT_OFFER_ENDED)
		effect_add(c, (struct effect){ .type = EFFECT_OFFER_ENDED,
				      .agent = ev->agent,
				      .offer = ev->offer,
				      .conv = ev->conv,
				      .end = ev->end,
				      .why = ev->why });
	if (ev->agent.n)
		project_agent(c, ev->agent);
}

static inline void apply(struct commit *c, const struct inbox_item *item)
{
	struct command cmd = item->command;
	struct arena arena = { 0 };
	struct step step = { .answer = ANSWER_OK, .why = "" };
	bool repeated = cmd.dedup.n && map_get(&node.done, cmd.dedup);
	commit_applied(c, item->id);
	node.commands++;
	if (cmd.dedup.n)
		(void)map_put(&node.done, cmd.dedup, &node);
	if (!repeated)
		engine_step(node.engine, &cmd, clock_wall_us(), &step);
	if (cmd.type == COMMAND_USER || cmd.type == COMMAND_USER_OFF)
		project_user(c, &cmd);
	struct event *events = arena_array(&arena, step.count + 1, sizeof(*events));
	for (size_t i = 0; i < step.count; i++)
		record_copy(&event_table, &events[i], &step.events[i], &arena);
	const char *snippet = cmd.type == COMMAND_MESSAGE ? arena_copy(&arena, cmd.text).p : NULL;
	struct id last = { 0 };
	for (size_t i = 0; i < step.count; i++)
		project_event(c, &events[i], &cmd);
	for (size_t i = 0; i < step.count; i++) {
		if (!id_is_none(events[i].conv) && !id_equal(events[i].conv, last))
			project_conv(c, &arena, events[i].conv, snippet);
		last = events[i].conv;
	}
	if (cmd.session.n && cmd.cmd.n)
		effect_add(c, (struct effect){ .type = EFFECT_ANSWER,
				      .session = cmd.session,
				      .cmd = cmd.cmd,
				      .answer = step.answer,
				      .why = slice_of(step.why),
				      .conv = step.conv,
				      .seq = step.seq });
	arena_free(&arena);
}

static inline void node_items(void *arg, const struct inbox_item *items, size_t count);

static inline void on_committed(void *arg, int status)
{
	(void)arg;
	assert_int_equal(status, 0);
	node.busy = false;
	inbox_follow(node.store, node.after, node_items, NULL);
}

static inline void node_items(void *arg, const struct inbox_item *items, size_t count)
{
	struct commit *c = commit_new(node.store);
	(void)arg;
	for (size_t i = 0; i < count; i++) {
		apply(c, &items[i]);
		node.after = items[i].id;
	}
	node.busy = true;
	commit_run(c, on_committed, NULL);
}

static inline void node_pushed(void *arg, const struct effect *effects, size_t count)
{
	(void)arg;
	for (size_t i = 0; i < count; i++)
		node.messages += effects[i].type == EFFECT_MESSAGE;
	desk_push(node.desk, effects, count);
}

/* ---- the app's ports ---- */

struct reading {
	void (*fn)(void *arg, const struct engine *e, uint64_t push_n);
	void *arg;
};

static inline void read_now(void *arg)
{
	struct reading *r = arg;
	if (node.busy) {
		loop_post(node.loop, read_now, r);
		return;
	}
	r->fn(r->arg, node.routes ? node.engine : NULL, node.push_n);
	free(r);
}

static inline void port_read(
	void *app, void (*fn)(void *arg, const struct engine *e, uint64_t push_n), void *arg)
{
	struct reading *r = mem_alloc(sizeof(*r));
	(void)app;
	*r = (struct reading){ fn, arg };
	loop_post(node.loop, read_now, r);
}

static inline void port_typing(
	void *app, struct slice channel, struct slice thread, struct slice name)
{
	(void)app;
	node.typings++;
	(void)snprintf(node.typed, sizeof(node.typed), "%.*s %.*s %.*s", SLICE_ARG(channel),
		SLICE_ARG(thread), SLICE_ARG(name));
}

static inline void port_status(void *app, void (*fn)(void *arg, struct slice json), void *arg)
{
	(void)app;
	fn(arg, SLICE("{\"intake\":{\"seen\":1}}"));
}

static const struct desk_ports ports = {
	.read = port_read, .typing = port_typing, .status = port_status
};

/* ---- its life ---- */

static inline void on_ready(void *arg)
{
	(void)arg;
	node.ready = true;
}
static inline void on_failed(const char *why, void *arg)
{
	(void)arg;
	fail_msg("store: %s", why);
}
static inline void on_down(const char *why, void *arg)
{
	(void)why;
	(void)arg;
}
static inline void on_lost(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}
static inline void on_up(void *arg)
{
	(void)arg;
}
static const struct store_ops store_events = {
	.ready = on_ready, .failed = on_failed, .down = on_down, .up = on_up
};

static inline void on_lease(void *arg, int status, uint64_t epoch)
{
	(void)arg;
	(void)epoch;
	assert_int_equal(status, 0);
	node.leads = true;
}

static inline void node_start(void)
{
	struct err err;
	char command[300];
	signal(SIGPIPE, SIG_IGN);
	log_set_level(getenv("USHER_TEST_LOG") ? LOG_DEBUG : LOG_INFO);
	strcpy(node.dir, "/tmp/usher-desk-XXXXXX");
	assert_non_null(mkdtemp(node.dir));
	(void)snprintf(node.web, sizeof(node.web), "%s/web", node.dir);
	(void)snprintf(command, sizeof(command),
		"mkdir -p %s/desk && echo '<!doctype html>desk' > %s/desk/index.html", node.web,
		node.web);
	assert_int_equal(system(command), 0);
	config.web_dir = slice_of(node.web);
	node.loop = loop_new();
	struct store_options o = {
		.redis = "managed", .domain = "main", .node = "n1", .data_dir = node.dir
	};
	node.store = store_new(node.loop, &o, &store_events, NULL);
	UNTIL(node.ready);
	lease_take(node.store, on_lease, on_lost, NULL);
	UNTIL(node.leads);
	node.engine = engine_new(&config);
	node.routes = true;
	node.http = http_server_new(node.loop);
	node.port = http_server_listen(node.http, "127.0.0.1:0", NULL, &err);
	assert_true(node.port > 0);
	node.desk = desk_new(node.loop, node.store, node.http, &config, &ports, NULL);
	inbox_follow(node.store, node.after, node_items, NULL);
	push_follow(node.store, 0, node_pushed, NULL);
}

static inline void on_flag(void *arg)
{
	*(bool *)arg = true;
}

static inline void node_end(void)
{
	char command[160];
	bool closed = false, stopped = false;
	struct map_entry e;
	desk_close(node.desk, on_flag, &closed);
	UNTIL(closed);
	http_server_drain(node.http);
	UNTIL(http_server_count(node.http) == 0);
	node_pass(50);
	inbox_unfollow(node.store);
	desk_free(&node.desk);
	node_pass(50);
	store_stop(node.store, on_flag, &stopped);
	UNTIL(stopped);
	store_free(&node.store);
	http_server_free(&node.http);
	engine_free(&node.engine);
	map_free(&node.done);
	for (size_t i = 0; map_next(&node.threads, &i, &e);)
		free(e.value);
	map_free(&node.threads);
	loop_turn(node.loop, 0);
	loop_free(&node.loop);
	(void)snprintf(command, sizeof(command), "rm -rf %s", node.dir);
	assert_int_equal(system(command), 0);
}

/* ---- the customer ---- */

static inline void on_customer_put(void *arg, int status)
{
	assert_int_equal(status, 0);
	*(bool *)arg = true;
}

static inline struct id fresh_id(void)
{
	uint8_t chance[10];
	chance_bytes(chance, sizeof(chance));
	return id_make(clock_wall_us(), chance);
}

/* conv none: a new conversation; the resolver's fields are set here. */
static inline struct id customer_says(
	struct id conv, struct id customer, const char *text, const char *html)
{
	bool put = false, fresh = id_is_none(conv);
	if (fresh) {
		conv = fresh_id();
		map_put(&node.threads, slice_make(&conv, sizeof(conv)), slice_dup(SLICE("Ann")));
	}
	struct command c = { .type = COMMAND_MESSAGE,
		.at_us = clock_wall_us(),
		.id = fresh_id(),
		.channel = SLICE("site"),
		.thread = SLICE("thread-1"),
		.name = SLICE("Ann"),
		.text = slice_of(text),
		.html = slice_of(html),
		.conv = conv,
		.customer = customer,
		.queue = SLICE("general"),
		.segment = SLICE("mass"),
		.kind = SLICE("chat"),
		.fresh = fresh };
	inbox_put(node.store, &c, on_customer_put, &put);
	UNTIL(put);
	return conv;
}

/* ---- a socket ---- */

static inline int dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)node.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* True when the peer has ended. */
static inline bool take(int fd, struct str *got)
{
	for (;;) {
		ssize_t n = recv(fd, str_reserve(got, 65536), 65536, 0);
		if (n <= 0)
			return n == 0 || (errno != EAGAIN && errno != EINTR);
		got->n += (size_t)n;
		got->p[got->n] = '\0';
	}
}

static inline void give(int fd, const void *bytes, size_t n)
{
	for (size_t sent = 0; sent < n;) {
		ssize_t k = send(fd, (const char *)bytes + sent, n - sent, MSG_NOSIGNAL);
		assert_true(k > 0 || errno == EAGAIN);
		sent += k > 0 ? (size_t)k : 0;
		loop_turn(node.loop, 0);
	}
}

/* ---- HTTP ---- */

struct reply {
	int status;
	struct str all;	   /* head and body */
	const char *body;  /* in all */
	struct slice head; /* in all */
	char cookie[80];   /* usher_session that was set */
};

static inline void answer_free(struct reply *a)
{
	str_free(&a->all);
	*a = (struct reply){ 0 };
}

/* extra: header lines with CRLF, or "". */
static inline struct reply http(const char *method, const char *path, const char *cookie,
	const char *extra, struct slice body)
{
	struct reply a = { 0 };
	struct str out = { 0 };
	int fd = dial();
	bool ended = false;
	str_addf(&out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s", method,
		path, node.port, extra);
	if (cookie)
		str_addf(&out, "Cookie: usher_session=%s\r\n", cookie);
	if (body.p)
		str_addf(&out, "Content-Length: %zu\r\n", body.n);
	str_add_text(&out, "\r\n");
	str_add(&out, body);
	give(fd, out.p, out.n);
	UNTIL((ended = ended || take(fd, &a.all)));
	close(fd);
	str_free(&out);
	assert_non_null(a.all.p);
	a.status = atoi(a.all.p + strlen("HTTP/1.1 "));
	char *end = strstr(a.all.p, "\r\n\r\n");
	assert_non_null(end);
	a.body = end + 4;
	a.head = slice_make(a.all.p, (size_t)(end - a.all.p));
	*end = '\0';
	const char *set = strstr(a.all.p, "usher_session=");
	if (set)
		(void)snprintf(a.cookie, sizeof(a.cookie), "%.*s",
			(int)strcspn(set + strlen("usher_session="), ";"),
			set + strlen("usher_session="));
	return a;
}

static inline struct reply get(const char *path, const char *cookie)
{
	return http("GET", path, cookie, "", (struct slice){ 0 });
}

static inline struct reply post(const char *path, const char *cookie, const char *json)
{
	return http("POST", path, cookie, "Content-Type: application/json\r\n", slice_of(json));
}

static inline json_t *answer_json(const struct reply *a)
{
	json_error_t error;
	json_t *v = json_loads(a->body, JSON_REJECT_DUPLICATES, &error);
	if (!v)
		fail_msg("not JSON (%s): %s", error.text, a->body);
	return v;
}

/* ---- a desk: over WebSocket or as a pipe ---- */

struct desk_end {
	int fd; /* -1: a pipe */
	struct desk_pipe *pipe;
	struct str in;
	struct str lines; /* every frame that came, one a line */
	size_t seen;	  /* of lines: what `expect` has passed */
	bool closed;
	int code;
};

static inline void ws_frames(struct desk_end *e)
{
	while (e->in.n >= 2) {
		const uint8_t *p = (const uint8_t *)e->in.p;
		size_t n = p[1] & 127u, at = 2;
		if (n == 126 && e->in.n >= 4) {
			n = (size_t)p[2] << 8 | p[3];
			at = 4;
		} else if (n == 127 && e->in.n >= 10) {
			n = 0;
			for (size_t i = 2; i < 10; i++)
				n = n << 8 | p[i];
			at = 10;
		} else if (n >= 126) {
			return;
		}
		if (e->in.n < at + n)
			return;
		if ((p[0] & 15u) == 1) {
			str_add(&e->lines, slice_make(p + at, n));
			str_add_char(&e->lines, '\n');
		} else if ((p[0] & 15u) == 8) {
			e->closed = true;
			e->code = n >= 2 ? p[at] << 8 | p[at + 1] : 0;
		}
		str_shift(&e->in, at + n);
	}
}

static inline void end_read(struct desk_end *e)
{
	if (e->fd < 0)
		return;
	if (take(e->fd, &e->in))
		e->closed = true;
	ws_frames(e);
}

static inline struct desk_end ws_dial(const char *ticket, const char *extra)
{
	struct desk_end e = { .fd = dial() };
	struct str out = { 0 };
	char *head;
	str_addf(&out,
		"GET /desk/ws?ticket=%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
		ticket, node.port, extra);
	give(e.fd, out.p, out.n);
	str_free(&out);
	UNTIL((take(e.fd, &e.in), e.in.p && (head = strstr(e.in.p, "\r\n\r\n"))));
	assert_memory_equal(e.in.p, "HTTP/1.1 101", 12);
	str_shift(&e.in, (size_t)(head + 4 - e.in.p));
	return e;
}

static inline void ws_text(struct desk_end *e, struct slice text)
{
	struct str out = { 0 };
	static const char mask[4] = { 1, 2, 3, 4 };
	str_add_char(&out, (char)0x81);
	if (text.n < 126) {
		str_add_char(&out, (char)(0x80 | text.n));
	} else {
		str_add_char(&out, (char)(0x80 | 126));
		str_add_char(&out, (char)(text.n >> 8));
		str_add_char(&out, (char)(text.n & 255));
	}
	str_add(&out, slice_make(mask, 4));
	for (size_t i = 0; i < text.n; i++)
		str_add_char(&out, (char)(text.p[i] ^ mask[i % 4]));
	give(e->fd, out.p, out.n);
	str_free(&out);
}

static inline void say(struct desk_end *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static inline void say(struct desk_end *e, const char *format, ...)
{
	struct str text = { 0 };
	va_list ap;
	va_start(ap, format);
	str_addv(&text, format, ap);
	va_end(ap);
	if (e->fd < 0)
		desk_pipe_line(e->pipe, str_slice(&text));
	else
		ws_text(e, str_slice(&text));
	str_free(&text);
}

/* The first line after what was passed that contains both; passed is moved behind it. NULL: none yet. */
static inline char *find_line(struct desk_end *e, const char *a, const char *b)
{
	end_read(e);
	for (size_t at = e->seen; at < e->lines.n;) {
		char *line = e->lines.p + at;
		size_t n = strcspn(line, "\n");
		char *copy = slice_dup(slice_make(line, n));
		if (strstr(copy, a) && strstr(copy, b)) {
			e->seen = at + n + 1;
			return copy;
		}
		free(copy);
		at += n + 1;
	}
	return NULL;
}

/* Waits for a frame that contains both; decref it. */
static inline json_t *expect(struct desk_end *e, const char *a, const char *b)
{
	char *line = NULL;
	uint64_t until = clock_monotonic_us() + WAIT_MOST_US;
	while (!(line = find_line(e, a, b))) {
		if (clock_monotonic_us() > until)
			fail_msg("no frame with %s and %s among:\n%s", a, b,
				e->lines.p ? e->lines.p + e->seen : "(nothing)");
		loop_turn(node.loop, 10000);
	}
	json_error_t error;
	json_t *v = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	if (!v)
		fail_msg("not JSON (%s): %s", error.text, line);
	free(line);
	return v;
}

static inline const char *text_in(const json_t *v, const char *name)
{
	const char *s = json_string_value(json_object_get(v, name));
	return s ? s : "";
}

static inline json_int_t number_in(const json_t *v, const char *name)
{
	return json_integer_value(json_object_get(v, name));
}

/* The same, when only its coming matters. */
static inline void see(struct desk_end *e, const char *a, const char *b)
{
	json_decref(expect(e, a, b));
}

static inline bool has_line(struct desk_end *e, const char *a, const char *b)
{
	size_t seen = e->seen;
	e->seen = 0;
	char *line = find_line(e, a, b);
	e->seen = seen;
	free(line);
	return line != NULL;
}

static inline void pipe_line(void *arg, struct slice json)
{
	struct desk_end *e = arg;
	str_add(&e->lines, json);
	str_add_char(&e->lines, '\n');
}

static inline void pipe_closed(void *arg, const char *why)
{
	struct desk_end *e = arg;
	str_addf(&e->lines, "closed: %s\n", why);
	e->closed = true;
}

static inline void pipe_end(struct desk_end *e, const char *agent)
{
	*e = (struct desk_end){ .fd = -1 };
	e->pipe = desk_pipe_open(node.desk, slice_of(agent), pipe_line, pipe_closed, e);
}

static inline void end_close(struct desk_end *e)
{
	if (e->fd >= 0)
		close(e->fd);
	desk_pipe_close(&e->pipe);
	str_free(&e->in);
	str_free(&e->lines);
	*e = (struct desk_end){ .fd = -1 };
	node_pass(20);
}

#endif
