/* See words.h. Called by parse.c before GMime, on the whole mail: part headers hold file names. */
#include "words.h"

#include <stdbool.h>
#include <string.h>

/* =?charset?B?payload?=, or Q */
struct word {
	const char *start, *charset, *payload, *end; /* end: behind "?=" */
	gsize charset_n, payload_n;
	bool base64;
};

enum { CHARSET_MAX = 60, WORD_MAX = 1000 };

static bool word_read(const char *p, const char *limit, struct word *w)
{
	const char *q, *end;

	if (limit - p < 8 || p[0] != '=' || p[1] != '?')
		return false;
	w->start = p;
	w->charset = p + 2;
	q = memchr(w->charset, '?', MIN((gsize)(limit - w->charset), (gsize)CHARSET_MAX));
	if (!q || q == w->charset || limit - q < 5 || !strchr("BbQq", q[1]) || !q[1] || q[2] != '?')
		return false;
	w->base64 = q[1] == 'B' || q[1] == 'b';
	w->charset_n = (gsize)(q - w->charset);
	w->payload = q + 3;
	end = memchr(w->payload, '?', MIN((gsize)(limit - w->payload), (gsize)WORD_MAX));
	if (!end || limit - end < 2 || end[1] != '=')
		return false;
	w->payload_n = (gsize)(end - w->payload);
	w->end = end + 2;
	for (gsize i = 0; i < w->payload_n; i++) {
		char c = w->payload[i];
		if (w->base64 ? !g_ascii_isalnum(c) && !strchr("+/=", c) : !g_ascii_isgraph(c))
			return false;
	}
	return true;
}

/* The next word, when at most white space stands between and it is of the same kind. */
static bool word_follows(const struct word *w, const char *limit, struct word *next)
{
	const char *p = w->end;

	while (p < limit && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return word_read(p, limit, next) && next->base64 == w->base64 &&
	       next->charset_n == w->charset_n &&
	       g_ascii_strncasecmp(next->charset, w->charset, w->charset_n) == 0;
}

static void payload_append(GByteArray *bytes, const struct word *w)
{
	guint8 *out = g_malloc(w->payload_n + 4);
	gsize n = w->payload_n, got;
	gint state = 0;
	guint save = 0;

	while (n && w->payload[n - 1] == '=')
		n--;
	got = g_base64_decode_step(w->payload, n, out, &state, &save);
	got += g_base64_decode_step("===", (4 - n % 4) % 4, out + got, &state, &save);
	g_byte_array_append(bytes, out, (guint)got);
	g_free(out);
}

/* Writes the run of words that starts with `first` as one at `to`; returns how much was written, and where the run ends. */
static gsize run_join(char *to, const struct word *first, const char *limit, const char **end)
{
	GByteArray *bytes = g_byte_array_new();
	struct word w = *first, next;
	char *charset = g_strndup(w.charset, w.charset_n), *payload, *word;
	gsize n;

	do {
		next = w;
		if (w.base64)
			payload_append(bytes, &w);
		else
			g_byte_array_append(bytes, (const guint8 *)w.payload, (guint)w.payload_n);
	} while (word_follows(&next, limit, &w));
	*end = next.end;
	payload = first->base64 ? g_base64_encode(bytes->data, bytes->len)
				: g_strndup((const char *)bytes->data, bytes->len);
	word = g_strconcat("=?", charset, first->base64 ? "?B?" : "?Q?", payload, "?=", NULL);
	n = MIN(strlen(word), (gsize)(next.end - first->start));
	memcpy(to, word, n);
	g_free(word);
	g_free(payload);
	g_free(charset);
	g_byte_array_unref(bytes);
	return n;
}

void words_join(GByteArray *raw)
{
	char *to = (char *)raw->data;
	const char *from = to, *limit = to + raw->len, *mark;

	if (raw->len == 0)
		return;
	while (from < limit && (mark = memmem(from, (gsize)(limit - from), "=?", 2))) {
		struct word w, next;
		const char *end = mark + 1;
		memmove(to, from, (gsize)(mark - from));
		to += mark - from;
		if (word_read(mark, limit, &w) && word_follows(&w, limit, &next))
			to += run_join(to, &w, limit, &end);
		else
			*to++ = '=';
		from = end;
	}
	memmove(to, from, (gsize)(limit - from));
	to += limit - from;
	g_byte_array_set_size(raw, (guint)(to - (char *)raw->data));
}
