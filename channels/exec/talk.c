/*
 * What the program says: its lines become calls into usher, its errors lines of the log. A line that is not understood takes down this
 * run of it. Reads no more while usher owes it `in_max` answers or it does not read what it is told. Called by exec.c.
 *
 *   line ─▶ JSON object ─▶ "t" in the table of words ─▶ its function ─▶ usher ─▶ (later) answer ─▶ tell_line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

enum { LISTS_MAX = 64, PARTS_MAX = 256, PAIRS_MAX = 256 };

static const char *const outcomes[] = { [USHER_OK] = "ok",
	[USHER_DUPLICATE] = "duplicate",
	[USHER_RETRY] = "retry",
	[USHER_FAIL] = "fail",
	[USHER_UNSURE] = "unsure" };

/* ---- fields ---- */

/* {NULL, 0} when it is not there or no string. */
static struct usher_str field(const json_t *line, const char *name)
{
	const json_t *v = json_object_get(line, name);

	return (struct usher_str){ json_string_value(v), json_string_length(v) };
}

static const char *text_field(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text ? text : "";
}

/* A field that is there has to be of its type. */
static bool is_wrong(struct exec *e, const json_t *line, const char *name, json_type type)
{
	static const char *const types[] = { [JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "a list",
		[JSON_STRING] = "a text",
		[JSON_INTEGER] = "a whole number",
		[JSON_REAL] = "a number with a point",
		[JSON_TRUE] = "true or false",
		[JSON_FALSE] = "true or false" };
	const json_t *v = json_object_get(line, name);
	bool boolean = type == JSON_TRUE && json_is_boolean(v);

	if (!v || json_is_null(v) || json_typeof(v) == type || boolean)
		return false;
	exec_nonsense(e, "\"%s\" of %s is %s, expected %s", name, text_field(line, "t"),
		types[json_typeof(v)], types[type]);
	return true;
}

static bool lacks(struct exec *e, const json_t *line, const char *name)
{
	if (is_wrong(e, line, name, JSON_STRING))
		return true;
	if (field(line, name).n)
		return false;
	exec_nonsense(e, "%s without \"%s\"", text_field(line, "t"), name);
	return true;
}

/* ---- what usher owes ---- */

uint64_t talk_owe(struct exec *e, struct usher_str name)
{
	struct owed *o = zeroed(sizeof(*o));

	o->exec = e;
	o->run = e->run;
	buf_add(&o->name, name.p, name.n);
	e->owed++;
	e->owed_now++;
	return (uint64_t)(uintptr_t)o;
}

/* The name, to be freed; empty when the run that asked has ended. */
static struct buf pay(struct exec *e, uint64_t token)
{
	struct owed *o = (struct owed *)(uintptr_t)token;
	struct buf name = o->name;

	e->owed--;
	if (o->run == e->run) {
		e->owed_now--;
	} else {
		buf_free(&name);
	}
	free(o);
	return name;
}

static void answer(struct exec *e, json_t *line, struct buf name)
{
	buf_free(&name);
	if (e->state == EXEC_READY)
		tell_line(e, line);
	else
		json_decref(line);
	talk_lines(e);
}

static json_t *words(struct usher_str s)
{
	json_t *j = json_stringn(s.p ? s.p : "", s.n);

	return j ? j : json_string("");
}

void talk_ack(struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	struct buf name = pay(e, token);
	bool taken = outcome == USHER_OK || outcome == USHER_DUPLICATE;

	if (name.n)
		answer(e,
			json_pack("{s:s, s:s%, s:s, s:o}", "t", "ack", "id", name.p, name.n,
				"outcome", outcomes[outcome], taken ? "message" : "why",
				words(why)),
			name);
	exec_settle(e);
}

void talk_remembered(struct exec *e, uint64_t token, enum usher_outcome outcome)
{
	struct buf name = pay(e, token);

	if (name.n)
		answer(e,
			json_pack("{s:s, s:s%, s:s}", "t", "remembered", "key", name.p, name.n,
				"outcome", outcomes[outcome]),
			name);
	exec_settle(e);
}

void talk_recalled(
	struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str value)
{
	struct buf name = pay(e, token);

	if (name.n)
		answer(e,
			json_pack("{s:s, s:s%, s:s, s:o}", "t", "recalled", "key", name.p, name.n,
				"outcome", outcomes[outcome], "value", words(value)),
			name);
	exec_settle(e);
}

void talk_blob_done(struct exec *e, uint64_t token, enum usher_outcome outcome,
	struct usher_str blob, uint64_t size)
{
	struct buf name = pay(e, token);

	if (name.n)
		answer(e,
			json_pack("{s:s, s:s%, s:s, s:o, s:I}", "t", "filed", "id", name.p, name.n,
				"outcome", outcomes[outcome], "file", words(blob), "size",
				(json_int_t)size),
			name);
	exec_settle(e);
}

void talk_blob_got(
	struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	struct buf name = pay(e, token);

	if (name.n && e->state == EXEC_READY)
		files_told(e, name.p, outcome, bytes);
	buf_free(&name);
	talk_lines(e);
	exec_settle(e);
}

/* ---- in ---- */

static size_t list_of(const json_t *list, struct usher_str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list) && n < LISTS_MAX; i++) {
		const json_t *v = json_array_get(list, i);
		if (json_is_string(v))
			out[n++] =
				(struct usher_str){ json_string_value(v), json_string_length(v) };
	}
	return n;
}

