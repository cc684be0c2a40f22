/*
 * See format.h. Called by store at each connect, and by cursor for who takes the lead. Each commit writes it, too.
 */
#include "store/format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/inside.h"

struct format_ask {
	struct store *store;
	void (*fn)(void *arg, int status, const char *why);
	void *arg;
	char *leader; /* another node */
};

static void format_end(struct format_ask *ask, int status, const char *why)
{
	ask->fn(ask->arg, status, why);
	free(ask->leader);
	free(ask);
}

/* True when there is no answer to go on with; the question is over then. */
static bool format_lost(struct format_ask *ask, int status, const struct reply *r)
{
	char why[256];

	if (r && status == 0)
		return false;
	snprintf(why, sizeof(why), "Redis does not tell or take the form of the data: %.*s",
		SLICE_ARG(r ? r->text : SLICE("")));
	format_end(ask, r ? -EPERM : -EAGAIN, why);
	return true;
}

bool format_is_newer(uint64_t is, char *why, size_t why_size)
{
	if (is <= FORMAT)
		return false;
	snprintf(why, why_size,
		"these data were written by a newer usher (format %llu, this one knows %d); start "
		"that one, or go back to the data as they were before the update",
		(unsigned long long)is, FORMAT);
	return true;
}

static void format_raised(void *arg, int status, const struct reply *r)
{
	struct format_ask *ask = arg;

	/* A full Redis takes no other write either; the first that it takes is a commit, which says it, too. */
	if (status == -ENOSPC || !format_lost(ask, status, r))
		format_end(ask, 0, "");
}

static void format_known(void *arg, int status, const struct reply *r)
{
	struct format_ask *ask = arg;
	char value[16], why[512];

	if (format_lost(ask, status, r))
		return;
	uint64_t is = reply_u64(r);
	if (format_is_newer(is, why, sizeof(why))) {
		format_end(ask, -EPERM, why);
		return;
	}
	if (is == FORMAT) {
		format_end(ask, 0, "");
		return;
	}
	/* Data of which nobody has said how they are written, and one who routes them: an older usher, too. */
	if (ask->leader) {
		snprintf(why, sizeof(why),
			"node %s routes these data with an older usher (format %llu, this one "
			"writes %d) that would not understand what this one takes in; stop it "
			"first",
			ask->leader, (unsigned long long)is, FORMAT);
		format_end(ask, -EPERM, why);
		return;
	}
	snprintf(value, sizeof(value), "%d", FORMAT);
	struct slice raise[] = { SLICE("HSET"), key_slice(&ask->store->keys.cursor),
		SLICE("schema"), slice_of(value) };
	link_call(ask->store->write, &(struct argv){ raise, 4, 4 }, format_raised, ask);
}

static void format_led(void *arg, int status, const struct reply *r)
{
	struct format_ask *ask = arg;

	if (r && status == 0 && r->type == REPLY_STRING && !reply_is(r, ask->store->node))
		ask->leader = slice_dup(r->text);
}

/* Who leads is asked first: whoever leads with this usher has said so in the format before he led. */
void format_check(struct store *s, void (*fn)(void *arg, int status, const char *why), void *arg)
{
	struct format_ask *ask = mem_alloc(sizeof(*ask));
	struct slice lease[] = { SLICE("GET"), key_slice(&s->keys.lease) };
	struct slice get[] = { SLICE("HGET"), key_slice(&s->keys.cursor), SLICE("schema") };

	*ask = (struct format_ask){ s, fn, arg, NULL };
	link_call(s->write, &(struct argv){ lease, 2, 2 }, format_led, ask);
	link_call(s->write, &(struct argv){ get, 3, 3 }, format_known, ask);
}
