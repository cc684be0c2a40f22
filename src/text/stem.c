/*
 * Words of a text as stems: utf8proc folds, libstemmer stems. Takes memory only while `out` grows to its largest text.
 * Never decides what a word means. Called by classify.c.
 */
#include "text/stem.h"

#include <libstemmer.h>
#include <utf8proc.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "model/limits.h"

enum { WORD_MAX = 96, FOLD_MAX = 8, LETTERS_LEAST = 3, ROUNDS_MAX = 4 };

struct stemmer {
	struct sb_stemmer *ru, *en;
};

/* A word being read. */
struct word {
	char bytes[WORD_MAX + 4];
	size_t n;
	bool cyrillic;
	size_t from, to;
};

struct stemmer *stemmer_new(void)
{
	struct stemmer *s = mem_alloc(sizeof(*s));

	s->ru = sb_stemmer_new("russian", "UTF_8");
	s->en = sb_stemmer_new("english", "UTF_8");
	/* Every libstemmer has both; NULL is memory that ran out, which ends the process. */
	ASSERT(s->ru && s->en);
	return s;
}

void stemmer_free(struct stemmer **s)
{
	if (!*s)
		return;
	sb_stemmer_delete((*s)->ru);
	sb_stemmer_delete((*s)->en);
	free(*s);
	*s = NULL;
}

static void stems_push(struct stems *out, const struct word *w, struct slice stem)
{
	if (out->count == out->cap) {
		out->cap = out->cap ? out->cap * 2 : 64;
		out->list = mem_resize(out->list, out->cap, sizeof(*out->list));
	}
	if (out->joined.n)
		str_add_char(&out->joined, ' ');
	out->list[out->count++] = (struct stem){ (uint32_t)out->joined.n, (uint32_t)stem.n,
		(uint32_t)w->from, (uint32_t)w->to };
	str_add(&out->joined, stem);
}

static size_t letters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* In place. Again until nothing changes: `кредиту` gives `кредит`, and that gives `кред`, so all its forms meet there. Never
 * below LETTERS_LEAST: else `заем` would be found in every `за`. */
static void stem_word(struct sb_stemmer *by, struct word *w)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		const sb_symbol *stem = sb_stemmer_stem(by, (const sb_symbol *)w->bytes, (int)w->n);
		ASSERT(stem);
		size_t n = (size_t)sb_stemmer_length(by);
		ASSERT(n < sizeof(w->bytes));
		bool same = n == w->n && memcmp(w->bytes, stem, n) == 0;
		if (same || letters(slice_make(stem, n)) < LETTERS_LEAST)
			return;
		memcpy(w->bytes, stem, n);
		w->n = n;
	}
}

static void end_word(struct stemmer *s, struct stems *out, struct word *w)
{
	while (w->n && w->bytes[w->n - 1] == '\'')
		w->n--;
	if (w->n) {
		stem_word(w->cyrillic ? s->ru : s->en, w);
		stems_push(out, w, slice_make(w->bytes, w->n));
	}
	w->n = 0;
	w->cyrillic = false;
}

/* Normalised text writes й as one letter; a mark that is left over (a stress, a soft hyphen) neither is nor ends a word. */
static bool is_mark(uint32_t c)
{
	utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);

	return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME || c == 0xad;
}

static bool is_word_part(uint32_t c, const struct word *w)
{
	utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);

	if (c == '\'')
		return w->n > 0;
	return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
	       k == UTF8PROC_CATEGORY_ND;
}

static void add_letter(struct word *w, uint32_t c)
{
	utf8proc_int32_t folded[FOLD_MAX];
	int last = 0;
	utf8proc_ssize_t n = utf8proc_decompose_char(
		(utf8proc_int32_t)c, folded, FOLD_MAX, UTF8PROC_CASEFOLD, &last);

	for (utf8proc_ssize_t i = 0; i < n && i < FOLD_MAX; i++) {
		utf8proc_int32_t f = folded[i];
		if (f == 0x451) /* ё */
			f = 0x435;
		if (f >= 0xff10 && f <= 0xff5a) /* full width */
			f -= 0xfee0;
		if (w->n > WORD_MAX - 4)
			return;
		w->cyrillic = w->cyrillic || (f >= 0x400 && f <= 0x52f);
		w->n += (size_t)utf8proc_encode_char(f, (utf8proc_uint8_t *)w->bytes + w->n);
	}
}

void stemmer_read(struct stemmer *s, struct slice text, struct stems *out)
{
	struct word w = { .n = 0 };

	ASSERT(text.n <= MESSAGE_TEXT_MAX + MESSAGE_SUBJECT_MAX + 1);
	str_clear(&out->joined);
	out->count = 0;
	for (size_t at = 0; at < text.n;) {
		struct slice rest = slice_make(text.p + at, text.n - at);
		uint32_t c = 0;
		size_t used = utf8_decode(rest, &c);
		if (!used) {
			used = utf8_malformed(rest);
			c = ' ';
		}
		if (c == 0x2019)
			c = '\'';
		if (is_word_part(c, &w)) {
			if (!w.n)
				w.from = at;
			add_letter(&w, c);
			if (c != '\'')
				w.to = at + used;
		} else if (!is_mark(c)) {
			end_word(s, out, &w);
		}
		at += used;
	}
	end_word(s, out, &w);
}

struct slice stems_run(const struct stems *s, size_t first, size_t count)
{
	ASSERT(count && first < s->count && count <= s->count - first);
	const struct stem *a = &s->list[first], *b = &s->list[first + count - 1];
	return slice_make(s->joined.p + a->at, b->at + b->n - a->at);
}

void stems_free(struct stems *s)
{
	str_free(&s->joined);
	free(s->list);
	*s = (struct stems){ 0 };
}
