/*
 * A channel in any language: a program that speaks one JSON object on each line (README.md). This file has its life: started, watched,
 * ended, started again. Never understands a line (talk.c) and never blocks: the process is in the care of a thread (child.c).
 */
#include "exec.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TICK_US = 200000, BACK_OFF_MS = 500, SETTLED_MS = 60000 };

uint64_t exec_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- its log ---- */

void exec_log(struct exec *e, enum usher_level level, const char *text, size_t n)
{
	uint64_t second = exec_now_ms() / 1000;
	char line[1024];

	if (second != e->log_second && e->log_left_out) {
		snprintf(line, sizeof(line), "%u lines of the program left out", e->log_left_out);
		e->usher->log(e->host, USHER_WARN, line);
	}
	if (second != e->log_second)
		e->log_lines = e->log_left_out = 0;
	e->log_second = second;
	if (e->log_lines++ >= LOG_LINES_S) {
		e->log_left_out++;
		return;
	}
	n = n < sizeof(line) - 1 ? n : sizeof(line) - 1;
	if (n)
		memcpy(line, text, n);
	line[n] = 0;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	e->usher->log(e->host, level, line);
}

/* ---- a run ---- */

static void run_start(struct exec *e)
{
	e->run++;
	e->owed_now = 0;
	e->stale = false;
	e->state = EXEC_STARTING;
	e->started_ms = e->heard_ms = e->moved_ms = exec_now_ms();
	e->pinged_ms = 0;
	e->written = 0;
	child_run(e->child);
}

/* False: it is dying already, of something before. */
__attribute__((format(printf, 3, 0))) static bool find_guilty(
	struct exec *e, const char *of, const char *format, va_list ap)
{
	size_t n = strlen(of);

