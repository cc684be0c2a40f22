/*
 * The frame parser: data frames are taken as they come, control frames only whole (they have at most
 * 131 bytes). Never allocates by what a length field says. Called by ws.c and the fuzzer.
 *
 *    0        1         2..3/9    +4       payload
 *   ┌─┬───┬──┬─┬───────┬─────────┬────────┬──────────┐
 *   │F│RSV│op│M│ len 7 │ len16/64│ mask   │ masked   │
 *   └─┴───┴──┴─┴───────┴─────────┴────────┴──────────┘
 */
#include "net/websocket.h"

#include "base/assert.h"
#include "base/utf8.h"

struct head {
	size_t size; /* of the head itself; 0: not whole yet */
	uint64_t length;
	enum ws_opcode opcode;
	bool fin;
	uint8_t mask[4];
};

static void broken(struct ws_event *e, int code, const char *why)
{
	e->found = WS_BROKEN;
	e->code = code;
	e->why = why;
}

bool ws_code_is_valid(int code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

size_t ws_frame_head(char out[WS_HEAD_MAX], enum ws_opcode opcode, uint64_t payload_bytes)
{
	size_t extra = payload_bytes < 126 ? 0 : payload_bytes <= 0xffff ? 2 : 8;

	out[0] = (char)(0x80 | opcode);
	out[1] = (char)(extra == 0 ? payload_bytes : extra == 2 ? 126 : 127);
	for (size_t i = 0; i < extra; i++)
		out[2 + i] = (char)(payload_bytes >> (8 * (extra - 1 - i)));
	return 2 + extra;
}

/* What is wrong with the first two bytes, or NULL. */
static const char *head_wrong(const struct ws_parse *p, uint8_t first, uint8_t second)
{
	uint8_t opcode = first & 0x0f;
	bool control = opcode & 8;

	if (first & 0x70)
		return "a reserved bit is set";
	if (opcode > WS_OP_PONG || (opcode > WS_OP_BINARY && opcode < WS_OP_CLOSE))
		return "an unknown opcode";
	if (!(second & 0x80))
		return "a frame without mask";
	if (control && !(first & 0x80))
		return "a fragmented control frame";
	if (control && (second & 0x7f) > WS_CONTROL_MAX)
		return "a control frame with more than 125 bytes";
	if (opcode == WS_OP_CONTINUE && p->opcode == 0)
		return "a continuation of nothing";
	if (!control && opcode != WS_OP_CONTINUE && p->opcode != 0)
		return "a new message inside another";
	return NULL;
}

static struct head head_read(const struct ws_parse *p, struct slice bytes, struct ws_event *e)
{
	const uint8_t *b = (const uint8_t *)bytes.p;
	struct head h = { 0 };

	if (bytes.n < 2)
		return h;
	const char *wrong = head_wrong(p, b[0], b[1]);
	if (wrong) {
		broken(e, WS_PROTOCOL_ERROR, wrong);
		return h;
	}
	size_t extra = (b[1] & 0x7f) == 126 ? 2 : (b[1] & 0x7f) == 127 ? 8 : 0;
	h.length = extra ? 0 : b[1] & 0x7f;
	if (bytes.n < 2 + extra + 4)
		return h;
	for (size_t i = 0; i < extra; i++)
		h.length = h.length << 8 | b[2 + i];
	if (h.length >> 63 || (extra == 2 && h.length < 126) ||
		(extra == 8 && h.length <= 0xffff)) {
		broken(e, WS_PROTOCOL_ERROR, "a length that is not in its shortest form");
		return h;
	}
	h.opcode = b[0] & 0x0f;
	h.fin = b[0] & 0x80;
	memcpy(h.mask, b + 2 + extra, 4);
	h.size = 2 + extra + 4;
	return h;
}

/* out and in may be the same. Eight bytes a step: browsers send megabytes. */
static void unmask(char *out, const char *in, size_t n, const uint8_t mask[4], size_t at)
{
	uint8_t turned[8];
	uint64_t wide, mask8;
	size_t i = 0;

	for (size_t k = 0; k < 8; k++)
		turned[k] = mask[(at + k) & 3];
	memcpy(&mask8, turned, 8);
	for (; i + 8 <= n; i += 8) {
		memcpy(&wide, in + i, 8);
		wide ^= mask8;
		memcpy(out + i, &wide, 8);
	}
	for (; i < n; i++)
		out[i] = (char)((uint8_t)in[i] ^ turned[i & 7]);
}

static void close_frame(struct ws_event *e)
{
	e->found = WS_CLOSED;
	e->code = WS_NO_CODE;
	if (e->payload.n == 0)
		return;
	if (e->payload.n == 1) {
		broken(e, WS_PROTOCOL_ERROR, "a close frame with half a code");
		return;
	}
	e->code = (uint8_t)e->control[0] << 8 | (uint8_t)e->control[1];
	e->payload = slice_make(e->control + 2, e->payload.n - 2);
	if (!ws_code_is_valid(e->code))
		broken(e, WS_PROTOCOL_ERROR, "a close code that must not be sent");
	else if (!utf8_valid(e->payload))
		broken(e, WS_BAD_TEXT, "the reason of a close frame is not UTF-8");
}

/* A whole control frame, or nothing yet. */
static size_t control_frame(const struct head *h, struct slice bytes, struct ws_event *e)
{
	size_t n = (size_t)h->length;

	ASSERT(n <= WS_CONTROL_MAX);
	if (bytes.n < h->size + n)
		return 0;
	unmask(e->control, bytes.p + h->size, n, h->mask, 0);
	e->payload = slice_make(e->control, n);
	if (h->opcode == WS_OP_CLOSE)
		close_frame(e);
	else
		e->found = h->opcode == WS_OP_PING ? WS_PING : WS_PONG;
	return h->size + n;
}

/* Payload of the current data frame, as much as is there. */
static size_t data_bytes(struct ws_parse *p, struct slice bytes, struct ws_event *e)
{
	size_t n = p->left < bytes.n ? (size_t)p->left : bytes.n;
	char *to = n ? str_reserve(&p->message, n) : NULL;

	ASSERT(p->in_frame && p->message.n + n <= p->message_max);
	if (n) {
		unmask(to, bytes.p, n, p->mask, p->mask_at);
		p->message.n += n;
		p->mask_at = (uint8_t)((p->mask_at + n) & 3);
		p->left -= n;
		if (p->opcode == WS_OP_TEXT && !utf8_feed(&p->utf8, slice_make(to, n))) {
			broken(e, WS_BAD_TEXT, "a text message is not UTF-8");
			return n;
		}
	}
	if (p->left > 0)
		return n;
	p->in_frame = false;
	if (!p->fin)
		return n;
	if (p->opcode == WS_OP_TEXT && p->utf8 != 0) {
		broken(e, WS_BAD_TEXT, "a text message ends inside a character");
		return n;
	}
	e->found = p->opcode == WS_OP_TEXT ? WS_TEXT : WS_BINARY;
	e->payload = p->message.n ? str_slice(&p->message) : SLICE("");
	p->opcode = 0;
	return n;
}

static void data_frame(struct ws_parse *p, const struct head *h, struct ws_event *e)
{
	if (h->length > p->message_max - p->message.n) {
		broken(e, WS_TOO_BIG, "the message is too long");
		return;
	}
	if (h->opcode != WS_OP_CONTINUE) {
		p->opcode = (uint8_t)h->opcode;
		p->utf8 = 0;
	}
	p->left = h->length;
	memcpy(p->mask, h->mask, 4);
	p->mask_at = 0;
	p->fin = h->fin;
	p->in_frame = true;
	p->frames++;
}

size_t ws_parse_feed(struct ws_parse *p, struct slice bytes, struct ws_event *e)
{
	size_t used = 0;

	e->found = WS_MORE;
	e->payload = (struct slice){ 0 };
	if (p->opcode == 0 && !p->in_frame)
		str_clear(&p->message);
	while (e->found == WS_MORE) {
		struct slice rest = { bytes.p + used, bytes.n - used };
		if (!p->in_frame) {
			struct head h = head_read(p, rest, e);
			if (h.size == 0)
				break;
			if (h.opcode >= WS_OP_CLOSE) {
				size_t n = control_frame(&h, rest, e);
				used += n;
				if (n == 0)
					break;
				continue;
			}
			data_frame(p, &h, e);
			used += h.size;
		} else {
			if (rest.n == 0 && p->left > 0)
				break;
			used += data_bytes(p, rest, e);
		}
	}
	return used;
}
