/*
 * One thread that does jobs in their order: MIME here, SMTP there. Started by the first job, so that a channel that
 * only waits costs no thread. Owner: struct email, on the loop's thread.
 */
#ifndef USHER_EMAIL_WORKER_H
#define USHER_EMAIL_WORKER_H

#include <glib.h>
#include <pthread.h>
#include <stdbool.h>

struct worker {
	const char *name; /* at most 15 characters, seen in ps and top */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	GQueue jobs;
	bool started, stopping;
};

void worker_init(struct worker *w, const char *name);
/* fn(arg) in the thread. False when the thread cannot be started. */
bool worker_push(struct worker *w, void (*fn)(void *arg), void *arg);
/* After the jobs that are queued. Waits for them. */
void worker_stop(struct worker *w);

#endif
