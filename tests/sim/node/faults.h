/*
 * What goes wrong: which faults, when and for how long, all from the seed.
 */
#ifndef TESTS_SIM_NODE_FAULTS_H
#define TESTS_SIM_NODE_FAULTS_H

void faults_begin(void);
/* Everything is healed, and the nodes are started. */
void faults_end(void);

#endif
