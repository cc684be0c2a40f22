/*
 * The life of the managed child. Called by store.
 *
 *   NEW ─▶ LOCKING ─ lock held ─▶ RUNNING ─ exit ─▶ RESTING ─ back-off ─▶ LOCKING
 *             │ (waits for the server of an usherd that was killed)
 *             └ after LOCK_WAIT_MS ─▶ FAILED           STOPPING ─ exit ─▶ STOPPED
 *
 * A server that was killed in the middle of a write leaves a torn end in its file, and refuses to start on it. Then LOCKING
 * and RUNNING are passed once more by its own checker, which cuts the file back to the last whole transaction
 * (managed_files.h says why the server must not do that itself). Nothing that was answered is in what is cut.
 *
 * The lock is a descriptor that the child inherits and keeps: it is free exactly when no server of ours
 * (nor a rewriting child of it) runs on this directory, whoever started it.
 */
#include "store/managed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "store/managed_files.h"

enum { LOCK_POLL_MS = 50, LOCK_SAY_MS = 2000, LOCK_WAIT_MS = 60000 };
enum { REST_FIRST_MS = 100, REST_MAX_MS = 10000, EARLY_EXITS_MAX = 3, SETTLED_MS = 60000 };
enum { STOP_KILL_MS = 30000 };

enum managed_state {
	MANAGED_NEW,
	MANAGED_LOCKING,
	MANAGED_RUNNING,
	MANAGED_RESTING,
	MANAGED_STOPPING,
	MANAGED_STOPPED,
	MANAGED_FAILED
};

struct managed {
	struct loop *loop;
	const struct managed_ops *ops;
	void *arg;
	enum managed_state state;
	char *data_dir;
	char *program;
	int dir; /* DATA/redis; also the short way to its socket */
	int lock;
	int own_lock; /* DATA/lock: one usherd for each data directory */
	pid_t pid;
	int pidfd;
	struct loop_watch *watch; /* of the pidfd */
	struct loop_timer *timer; /* lock poll, rest, or kill: one at a time */
	char secret[MANAGED_SECRET_LEN + 1];
	uint64_t waited_ms, rest_ms;
	int early_exits;
	bool proven, told;
	bool torn;	/* what runs next, or runs, is the checker */
	bool mended;	/* once for each death: a file that stays torn is for people */
	off_t log_from; /* where the words of this child begin */
	void (*done)(void *arg);
	void *done_arg;
};

static void managed_fail(struct managed *m, const char *why)
{
	m->state = MANAGED_FAILED;
	m->ops->failed(why, m->arg);
}

/* ---- the child ---- */

/* The checker asks once whether it may cut. */
static int managed_yes(void)
{
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], "y\n", 2) != 2)
		return -1;
	return ends[0];
}

