/*
 * A fresh small center (engine/center.h) for each test. A test that needs another one changes `c` between center_new and engine_new in a
 * `begin` of its own.
 */
#ifndef TESTS_UNIT_ENGINE_FIXTURE_H
#define TESTS_UNIT_ENGINE_FIXTURE_H

#include "unit/engine/people.h"

static struct config *c;
static struct engine *e;

static inline int begin_plain(void **state)
{
	(void)state;
	c = center_new();
	e = engine_new(c);
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	engine_free(&e);
	center_free(c);
	return 0;
}

#endif