	if (e->state == EXEC_DYING || e->state == EXEC_WAITING)
		return false;
	memcpy(e->why, of, n);
	vsnprintf(e->why + n, sizeof(e->why) - n, format, ap);
	for (char *p = e->why; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?'; /* it may quote the program */
	e->state = EXEC_DYING;
	if (!e->closing) /* then it would be the last word */
		e->usher->down(e->host, e->why);
	child_kill(e->child);
	return true;
}

void exec_kill(struct exec *e, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	find_guilty(e, "", format, ap);
	va_end(ap);
}

void exec_nonsense(struct exec *e, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (find_guilty(e, "nonsense: ", format, ap) && e->usher->abi_minor >= 2)
		e->usher->count(e->host, "wrong", 1);
	va_end(ap);
}

/* With chance, so that many that failed together do not come back together. */
static uint64_t back_off_ms(struct exec *e)
{
	uint64_t ms = BACK_OFF_MS;
	uint16_t chance;

	for (uint32_t i = 1; i < e->failures && ms < e->set.restart_most_ms; i++)
		ms *= 2;
	if (ms > e->set.restart_most_ms)
		ms = e->set.restart_most_ms;
	e->usher->random(e->host, &chance, sizeof(chance));
	return ms / 2 + ms / 2 * chance / 65536;
}

static void run_ended(struct exec *e)
{
	char line[WHY_MAX + 80];
	uint64_t now = exec_now_ms();

	if (e->state != EXEC_DYING) {
		bool said = e->complaint[0] && now - e->complained_ms < COMPLAINT_GOOD_MS;
		snprintf(e->why, sizeof(e->why), "%s%s%s", child_why(e->child), said ? ": " : "",
			said ? e->complaint : "");
	}
	e->complaint[0] = 0;
	if (e->state == EXEC_READY && now - e->started_ms >= SETTLED_MS)
		e->failures = 0;
	e->failures++;
	e->restarts++;
	e->state = EXEC_WAITING;
	files_drop(e);
	tell_lost(e);
	web_lost(e);
	again_lost(e);
	e->again_ms = now + back_off_ms(e);
	if (e->closing)
		return; /* that is what was wanted */
	e->usher->down(e->host, e->why);
	snprintf(line, sizeof(line), "%s; again in %llu ms", e->why,
		(unsigned long long)(e->again_ms - now));
	e->usher->log(e->host, USHER_WARN, line);
}

/* ---- the watch ---- */

static void watch_reading(struct exec *e, uint64_t now)
{
	uint64_t written = child_written(e->child);

	if (written != e->written || !child_backlog(e->child))
		e->moved_ms = now;
	e->written = written;
	if (now - e->moved_ms > e->set.silence_ms)
		exec_kill(e, "it did not read what it is told for %llu s",
			(unsigned long long)e->set.silence_ms / 1000);
}

static void watch_silence(struct exec *e, uint64_t now)
{
	if (e->lent)
		e->heard_ms = now; /* we do not listen */
	if (now - e->heard_ms > e->set.silence_ms) {
		exec_kill(e, "it was silent for %llu s",
			(unsigned long long)e->set.silence_ms / 1000);
	} else if (now - e->heard_ms > e->set.ping_ms && now - e->pinged_ms > e->set.ping_ms) {
		e->pinged_ms = now;
		tell_line(e, json_pack("{s:s}", "t", "ping"));
	}
}

static void watch_closing(struct exec *e, uint64_t now)
{
	uint64_t waited = now - e->closing_ms;

	if (e->state == EXEC_WAITING)
		return;
	if (waited > 2 * e->set.stop_ms)
		child_signal(e->child, SIGKILL);
	else if (waited > e->set.stop_ms)
		child_signal(e->child, SIGTERM);
}

static void ticked(void *arg)
{
	struct exec *e = arg;
	uint64_t now = exec_now_ms();

	if (!e->child)
		return; /* closing: only usher's answers are waited for */
	if (e->state == EXEC_DYING)
		child_kill(e->child); /* the first may have come before it ran */
	if (e->closing)
		watch_closing(e, now);
	else if (e->state == EXEC_WAITING && now >= e->again_ms)
		run_start(e);
	else if (e->state == EXEC_STARTING && now - e->started_ms > e->set.ready_ms)
		exec_kill(e, "it did not say ready within %llu s (does it flush each line?)",
			(unsigned long long)e->set.ready_ms / 1000);
	if (e->state == EXEC_READY && !e->closing) {
		watch_reading(e, now);
		watch_silence(e, now);
		tell_late(e, now);
		again_late(e, now);
		tell_refuses(e);
	}
	e->usher->timer_set(e->tick, TICK_US);
}

/* ---- news of the child ---- */

static void note_heard(void *arg)
{
	struct note *note = arg;
	struct exec *e = note->exec;

	switch (note->news) {
	case CHILD_STARTED:
		tell_hello(e);
		break;
	case CHILD_LINES:
		e->lent = true;
		talk_lines(e);
		break;
	case CHILD_ERRORS:
		talk_errors(e);
		break;
	case CHILD_TOOK:
		talk_lines(e);
		break;
	case CHILD_ENDED:
		run_ended(e);
		break;
	case CHILD_FINISHED:
		child_free(&e->child);
		break;
	case CHILD_NEWS_COUNT:
		break;
	}
	exec_settle(e); /* the last thing: it may be gone */
}

/* In the child's thread. */
static void child_notify(void *arg, enum child_news news)
{
	struct exec *e = arg;

	e->usher->post(e->host, note_heard, &e->notes[news]);
}

/* ---- the calls ---- */

static void exec_free(struct exec *e)
{
	settings_free(e);
	free(e->health);
	free(e);
}

static void *exec_open(
	struct usher_host *host, const struct usher_services *usher, char *why, size_t why_size)
{
	struct exec *e = zeroed(sizeof(*e));

	e->host = host;
	e->usher = usher;
	for (int i = 0; i < CHILD_NEWS_COUNT; i++)
		e->notes[i] = (struct note){ e, (enum child_news)i };
	e->config.notify = child_notify;
	e->config.arg = e;
	if (!settings_read(e, why, why_size)) {
		exec_free(e);
		return NULL;
	}
	e->child = child_new(&e->config);
	if (!e->child) {
		snprintf(why, why_size, "no thread for the program");
		exec_free(e);
		return NULL;
	}
	e->tick = usher->timer(host, ticked, e);
	usher->timer_set(e->tick, TICK_US);
	snprintf(e->why, sizeof(e->why), "starting");
	usher->down(host, e->why);
	run_start(e);
	return e;
}

static int exec_check(
	struct usher_host *host, const struct usher_services *usher, char *why, size_t why_size)
{
	struct exec *e = zeroed(sizeof(*e));

