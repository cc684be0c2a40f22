/*
 * Commands: everything that anyone asks of a domain. An edge (channel, desk, usherctl, the node itself) makes one and
 * puts it into the inbox; the router resolves it, the engine decides it. Texts of people travel in
 * the command to the history and never enter the engine's state.
 *
 * Fields marked [r] are filled in by the router's resolver before engine_step, never by an edge.
 */
#ifndef USHER_MODEL_COMMAND_H
#define USHER_MODEL_COMMAND_H

#include "model/record.h"
#include "model/words.h"

/* X(enum, wire name, what) */
#define COMMANDS(X)                                                                                           \
	/* from channels */                                                                                   \
	X(COMMAND_MESSAGE, "message",                                                                         \
		"a customer said something: id dedup channel thread ident_* name subject text "               \
		"...")                                                                                        \
	X(COMMAND_VISIT, "visit",                                                                             \
		"a visitor left, came back, ended, has seen, rated: channel thread visit seq "                \
		"text")                                                                                       \
	X(COMMAND_RECEIPT, "receipt",                                                                         \
		"what became of an outbound message: conv id delivery why remote")                            \
	/* from desks; `agent` and `session` are set by the desk room from the log-in, never by the client */ \
	X(COMMAND_DESK_UP, "desk_up", "a desk connected: agent session node")                                 \
	X(COMMAND_DESK_DOWN, "desk_down", "a desk is gone: agent session node")                               \
	X(COMMAND_PRESENCE, "presence", "agent presence")                                                     \
	X(COMMAND_ACCEPT, "accept", "agent offer")                                                            \
	X(COMMAND_DECLINE, "decline", "agent offer why")                                                      \
	X(COMMAND_REPLY, "reply", "agent conv id text parts: a message to the customer")                      \
	X(COMMAND_NOTE, "note", "agent conv id text: a message between employees")                            \
	X(COMMAND_TRANSFER, "transfer",                                                                       \
		"agent conv to text: to is queue:NAME, agent:NAME or skills:A=1 B=2, text a note")            \
	X(COMMAND_RESOLVE, "resolve", "agent conv outcome")                                                   \
	X(COMMAND_REOPEN, "reopen", "agent conv")                                                             \
	X(COMMAND_TAKE, "take", "agent conv to: assign by hand to agent `to` (empty: oneself)")               \
	X(COMMAND_WRAPUP_DONE, "wrapup_done", "agent conv")                                                   \
	X(COMMAND_RETRY, "retry", "agent conv seq: send a failed message again")                              \
	X(COMMAND_MERGE, "merge",                                                                             \
		"agent customer linked why: one person; agent empty: the operator")                           \
	X(COMMAND_SPLIT, "split", "agent customer why: takes a merge back")                                   \
	X(COMMAND_DISTINCT, "distinct", "agent customer linked why: two people, not suggested")               \
	X(COMMAND_UNDISTINCT, "undistinct", "agent customer linked why: takes that back")                     \
	/* from usherctl and the administrator */                                                             \
	X(COMMAND_USER, "user", "agent name role skills secret units: make or change a user")                 \
	X(COMMAND_USER_OFF, "user_off", "agent: may no longer log in; work is returned")                      \
	X(COMMAND_QUEUE, "queue", "queue paused: pause (1) or resume (0) a queue")                            \
	/* from the node that routes */                                                                       \
	X(COMMAND_NODE_UP, "node_up", "node: every desk session of this node from before is gone")            \
	X(COMMAND_MAIL, "mail",                                                                               \
		"an automatic mail of no conversation's history: channel to subject text; goes "              \
		"out "                                                                                        \
		"unless that address has had its share")                                                      \
	X(COMMAND_TICK, "tick", "time has passed; never in the inbox")                                        \
	/* packed by number: new ones at the end */                                                           \
	X(COMMAND_CONSULT, "consult",                                                                         \
		"agent conv to text: ask `to` (as in transfer) to take over; it stays until "                 \
		"accepted")                                                                                   \
	X(COMMAND_WRAPUP_MORE, "wrapup_more", "agent conv: once more the queue's wrap-up")                    \
	X(COMMAND_DISCARD, "discard",                                                                         \
		"agent conv seq: a message that could not be sent needs nobody's decision any "               \
		"more")                                                                                       \
	X(COMMAND_WRITE, "write",                                                                             \
		"agent id channel ident_* subject text parts cc bcc queue: an agent begins it")               \
	X(COMMAND_TEXT, "text",                                                                               \
		"agent id subject text: one of an agent's own texts for replies; without text: "              \
		"no more")

#define COMMAND_ENUM(name, wire, what) name,
enum command_type { COMMAND_NONE, COMMANDS(COMMAND_ENUM) COMMAND_COUNT };
#undef COMMAND_ENUM
extern const char *const command_words[];

