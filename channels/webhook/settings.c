/*
 * The options: what comes in from where and how it is proved, what goes out. Templates are checked here, so that a wrong one is
 * told when the configuration is read. Called by webhook.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "webhook.h"

#define FIELD_OPTION(id, name, otherwise, text)                                                    \
	{ .key = "in." name, .fallback = otherwise, .most = 1024, .help = text },

const struct usher_option webhook_options[] = {
	{ .key = "path",
		.fallback = "",
		.most = 200,
		.help = "where it is posted; without it /hook/NAME" },
	{ .key = "verify",
		.type = USHER_CHOICE,
		.choices = "hmac|hmac-body|token|none",
		.help = "how it is proved who posts: hmac over timestamp.body, hmac-body over the "
			"body alone, token in a header, none" },
	{ .key = "keys.*",
		.fallback = "",
		.most = 256,
		.secret = 1,
		.help = "one key or token, or two while they are changed" },
	{ .key = "signature_header",
		.fallback = "x-usher-signature",
		.least = 1,
		.most = 100,
		.help = "has the signature or the token" },
	{ .key = "timestamp_header",
		.fallback = "x-usher-timestamp",
		.least = 1,
		.most = 100,
		.help = "has the seconds since 1970 that were signed" },
	{ .key = "body_kib",
		.type = USHER_NUMBER,
		.fallback = "512",
		.least = 1,
		.most = 16384,
		.help = "largest body taken" },
	{ .key = "items",
		.fallback = "",
		.most = 200,
		.help = "path of the list when one post has several messages" },
	{ .key = "urgent",
		.type = USHER_BOOL,
		.fallback = "yes",
		.help = "no: under overload its posts are told 429 before mails and chats are" },
	{ .key = "verified",
		.type = USHER_BOOL,
		.fallback = "no",
		.help = "the service itself checked who the person is" },
	FIELDS(FIELD_OPTION){ .key = "when.*.value",
		.least = 1,
		.most = 1024,
		.help = "what is looked at; a post is no message unless all of these hold" },
	{ .key = "when.*.is",
		.fallback = "*",
		.most = 1024,
		.help = "what it has to be: words with | between, * for anything but nothing" },
	{ .key = "hints.*.name", .least = 1, .most = 64, .help = "what rules and agents call it" },
	{ .key = "hints.*.value", .least = 1, .most = 1024, .help = "what it is" },
	{ .key = "files.list",
		.fallback = "",
		.most = 200,
		.help = "path of the list of a message's files; without it the message has one" },
	{ .key = "files.name", .fallback = "", .most = 1024, .help = "what a file is called" },
	{ .key = "files.type", .fallback = "", .most = 1024, .help = "its type: image/png" },
	{ .key = "files.data", .fallback = "", .most = 1024, .help = "the file itself in base64" },
	{ .key = "files.url",
		.fallback = "",
		.most = 2048,
		.secret = 1,
		.help = "or where it is fetched from" },
	{ .key = "file_kib",
		.type = USHER_NUMBER,
		.fallback = "10240",
		.least = 1,
		.most = 51200,
		.help = "largest file that is fetched, and all files of an answer together" },
	{ .key = "url",
		.fallback = "",
		.most = 2048,
		.secret = 1,
		.help = "where answers go; without it this channel only takes in" },
	{ .key = "method",
		.type = USHER_CHOICE,
		.fallback = "POST",
		.choices = "POST|PUT|PATCH",
		.help = "of the request" },
	{ .key = "body",
		.fallback = "{\"id\":\"{id}\",\"thread\":\"{thread}\",\"text\":\"{text}\"}",
		.least = 2,
		.most = 16384,
		.help = "JSON whose texts are filled in: {text}, {thread}, {to}, {id}, {conv}, "
			"{subject}" },
	{ .key = "body_type",
		.type = USHER_CHOICE,
		.fallback = "json",
		.choices = "json|form",
		.help = "form: the members of the body, urlencoded" },
	{ .key = "headers.*.name", .least = 1, .most = 64, .help = "of the request" },
	{ .key = "headers.*.value",
		.fallback = "",
		.most = 2048,
		.secret = 1,
		.help = "its value" },
	{ .key = "sign_keys.*",
		.fallback = "",
		.most = 256,
		.secret = 1,
		.help = "the request is signed with each of these, one or two" },
	{ .key = "remote",
		.fallback = "",
		.most = 200,
		.help = "what the answer says the message is called there: {result.message_id}" },
	{ .key = "idempotent",
		.type = USHER_BOOL,
		.fallback = "no",
		.help = "the service knows a repeat by its Idempotency-Key: an unsure send is "
			"repeated" },
	{ .key = "timeout_s",
		.type = USHER_NUMBER,
		.fallback = "20",
		.least = 1,
		.most = 120,
		.help = "of a request" },
	{ .key = "allow_private",
		.type = USHER_BOOL,
		.fallback = "no",
		.help = "send to this machine and private networks, too" },
	{ 0 },
};

/* ---- single values ---- */

