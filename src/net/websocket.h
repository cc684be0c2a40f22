/*
 * RFC 6455 frames from a client: an incremental parser and the head of a frame to send. Pure. No
 * extensions. How the bytes were cut into pieces never changes what comes out, but that pieces of an
 * invalid text may be refused a little earlier or later.
 */
#ifndef USHER_NET_WEBSOCKET_H
#define USHER_NET_WEBSOCKET_H

#include "base/str.h"

enum { WS_CONTROL_MAX = 125, WS_HEAD_MAX = 10 };
enum ws_opcode {
	WS_OP_CONTINUE = 0,
	WS_OP_TEXT = 1,
	WS_OP_BINARY = 2,
	WS_OP_CLOSE = 8,
	WS_OP_PING = 9,
	WS_OP_PONG = 10
};
enum ws_code {
	WS_NORMAL = 1000,
	WS_GOING_AWAY = 1001,
	WS_PROTOCOL_ERROR = 1002,
	WS_UNSUPPORTED = 1003,
	WS_NO_CODE = 1005,  /* never on the wire: a close frame without a code */
	WS_ABNORMAL = 1006, /* never on the wire: no close frame at all */
	WS_BAD_TEXT = 1007,
	WS_POLICY = 1008,
	WS_TOO_BIG = 1009,
	WS_TRY_LATER = 1013
};

enum ws_found { WS_MORE, WS_TEXT, WS_BINARY, WS_PING, WS_PONG, WS_CLOSED, WS_BROKEN };
struct ws_event {
	enum ws_found found;
	struct slice payload; /* message or control payload; of WS_CLOSED the reason */
	int code;	      /* of WS_CLOSED the peer's, of WS_BROKEN the one to close with */
	const char *why;      /* of WS_BROKEN, a literal */
	char control[WS_CONTROL_MAX];
};

/* Zeroed but for message_max is a parser at the start. After WS_CLOSED or WS_BROKEN feed no more. */
struct ws_parse {
	struct str message; /* what has come of the current message, unmasked */
	uint64_t left;	    /* payload bytes of the current data frame still to come */
	size_t message_max;
	uint32_t utf8;
	uint32_t frames; /* data frames begun; the owner sets it back */
	uint8_t mask[4];
	uint8_t mask_at;
	uint8_t opcode; /* of the current message, 0 between messages */
	bool in_frame, fin;
};

/* Consumes bytes up to the next event and returns how many. WS_MORE: all that can be used was. A
 * message's payload lives in p->message until the next call; then it is cleared, not freed. */
size_t ws_parse_feed(struct ws_parse *p, struct slice bytes, struct ws_event *e);
/* True when nothing of a message is held, so p->message's memory may be taken away. */
static inline bool ws_parse_is_idle(const struct ws_parse *p)
{
	return p->opcode == 0 && !p->in_frame;
}
/* Codes that a peer may send: 1000-1003, 1007-1014, 3000-4999. */
bool ws_code_is_valid(int code);
/* The head of an unmasked, unfragmented frame; returns its length. */
size_t ws_frame_head(char out[WS_HEAD_MAX], enum ws_opcode opcode, uint64_t payload_bytes);

#endif
