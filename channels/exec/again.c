/*
 * A quarantined message is read again: the program is asked, delivers what it understands now, and says so. Each question gets one answer, also when
 * the program ends before it. Called by exec.c and talk.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

/* A person waits for it. */
enum { AGAIN_MS = 15000 };

struct again {
	struct again *next;
	uint64_t token, since_ms;
	char of[ID_MAX + 1];
};

static void end(struct exec *e, struct again **at, enum usher_outcome outcome, struct usher_str why)
{
	struct again *a = *at;
	uint64_t token = a->token;

	*at = a->next;
	free(a);
	e->usher->reread_done(e->host, token, outcome, why);
}

void again_ask(struct exec *e, struct usher_str raw, struct usher_str of, uint64_t token)
{
	if (e->state == EXEC_READY && !e->rereads) {
		e->usher->reread_done(
			e->host, token, USHER_FAIL, str_of("the program does not read again"));
		return;
	}
	if (e->state != EXEC_READY || of.n > ID_MAX) {
		e->usher->reread_done(
			e->host, token, USHER_RETRY, str_of("the program does not run now"));
		return;
	}
	struct again *a = zeroed(sizeof(*a));
	a->token = token;
	a->since_ms = exec_now_ms();
	snprintf(a->of, sizeof(a->of), "%.*s", (int)of.n, of.p);
	a->next = e->agains;
	e->agains = a;
	tell_line(e, json_pack("{s:s, s:s#, s:s#}", "t", "reread", "file", raw.p, (int)raw.n, "of",
			     of.p, (int)of.n));
}

bool again_done(struct exec *e, const char *of, enum usher_outcome outcome, struct usher_str why)
{
	for (struct again **at = &e->agains; *at; at = &(*at)->next)
		if (strcmp((*at)->of, of) == 0) {
			end(e, at, outcome, why);
			return true;
		}
	return false;
}

void again_lost(struct exec *e)
{
	while (e->agains)
		end(e, &e->agains, USHER_RETRY, str_of("the program has ended"));
}

void again_late(struct exec *e, uint64_t now_ms)
{
	for (struct again **at = &e->agains; *at;) {
		if (now_ms - (*at)->since_ms <= AGAIN_MS)
			at = &(*at)->next;
		else
			end(e, at, USHER_FAIL, str_of("the program did not answer"));
	}
}
