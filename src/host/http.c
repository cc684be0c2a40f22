/*
 * HTTP for plugins: routes, requests, answers, the plugin's built web files. A request stays ours until net says that it
 * has ended; the plugin's pointer to it is good until it answered or was told that the client is gone.
 *
 *   route "/form/" ─▶ channel ─▶ usher_http ⇄ http_request        ended, not answered ─▶ plugin->http_gone
 */
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "host/inside.h"
#include "net/static_files.h"

enum { HTTP_NAME_MAX = 256, WEB_POLICIES_MAX = 16 };

struct route {
	struct host *host;
	struct usher_host *h; /* NULL: its channel has ended */
	char *prefix;
};

struct usher_http {
	struct list_node node;
	struct usher_host *h;
	struct http_request *r; /* NULL: a WebSocket now, or over */
	void *data;
	bool answered;
};

/* A plugin's web files, read once for each policy they are served with. */
struct web_dir {
	struct web_dir *next;
	char *plugin, *csp;
	struct static_files *files;
};

/* ---- a request's life ---- */

static void request_ended(struct http_request *r, void *arg)
{
	struct usher_http *w = arg;
	struct usher_host *h = w->h;

	(void)r;
	w->r = NULL;
	if (w->node.on)
		list_remove(&w->node);
	if (h && !w->answered)
		PLUGIN_CALL(h, http_gone, h->self, w);
	free(w);
}

static void route_request(struct http_request *r, void *arg)
{
	struct route *route = arg;
	struct usher_host *h = route->h;

	if (!h || h->state != CHANNEL_OPEN || !h->self || !h->api->http) {
		http_set(r, "Retry-After", SLICE("5"));
		http_problem(r, 503, "this channel is closed");
		return;
	}
	struct usher_http *w = mem_alloc(sizeof(*w));
	w->h = h;
	w->r = r;
	list_push_back(&h->requests, &w->node);
	http_on_ended(r, request_ended, w);
	PLUGIN_CALL(h, http, h->self, w);
}

void service_http_route(struct usher_host *h, const char *prefix)
{
	static const struct http_handler handler = { .request = route_request };
	struct host *host = h->host;
	struct route *route = map_get(&host->routes, slice_of(prefix));

	if (route && route->h && route->h != h && !channel_is_gone(route->h)) {
		struct str why = { 0 };
		str_addf(&why, "the path %s belongs to channel %s", prefix, route->h->name);
		channel_set_down(h, why.p);
		log_error(h->name, "%s", why.p);
		str_free(&why);
		return;
	}
	if (!route) {
		route = mem_alloc(sizeof(*route));
		route->host = host;
		route->prefix = slice_dup(slice_of(prefix));
		map_put(&host->routes, slice_of(prefix), route);
		http_server_route(host->http, route->prefix, &handler, route);
	}
	route->h = h;
}

void http_drop_all(struct usher_host *h)
{
	struct map_entry e;

	for (size_t i = 0; map_next(&h->host->routes, &i, &e);) {
		struct route *route = e.value;
		if (route->h == h)
			route->h = NULL;
	}
	while (h->requests.first) {
		struct usher_http *w = LIST_ENTRY(h->requests.first, struct usher_http, node);
		list_remove(&w->node);
		w->h = NULL;
		if (!w->answered && w->r)
			http_problem(w->r, 503, "this channel has closed");
		w->answered = true;
	}
}

void routes_free(struct host *host)
{
	struct map_entry e;

	/* The server may still hold a route's address: routes live as long as it, the process. */
	for (size_t i = 0; map_next(&host->routes, &i, &e);) {
		struct route *route = e.value;
		free(route->prefix);
		free(route);
	}
	map_free(&host->routes);
	while (host->web_dirs) {
		struct web_dir *d = host->web_dirs;
		host->web_dirs = d->next;
		static_files_free(&d->files);
		free(d->plugin);
		free(d->csp);
		free(d);
	}
}

struct http_request *http_take(struct usher_http *w, struct usher_host **h)
{
	ASSERT(w->r && !w->answered);
	w->answered = true;
	*h = w->h;
	return w->r;
}

/* ---- reading ---- */

struct usher_str service_http_method(struct usher_http *w)
{
	return to_str(http_method(w->r));
}

struct usher_str service_http_path(struct usher_http *w)
{
	return to_str(http_path(w->r));
}

struct usher_str service_http_query(struct usher_http *w)
{
	return to_str(http_query(w->r));
}

struct usher_str service_http_header(struct usher_http *w, const char *name)
{
	return to_str(http_header(w->r, name));
}

struct header_reader {
	void (*each)(void *arg, struct usher_str name, struct usher_str value);
	void *arg;
};

