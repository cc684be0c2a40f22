/*
 * The pool: jobs wait in a bounded list, threads hash, results come back through a mailbox in order of completion.
 * Passwords are wiped as soon as they are hashed.
 *
 *   loop ── queue (≤ PASSWORD_QUEUE_MAX) ──▶ thread, thread ── mailbox ──▶ loop: fn
 */
#include "desk/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/list.h"
#include "model/limits.h"
#include "net/mailbox.h"

enum { SALT_LEN = 16, HASH_LEN = 32, COST_N = 32768, COST_R = 8, COST_P = 1 };
/* Above 128·N·r of the largest cost that a secret may ask for (N 2^17, r 8). */
#define SCRYPT_MEMORY_MAX ((uint64_t)160 << 20)

struct job {
	struct list_node node;
	char *password;
	size_t password_n;
	struct str secret; /* to check against, or the result of making */
	bool make, ok;
	void (*checked)(void *arg, bool ok);
	void (*made)(void *arg, struct slice secret);
	void *arg;
};

struct passwords {
	struct loop_watch *watch;
	struct mailbox *mailbox;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct list queue;
	bool ending;
	pthread_t threads[PASSWORD_THREADS];
	size_t thread_count;
};

/* ---- the hash ---- */

static bool derive(struct slice password, const uint8_t *salt, size_t salt_n, uint64_t n,
	uint64_t r, uint64_t p, uint8_t out[HASH_LEN])
{
	return EVP_PBE_scrypt(password.n ? password.p : "", password.n, salt, salt_n, n, r, p,
		       SCRYPT_MEMORY_MAX, out, HASH_LEN) == 1;
}

void secret_make(struct str *out, struct slice password, const uint8_t salt[SALT_LEN])
{
	uint8_t hash[HASH_LEN];
	bool derived = derive(password, salt, SALT_LEN, COST_N, COST_R, COST_P, hash);
	ASSERT(derived);
	str_addf(out, "scrypt$%d$%d$%d$", COST_N, COST_R, COST_P);
	str_add_hex(out, slice_make(salt, SALT_LEN));
	str_add_char(out, '$');
	str_add_hex(out, slice_make(hash, HASH_LEN));
}

static bool unhex(struct slice hex, uint8_t *out, size_t n)
{
	if (hex.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = OPENSSL_hexchar2int((unsigned char)hex.p[2 * i]);
		int low = OPENSSL_hexchar2int((unsigned char)hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high * 16 + low);
	}
	return true;
}

bool secret_matches(struct slice secret, struct slice password)
{
	uint8_t salt[SALT_LEN], want[HASH_LEN], got[HASH_LEN];
	uint64_t n, r, p;
	struct slice rest = secret;
	if (!slice_is(slice_cut(&rest, '$'), "scrypt") || !slice_u64(slice_cut(&rest, '$'), &n) ||
		!slice_u64(slice_cut(&rest, '$'), &r) || !slice_u64(slice_cut(&rest, '$'), &p))
		return false;
	if (n > 131072 || r > 8 || p > 4 || !unhex(slice_cut(&rest, '$'), salt, SALT_LEN) ||
		!unhex(rest, want, HASH_LEN))
		return false;
	return derive(password, salt, SALT_LEN, n, r, p, got) &&
	       CRYPTO_memcmp(want, got, HASH_LEN) == 0;
}

void password_generate(struct str *out)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789A"; /* 32 of them */
	uint8_t chance[20];
	_Static_assert(sizeof(letters) == 33, "five bits a letter");
	chance_bytes(chance, sizeof(chance));
	for (size_t i = 0; i < sizeof(chance); i++)
		str_add_char(out, letters[chance[i] & 31]);
	OPENSSL_cleanse(chance, sizeof(chance));
}

/* ---- the pool ---- */

static void job_free(struct job *j)
{
	OPENSSL_cleanse(j->password, j->password_n);
	free(j->password);
	str_free(&j->secret);
	free(j);
}

static void job_done(void *arg)
{
	struct job *j = arg;
	if (j->make)
		j->made(j->arg, str_slice(&j->secret));
	else
		j->checked(j->arg, j->ok);
	job_free(j);
}

/* The pool ends before it was hashed, or before the loop heard of it. */
static void job_lost(void *arg)
{
	struct job *j = arg;
	j->ok = false;
	str_free(&j->secret);
	job_done(j);
}

static void job_run(struct job *j)
{
	struct slice password = slice_make(j->password, j->password_n);
	uint8_t salt[SALT_LEN];
	if (j->make) {
		chance_bytes(salt, sizeof(salt));
		secret_make(&j->secret, password, salt);
	} else if (j->secret.n) {
		j->ok = secret_matches(str_slice(&j->secret), password);
	} else { /* nobody of that name: as much work, the same answer */
		struct str unused = { 0 };
		memset(salt, 0, sizeof(salt));
		secret_make(&unused, password, salt);
		str_free(&unused);
		j->ok = false;
	}
	OPENSSL_cleanse(j->password, j->password_n);
}

static void *work(void *arg)
{
	struct passwords *p = arg;
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->ending && !p->queue.count)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->ending)
			break;
		struct job *j = LIST_ENTRY(list_pop_front(&p->queue), struct job, node);
		pthread_mutex_unlock(&p->lock);
		job_run(j);
		mailbox_post(p->mailbox, job_done, j, job_lost);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void on_mail(void *arg, bool readable, bool writable)
{
	struct passwords *p = arg;
	(void)writable;
	if (readable)
		mailbox_run(p->mailbox);
}

struct passwords *passwords_new(struct loop *loop)
{
	struct passwords *p = mem_alloc(sizeof(*p));
	sigset_t all, before;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	p->mailbox = mailbox_new();
	p->watch = loop_watch_new(loop, mailbox_fd(p->mailbox), true, false, on_mail, p);
	sigfillset(&all); /* signals are the loop's thread's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (p->thread_count < PASSWORD_THREADS &&
		pthread_create(&p->threads[p->thread_count], NULL, work, p) == 0)
		p->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!p->thread_count)
		passwords_free(&p);
	return p;
}

void passwords_free(struct passwords **pp)
{
	struct passwords *p = *pp;
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
	while (p->queue.count)
		job_lost(LIST_ENTRY(list_pop_front(&p->queue), struct job, node));
	loop_watch_free(&p->watch);
	mailbox_close(p->mailbox);
	mailbox_release(&p->mailbox);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pp = NULL;
}

static bool job_add(struct passwords *p, struct job *j, struct slice password)
{
	ASSERT(password.n <= PASSWORD_MAX);
	j->password = slice_dup(password);
	j->password_n = password.n;
	pthread_mutex_lock(&p->lock);
	bool room = p->queue.count < PASSWORD_QUEUE_MAX;
	if (room) {
		list_push_back(&p->queue, &j->node);
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	if (!room)
		job_free(j);
	return room;
}

bool password_check(struct passwords *p, struct slice password, struct slice secret,
	void (*fn)(void *arg, bool ok), void *arg)
{
	struct job *j = mem_alloc(sizeof(*j));
	j->checked = fn;
	j->arg = arg;
	str_add(&j->secret, secret);
	return job_add(p, j, password);
}

bool password_make(struct passwords *p, struct slice password,
	void (*fn)(void *arg, struct slice secret), void *arg)
{
	struct job *j = mem_alloc(sizeof(*j));
	j->make = true;
	j->made = fn;
	j->arg = arg;
	return job_add(p, j, password);
}
