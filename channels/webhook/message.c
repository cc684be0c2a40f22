/*
 * One item of what was posted becomes a message, by the templates of the configuration. Called by intake.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "webhook.h"

static bool is_one_of(struct usher_str value, const char *words)
{
	if (strcmp(words, "*") == 0)
		return value.n > 0;
	for (;;) {
		size_t n = strcspn(words, "|");
		if (n == value.n && (!n || memcmp(words, value.p, n) == 0))
			return true;
		if (!words[n])
			return false;
		words += n + 1;
	}
}

static bool conditions_hold(const struct webhook *w, const struct scope *s)
{
	for (size_t i = 0; i < w->conditions_count; i++) {
		struct buf value = { 0 };
		template_fill(&value, w->conditions[i].value, s, false);
		bool holds = is_one_of(buf_str(&value), w->conditions[i].is);
		buf_free(&value);
		if (!holds)
			return false;
	}
	return true;
}

/* 1700000000, 1700000000123 or 2023-11-14T22:13:20Z (with or without fraction and offset); 0 when it is none of these. */
static uint64_t time_us(const char *text)
{
	struct tm tm = { 0 };
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (*text && !*end)
		return n > 100000000000ULL ? n * 1000 : n * 1000000;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	long offset_s = 0, hours, minutes;
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2ld:%2ld", &hours, &minutes) == 2)
		offset_s = (hours * 3600 + minutes * 60) * (*rest == '-' ? -1 : 1);
	time_t at = timegm(&tm) - offset_s;
	return at > 0 ? (uint64_t)at * 1000000 : 0;
}

static struct usher_str or_else(struct usher_str s, struct usher_str other)
{
	return s.n ? s : other;
}

static void message_free(struct message *m)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		buf_free(&m->fields[i]);
	for (size_t i = 0; i < HINTS_MAX; i++)
		buf_free(&m->values[i]);
	for (size_t i = 0; i < m->files_count; i++) {
		buf_free(&m->files[i].name);
		buf_free(&m->files[i].type);
		buf_free(&m->files[i].blob);
	}
	buf_free(&m->missing);
	free(m);
}

static size_t hints_of(const struct message *m, struct usher_pair *out)
{
	const struct webhook *w = m->w;
	size_t n = 0;

	if (m->fields[FIELD_RATING].n)
		out[n++] =
			(struct usher_pair){ str_of("rating"), buf_str(&m->fields[FIELD_RATING]) };
	if (m->missing.n)
		out[n++] = (struct usher_pair){ str_of("missing_files"), buf_str(&m->missing) };
	for (size_t i = 0; i < w->hints_count; i++)
		if (m->values[i].n)
			out[n++] = (struct usher_pair){ str_of(w->hints[i].name),
				buf_str(&m->values[i]) };
	return n;
}

static size_t parts_of(const struct message *m, struct usher_part *out)
{
	size_t n = 0;

	for (size_t i = 0; i < m->files_count; i++) {
		const struct file *f = &m->files[i];
		if (f->blob.n)
			out[n++] = (struct usher_part){ .name = buf_str(&f->name),
				.type = or_else(buf_str(&f->type), str_of("application/"
									  "octet-stream")),
				.blob = buf_str(&f->blob),
				.size = f->size };
	}
	return n;
}

void message_finish(struct message *m)
{
	struct webhook *w = m->w;
	const struct buf *f = m->fields;
	struct usher_pair hints[HINTS_MAX + 2];
	struct usher_part parts[FILES_MAX];
	struct usher_str who = buf_str(&f[FIELD_IDENTITY]), dedup = buf_str(&f[FIELD_DEDUP]);

	/* Whoever reads the message sees that there was more, in any language. */
	if (m->missing.n) {
		struct buf *text = &m->fields[FIELD_TEXT];
		buf_text(text, text->n ? "\n\n[📎 " : "[📎 ");
		buf_add(text, m->missing.p, m->missing.n);
		buf_text(text, "]");
	}
	if (!dedup.n) {
		w->usher->count(w->host, "refused", 1);
		intake_ack(m->token, USHER_FAIL,
			str_of("in.dedup gives nothing: the message has no name"));
		message_free(m);
		return;
	}
	if (m->away) {
		intake_ack(m->token, USHER_RETRY, str_of("the store is away"));
		message_free(m);
		return;
	}
	struct usher_inbound in = { .size = sizeof(in),
		.dedup = dedup,
		.thread = or_else(buf_str(&f[FIELD_THREAD]), or_else(who, dedup)),
		.identity_kind = buf_str(&f[FIELD_KIND]),
		.identity = who,
		.verified = w->verified,
		.name = buf_str(&f[FIELD_NAME]),
		.to = buf_str(&f[FIELD_TO]),
		.subject = buf_str(&f[FIELD_SUBJECT]),
		.text = buf_str(&f[FIELD_TEXT]),
		.html = buf_str(&f[FIELD_HTML]),
		.lang = buf_str(&f[FIELD_LANG]),
		.parts = parts,
		.parts_count = parts_of(m, parts),
		.hints = hints,
		.hints_count = hints_of(m, hints),
		.sent_us = time_us(f[FIELD_SENT].n ? f[FIELD_SENT].p : "") };
	w->usher->deliver(w->host, &in, m->token);
	message_free(m);
}

bool message_deliver(struct webhook *w, const struct scope *s, uint64_t token)
{
	if (!conditions_hold(w, s))
		return false;
	struct message *m = zeroed(sizeof(*m));
	m->w = w;
	m->token = token;
	for (size_t i = 0; i < FIELD_COUNT; i++)
		template_fill(&m->fields[i], w->fields[i], s, false);
	for (size_t i = 0; i < w->hints_count; i++)
		template_fill(&m->values[i], w->hints[i].value, s, false);
	m->pending = 1; /* ours, until all files have begun */
	files_begin(m, s);
	if (--m->pending == 0)
		message_finish(m);
	return true;
}