/* Numbers and truth values become words, which live as long as `numbers`. */
static size_t hints_of(const json_t *hints, struct usher_pair *out, char numbers[][32])
{
	const char *key;
	json_t *v;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)hints, key, v)
	{
		if (n == PAIRS_MAX)
			break;
		struct usher_str value = { json_string_value(v), json_string_length(v) };
		if (!json_is_string(v)) {
			if (json_is_integer(v))
				snprintf(numbers[n], 32, "%lld", (long long)json_integer_value(v));
			else if (json_is_real(v))
				snprintf(numbers[n], 32, "%g", json_real_value(v));
			else if (json_is_boolean(v))
				snprintf(numbers[n], 32, "%s", json_is_true(v) ? "yes" : "no");
			else
				continue;
			value = (struct usher_str){ numbers[n], strlen(numbers[n]) };
		}
		out[n++] = (struct usher_pair){ { key, strlen(key) }, value };
	}
	return n;
}

/* Files that were given before; whether their names are names of blobs is usher's to say. */
static size_t parts_of(const json_t *files, struct usher_part *out)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(files) && n < PARTS_MAX; i++) {
		const json_t *f = json_array_get(files, i);
		json_int_t size = json_integer_value(json_object_get(f, "size"));
		out[n++] = (struct usher_part){ .name = field(f, "name"),
			.type = field(f, "type"),
			.blob = field(f, "file"),
			.cid = field(f, "cid"),
			.size = size > 0 ? (uint64_t)size : 0 };
	}
	return n;
}

