/*
 * getaddrinfo in a detached thread; the answer comes home as a letter. Never blocks the loop, and
 * neither a cancelled look-up nor a loop that has ended is touched by a late answer.
 */
#include "net/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "net/loop_private.h"

struct resolve {
	struct address name;
	struct address found[RESOLVE_MAX];
	size_t n;
	struct mailbox *box;
	const char *why;
	bool cancelled; /* loop's thread only */
	void (*done)(const struct address *found, size_t n, const char *why, void *arg);
	void *arg;
};

static void resolve_free(void *arg)
{
	free(arg);
}

static void resolve_came(void *arg)
{
	struct resolve *r = arg;

	if (!r->cancelled)
		r->done(r->found, r->n, r->why, r->arg);
	free(r);
}

static void *resolve_thread(void *arg)
{
	struct resolve *r = arg;
	struct mailbox *box = r->box;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;

	int error = getaddrinfo(r->name.host, r->name.port, &hints, &found);
	if (error)
		r->why = gai_strerror(error);
	for (const struct addrinfo *a = found; a && r->n < RESOLVE_MAX; a = a->ai_next) {
		struct address *to = &r->found[r->n++];
		ASSERT(a->ai_addrlen <= sizeof(to->sa));
		to->kind = ADDRESS_NUMERIC;
		memcpy(&to->sa, a->ai_addr, a->ai_addrlen);
		to->sa_len = a->ai_addrlen;
	}
	if (found)
		freeaddrinfo(found);
	mailbox_post(box, resolve_came, r, resolve_free);
	mailbox_release(&box);
	return NULL;
}

struct resolve *resolve_new(struct loop *loop, const struct address *name,
	void (*done)(const struct address *found, size_t n, const char *why, void *arg), void *arg)
{
	struct resolve *r = mem_alloc(sizeof(*r));
	pthread_attr_t attr;
	pthread_t thread;

	ASSERT(name->kind == ADDRESS_NAME);
	*r = (struct resolve){ .name = *name, .done = done, .arg = arg };
	r->box = mailbox_hold(loop_mailbox(loop));
	ASSERT(pthread_attr_init(&attr) == 0);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	int error = pthread_create(&thread, &attr, resolve_thread, r);
	pthread_attr_destroy(&attr);
	if (error) {
		r->why = strerror(error);
		mailbox_post(r->box, resolve_came, r, resolve_free);
		mailbox_release(&r->box);
	}
	return r;
}

void resolve_cancel(struct resolve **r)
{
	if (*r)
		(*r)->cancelled = true;
	*r = NULL;
}