/* Between fork and exec: only what is safe there. */
static _Noreturn void managed_child(const struct managed *m, pid_t parent)
{
	sigset_t none;
	int log = openat(m->dir, "redis.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int in = m->torn ? managed_yes() : open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	if (log < 0 || in < 0 || fchdir(m->dir) < 0)
		_exit(126);
	dup2(in, 0);
	dup2(log, 1);
	dup2(log, 2);
	/* The lock moves to 3, without close-on-exec; everything else is closed. */
	if (m->lock == 3)
		fcntl(3, F_SETFD, 0);
	else if (dup2(m->lock, 3) < 0)
		_exit(126);
	close_range(4, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126); /* died in between */
	if (m->torn)	    /* the same program under another name */
		execl(m->program, "redis-check-aof", "--fix", MANAGED_MANIFEST, (char *)NULL);
	else
		execl(m->program, m->program, "redis.conf", (char *)NULL);
	_exit(127);
}

static void managed_exited(void *arg, bool readable, bool writable);

static void managed_spawn(struct managed *m)
{
	struct err err = { "" };
	pid_t self = getpid();

	/* Once: the same again needs no room on a disk that may be full, which is why Redis ended. */
	if (!m->told && managed_conf_write(m->dir, m->secret, &err)) {
		managed_fail(m, err.text);
		return;
	}
	m->log_from = managed_log_size(m->dir);
	pid_t pid = fork();
	if (pid == 0)
		managed_child(m, self);
	if (pid < 0) {
		snprintf(err.text, sizeof(err.text), "redis-server cannot be started: %s",
			strerror(errno));
		managed_fail(m, err.text);
		return;
	}
	/* Ours is given up: the child's keeps the lock. */
	close(m->lock);
	m->lock = -1;
	m->pid = pid;
	m->pidfd = pidfd_open(pid, 0);
	ASSERT(m->pidfd >= 0);
	m->watch = loop_watch_new(m->loop, m->pidfd, true, false, managed_exited, m);
	m->state = MANAGED_RUNNING;
	if (m->torn) {
		log_warn("store",
			"redis left a torn end in its file, which is cut back to the last whole "
			"transaction pid=%d",
			(int)pid);
		return;
	}
	loop_timer_set(m->timer, (uint64_t)SETTLED_MS * 1000);
	log_info("store", "redis started pid=%d program=%s", (int)pid, m->program);
	if (!m->told) {
		char dial[64];
		m->told = true;
		/* Short whatever the directory is called: a socket's path has 107 bytes. */
		snprintf(dial, sizeof(dial), "unix:/proc/self/fd/%d/redis.sock", m->dir);
		m->ops->started(dial, "usher", m->secret, m->arg);
	}
}

/* ---- the lock ---- */

static void managed_try_lock(struct managed *m)
{
	if (m->lock < 0)
		m->lock = openat(m->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (m->lock < 0) {
		managed_fail(m, "DATA/redis/lock cannot be opened: make the data directory "
				"writable");
		return;
	}
	if (flock(m->lock, LOCK_EX | LOCK_NB) == 0) {
		managed_spawn(m);
		return;
	}
	if (m->waited_ms >= LOCK_WAIT_MS) {
		struct err err;
		err_set(&err, EBUSY,
			"a redis-server from before still runs in %s/redis and does not end; stop "
			"it "
			"(kill -TERM), or find out what it waits for in redis.log",
			m->data_dir);
		managed_fail(m, err.text);
		return;
	}
	if (m->waited_ms % LOCK_SAY_MS == 0 && m->waited_ms > 0)
		log_info("store", "waiting for the redis-server from before to end seconds=%llu",
			(unsigned long long)m->waited_ms / 1000);
	m->waited_ms += LOCK_POLL_MS;
	loop_timer_set(m->timer, LOCK_POLL_MS * 1000);
}

/* ---- the beginning ---- */

/* One usherd for each data directory. */
static int managed_own(struct managed *m, struct err *err)
{
	struct str path = { 0 };

	str_addf(&path, "%s/lock", m->data_dir);
	m->own_lock = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int status = 0;
	if (m->own_lock < 0)
		status = err_set(err, errno, "%s cannot be opened: %s", path.p, strerror(errno));
	else if (flock(m->own_lock, LOCK_EX | LOCK_NB) < 0)
		status = err_set(err, EBUSY,
			"another usherd uses the data directory %s; stop it, or give this one a "
			"directory of its own",
			m->data_dir);
	str_free(&path);
	return status;
}

static void managed_begin(struct managed *m)
{
	struct err err = { "" };

	m->program = managed_program(&err);
	if (!m->program || managed_own(m, &err) ||
		(m->dir = managed_dir_open(m->data_dir, &err)) < 0 ||
		managed_secret(m->dir, m->secret, &err)) {
		managed_fail(m, err.text);
		return;
	}
	m->state = MANAGED_LOCKING;
	managed_try_lock(m);
}

/* ---- exits ---- */

static void managed_reap(struct managed *m)
{
	int status = 0;
	char how[64];

	/* A child that exec never reached keeps nothing; waitpid cannot block: the pidfd said it ended. */
	waitpid(m->pid, &status, 0);
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	if (m->state == MANAGED_STOPPING || m->torn)
		log_info("store", "%s ended pid=%d how=%s", m->torn ? "the checker" : "redis",
			(int)m->pid, how);
	else
		log_warn("store", "redis ended by itself pid=%d how=%s", (int)m->pid, how);
	loop_watch_free(&m->watch);
	close(m->pidfd);
	m->pidfd = -1;
	m->pid = 0;
}

static void managed_stopped(struct managed *m)
{
	m->state = MANAGED_STOPPED;
	loop_timer_clear(m->timer);
	m->done(m->done_arg);
}

/* True when the checker runs next, or has run and the server does. */
static bool managed_mend(struct managed *m)
{
	bool checked = m->torn;

	m->torn = !checked && !m->mended && managed_log_says_torn(m->dir, m->log_from);
	if (!checked && !m->torn)
		return false;
	m->mended = true;
	m->state = MANAGED_LOCKING;
	m->waited_ms = 0;
	managed_try_lock(m);
	return true;
}

static void managed_exited(void *arg, bool readable, bool writable)
{
	struct managed *m = arg;

	(void)readable;
	(void)writable;
	managed_reap(m);
	if (m->state == MANAGED_STOPPING) {
		managed_stopped(m);
		return;
	}
	if (managed_mend(m))
		return;
	if (!m->proven && ++m->early_exits >= EARLY_EXITS_MAX) {
		struct str why = { 0 };
		str_add_text(&why, "redis-server ends right after its start: ");
		managed_log_last(m->dir, &why);
		str_addf(&why, " (more in %s/redis/redis.log)", m->data_dir);
		managed_fail(m, why.p);
		str_free(&why);
		return;
	}
	m->state = MANAGED_RESTING;
	loop_timer_set(m->timer, m->rest_ms * 1000);
	m->rest_ms = m->rest_ms * 2 < REST_MAX_MS ? m->rest_ms * 2 : REST_MAX_MS;
}

static void managed_kill(struct managed *m)
{
	log_warn("store", "redis does not end when asked; killing it pid=%d", (int)m->pid);
	kill(m->pid, SIGKILL);
}

static void managed_timer(void *arg)
{
	struct managed *m = arg;

	if (m->state == MANAGED_RESTING) {
		m->state = MANAGED_LOCKING;
		m->waited_ms = 0;
	}
	if (m->state == MANAGED_NEW)
		managed_begin(m);
	else if (m->state == MANAGED_LOCKING)
		managed_try_lock(m);
	else if (m->state == MANAGED_STOPPING)
		managed_kill(m);
	else if (m->state == MANAGED_STOPPED)
		m->done(m->done_arg);
	else if (m->state == MANAGED_RUNNING)
		m->rest_ms = REST_FIRST_MS; /* it has lived for a while */
}

/* ---- from outside ---- */

struct managed *managed_new(
	struct loop *loop, const char *data_dir, const struct managed_ops *ops, void *arg)
{
	struct managed *m = mem_alloc(sizeof(*m));

	m->loop = loop;
	m->ops = ops;
	m->arg = arg;
	m->data_dir = slice_dup(slice_of(data_dir));
	m->dir = m->lock = m->own_lock = m->pidfd = -1;
	m->rest_ms = REST_FIRST_MS;
	m->timer = loop_timer_new(loop, managed_timer, m);
	loop_timer_set(m->timer, 0);
	return m;
}

void managed_proven(struct managed *m)
{
	m->proven = true;
	m->mended = false;
	m->rest_ms = REST_FIRST_MS;
}

void managed_stop(struct managed *m, void (*done)(void *arg), void *arg)
{
	ASSERT(!m->done);
	m->done = done;
	m->done_arg = arg;
	loop_timer_clear(m->timer);
	if (m->pid) {
		m->state = MANAGED_STOPPING;
		kill(m->pid, SIGTERM);
		loop_timer_set(m->timer, (uint64_t)STOP_KILL_MS * 1000);
		return;
	}
	m->state = MANAGED_STOPPED;
	loop_timer_set(m->timer, 0);
}

void managed_free(struct managed **managed)
{
	struct managed *m = *managed;

	if (!m)
		return;
	*managed = NULL;
	if (m->pid) {
		kill(m->pid, SIGKILL);
		managed_reap(m);
	}
	loop_timer_free(&m->timer);
	if (m->lock >= 0)
		close(m->lock);
	if (m->own_lock >= 0)
		close(m->own_lock);
	if (m->dir >= 0)
		close(m->dir);
	free(m->program);
	free(m->data_dir);
	free(m);
}

int managed_pid(const struct managed *m)
{
	return m ? (int)m->pid : 0;
}
