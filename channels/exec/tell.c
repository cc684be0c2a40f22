/*
 * What the program is told, one JSON object on a line: hello, send, stop, ping, and the answers to what it said. Keeps the messages that it has
 * not answered; every one gets exactly one `sent`. Called by exec.c and talk.c.
 *
 *   not yet read by its pipe ──the run ends──▶ retry        read ──▶ unsure (retry where repeating is harmless)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

static json_t *json_of(struct usher_str s)
{
	json_t *j = json_stringn(s.p ? s.p : "", s.n);

	return j ? j : json_string(""); /* not UTF-8: usher never says that */
}

void tell_line(struct exec *e, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);

	if (!text)
		abort(); /* out of memory */
	size_t n = strlen(text);
	text[n] = '\n'; /* its NUL is needed no more */
	child_write(e->child, text, n + 1);
	free(text);
	json_decref(line);
}

void tell_hello(struct exec *e)
{
	struct usher_str name = e->usher->channel_name(e->host);

	tell_line(e,
		json_pack("{s:s, s:i, s:o, s:o, s:I, s:I, s:I, s:o}", "t", "hello", "version", 1,
			"channel", json_of(name), "public_url",
			json_of(e->usher->public_url(e->host)), "in_max", (json_int_t)e->set.in_max,
			"line_max", (json_int_t)e->set.line_max, "silence_s",
			(json_int_t)(e->set.silence_ms / 1000), "settings", settings_object(e)));
}

void tell_refuses(struct exec *e)
{
	static const struct {
		const char *name;
		unsigned what;
	} works[] = { { "anonymous", USHER_WORK_ANONYMOUS }, { "low", USHER_WORK_LOW },
		{ "mail", USHER_WORK_MAIL } };
	json_t *list = json_array();
	unsigned refuses = 0;

	for (size_t i = 0; USHER_HAS(e->usher, refuses) && i < 3; i++)
		if (e->usher->refuses(
			    e->host, (enum usher_work)(works[i].what | USHER_WORK_LOOK))) {
			refuses |= 1u << works[i].what;
			json_array_append_new(list, json_string(works[i].name));
		}
	if (refuses == e->refuses) {
		json_decref(list);
		return;
	}
	e->refuses = refuses;
	tell_line(e, json_pack("{s:s, s:o}", "t", "overload", "refuse", list));
}

void tell_reload(struct exec *e)
{
	if (e->state != EXEC_READY || e->closing)
		return;
	if (e->stale && e->reloads)
		tell_line(e, json_pack("{s:s}", "t", "reload"));
	e->stale = false;
}

/* ---- sends ---- */

/* What most messages do not have. */
static json_t *send_more(json_t *line, const struct usher_outbound *m)
{
	static const struct usher_str none = { NULL, 0 };
	const struct {
		const char *name;
		struct usher_str value;
	} rare[] = { { "from", m->from }, { "envelope", m->envelope }, { "quoted", m->quoted },
		{ "quoted_from", m->quoted_from }, { "signature", m->signature },
		{ "lang", m->lang },
		{ "quoted_html", USHER_HAS(m, quoted_html.n) ? m->quoted_html : none } };
	json_t *cc = json_array();

	for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (rare[i].value.n)
			json_object_set_new(line, rare[i].name, json_of(rare[i].value));
	if (m->quoted_at_us)
		json_object_set_new(
			line, "quoted_at", json_integer((json_int_t)(m->quoted_at_us / 1000000)));
	if (m->message.n &&
		(m->message.n != m->id.n || memcmp(m->message.p, m->id.p, m->id.n) != 0))
		json_object_set_new(line, "message", json_of(m->message));
	for (size_t i = 0; i < m->cc_count; i++)
		json_array_append_new(cc, json_of(m->cc[i]));
	if (m->cc_count)
		json_object_set(line, "cc", cc);
	json_decref(cc);
	return line;
}

static json_t *send_line(const struct usher_outbound *m)
{
	json_t *refs = json_array(), *files = json_array();

	for (size_t i = 0; i < m->parts_count; i++) {
		const struct usher_part *p = &m->parts[i];
		json_array_append_new(
			files, json_pack("{s:o, s:o, s:o, s:o, s:I}", "file", json_of(p->blob),
				       "name", json_of(p->name), "type", json_of(p->type), "cid",
				       json_of(p->cid), "size", (json_int_t)p->size));
	}

	for (size_t i = 0; i < m->refs_count; i++)
		json_array_append_new(refs, json_of(m->refs[i]));
	json_t *line = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, "
				 "s:b}",
		"t", "send", "id", json_of(m->id), "thread", json_of(m->thread), "to",
		json_of(m->to), "text", json_of(m->text), "subject", json_of(m->subject), "html",
		json_of(m->html), "conv", json_of(m->conv), "in_reply_to", json_of(m->in_reply_to),
		"refs", refs, "files", files, "attempt", (int)m->attempt, "automatic",
		m->automatic);
	return send_more(line, m);
}

void tell_send(struct exec *e, const struct usher_outbound *m)
{
	struct usher_str none = { 0 };

	if (e->state != EXEC_READY || e->closing) {
		e->usher->sent(e->host, m->id, USHER_RETRY, none, str_of(e->why));
		return;
	}
	if (m->parts_count && !e->set.files) {
		e->usher->sent(e->host, m->id, USHER_FAIL, none,
			str_of("this program carries no files (its option attachments is no)"));
		return;
	}
	if (e->sends_count >= e->set.sends_max || child_backlog(e->child) > BACKLOG_MAX) {
		e->usher->sent(e->host, m->id, USHER_RETRY, none,
			str_of("the program has as much to do as it may have"));
		return;
	}
	struct sending *s = zeroed(sizeof(*s));
	snprintf(s->id, sizeof(s->id), "%.*s", (int)m->id.n, m->id.p);
	s->since_ms = exec_now_ms();
	tell_line(e, send_line(m));
	s->end = child_write(e->child, NULL, 0);
	s->next = e->sends;
	e->sends = s;
	e->sends_count++;
}

static void end(struct exec *e, struct sending **at, enum usher_outcome outcome,
	struct usher_str remote, struct usher_str why)
{
	struct sending *s = *at;

	*at = s->next;
	e->sends_count--;
	if (outcome == USHER_UNSURE && e->set.idempotent)
		outcome = USHER_RETRY;
	e->sent += outcome == USHER_OK;
	e->usher->sent(e->host, str_of(s->id), outcome, remote, why);
	free(s);
}

bool tell_sent(struct exec *e, const char *id, enum usher_outcome outcome, struct usher_str remote,
	struct usher_str why)
{
	for (struct sending **at = &e->sends; *at; at = &(*at)->next)
		if (strcmp((*at)->id, id) == 0) {
			end(e, at, outcome, remote, why);
			return true;
		}
	return false;
}

void tell_lost(struct exec *e)
{
	uint64_t written = e->child ? child_written(e->child) : 0;
	struct usher_str none = { 0 };

	while (e->sends)
		end(e, &e->sends, e->sends->end <= written ? USHER_UNSURE : USHER_RETRY, none,
			str_of(e->why));
}

void tell_late(struct exec *e, uint64_t now_ms)
{
	for (struct sending *s = e->sends; s; s = s->next)
		if (now_ms - s->since_ms > e->set.send_ms) {
			exec_kill(e, "it did not answer a send within %llu s",
				(unsigned long long)e->set.send_ms / 1000);
			return;
		}
}
