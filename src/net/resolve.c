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
	struct address address;
	struct mailbox *box;
	const char *why;
	bool cancelled; /* loop's thread only */
	void (*done)(const struct address *address, const char *why, void *arg);
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
		r->done(r->why ? NULL : &r->address, r->why, r->arg);
	free(r);
}

static void *resolve_thread(void *arg)
{
	struct resolve *r = arg;
	struct mailbox *box = r->box;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;

	int error = getaddrinfo(r->address.host, r->address.port, &hints, &found);
	if (error) {
		r->why = gai_strerror(error);
	} else {
		ASSERT(found->ai_addrlen <= sizeof(r->address.sa));
		memcpy(&r->address.sa, found->ai_addr, found->ai_addrlen);
		r->address.sa_len = found->ai_addrlen;
		r->address.kind = ADDRESS_NUMERIC;
		freeaddrinfo(found);
	}
	mailbox_post(box, resolve_came, r, resolve_free);
	mailbox_release(&box);
	return NULL;
}

struct resolve *resolve_new(struct loop *loop, const struct address *name,
	void (*done)(const struct address *address, const char *why, void *arg), void *arg)
{
	struct resolve *r = mem_alloc(sizeof(*r));
	pthread_attr_t attr;
	pthread_t thread;

	ASSERT(name->kind == ADDRESS_NAME);
	*r = (struct resolve){ .address = *name, .done = done, .arg = arg };
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
