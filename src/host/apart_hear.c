/*
 * What usherd says to a plugin in a process of its own: each line is a call into it. Called by apart.c, on the loop, never from inside a
 * call of the plugin.
 *
 *   hello ─▶ open ─▶ ready | refuse          ack, send, recalled, remembered, filed, file, http, gone, reread ─▶ its call          stop ─▶ close
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host/apart.h"
#include "model/limits.h"

static struct usher_str words_of(const char *text)
{
	return to_str(slice_of(text));
}

/* ---- hello ---- */

static _Noreturn void refuse(const char *why)
{
	struct str *line = line_begin("refuse");

	line_text(line, "why", words_of(why));
	line_end(line);
	apart_exit(1);
}

static struct usher_host *host_of(const json_t *hello, struct plugin *plugin)
{
	struct usher_host *h = mem_alloc(sizeof(*h));
	const char *key;
	json_t *value;

	h->host = apart.host;
	h->refs = 1;
	h->name = slice_dup(to_slice(line_field(hello, "channel")));
	h->plugin = plugin;
	h->api = &plugin->api;
	h->up = true;
	list_push_back(&h->host->channels, &h->node);
	json_object_foreach(json_object_get(hello, "settings"), key,
		value) free(map_put(&h->options.values, slice_of(key),
		slice_dup(slice_make(json_string_value(value), json_string_length(value)))));
	return h;
}

/* As usherd and the configuration call it. */
static void name_as_file(struct plugin *plugin)
{
	const char *slash = strrchr(apart.path, '/');
	struct slice name = slice_of(slash ? slash + 1 : apart.path);

	if (name.n > 3 && memcmp(name.p + name.n - 3, ".so", 3) == 0)
		name.n -= 3;
	free(plugin->name);
	plugin->name = slice_dup(name);
}

static void say_ready(void)
{
	struct str *line = line_begin("ready");

	str_addf(line, ",\"routes\":[%s]", apart.routes.n ? apart.routes.p : "");
	line_yes(line, "reread", apart.h->api->reread != NULL);
	line_yes(line, "reload", true);
	line_end(line);
	apart.ready = true;
	if (!apart.h->up) {
		line = line_begin("health");
		str_add_text(line, ",\"up\":false");
		line_text(line, "why", words_of(apart.h->why));
		line_end(line);
	}
}

static void hear_hello(const json_t *line)
{
	struct err err = { "" };
	char why[256] = "";

	if (apart.h)
		return;
	apart.config.public_url = slice_of(slice_dup(to_slice(line_field(line, "public_url"))));
	struct plugin *plugin = plugin_load_file(apart.path, &err);
	if (!plugin)
		refuse(err.text);
	name_as_file(plugin);
	struct usher_host *h = apart.h = host_of(line, plugin);
	uint64_t began = call_begin(h, "open");
	apart.opening = true;
	h->self = h->api->open(h, &apart_services, why, sizeof(why));
	apart.opening = false;
	call_end(h, began);
	why[sizeof(why) - 1] = 0;
	if (!h->self)
		refuse(why[0] ? why : "the plugin refused to open");
	say_ready();
	lines_release();
}

/* ---- in ---- */

static void hear_ack(const json_t *line)
{
	struct usher_host *h = apart.h;
	struct owed_line *o = owed_take(OWED_ACK, json_string_value(json_object_get(line, "id")));
	enum usher_outcome outcome = outcome_heard(line);
	bool stored = outcome == USHER_OK || outcome == USHER_DUPLICATE;

	if (!o)
		return;
	PLUGIN_CALL(
		h, ack, h->self, o->token, outcome, line_field(line, stored ? "message" : "why"));
	owed_free(o);
}

/* ---- out ---- */

static size_t list_of(const json_t *list, struct usher_str *out, size_t max)
{
	size_t n = 0;

	for (; n < json_array_size(list) && n < max; n++) {
		const json_t *v = json_array_get(list, n);
		out[n] = (struct usher_str){ json_string_value(v), json_string_length(v) };
	}
	return n;
}

static size_t parts_of(const json_t *files, struct usher_part *out)
{
	size_t n = 0;

	for (; n < json_array_size(files) && n < MESSAGE_PARTS_MAX; n++) {
		const json_t *f = json_array_get(files, n);
		out[n] = (struct usher_part){ .name = line_field(f, "name"),
			.type = line_field(f, "type"),
			.blob = line_field(f, "file"),
			.cid = line_field(f, "cid"),
			.size = (uint64_t)json_integer_value(json_object_get(f, "size")) };
	}
	return n;
}

