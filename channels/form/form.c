/*
 * The form plugin: options, routes, and where the host's calls go. See form.h for the picture.
 */
#include "form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct usher_option OPTIONS[] = {
	{ .key = "form",
		.fallback = "",
		.most = 64,
		.help = "name in the address /form/NAME; the channel's own when empty" },
	{ .key = "title",
		.fallback = "Write to us",
		.least = 1,
		.most = 200,
		.help = "heading of the page" },
	{ .key = "title_ru",
		.fallback = "Напишите нам",
		.least = 1,
		.most = 200,
		.help = "the same in Russian" },
	{ .key = "thanks", .fallback = "", .most = 1000, .help = "what is said afterwards" },
	{ .key = "thanks_ru", .fallback = "", .most = 1000, .help = "the same in Russian" },
	{ .key = "file_max",
		.type = USHER_NUMBER,
		.fallback = "10485760",
		.least = 1,
		.most = 52428800,
		.help = "bytes of one file" },
	{ .key = "files",
		.type = USHER_NUMBER,
		.fallback = "5",
		.least = 1,
		.most = 20,
		.help = "files of one message" },
	{ .key = "rate",
		.type = USHER_NUMBER,
		.fallback = "20",
		.least = 0,
		.most = 60000,
		.help = "messages a minute from one address (this machine itself is not counted); "
			"0: any number" },
	{ .key = "fill_time",
		.type = USHER_NUMBER,
		.fallback = "2",
		.least = 0,
		.most = 60,
		.help = "seconds below which only a robot has filled in the page" },
	{ .key = "challenge",
		.type = USHER_NUMBER,
		.fallback = "120",
		.least = 0,
		.most = 1000000,
		.help = "messages a minute from everybody (but this machine) above which a proof "
			"of "
			"work is asked; 0: never" },
	{ .key = "origins",
		.fallback = "",
		.most = 4096,
		.help = "other sites whose scripts may post, separated by blanks: "
			"https://www.example.org; *: all" },
	{ .key = "confirm",
		.type = USHER_BOOL,
		.fallback = "no",
		.help = "whether a mail says that the message has arrived; it never repeats it; "
			"needs reply_by" },
	{ .key = "reply_by",
		.fallback = "",
		.most = 64,
		.choices = "channel",
		.help = "channel that carries the answers, for instance a mailbox" },
	{ .key = "fields.*.name",
		.fallback = NULL,
		.least = 1,
		.most = 64,
		.help = "name of the field, as it is sent" },
	{ .key = "fields.*.label",
		.fallback = "",
		.most = 200,
		.help = "what stands above it; the name when empty" },
	{ .key = "fields.*.label_ru", .fallback = "", .most = 200, .help = "the same in Russian" },
	{ .key = "fields.*.type",
		.type = USHER_CHOICE,
		.fallback = "text",
		.choices = "text|long|email|phone|choice|check|hidden|file",
		.help = "kind of field" },
	{ .key = "fields.*.required",
		.type = USHER_BOOL,
		.fallback = "no",
		.help = "whether it must be filled in" },
	{ .key = "fields.*.map",
		.type = USHER_CHOICE,
		.fallback = "auto",
		.choices = "auto|hint|identity|name|subject|text|file",
		.help = "what it becomes of the message" },
	{ .key = "fields.*.choices",
		.fallback = "",
		.most = 4096,
		.help = "of a choice: one|two|three" },
	{ .key = "fields.*.choice_labels",
		.fallback = "",
		.most = 4096,
		.help = "what people read instead, in the same order; empty: the choices" },
	{ .key = "fields.*.choice_labels_ru",
		.fallback = "",
		.most = 4096,
		.help = "the same in Russian" },
	{ .key = "fields.*.value", .fallback = "", .most = 1000, .help = "of a hidden field" },
	{ .key = "fields.*.max",
		.type = USHER_NUMBER,
		.fallback = "0",
		.least = 0,
		.most = 20000,
		.help = "characters; 0: 200, of a long one 10,000" },
	{ .key = NULL },
};

