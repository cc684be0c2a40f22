/*
 * Every call into a plugin goes through here, so that whatever goes wrong in one has a name in the log: it was slow, it called from a thread
 * of its own, it answered what nobody asked, it crashed. Judges only; never repairs. Called by every file of this room that calls a plugin.
 *
 *   call_begin ─▶ plugin's code ─▶ call_end: how long        SIGSEGV in between: which plugin, in which call, then the signal's own way
 */
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "host/inside.h"
#include "model/limits.h"

enum { SLOW_SAY_US = 1000000, LAST_WORDS_MAX = 400, HANDLER_STACK = 65536, FRAMES_MAX = 64 };

/* ---- whose code runs ---- */

/* What the handler below would say; written before the plugin's code runs, so that nothing is put together in a crash. */
static char last_words[LAST_WORDS_MAX];
static volatile sig_atomic_t last_words_n;
static pthread_t loop_thread;

static void words_set(const struct host *host)
{
	const struct call *c = host->call_depth ? &host->calls[host->call_depth - 1] : NULL;
	int n = c && host->watches_crash ? snprintf(last_words, sizeof(last_words),
						   "usherd: fatal signal inside the plugin "
						   "plugin=%s channel=%s "
						   "call=%s\n",
						   c->h->plugin->name, c->h->name, c->what)
					 : 0;

	last_words_n = n < LAST_WORDS_MAX ? n : LAST_WORDS_MAX - 1;
}

/* Ours is the breach, and the plugin may be in the middle of anything; but it may also bear it, and all others have done nothing. */
static void look_for_nesting(struct usher_host *h, const char *what)
{
	for (size_t i = 0; i < h->host->call_depth; i++)
		if (h->host->calls[i].h == h)
			plugin_wrong(h, "usher called it (%s) from inside its own call (%s)", what,
				h->host->calls[i].what);
}

uint64_t call_begin(struct usher_host *h, const char *what)
{
	struct host *host = h->host;

	ASSERT(host && host->call_depth < CALL_DEPTH_MAX);
	ASSERT(h->state != CHANNEL_GONE);
	look_for_nesting(h, what);
	host->calls[host->call_depth++] = (struct call){ h, what };
	words_set(host);
	return clock_monotonic_us();
}

void call_end(struct usher_host *h, uint64_t began)
{
	uint64_t now = clock_monotonic_us();
	struct host *host = h->host;

	ASSERT(host->call_depth);
	const struct call c = host->calls[--host->call_depth];
	ASSERT(c.h == h);
	words_set(host);
	if (!h->host->loop ||
		now - began <= CALLBACK_SLOW_US) /* a check of a configuration holds up no loop */
		return;
	h->count.slow++;
	if (!h->host->debug && now - h->slow_said_us < SLOW_SAY_US)
		return;
	h->slow_said_us = now;
	log_warn(h->name, "the plugin held up the loop plugin=%s call=%s us=%llu", h->plugin->name,
		c.what, (unsigned long long)(now - began));
}

/* ---- a crash ---- */

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

static void cry(const char *text)
{
	ssize_t n = write(STDERR_FILENO, text, strlen(text));
	(void)n;
}

/* No call of ours runs there: whose code it is, or who called it, stands on the stack. */
static void cry_of_thread(void)
{
	void *frames[FRAMES_MAX];
	int n = backtrace(frames, FRAMES_MAX);
	const char *whose = NULL;
	char name[17] = "";

	for (int i = 0; i < n && !whose; i++)
		whose = plugin_holding(frames[i]);
	prctl(PR_GET_NAME, name);
	cry(whose ? "usherd: fatal signal in a thread of a plugin plugin="
		  : "usherd: fatal signal in a thread of no plugin");
	cry(whose ? whose : "");
	cry(" thread=");
	cry(name);
	cry("\n");
}

/* The handlers were for once: what comes after this is the signal itself. */
static void on_fatal(int signo)
{
	if (!pthread_equal(pthread_self(), loop_thread))
		cry_of_thread();
	else if (last_words_n)
		cry(last_words);
	raise(signo);
}

/* A sanitizer says more than we can, and wants the signals for itself. The handler has a stack of its own: the other may be what is full. */
void watch_crashes(struct host *host)
{
	static char stack[HANDLER_STACK];
	const stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = on_fatal,
		.sa_flags = (int)(SA_RESETHAND | SA_ONSTACK) };

	host->thread = loop_thread = pthread_self();
	host->watches_crash = !host->sanitized;
	if (host->watches_crash) {
		void *frame;
		backtrace(&frame, 1); /* loads what it needs, which a handler must not */
		sigaltstack(&own, NULL);
	}
	for (size_t i = 0; host->watches_crash && i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &sa, NULL);
}

/* ---- what breaks the contract ---- */

void plugin_wrong(struct usher_host *h, const char *format, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, format);
	str_addv(&text, format, ap);
	va_end(ap);
	h->count.wrong++;
	log_error(h->name, "the plugin broke the contract plugin=%s: %s", h->plugin->name, text.p);
	str_free(&text);
}

bool service_allowed(struct usher_host *h, const char *what)
{
	/* Nothing of the channel may be touched from there, its counters neither. */
	if (!pthread_equal(pthread_self(), h->host->thread)) {
		log_error(h->name,
			"the plugin broke the contract plugin=%s: it called %s from a thread of "
			"its own, where only post may be called; nothing was done",
			h->plugin->name, what);
		return false;
	}
	return true;
}
