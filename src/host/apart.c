/*
 * See apart.h: the process, its pipes and its end. It reads on while it waits for usherd to take what it says, so that neither waits for the other.
 * Never reads a configuration and knows no store. Called by app's main.
 */
#include "host/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Beyond this the plugin waits until usherd has read: its senders wait with it. */
enum { SAID_MAX = 1048576, READ_BYTES = 65536, LAST_WORDS_MS = 5000, BEAT_US = 2000000 };

struct apart apart;

/* ---- lines ---- */

struct str *line_begin(const char *word)
{
	bool held = apart.opening && strcmp(word, "log") != 0;
	struct str *line = held ? &apart.held : &apart.said;

	str_addf(line, "{\"t\":\"%s\"", word);
	return line;
}

void line_text(struct str *line, const char *name, struct usher_str value)
{
	if (!value.n)
		return;
	str_addf(line, ",\"%s\":", name);
	str_add_json(line, to_slice(value));
}

void line_number(struct str *line, const char *name, uint64_t value)
{
	str_addf(line, ",\"%s\":%llu", name, (unsigned long long)value);
}

void line_yes(struct str *line, const char *name, bool value)
{
	if (value)
		str_addf(line, ",\"%s\":true", name);
}

static const char *const outcomes[] = { [USHER_OK] = "ok",
	[USHER_DUPLICATE] = "duplicate",
	[USHER_RETRY] = "retry",
	[USHER_FAIL] = "fail",
	[USHER_UNSURE] = "unsure" };

const char *outcome_word(enum usher_outcome outcome)
{
	return outcomes[outcome <= USHER_UNSURE ? outcome : USHER_FAIL];
}

enum usher_outcome outcome_heard(const json_t *line)
{
	struct slice word = to_slice(line_field(line, "outcome"));

	for (int i = USHER_OK; i <= USHER_UNSURE; i++)
		if (slice_is(word, outcomes[i]))
			return (enum usher_outcome)i;
	return USHER_RETRY;
}

struct usher_str line_field(const json_t *line, const char *name)
{
	const json_t *v = json_object_get(line, name);

	return (struct usher_str){ json_string_value(v), json_string_length(v) };
}

/* ---- the pipes ---- */

static void read_some(void)
{
	ssize_t n = read(STDIN_FILENO, str_reserve(&apart.heard, READ_BYTES), READ_BYTES);

	if (n > 0)
		apart.heard.n += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		apart.deaf = true;
}

/* False: nobody reads it any more. */
static bool write_some(void)
{
	ssize_t n = write(STDOUT_FILENO, apart.said.p, apart.said.n);

	if (n > 0)
		str_shift(&apart.said, (size_t)n);
	return n > 0 || errno == EAGAIN || errno == EINTR;
}

/* Until no more than `most` bytes wait; what is said to us meanwhile is kept for the loop. */
static void write_until(size_t most, int patience_ms)
{
	while (apart.said.n > most) {
		struct pollfd p[] = { { STDOUT_FILENO, POLLOUT, 0 },
			{ apart.deaf ? -1 : STDIN_FILENO, POLLIN, 0 } };
		int n = poll(p, 2, patience_ms);
		if ((n < 0 && errno != EINTR) || n == 0)
			return;
		if (p[1].revents)
			read_some();
		if (p[0].revents && !write_some())
			_exit(1); /* usherd has gone */
	}
}

static void said_more(struct str *line)
{
	if (!write_some())
		_exit(1);
	if (line->n > SAID_MAX)
		write_until(SAID_MAX / 2, -1);
	if (line->n)
		loop_watch_want(apart.out, false, true);
}

void line_end(struct str *line)
{
	str_add_text(line, "}\n");
	if (line != &apart.held)
		said_more(line);
}

void lines_release(void)
{
	if (!apart.held.n)
		return; /* most ask nothing */
	str_add(&apart.said, str_slice(&apart.held));
	str_free(&apart.held);
	said_more(&apart.said);
}

static void hear_lines(void)
{
	json_error_t error;
	size_t at = 0;
	const char *end;

	while ((end = memchr(apart.heard.p + at, '\n', apart.heard.n - at))) {
		size_t n = (size_t)(end - (apart.heard.p + at));
		json_t *line = json_loadb(apart.heard.p + at, n, JSON_ALLOW_NUL, &error);
		at += n + 1;
		if (json_is_object(line))
			apart_hear(line); /* may read more into `heard`: its bytes may have moved */
		json_decref(line);
	}
	str_shift(&apart.heard, at);
}

static void on_pipe(void *arg, bool readable, bool writable)
{
	(void)arg;
	if (writable && apart.said.n && !write_some())
		_exit(1);
	if (!apart.said.n)
		loop_watch_want(apart.out, false, false);
	if (readable && !apart.deaf)
		read_some();
	if (apart.heard.n)
		hear_lines();
	if (!apart.deaf)
		return;
	loop_watch_want(apart.in, false, false);
	owed_lost();
	apart_stop();
}

/* ---- the end ---- */

void apart_exit(int code)
{
	write_until(0, LAST_WORDS_MS);
	_exit(code); /* what the plugin holds ends with the process */
}

static void close_now(struct usher_host *h, void *arg)
{
	(void)arg;
	h->told_close = true;
	if (!h->api->close)
		apart_exit(0);
	PLUGIN_CALL(h, close, h->self);
}

void apart_stop(void)
{
	if (apart.stopping)
		return;
	apart.stopping = true;
	if (!apart.h || !apart.h->self)
		apart_exit(0);
	apart.h->state = CHANNEL_CLOSING;
	stream_stop_listening(apart.h);
	call_later(apart.h, close_now, NULL, NULL);
}

/* ---- the process ---- */

static void beat(void *arg)
{
	(void)arg;
	if (apart.ready && !apart.stopping) {
		apart_say_health();
		apart_say_found();
	}
	loop_timer_set(apart.beat, BEAT_US);
}

int host_apart(const char *path)
{
	uint8_t seed[16];

	signal(SIGPIPE, SIG_IGN);
	log_set_relayed();
	chance_bytes(seed, sizeof(seed));
	map_seed(seed);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	apart.path = path;
	apart.loop = loop_new();
	apart.host = host_new(apart.loop, NULL, NULL, &apart.config);
	apart.in = loop_watch_new(apart.loop, STDIN_FILENO, true, false, on_pipe, NULL);
	apart.out = loop_watch_new(apart.loop, STDOUT_FILENO, false, false, on_pipe, NULL);
	apart.beat = loop_timer_new(apart.loop, beat, NULL);
	loop_timer_set(apart.beat, BEAT_US);
	loop_run(apart.loop);
	return 0;
}
