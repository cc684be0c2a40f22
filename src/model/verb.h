/*
 * The verbs of usherctl: what the client's usage and the node's control socket both come from.
 */
#ifndef USHER_MODEL_VERB_H
#define USHER_MODEL_VERB_H

/* X(enum, name, arguments, least, most, what) */
#define VERBS(X)                                                                                   \
	X(VERB_STATUS, "status", "", 0, 0, "whether it routes, channels, intake")                  \
	X(VERB_QUEUE, "queue", "[NAME]", 0, 1, "who waits, in order")                              \
	X(VERB_AGENTS, "agents", "", 0, 0, "people, their presence and work")                      \
	X(VERB_CONV, "conv", "ID", 1, 1, "a conversation with its messages")                       \
	X(VERB_CUSTOMER, "customer", "ID|IDENTITY", 1, 1,                                          \
		"the card: by id, email:ann@example.com or a bare address")                        \
	X(VERB_EXPLAIN, "explain", "ID", 1, 1, "why it waits, or why it was given to whom")        \
	X(VERB_USER, "user",                                                                       \
		"add NAME --role agent|supervisor|admin|auditor [--name TEXT] [--skill ru=80 "     \
		"...] "                                                                            \
		"[--units N] [--password-stdin] | off NAME",                                       \
		2, 2, "makes a user, or ends a user's log-in")                                     \
	X(VERB_MERGE, "merge", "ID INTO [--why TEXT]", 2, 2,                                       \
		"two customers are one person: ID becomes part of INTO, nothing is moved")         \
	X(VERB_SPLIT, "split", "ID [--why TEXT]", 1, 1, "takes a merge back")                      \
	X(VERB_DESK, "desk", "NAME", 1, 1, "a desk in the terminal: frames out, frames in")        \
	X(VERB_QUARANTINE, "quarantine", "[list | show ID | retry ID]", 0, 2,                      \
		"what came and could not be understood: look at its source, have it read again")   \
	X(VERB_DEAD, "dead", "[list | replay ID | replay --channel NAME | discard ID]", 0, 2,      \
		"messages that could not be sent; sends one again, or all that failed of a "       \
		"channel, or sets one aside")                                                      \
	X(VERB_REPLAY, "replay", "", 0, 0,                                                         \
		"replays snapshot and journal and compares with the running state")                \
	X(VERB_WHATIF, "whatif", "[--config FILE] [--since 24h|2026-11-22] [--agents -bo,+2=eva]", \
		0, 0,                                                                              \
		"the past again with another configuration or other people, beside what "          \
		"happened")                                                                        \
	X(VERB_EXPORT, "export", "ID|IDENTITY", 1, 1, "everything known of a customer, as JSON")   \
	X(VERB_VERIFY, "verify", "", 0, 0, "walks every invariant of the data")

#define VERB_ENUM(name, text, arguments, least, most, what) name,
enum verb { VERBS(VERB_ENUM) VERB_COUNT };
#undef VERB_ENUM

#endif
