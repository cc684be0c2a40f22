/*
 * Requests of the API from their header to their handler; see the header. No endpoint is reached but through its row.
 */
#include "desk/api.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "desk/origin.h"
#include "model/limits.h"

#define ENDPOINT_ROW(handler, verb, route, act, kind, ok, text)                                    \
	{ .name = #handler,                                                                        \
		.method = verb,                                                                    \
		.path = route,                                                                     \
		.action = ACTION_##act,                                                            \
		.body = kind,                                                                      \
		.status = ok,                                                                      \
		.summary = text,                                                                   \
		.handle = call_##handler },
const struct endpoint api_endpoints[] = { ENDPOINTS(ENDPOINT_ROW) };
const size_t api_endpoint_count = sizeof(api_endpoints) / sizeof(api_endpoints[0]);

/* ---- the call ---- */

void call_hold(struct call *c)
{
	ASSERT(c->refs > 0);
	c->refs++;
}

void call_release(struct call *c)
{
	ASSERT(c->refs > 0);
	if (--c->refs)
		return;
	if (c->drop)
		c->drop(c->state);
	struct desk *d = c->d;
	arena_free(&c->arena);
	free(c);
	desk_release(d);
}

bool call_lives(const struct call *c)
{
	return c->r && !c->answered && !c->d->ended;
}

void call_json(struct call *c, int status, const struct str *o)
{
	if (!c->r || c->answered)
		return;
	c->answered = true;
	http_set(c->r, "Cache-Control", SLICE("no-store"));
	http_answer(c->r, status, "application/json", str_slice(o));
}

void call_problem(struct call *c, int status, const char *detail)
{
	if (!c->r || c->answered)
		return;
	c->answered = true;
	http_set(c->r, "Cache-Control", SLICE("no-store"));
	http_problem(c->r, status, detail);
}

void call_refused(struct call *c, int status, enum answer answer, const char *why)
{
	if (status == -EINVAL || answer == ANSWER_INVALID)
		call_problem(c, 422, why);
	else if (answer == ANSWER_UNKNOWN)
		call_problem(c, 404, why);
	else if (answer == ANSWER_FORBIDDEN)
		call_problem(c, 403, why);
	else if (answer == ANSWER_STATE)
		call_problem(c, 409, why);
	else
		call_problem(c, 503, why);
}

void call_failed(struct call *c, int status)
{
	if (status == -ENOENT)
		call_problem(c, 404, "there is no such thing");
	else
		call_problem(c, 503, "the store cannot be reached now; try again");
}

struct slice call_query(struct call *c, const char *name)
{
	struct str scratch = { 0 };
	struct slice v = http_query_get(c->r, name, &scratch);
	if (v.p)
		v = arena_copy(&c->arena, v);
	str_free(&scratch);
	return v;
}

bool call_id(struct call *c, size_t arg, struct id *out)
{
	if (id_parse(c->args[arg], out) && !id_is_none(*out))
		return true;
	call_problem(c, 404, "that is not an id");
	return false;
}

static void on_ended(struct http_request *r, void *arg)
{
	struct call *c = arg;
	(void)r;
	c->r = NULL;
	call_release(c);
}

/* ---- which endpoint ---- */

static bool path_matches(const char *template, struct slice path, struct slice args[2])
{
	struct slice want = slice_of(template), got = path;
	size_t n = 0;
	while (want.p && got.p) {
		struct slice w = slice_cut(&want, '/'), g = slice_cut(&got, '/');
		if (w.n && w.p[0] == '{') {
			ASSERT(n < 2);
			if (!g.n)
				return false;
			args[n++] = g;
		} else if (!slice_equal(w, g)) {
			return false;
		}
	}
	return !want.p && !got.p;
}

/* The endpoint of a method and a path below /api/v1, its {…} parts in args. *known: the path is one, of whatever method. */
static const struct endpoint *api_match(
	struct slice method, struct slice path, struct slice args[2], bool *known)
{
	*known = false;
	if (slice_is(method, "HEAD"))
		method = SLICE("GET");
	for (size_t i = 0; i < api_endpoint_count; i++) {
		const struct endpoint *e = &api_endpoints[i];
		if (!path_matches(e->path, path, args))
			continue;
		*known = true;
		if (slice_is(method, e->method))
			return e;
	}
	return NULL;
}

/* The methods that a path has, for a 405. */
static void allow(struct http_request *r, struct slice path)
{
	struct slice args[2];
	struct str methods = { 0 };
	for (size_t i = 0; i < api_endpoint_count; i++) {
		const struct endpoint *e = &api_endpoints[i];
		if (!path_matches(e->path, path, args))
			continue;
		str_add_text(&methods, methods.n ? ", " : "");
		str_add_text(&methods, e->method);
		if (strcmp(e->method, "GET") == 0)
			str_add_text(&methods, ", HEAD");
	}
	http_set(r, "Allow", str_slice(&methods));
	str_free(&methods);
}

/* ---- from the header to the handler ---- */

static void on_body(struct http_request *r, struct slice body, void *arg)
{
	struct call *c = arg;
	(void)r;
	c->body = arena_copy(&c->arena, body);
	c->endpoint->handle(c);
}

static bool is_json(struct slice type)
{
	return slice_equal_nocase(slice_trim(slice_cut(&type, ';')), SLICE("application/json"));
}

/* JSON alone: a form of another site cannot send that without asking first. */
static void read_body(struct call *c)
{
	if (c->endpoint->body != BODY_JSON)
		c->endpoint->handle(c);
	else if (!is_json(http_header(c->r, "content-type")))
		call_problem(c, 415, "send Content-Type: application/json");
	else
		http_body_collect(c->r, API_BODY_MAX, on_body, c);
}

static void who_copy(struct call *c, const struct who *w)
{
	c->who = (struct who){ .user = arena_copy(&c->arena, w->user),
		.name = arena_copy(&c->arena, w->name),
		.key = arena_copy(&c->arena, w->key),
		.role = w->role };
}

static void on_session(void *arg, int status, const struct who *who)
{
	struct call *c = arg;
	if (call_lives(c)) {
		if (status == -ENOENT) {
			call_problem(c, 401, "log in first");
		} else if (status) {
			call_failed(c, status);
		} else {
			who_copy(c, who);
			c->scope = policy_scope(who->role, c->endpoint->action);
			if (c->scope == SCOPE_NONE)
				call_problem(c, 403, "your role may not do this");
			else
				read_body(c);
		}
	}
	call_release(c);
}

static void authenticate(struct call *c)
{
	char key[SESSION_KEY_LEN + 1];
	if (!session_key(http_cookie(c->r, SESSION_COOKIE), key)) {
		call_problem(c, 401, "log in first");
		return;
	}
	call_hold(c);
	session_find(c->d->store, slice_of(key), on_session, c);
}

static bool is_safe(struct slice method)
{
	return slice_is(method, "GET") || slice_is(method, "HEAD");
}

static void call_begin(struct call *c)
{
	struct http_request *r = c->r;
	bool known;
	struct slice path = arena_copy(&c->arena, http_path(r)), prefix = SLICE("/api/v1");
	ASSERT(slice_starts(path, prefix));
	path = slice_make(path.p + prefix.n, path.n - prefix.n);
	c->endpoint = api_match(http_method(r), path, c->args, &known);
	if (!c->endpoint && known)
		allow(r, path);
	if (!c->endpoint)
		call_problem(c, known ? 405 : 404,
			known ? "this path has other methods" : "there is no such endpoint");
	else if (!is_safe(http_method(r)) &&
		 !origin_allowed(http_header(r, "origin"), http_header(r, "host"), http_is_tls(r),
			 c->d->config->public_url))
		call_problem(c, 403, "a page of another origin may not do this");
	else if (c->endpoint->action == ACTION_NONE)
		read_body(c);
	else
		authenticate(c);
}

static void on_request(struct http_request *r, void *arg)
{
	struct desk *d = arg;
	if (d->ended) {
		http_problem(r, 503, "this node is stopping; try again soon");
		return;
	}
	struct call *c = mem_alloc(sizeof(*c));
	desk_hold(d);
	c->d = d;
	c->r = r;
	c->refs = 1;
	http_on_ended(r, on_ended, c);
	call_begin(c);
}

const struct http_handler desk_api_handler = { .request = on_request };
