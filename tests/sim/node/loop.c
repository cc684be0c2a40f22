/*
 * The very loop of src/net, compiled here so that its heap of deadlines can be asked: nothing sleeps, the world moves the clock to
 * the next deadline instead. Called by proc.c.
 */
#include "net/loop.c"

#include "loop.h"

uint64_t loop_next_us(const struct loop *loop)
{
	const struct heap_node *first = heap_min(&loop->dues);

	if (loop_has_work(loop))
		return 0;
	return first ? first->at : UINT64_MAX;
}
