/*
 * An entry of a conversation's history: list `log:<conv>`, packed; its index is seq - 1.
 */
#ifndef USHER_MODEL_ENTRY_H
#define USHER_MODEL_ENTRY_H

#include "model/command.h"

#define ENTRY_FIELDS(FIELD)                                                                        \
	FIELD(U64, seq, "seq", 1)                                                                  \
	FIELD(U64, at_us, "at", 2)                                                                 \
	FIELD(ID, id, "id", 3)                                                                     \
	FIELD(WORD, direction, "dir", 4)                                                           \
	FIELD(STR, channel, "ch", 5)                                                               \
	FIELD(STR, from, "from", 6)    /* display name */                                          \
	FIELD(STR, address, "addr", 7) /* the identity it came from or goes to */                  \
	FIELD(STR, agent, "agent", 8)                                                              \
	FIELD(STR, subject, "subj", 9)                                                             \
	FIELD(STR, text, "text", 10)                                                               \
	FIELD(STR, quoted, "quot", 11)                                                             \
	FIELD(STR, html, "html", 12)                                                               \
	FIELD(STR, parts, "parts", 13)                                                             \
	FIELD(STR, hints, "hints", 14)                                                             \
	FIELD(STR, raw, "raw", 15)                                                                 \
	FIELD(STR, quarantine, "quar", 16)                                                         \
	FIELD(WORD, delivery, "dlv", 17)                                                           \
	FIELD(STR, why, "why", 18)                                                                 \
	FIELD(STR, remote, "rem", 19)                                                              \
	FIELD(STR, dedup, "dedup", 20)                                                             \
	FIELD(U64, verified, "ver", 21)                                                            \
	FIELD(U64, automatic, "auto", 22)                                                          \
	FIELD(STR, mailbox, "mbox", 40)	  /* our own address that it came to */                    \
	FIELD(STR, rcpts, "rcpts", 41)	  /* several recipients: model/recipients.h */             \
	FIELD(U64, until_us, "until", 42) /* `queued` and tried in vain: when it is tried again */

struct entry {
	ENTRY_FIELDS(FIELD_MEMBER)
};
extern const struct record_table entry_table;

#endif
