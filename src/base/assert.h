/*
 * ASSERT: what the program promises itself. Always compiled in; never used for input.
 * A failed assertion prints where and ends the process: the supervisor restarts it, and nothing
 * that was acknowledged is lost (it is in Redis).
 */
#ifndef USHER_BASE_ASSERT_H
#define USHER_BASE_ASSERT_H

_Noreturn void assert_failed(const char *expr, const char *file, int line);

#define ASSERT(expr) ((expr) ? (void)0 : assert_failed(#expr, __FILE__, __LINE__))

#endif
