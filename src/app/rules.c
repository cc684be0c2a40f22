/*
 * Rules that look at what a message says are compiled once, here, so that a wrong word or pattern is refused with its line and no
 * message ever pays for it. Called by config.c when the rest is sound.
 */
#include "app/rules.h"

#include <stdio.h>

#include "text/classify.h"

/* Two letters (ISO 639-1), or the answer that it is not known. */
static bool is_language(struct slice s)
{
	return s.n == 2 || slice_is(s, "unknown");
}

static void check_language(struct loader *l, const struct tree *map, const char *what)
{
	const struct tree *at = map ? tree_get(map, "language") : NULL;

	if (at && at->text.n && !is_language(at->text))
		problem_at(&l->problems, at->line, at->col,
			"language in %s: expected two letters (ru, en) or unknown, not '%.*s'",
			what, SLICE_ARG(at->text));
}

static void compile_words(struct loader *l, size_t rule, const struct tree *words, const char *what)
{
	struct err err = { 0 };

	for (size_t i = 0; words && i < (words->kind == TREE_LIST ? words->count : 1); i++) {
		const struct tree *at = words->kind == TREE_LIST ? words->items[i] : words;
		if (!at->empty && classifier_word(l->config->classifier, rule, at->text, &err) != 0)
			problem_at(
				&l->problems, at->line, at->col, "words in %s: %s", what, err.text);
	}
}

static void compile_rule(struct loader *l, size_t rule, const struct tree *map, const char *what)
{
	const struct rule *r = &l->config->rules[rule];
	struct err err = { 0 };

	compile_words(l, rule, tree_get(map, "words"), what);
	if (r->language.n)
		classifier_language(l->config->classifier, rule, r->language);
	if (!r->pattern.n)
		return;
	const struct tree *at = tree_get(map, "pattern");
	if (classifier_pattern(l->config->classifier, rule, r->pattern, &err) != 0)
		problem_at(&l->problems, at->line, at->col, "pattern in %s: %s", what, err.text);
}

static void check_segments(struct loader *l, const struct tree *root)
{
	const struct tree *all = tree_get(root, "segments");

	for (size_t i = 0; i < l->config->segment_count; i++) {
		char what[128];
		snprintf(what, sizeof(what), "match of segment '%.*s'",
			SLICE_ARG(l->config->segments[i].name));
		check_language(l, tree_get(all->pairs[i].value, "match"), what);
	}
}

void rules_compile(struct loader *l, const struct tree *root)
{
	struct config *c = l->config;
	const struct tree *all = tree_get(root, "rules");
	bool any = false;

	check_segments(l, root);
	for (size_t i = 0; i < c->rule_count; i++)
		any = any || rule_reads_text(&c->rules[i]);
	if (any)
		c->classifier = classifier_new();
	for (size_t i = 0; i < c->rule_count; i++) {
		const struct rule *r = &c->rules[i];
		const struct tree *at = all->items[i];
		char what[32];
		snprintf(what, sizeof(what), "rules[%zu]", i);
		check_language(l, at, what);
		if (any && classifier_rule(c->classifier) == i)
			compile_rule(l, i, at, what);
		if (i + 1 < c->rule_count && !r->channel.n && !r->hint_name.n &&
			!rule_reads_text(r))
			problem_at(&l->problems, at->line, at->col,
				"%s matches everything, so those after it match nothing: put it "
				"last",
				what);
	}
}