static struct usher_str option(const struct webhook *w, const char *key)
{
	return w->usher->option(w->host, key);
}

static char *text(const struct webhook *w, const char *key)
{
	return str_copy(option(w, key));
}

static uint64_t number(const struct webhook *w, const char *key)
{
	char *copy = text(w, key);
	uint64_t n = strtoull(copy, NULL, 10);

	free(copy);
	return n;
}

static struct usher_str indexed(
	const struct webhook *w, const char *list, size_t i, const char *member)
{
	char key[80];

	snprintf(key, sizeof(key), "%s.%zu%s", list, i, member);
	return option(w, key);
}

static bool refuse(char *why, size_t why_size, const char *what, const char *problem)
{
	snprintf(why, why_size, "%s: %s", what, problem);
	return false;
}

/* ---- lists ---- */

static void read_keys(const struct webhook *w, const char *list, struct sign_keys *keys)
{
	for (size_t i = 0; i < SIGN_KEYS; i++) {
		struct usher_str key = indexed(w, list, i, "");
		if (key.n)
			keys->keys[keys->count++] = str_copy(key);
	}
}

static size_t read_pairs(
	const struct webhook *w, const char *list, const char *value, struct pair *out, size_t max)
{
	size_t n = 0;

	for (; n < max; n++) {
		struct usher_str name = indexed(w, list, n, ".name");
		if (!name.n)
			break;
		out[n].name = str_copy(name);
		out[n].value = str_copy(indexed(w, list, n, value));
	}
	return n;
}

static bool read_conditions(struct webhook *w, char *why, size_t why_size)
{
	for (size_t n = 0; n < CONDITIONS_MAX; n++) {
		struct usher_str value = indexed(w, "when", n, ".value");
		if (!value.n)
			break;
		w->conditions[n].value = str_copy(value);
		w->conditions[n].is = str_copy(indexed(w, "when", n, ".is"));
		w->conditions_count = n + 1;
		if (!template_is_good(w->conditions[n].value))
			return refuse(why, why_size, "when", "a { without its }");
	}
	return true;
}

static bool too_many(const struct webhook *w, char *why, size_t why_size)
{
	if (indexed(w, "keys", SIGN_KEYS, "").p || indexed(w, "sign_keys", SIGN_KEYS, "").p)
		return !refuse(why, why_size, "keys", "at most two are alive at a time");
	if (indexed(w, "when", CONDITIONS_MAX, ".value").p)
		return !refuse(why, why_size, "when", "at most 16 are taken");
	if (indexed(w, "hints", HINTS_MAX, ".name").p)
		return !refuse(why, why_size, "hints", "at most 32 are taken");
	if (indexed(w, "headers", HEADERS_MAX, ".name").p)
		return !refuse(why, why_size, "headers", "at most 16 are taken");
	return false;
}

/* ---- in ---- */

#define FIELD_NAME(id, name, fallback, help) "in." name,
static const char *const field_names[] = { FIELDS(FIELD_NAME) };
#undef FIELD_NAME

static char *lower(char *name)
{
	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	return name;
}

static void read_path(struct webhook *w)
{
	struct buf path = { 0 };
	struct usher_str name = w->usher->channel_name(w->host);

	w->path = text(w, "path");
	if (*w->path)
		return;
	free(w->path);
	buf_text(&path, "/hook/");
	buf_add(&path, name.p, name.n);
	w->path = path.p;
}

/* Where it goes must not depend on what somebody wrote: no place before the path. */
static bool url_is_fixed(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n = host ? strcspn(host + 3, "/?#") : 0;

	return host &&
	       (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0) && n &&
	       !memchr(url, '{', (size_t)(host + 3 + n - url)) && template_is_good(url);
}

static bool read_files(struct webhook *w, char *why, size_t why_size)
{
	char **const templates[] = { &w->file_name, &w->file_type, &w->file_data, &w->file_url };
	static const char *const keys[] = { "files.name", "files.type", "files.data", "files.url" };

	w->file_list = text(w, "files.list");
	w->file_max = number(w, "file_kib") * 1024;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		*templates[i] = text(w, keys[i]);
		if (!template_is_good(*templates[i]))
			return refuse(why, why_size, keys[i], "a { without its }");
	}
	w->file_url_fixed = url_is_fixed(w->file_url);
	return true;
}

