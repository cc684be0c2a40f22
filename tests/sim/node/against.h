/*
 * The model beside the real thing: the same random commands to both, the same answers wanted.
 */
#ifndef TESTS_SIM_NODE_AGAINST_H
#define TESTS_SIM_NODE_AGAINST_H

/* An empty redis-server on that unix socket. 0: no difference; 1: differences, printed. */
int against_redis(const char *socket_path);

#endif