static void header_read(void *arg, struct slice name, struct slice value)
{
	const struct header_reader *r = arg;
	char lower[HTTP_NAME_MAX];

	if (name.n > sizeof(lower))
		return;
	for (size_t i = 0; i < name.n; i++)
		lower[i] =
			(char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
	r->each(r->arg, (struct usher_str){ lower, name.n }, to_str(value));
}

void service_http_each_header(struct usher_http *w,
	void (*each)(void *arg, struct usher_str name, struct usher_str value), void *arg)
{
	struct header_reader reader = { each, arg };

	http_headers(w->r, header_read, &reader);
}

const char *service_http_peer(struct usher_http *w)
{
	return http_peer(w->r);
}

static void body_piece(struct http_request *r, struct slice piece, bool last, void *arg)
{
	struct usher_http *w = arg;
	struct usher_host *h = w->h;

	(void)r;
	if (h && !w->answered)
		PLUGIN_CALL(h, http_body, h->self, w, to_str(piece), last);
}

void service_http_read(struct usher_http *w, uint64_t max)
{
	http_body_stream(w->r, max, body_piece, w);
}

void service_http_pause(struct usher_http *w, int pause)
{
	if (pause)
		http_body_pause(w->r);
	else
		http_body_resume(w->r);
}

void service_http_data(struct usher_http *w, void *data)
{
	w->data = data;
}

void *service_http_get_data(struct usher_http *w)
{
	return w->data;
}

int service_http_is_upgrade(struct usher_http *w)
{
	return http_is_upgrade(w->r);
}

/* ---- answering ---- */

const char answer_unsound[] = "this channel gave no answer that could be passed on";

static bool may_answer(struct usher_http *w)
{
	if (!w->r || w->answered) {
		if (w->h)
			plugin_wrong(w->h, "a second answer to one HTTP request");
		return false;
	}
	w->answered = true;
	return true;
}

static bool header_is_safe(struct usher_str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == 0)
			return false;
	return true;
}

/* Where an answer ends and what becomes of the connection is usher's to say: two answers to that would be two answers to a proxy. */
static bool header_is_ours(const char *name)
{
	static const char *const ours[] = { "content-length", "transfer-encoding", "content-type",
		"connection", "keep-alive", "trailer", "upgrade", "date" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (slice_equal_nocase(slice_of(name), slice_of(ours[i])))
			return true;
	return false;
}

void service_http_set(struct usher_http *w, const char *name, struct usher_str value)
{
	if (!header_is_safe(value))
		plugin_wrong(w->h, "a line end in the HTTP header %s: left out", name);
	else if (header_is_ours(name))
		plugin_wrong(w->h, "the HTTP header %s is usher's to set: left out", name);
	else
		http_set(w->r, name, to_slice(value));
}

bool answer_is_sound(struct usher_host *h, int status, const char *content_type)
{
	if (status >= 200 && status <= 599 &&
		(!content_type || header_is_safe(to_str(slice_of(content_type)))))
		return true;
	plugin_wrong(h, "an HTTP answer with the status %d and the type %s", status, content_type);
	return false;
}

void service_http_answer(
	struct usher_http *w, int status, const char *content_type, struct usher_str body)
{
	if (!may_answer(w))
		return;
	if (answer_is_sound(w->h, status, content_type))
		http_answer(w->r, status, content_type, to_slice(body));
	else
		http_problem(w->r, 500, answer_unsound);
}

void service_http_problem(struct usher_http *w, int status, const char *detail)
{
	if (!may_answer(w))
		return;
	if (answer_is_sound(w->h, status, NULL))
		http_problem(w->r, status, detail);
	else
		http_problem(w->r, 500, answer_unsound);
}

static struct static_files *web_files(struct usher_host *h, const char *csp)
{
	struct host *host = h->host;
	struct str path = { 0 };
	struct err err = { "" };
	size_t policies = 0;

	for (struct web_dir *d = host->web_dirs; d; d = d->next) {
		if (strcmp(d->plugin, h->plugin->name) != 0)
			continue;
		if (strcmp(d->csp, csp) == 0)
			return d->files;
		policies++;
	}
	if (policies == WEB_POLICIES_MAX) {
		plugin_wrong(h, "more than %d policies for its web files", WEB_POLICIES_MAX);
		return NULL;
	}
	struct web_dir *d = mem_alloc(sizeof(*d));
	str_addf(&path, "%.*s/%s", SLICE_ARG(host->config->web_dir), h->plugin->name);
	d->files = static_files_new(path.p, csp, &err);
	if (!d->files)
		log_error(h->name, "no web files why=\"%s\"", err.text);
	str_free(&path);
	d->plugin = slice_dup(slice_of(h->plugin->name));
	d->csp = slice_dup(slice_of(csp));
	d->next = host->web_dirs;
	host->web_dirs = d;
	return d->files;
}

void service_http_file(struct usher_http *w, struct usher_str name, const char *csp)
{
	struct static_files *files;

	if (!may_answer(w))
		return;
	if (!csp || !header_is_safe(to_str(slice_of(csp))))
		csp = "default-src 'none'";
	files = web_files(w->h, csp);
	if (files)
		static_files_answer(files, w->r, to_slice(name));
	else
		http_problem(w->r, 404, "this usher was built without that page");
}
