/*
 * Web requests that the program takes: the paths that it named with `ready` are usher's routes, a request with its whole body is one line, its
 * answer another. Every request is answered once: by the program, or with 503 when it has ended. Called by exec.c and talk.c.
 *
 *   request ─▶ body whole ─▶ http ─▶ program ─▶ answer ─▶ client        client leaves: gone        program ends: 503
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exec.h"

enum {
	WEBS_MAX = 256,
	ROUTES_MAX = 8,
	ROUTE_MAX = 128,
	HEADERS_MAX = 32,
	HEADER_MAX = 128,
	TYPE_MAX = 128
};

struct web {
	struct web *next;
	struct usher_http *request;
	uint64_t id;
	struct buf body;
	bool told;
};

static struct web **web_at(struct exec *e, uint64_t id)
{
	struct web **at = &e->webs;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

/* The program knows a request by a number, in words. */
static struct web **web_named(struct exec *e, const char *id)
{
	char *end;
	uint64_t n = strtoull(id, &end, 10);

	return web_at(e, *end ? 0 : n);
}

static void web_end(struct exec *e, struct web **at)
{
	struct web *w = *at;

	*at = w->next;
	e->webs_count--;
	buf_free(&w->body);
	free(w);
}

static void refuse(struct exec *e, struct usher_http *r, const char *why)
{
	e->usher->http_set(r, "Retry-After", (struct usher_str){ "5", 1 });
	e->usher->http_problem(r, 503, why);
}

/* ---- in ---- */

bool web_routes(struct exec *e, const json_t *routes)
{
	for (size_t i = 0; i < json_array_size(routes); i++) {
		const char *path = json_string_value(json_array_get(routes, i));
		if (!path || path[0] != '/' || strlen(path) > ROUTE_MAX || i >= ROUTES_MAX)
			return false;
		e->usher->http_route(e->host, path);
	}
	return true;
}

static void add_header(void *arg, struct usher_str name, struct usher_str value)
{
	json_t *all = arg, *text = json_stringn(value.p ? value.p : "", value.n);
	char key[256];

	if (!text || name.n >= sizeof(key)) { /* not UTF-8: nothing that JSON could say */
		json_decref(text);
		return;
	}
	snprintf(key, sizeof(key), "%.*s", (int)name.n, name.p);
	const char *before = json_string_value(json_object_get(all, key));
	if (before) {
		json_t *both = json_sprintf("%s, %s", before, json_string_value(text));
		json_decref(text);
		text = both;
	}
	json_object_set_new(all, key, text);
}

static json_t *body_of(const struct web *w)
{
	const char *p = w->body.n ? w->body.p : "";

	return memchr(p, 0, w->body.n) ? NULL : json_stringn(p, w->body.n);
}

static void web_tell(struct exec *e, struct web *w)
{
	const struct usher_services *u = e->usher;
	struct usher_str path = u->http_path(w->request), query = u->http_query(w->request);
	json_t *headers = json_object(), *body = body_of(w), *where = json_stringn(path.p, path.n);
	char id[24];

	if (!where) {
		json_decref(headers);
		json_decref(body);
		u->http_problem(w->request, 400, "the path is no UTF-8");
		web_end(e, web_at(e, w->id));
		return;
	}
	if (USHER_HAS(u, http_each_header))
		u->http_each_header(w->request, add_header, headers);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)w->id);
	struct usher_str method = u->http_method(w->request);
	json_t *line = json_pack("{s:s, s:s, s:s#, s:o, s:s#, s:s, s:o}", "t", "http", "id", id,
		"method", method.p, (int)method.n, "path", where, "query", query.p ? query.p : "",
		(int)query.n, "peer", u->http_peer(w->request), "headers", headers);
	if (body)
		json_object_set_new(line, "body", body);
	else
		json_object_set_new(line, "data", files_encode(w->body.p, w->body.n));
	w->told = true;
	buf_free(&w->body);
	tell_line(e, line);
}

void web_asked(struct exec *e, struct usher_http *r)
{
	if (e->state != EXEC_READY || e->closing) {
		refuse(e, r, "the program behind this page is starting");
	} else if (e->webs_count >= WEBS_MAX || child_backlog(e->child) > BACKLOG_MAX) {
		refuse(e, r, "the program behind this page has too much to do");
	} else if (e->usher->http_is_upgrade(r)) {
		e->usher->http_problem(r, 400, "there is no WebSocket here");
	} else {
		struct web *w = zeroed(sizeof(*w));
		w->request = r;
		w->id = ++e->web_serial;
		w->next = e->webs;
		e->webs = w;
		e->webs_count++;
		e->usher->http_data(r, w);
		e->usher->http_read(r, e->set.body_max);
	}
}

