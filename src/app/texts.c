/* See texts.h. Called by config.c. */
#include "app/texts.h"

#include "text/template.h"

struct place_of {
	const char *section, *what;
	struct slice name;
};

static void text_check(struct loader *l, const struct tree *root, const struct place_of *of,
	const char *key, struct slice text, bool automatic)
{
	const struct tree *at = tree_named(root, of->section, of->name, key);
	struct str why = { 0 };

	if (at && !template_check(text, automatic, &why))
		problem_at(&l->problems, at->line, at->col, "%s in %s '%.*s': %s", key, of->what,
			SLICE_ARG(of->name), why.p);
	str_free(&why);
}

void texts_check(struct loader *l, const struct tree *root)
{
	const struct config *c = l->config;

	for (size_t i = 0; i < c->queue_count; i++) {
		const struct queue *q = &c->queues[i];
		struct place_of of = { "queues", "queue", q->name };
		text_check(l, root, &of, "greeting", q->greeting, true);
		text_check(l, root, &of, "away", q->away_text, true);
		text_check(l, root, &of, "full", q->full_text, true);
		text_check(l, root, &of, "received", q->received, true);
		text_check(l, root, &of, "received_subject", q->received_subject, true);
		text_check(l, root, &of, "signature", q->signature, false);
	}
	for (size_t i = 0; i < c->template_count; i++) {
		struct place_of of = { "templates", "template", c->templates[i].name };
		text_check(l, root, &of, "text", c->templates[i].text, false);
	}
}
