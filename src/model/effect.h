/*
 * Effects: what desks and visitors on all nodes must be told once the commit is on disk. They travel in the short
 * `push` stream, numbered by `n` (the stream id is n-0), and are read by every node, the one that routes included.
 */
#ifndef USHER_MODEL_EFFECT_H
#define USHER_MODEL_EFFECT_H

#include "model/command.h"

/* X(enum, wire name, fields that matter) */
#define EFFECTS(X)                                                                                 \
	X(EFFECT_ANSWER, "answer",                                                                 \
		"session cmd answer why [conv seq id]: to one desk session, not numbered for it")  \
	X(EFFECT_OFFER, "offer",                                                                   \
		"agent offer conv until queue segment channel kind customer name subject text "    \
		"arrived skills")                                                                  \
	X(EFFECT_OFFER_ENDED, "offer_ended", "agent offer conv end why")                           \
	X(EFFECT_MESSAGE, "message",                                                               \
		"conv seq direction id at text name agent owner channel thread dedup subject "     \
		"parts delivery")                                                                  \
	X(EFFECT_CONV, "conv",                                                                     \
		"conv state owner queue segment customer channel kind name subject arrived until " \
		"outcome why seen left rating to mail_us")                                         \
	X(EFFECT_RECEIPT, "receipt", "conv seq delivery why until owner channel thread")           \
	X(EFFECT_AGENT, "agent", "agent name role presence used limit online why")                 \
	X(EFFECT_QUEUE, "queue",                                                                   \
		"queue waiting longest paused open levels: a glance, at most once a second each")  \
	X(EFFECT_POSITION, "position", "channel thread conv position low_s high_s")                \
	X(EFFECT_CARD, "card", "customer conv owner: the card changed, read it anew")

#define EFFECT_ENUM(name, wire, what) name,
enum effect_type { EFFECT_NONE, EFFECTS(EFFECT_ENUM) EFFECT_COUNT };
#undef EFFECT_ENUM
extern const char *const effect_words[];

#define EFFECT_FIELDS(FIELD)                                                                       \
	FIELD(WORD, type, "t", 1)                                                                  \
	FIELD(U64, n, "n", 2)                                                                      \
	FIELD(U64, at_us, "at", 3)                                                                 \
	FIELD(STR, agent, "agent", 4) /* whom it concerns; of a message: who wrote it */           \
	FIELD(STR, owner, "owner", 5) /* whose conversation it is */                               \
	FIELD(STR, session, "sess", 6)                                                             \
	FIELD(STR, cmd, "cmd", 7)                                                                  \
	FIELD(WORD, answer, "answer", 8)                                                           \
	FIELD(ID, conv, "conv", 9)                                                                 \
	FIELD(ID, offer, "offer", 10)                                                              \
	FIELD(ID, id, "id", 11)                                                                    \
	FIELD(ID, customer, "cust", 12)                                                            \
	FIELD(U64, seq, "seq", 13)                                                                 \
	FIELD(WORD, direction, "dir", 14)                                                          \
	FIELD(WORD, state, "state", 15)                                                            \
	FIELD(WORD, end, "end", 16)                                                                \
	FIELD(WORD, presence, "pres", 17)                                                          \
	FIELD(WORD, delivery, "dlv", 18)                                                           \
	FIELD(WORD, role, "role", 19)                                                              \
	FIELD(STR, channel, "ch", 20)                                                              \
	FIELD(STR, kind, "kind", 21)                                                               \
	FIELD(STR, thread, "th", 22)                                                               \
	FIELD(STR, dedup, "dedup", 23) /* the visitor's own id of the message */                   \
	FIELD(STR, queue, "queue", 24)                                                             \
	FIELD(STR, segment, "seg", 25)                                                             \
	FIELD(STR, skills, "skills", 26)                                                           \
	FIELD(STR, name, "name", 27) /* display name: customer's, or author's of a message */      \
	FIELD(STR, subject, "subj", 28)                                                            \
	FIELD(STR, text, "text", 29)                                                               \
	FIELD(STR, parts, "parts", 30)                                                             \
	FIELD(STR, outcome, "outc", 31)                                                            \
	FIELD(STR, why, "why", 32)                                                                 \
	FIELD(U64, until_us, "until", 33)                                                          \
	FIELD(U64, arrived_us, "arr", 34)                                                          \
	FIELD(U64, used, "used", 35)                                                               \
	FIELD(U64, limit, "limit", 36)                                                             \
	FIELD(U64, online, "online", 37)                                                           \
	FIELD(U64, waiting, "waiting", 38)                                                         \
	FIELD(U64, longest_us, "longest", 39) /* arrival of the longest waiting; 0: nobody */      \
	FIELD(U64, paused, "paused", 40)                                                           \
	FIELD(U64, open, "open", 41)                                                               \
	FIELD(U64, position, "pos", 42)                                                            \
	FIELD(U64, low_s, "low", 43)                                                               \
	FIELD(U64, high_s, "high", 44)                                                             \
	FIELD(STR, levels, "levels", 45) /* levels_write of a queue */                             \
	FIELD(I64, key, "key", 46)	 /* of who waits: place in the order, microseconds */      \
	FIELD(U64, tier, "tier", 47)                                                               \
	FIELD(STR, asked, "asked", 75) /* who is asked to take it over; of an offer: who asks */   \
	FIELD(STR, to, "to",                                                                       \
		70) /* of a message that came in: its To and Cc as written; of a live \
				    conversation: where its visitor can be mailed */            \
	FIELD(STR, cc, "cc", 71)                                                                   \
	FIELD(STR, rcpts, "rcpts", 72) /* model/recipients.h */                                    \
	FIELD(STR, mailbox, "mbox", 73)                                                            \
	FIELD(U64, seen, "seen", 60) /* of a live conversation: the last number the visitor saw */ \
	FIELD(U64, left, "left", 61) /* 1: the visitor is not connected */                         \
	FIELD(U64, rating, "rating", 62) /* 1..5, as the customer said; 0: not said */             \
	FIELD(U64, mail_us, "mail",                                                                \
		63) /* of a live conversation: when he is mailed what he has not seen; 0: not */   \
	FIELD(STR, by, "by", 64) /* of a message: its channel, if not the conversation's */

struct effect {
	EFFECT_FIELDS(FIELD_MEMBER)
};
extern const struct record_table effect_table;

#endif
