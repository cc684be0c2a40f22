/* What every cmocka test includes, in the order cmocka wants, and ways to compare slices. */
#ifndef USHER_TESTS_UNIT_CM_H
#define USHER_TESTS_UNIT_CM_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

#include "base/str.h"

/*
 * The longest that a test waits for what must come. It only ends what hangs: a shared machine may let a
 * disk, a new process or the test itself stand still for many seconds.
 */
enum { WAIT_MOST_US = 60000000 };

/* Compares a slice with a C string and prints both when they differ. */
static inline void assert_slice_is(struct slice s, const char *text)
{
	char *copy = slice_dup(s);

	assert_string_equal(copy, text);
	assert_int_equal(s.n, strlen(text));
	free(copy);
}

#endif