	e->host = host;
	e->usher = usher;
	int refused = !settings_read(e, why, why_size);
	exec_free(e);
	return refused;
}

/* It is told to stop, ends by itself or is ended; then what usher owes is waited for. */
static void exec_close(void *self)
{
	struct exec *e = self;

	e->closing = true;
	e->closing_ms = exec_now_ms();
	snprintf(e->why, sizeof(e->why), "the channel is closing");
	if (e->state == EXEC_READY || e->state == EXEC_STARTING)
		tell_line(e, json_pack("{s:s}", "t", "stop"));
	child_stop(e->child);
	exec_settle(e);
}

/* Nothing is to be told any more: the program may go. */
static void finish_input(struct exec *e)
{
	if (e->finished || !e->child || e->owed_now)
		return;
	e->finished = true;
	child_finish(e->child);
}

void exec_settle(struct exec *e)
{
	if (!e->closing)
		return;
	finish_input(e);
	if (e->child || e->owed)
		return;
	files_drop(e);
	tell_lost(e);
	web_lost(e);
	again_lost(e);
	e->usher->timer_clear(e->tick);
	e->usher->down(e->host, "closed");
	exec_free(e); /* usher does not call us after that */
}

static void exec_send(void *self, const struct usher_outbound *m)
{
	tell_send(self, m);
}

static void exec_ack(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	owed_ack(self, token, outcome, why);
}

static void exec_remembered(void *self, uint64_t token, enum usher_outcome outcome)
{
	owed_remembered(self, token, outcome);
}

static void exec_recalled(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str value)
{
	owed_recalled(self, token, outcome, value);
}

static void exec_blob_done(void *self, uint64_t token, enum usher_outcome outcome,
	struct usher_str name, uint64_t size)
{
	owed_filed(self, token, outcome, name, size);
}

static void exec_blob_got(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	owed_file(self, token, outcome, bytes);
}

static void exec_http(void *self, struct usher_http *r)
{
	web_asked(self, r);
}

static void exec_http_body(void *self, struct usher_http *r, struct usher_str piece, int last)
{
	web_body(self, r, piece, last != 0);
}

static void exec_http_gone(void *self, struct usher_http *r)
{
	web_gone(self, r);
}

static void exec_reread(void *self, struct usher_str raw, struct usher_str of, uint64_t token)
{
	again_ask(self, raw, of, token);
}

static void exec_reloaded(void *self)
{
	struct exec *e = self;

	e->stale = true; /* one that is starting may have read what it reads before that */
	tell_reload(e);
}

static void exec_health(void *self, void (*put)(void *arg, struct usher_str json), void *arg)
{
	struct exec *e = self;
	json_t *program = e->health ? json_loads(e->health, 0, NULL) : json_object();
	json_t *all = json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "restarts",
		(json_int_t)e->restarts, "in", (json_int_t)e->seen, "sent", (json_int_t)e->sent,
		"unanswered", (json_int_t)e->sends_count, "unread_bytes",
		(json_int_t)(e->child ? child_backlog(e->child) : 0), "program", program);
	char *text = json_dumps(all, JSON_COMPACT);

	if (text)
		put(arg, (struct usher_str){ text, strlen(text) });
	free(text);
	json_decref(all);
}

__attribute__((visibility("default"))) extern const struct usher_channel usher_channel_v1;

const struct usher_channel usher_channel_v1 = {
	.size = sizeof(struct usher_channel),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "exec",
	.version = "1",
	.capabilities = USHER_CAP_FILES,
	.options = exec_options,
	.open = exec_open,
	.close = exec_close,
	.ack = exec_ack,
	.send = exec_send,
	.remembered = exec_remembered,
	.recalled = exec_recalled,
	.blob_done = exec_blob_done,
	.blob_got = exec_blob_got,
	.http = exec_http,
	.http_body = exec_http_body,
	.http_gone = exec_http_gone,
	.reread = exec_reread,
	.reloaded = exec_reloaded,
	.health = exec_health,
	.check = exec_check,
	.option_size = sizeof(struct usher_option),
};
