/*
 * What usher owes the program: each delivery, cursor and file that it asked for is answered by one line, unless the run that asked has ended.
 * Called by exec.c, talk.c and files.c.
 *
 *   in, remember, recall, file, get ─▶ owe: a token ─▶ usher ─▶ (later) ack, remembered, recalled, filed, file
 */
#include <stdlib.h>

#include "exec.h"

const char *const outcome_words[] = { [USHER_OK] = "ok",
	[USHER_DUPLICATE] = "duplicate",
	[USHER_RETRY] = "retry",
	[USHER_FAIL] = "fail",
	[USHER_UNSURE] = "unsure" };

uint64_t owe(struct exec *e, struct usher_str name)
{
	struct owed *o = zeroed(sizeof(*o));

	o->exec = e;
	o->run = e->run;
	buf_add(&o->name, name.p, name.n);
	e->owed++;
	e->owed_now++;
	return (uint64_t)(uintptr_t)o;
}

/* The name, to be freed; empty when the run that asked has ended. */
static struct buf pay(struct exec *e, uint64_t token)
{
	struct owed *o = (struct owed *)(uintptr_t)token;
	struct buf name = o->name;

	e->owed--;
	if (o->run == e->run) {
		e->owed_now--;
	} else {
		buf_free(&name);
	}
	free(o);
	return name;
}

static void answer(struct exec *e, json_t *line, struct buf name)
{
	buf_free(&name);
	if (e->state == EXEC_READY)
		tell_line(e, line);
	else
		json_decref(line);
	talk_lines(e);
}

static json_t *words(struct usher_str s)
{
	json_t *j = json_stringn(s.p ? s.p : "", s.n);

	return j ? j : json_string("");
}

void owed_ack(struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	struct buf name = pay(e, token);
	bool taken = outcome == USHER_OK || outcome == USHER_DUPLICATE;

	if (name.n)
		answer(e,
			json_pack("{s:s, s:s%, s:s, s:o}", "t", "ack", "id", name.p, name.n,
				"outcome", outcome_words[outcome], taken ? "message" : "why",
				words(why)),
			name);
	exec_settle(e);
}

void owed_remembered(struct exec *e, uint64_t token, enum usher_outcome outcome)
{
	struct buf name = pay(e, token);

	if (name.n)
		answer(e,
			json_pack("{s:s, s:s%, s:s}", "t", "remembered", "key", name.p, name.n,
				"outcome", outcome_words[outcome]),
			name);
	exec_settle(e);
}

void owed_recalled(
	struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str value)
{
	struct buf name = pay(e, token);

	if (name.n)
		answer(e,
			json_pack("{s:s, s:s%, s:s, s:o}", "t", "recalled", "key", name.p, name.n,
				"outcome", outcome_words[outcome], "value", words(value)),
			name);
	exec_settle(e);
}

void owed_filed(struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str blob,
	uint64_t size)
{
	struct buf name = pay(e, token);

	if (name.n)
		answer(e,
			json_pack("{s:s, s:s%, s:s, s:o, s:I}", "t", "filed", "id", name.p, name.n,
				"outcome", outcome_words[outcome], "file", words(blob), "size",
				(json_int_t)size),
			name);
	exec_settle(e);
}

void owed_file(struct exec *e, uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	struct buf name = pay(e, token);

	if (name.n && e->state == EXEC_READY)
		files_told(e, name.p, outcome, bytes);
	buf_free(&name);
	talk_lines(e);
	exec_settle(e);
}