static bool in_is_wrong(struct exec *e, const json_t *line)
{
	static const char *const texts[] = { "thread", "to", "subject", "text", "html", "lang",
		"quoted", "raw", "quarantine", "again" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (is_wrong(e, line, texts[i], JSON_STRING))
			return true;
	return lacks(e, line, "id") || is_wrong(e, line, "from", JSON_OBJECT) ||
	       is_wrong(e, line, "hints", JSON_OBJECT) || is_wrong(e, line, "refs", JSON_ARRAY) ||
	       is_wrong(e, line, "also", JSON_ARRAY) || is_wrong(e, line, "files", JSON_ARRAY) ||
	       is_wrong(e, line, "sent", JSON_INTEGER) || is_wrong(e, line, "automatic", JSON_TRUE);
}

static struct usher_str or_else(struct usher_str s, struct usher_str other)
{
	return s.n ? s : other;
}

static void heard_in(struct exec *e, const json_t *line)
{
	struct usher_str refs[LISTS_MAX], also[LISTS_MAX];
	struct usher_pair hints[PAIRS_MAX];
	struct usher_part parts[PARTS_MAX];
	char(*numbers)[32];

	if (in_is_wrong(e, line))
		return;
	const json_t *from = json_object_get(line, "from"), *sent = json_object_get(line, "sent");
	struct usher_str who = field(from, "value"), id = field(line, "id");
	numbers = zeroed(PAIRS_MAX * sizeof(*numbers));
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = id,
		.thread = or_else(or_else(field(line, "thread"), who), id),
		.refs = refs,
		.refs_count = list_of(json_object_get(line, "refs"), refs),
		.also = also,
		.also_count = list_of(json_object_get(line, "also"), also),
		.identity_kind = or_else(field(from, "kind"), (struct usher_str){ "account", 7 }),
		.identity = who,
		.verified = json_is_true(json_object_get(from, "verified")),
		.name = field(from, "name"),
		.to = field(line, "to"),
		.subject = field(line, "subject"),
		.text = field(line, "text"),
		.html = field(line, "html"),
		.lang = field(line, "lang"),
		.quoted = field(line, "quoted"),
		.raw = field(line, "raw"),
		.quarantine = field(line, "quarantine"),
		.again = field(line, "again"),
		.parts = parts,
		.parts_count = parts_of(json_object_get(line, "files"), parts),
		.hints = hints,
		.hints_count = hints_of(json_object_get(line, "hints"), hints, numbers),
		.sent_us = json_integer_value(sent) > 0
				   ? (uint64_t)json_integer_value(sent) * 1000000
				   : 0,
		.automatic = json_is_true(json_object_get(line, "automatic")) };
	e->seen++;
	e->usher->deliver(e->host, &m, talk_owe(e, id));
	free(numbers);
}

/* ---- the other words ---- */

static void heard_ready(struct exec *e, const json_t *line)
{
	if (e->state != EXEC_STARTING) {
		exec_nonsense(e, "ready, a second time");
		return;
	}
	if (!web_routes(e, json_object_get(line, "routes"))) {
		exec_nonsense(e, "routes is a list of at most 8 paths");
		return;
	}
	e->rereads = json_is_true(json_object_get(line, "reread"));
	e->reloads = json_is_true(json_object_get(line, "reload"));
	e->state = EXEC_READY;
	e->why[0] = 0;
	e->refuses = 0;
	tell_refuses(e);
	tell_reload(e);
	e->usher->up(e->host);
}

static void heard_refuse(struct exec *e, const json_t *line)
{
	exec_kill(e, "%s", *text_field(line, "why") ? text_field(line, "why") : "it says no");
}

/* Greater than USHER_UNSURE: none of them. */
static enum usher_outcome outcome_in(const json_t *line)
{
	const char *word = text_field(line, "outcome");
	enum usher_outcome outcome = USHER_OK;

	while (outcome <= USHER_UNSURE &&
		(outcome == USHER_DUPLICATE || strcmp(outcomes[outcome], word) != 0))
		outcome++;
	return outcome;
}

static void heard_sent(struct exec *e, const json_t *line)
{
	enum usher_outcome outcome = outcome_in(line);

	if (lacks(e, line, "id"))
		return;
	if (outcome > USHER_UNSURE)
		exec_nonsense(e, "sent with an outcome other than ok, retry, fail or unsure");
	else if (!tell_sent(e, text_field(line, "id"), outcome, field(line, "remote"),
			 field(line, "why")))
		exec_nonsense(e, "sent for a message that it does not have");
}

