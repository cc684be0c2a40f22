/*
 * Who may do what: one table of role × action × scope, read by every frame and every endpoint. An action without a row does
 * not exist, and a frame or endpoint names an action, so nothing can be forgotten.
 *
 * It answers by role only. Whether a conversation really is one's own is asked of the engine (commands) or of its state (reading).
 */
#ifndef USHER_DESK_POLICY_H
#define USHER_DESK_POLICY_H

#include "base/str.h"
#include "model/words.h"

/* SCOPE_OWN: one's own conversations and those of the customers one serves now. */
#define SCOPES(X)	       X(SCOPE_NONE, "none") X(SCOPE_OWN, "own") X(SCOPE_ALL, "all")
#define SCOPE_ENUM(name, text) name,
enum scope { SCOPES(SCOPE_ENUM) SCOPE_COUNT };
#undef SCOPE_ENUM

/* X(ACTION_*, name, agent, supervisor, admin, auditor) */
#define POLICY(X)                                                                                  \
	/* frames */                                                                               \
	X(CONNECT, "connect", ALL, ALL, ALL, ALL)                                                  \
	X(PRESENCE, "presence", OWN, OWN, OWN, NONE)                                               \
	X(ACCEPT, "accept", OWN, OWN, OWN, NONE)                                                   \
	X(DECLINE, "decline", OWN, OWN, OWN, NONE)                                                 \
	X(REPLY, "reply", OWN, ALL, ALL, NONE)                                                     \
	X(WRITE, "write", OWN, ALL, ALL, NONE) /* a first message, by a channel that may */        \
	X(NOTE, "note", OWN, ALL, ALL, NONE)                                                       \
	X(TRANSFER, "transfer", OWN, ALL, ALL, NONE)                                               \
	X(RESOLVE, "resolve", OWN, ALL, ALL, NONE)                                                 \
	X(REOPEN, "reopen", OWN, ALL, ALL, NONE)                                                   \
	X(TAKE, "take", NONE, ALL, ALL, NONE)                                                      \
	X(WRAPUP_DONE, "wrapup_done", OWN, ALL, ALL, NONE)                                         \
	X(RETRY, "retry", OWN, ALL, ALL, NONE)                                                     \
	X(DISCARD, "discard", NONE, ALL, ALL, NONE)                                                \
	X(TYPING, "typing", OWN, OWN, OWN, NONE)                                                   \
	X(WATCH, "watch", NONE, ALL, ALL, ALL)                                                     \
	X(QUEUE_PAUSE, "queue_pause", NONE, ALL, ALL, NONE)                                        \
	X(OVERSEE, "oversee", NONE, ALL, ALL, ALL) /* news of everybody's conversations */         \
	/* the API */                                                                              \
	X(READ_CONV, "read_conversation", OWN, ALL, ALL, ALL)                                      \
	X(EXPLAIN, "explain", OWN, ALL, ALL, ALL)                                                  \
	X(READ_CUSTOMER, "read_customer", OWN, ALL, ALL, ALL)                                      \
	X(MERGE, "merge", OWN, ALL, ALL,                                                           \
		NONE) /* and split; own: suggested ones, of whom one serves one */                 \
	X(OWN_TEXT, "own_text", OWN, OWN, OWN, NONE) /* texts for replies, kept for oneself */     \
	X(READ_BLOB, "read_blob", OWN, ALL, ALL, ALL)                                              \
	X(WRITE_BLOB, "write_blob", OWN, ALL, ALL, NONE)                                           \
	X(READ_QUEUE, "read_queue", NONE, ALL, ALL, ALL)                                           \
	X(READ_AGENTS, "read_agents", NONE, ALL, ALL, ALL)                                         \
	X(READ_STATS, "read_stats", NONE, ALL, ALL, ALL)                                           \
	X(READ_QUARANTINE, "read_quarantine", NONE, ALL, ALL, ALL)                                 \
	X(READ_DEAD, "read_dead", NONE, ALL, ALL, ALL)                                             \
	X(REREAD, "reread", NONE, ALL, ALL, NONE)                                                  \
	X(WRITE_USER, "write_user", NONE, NONE, ALL, NONE)

#define POLICY_ENUM(name, text, agent, supervisor, admin, auditor) ACTION_##name,
enum action { ACTION_NONE, POLICY(POLICY_ENUM) ACTION_COUNT };
#undef POLICY_ENUM

/* SCOPE_NONE for ROLE_NONE and whatever else is no role. */
enum scope policy_scope(enum role role, enum action action);
static inline bool policy_allows(enum role role, enum action action)
{
	return policy_scope(role, action) != SCOPE_NONE;
}
const char *action_name(enum action action);
/* A JSON array of the names of everything the role may do. */
void policy_rights(struct str *out, enum role role);

#endif