static bool read_in(struct webhook *w, char *why, size_t why_size)
{
	struct usher_str verify = option(w, "verify");

	read_path(w);
	w->verify = str_is(verify, "hmac")	  ? VERIFY_HMAC
		    : str_is(verify, "hmac-body") ? VERIFY_HMAC_BODY
		    : str_is(verify, "token")	  ? VERIFY_TOKEN
						  : VERIFY_NONE;
	read_keys(w, "keys", &w->keys);
	w->signature_header = lower(text(w, "signature_header"));
	w->timestamp_header = lower(text(w, "timestamp_header"));
	w->body_max = number(w, "body_kib") * 1024;
	w->items = text(w, "items");
	w->urgent = str_is(option(w, "urgent"), "yes");
	w->verified = str_is(option(w, "verified"), "yes");
	w->hints_count = read_pairs(w, "hints", ".value", w->hints, HINTS_MAX);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		w->fields[i] = text(w, field_names[i]);
	if (w->path[0] != '/')
		return refuse(why, why_size, "path", "it begins with /");
	if (w->verify != VERIFY_NONE && !w->keys.count)
		return refuse(
			why, why_size, "keys", "missing; with \"verify: none\" anybody may post");
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (!template_is_good(w->fields[i]))
			return refuse(why, why_size, field_names[i], "a { without its }");
	for (size_t i = 0; i < w->hints_count; i++)
		if (!template_is_good(w->hints[i].value))
			return refuse(why, why_size, "hints", "a { without its }");
	return read_files(w, why, why_size) && read_conditions(w, why, why_size);
}

/* ---- out ---- */

static bool header_is_good(const struct pair *p)
{
	return p->name[strspn(p->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"
				       "789-_")] == 0 &&
	       p->value[strcspn(p->value, "\r\n")] == 0;
}

static bool texts_are_good(const json_t *j, const struct scope *s)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(j))
		return template_knows(json_string_value(j), s);
	json_array_foreach(j, i, value) if (!texts_are_good(value, s)) return false;
	json_object_foreach(
		(json_t *)(uintptr_t)j, key, value) if (!texts_are_good(value, s)) return false;
	return true;
}

/* Something at each place that url and body may have: a word that is misspelt would be sent as nothing. */
static bool places_are_known(struct webhook *w, char *why, size_t why_size)
{
	static const char known[] = "a { without its }, or a place that there is not; there are "
				    "{id} {conv} "
				    "{thread} {to} {text} {subject} {in_reply_to} {attempt} "
				    "{automatic}";
	json_t *all = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "id", 1, "conv", 1,
		"thread", 1, "to", 1, "text", 1, "subject", 1, "in_reply_to", 1, "attempt", 1,
		"automatic", 1);
	struct scope s = { all, all };
	const char *where = template_knows(w->url, &s) ? NULL : "url";

	json_object_set_new(all, "files", json_integer(1));
	if (!where && !texts_are_good(w->body, &s))
		where = "body";
	json_decref(all);
	return !where || refuse(why, why_size, where, known);
}

static bool read_body(struct webhook *w, char *why, size_t why_size)
{
	struct usher_str body = option(w, "body");
	json_error_t error;

	w->body = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &error);
	if (!w->body)
		return refuse(why, why_size, "body", error.text);
	if (w->as_form && !json_is_object(w->body))
		return refuse(why, why_size, "body", "a form is made of the members of an object");
	w->carries_files = memmem(body.p, body.n, "{files}", 7) != NULL;
	if (w->carries_files && w->as_form)
		return refuse(why, why_size, "body", "a form carries no {files}");
	return true;
}

static bool read_out(struct webhook *w, char *why, size_t why_size)
{
	w->url = text(w, "url");
	w->method = text(w, "method");
	w->remote = text(w, "remote");
	w->as_form = str_is(option(w, "body_type"), "form");
	w->allow_private = str_is(option(w, "allow_private"), "yes");
	w->idempotent = str_is(option(w, "idempotent"), "yes");
	w->timeout_s = (long)number(w, "timeout_s");
	w->headers_count = read_pairs(w, "headers", ".value", w->headers, HEADERS_MAX);
	read_keys(w, "sign_keys", &w->sign_keys);
	if (*w->url && !url_is_fixed(w->url))
		return refuse(why, why_size, "url",
			"it is http:// or https://, and nothing is filled in before its path");
	for (size_t i = 0; i < w->headers_count; i++)
		if (!header_is_good(&w->headers[i]))
			return refuse(why, why_size, "headers", "not a header of HTTP");
	if (!template_is_good(w->remote))
		return refuse(why, why_size, "remote", "a { without its }");
	return read_body(w, why, why_size) && places_are_known(w, why, why_size);
}

bool settings_read(struct webhook *w, char *why, size_t why_size)
{
	return !too_many(w, why, why_size) && read_in(w, why, why_size) &&
	       read_out(w, why, why_size);
}

static void pairs_free(struct pair *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(p[i].name);
		free(p[i].value);
	}
}

void settings_free(struct webhook *w)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		free(w->fields[i]);
	for (size_t i = 0; i < w->conditions_count; i++) {
		free(w->conditions[i].value);
		free(w->conditions[i].is);
	}
	for (size_t i = 0; i < SIGN_KEYS; i++) {
		free(w->keys.keys[i]);
		free(w->sign_keys.keys[i]);
	}
	pairs_free(w->hints, w->hints_count);
	pairs_free(w->headers, w->headers_count);
	free(w->file_list);
	free(w->file_name);
	free(w->file_type);
	free(w->file_data);
	free(w->file_url);
	free(w->path);
	free(w->items);
	free(w->signature_header);
	free(w->timestamp_header);
	free(w->url);
	free(w->method);
	free(w->remote);
	json_decref(w->body);
}