/* With `ack` it is answered when it is on disk, by that name; else it is only as sure as this process. */
static void news(struct exec *e, const json_t *line, struct usher_news *n)
{
	struct usher_str ack = field(line, "ack");

	n->size = sizeof(*n);
	if (ack.n && !USHER_HAS(e->usher, tell))
		exec_kill(e, "this usher is older than 1.1: it acknowledges no news");
	else if (ack.n)
		e->usher->tell(e->host, n, talk_owe(e, ack));
	else if (n->what == USHER_NEWS_DELIVERY)
		e->usher->delivery(
			e->host, n->message, n->remote, (enum usher_delivery)n->how, n->text);
	else if (n->what == USHER_NEWS_PRESENCE)
		e->usher->presence(e->host, n->thread, (enum usher_presence)n->how, n->seq);
	else if (n->what == USHER_NEWS_RATING)
		e->usher->rate(e->host, n->thread, n->dedup, n->how, n->text);
	else
		e->usher->mail(e->host, n->channel, n->to, n->subject, n->text, n->lang);
}

static void heard_delivery(struct exec *e, const json_t *line)
{
	static const char *const words[] = {
		[USHER_DELIVERED] = "delivered", [USHER_READ] = "read", [USHER_BOUNCED] = "bounced"
	};

	for (int i = USHER_DELIVERED; i <= USHER_BOUNCED; i++)
		if (strcmp(text_field(line, "what"), words[i]) == 0) {
			news(e, line,
				&(struct usher_news){ .what = USHER_NEWS_DELIVERY,
					.how = (uint32_t)i,
					.message = field(line, "id"),
					.remote = field(line, "remote"),
					.text = field(line, "why") });
			return;
		}
	exec_nonsense(e, "delivery that is not delivered, read or bounced");
}

static void heard_presence(struct exec *e, const json_t *line)
{
	static const char *const words[] = { [USHER_LEFT] = "left",
		[USHER_BACK] = "back",
		[USHER_END] = "end",
		[USHER_TYPING] = "typing",
		[USHER_SEEN] = "seen" };
	json_int_t seq = json_integer_value(json_object_get(line, "seq"));

	if (lacks(e, line, "thread"))
		return;
	for (int i = USHER_LEFT; i <= USHER_SEEN; i++)
		if (strcmp(text_field(line, "what"), words[i]) == 0) {
			news(e, line,
				&(struct usher_news){ .what = USHER_NEWS_PRESENCE,
					.how = (uint32_t)i,
					.thread = field(line, "thread"),
					.seq = seq > 0 ? (uint64_t)seq : 0 });
			return;
		}
	exec_nonsense(e, "presence that is not left, back, end, typing or seen");
}

static void heard_rate(struct exec *e, const json_t *line)
{
	json_int_t score = json_integer_value(json_object_get(line, "score"));

	if (lacks(e, line, "thread") || lacks(e, line, "id"))
		return;
	if (score < 1 || score > 5)
		exec_nonsense(e, "a score is 1 to 5");
	else
		news(e, line,
			&(struct usher_news){ .what = USHER_NEWS_RATING,
				.how = (uint32_t)score,
				.thread = field(line, "thread"),
				.dedup = field(line, "id"),
				.text = field(line, "text") });
}

static void heard_count(struct exec *e, const json_t *line)
{
	static const char *const words[] = { "seen", "accepted", "refused", "overload", "slow",
		"wrong" };
	json_int_t n = json_integer_value(json_object_get(line, "n"));

	for (size_t i = 0; n > 0 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text_field(line, "what"), words[i]) == 0) {
			e->usher->count(e->host, words[i], (uint64_t)n);
			return;
		}
	exec_nonsense(e, "a count of nothing that is counted");
}

static void heard_mail(struct exec *e, const json_t *line)
{
	if (!lacks(e, line, "channel") && !lacks(e, line, "to"))
		news(e, line,
			&(struct usher_news){ .what = USHER_NEWS_MAIL,
				.dedup = field(line, "id"),
				.channel = field(line, "channel"),
				.to = field(line, "to"),
				.subject = field(line, "subject"),
				.text = field(line, "text"),
				.lang = field(line, "lang") });
}

static void heard_reread(struct exec *e, const json_t *line)
{
	enum usher_outcome outcome = outcome_in(line);

	if (lacks(e, line, "of"))
		return;
	if (outcome > USHER_FAIL ||
		!again_done(e, text_field(line, "of"), outcome, field(line, "why")))
		exec_nonsense(e, "reread of what nobody asked, or without an outcome");
}

