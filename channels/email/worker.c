/* See worker.h. */
#include "worker.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STACK_BYTES = 512 * 1024, NICENESS = 5 };

struct job {
	void (*fn)(void *arg);
	void *arg;
};

void worker_init(struct worker *w, const char *name)
{
	*w = (struct worker){ .name = name };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	g_queue_init(&w->jobs);
}

static struct job *job_take(struct worker *w)
{
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while (!(job = g_queue_pop_head(&w->jobs)) && !w->stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct job *job;

	/* On a busy machine the loop comes first: people talk there. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while ((job = job_take(w))) {
		job->fn(job->arg);
		g_free(job);
	}
	return NULL;
}

/* Signals belong to the loop's thread. */
static bool worker_start(struct worker *w)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int failed;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&w->thread, &attr, worker_run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (failed)
		return false;
	pthread_setname_np(w->thread, w->name);
	w->started = true;
	return true;
}

bool worker_push(struct worker *w, void (*fn)(void *arg), void *arg)
{
	struct job *job;

	if (!w->started && !worker_start(w))
		return false;
	job = g_new(struct job, 1);
	*job = (struct job){ fn, arg };
	pthread_mutex_lock(&w->lock);
	g_queue_push_tail(&w->jobs, job);
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->wake); /* not before: it would wake only to wait for the lock */
	return true;
}

void worker_stop(struct worker *w)
{
	if (w->started) {
		pthread_mutex_lock(&w->lock);
		w->stopping = true;
		pthread_cond_signal(&w->wake);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
	}
	w->started = w->stopping = false;
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
}