/* FIELD(type, member, wire name, packed number) */
#define COMMAND_FIELDS(FIELD)                                                                      \
	FIELD(WORD, type, "t", 1)                                                                  \
	FIELD(U64, at_us, "at", 2)    /* when the edge took it */                                  \
	FIELD(ID, id, "id", 3)	      /* of the message it carries, or of the command */           \
	FIELD(STR, dedup, "dedup", 4) /* idempotency: scope and key, hashed by the store */        \
	FIELD(STR, channel, "ch", 5)                                                               \
	FIELD(STR, thread, "th", 6) /* the channel's own name of the conversation */               \
	FIELD(STR, refs, "refs",                                                                   \
		7) /* other thread keys it may belong to, newline-separated, best first */         \
	FIELD(STR, also, "also",                                                                   \
		8) /* thread keys by which it can be referred to later, newline-separated */       \
	FIELD(STR, ident_kind, "ik", 9)	  /* email, phone, chat, account ... */                    \
	FIELD(STR, ident_value, "iv", 10) /* normalised by the channel */                          \
	FIELD(U64, verified, "ver", 11)	  /* 1: the channel checked that identity */               \
	FIELD(STR, name, "name", 12)	  /* display name of the customer / of the user */         \
	FIELD(STR, to, "to", 13)                                                                   \
	FIELD(STR, subject, "subj", 14)                                                            \
	FIELD(STR, text, "text", 15)   /* UTF-8, the new part */                                   \
	FIELD(STR, quoted, "quot", 16) /* the quoted part, shown folded */                         \
	FIELD(STR, html, "html", 17)   /* as it came; shown only sanitized and sandboxed */        \
	FIELD(STR, lang, "lang", 18)   /* ISO 639-1 or empty */                                    \
	FIELD(STR, parts, "parts", 19) /* model/part.h */                                          \
	FIELD(STR, hints, "hints",                                                                 \
		20) /* model/pairs.h: form fields, page, user agent, rating, cc ... */             \
	FIELD(STR, raw, "raw", 21) /* blob of the raw source */                                    \
	FIELD(STR, quarantine, "quar",                                                             \
		22)			/* why it could not be understood: stored raw and shown */ \
	FIELD(U64, sent_us, "sent", 23) /* when the sender says it was written */                  \
	FIELD(U64, automatic, "auto", 24) /* 1: a robot wrote it: never answered automatically */  \
	FIELD(ID, conv, "conv", 25)	  /* [r] for messages and visits */                        \
	FIELD(ID, offer, "offer", 26)                                                              \
	FIELD(U64, seq, "seq", 27)                                                                 \
	FIELD(STR, agent, "agent", 28)	/* who acts */                                             \
	FIELD(STR, session, "sess", 29) /* the desk session: NODE:SERIAL */                        \
	FIELD(STR, cmd, "cmd", 30)	/* the client's own id of the command, for the answer */   \
	FIELD(STR, node, "node", 31)                                                               \
	FIELD(WORD, presence, "pres", 32)                                                          \
	FIELD(WORD, visit, "visit", 33)                                                            \
	FIELD(WORD, delivery, "dlv", 34)                                                           \
	FIELD(WORD, role, "role", 35)                                                              \
	FIELD(STR, why, "why", 36)                                                                 \
	FIELD(STR, outcome, "outc", 37)                                                            \
	FIELD(STR, remote, "rem", 38)	 /* the channel's id of a sent message */                  \
	FIELD(STR, skills, "skills", 39) /* "ru=80 cards=50"; of a user, or required [r] */        \
	FIELD(STR, secret, "secret", 40) /* scrypt$... ; never in journal or log */                \
	FIELD(U64, units, "units", 41)	 /* capacity of a user; 0: default */                      \
	FIELD(STR, queue, "queue", 42)	 /* [r] for messages */                                    \
	FIELD(U64, paused, "paused", 43)                                                           \
	FIELD(ID, customer, "cust", 44)	   /* [r] */                                               \
	FIELD(STR, segment, "seg", 45)	   /* [r] */                                               \
	FIELD(STR, kind, "kind", 46)	   /* [r] kind of channel: email, chat, form ... */        \
	FIELD(U64, fresh, "fresh", 47)	   /* [r] 1: `conv` is a new conversation */               \
	FIELD(ID, linked, "linked", 48)	   /* [r] an older conversation this one belongs beside */ \
	FIELD(I64, priority, "prio", 49)   /* [r] microseconds added to the order key */           \
	FIELD(U64, random, "rand", 50)	   /* [r] the command's random word */                     \
	FIELD(ID, suggest, "sugg", 51)	   /* [r] a verified customer it may be */                 \
	FIELD(STR, cc, "cc", 70)	   /* of a reply: further addresses, newline-separated */  \
	FIELD(STR, bcc, "bcc", 71)	   /* the same, unseen by the others */                    \
	FIELD(U64, answerable, "ansb", 72) /* [r] 1: an automatic answer may go to its writer */   \
	FIELD(STR, signature, "sign", 74)  /* of a user; "-" takes it away */                      \
	FIELD(U64, copy, "copy", 73)	   /* of a receipt: which recipient's; 0 the first */      \
	FIELD(STR, again, "again", 75)	   /* the place of a quarantined message, read again */    \
	FIELD(STR, quoted_html, "qhtml", 90) /* of a reply: message `seq` as sanitized HTML */     \
	FIELD(U64, until_us, "until", 91)    /* of a receipt `queued`: when it is tried again */

#define FIELD_MEMBER_U64			 uint64_t
#define FIELD_MEMBER_I64			 int64_t
#define FIELD_MEMBER_ID				 struct id
#define FIELD_MEMBER_STR			 struct slice
#define FIELD_MEMBER_WORD			 uint32_t
#define FIELD_MEMBER(type, member, wire, number) FIELD_MEMBER_##type member;

struct command {
	COMMAND_FIELDS(FIELD_MEMBER)
};
extern const struct record_table command_table;

#endif
