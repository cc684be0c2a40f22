/*
 * Files of blobs and the two threads that write and read them. Called by blob.
 *
 * What a thread touches: its queue and the list of finished jobs (under the lock), and the file of the
 * job it works on. The loop does not look into a file between blob_file_new and the answer of its last job.
 */
#include "store/blob_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/blob_life.h"
#include "store/file_write.h"
#include "store/inside.h"

enum {
	BLOB_THREADS = 2,
	SHELVES = 256, /* by the first two digits of the name */
	NICENESS = 5   /* the loop comes first: people talk there */
};

struct blob_file {
	struct blobs *blobs;
	struct blob_thread *thread;
	int fd;
	EVP_MD_CTX *hash;
	uint64_t size;
	int status; /* the first error */
	void (*finish)(void *arg, int status, const char *name, uint64_t size_bytes);
	void *finish_arg;
	bool published;	     /* it has its own name, no temporary one */
	bool was_there;	     /* before it: one of that name */
	char *temporary;     /* DATA/blobs/tmp/NODE~CHANCE */
	unsigned char shelf; /* the first byte of the sum, the first two digits of the name */
	char name[BLOB_NAME_LEN + 1];
};
struct job {
	struct list_node node;
	struct blobs *blobs;
	struct blob_file *file;
	struct str bytes;
	int status;
	char name[BLOB_NAME_LEN + 1];
	void (*work)(struct job *j); /* in the thread */
	void (*done)(struct job *j); /* on the loop; may be NULL */
	void (*read)(void *arg, int status, struct slice bytes);
	blob_work_fn *on;
	void (*ran)(void *arg, int status, uint64_t size_bytes);
	uint64_t size;
	void *arg;
};
struct blob_thread {
	struct blobs *blobs;
	pthread_t id;
	pthread_cond_t wake;
	struct list queue;
};
struct blobs {
	struct store *store;
	char *dir;		      /* DATA/blobs */
	atomic_bool shelves[SHELVES]; /* DATA/blobs/ab is there, and that is on disk */
	bool started, ending;
	pthread_mutex_t lock;
	struct blob_thread threads[BLOB_THREADS];
	size_t next_thread;
	struct list finished;
	int event;
	struct loop_watch *watch;
};

/* ---- in a thread ---- */

static int status_of(int result)
{
	return result < 0 ? -errno : 0;
}

int dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = status_of(fd);

	if (fd < 0)
		return status;
	status = status_of(fsync(fd));
	close(fd);
	return status;
}

static int dir_make(const char *path)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int file_open(struct blob_file *f)
{
	f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return status_of(f->fd);
}

static void work_append(struct job *j)
{
	struct blob_file *f = j->file;

	if (f->status == 0 && f->fd < 0)
		f->status = file_open(f);
	if (f->status == 0)
		f->status = file_write(f->fd, str_slice(&j->bytes));
	/* A piece at a time on its way to the disk: Redis waits behind all that is. */
	if (f->status == 0)
		sync_file_range(f->fd, (off_t)f->size, (off_t)j->bytes.n,
			SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				SYNC_FILE_RANGE_WAIT_AFTER);
	EVP_DigestUpdate(f->hash, j->bytes.p, j->bytes.n);
	f->size += j->bytes.n;
}

static void file_forget(struct blob_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->fd >= 0 && !f->published)
		unlink(f->temporary);
	f->fd = -1;
}

static void file_name(struct blob_file *f)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	EVP_DigestFinal_ex(f->hash, sum, &n);
	f->shelf = sum[0];
	for (size_t i = 0; i < n && i < BLOB_NAME_LEN / 2; i++)
		snprintf(f->name + 2 * i, 3, "%02x", sum[i]);
}

/* Once for each run of this process: another one may have died before it was on disk. */
static int shelf_make(struct blobs *b, unsigned char shelf, const char *path)
{
	atomic_bool *there = &b->shelves[shelf];

	if (atomic_load(there))
		return 0;
	int status = dir_make(path);
	if (status == 0)
		status = dir_sync(b->dir);
	if (status == 0)
		atomic_store(there, true);
	return status;
}

