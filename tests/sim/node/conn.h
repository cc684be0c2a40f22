/*
 * What the model Redis tells the connections of net/conn.h that lead to it.
 */
#ifndef TESTS_SIM_NODE_CONN_H
#define TESTS_SIM_NODE_CONN_H

#include <stdbool.h>

struct conn;
struct loop;

/* Bytes are on their way back. */
void conn_answered(struct conn *c);
/* The server has ended it. What it answered before may still arrive. */
void conn_hung_up(struct conn *c);
/* The process died: its sockets are closed by the kernel, nobody is called. */
void conns_orphan(const struct loop *loop);

#endif
