/*
 * Rules over words, patterns and language. The words of all rules are in one map, so a message is walked once; patterns run only for
 * rules that are asked about. Never knows queues or skills. Compiled by app, asked by the router.
 */
#include "text/classify.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/map.h"
#include "base/utf8.h"
#include "model/limits.h"
#include "text/pattern.h"
#include "text/stem.h"

/* A rule that looks for a phrase. */
struct use {
	size_t rule;
	struct slice phrase; /* as it was given */
	struct use *next;
};

struct rule_text {
	bool by_word;
	struct slice source, language;
	struct pattern *pattern;
	bool gave_up;
	uint64_t found_in; /* the message in which a word of it was found */
	struct slice phrase, said;
};

struct classifier {
	struct arena arena;
	struct stemmer *stemmer;
	struct map phrases; /* stems → struct use, the first of a chain */
	size_t longest;	    /* words in a phrase */
	struct rule_text *rules;
	size_t count, cap;
	/* the message being read */
	uint64_t message;
	struct str text;
	struct slice language;
	struct stems stems;
	bool words_read;
};

struct classifier *classifier_new(void)
{
	struct classifier *c = mem_alloc(sizeof(*c));

	c->stemmer = stemmer_new();
	return c;
}

void classifier_free(struct classifier **c)
{
	if (!*c)
		return;
	for (size_t i = 0; i < (*c)->count; i++)
		pattern_free(&(*c)->rules[i].pattern);
	free((*c)->rules);
	map_free(&(*c)->phrases);
	stemmer_free(&(*c)->stemmer);
	stems_free(&(*c)->stems);
	str_free(&(*c)->text);
	arena_free(&(*c)->arena);
	free(*c);
	*c = NULL;
}

/* ---- compiling ---- */

size_t classifier_rule(struct classifier *c)
{
	if (c->count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->rules = mem_resize(c->rules, c->cap, sizeof(*c->rules));
	}
	c->rules[c->count] = (struct rule_text){ 0 };
	return c->count++;
}

static void add_use(struct classifier *c, size_t rule, struct slice stems, struct slice phrase)
{
	struct use *last = map_get(&c->phrases, stems);
	struct use *use = arena_alloc(&c->arena, sizeof(*use));

	*use = (struct use){ .rule = rule, .phrase = arena_copy(&c->arena, phrase) };
	while (last && last->next)
		last = last->next;
	if (last)
		last->next = use;
	else
		map_put(&c->phrases, stems, use);
}

int classifier_word(struct classifier *c, size_t rule, struct slice phrase, struct err *err)
{
	ASSERT(rule < c->count);
	if (phrase.n > MESSAGE_SUBJECT_MAX)
		return err_set(err, EINVAL, "%zu bytes, at most %d", phrase.n, MESSAGE_SUBJECT_MAX);
	stemmer_read(c->stemmer, phrase, &c->stems);
	if (!c->stems.count)
		return err_set(err, EINVAL, "'%.*s' has no word in it", SLICE_ARG(phrase));
	if (c->stems.count > CLASSIFY_PHRASE_MAX)
		return err_set(err, EINVAL, "'%.*s' is of %zu words, at most %d", SLICE_ARG(phrase),
			c->stems.count, CLASSIFY_PHRASE_MAX);
	add_use(c, rule, stems_run(&c->stems, 0, c->stems.count), phrase);
	c->rules[rule].by_word = true;
	if (c->stems.count > c->longest)
		c->longest = c->stems.count;
	return 0;
}

int classifier_pattern(struct classifier *c, size_t rule, struct slice source, struct err *err)
{
	ASSERT(rule < c->count && !c->rules[rule].pattern);
	c->rules[rule].source = arena_copy(&c->arena, source);
	return pattern_open(&c->rules[rule].pattern, source, err);
}

void classifier_language(struct classifier *c, size_t rule, struct slice language)
{
	ASSERT(rule < c->count);
	c->rules[rule].language = arena_copy(&c->arena, language);
}

/* ---- reading ---- */

void classify_begin(
	struct classifier *c, struct slice subject, struct slice text, struct slice language)
{
	c->message++;
	c->words_read = false;
	c->language = language;
	str_clear(&c->text);
	str_add(&c->text, utf8_truncate(subject, MESSAGE_SUBJECT_MAX));
	str_add_char(&c->text, '\n');
	ASSERT(c->text.n < CLASSIFY_TEXT_MAX);
	str_add(&c->text, utf8_truncate(text, CLASSIFY_TEXT_MAX - c->text.n));
}

/* The first of each rule's words in the message; where several begin at one place, the longest. */
static void note(struct classifier *c, size_t first, size_t count)
{
	const struct stem *from = &c->stems.list[first], *to = from + count - 1;

	for (struct use *u = map_get(&c->phrases, stems_run(&c->stems, first, count)); u;
		u = u->next) {
		struct rule_text *r = &c->rules[u->rule];
		if (r->found_in == c->message)
			continue;
		r->found_in = c->message;
		r->phrase = u->phrase;
		r->said = slice_make(c->text.p + from->from, to->to - from->from);
	}
}

static void read_words(struct classifier *c)
{
	if (c->words_read)
		return;
	c->words_read = true;
	stemmer_read(c->stemmer, str_slice(&c->text), &c->stems);
	for (size_t i = 0; i < c->stems.count; i++) {
		size_t left = c->stems.count - i;
		for (size_t n = left < c->longest ? left : c->longest; n; n--)
			note(c, i, n);
	}
}

static bool word_found(struct classifier *c, struct rule_text *r, struct classify_hit *hit)
{
	if (!r->by_word)
		return true;
	read_words(c);
	if (r->found_in != c->message)
		return false;
	hit->word = r->phrase;
	hit->said = r->said;
	return true;
}

static bool pattern_found(struct classifier *c, struct rule_text *r, struct classify_hit *hit)
{
	struct slice found = { 0 };

	if (!r->pattern)
		return true;
	int n = pattern_find(r->pattern, str_slice(&c->text), &found);
	hit->gave_up = n < 0 && !r->gave_up;
	r->gave_up = r->gave_up || n < 0;
	if (n != 1)
		return false;
	hit->pattern = r->source;
	if (!hit->said.n)
		hit->said = found;
	return true;
}

bool classify_matches(struct classifier *c, size_t rule, struct classify_hit *hit)
{
	ASSERT(rule < c->count && c->message);
	struct rule_text *r = &c->rules[rule];

	*hit = (struct classify_hit){ 0 };
	if (r->language.n &&
		!slice_equal(r->language, c->language.n ? c->language : SLICE("unknown")))
		return false;
	return word_found(c, r, hit) && pattern_found(c, r, hit);
}
