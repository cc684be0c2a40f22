/*
 * One HTTP/1.1 request from bytes as they come, in pieces of any size: the header as fields, the body as
 * pieces. Pure: no sockets, no clock. Everything doubtful is refused with a status and a sentence;
 * how the bytes were cut into pieces never changes the outcome.
 *
 *   HTTP_AT_HEAD ── header complete ──▶ HTTP_AT_BODY ── body complete ──▶ HTTP_AT_END
 *       └───────────────┴──▶ HTTP_AT_REFUSAL (status, detail): the connection cannot go on
 */
#ifndef USHER_NET_HTTP_PARSE_H
#define USHER_NET_HTTP_PARSE_H

#include <llhttp.h>

#include "base/str.h"

enum http_stage { HTTP_AT_HEAD, HTTP_AT_BODY, HTTP_AT_END, HTTP_AT_REFUSAL };

/* Offsets into `raw`. */
struct http_span {
	uint32_t at, n;
};
struct http_field {
	struct http_span name, value; /* the value without blanks at its ends */
};
struct http_parse {
	enum http_stage stage;
	/* The header; whole from HTTP_AT_BODY on. */
	struct str raw;
	struct http_span method, target;
	struct http_field *fields;
	size_t field_count, field_cap;
	bool http_1_0;
	bool keep_alive; /* the client's wish, by version and Connection */
	bool chunked;
	bool expects_continue;
	uint64_t body_length; /* said by Content-Length; 0 without */
	/* HTTP_AT_REFUSAL */
	int status;
	const char *detail; /* a literal */

	/* Pieces of the body, from inside http_parse_feed. */
	void (*body)(struct slice piece, void *arg);
	void *arg;

	/* private */
	llhttp_t parser;
	size_t line;	  /* where the unfinished line starts in raw */
	size_t scanned;	  /* bytes of raw that were looked at */
	size_t skipped;	  /* empty lines before the request line */
	size_t extension; /* bytes of this chunk's extension */
	size_t trailer;	  /* bytes of the trailer's unfinished line */
	size_t trailers;  /* its lines */
	size_t trailer_bytes;
	uint64_t taken, given; /* bytes of the framed body, and of them payload */
	bool in_trailer, complete, head_complete;
	char last; /* byte, in the trailer */
};

void http_parse_init(struct http_parse *p, void (*body)(struct slice piece, void *arg), void *arg);
void http_parse_free(struct http_parse *p);
/* Consumes bytes of this stage and returns how many; stops where a stage ends, so that the caller
 * looks at the header before the body is fed. 0 in HTTP_AT_END and HTTP_AT_REFUSAL. */
size_t http_parse_feed(struct http_parse *p, struct slice bytes);
static inline struct slice http_parse_span(const struct http_parse *p, struct http_span s)
{
	return s.n ? (struct slice){ p->raw.p + s.at, s.n } : (struct slice){ 0 };
}
/* The n-th field of that name (any case), or NULL. */
const struct http_field *http_parse_field(const struct http_parse *p, struct slice name, size_t n);

#endif
