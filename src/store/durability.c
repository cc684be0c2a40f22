/*
 * Reads the settings on which an acknowledgement rests. Never changes them. Called by store at each
 * connect.
 */
#include "store/durability.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"

/* X(setting, required value, what is wrong and what to do) */
#define DURABLE_SETTINGS(X)                                                                        \
	X("appendonly", "yes", "keeps nothing on disk")                                            \
	X("appendfsync", "always", "answers before the data is on disk")                           \
	X("no-appendfsync-on-rewrite", "no", "stops writing to disk while it rewrites its file")   \
	X("maxmemory-policy", "noeviction", "throws data away when memory is short")

struct setting {
	const char *name, *value, *wrong;
};
#define SETTING(name, value, wrong) { name, value, wrong },
static const struct setting settings[] = { DURABLE_SETTINGS(SETTING) };
enum { SETTING_COUNT = sizeof(settings) / sizeof(*settings) };

struct check {
	void (*fn)(void *arg, int status, const char *why);
	void *arg;
	size_t next;
	int status;
	char why[512];
};

#define OR_ELSE                                                                                    \
	", or use redis: managed, or accept the loss of acknowledged messages by durability: "     \
	"relaxed"

static void check_refuse(struct check *c, const char *wrong, struct slice is)
{
	const struct setting *s = &settings[c->next];

	if (c->status)
		return;
	c->status = -EPERM;
	snprintf(c->why, sizeof(c->why),
		"Redis %s: %s is %.*s; set `%s %s` in redis.conf (and CONFIG SET)" OR_ELSE, wrong,
		s->name, SLICE_ARG(is), s->name, s->value);
}

static void check_setting(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;

	if (!r)
		c->status = -EAGAIN;
	else if (status)
		check_refuse(c, "does not let us read its settings", r->text);
	else if (r->count < 2)
		check_refuse(c, "does not know a setting", SLICE("unknown"));
	else if (!reply_is(reply_at(r, 1), settings[c->next].value))
		check_refuse(c, settings[c->next].wrong, reply_at(r, 1)->text);
	c->next++;
}

/* Redis replays the transactions of its file as the user `default` and drops those that this user may not do: without
 * its permissions every commit is gone after a restart (7.0.15). Where we may not look, we cannot know. */
static void check_default_user(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;

	if (!r)
		c->status = -EAGAIN;
	for (size_t i = 0; r && status == 0 && i + 1 < r->count; i += 2) {
		const struct reply *value = &r->items[i + 1];
		if (c->status || !reply_is(&r->items[i], "commands") ||
			slice_starts(value->text, SLICE("+@all")))
			continue;
		c->status = -EPERM;
		snprintf(c->why, sizeof(c->why),
			"Redis would drop transactions when it starts again: its user default may "
			"not "
			"run them (%.*s); give it `user default off ~* &* +@all`" OR_ELSE,
			SLICE_ARG(value->text));
	}
	c->fn(c->arg, c->status, c->why);
	free(c);
}

/* Not refused: it is Redis' default, and harm needs a kill in the middle of a write and then a second start. */
static void check_torn_end(void *arg, int status, const struct reply *r)
{
	(void)arg;
	if (r && status == 0 && reply_is(reply_at(r, 1), "yes"))
		log_warn("store", "aof-load-truncated is yes: killed in the middle of a "
				  "transaction, Redis "
				  "keeps a part of it "
				  "and runs it with the next one when it starts again; set "
				  "`aof-load-truncated no`, and mend a torn file with "
				  "redis-check-aof --fix");
}

void durability_check(struct link *l, void (*fn)(void *arg, int status, const char *why), void *arg)
{
	struct check *c = mem_alloc(sizeof(*c));
	struct slice user[] = { SLICE("ACL"), SLICE("GETUSER"), SLICE("default") };
	struct slice torn[] = { SLICE("CONFIG"), SLICE("GET"), SLICE("aof-load-truncated") };

	c->fn = fn;
	c->arg = arg;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		struct slice words[] = { SLICE("CONFIG"), SLICE("GET"),
			slice_of(settings[i].name) };
		link_call(l, &(struct argv){ words, 3, 3 }, check_setting, c);
	}
	link_call(l, &(struct argv){ torn, 3, 3 }, check_torn_end, NULL);
	link_call(l, &(struct argv){ user, 3, 3 }, check_default_user, c);
}
