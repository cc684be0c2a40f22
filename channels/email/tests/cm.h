/* What every test of this channel includes, in the order cmocka wants. */
#ifndef USHER_EMAIL_TESTS_CM_H
#define USHER_EMAIL_TESTS_CM_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include <glib.h>

#endif
