/*
 * Events: facts that the engine has decided, in the order of the journal. Applying them is the only way state changes;
 * recovery applies them and never decides again. Microseconds since 1970; units of capacity.
 */
#ifndef USHER_MODEL_EVENT_H
#define USHER_MODEL_EVENT_H

#include "model/command.h"

/* X(enum, wire name, fields that matter) */
#define EVENTS(X)                                                                                  \
	X(EVENT_CREATED, "created",                                                                \
		"conv customer queue channel kind segment skills priority linked: state "          \
		"scheduled; agent: who began it")                                                  \
	X(EVENT_QUEUED, "queued",                                                                  \
		"conv queue key tier seq skills why: → waiting; why: new returned transferred "  \
		"reopened overnight overflow")                                                     \
	X(EVENT_PARKED, "parked", "conv: waiting → parked")                                        \
	X(EVENT_UNPARKED, "unparked", "conv: parked → waiting")                                    \
	X(EVENT_STAGE, "stage", "conv stage: its requirement widens")                              \
	X(EVENT_ESTIMATED, "estimated",                                                            \
		"conv wait: came and was not offered at once; how long it may wait, 0: unknown")   \
	X(EVENT_OFFERED, "offered",                                                                \
		"conv offer agent units until key rank score why: waiting → offered, units taken") \
	X(EVENT_OFFER_ENDED, "offer_ended",                                                        \
		"conv offer agent end why units: units given back unless accepted")                \
	X(EVENT_ASSIGNED, "assigned",                                                              \
		"conv agent units why: → active; why: accepted taken reopened")                    \
	X(EVENT_PENDING, "pending", "conv agent units: active → pending, the customer's turn")     \
	X(EVENT_ACTIVE, "active", "conv agent units: pending → active, the customer wrote")        \
	X(EVENT_WRAPUP, "wrapup", "conv agent until outcome: → wrapup, or more of it")             \
	X(EVENT_RESOLVED, "resolved",                                                              \
		"conv agent outcome why until: → resolved, units given back; closes at until")     \
	X(EVENT_RETURNED, "returned",                                                              \
		"conv agent why: taken from its owner, units given back; a queued event follows")  \
	X(EVENT_ABANDONED, "abandoned",                                                            \
		"conv why: left while waiting; resolved or closed follows")                        \
	X(EVENT_CLOSED, "closed", "conv why: out of the engine")                                   \
	X(EVENT_EXCLUDED, "excluded",                                                              \
		"conv agent until why: not offered to this agent before `until`")                  \
	X(EVENT_EXCLUSIONS_CLEARED, "exclusions_cleared", "conv: everybody had declined")          \
	X(EVENT_MESSAGE, "message", "conv id seq direction agent: numbered into the history")      \
	X(EVENT_MERGED, "merged", "customer linked agent why: is the same person as linked")       \
	X(EVENT_SPLIT, "split", "customer linked agent why: is not")                               \
	X(EVENT_DISTINCT, "distinct", "customer linked agent why: no longer suggested")            \
	X(EVENT_UNDISTINCT, "undistinct", "customer linked agent why: suggested again")            \
	X(EVENT_AGENT, "agent", "agent name role skills units: defined or changed")                \
	X(EVENT_AGENT_OFF, "agent_off", "agent")                                                   \
	X(EVENT_DESK_UP, "desk_up", "agent session node")                                          \
	X(EVENT_DESK_DOWN, "desk_down",                                                            \
		"agent session node until: grace runs when it was the last desk")                  \
	X(EVENT_LOST, "lost", "agent: the grace ran out")                                          \
	X(EVENT_PRESENCE, "presence", "agent presence why")                                        \
	X(EVENT_OVERLOADED, "overloaded", "agent units: used above the limit, allowed and shown")  \
	X(EVENT_QUEUE_OPEN, "queue_open", "queue until: business hours began")                     \
	X(EVENT_QUEUE_CLOSED, "queue_closed", "queue until: business hours ended")                 \
	X(EVENT_QUEUE_PAUSED, "queue_paused", "queue paused")                                      \
	X(EVENT_CONFIGURED, "configured", "why: hash of the configuration in force from here on")  \
	/* packed by number: new ones at the end */                                                \
	X(EVENT_PROMOTED, "promoted", "conv tier: waited so long that it waits there now")         \
	X(EVENT_PROVED, "proved",                                                                  \
		"conv customer: whose it is, as he has proved in the middle of it")

#define EVENT_ENUM(name, wire, what) name,
enum event_type { EVENT_NONE, EVENTS(EVENT_ENUM) EVENT_COUNT };
#undef EVENT_ENUM
extern const char *const event_words[];

#define EVENT_FIELDS(FIELD)                                                                        \
	FIELD(WORD, type, "t", 1)                                                                  \
	FIELD(U64, at_us, "at", 2)                                                                 \
	FIELD(ID, conv, "conv", 3)                                                                 \
	FIELD(ID, id, "id", 4)                                                                     \
	FIELD(ID, offer, "offer", 5)                                                               \
	FIELD(STR, agent, "agent", 6)                                                              \
	FIELD(STR, queue, "queue", 7)                                                              \
	FIELD(STR, channel, "ch", 8)                                                               \
	FIELD(STR, kind, "kind", 9)                                                                \
	FIELD(STR, segment, "seg", 10)                                                             \
	FIELD(STR, skills, "skills", 11)                                                           \
	FIELD(ID, customer, "cust", 12)                                                            \
	FIELD(ID, linked, "linked", 13)                                                            \
	FIELD(I64, priority, "prio", 14)                                                           \
	FIELD(I64, key, "key", 15) /* order: microseconds */                                       \
	FIELD(U64, tier, "tier", 16)                                                               \
	FIELD(U64, seq, "seq", 17) /* queue entry number / message number */                       \
	FIELD(U64, stage, "stage", 18)                                                             \
	FIELD(U64, units, "units", 19)                                                             \
	FIELD(U64, until_us, "until", 20)                                                          \
	FIELD(U64, rank, "rank", 21) /* how many waited before it */                               \
	FIELD(I64, score, "score", 22)                                                             \
	FIELD(WORD, direction, "dir", 23)                                                          \
	FIELD(WORD, end, "end", 24)                                                                \
	FIELD(WORD, presence, "pres", 25)                                                          \
	FIELD(WORD, role, "role", 26)                                                              \
	FIELD(STR, session, "sess", 27)                                                            \
	FIELD(STR, node, "node", 28)                                                               \
	FIELD(STR, name, "name", 29)                                                               \
	FIELD(STR, outcome, "outc", 30)                                                            \
	FIELD(STR, why, "why", 31)                                                                 \
	FIELD(U64, paused, "paused", 32)                                                           \
	FIELD(STR, explain, "expl",                                                                \
		33) /* of a decision: winner, runner-up, the component that decided */             \
	FIELD(U64, wait_ms, "wait", 40)

struct event {
	EVENT_FIELDS(FIELD_MEMBER)
};
extern const struct record_table event_table;

#endif