/*
 * From the temporary name to its own; file and directory on disk. One that is there already has the same bytes and is replaced:
 * if its own have been damaged since, that mends them.
 */
static int file_publish(struct blob_file *f)
{
	struct blobs *b = f->blobs;
	struct str shelf = { 0 }, path = { 0 };

	str_addf(&shelf, "%s/%.2s", b->dir, f->name);
	str_addf(&path, "%s/%s", shelf.p, f->name + 2);
	int status = shelf_make(b, f->shelf, shelf.p);
	if (status == 0)
		status = status_of(rename(f->temporary, path.p));
	if (status == 0)
		f->published = true;
	if (status == 0)
		status = dir_sync(shelf.p);
	str_free(&shelf);
	str_free(&path);
	return status;
}

/* Its bytes are on disk and its name is known; nobody can find it yet. */
static void work_seal(struct job *j)
{
	struct blob_file *f = j->file;
	struct str path = { 0 };

	if (f->status == 0 && f->fd < 0)
		f->status = file_open(f);
	file_name(f);
	if (f->status == 0)
		f->status = status_of(fdatasync(f->fd));
	str_addf(&path, "%s/%.2s/%s", f->blobs->dir, f->name, f->name + 2);
	f->was_there = access(path.p, F_OK) == 0;
	str_free(&path);
}

static void work_publish(struct job *j)
{
	struct blob_file *f = j->file;

	if (f->status == 0)
		f->status = file_publish(f);
	file_forget(f);
}

static void work_run(struct job *j)
{
	j->status = j->on(j->blobs->dir, j->blobs->store->node, j->name, &j->size);
}

static void work_drop(struct job *j)
{
	file_forget(j->file);
}

