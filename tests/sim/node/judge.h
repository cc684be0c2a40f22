/*
 * Whether what was promised was kept. Looks at what is in Redis, with no code of src/store in between, at what people
 * remember, and asks the running node for its own opinion (verify, engine_check).
 */
#ifndef TESTS_SIM_NODE_JUDGE_H
#define TESTS_SIM_NODE_JUDGE_H

#include <stdbool.h>

/* The inbox is empty and nothing waits in the outbox. */
bool judge_is_quiet(void);
/* What is not quiet, for a person to read. */
struct str;
void judge_print(struct str *out);
/* Starts to ask the node that routes; judge_has_heard says when it has answered. */
void judge_ask(void);
bool judge_has_heard(void);
/* Everything else. What must not be is said by world_fail. */
void judge_data(void);

#endif
