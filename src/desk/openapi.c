/*
 * The OpenAPI 3.1 description, written from the table of endpoints, so that it cannot forget one.
 */
#include "desk/api.h"
#include "desk/out.h"

static void write_parameters(struct str *o, const char *path)
{
	bool any = false;
	for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{')) {
		struct slice name = slice_make(p + 1, strcspn(p + 1, "}"));
		if (!any)
			str_add_text(o, ",\"parameters\":[");
		any = true;
		out_comma(o);
		str_add_char(o, '{');
		out_string(o, "name", name);
		str_add_text(o, ",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":"
				"\"string\"}}");
	}
	if (any)
		str_add_char(o, ']');
}

static void write_operation(struct str *o, const struct endpoint *e)
{
	str_add_char(o, '{');
	out_string(o, "operationId", slice_of(e->name));
	out_string(o, "summary", slice_of(e->summary));
	write_parameters(o, e->path);
	if (e->body == BODY_JSON)
		str_add_text(o, ",\"requestBody\":{\"required\":true,\"content\":{\"application/"
				"json\":{}}}");
	else if (e->body == BODY_STREAM)
		str_add_text(o, ",\"requestBody\":{\"required\":true,\"content\":{\"application/"
				"octet-stream\":{}}}");
	if (e->action == ACTION_NONE)
		str_add_text(o, ",\"security\":[]");
	else
		out_string(o, "x-right", slice_of(action_name(e->action)));
	str_addf(o, ",\"responses\":{\"%d\":{\"description\":\"done\"},", e->status);
	str_add_text(o, "\"default\":{\"description\":\"a problem (RFC 9457)\",\"content\":"
			"{\"application/problem+json\":{}}}}}");
}

static void write_path(struct str *o, const char *path)
{
	out_key(o, path);
	str_add_char(o, '{');
	for (size_t i = 0; i < api_endpoint_count; i++) {
		char method[8] = { 0 };
		const struct endpoint *e = &api_endpoints[i];
		if (strcmp(e->path, path) != 0)
			continue;
		for (size_t k = 0; e->method[k] && k + 1 < sizeof(method); k++)
			method[k] = (char)(e->method[k] | 0x20);
		out_key(o, method);
		write_operation(o, e);
	}
	str_add_char(o, '}');
}

void call_openapi(struct call *c)
{
	struct str o = { 0 };
	str_add_text(&o, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"usher desk "
			 "API\",\"version\":\"1\"},"
			 "\"servers\":[{\"url\":\"/api/v1\"}],\"security\":[{\"session\":[]}],"
			 "\"components\":{\"securitySchemes\":{\"session\":{\"type\":\"apiKey\","
			 "\"in\":\"cookie\",\"name\":\"" SESSION_COOKIE "\"}}},\"paths\":{");
	for (size_t i = 0; i < api_endpoint_count; i++) {
		bool written = false;
		for (size_t k = 0; k < i; k++)
			written |= strcmp(api_endpoints[k].path, api_endpoints[i].path) == 0;
		if (!written)
			write_path(&o, api_endpoints[i].path);
	}
	str_add_text(&o, "}}");
	call_json(c, 200, &o);
	str_free(&o);
}
