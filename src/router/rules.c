/*
 * Which rule a new conversation goes by: where it came from and its fields first, what it says only when a rule that still could
 * match asks for it. Called once for a conversation, by resolve.c.
 */
#include "base/assert.h"
#include "base/log.h"
#include "base/utf8.h"
#include "router/batch.h"
#include "text/classify.h"

enum { SAID_MAX = 80 }; /* bytes of what was said that an explanation repeats */

static bool origin_matches(struct batch *b, const struct rule *r, const struct command *c)
{
	if (r->channel.n && !slice_equal(r->channel, c->channel))
		return false;
	if (!r->hint_name.n)
		return true;
	/* names of the configuration end in NUL: they live in its arena */
	struct slice hint = pairs_get(c->hints, r->hint_name.p, &b->arena);
	return hint.p && slice_equal_nocase(hint, r->hint_value);
}

/* rules[2] line 118: field topic=cards, language ru, word 'карта', pattern '...', said 'картой' */
static struct slice explain(struct batch *b, size_t number, const struct classify_hit *hit)
{
	const struct rule *r = &b->config->rules[number];
	const char *sep = ":";
	struct str o = { 0 };

	str_addf(&o, "rules[%zu] line %u", number, r->line);
#define PART(...) (str_add_text(&o, sep), sep = ",", str_addf(&o, " " __VA_ARGS__))
	if (r->channel.n)
		PART("channel %.*s", SLICE_ARG(r->channel));
	if (r->hint_name.n)
		PART("field %.*s=%.*s", SLICE_ARG(r->hint_name), SLICE_ARG(r->hint_value));
	if (r->language.n)
		PART("language %.*s", SLICE_ARG(r->language));
	if (hit->word.n)
		PART("word '%.*s'", SLICE_ARG(hit->word));
	if (hit->pattern.n)
		PART("pattern '%.*s'", SLICE_ARG(hit->pattern));
	if (hit->said.n)
		PART("said '%.*s'", SLICE_ARG(utf8_truncate(hit->said, SAID_MAX)));
#undef PART
	struct slice text = arena_copy(&b->arena, str_slice(&o));
	str_free(&o);
	return text;
}

const struct rule *rule_for(struct batch *b, const struct command *c, struct slice *why)
{
	struct classifier *classifier = b->config->classifier;
	bool begun = false;

	for (size_t i = 0; i < b->config->rule_count; i++) {
		const struct rule *r = &b->config->rules[i];
		struct classify_hit hit = { 0 };
		if (!origin_matches(b, r, c))
			continue;
		if (rule_reads_text(r)) {
			ASSERT(classifier);
			if (!begun)
				classify_begin(classifier, c->subject, c->text, c->lang);
			begun = true;
			bool matches = classify_matches(classifier, i, &hit);
			if (hit.gave_up)
				log_warn("router",
					"pattern too slow, taken as not matching rule=%zu line=%u",
					i, r->line);
			if (!matches)
				continue;
		}
		*why = explain(b, i, &hit);
		return r;
	}
	return NULL;
}
