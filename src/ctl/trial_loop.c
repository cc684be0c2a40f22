/*
 * The loop of the cardboard host: one thread, answers that come later and never from inside, timers and posts, and how long each call into the plugin
 * took. Called by the cases and, as services, by the plugin.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "ctl/trial.h"
#include "model/limits.h"

enum { SLOW_CPU_US = CALLBACK_SLOW_US, SLOW_WALL_US = 200000, RESTLESS_US = 5000000 };

struct later {
	struct list_node node;
	void (*run)(struct usher_host *h, void *arg);
	void *arg;
};
struct usher_timer {
	struct list_node node;
	struct usher_host *h;
	void (*fn)(void *arg);
	void *arg;
	uint64_t at_us; /* 0: not set */
};
struct posted {
	struct posted *next;
	void (*fn)(void *arg);
	void *arg;
};

static pthread_t loop_thread;
static pthread_mutex_t post_lock = PTHREAD_MUTEX_INITIALIZER;
static struct posted *posted_first, **posted_last = &posted_first;
static struct usher_host *inside;
static uint64_t began_cpu, began_wall;
static long began_waits;

void trial_loop_begin(void)
{
	loop_thread = pthread_self();
}

/* ---- calls into the plugin ---- */

static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* How often it gave up its processor to wait for something; one that was taken from it is not counted. */
static long waits(void)
{
	struct rusage r;

	getrusage(RUSAGE_THREAD, &r);
	return r.ru_nvcsw;
}

void trial_call_begin(struct usher_host *h, const char *what)
{
	inside = h;
	snprintf(h->t->note->call, sizeof(h->t->note->call), "%s", what);
	began_cpu = cpu_us();
	began_wall = clock_monotonic_us();
	began_waits = waits();
}

void trial_call_end(struct usher_host *h)
{
	uint64_t cpu = cpu_us() - began_cpu, wall = clock_monotonic_us() - began_wall;

	inside = NULL;
	if (cpu > SLOW_CPU_US)
		trial_warn(h, "%s computed for %llu us: more than 5 ms hold up everybody",
			h->t->note->call, (unsigned long long)cpu);
	else if (wall > SLOW_WALL_US && waits() > began_waits)
		trial_wrong(h, "%s blocked the loop for %llu ms", h->t->note->call,
			(unsigned long long)(wall / 1000));
	h->t->note->call[0] = 0;
}

bool service_here(struct usher_host *h, const char *what)
{
	if (pthread_equal(pthread_self(), loop_thread))
		return true;
	trial_wrong(h, "%s called from a thread of the plugin's own; only post may be", what);
	return false;
}

void trial_later(struct usher_host *h, void (*run)(struct usher_host *h, void *arg), void *arg)
{
	struct later *l = mem_alloc(sizeof(*l));

	l->run = run;
	l->arg = arg;
	list_push_back(&h->later, &l->node);
}

/* ---- the loop ---- */

static bool run_posted(struct usher_host *h)
{
	pthread_mutex_lock(&post_lock);
	struct posted *p = posted_first;
	if (p && !(posted_first = p->next))
		posted_last = &posted_first;
	pthread_mutex_unlock(&post_lock);
	if (!p)
		return false;
	trial_call_begin(h, "post");
	p->fn(p->arg);
	trial_call_end(h);
	free(p);
	return true;
}

static bool run_timers(struct usher_host *h)
{
	uint64_t now = clock_monotonic_us();

	LIST_FOR (t, &h->timers, struct usher_timer, node) {
		if (!t->at_us || t->at_us > now || h->down)
			continue;
		t->at_us = 0;
		trial_call_begin(h, "timer");
		t->fn(t->arg);
		trial_call_end(h);
		return true;
	}
	return false;
}

static bool run_later(struct usher_host *h)
{
	struct list_node *n = list_pop_front(&h->later);
	struct later *l = LIST_AT(n, struct later, node);

	if (!l)
		return false;
	l->run(h, l->arg);
	free(l);
	return true;
}

bool trial_run(struct usher_host *h, uint64_t ms, bool (*done)(struct usher_host *h))
{
	uint64_t end = clock_monotonic_us() + ms * 1000;

	for (;;) {
		if (done && done(h))
			return true;
		if (clock_monotonic_us() > end + RESTLESS_US) {
			trial_wrong(h, "it never comes to rest: each answer makes it ask again");
			return false;
		}
		/* Each gets its turn: what asks without end does not hold up what a thread has posted. */
		bool busy = run_later(h);
		busy |= run_posted(h);
		if (busy || trial_pump(h) || run_timers(h))
			continue;
		if (clock_monotonic_us() >= end)
			return !done;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

/* ---- timers, posts ---- */

struct usher_timer *turn_timer(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	struct usher_timer *t = mem_alloc(sizeof(*t));

	service_here(h, "timer");
	*t = (struct usher_timer){ .h = h, .fn = fn, .arg = arg };
	list_push_back(&h->timers, &t->node);
	return t;
}
void turn_timer_set(struct usher_timer *t, uint64_t after_us)
{
	service_here(t->h, "timer_set");
	t->at_us = clock_monotonic_us() + after_us;
}
void turn_timer_clear(struct usher_timer *t)
{
	service_here(t->h, "timer_clear");
	t->at_us = 0;
}
void turn_post(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	struct posted *p = mem_alloc(sizeof(*p));

	(void)h;
	p->fn = fn;
	p->arg = arg;
	pthread_mutex_lock(&post_lock);
	*posted_last = p;
	posted_last = &p->next;
	pthread_mutex_unlock(&post_lock);
}
