/*
 * PCRE2 with a bound on the work of a whole search. PCRE2's own match limit counts anew at each place where a match could
 * begin, so a long text would multiply it; the callout that it makes before each item counts over all of them, and how far the
 * search moved between two. Interpreter only: JIT makes no callouts cheap and needs writable code.
 * Memory is taken when the pattern is opened, and by the first hard text. Called by classify.c.
 */
#include "text/pattern.h"

#include <errno.h>
#include <stdlib.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/assert.h"
#include "base/str.h"
#include "model/limits.h"

enum { HEAP_MAX_KIB = 1024, NEST_MAX = 50, MATCH_MAX = CLASSIFY_STEPS_MAX };

struct pattern {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

/* Of one search. */
struct work {
	size_t steps, at;
};

static void *take(PCRE2_SIZE size, void *arg)
{
	(void)arg;
	return mem_alloc(size);
}

static void give_back(void *p, void *arg)
{
	(void)arg;
	free(p);
}

static int count_step(pcre2_callout_block *block, void *arg)
{
	struct work *w = arg;
	size_t at = block->current_position;

	w->steps += 1 + (at > w->at ? at - w->at : w->at - at);
	w->at = at;
	return w->steps > CLASSIFY_STEPS_MAX ? PCRE2_ERROR_MATCHLIMIT : 0;
}

static pcre2_code *compile(pcre2_general_context *memory, struct slice source, struct err *err)
{
	PCRE2_UCHAR reason[128] = "";
	PCRE2_SIZE at = 0;
	int code = 0;
	pcre2_compile_context *context = pcre2_compile_context_create(memory);

	pcre2_set_max_pattern_length(context, CLASSIFY_PATTERN_MAX);
	pcre2_set_parens_nest_limit(context, NEST_MAX);
	pcre2_code *c = pcre2_compile((PCRE2_SPTR)source.p, source.n,
		PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_MATCH_INVALID_UTF |
			PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT,
		&code, &at, context);
	pcre2_compile_context_free(context);
	if (c)
		return c;
	pcre2_get_error_message(code, reason, sizeof(reason));
	err_set(err, EINVAL, "%s at byte %zu", (const char *)reason, (size_t)at + 1);
	return NULL;
}

int pattern_open(struct pattern **out, struct slice source, struct err *err)
{
	if (!source.n)
		return err_set(err, EINVAL, "it is empty");
	pcre2_general_context *memory = pcre2_general_context_create(take, give_back, NULL);
	pcre2_code *code = compile(memory, source, err);
	if (code) {
		struct pattern *p = mem_alloc(sizeof(*p));
		p->code = code;
		p->data = pcre2_match_data_create(1, memory);
		p->limits = pcre2_match_context_create(memory);
		pcre2_set_match_limit(p->limits, MATCH_MAX);
		pcre2_set_heap_limit(p->limits, HEAP_MAX_KIB);
		*out = p;
	}
	pcre2_general_context_free(memory);
	return code ? 0 : -EINVAL;
}

void pattern_free(struct pattern **p)
{
	if (!*p)
		return;
	pcre2_match_context_free((*p)->limits);
	pcre2_match_data_free((*p)->data);
	pcre2_code_free((*p)->code);
	free(*p);
	*p = NULL;
}

int pattern_find(struct pattern *p, struct slice text, struct slice *found)
{
	struct work work = { 0, 0 };

	ASSERT(p && p->code);
	pcre2_set_callout(p->limits, count_step, &work);
	int n = pcre2_match(
		p->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, p->data, p->limits);
	pcre2_set_callout(p->limits, NULL, NULL);
	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0)
		return -E2BIG;
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->data);
	/* PCRE2 before 10.38: \K in a lookaround can put the beginning after the end */
	*found = at[0] <= at[1] ? slice_make((text.p ? text.p : "") + at[0], at[1] - at[0])
				: SLICE("");
	return 1;
}
