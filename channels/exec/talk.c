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
#include "kit/escapes.h"

/* ---- words ---- */

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
	exec_kill(e, "%s", *field_text(line, "why") ? field_text(line, "why") : "it says no");
}

/* Greater than USHER_UNSURE: none of them. */
static enum usher_outcome outcome_in(const json_t *line)
{
	const char *word = field_text(line, "outcome");
	enum usher_outcome outcome = USHER_OK;

	while (outcome <= USHER_UNSURE &&
		(outcome == USHER_DUPLICATE || strcmp(outcome_words[outcome], word) != 0))
		outcome++;
	return outcome;
}

static void heard_sent(struct exec *e, const json_t *line)
{
	enum usher_outcome outcome = outcome_in(line);

	if (field_lacks(e, line, "id"))
		return;
	if (outcome > USHER_UNSURE)
		exec_nonsense(e, "sent with an outcome other than ok, retry, fail or unsure");
	else if (!tell_sent(e, field_text(line, "id"), outcome, field_of(line, "remote"),
			 field_of(line, "why")))
		exec_nonsense(e, "sent for a message that it does not have");
}

/* With `ack` it is answered when it is on disk, by that name; else it is only as sure as this process. */
static void news(struct exec *e, const json_t *line, struct usher_news *n)
{
	struct usher_str ack = field_of(line, "ack");

	n->size = sizeof(*n);
	if (ack.n && !USHER_HAS(e->usher, tell))
		exec_kill(e, "this usher is older than 1.1: it acknowledges no news");
	else if (ack.n)
		e->usher->tell(e->host, n, owe(e, ack));
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
		if (strcmp(field_text(line, "what"), words[i]) == 0) {
			news(e, line,
				&(struct usher_news){ .what = USHER_NEWS_DELIVERY,
					.how = (uint32_t)i,
					.message = field_of(line, "id"),
					.remote = field_of(line, "remote"),
					.text = field_of(line, "why") });
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

	if (field_lacks(e, line, "thread"))
		return;
	for (int i = USHER_LEFT; i <= USHER_SEEN; i++)
		if (strcmp(field_text(line, "what"), words[i]) == 0) {
			news(e, line,
				&(struct usher_news){ .what = USHER_NEWS_PRESENCE,
					.how = (uint32_t)i,
					.thread = field_of(line, "thread"),
					.seq = seq > 0 ? (uint64_t)seq : 0 });
			return;
		}
	exec_nonsense(e, "presence that is not left, back, end, typing or seen");
}

static void heard_rate(struct exec *e, const json_t *line)
{
	json_int_t score = json_integer_value(json_object_get(line, "score"));

	if (field_lacks(e, line, "thread") || field_lacks(e, line, "id"))
		return;
	if (score < 1 || score > 5)
		exec_nonsense(e, "a score is 1 to 5");
	else
		news(e, line,
			&(struct usher_news){ .what = USHER_NEWS_RATING,
				.how = (uint32_t)score,
				.thread = field_of(line, "thread"),
				.dedup = field_of(line, "id"),
				.text = field_of(line, "text") });
}

static void heard_count(struct exec *e, const json_t *line)
{
	static const char *const words[] = { "seen", "accepted", "refused", "overload", "slow",
		"wrong" };
	json_int_t n = json_integer_value(json_object_get(line, "n"));

	for (size_t i = 0; n > 0 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(field_text(line, "what"), words[i]) == 0) {
			e->usher->count(e->host, words[i], (uint64_t)n);
			return;
		}
	exec_nonsense(e, "a count of nothing that is counted");
}

static void heard_mail(struct exec *e, const json_t *line)
{
	if (!field_lacks(e, line, "channel") && !field_lacks(e, line, "to"))
		news(e, line,
			&(struct usher_news){ .what = USHER_NEWS_MAIL,
				.dedup = field_of(line, "id"),
				.channel = field_of(line, "channel"),
				.to = field_of(line, "to"),
				.subject = field_of(line, "subject"),
				.text = field_of(line, "text"),
				.lang = field_of(line, "lang") });
}

static void heard_reread(struct exec *e, const json_t *line)
{
	enum usher_outcome outcome = outcome_in(line);

	if (field_lacks(e, line, "of"))
		return;
	if (outcome > USHER_FAIL ||
		!again_done(e, field_text(line, "of"), outcome, field_of(line, "why")))
		exec_nonsense(e, "reread of what nobody asked, or without an outcome");
}

static void heard_answer(struct exec *e, const json_t *line)
{
	if (!field_lacks(e, line, "id") && !web_answered(e, line))
		exec_nonsense(e, "an answer without a status of 200 to 599, or with a bad "
				 "body");
}

static void heard_log(struct exec *e, const json_t *line)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	struct usher_str text = field_of(line, "text");
	enum usher_level level = USHER_INFO;

	for (int i = 0; i <= USHER_ERROR; i++)
		if (strcmp(field_text(line, "level"), levels[i]) == 0)
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
			e->host, *field_text(line, "why") ? field_text(line, "why") : "it says so");
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
	if (field_lacks(e, line, "key") || field_is_wrong(e, line, "value", JSON_STRING))
		return;
	struct usher_str key = field_of(line, "key"), value = field_of(line, "value");
	json_int_t ttl_s = json_integer_value(json_object_get(line, "ttl_s"));
	int once = json_is_true(json_object_get(line, "once"));
	if (ttl_s < 0 || ttl_s > UINT32_MAX)
		exec_nonsense(e, "ttl_s is a number of seconds");
	else
		e->usher->remember_for(e->host, key, value, (uint32_t)ttl_s, once, owe(e, key));
}

static void heard_recall(struct exec *e, const json_t *line)
{
	if (field_lacks(e, line, "key"))
		return;
	struct usher_str key = field_of(line, "key");
	e->usher->recall(e->host, key, owe(e, key));
}

static void heard_file(struct exec *e, const json_t *line)
{
	struct usher_str data = field_of(line, "data");

	if (field_lacks(e, line, "id") || field_is_wrong(e, line, "data", JSON_STRING) ||
		field_is_wrong(e, line, "last", JSON_TRUE))
		return;
	if (json_is_true(json_object_get(line, "drop")))
		files_dropped(e, field_text(line, "id"));
	else
		files_heard(e, field_text(line, "id"), data.p ? data.p : "", data.n,
			json_is_true(json_object_get(line, "last")));
}

static void heard_get(struct exec *e, const json_t *line)
{
	if (field_lacks(e, line, "file"))
		return;
	struct usher_str name = field_of(line, "file");
	e->usher->blob_get(e->host, name, owe(e, name));
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
	{ "in", message_heard, false },
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
	const char *t = field_text(line, "t");

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

static void one_line(struct exec *e, char *p, size_t n)
{
	json_error_t error;
	size_t blank = 0;

	while (blank < n && strchr(" \t\r", p[blank]) && p[blank])
		blank++;
	if (blank == n)
		return;
	escapes_mend(p, n, true); /* half an emoji of a stranger's is no reason to end */
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
		char *p = text.p + e->eaten, *end = memchr(p, '\n', text.n - e->eaten);
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
