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

bool message_deliver(struct webhook *w, const struct scope *s, uint64_t token)
{
	struct buf f[FIELD_COUNT] = { 0 }, values[HINTS_MAX + 1] = { 0 };
	struct usher_pair hints[HINTS_MAX + 1];
	size_t n = 0;

	if (!conditions_hold(w, s))
		return false;
	for (size_t i = 0; i < FIELD_COUNT; i++)
		template_fill(&f[i], w->fields[i], s, false);
	if (f[FIELD_RATING].n)
		hints[n++] = (struct usher_pair){ str_of("rating"), buf_str(&f[FIELD_RATING]) };
	for (size_t i = 0; i < w->hints_count; i++) {
		template_fill(&values[i], w->hints[i].value, s, false);
		if (values[i].n)
			hints[n++] = (struct usher_pair){ str_of(w->hints[i].name),
				buf_str(&values[i]) };
	}
	struct usher_str who = buf_str(&f[FIELD_IDENTITY]), dedup = buf_str(&f[FIELD_DEDUP]);
	struct usher_inbound m = { .size = sizeof(m),
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
		.hints = hints,
		.hints_count = n,
		.sent_us = time_us(f[FIELD_SENT].n ? f[FIELD_SENT].p : "") };
	w->usher->deliver(w->host, &m, token);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		buf_free(&f[i]);
	for (size_t i = 0; i < w->hints_count; i++)
		buf_free(&values[i]);
	return true;
}