static int file_read(const char *path, struct str *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	int status = status_of(fstat(fd, &st));
	if (status == 0 && (st.st_size < 0 || st.st_size > BLOB_MAX))
		status = -EBADMSG;
	while (status == 0 && out->n < (size_t)st.st_size) {
		size_t want = (size_t)st.st_size - out->n;
		ssize_t n = read(fd, str_reserve(out, want), want);
		if (n < 0 && errno != EINTR)
			status = -errno;
		if (n == 0)
			break;
		out->n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return status;
}

static void work_read(struct job *j)
{
	struct str path = { 0 };
	char hex[SHA256_HEX_LEN + 1];

	str_addf(&path, "%s/%.2s/%s", j->blobs->dir, j->name, j->name + 2);
	j->status = file_read(path.p, &j->bytes);
	str_free(&path);
	if (j->status)
		return;
	sha256_hex(str_slice(&j->bytes), hex);
	if (memcmp(hex, j->name, BLOB_NAME_LEN) != 0)
		j->status = -EBADMSG;
}

/*
 * What a crash left behind of ours: a few files. Before any thread runs, or it would take the first new ones for old. Those that
 * were being taken away (blob_collect.c) are seen to there.
 */
static void blobs_sweep(const struct blobs *b)
{
	const char *node = b->store->node;
	struct str path = { 0 };

	str_addf(&path, "%s/tmp", b->dir);
	DIR *dir = opendir(path.p);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (strncmp(e->d_name, node, strlen(node)) == 0 && e->d_name[strlen(node)] == '~' &&
			!strstr(e->d_name, BLOB_ASIDE))
			unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
	str_free(&path);
}

static void *thread_run(void *arg)
{
	struct blob_thread *t = arg;
	struct blobs *b = t->blobs;
	uint64_t one = 1;

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	pthread_mutex_lock(&b->lock);
	for (;;) {
		struct list_node *node = list_pop_front(&t->queue);
		if (!node && b->ending)
			break;
		if (!node) {
			pthread_cond_wait(&t->wake, &b->lock);
			continue;
		}
		pthread_mutex_unlock(&b->lock);
		struct job *j = LIST_ENTRY(node, struct job, node);
		j->work(j);
		pthread_mutex_lock(&b->lock);
		list_push_back(&b->finished, node);
		if (write(b->event, &one, sizeof(one)) < 0) {
			/* full: the loop is already told */
		}
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* ---- on the loop ---- */

static void job_free(struct job *j)
{
	str_free(&j->bytes);
	free(j);
}

static void blobs_finished(void *arg, bool readable, bool writable)
{
	struct blobs *b = arg;
	struct list_node *node;
	uint64_t n;

	(void)readable;
	(void)writable;
	if (read(b->event, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_warn("store", "the blob threads' event cannot be read");
	for (;;) {
		pthread_mutex_lock(&b->lock);
		node = list_pop_front(&b->finished);
		pthread_mutex_unlock(&b->lock);
		if (!node)
			return;
		struct job *j = LIST_ENTRY(node, struct job, node);
		if (j->done)
			j->done(j);
		job_free(j);
	}
}

static void job_give(struct job *j, struct blob_thread *t)
{
	struct blobs *b = j->blobs;

	pthread_mutex_lock(&b->lock);
	list_push_back(&t->queue, &j->node);
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&b->lock);
}

static struct job *job_new(struct blobs *b, void (*work)(struct job *j))
{
	struct job *j = mem_alloc(sizeof(*j));

	j->blobs = b;
	j->work = work;
	return j;
}

/* Threads begin with the first file: most nodes of a test, and usherctl, never write one. */
static void blobs_start(struct blobs *b)
{
	sigset_t all, old;
	struct str tmp = { 0 };

	if (b->started)
		return;
	b->started = true;
	str_addf(&tmp, "%s/tmp", b->dir);
	if (dir_make(b->dir) || dir_make(tmp.p))
		log_error("store", "the blob directory cannot be made path=%s why=%s", b->dir,
			strerror(errno));
	str_free(&tmp);
	blobs_sweep(b);
	b->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ASSERT(b->event >= 0);
	b->watch = loop_watch_new(b->store->loop, b->event, true, false, blobs_finished, b);
	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (size_t i = 0; i < BLOB_THREADS; i++) {
		struct blob_thread *t = &b->threads[i];
		t->blobs = b;
		pthread_cond_init(&t->wake, NULL);
		int failed = pthread_create(&t->id, NULL, thread_run, t);
		ASSERT(!failed);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static struct blob_thread *blobs_thread(struct blobs *b)
{
	blobs_start(b);
	return &b->threads[b->next_thread++ % BLOB_THREADS];
}

static void blob_file_free(struct blob_file *f)
{
	EVP_MD_CTX_free(f->hash);
	free(f->temporary);
	free(f);
}

struct blob_file *blob_file_new(struct blobs *b)
{
	struct blob_file *f = mem_alloc(sizeof(*f));
	struct str path = { 0 };
	uint64_t chance;

	chance_bytes(&chance, sizeof(chance));
	str_addf(&path, "%s/tmp/%s~%016llx", b->dir, b->store->node, (unsigned long long)chance);
	f->temporary = str_take(&path);
	f->blobs = b;
	f->thread = blobs_thread(b);
	f->fd = -1;
	f->hash = EVP_MD_CTX_new();
	ASSERT(f->hash && EVP_DigestInit_ex(f->hash, EVP_sha256(), NULL) == 1);
	return f;
}

static struct job *file_job(struct blob_file *f, void (*work)(struct job *j))
{
	struct job *j = job_new(f->blobs, work);

	j->file = f;
	return j;
}

void blob_file_append(struct blob_file *f, struct str *bytes)
{
	struct job *j = file_job(f, work_append);

	j->bytes = *bytes;
	*bytes = (struct str){ 0 };
	job_give(j, f->thread);
}

static void done_publish(struct job *j)
{
	struct blob_file *f = j->file;

	f->finish(f->finish_arg, f->status, f->status ? NULL : f->name, f->size);
	blob_file_free(f);
}

static void file_marked(void *arg, int status)
{
	struct blob_file *f = arg;
	struct job *j = file_job(f, work_publish);

	if (f->status == 0)
		f->status = status;
	j->done = done_publish;
	job_give(j, f->thread);
}

static void done_seal(struct job *j)
{
	struct blob_file *f = j->file;

	if (f->status == 0)
		blob_mark_file(f->blobs->store, f->name, f->was_there, file_marked, f);
	else
		file_marked(f, f->status);
}

void blob_file_finish(struct blob_file **f,
	void (*fn)(void *arg, int status, const char *name, uint64_t size_bytes), void *arg)
{
	struct job *j = file_job(*f, work_seal);

	j->done = done_seal;
	(*f)->finish = fn;
	(*f)->finish_arg = arg;
	job_give(j, (*f)->thread);
	*f = NULL;
}

static void done_drop(struct job *j)
{
	blob_file_free(j->file);
}

void blob_file_drop(struct blob_file **f)
{
	struct job *j = file_job(*f, work_drop);

	j->done = done_drop;
	job_give(j, (*f)->thread);
	*f = NULL;
}

static void done_read(struct job *j)
{
	j->read(j->arg, j->status, j->status ? (struct slice){ NULL, 0 } : str_slice(&j->bytes));
}

void blob_file_read(struct blobs *b, struct slice name,
	void (*fn)(void *arg, int status, struct slice bytes), void *arg)
{
	struct job *j = job_new(b, work_read);

	ASSERT(sha256_is_name(name));
	memcpy(j->name, name.p, BLOB_NAME_LEN);
	j->done = done_read;
	j->read = fn;
	j->arg = arg;
	job_give(j, blobs_thread(b));
}

static void done_run(struct job *j)
{
	j->ran(j->arg, j->status, j->size);
}

void blob_files_run(struct blobs *b, struct slice name, blob_work_fn *on,
	void (*fn)(void *arg, int status, uint64_t size_bytes), void *arg)
{
	struct job *j = job_new(b, work_run);

	ASSERT(name.n <= BLOB_NAME_LEN);
	memcpy(j->name, name.p, name.n);
	j->done = done_run;
	j->on = on;
	j->ran = fn;
	j->arg = arg;
	job_give(j, blobs_thread(b));
}

static int path_is(const char *dir, const char *node, const char *name, uint64_t *size_bytes)
{
	struct str path = { 0 };
	struct stat st;

	(void)node;
	str_addf(&path, "%s/%.2s/%s", dir, name, name + 2);
	int status = status_of(stat(path.p, &st));
	if (status == 0)
		*size_bytes = (uint64_t)st.st_size;
	str_free(&path);
	return status;
}

void blob_file_is(struct blobs *b, struct slice name,
	void (*fn)(void *arg, int status, uint64_t size_bytes), void *arg)
{
	blob_files_run(b, name, path_is, fn, arg);
}

struct blobs *blobs_new(struct store *s)
{
	struct blobs *b = mem_alloc(sizeof(*b));
	struct str dir = { 0 };

	b->store = s;
	str_addf(&dir, "%s/blobs", s->data_dir);
	b->dir = str_take(&dir);
	b->event = -1;
	pthread_mutex_init(&b->lock, NULL);
	return b;
}

/* Nobody is called any more; what was begun is finished on disk. */
static void blobs_end_threads(struct blobs *b)
{
	pthread_mutex_lock(&b->lock);
	b->ending = true;
	for (size_t i = 0; i < BLOB_THREADS; i++)
		pthread_cond_signal(&b->threads[i].wake);
	pthread_mutex_unlock(&b->lock);
	for (size_t i = 0; i < BLOB_THREADS; i++) {
		pthread_join(b->threads[i].id, NULL);
		pthread_cond_destroy(&b->threads[i].wake);
	}
	for (struct list_node *node; (node = list_pop_front(&b->finished));) {
		struct job *j = LIST_ENTRY(node, struct job, node);
		if (j->done == done_seal || j->done == done_publish || j->done == done_drop)
			blob_file_free(j->file);
		job_free(j);
	}
	loop_watch_free(&b->watch);
	close(b->event);
}

void blobs_free(struct blobs **blobs)
{
	struct blobs *b = *blobs;

	if (!b)
		return;
	*blobs = NULL;
	if (b->started)
		blobs_end_threads(b);
	pthread_mutex_destroy(&b->lock);
	free(b->dir);
	free(b);
}
