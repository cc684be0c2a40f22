/*
 * A text from a desk into a frame: JSON checked for size, depth and doubles, fields by a table, the command it stands for filled in. Pure:
 * nothing is sent, asked or remembered here. Whatever is wrong comes back as a code and a sentence that says what was expected.
 *
 * Who acts, from which session and node is never read from the frame: the caller sets it.
 */
#ifndef USHER_DESK_PROTOCOL_H
#define USHER_DESK_PROTOCOL_H

#include <jansson.h>

#include "desk/policy.h"
#include "model/command.h"

/* Fields that a frame may carry; X(FIELD_*, name on the wire). */
/* clang-format off */
#define FRAME_FIELDS(X) \
	X(TO, "to") \
	X(OFFER, "offer") \
	X(REASON, "reason") \
	X(CONV, "conv") \
	X(TEXT, "text") \
	X(PARTS, "parts") \
	X(OUTCOME, "outcome") \
	X(AGENT, "agent") \
	X(SEQ, "seq") \
	X(ON, "on") \
	X(QUEUE, "queue") \
	X(PAUSED, "paused") \
	X(FROM, "from") \
	X(CUSTOMER, "customer") \
	X(INTO, "into") \
	X(CC, "cc") \
	X(BCC, "bcc") \
	X(CHANNEL, "channel") \
	X(SUBJECT, "subject") \
	X(NAME, "name") \
	X(QUOTED_HTML, "quoted_html")
/* clang-format on */
#define FRAME_FIELD_ENUM(field, text) DESK_FIELD_##field,
enum frame_field { FRAME_FIELDS(FRAME_FIELD_ENUM) DESK_FIELD_COUNT };
#undef FRAME_FIELD_ENUM

#define NEED1(a)	  (1u << DESK_FIELD_##a)
#define NEED2(a, b)	  (NEED1(a) | NEED1(b))
#define NEED4(a, b, c, d) (NEED2(a, b) | NEED2(c, d))
/* X(FRAME_*, name, action, command or NONE, fields needed, further fields) */
#define FRAMES(X)                                                                                  \
	X(PRESENCE, "presence", PRESENCE, PRESENCE, NEED1(TO), 0)                                  \
	X(ACCEPT, "accept", ACCEPT, ACCEPT, NEED1(OFFER), 0)                                       \
	X(DECLINE, "decline", DECLINE, DECLINE, NEED1(OFFER), NEED1(REASON))                       \
	X(REPLY, "reply", REPLY, REPLY, NEED1(CONV),                                               \
		NEED4(TEXT, PARTS, CC, BCC) | NEED2(QUOTED_HTML, SEQ))                             \
	X(WRITE, "write", WRITE, WRITE, NEED4(CHANNEL, TO, SUBJECT, TEXT),                         \
		NEED4(PARTS, CC, BCC, QUEUE) | NEED1(NAME))                                        \
	X(NOTE, "note", NOTE, NOTE, NEED2(CONV, TEXT), 0)                                          \
	X(TRANSFER, "transfer", TRANSFER, TRANSFER, NEED2(CONV, TO), NEED1(TEXT))                  \
	X(CONSULT, "consult", TRANSFER, CONSULT, NEED2(CONV, TO), NEED1(TEXT))                     \
	X(RESOLVE, "resolve", RESOLVE, RESOLVE, NEED1(CONV), NEED1(OUTCOME))                       \
	X(REOPEN, "reopen", REOPEN, REOPEN, NEED1(CONV), 0)                                        \
	X(TAKE, "take", TAKE, TAKE, NEED1(CONV), NEED1(AGENT))                                     \
	X(WRAPUP_DONE, "wrapup_done", WRAPUP_DONE, WRAPUP_DONE, NEED1(CONV), 0)                    \
	X(WRAPUP_MORE, "wrapup_more", WRAPUP_DONE, WRAPUP_MORE, NEED1(CONV), 0)                    \
	X(RETRY, "retry", RETRY, RETRY, NEED2(CONV, SEQ), 0)                                       \
	X(DISCARD, "discard", DISCARD, DISCARD, NEED2(CONV, SEQ), 0)                               \
	X(TYPING, "typing", TYPING, NONE, NEED1(CONV), 0)                                          \
	X(SEEN, "seen", TYPING, NONE, NEED2(CONV, SEQ), 0)                                         \
	X(WATCH, "watch", WATCH, NONE, NEED2(CONV, ON), 0)                                         \
	X(MERGE, "merge", MERGE, MERGE, NEED2(CUSTOMER, INTO), NEED1(REASON))                      \
	X(SPLIT, "split", MERGE, SPLIT, NEED1(CUSTOMER), NEED1(REASON))                            \
	X(DISTINCT, "distinct", MERGE, DISTINCT, NEED2(CUSTOMER, INTO), NEED1(REASON))             \
	X(UNDISTINCT, "undistinct", MERGE, UNDISTINCT, NEED2(CUSTOMER, INTO), NEED1(REASON))       \
	X(QUEUE, "queue", QUEUE_PAUSE, QUEUE, NEED2(QUEUE, PAUSED), 0)                             \
	X(RESUME, "resume", CONNECT, NONE, NEED1(FROM), 0)                                         \
	X(PING, "ping", CONNECT, NONE, 0, 0)

#define FRAME_ENUM(name, text, action, command, need, may) FRAME_##name,
enum frame_type { FRAME_NONE, FRAMES(FRAME_ENUM) FRAME_COUNT };
#undef FRAME_ENUM

struct frame {
	enum frame_type type;
	enum action action;
	struct slice id;  /* the client's own; empty: none was given */
	struct command c; /* type COMMAND_NONE: the desk answers it itself */
	bool on;
	uint64_t from;
};

/* Strings live in the arena. False: *code and *message (in the arena or static) say what is wrong; f->id is set when it could be read. */
bool protocol_parse(struct slice text, struct arena *arena, struct frame *f, const char **code,
	const char **message);
/* Any JSON from outside: size, depth, doubles, UTF-8. NULL with the reason; json_decref it. */
json_t *json_read(struct slice text, size_t size_max, const char **why);

#endif
