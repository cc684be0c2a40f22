/*
 * Pictures on their way through usher-picture. Called by host and desk.
 *
 *   waiting ─▶ blob_get ─▶ [memory file] ─▶ process ─▶ [memory file] ─▶ fn
 *
 * Both files are in memory: nothing is written while the loop waits, and the process' end is all there is to watch. How large its answer
 * and how long its work may be it limits itself; PATIENCE_MS is for one that hangs all the same. What was drawn last is kept in memory,
 * up to PICTURES_KEPT_BYTES: a colleague who looks, or a page that is loaded anew, costs no process.
 */
#include "store/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/file_write.h"
#include "store/inside.h"

enum { PATIENCE_MS = 15000, EXIT_NO_PICTURE = 1 };

struct picture {
	struct list_node node;
	struct pictures *all;
	char blob[BLOB_NAME_LEN + 1];
	unsigned side_px;
	int in, out, pidfd; /* -1: none */
	pid_t pid;
	struct loop_watch *watch;
	struct loop_timer *timer;
	void (*fn)(void *arg, int status, struct slice bytes);
	void *arg;
};
struct kept {
	struct list_node node;
	char blob[BLOB_NAME_LEN];
	unsigned side_px;
	size_t size;
	char bytes[];
};
struct pictures {
	struct store *store;
	char *program;
	struct list waiting, running;
	struct list kept; /* longest unused first */
	size_t kept_bytes;
	size_t waiting_count, running_count;
	uint64_t drawn, failed;
};

static void pictures_next(struct pictures *all);

static void picture_free(struct picture *p)
{
	int fds[] = { p->in, p->out, p->pidfd };

	loop_watch_free(&p->watch);
	loop_timer_free(&p->timer);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(p);
}

static void picture_end(struct picture *p, int status, struct slice bytes)
{
	struct pictures *all = p->all;

	list_remove(&p->node);
	all->running_count--;
	if (status)
		all->failed++;
	else
		all->drawn++;
	p->fn(p->arg, status, bytes);
	picture_free(p);
	pictures_next(all);
}

/* ---- what was drawn already ---- */

static void kept_drop(struct pictures *all, struct kept *k)
{
	list_remove(&k->node);
	all->kept_bytes -= k->size;
	free(k);
}

static struct slice kept_find(struct pictures *all, const struct picture *p)
{
	LIST_FOR (k, &all->kept, struct kept, node) {
		if (k->side_px != p->side_px || memcmp(k->blob, p->blob, BLOB_NAME_LEN) != 0)
			continue;
		list_remove(&k->node);
		list_push_back(&all->kept, &k->node);
		return slice_make(k->bytes, k->size);
	}
	return (struct slice){ 0 };
}

static void kept_add(struct pictures *all, const struct picture *p, struct slice bytes)
{
	if (bytes.n > PICTURES_KEPT_BYTES / 8 || kept_find(all, p).n)
		return;
	while (all->kept_bytes + bytes.n > PICTURES_KEPT_BYTES || all->kept.count >= PICTURES_KEPT)
		kept_drop(all, LIST_ENTRY(all->kept.first, struct kept, node));
	struct kept *k = mem_alloc(sizeof(*k) + bytes.n);
	memcpy(k->blob, p->blob, BLOB_NAME_LEN);
	memcpy(k->bytes, bytes.p, bytes.n);
	k->side_px = p->side_px;
	k->size = bytes.n;
	all->kept_bytes += bytes.n;
	list_push_back(&all->kept, &k->node);
}

/* ---- the process ---- */

static void picture_answer(struct picture *p)
{
	struct stat st;
	void *at = MAP_FAILED;

	if (fstat(p->out, &st) == 0 && st.st_size > 0)
		at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, p->out, 0);
	if (at == MAP_FAILED) {
		picture_end(p, -EINVAL, (struct slice){ 0 });
		return;
	}
	struct slice bytes = slice_make(at, (size_t)st.st_size);
	bool known = picture_type(bytes);
	if (known)
		kept_add(p->all, p, bytes);
	picture_end(p, known ? 0 : -EINVAL, known ? bytes : (struct slice){ 0 });
	munmap(at, bytes.n);
}

static void picture_exited(void *arg, bool readable, bool writable)
{
	struct picture *p = arg;
	int status = 0;

	(void)readable;
	(void)writable;
	waitpid(p->pid, &status, 0);
	p->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		picture_answer(p);
		return;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_NO_PICTURE)
		log_warn("store", "a picture's process ended badly blob=%s %s=%d", p->blob,
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	picture_end(p, -EINVAL, (struct slice){ 0 });
}

static void picture_late(void *arg)
{
	struct picture *p = arg;

	kill(p->pid, SIGKILL); /* its end is seen as any other's */
}

