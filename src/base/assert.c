/*
 * What a failed ASSERT does: one line on stderr, then abort(), so that a core or a sanitizer report
 * shows the stack. Never returns, never allocates, never flushes anything half done.
 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void assert_failed(const char *expr, const char *file, int line)
{
	char text[512];
	int n = snprintf(
		text, sizeof(text), "usher: assertion failed: %s at %s:%d\n", expr, file, line);

	if (n > 0) {
		size_t size = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
		if (write(STDERR_FILENO, text, size) < 0)
			_exit(70);
	}
	abort();
}