static uint64_t number(const struct form *f, const char *key)
{
	return strtoull(f->svc->option(f->host, key).p, NULL, 10);
}

static int name_ok(struct usher_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!name.p[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", name.p[i]))
			return 0;
	return name.n > 0 && name.n <= 64;
}

static int form_read(struct form *f, char *why, size_t why_size)
{
	const struct usher_services *svc = f->svc;

	f->name = svc->option(f->host, "form");
	if (!f->name.n)
		f->name = svc->channel_name(f->host);
	if (!name_ok(f->name)) {
		snprintf(why, why_size, "form: a name has 1 to 64 of a-z, 0-9, - and _");
		return -1;
	}
	snprintf(f->path, sizeof(f->path), "/form/%.*s", (int)f->name.n, f->name.p);
	f->title[LANGUAGE_EN] = svc->option(f->host, "title");
	f->title[LANGUAGE_RU] = svc->option(f->host, "title_ru");
	f->thanks[LANGUAGE_EN] = svc->option(f->host, "thanks");
	f->thanks[LANGUAGE_RU] = svc->option(f->host, "thanks_ru");
	f->file_max = number(f, "file_max");
	f->files_max = number(f, "files");
	f->fill_us = number(f, "fill_time") * 1000000;
	f->origins = svc->option(f->host, "origins");
	if (str_is(svc->option(f->host, "confirm"), "yes"))
		f->confirm = svc->option(f->host, "reply_by");
	if (str_is(svc->option(f->host, "confirm"), "yes") && !f->confirm.n) {
		snprintf(why, why_size, "confirm: needs reply_by, the mailbox that sends it");
		return -1;
	}
	if (origins_check(f->origins, why, why_size))
		return -1;
	return fields_read(f, why, why_size);
}

static void *form_open(
	struct usher_host *host, const struct usher_services *svc, char *why, size_t why_size)
{
	struct form *f = zeroed(sizeof(*f));
	uint64_t seed;

	f->host = host;
	f->svc = svc;
	if (form_read(f, why, why_size)) {
		free(f);
		return NULL;
	}
	svc->random(host, f->key, sizeof(f->key));
	svc->random(host, &seed, sizeof(seed));
	f->rate = rate_new(number(f, "rate"), seed);
	f->challenge = challenge_new(number(f, "challenge"));
	if (!USHER_HAS(svc, tell))
		f->confirm.n = 0;
	svc->http_route(host, f->path);
	return f;
}

static int form_check(
	struct usher_host *host, const struct usher_services *svc, char *why, size_t why_size)
{
	struct form *f = zeroed(sizeof(*f));

	f->host = host;
	f->svc = svc;
	int refused = form_read(f, why, why_size);
	if (!refused && USHER_HAS(svc, http_route))
		svc->http_route(host, f->path);
	free(f);
	return refused;
}

void form_look(struct form *f)
{
	if (!f->closing || f->posts)
		return;
	f->svc->down(f->host, "closed");
	rate_free(&f->rate);
	challenge_free(&f->challenge);
	free(f);
}

static void form_close(void *self)
{
	struct form *f = self;

	f->closing = 1;
	form_look(f);
}

/* ---- HTTP ---- */

static void form_get(struct form *f, struct usher_http *r, struct usher_str below)
{
	enum language lang = page_language(f, r);

	if (!below.n)
		page_form(f, r, lang, NULL, 200, NULL);
	else if (str_is(below, "/thanks"))
		page_thanks(f, r, lang);
	else if (str_is(below, "/style.css"))
		page_style(f, r);
	else if (str_is(below, "/snippet.html"))
		page_snippet(f, r, lang);
	else if (str_is(below, "/form.js"))
		page_script(f, r);
	else if (str_is(below, "/stamp"))
		page_stamp(f, r, lang);
	else
		f->svc->http_problem(r, 404, "there is no such page");
}

/* A page of an allowed site may read our answers. Nothing here goes by a cookie, so nobody gains by sending from elsewhere. */
static int allow_origin(struct form *f, struct usher_http *r)
{
	struct usher_str origin = f->svc->http_header(r, "origin");

	if (!origin.n || !origins_have(f->origins, origin))
		return 0;
	f->svc->http_set(r, "Access-Control-Allow-Origin", origin);
	f->svc->http_set(r, "Access-Control-Expose-Headers", LITERAL("Retry-After"));
	f->svc->http_set(r, "Vary", LITERAL("Origin"));
	return 1;
}

static void form_preflight(struct form *f, struct usher_http *r, int allowed)
{
	if (!allowed) {
		f->svc->http_problem(
			r, 403, "scripts of this site may not post here: add it to origins");
		return;
	}
	f->svc->http_set(r, "Access-Control-Allow-Methods", LITERAL("GET, POST"));
	f->svc->http_set(
		r, "Access-Control-Allow-Headers", LITERAL("Content-Type, Idempotency-Key"));
	f->svc->http_set(r, "Access-Control-Max-Age", LITERAL("600"));
	f->svc->http_answer(r, 204, NULL, LITERAL(""));
}

static void form_http(void *self, struct usher_http *r)
{
	struct form *f = self;
	struct usher_str path = f->svc->http_path(r), method = f->svc->http_method(r);
	size_t n = strlen(f->path);
	struct usher_str below = { path.p + n, path.n < n ? 0 : path.n - n };

	if (below.n == 1 && below.p[0] == '/')
		below.n = 0;
	if (below.n && below.p[0] != '/') {
		f->svc->http_problem(r, 404, "there is no such form");
		return;
	}
	int allowed = allow_origin(f, r);
	if (str_is(method, "OPTIONS")) {
		form_preflight(f, r, allowed);
	} else if (str_is(method, "GET") || str_is(method, "HEAD")) {
		form_get(f, r, below);
	} else if (!str_is(method, "POST") || below.n) {
		f->svc->http_set(
			r, "Allow", below.n ? LITERAL("GET, HEAD") : LITERAL("GET, HEAD, POST"));
		f->svc->http_problem(r, 405, "a form is read with GET and sent with POST");
	} else {
		post_begin(f, r);
	}
}

static void form_body(void *self, struct usher_http *r, struct usher_str piece, int last)
{
	struct form *f = self;

	post_body(f->svc->http_get_data(r), piece, last);
}

static void form_gone(void *self, struct usher_http *r)
{
	struct form *f = self;
	struct post *p = f->svc->http_get_data(r);

	if (p)
		post_gone(p);
}

static void form_ack(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	(void)self;
	post_acked((struct post *)(uintptr_t)token, outcome, why);
}

static void form_blob_done(void *self, uint64_t token, enum usher_outcome outcome,
	struct usher_str name, uint64_t size)
{
	(void)self;
	post_file_stored((struct file *)(uintptr_t)token, outcome, name, size);
}

static void form_health(void *self, void (*put)(void *arg, struct usher_str json), void *arg)
{
	struct form *f = self;
	char text[128];
	int n = snprintf(text, sizeof(text),
		"{\"under_way\":%zu,\"trapped\":%llu,\"challenged\":%llu}", f->posts,
		(unsigned long long)f->trapped, (unsigned long long)f->challenged);

	put(arg, (struct usher_str){ text, (size_t)n });
}

__attribute__((visibility("default"))) extern const struct usher_channel usher_channel_v1;
const struct usher_channel usher_channel_v1 = {
	.size = sizeof(struct usher_channel),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "form",
	.version = "1",
	.options = OPTIONS,
	.open = form_open,
	.close = form_close,
	.ack = form_ack,
	.http = form_http,
	.http_body = form_body,
	.http_gone = form_gone,
	.blob_done = form_blob_done,
	.health = form_health,
	.check = form_check,
	.option_size = sizeof(struct usher_option),
};
