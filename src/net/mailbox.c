/*
 * Letters under a mutex and an eventfd that says there are some. Never runs a letter while holding
 * the lock. Called by loop.c and by background threads (resolve.c, plugins through loop_post).
 */
#include "net/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/str.h"

struct letter {
	struct letter *next;
	void (*fn)(void *arg);
	void (*lost)(void *arg);
	void *arg;
};
struct mailbox {
	pthread_mutex_t lock;
	struct letter *first, *last;
	unsigned refs;
	int fd;
	bool closed;
};

struct mailbox *mailbox_new(void)
{
	struct mailbox *m = mem_alloc(sizeof(*m));

	ASSERT(pthread_mutex_init(&m->lock, NULL) == 0);
	m->refs = 1;
	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT(m->fd >= 0);
	return m;
}

static void mailbox_lock(struct mailbox *m)
{
	ASSERT(pthread_mutex_lock(&m->lock) == 0);
}

static void mailbox_unlock(struct mailbox *m)
{
	ASSERT(pthread_mutex_unlock(&m->lock) == 0);
}

struct mailbox *mailbox_hold(struct mailbox *m)
{
	mailbox_lock(m);
	m->refs++;
	mailbox_unlock(m);
	return m;
}

void mailbox_release(struct mailbox **m)
{
	struct mailbox *box = *m;

	*m = NULL;
	if (!box)
		return;
	mailbox_lock(box);
	ASSERT(box->refs > 0);
	bool last = --box->refs == 0;
	mailbox_unlock(box);
	if (!last)
		return;
	ASSERT(!box->first);
	close(box->fd);
	pthread_mutex_destroy(&box->lock);
	free(box);
}

int mailbox_fd(const struct mailbox *m)
{
	return m->fd;
}

void mailbox_post(struct mailbox *m, void (*fn)(void *arg), void *arg, void (*lost)(void *arg))
{
	struct letter *l = mem_alloc(sizeof(*l));

	*l = (struct letter){ .fn = fn, .lost = lost, .arg = arg };
	mailbox_lock(m);
	bool closed = m->closed;
	if (!closed) {
		if (m->last)
			m->last->next = l;
		else
			m->first = l;
		m->last = l;
		/* Only the first letter rings; a full counter cannot happen then. */
		if (m->first == l)
			ASSERT(write(m->fd, &(uint64_t){ 1 }, sizeof(uint64_t)) ==
				sizeof(uint64_t));
	}
	mailbox_unlock(m);
	if (!closed)
		return;
	free(l);
	if (lost)
		lost(arg);
}

static struct letter *mailbox_take(struct mailbox *m, bool close)
{
	uint64_t rung;

	mailbox_lock(m);
	struct letter *all = m->first;
	m->first = m->last = NULL;
	m->closed = m->closed || close;
	if (all)
		ASSERT(read(m->fd, &rung, sizeof(rung)) == sizeof(rung) || errno == EAGAIN);
	mailbox_unlock(m);
	return all;
}

void mailbox_run(struct mailbox *m)
{
	for (struct letter *l = mailbox_take(m, false), *next; l; l = next) {
		next = l->next;
		l->fn(l->arg);
		free(l);
	}
}

void mailbox_close(struct mailbox *m)
{
	for (struct letter *l = mailbox_take(m, true), *next; l; l = next) {
		next = l->next;
		if (l->lost)
			l->lost(l->arg);
		free(l);
	}
}
