/*
 * Allocation that never fails. Out of memory, or a size that overflows, ends the process with a
 * message: the supervisor restarts it and nothing acknowledged is lost. A size that comes from
 * outside has been checked against model/limits.h long before it gets here.
 * Declared in str.h, called by every folder.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/str.h"

static _Noreturn void mem_out(void)
{
	static const char text[] = "usher: out of memory\n";

	/* No stdio: it may want memory. */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(70);
	abort();
}

void *mem_alloc(size_t size)
{
	return mem_array(1, size);
}

void *mem_array(size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		mem_out();
	void *p = calloc(1, total ? total : 1);
	if (!p)
		mem_out();
	return p;
}

void *mem_resize(void *old, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		mem_out();
	void *p = realloc(old, total ? total : 1);
	if (!p)
		mem_out();
	return p;
}
