/*
 * Web requests of a plugin in a process of its own: usherd has read the whole request, the plugin is fed it as if it came from the net. Called by the
 * plugin through apart_services and by apart_hear.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "host/apart.h"

enum { PIECE = 65536 };

struct usher_http {
	struct list_node node;
	struct usher_host *h;
	json_t *line; /* as it was heard */
	struct str data, headers;
	struct slice rest; /* of the body */
	uint64_t max;
	void *own; /* the plugin's */
	bool reading, paused, fed, over;
};

static struct list requests;

/* After everything that was put off before for it. */
static void request_free(struct usher_host *h, void *arg)
{
	struct usher_http *r = arg;

	(void)h;
	list_remove(&r->node);
	json_decref(r->line);
	str_free(&r->data);
	str_free(&r->headers);
	free(r);
}

static void request_over(struct usher_http *r)
{
	r->over = true;
	call_later(r->h, request_free, NULL, r);
}

/* ---- in ---- */

void web_heard(const json_t *line)
{
	struct usher_http *r = mem_alloc(sizeof(*r));
	struct usher_host *h = apart.h;

	r->h = h;
	r->line = json_deep_copy(line);
	list_push_back(&requests, &r->node);
	if (json_object_get(line, "data") && base64_read(&r->data, line_field(line, "data")))
		r->rest = str_slice(&r->data);
	else
		r->rest = to_slice(line_field(r->line, "body"));
	if (h->api->http && h->state == CHANNEL_OPEN)
		PLUGIN_CALL(h, http, h->self, r);
	else
		web_http_problem(r, 503, "this channel is closed");
}

void web_left(const json_t *line)
{
	struct slice id = to_slice(line_field(line, "id"));

	LIST_FOR (r, &requests, struct usher_http, node)
		if (!r->over && slice_equal(to_slice(line_field(r->line, "id")), id)) {
			struct usher_host *h = r->h;
			PLUGIN_CALL(h, http_gone, h->self, r);
			request_over(r);
			return;
		}
}

void web_http_route(struct usher_host *h, const char *prefix)
{
	if (!service_allowed(h, "http_route"))
		return;
	if (apart.ready) {
		plugin_wrong(h, "http_route after open: isolated, paths are named in open");
		return;
	}
	str_add_text(&apart.routes, apart.routes.n ? "," : "");
	str_add_json(&apart.routes, slice_of(prefix));
}

struct usher_str web_http_method(struct usher_http *r)
{
	return line_field(r->line, "method");
}

struct usher_str web_http_path(struct usher_http *r)
{
	return line_field(r->line, "path");
}

struct usher_str web_http_query(struct usher_http *r)
{
	return line_field(r->line, "query");
}

struct usher_str web_http_header(struct usher_http *r, const char *name)
{
	return line_field(json_object_get(r->line, "headers"), name);
}

void web_http_each_header(struct usher_http *r,
	void (*each)(void *arg, struct usher_str name, struct usher_str value), void *arg)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(r->line, "headers"), name, value)
		each(arg, to_str(slice_of(name)),
			(struct usher_str){ json_string_value(value), json_string_length(value) });
}

const char *web_http_peer(struct usher_http *r)
{
	return json_string_value(json_object_get(r->line, "peer"));
}

/* ---- the body ---- */

static void feed(struct usher_host *h, void *arg)
{
	struct usher_http *r = arg;

	if (!r->over && r->rest.n > r->max) {
		web_http_problem(r, 413, "the body is too large");
		PLUGIN_CALL(h, http_gone, h->self, r);
		return;
	}
	while (!r->over && !r->paused && !r->fed) {
		struct usher_str piece = { r->rest.p, r->rest.n < PIECE ? r->rest.n : PIECE };
		r->rest.p += piece.n;
		r->rest.n -= piece.n;
		r->max -= piece.n;
		r->fed = !r->rest.n;
		PLUGIN_CALL(h, http_body, h->self, r, piece, r->fed);
	}
}

void web_http_read(struct usher_http *r, uint64_t max)
{
	if (!service_allowed(r->h, "http_read") || r->reading)
		return;
	r->reading = true;
	r->max = max;
	call_later(r->h, feed, NULL, r);
}

void web_http_pause(struct usher_http *r, int pause)
{
	r->paused = pause != 0;
	if (!pause && r->reading && !r->fed)
		call_later(r->h, feed, NULL, r);
}

void web_http_data(struct usher_http *r, void *data)
{
	r->own = data;
}

void *web_http_get_data(struct usher_http *r)
{
	return r->own;
}

int web_http_is_upgrade(struct usher_http *r)
{
	(void)r;
	return 0; /* usherd has refused those */
}

/* ---- out ---- */

void web_http_set(struct usher_http *r, const char *name, struct usher_str value)
{
	str_add_text(&r->headers, r->headers.n ? "," : "");
	str_add_json(&r->headers, slice_of(name));
	str_add_char(&r->headers, ':');
	str_add_json(&r->headers, to_slice(value));
}

static struct str *answer_begin(struct usher_http *r)
{
	if (!service_allowed(r->h, "http_answer"))
		return NULL;
	if (r->over) {
		plugin_wrong(r->h, "a second answer to one HTTP request");
		return NULL;
	}
	struct str *line = line_begin("answer");
	line_text(line, "id", line_field(r->line, "id"));
	if (r->headers.n)
		str_addf(line, ",\"headers\":{%s}", r->headers.p);
	return line;
}

static void answer_end(struct usher_http *r, struct str *line)
{
	line_end(line);
	request_over(r);
}

static void problem_end(struct usher_http *r, struct str *line, int status, const char *detail)
{
	line_number(line, "status", (uint64_t)status);
	line_text(line, "problem", to_str(slice_of(detail)));
	answer_end(r, line);
}

void web_http_answer(struct usher_http *r, int status, const char *type, struct usher_str body)
{
	struct str *line = answer_begin(r);

	if (!line)
		return;
	if (!answer_is_sound(r->h, status, type)) {
		problem_end(r, line, 500, answer_unsound);
		return;
	}
	line_number(line, "status", (uint64_t)status);
	line_text(line, "type", to_str(slice_of(type)));
	str_add_text(line, ",\"data\":\"");
	base64_write(line, to_slice(body));
	str_add_char(line, '"');
	answer_end(r, line);
}

void web_http_problem(struct usher_http *r, int status, const char *detail)
{
	struct str *line = answer_begin(r);

	if (line && answer_is_sound(r->h, status, NULL))
		problem_end(r, line, status, detail);
	else if (line)
		problem_end(r, line, 500, answer_unsound);
}

void web_http_file(struct usher_http *r, struct usher_str name, const char *csp)
{
	struct str *line = answer_begin(r);

	if (!line)
		return;
	line_text(line, "file", name);
	line_text(line, "csp", to_str(slice_of(csp)));
	answer_end(r, line);
}
