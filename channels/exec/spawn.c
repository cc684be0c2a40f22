/*
 * See spawn.h. Between fork and exec only what is safe there: no memory is taken, and the system calls that glibc would pass
 * on to all threads (setuid and its kin) are made bare.
 *
 *   fork ─▶ signals, pipes, group, directory ─▶ limits ─▶ user ─▶ dies with us ─▶ exec
 *             any of them fails: {step, errno} through a pipe that exec closes
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum step { STEP_PIPES, STEP_DIRECTORY, STEP_LIMITS, STEP_USER, STEP_PARENT, STEP_EXEC };

static const char *const steps[] = { "its pipes", "its directory", "its limits", "its user",
	"usherd has ended", "the program" };

struct failure {
	int step, error;
};

static _Noreturn void child_fail(int report, enum step step)
{
	struct failure f = { (int)step, errno };

	if (write(report, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

static bool limit(int what, uint64_t most)
{
	struct rlimit r = { most, most };

	return !most || setrlimit((__rlimit_resource_t)what, &r) == 0;
}

static bool child_limits(const struct spawn_limits *l)
{
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &none) == 0 && limit(RLIMIT_AS, l->memory_bytes) &&
	       limit(RLIMIT_FSIZE, l->file_bytes) && limit(RLIMIT_CPU, l->cpu_s) &&
	       limit(RLIMIT_NOFILE, l->files) && limit(RLIMIT_NPROC, l->processes);
}

static bool child_user(const struct spawn_config *c)
{
	if (c->change_user && (syscall(SYS_setgroups, (size_t)1, &c->gid) < 0 ||
				      syscall(SYS_setresgid, c->gid, c->gid, c->gid) < 0 ||
				      syscall(SYS_setresuid, c->uid, c->uid, c->uid) < 0))
		return false;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* The descriptors may be any numbers: first out of the way of 0, 1, 2. */
static bool child_pipes(int in, int out, int err, int *report)
{
	int a = fcntl(in, F_DUPFD, 4), b = fcntl(out, F_DUPFD, 4), c = fcntl(err, F_DUPFD, 4);
	int r = fcntl(*report, F_DUPFD, 4);

	if (a < 0 || b < 0 || c < 0 || r < 0 || dup2(a, 0) < 0 || dup2(b, 1) < 0 ||
		dup2(c, 2) < 0 || dup2(r, 3) < 0)
		return false;
	*report = 3;
	fcntl(3, F_SETFD, FD_CLOEXEC);
	return close_range(4, ~0U, 0) == 0;
}

static _Noreturn void child(
	const struct spawn_config *c, pid_t parent, int in, int out, int err, int report)
{
	sigset_t none;

	setpgid(0, 0);
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!child_pipes(in, out, err, &report))
		child_fail(report, STEP_PIPES);
	if (chdir(c->directory) < 0)
		child_fail(report, STEP_DIRECTORY);
	if (!child_limits(&c->limits))
		child_fail(report, STEP_LIMITS);
	if (!child_user(c))
		child_fail(report, STEP_USER);
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		child_fail(report, STEP_PARENT);
	execvpe(c->argv[0], c->argv, c->envp);
	child_fail(report, STEP_EXEC);
}

/* ---- the parent's side ---- */

static void close_pair(int p[2])
{
	for (int i = 0; i < 2; i++)
		if (p[i] >= 0)
			close(p[i]);
}

/* Waits until exec closed the pipe. */
static int heard_failure(int report, const char **what)
{
	struct failure f;
	ssize_t n;

	do
		n = read(report, &f, sizeof(f));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(f))
		return 0;
	*what = steps[f.step];
	return -f.error;
}

static int spawn_on(const struct spawn_config *config, int in[2], int out[2], int err[2],
	int report[2], struct spawned *s, const char **what)
{
	pid_t parent = getpid();

	s->pid = fork();
	if (s->pid == 0)
		child(config, parent, in[0], out[1], err[1], report[1]);
	if (s->pid < 0)
		return -errno;
	close(report[1]);
	report[1] = -1;
	int status = heard_failure(report[0], what);
	s->pidfd = status ? -1 : pidfd_open(s->pid, 0);
	if (!status && s->pidfd < 0)
		status = -errno;
	if (status) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
		return status;
	}
	s->in = in[1];
	s->out = out[0];
	s->err = err[0];
	in[1] = out[0] = err[0] = -1;
	fcntl(s->in, F_SETFL, O_NONBLOCK);
	fcntl(s->out, F_SETFL, O_NONBLOCK);
	fcntl(s->err, F_SETFL, O_NONBLOCK);
	return 0;
}

int spawn(const struct spawn_config *config, struct spawned *s, const char **what)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, report[2] = { -1, -1 };
	int status;

	*s = (struct spawned){ .pid = -1, .pidfd = -1, .in = -1, .out = -1, .err = -1 };
	*what = "a process";
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ||
		pipe2(report, O_CLOEXEC) < 0)
		status = -errno;
	else
		status = spawn_on(config, in, out, err, report, s, what);
	close_pair(in);
	close_pair(out);
	close_pair(err);
	close_pair(report);
	return status;
}

void spawned_close(struct spawned *s)
{
	const int fds[] = { s->pidfd, s->in, s->out, s->err };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*s = (struct spawned){ .pid = -1, .pidfd = -1, .in = -1, .out = -1, .err = -1 };
}