static void heard_answer(struct exec *e, const json_t *line)
{
	if (!lacks(e, line, "id") && !web_answered(e, line))
		exec_nonsense(e, "an answer without a status of 200 to 599, or with a bad "
				 "body");
}

static void heard_log(struct exec *e, const json_t *line)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	struct usher_str text = field(line, "text");
	enum usher_level level = USHER_INFO;

	for (int i = 0; i <= USHER_ERROR; i++)
		if (strcmp(text_field(line, "level"), levels[i]) == 0)
			level = (enum usher_level)i;
	exec_log(e, level, text.p, text.n);
}

/* "up": false takes the channel down with its reason, and true up again. The rest is shown in its status. */
static void heard_health(struct exec *e, const json_t *line)
{
	const json_t *up = json_object_get(line, "up");
	json_t *shown = json_copy((json_t *)(uintptr_t)line);

	json_object_del(shown, "t");
	json_object_del(shown, "up");
	json_object_del(shown, "why");
	char *text = json_dumps(shown, JSON_COMPACT);
	json_decref(shown);
	if (e->closing)
		up = NULL; /* a word now would be the last */
	if (json_is_false(up))
		e->usher->down(
			e->host, *text_field(line, "why") ? text_field(line, "why") : "it says so");
	else if (json_is_true(up))
		e->usher->up(e->host);
	if (text && strlen(text) <= HEALTH_MAX) {
		free(e->health);
		e->health = text;
		text = NULL;
	}
	free(text);
}

static void heard_remember(struct exec *e, const json_t *line)
{
	if (lacks(e, line, "key") || is_wrong(e, line, "value", JSON_STRING))
		return;
	struct usher_str key = field(line, "key"), value = field(line, "value");
	json_int_t ttl_s = json_integer_value(json_object_get(line, "ttl_s"));
	int once = json_is_true(json_object_get(line, "once"));
	if (ttl_s < 0 || ttl_s > UINT32_MAX)
		exec_nonsense(e, "ttl_s is a number of seconds");
	else
		e->usher->remember_for(
			e->host, key, value, (uint32_t)ttl_s, once, talk_owe(e, key));
}

static void heard_recall(struct exec *e, const json_t *line)
{
	if (lacks(e, line, "key"))
		return;
	struct usher_str key = field(line, "key");
	e->usher->recall(e->host, key, talk_owe(e, key));
}

static void heard_file(struct exec *e, const json_t *line)
{
	struct usher_str data = field(line, "data");

	if (lacks(e, line, "id") || is_wrong(e, line, "data", JSON_STRING) ||
		is_wrong(e, line, "last", JSON_TRUE))
		return;
	if (json_is_true(json_object_get(line, "drop")))
		files_dropped(e, text_field(line, "id"));
	else
		files_heard(e, text_field(line, "id"), data.p ? data.p : "", data.n,
			json_is_true(json_object_get(line, "last")));
}

static void heard_get(struct exec *e, const json_t *line)
{
	if (lacks(e, line, "file"))
		return;
	struct usher_str name = field(line, "file");
	e->usher->blob_get(e->host, name, talk_owe(e, name));
}

static void heard_pong(struct exec *e, const json_t *line)
{
	(void)e;
	(void)line; /* that it said something is enough */
}

/* Before it is ready it may only say these. */
static const struct word {
	const char *t;
	void (*heard)(struct exec *e, const json_t *line);
	bool early;
} vocabulary[] = {
	{ "ready", heard_ready, true },
	{ "refuse", heard_refuse, true },
	{ "in", heard_in, false },
	{ "sent", heard_sent, false },
	{ "delivery", heard_delivery, false },
	{ "pong", heard_pong, true },
	{ "log", heard_log, true },
	{ "health", heard_health, false },
	{ "file", heard_file, false },
	{ "get", heard_get, false },
	{ "remember", heard_remember, false },
	{ "recall", heard_recall, false },
	{ "answer", heard_answer, false },
	{ "presence", heard_presence, false },
	{ "count", heard_count, false },
	{ "mail", heard_mail, false },
	{ "rate", heard_rate, false },
	{ "reread", heard_reread, false },
};

