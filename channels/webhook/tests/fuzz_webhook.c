/*
 * Anything a service may post, against a host that answers from here: the first byte chooses the outcome of each delivery and the way of
 * encoding, the rest is the body. The plugin is opened and closed each time; what it forgets to free or to answer is found.
 */
#include <stdlib.h>

#include "webhook.h"

extern const struct usher_channel usher_channel_v1;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct usher_http {
	void *data;
	bool form;
	unsigned answers;
};

static uint64_t tokens[ITEMS_MAX + 1];
static size_t token_count;
static int closed;

static uint64_t now_us(struct usher_host *h)
{
	(void)h;
	return 1700000000000000;
}

static struct usher_str option(struct usher_host *h, const char *key)
{
	static const char *const values[][2] = { { "path", "/hook" }, { "verify", "none" },
		{ "signature_header", "s" }, { "timestamp_header", "t" }, { "body_kib", "64" },
		{ "items", "m" }, { "verified", "yes" }, { "in.dedup", "{id}-{$.x.0}" },
		{ "in.identity", "{a.b.c}" }, { "in.text", "{t}{$.u}" }, { "in.sent", "{s}" },
		{ "in.rating", "{r}" }, { "hints.0.name", "tag" }, { "hints.0.value", "{tags.0}" },
		{ "when.0.value", "{k}" }, { "when.0.is", "|a|b" }, { "method", "POST" },
		{ "body", "{}" }, { "body_type", "json" }, { "timeout_s", "1" } };

	(void)h;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(values[i][0], key) == 0)
			return str_of(values[i][1]);
	return (struct usher_str){ 0 };
}

static struct usher_str channel_name(struct usher_host *h)
{
	(void)h;
	return str_of("fuzz");
}

static void route(struct usher_host *h, const char *prefix)
{
	(void)h;
	(void)prefix;
}

static void count(struct usher_host *h, const char *what, uint64_t n)
{
	(void)h;
	(void)what;
	(void)n;
}

static void down(struct usher_host *h, const char *why)
{
	(void)h;
	(void)why;
	closed++;
}

static void touch(struct usher_str s)
{
	for (size_t i = 0; i < s.n; i++)
		((volatile const char *)s.p)[i];
}

static void deliver(struct usher_host *h, const struct usher_inbound *m, uint64_t token)
{
	(void)h;
	touch(m->dedup);
	touch(m->thread);
	touch(m->text);
	for (size_t i = 0; i < m->hints_count; i++)
		touch(m->hints[i].value);
	if (token_count == ITEMS_MAX)
		abort();
	tokens[token_count++] = token;
}

static struct usher_str method(struct usher_http *r)
{
	(void)r;
	return str_of("POST");
}

static struct usher_str path(struct usher_http *r)
{
	(void)r;
	return str_of("/hook");
}

static struct usher_str header(struct usher_http *r, const char *name)
{
	if (strcmp(name, "content-type") != 0)
		return (struct usher_str){ 0 };
	return str_of(r->form ? "application/x-www-form-urlencoded" : "application/json");
}

static void read_body(struct usher_http *r, uint64_t max)
{
	(void)r;
	(void)max;
}

static void set_data(struct usher_http *r, void *data)
{
	r->data = data;
}

static void *get_data(struct usher_http *r)
{
	return r->data;
}

static void set_header(struct usher_http *r, const char *name, struct usher_str value)
{
	(void)r;
	(void)name;
	touch(value);
}

static void answer(struct usher_http *r, int status, const char *type, struct usher_str body)
{
	(void)status;
	(void)type;
	touch(body);
	r->answers++;
}

static void problem(struct usher_http *r, int status, const char *detail)
{
	(void)status;
	(void)detail;
	r->answers++;
}

static const struct usher_services services = { .size = sizeof(services),
	.now_us = now_us,
	.option = option,
	.channel_name = channel_name,
	.http_route = route,
	.count = count,
	.down = down,
	.deliver = deliver,
	.http_method = method,
	.http_path = path,
	.http_header = header,
	.http_read = read_body,
	.http_data = set_data,
	.http_get_data = get_data,
	.http_set = set_header,
	.http_answer = answer,
	.http_problem = problem };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct usher_channel *c = &usher_channel_v1;
	char why[256] = "";
	struct usher_http r = { 0 };

	if (!size)
		return 0;
	unsigned first = data[0];
	void *self = c->open(NULL, &services, why, sizeof(why));
	if (!self)
		abort();
	token_count = 0;
	closed = 0;
	r.form = first & 1;
	c->http(self, &r);
	c->http_body(self, &r, (struct usher_str){ (const char *)data + 1, size - 1 }, 1);
	bool gone = (first & 2) && !r.answers;
	if (gone)
		c->http_gone(self, &r);
	c->close(self); /* waits for the answers below */
	for (size_t i = 0; i < token_count; i++)
		c->ack(self, tokens[i], (enum usher_outcome)((first >> 2) % 4), str_of("why"));
	if (!closed || r.answers != (gone ? 0 : 1))
		abort();
	return 0;
}