static void hear_send(const json_t *line)
{
	struct usher_str refs[MESSAGE_REFS_MAX], cc[MESSAGE_REFS_MAX];
	struct usher_part parts[MESSAGE_PARTS_MAX];
	struct usher_host *h = apart.h;
	json_int_t quoted_at = json_integer_value(json_object_get(line, "quoted_at"));
	struct usher_outbound m = { .size = sizeof(m),
		.id = line_field(line, "id"),
		.conv = line_field(line, "conv"),
		.thread = line_field(line, "thread"),
		.to = line_field(line, "to"),
		.from = line_field(line, "from"),
		.subject = line_field(line, "subject"),
		.text = line_field(line, "text"),
		.html = line_field(line, "html"),
		.parts = parts,
		.parts_count = parts_of(json_object_get(line, "files"), parts),
		.in_reply_to = line_field(line, "in_reply_to"),
		.refs = refs,
		.refs_count = list_of(json_object_get(line, "refs"), refs, MESSAGE_REFS_MAX),
		.attempt = (uint32_t)json_integer_value(json_object_get(line, "attempt")),
		.automatic = json_is_true(json_object_get(line, "automatic")),
		.message = line_field(line, "message"),
		.envelope = line_field(line, "envelope"),
		.cc = cc,
		.cc_count = list_of(json_object_get(line, "cc"), cc, MESSAGE_REFS_MAX),
		.quoted = line_field(line, "quoted"),
		.quoted_from = line_field(line, "quoted_from"),
		.quoted_at_us = quoted_at > 0 ? (uint64_t)quoted_at * 1000000 : 0,
		.signature = line_field(line, "signature"),
		.lang = line_field(line, "lang"),
		.quoted_html = line_field(line, "quoted_html") };

	if (!m.message.n)
		m.message = m.id;
	map_put(&apart.sends, to_slice(m.id), &apart);
	PLUGIN_CALL(h, send, h->self, &m);
}

/* ---- the other words ---- */

static void hear_remembered(const json_t *line)
{
	struct usher_host *h = apart.h;
	struct owed_line *o =
		owed_take(OWED_REMEMBERED, json_string_value(json_object_get(line, "key")));

	if (o)
		PLUGIN_CALL(h, remembered, h->self, o->token, outcome_heard(line));
	owed_free(o);
}

static void hear_recalled(const json_t *line)
{
	struct usher_host *h = apart.h;
	struct owed_line *o =
		owed_take(OWED_RECALLED, json_string_value(json_object_get(line, "key")));

	if (o)
		PLUGIN_CALL(h, recalled, h->self, o->token, outcome_heard(line),
			line_field(line, "value"));
	owed_free(o);
}

static void hear_reread(const json_t *line)
{
	struct usher_host *h = apart.h;
	struct usher_str of = line_field(line, "of");

	reread_owed(++apart.serial, to_slice(of));
	PLUGIN_CALL(h, reread, h->self, line_field(line, "file"), of, apart.serial);
}

static void hear_overload(const json_t *line)
{
	static const char *const words[] = { [USHER_WORK_ANONYMOUS] = "anonymous",
		[USHER_WORK_LOW] = "low",
		[USHER_WORK_MAIL] = "mail" };
	const json_t *word;
	size_t i;

	apart.refuses = 0;
	for (i = 0; (word = json_array_get(json_object_get(line, "refuse"), i)) != NULL; i++)
		for (unsigned kind = USHER_WORK_ANONYMOUS; kind <= USHER_WORK_MAIL; kind++)
			if (json_is_string(word) && !strcmp(json_string_value(word), words[kind]))
				apart.refuses |= 1u << kind;
}

static void hear_reload(const json_t *line)
{
	struct usher_host *h = apart.h;

	(void)line;
	stream_renew_tls(h);
	PLUGIN_CALL(h, reloaded, h->self);
}

static void hear_ping(const json_t *line)
{
	(void)line;
	line_end(line_begin("pong"));
}

static void hear_stop(const json_t *line)
{
	(void)line;
	apart_stop();
}

void apart_hear(const json_t *line)
{
	static const struct {
		const char *word;
		void (*hear)(const json_t *line);
	} words[] = { { "ack", hear_ack }, { "send", hear_send }, { "remembered", hear_remembered },
		{ "recalled", hear_recalled }, { "filed", keep_filed }, { "file", keep_file },
		{ "overload", hear_overload }, { "http", web_heard }, { "gone", web_left },
		{ "reread", hear_reread }, { "reload", hear_reload } };
	struct slice word = to_slice(line_field(line, "t"));

	if (slice_is(word, "hello"))
		hear_hello(line);
	else if (slice_is(word, "ping"))
		hear_ping(line);
	else if (slice_is(word, "stop"))
		hear_stop(line);
	for (size_t i = 0; apart.ready && i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(word, words[i].word))
			words[i].hear(line);
}
