/*
 * The loop of src/net in virtual time: when it wants its next turn.
 */
#ifndef TESTS_SIM_NODE_LOOP_H
#define TESTS_SIM_NODE_LOOP_H

#include <stdint.h>

struct loop;

/* 0: at once; UINT64_MAX: not before something comes from outside. */
uint64_t loop_next_us(const struct loop *loop);

#endif