static void heard(struct exec *e, const json_t *line)
{
	const char *t = text_field(line, "t");

	for (size_t i = 0; i < sizeof(vocabulary) / sizeof(vocabulary[0]); i++) {
		if (strcmp(t, vocabulary[i].t) != 0)
			continue;
		if (e->state == EXEC_STARTING && !vocabulary[i].early)
			exec_nonsense(e, "%s before ready", t);
		else
			vocabulary[i].heard(e, line);
		return;
	}
	exec_nonsense(e, "a line with \"t\": \"%.40s\"", t);
}

/* ---- lines ---- */

static void one_line(struct exec *e, const char *p, size_t n)
{
	json_error_t error;
	size_t blank = 0;

	while (blank < n && strchr(" \t\r", p[blank]) && p[blank])
		blank++;
	if (blank == n)
		return;
	json_t *line = json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json_is_object(line))
		exec_nonsense(e,
			"not one JSON object on a line (other words go to standard "
			"error): %.80s",
			line ? "another value" : error.text);
	else
		heard(e, line);
	json_decref(line);
}

static bool may_read(const struct exec *e)
{
	return e->owed_now < e->set.in_max && child_backlog(e->child) <= BACKLOG_MAX;
}

void talk_lines(struct exec *e)
{
	struct child_text text;

	if (!e->lent)
		return;
	text = child_lines(e->child, CHILD_OUT);
	e->heard_ms = exec_now_ms();
	if (text.too_long && e->state != EXEC_DYING)
		exec_nonsense(e, "a line of more than %zu bytes", e->set.line_max);
	while (e->state != EXEC_DYING && e->eaten < text.n && may_read(e)) {
		const char *p = text.p + e->eaten, *end = memchr(p, '\n', text.n - e->eaten);
		size_t n = end ? (size_t)(end - p) : text.n - e->eaten;
		e->eaten += end ? n + 1 : n;
		one_line(e, p, n);
	}
	if (e->state != EXEC_DYING && e->eaten < text.n)
		return; /* goes on with the next answer, or when it has read what it was told */
	e->lent = false;
	e->eaten = 0;
	child_taken(e->child, CHILD_OUT);
}

/* When it ends now, this is most likely why. */
static void complained(struct exec *e, const char *p, size_t n)
{
	n = n < sizeof(e->complaint) ? n : sizeof(e->complaint) - 1;
	for (size_t i = 0; i < n; i++)
		e->complaint[i] =
			(unsigned char)p[i] < 0x20 || (unsigned char)p[i] >= 0x7f ? '?' : p[i];
	e->complaint[n] = 0;
	e->complained_ms = exec_now_ms();
}

/* "<3>words": how bad it is, as in sd-daemon(3). */
static enum usher_level level_of(const char **p, size_t *n)
{
	if (*n < 3 || (*p)[0] != '<' || (*p)[1] < '0' || (*p)[1] > '7' || (*p)[2] != '>')
		return USHER_WARN;
	char level = (*p)[1];
	*p += 3;
	*n -= 3;
	return level < '4'   ? USHER_ERROR
	       : level < '5' ? USHER_WARN
	       : level < '7' ? USHER_INFO
			     : USHER_DEBUG;
}

void talk_errors(struct exec *e)
{
	struct child_text text = child_lines(e->child, CHILD_ERR);

	for (size_t at = 0; at < text.n;) {
		const char *p = text.p + at, *end = memchr(p, '\n', text.n - at);
		size_t n = end ? (size_t)(end - p) : text.n - at;
		at += end ? n + 1 : n;
		enum usher_level level = level_of(&p, &n);
		exec_log(e, level, p, n);
		if (n && level >= USHER_WARN)
			complained(e, p, n);
	}
	child_taken(e->child, CHILD_ERR);
}
