/* See envelope.h. Called in the worker of a mailbox (box.c), its tests and fuzzer. */
#include "envelope.h"

#include <stdbool.h>
#include <string.h>

enum { HEADERS_MAX = 262144, TOKENS_MAX = 8, TOKEN_MAX = 100 };

struct header {
	const char *name, *value, *end;
	gsize name_n;
};

/* The header at *p with its continuation lines; false behind the last. */
static bool header_next(const char **p, const char *end, struct header *h)
{
	const char *colon, *lf;

	if (*p >= end || **p == '\n' || **p == '\r')
		return false;
	h->name = *p;
	do {
		lf = memchr(*p, '\n', (gsize)(end - *p));
		*p = lf ? lf + 1 : end;
	} while (*p < end && (**p == ' ' || **p == '\t'));
	h->end = *p;
	colon = memchr(h->name, ':', (gsize)(h->end - h->name));
	h->name_n = colon ? (gsize)(colon - h->name) : 0;
	h->value = colon ? colon + 1 : h->end;
	return true;
}

static bool header_is(const struct header *h, const char *name)
{
	return h->name_n == strlen(name) && g_ascii_strncasecmp(h->name, name, h->name_n) == 0;
}

static const char *limit_of(const char *raw, gsize n)
{
	return raw + MIN(n, (gsize)HEADERS_MAX);
}

char *envelope_sender(const char *raw, gsize n)
{
	const char *end = limit_of(raw, n);
	struct header h;

	for (const char *p = raw; header_next(&p, end, &h);) {
		const char *lt, *gt;
		if (!header_is(&h, "Return-Path"))
			continue;
		lt = memchr(h.value, '<', (gsize)(h.end - h.value));
		gt = lt ? memchr(lt, '>', (gsize)(h.end - lt)) : NULL;
		return gt ? g_strndup(lt + 1, (gsize)(gt - lt) - 1) : NULL;
	}
	return NULL;
}

/* "support+...@demo.test" for "support@demo.test" at p: its length, or 0. */
static gsize token_length(const char *p, const char *end, const char *mailbox)
{
	const char *at = strrchr(mailbox, '@');
	gsize local = (gsize)(at - mailbox), domain = strlen(at), n;

	if ((gsize)(end - p) < local + 1 || p[local] != '+' ||
		g_ascii_strncasecmp(p, mailbox, local) != 0)
		return 0;
	for (n = local + 1; p + n < end && g_ascii_isalnum(p[n]) && n < local + TOKEN_MAX;)
		n++;
	if ((gsize)(end - p) < n + domain || g_ascii_strncasecmp(p + n, at, domain) != 0)
		return 0;
	return n + domain;
}

static void tokens_find(const struct header *h, const char *mailbox, GPtrArray *found)
{
	const char first = mailbox[0];

	for (const char *p = h->value; p < h->end && found->len < TOKENS_MAX; p++) {
		gsize n;
		if (g_ascii_tolower(*p) != g_ascii_tolower(first) ||
			(p > h->value && (g_ascii_isalnum(p[-1]) || strchr("._+-", p[-1]))))
			continue;
		n = token_length(p, h->end, mailbox);
		if (n)
			g_ptr_array_add(found, g_strndup(p, n));
	}
}

static const char *const names[] = { "Delivered-To", "X-Original-To", "Envelope-To",
	"X-Envelope-To", "To", "Cc" };

bool envelope_names(const char *raw, gsize n, const char *mailbox)
{
	const char *end = limit_of(raw, n);
	gsize len = strlen(mailbox);
	struct header h;

	for (const char *p = raw; header_next(&p, end, &h);) {
		for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
			for (const char *v = h.value; header_is(&h, names[i]) && v + len <= h.end;
				v++)
				if (g_ascii_strncasecmp(v, mailbox, len) == 0)
					return true;
		}
	}
	return false;
}

GPtrArray *envelope_tokens(const char *raw, gsize n, const char *mailbox)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	const char *end = limit_of(raw, n);
	struct header h;

	for (const char *p = raw; header_next(&p, end, &h);) {
		for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
			if (header_is(&h, names[i]))
				tokens_find(&h, mailbox, found);
		}
	}
	return found;
}
