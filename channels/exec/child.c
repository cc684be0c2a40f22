/*
 * See child.h. One thread, one poll: the pipes of the program, its end (pidfd) and a wake-up from the owner. What both sides touch
 * is under `lock`; a reader's bytes belong to the thread, or while `lent` to the owner.
 *
 *   ┌─▶ waits for child_run ─▶ spawn ─▶ talks until the program ended and its pipes are empty ─▶ kills what is left of its group ─┐
 *   └───────────────────────────────────────────────── ENDED ◀──────────────────────────────────────────────────────────────────┘
 */
#include "child.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/buf.h"

enum { READ_BYTES = 16384, ERROR_LINE_MAX = 4096, STACK_BYTES = 256 * 1024 };

struct reader {
	struct buf buf;
	size_t whole, max; /* bytes of whole lines */
	bool lent, too_long, over;
	enum child_news news;
};

struct child {
	struct child_config config;
	pthread_t thread;
	pthread_mutex_t lock;
	int wake;
	char why[256];

	/* under lock */
	struct reader readers[2];
	struct buf out;
	uint64_t queued, written;
	bool run, stop, finish, deaf, owes_took;
	int signo;

	/* the thread's */
	struct spawned s;
	bool ended;
};

static void wake(struct child *c)
{
	uint64_t one = 1;

	while (write(c->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void tell(struct child *c, enum child_news news)
{
	c->config.notify(c->config.arg, news);
}

/* ---- reading ---- */

/* True when there is something to lend. */
static bool reader_split(struct reader *r)
{
	const char *end = r->buf.n ? memrchr(r->buf.p, '\n', r->buf.n) : NULL;

	r->whole = end ? (size_t)(end - r->buf.p) + 1 : 0;
	if (!r->whole && r->over)
		r->whole = r->buf.n; /* what it said last, without an end */
	if (!r->whole && r->buf.n >= r->max) {
		r->too_long = true;
		r->whole = r->buf.n;
	}
	return r->whole > 0;
}

static void reader_close(struct reader *r, int *fd)
{
	close(*fd);
	*fd = -1;
	r->over = true;
}

static void reader_read(struct child *c, struct reader *r, int *fd)
{
	size_t room = r->max - r->buf.n < READ_BYTES ? r->max - r->buf.n : READ_BYTES;
	ssize_t n = read(*fd, buf_room(&r->buf, room), room);
	bool lend;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	pthread_mutex_lock(&c->lock);
	if (n > 0)
		r->buf.n += (size_t)n;
	else
		reader_close(r, fd);
	if (c->deaf)
		r->buf.n = 0;
	lend = reader_split(r);
	r->lent = lend;
	pthread_mutex_unlock(&c->lock);
	if (lend)
		tell(c, r->news);
}

struct child_text child_lines(struct child *c, enum child_stream which)
{
	struct reader *r = &c->readers[which];
	struct child_text text = { r->buf.p, r->whole, r->too_long };

	return text;
}

void child_taken(struct child *c, enum child_stream which)
{
	struct reader *r = &c->readers[which];

	pthread_mutex_lock(&c->lock);
	buf_eat(&r->buf, r->whole);
	r->whole = 0;
	r->too_long = false;
	r->lent = false;
	pthread_mutex_unlock(&c->lock);
	wake(c);
}

/* ---- writing ---- */

/* Under lock. */
static void write_close(struct child *c)
{
	if (c->s.in >= 0)
		close(c->s.in);
	c->s.in = -1;
	buf_free(&c->out);
}

static void write_some(struct child *c)
{
	bool took = false;

	pthread_mutex_lock(&c->lock);
	if (c->s.in >= 0 && c->out.n) {
		size_t n = c->out.n < 65536 ? c->out.n : 65536;
		ssize_t done = write(c->s.in, c->out.p, n);
		if (done > 0) {
			buf_eat(&c->out, (size_t)done);
			c->written += (uint64_t)done;
		} else if (done < 0 && errno != EAGAIN && errno != EINTR) {
			write_close(c); /* it will read no more; its end is told by itself */
		}
	}
	if (c->finish && !c->out.n)
		write_close(c);
	took = c->owes_took && !c->out.n;
	if (took)
		c->owes_took = false;
	pthread_mutex_unlock(&c->lock);
	if (took)
		tell(c, CHILD_TOOK);
}

uint64_t child_write(struct child *c, const char *p, size_t n)
{
	pthread_mutex_lock(&c->lock);
	c->queued += n;
	if (c->s.in >= 0) { /* else it reads no more */
		buf_add(&c->out, p, n);
		c->owes_took = true;
	}
	uint64_t queued = c->queued;
	pthread_mutex_unlock(&c->lock);
	wake(c);
	return queued;
}

uint64_t child_written(struct child *c)
{
	pthread_mutex_lock(&c->lock);
	uint64_t written = c->written;
	pthread_mutex_unlock(&c->lock);
	return written;
}

size_t child_backlog(struct child *c)
{
	pthread_mutex_lock(&c->lock);
	size_t n = c->out.n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

/* ---- what the owner asks for ---- */

static void ask(struct child *c, bool *what)
{
	pthread_mutex_lock(&c->lock);
	*what = true;
	pthread_mutex_unlock(&c->lock);
	wake(c);
}

void child_run(struct child *c)
{
	ask(c, &c->run);
}

void child_finish(struct child *c)
{
	ask(c, &c->finish);
}

void child_stop(struct child *c)
{
	ask(c, &c->stop);
}

void child_signal(struct child *c, int signo)
{
	pthread_mutex_lock(&c->lock);
	c->signo = signo;
	pthread_mutex_unlock(&c->lock);
	wake(c);
}

void child_kill(struct child *c)
{
	pthread_mutex_lock(&c->lock);
	c->deaf = true;
	c->signo = SIGKILL;
	pthread_mutex_unlock(&c->lock);
	wake(c);
}

const char *child_why(const struct child *c)
{
	return c->why;
}

/* ---- the thread ---- */

/* The program is not reaped before its end was seen here, so its number is still its own. */
static void obey(struct child *c)
{
	uint64_t n;
	int signo;

	while (read(c->wake, &n, sizeof(n)) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&c->lock);
	signo = c->signo;
	c->signo = 0;
	pthread_mutex_unlock(&c->lock);
	if (signo && c->s.pid > 0) {
		kill(-c->s.pid, signo);
		kill(c->s.pid, signo);
	}
}

enum { AT_WAKE, AT_END, AT_IN, AT_OUT, AT_ERR, AT_COUNT };

/* Returns how many of the program's own pipes are still looked at. */
static int poll_fill(struct child *c, struct pollfd *p)
{
	pthread_mutex_lock(&c->lock);
	bool lent_out = c->readers[CHILD_OUT].lent, lent_err = c->readers[CHILD_ERR].lent;
	bool more = c->out.n > 0;
	int in = c->s.in;
	pthread_mutex_unlock(&c->lock);
	p[AT_WAKE] = (struct pollfd){ c->wake, POLLIN, 0 };
	p[AT_END] = (struct pollfd){ c->ended ? -1 : c->s.pidfd, POLLIN, 0 };
	p[AT_IN] = (struct pollfd){ more ? in : -1, POLLOUT, 0 };
	p[AT_OUT] = (struct pollfd){ lent_out ? -1 : c->s.out, POLLIN, 0 };
	p[AT_ERR] = (struct pollfd){ lent_err ? -1 : c->s.err, POLLIN, 0 };
	return lent_out + lent_err;
}

/* True while there is, or may come, something of this run. */
static bool talk_once(struct child *c)
{
	struct pollfd p[AT_COUNT];
	int lent = poll_fill(c, p);
	int n = poll(p, AT_COUNT, c->ended && !lent ? 0 : -1);

	if (n < 0)
		return errno == EINTR;
	if (p[AT_WAKE].revents)
		obey(c);
	if (p[AT_END].revents)
		c->ended = true;
	write_some(c);
	if (p[AT_OUT].revents)
		reader_read(c, &c->readers[CHILD_OUT], &c->s.out);
	if (p[AT_ERR].revents)
		reader_read(c, &c->readers[CHILD_ERR], &c->s.err);
	/* A helper that it left behind may hold the pipes open: what is in them now is all. */
	return !c->ended || lent || p[AT_OUT].revents || p[AT_ERR].revents || p[AT_END].revents;
}

static void say_end(struct child *c, int status)
{
	if (WIFSIGNALED(status))
		snprintf(c->why, sizeof(c->why), "the program was ended by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(c->why, sizeof(c->why), "the program ended with status %d",
			WEXITSTATUS(status));
}

static void run_begin(struct child *c)
{
	pthread_mutex_lock(&c->lock);
	c->run = c->deaf = false;
	c->finish =
		c->stop; /* the last one, closed before it began: it finds its input at the end */
	c->signo = 0;
	c->queued = c->written = 0;
	for (int i = 0; i < 2; i++) {
		struct reader *r = &c->readers[i];
		buf_free(&r->buf);
		r->whole = 0;
		r->too_long = r->over = r->lent = false;
	}
	buf_free(&c->out);
	c->ended = false;
	pthread_mutex_unlock(&c->lock);
}

static void run_once(struct child *c)
{
	struct spawned s;
	const char *what;
	int status;

	run_begin(c);
	status = spawn(&c->config.spawn, &s, &what);
	if (status) {
		snprintf(c->why, sizeof(c->why), "cannot start %s: %s: %s", c->config.spawn.argv[0],
			what, strerror(-status));
		return;
	}
	pthread_mutex_lock(&c->lock);
	c->s = s;
	pthread_mutex_unlock(&c->lock);
	tell(c, CHILD_STARTED);
	while (talk_once(c))
		;
	kill(-s.pid, SIGKILL);
	waitpid(s.pid, &status, 0);
	say_end(c, status);
	pthread_mutex_lock(&c->lock);
	spawned_close(&c->s);
	pthread_mutex_unlock(&c->lock);
}

/* False: stop. */
static bool wait_for_run(struct child *c)
{
	struct pollfd p = { c->wake, POLLIN, 0 };

	for (;;) {
		pthread_mutex_lock(&c->lock);
		bool run = c->run, stop = c->stop;
		pthread_mutex_unlock(&c->lock);
		if (stop)
			return false;
		if (run)
			return true;
		if (poll(&p, 1, -1) > 0)
			obey(c);
	}
}

static void *child_thread(void *arg)
{
	struct child *c = arg;

	pthread_setname_np(pthread_self(), "exec");
	while (wait_for_run(c)) {
		run_once(c);
		tell(c, CHILD_ENDED);
	}
	tell(c, CHILD_FINISHED);
	return NULL;
}

/* Signals belong to the loop's thread. */
static bool thread_start(struct child *c)
{
	pthread_attr_t attr;
	sigset_t all, before;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&c->thread, &attr, child_thread, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return !failed;
}

struct child *child_new(const struct child_config *config)
{
	struct child *c = zeroed(sizeof(*c));

	c->config = *config;
	c->s = (struct spawned){ .pid = -1, .pidfd = -1, .in = -1, .out = -1, .err = -1 };
	c->readers[CHILD_OUT] = (struct reader){ .max = config->line_max, .news = CHILD_LINES };
	c->readers[CHILD_ERR] = (struct reader){ .max = ERROR_LINE_MAX, .news = CHILD_ERRORS };
	pthread_mutex_init(&c->lock, NULL);
	c->wake = eventfd(0, EFD_CLOEXEC);
	if (c->wake >= 0 && thread_start(c))
		return c;
	if (c->wake >= 0)
		close(c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
	return NULL;
}

void child_free(struct child **given)
{
	struct child *c = *given;

	*given = NULL;
	if (!c)
		return;
	pthread_join(c->thread, NULL);
	close(c->wake);
	pthread_mutex_destroy(&c->lock);
	buf_free(&c->readers[CHILD_OUT].buf);
	buf_free(&c->readers[CHILD_ERR].buf);
	buf_free(&c->out);
	free(c);
}