/* 0 or an error number. */
static int picture_spawn(struct picture *p)
{
	char side[16], *words[] = { p->all->program, side, NULL }, *nothing[] = { NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;

	snprintf(side, sizeof(side), "%u", p->side_px);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, p->in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, p->out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	int error = posix_spawn(&p->pid, words[0], &files, &attributes, words, nothing);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return error;
}

static int memory_file(struct slice bytes)
{
	int fd = memfd_create("picture", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (file_write(fd, bytes) < 0) {
		close(fd);
		return -1;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void picture_read(void *arg, int status, struct slice bytes)
{
	struct picture *p = arg;
	struct loop *loop = p->all->store->loop;
	struct slice none = { 0 };

	if (status || bytes.n > PICTURE_FILE_MAX) {
		picture_end(p, status ? status : -EINVAL, none);
		return;
	}
	p->in = memory_file(bytes);
	p->out = memory_file(none);
	if (p->in < 0 || p->out < 0) {
		picture_end(p, -EAGAIN, none);
		return;
	}
	int error = picture_spawn(p);
	if (error) {
		log_warn("store", "pictures are not shown: %s: %s", p->all->program,
			strerror(error));
		picture_end(p, -ENOTSUP, none);
		return;
	}
	p->pidfd = pidfd_open(p->pid, 0);
	ASSERT(p->pidfd >= 0);
	p->watch = loop_watch_new(loop, p->pidfd, true, false, picture_exited, p);
	p->timer = loop_timer_new(loop, picture_late, p);
	loop_timer_set(p->timer, (uint64_t)PATIENCE_MS * 1000);
}

/* ---- who waits ---- */

static void pictures_next(struct pictures *all)
{
	while (all->running_count < PICTURES_AT_ONCE && all->waiting.first) {
		struct picture *p = LIST_ENTRY(all->waiting.first, struct picture, node);
		(void)list_pop_front(&all->waiting);
		all->waiting_count--;
		list_push_back(&all->running, &p->node);
		all->running_count++;
		blob_get(all->store, slice_of(p->blob), picture_read, p);
	}
}

static void picture_refused(void *arg, int status, const struct reply *r)
{
	struct picture *p = arg;

	(void)r;
	p->fn(p->arg, status, (struct slice){ 0 });
	picture_free(p);
}

static void picture_wait(struct picture *p)
{
	list_push_back(&p->all->waiting, &p->node);
	p->all->waiting_count++;
	pictures_next(p->all);
}

static void picture_again(void *arg, int status, const struct reply *r)
{
	struct picture *p = arg;
	struct slice bytes = kept_find(p->all, p);

	if (status || bytes.n) {
		(void)r;
		p->fn(p->arg, status, status ? (struct slice){ 0 } : bytes);
		picture_free(p);
	} else {
		picture_wait(p); /* others have taken its place meanwhile */
	}
}

void picture_get(struct store *s, struct slice blob, unsigned side_px,
	void (*fn)(void *arg, int status, struct slice bytes), void *arg)
{
	struct pictures *all = s->pictures;
	struct picture *p = mem_alloc(sizeof(*p));
	int status = !sha256_is_name(blob)		       ? -ENOENT
		     : !all->program			       ? -ENOTSUP
		     : all->waiting_count >= PICTURES_WAIT_MAX ? -EAGAIN
							       : 0;

	ASSERT(fn && side_px >= PICTURE_SIDE_MIN && side_px <= PICTURE_SIDE_MAX);
	*p = (struct picture){ .all = all,
		.side_px = side_px,
		.in = -1,
		.out = -1,
		.pidfd = -1,
		.fn = fn,
		.arg = arg };
	if (status) {
		link_later(s->ask, status, picture_refused, p);
		return;
	}
	memcpy(p->blob, blob.p, BLOB_NAME_LEN);
	if (kept_find(all, p).n)
		link_later(s->ask, 0, picture_again, p);
	else
		picture_wait(p);
}

const char *picture_type(struct slice bytes)
{
	if (bytes.n > 3 && memcmp(bytes.p, "\xff\xd8\xff", 3) == 0)
		return "image/jpeg";
	return bytes.n > 8 && memcmp(bytes.p, "\x89PNG\r\n\x1a\n", 8) == 0 ? "image/png" : NULL;
}

uint64_t pictures_drawn(const struct store *s)
{
	return s->pictures->drawn;
}

uint64_t pictures_failed(const struct store *s)
{
	return s->pictures->failed;
}

/* ---- from the store ---- */

struct pictures *pictures_new(struct store *s, const char *program)
{
	struct pictures *all = mem_alloc(sizeof(*all));

	all->store = s;
	all->program = program && *program ? slice_dup(slice_of(program)) : NULL;
	return all;
}

static void pictures_drop(struct list *l)
{
	for (struct list_node *node; (node = list_pop_front(l));) {
		struct picture *p = LIST_ENTRY(node, struct picture, node);
		if (p->pid) {
			kill(p->pid, SIGKILL);
			waitpid(p->pid, NULL, 0);
		}
		picture_free(p);
	}
}

void pictures_free(struct pictures **pictures)
{
	struct pictures *all = *pictures;

	if (!all)
		return;
	*pictures = NULL;
	pictures_drop(&all->waiting);
	pictures_drop(&all->running);
	while (all->kept.first)
		kept_drop(all, LIST_ENTRY(all->kept.first, struct kept, node));
	free(all->program);
	free(all);
}
