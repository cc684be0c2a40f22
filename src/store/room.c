/*
 * How much memory Redis has used of what it may. Called by app, once a second.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/inside.h"

struct memory_ask {
	void (*fn)(void *arg, int status, uint64_t used, uint64_t most);
	void *arg;
};

/* A line `name:number` of INFO; 0 when it is not there. */
static uint64_t info_number(struct slice text, const char *name)
{
	uint64_t n = 0;

	for (struct slice rest = text; rest.n;) {
		struct slice value = slice_trim(slice_cut(&rest, '\n'));
		if (slice_is(slice_cut(&value, ':'), name))
			return slice_u64(value, &n) ? n : 0;
	}
	return 0;
}

static void memory_answer(void *arg, int status, const struct reply *r)
{
	struct memory_ask *a = arg;
	struct slice text = r && !status ? r->text : (struct slice){ 0 };

	a->fn(a->arg, r ? status : -EAGAIN, info_number(text, "used_memory"),
		info_number(text, "maxmemory"));
	free(a);
}

void store_memory(
	struct store *s, void (*fn)(void *arg, int status, uint64_t used, uint64_t most), void *arg)
{
	struct slice words[] = { SLICE("INFO"), SLICE("memory") };
	struct memory_ask *a = mem_alloc(sizeof(*a));

	*a = (struct memory_ask){ fn, arg };
	link_call(s->ask, &(struct argv){ words, 2, 2 }, memory_answer, a);
}
