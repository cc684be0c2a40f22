/*
 * A desk over the control socket: the same client, with lines for frames. The socket's owner is trusted to be the agent it names; that is
 * logged. The caller is told of the end once, unless it asked for it by desk_pipe_close.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "desk/client.h"

struct desk_pipe {
	struct desk *d;
	size_t refs; /* the caller's, and the question who it is */
	struct client *client;
	struct list early; /* lines before it was known who it is */
	bool over;
	void (*line)(void *arg, struct slice json);
	void (*closed)(void *arg, const char *why);
	void *arg;
};

static void pipe_release(struct desk_pipe *p)
{
	if (--p->refs)
		return;
	while (p->early.first) {
		struct held_line *h = LIST_ENTRY(list_pop_front(&p->early), struct held_line, node);
		free(h->text);
		free(h);
	}
	desk_release(p->d);
	free(p);
}

static void pipe_over(struct desk_pipe *p, const char *why)
{
	struct client *c = p->client;
	if (p->over)
		return;
	p->over = true;
	p->client = NULL;
	if (c)
		client_closed(c);
	if (why)
		p->closed(p->arg, why);
}

static void pipe_send(void *transport, struct slice json)
{
	struct desk_pipe *p = transport;
	if (!p->over)
		p->line(p->arg, json);
}

static size_t pipe_output(void *transport)
{
	(void)transport;
	return 0; /* the control socket drops a reader that is too slow */
}

static void pipe_close(void *transport, int code, const char *why)
{
	(void)code;
	pipe_over(transport, why);
}

static const struct client_ops pipe_ops = {
	.send = pipe_send, .output = pipe_output, .close = pipe_close
};

static void on_who(void *arg, int status, const struct who *who)
{
	struct desk_pipe *p = arg;
	if (p->over || p->d->ended) {
		pipe_release(p);
		return;
	}
	if (status) {
		pipe_over(p, status == -ENOENT ? "there is no such user"
					       : "the users cannot be read now; try again");
		pipe_release(p);
		return;
	}
	log_info("desk", "control socket opens a desk agent=%.*s", SLICE_ARG(who->user));
	p->client = client_open(p->d, who, &pipe_ops, p);
	while (p->early.first && p->client) {
		struct held_line *h = LIST_ENTRY(list_pop_front(&p->early), struct held_line, node);
		client_line(p->client, slice_make(h->text, h->n));
		free(h->text);
		free(h);
	}
	pipe_release(p);
}

struct desk_pipe *desk_pipe_open(struct desk *d, struct slice agent,
	void (*line)(void *arg, struct slice json), void (*closed)(void *arg, const char *why),
	void *arg)
{
	struct desk_pipe *p = mem_alloc(sizeof(*p));
	desk_hold(d);
	p->d = d;
	p->refs = 2;
	p->line = line;
	p->closed = closed;
	p->arg = arg;
	user_find(d->store, agent, on_who, p);
	return p;
}

void desk_pipe_line(struct desk_pipe *p, struct slice json)
{
	if (p->client) {
		client_line(p->client, json);
	} else if (!p->over) {
		struct held_line *h = mem_alloc(sizeof(*h));
		h->text = slice_dup(json);
		h->n = json.n;
		list_push_back(&p->early, &h->node);
	}
}

void desk_pipe_close(struct desk_pipe **pp)
{
	struct desk_pipe *p = *pp;
	if (!p)
		return;
	pipe_over(p, NULL);
	pipe_release(p);
	*pp = NULL;
}