void web_body(struct exec *e, struct usher_http *r, struct usher_str piece, bool last)
{
	struct web *w = e->usher->http_get_data(r);

	buf_add(&w->body, piece.p, piece.n);
	if (last)
		web_tell(e, w);
}

void web_gone(struct exec *e, struct usher_http *r)
{
	struct web *w = e->usher->http_get_data(r);
	char id[24];

	snprintf(id, sizeof(id), "%llu", (unsigned long long)w->id);
	if (w->told && e->state == EXEC_READY)
		tell_line(e, json_pack("{s:s, s:s}", "t", "gone", "id", id));
	web_end(e, web_at(e, w->id));
}

/* ---- out ---- */

static const char *word(const json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

static bool is_token(const char *name)
{
	size_t n = strlen(name);

	return n && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
				 "_") == n;
}

/* What outlasts its answer in a browser, or speaks for the whole host: cookies, storage, service workers, where the host is to be found. */
static bool reaches_further(const char *name)
{
	static const char *const further[] = { "set-cookie", "clear-site-data",
		"service-worker-allowed", "strict-transport-security", "alt-svc", "report-to",
		"nel" };

	for (size_t i = 0; i < sizeof(further) / sizeof(further[0]); i++)
		if (strcasecmp(name, further[i]) == 0)
			return true;
	return false;
}

static bool may_set(struct exec *e, const char *name, const json_t *value)
{
	char text[HEADER_MAX + 80];

	if (!json_is_string(value) || !is_token(name) || strlen(name) > HEADER_MAX)
		return false;
	if (!e->set.sandbox || !reaches_further(name))
		return true;
	int n = snprintf(
		text, sizeof(text), "the header %s is left out: sandbox: no allows it", name);
	exec_log(e, USHER_WARN, text, (size_t)n);
	return false;
}

/* A page of its shares the desk's host: by this policy it has an origin of its own, none. Its own policies hold besides. */
static void set_headers(struct exec *e, struct usher_http *r, const json_t *line)
{
	static const char sandbox[] = "sandbox allow-forms allow-scripts allow-popups "
				      "allow-downloads";
	json_t *all = json_object_get(line, "headers"), *value;
	const char *name;
	size_t n = 0;

	if (e->set.sandbox)
		e->usher->http_set(r, "Content-Security-Policy", str_of(sandbox));
	json_object_foreach(all, name, value)
	{
		if (!may_set(e, name, value) || n++ == HEADERS_MAX)
			continue;
		e->usher->http_set(r, name,
			(struct usher_str){ json_string_value(value), json_string_length(value) });
	}
}

/* False: it is not an answer. */
static bool answer(struct exec *e, struct usher_http *r, const json_t *line)
{
	const json_t *body = json_object_get(line, "body"), *data = json_object_get(line, "data");
	int status = (int)json_integer_value(json_object_get(line, "status"));
	const char *type = word(line, "type"), *csp = word(line, "csp");
	unsigned char *bytes = NULL;
	int n = 0;

	if (word(line, "file")) {
		const json_t *file = json_object_get(line, "file");
		e->usher->http_file(r,
			(struct usher_str){ json_string_value(file), json_string_length(file) },
			csp);
		return true;
	}
	if (status < 200 || status > 599 || (type && strlen(type) > TYPE_MAX))
		return false;
	if (word(line, "problem")) {
		e->usher->http_problem(r, status, word(line, "problem"));
		return true;
	}
	if (data) {
		bytes = zeroed(json_string_length(data) / 4 * 3 + 4);
		n = files_decode(json_string_value(data), json_string_length(data), bytes);
	}
	if (n < 0 || (type && strpbrk(type, "\r\n"))) {
		free(bytes);
		return false;
	}
	struct usher_str whole = { json_string_value(body), json_string_length(body) };
	if (data)
		whole = (struct usher_str){ (const char *)bytes, (size_t)n };
	e->usher->http_answer(r, status, type ? type : "text/plain; charset=utf-8", whole);
	free(bytes);
	return true;
}

bool web_answered(struct exec *e, const json_t *line)
{
	struct web **at = web_named(e, word(line, "id") ? word(line, "id") : "");

	if (!*at || !(*at)->told)
		return true; /* the client has gone */
	set_headers(e, (*at)->request, line);
	if (!answer(e, (*at)->request, line))
		return false;
	web_end(e, at);
	return true;
}

void web_lost(struct exec *e)
{
	while (e->webs) {
		refuse(e, e->webs->request, "the program behind this page has ended");
		web_end(e, &e->webs);
	}
}
