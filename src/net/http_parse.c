/*
 * The header is looked at twice: by our line scanner, which refuses what must not pass and cuts out the
 * fields, and by llhttp in strict mode, which also frames the body. Both must agree on where the
 * header ends. Never lenient, never guesses: a request that two servers could read differently is
 * refused (RFC 9112). Called by http_server.c and the fuzzer.
 *
 *   raw:  GET /path HTTP/1.1\r\n Host: a\r\n Accept: b\r\n \r\n
 *         └method └target        └name└value ...          └ scanned, then given to llhttp at once
 */
#include "net/http_parse.h"

#include <stdlib.h>

#include "base/assert.h"
#include "model/limits.h"
#include "net/http_refuse.h"

/* NUL and the other control bytes but HTAB. */
static bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static int on_headers_complete(llhttp_t *parser)
{
	struct http_parse *p = parser->data;

	if (!p->in_trailer) {
		p->head_complete = true;
		/* We decide about upgrades: without this llhttp would stop parsing here. */
		parser->upgrade = 0;
	}
	return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
	struct http_parse *p = parser->data;

	p->given += n;
	if (p->body)
		p->body(slice_make(at, n), p->arg);
	return 0;
}

static int on_message_complete(llhttp_t *parser)
{
	((struct http_parse *)parser->data)->complete = true;
	return HPE_PAUSED;
}

static int on_extension(llhttp_t *parser, const char *at, size_t n)
{
	struct http_parse *p = parser->data;

	(void)at;
	p->extension += n;
	return p->extension > HTTP_CHUNK_LINE_MAX ? HPE_USER : 0;
}

/* Before the trailer llhttp pauses: its lines go through our scanner as the header's did. */
static int on_chunk_header(llhttp_t *parser)
{
	struct http_parse *p = parser->data;

	p->extension = 0;
	if (parser->content_length != 0)
		return 0;
	p->in_trailer = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
	.on_chunk_header = on_chunk_header,
	.on_chunk_extension_name = on_extension,
	.on_chunk_extension_value = on_extension,
};

void http_parse_init(struct http_parse *p, void (*body)(struct slice piece, void *arg), void *arg)
{
	*p = (struct http_parse){ .body = body, .arg = arg };
	/* llhttp takes a pointer without const and only reads it. */
	llhttp_init(&p->parser, HTTP_REQUEST, (llhttp_settings_t *)(uintptr_t)&settings);
	p->parser.data = p;
}

void http_parse_free(struct http_parse *p)
{
	str_free(&p->raw);
	free(p->fields);
	p->fields = NULL;
	p->field_count = p->field_cap = 0;
}

void http_refuse(struct http_parse *p, int status, const char *detail)
{
	if (p->stage == HTTP_AT_REFUSAL)
		return;
	p->stage = HTTP_AT_REFUSAL;
	p->status = status;
	p->detail = detail;
}

const struct http_field *http_parse_field(const struct http_parse *p, struct slice name, size_t n)
{
	for (size_t i = 0; i < p->field_count; i++) {
		if (!slice_equal_nocase(http_parse_span(p, p->fields[i].name), name))
			continue;
		if (n-- == 0)
			return &p->fields[i];
	}
	return NULL;
}

static void head_field(struct http_parse *p, struct slice line)
{
	struct slice name = slice_make(line.p, slice_find(line, ':'));
	struct slice value = { line.p + name.n + 1, line.n - name.n - 1 };

	/* A tab behind a value is a blank (RFC 9110 5.5), also to llhttp, which knows none there. */
	for (char *end = p->raw.p + (line.p - p->raw.p) + line.n;
		end[-1] == '\t' || end[-1] == ' ';)
		*--end = ' ';
	value = slice_trim(value);
	if (p->field_count == p->field_cap) {
		p->field_cap = p->field_cap ? 2 * p->field_cap : 16;
		p->fields = mem_resize(p->fields, p->field_cap, sizeof(*p->fields));
	}
	p->fields[p->field_count++] = (struct http_field){
		.name = { (uint32_t)(name.p - p->raw.p), (uint32_t)name.n },
		.value = { value.n ? (uint32_t)(value.p - p->raw.p) : 0, (uint32_t)value.n },
	};
}

/* The header is complete for us; now for llhttp, which then knows how the body is framed. */
static void head_done(struct http_parse *p, size_t end)
{
	http_refuse_head(p);
	if (p->stage == HTTP_AT_REFUSAL)
		return;
	llhttp_errno_t error = llhttp_execute(&p->parser, p->raw.p, end);
	if ((error != HPE_OK && error != HPE_PAUSED) || !p->head_complete) {
		http_refuse(p, 400, "the request's header is malformed");
		return;
	}
	p->keep_alive = llhttp_should_keep_alive(&p->parser) != 0;
	p->chunked = (p->parser.flags & F_CHUNKED) != 0;
	/* llhttp has begun to count a body down: its number is what it will take. */
	p->body_length = p->chunked || p->complete ? 0 : p->parser.content_length;
	p->stage = p->complete ? HTTP_AT_END : HTTP_AT_BODY;
}

/* One line of the header, without its CRLF; true when it was the empty one at the end. */
static bool head_line(struct http_parse *p, struct slice line)
{
	bool first = p->method.n == 0;

	if (line.n == 0 && !first)
		return true;
	if (line.n == 0) {
		/* RFC 9112 2.2: one left over from a sloppy client's last body. */
		if (++p->skipped > 1)
			http_refuse(p, 400, "empty lines before the request line");
	} else if (first) {
		http_refuse_request_line(p, line);
	} else {
		http_refuse_field_line(p, line);
		if (p->stage != HTTP_AT_REFUSAL)
			head_field(p, line);
	}
	return false;
}

static void head_limits(struct http_parse *p)
{
	size_t line = p->scanned - p->line;

	if (p->method.n == 0 && line > HTTP_TARGET_MAX + 48) {
		/* Without a blank it is no target yet that is too long. */
		if (slice_find(slice_make(p->raw.p + p->line, line), ' ') == line)
			http_refuse(p, 400, "the request line does not begin with a method");
		else
			http_refuse(p, 414, "the request line is too long");
	} else if (line > HTTP_LINE_MAX)
		http_refuse(p, 431, "a header field is too long");
	else if (p->scanned > HTTP_HEADER_MAX)
		http_refuse(p, 431, "the request's header is too long");
}

/* Looks at each byte of the header once; returns how many bytes of the input belong to it. */
static size_t feed_head(struct http_parse *p, struct slice bytes)
{
	size_t before = p->scanned;
	size_t room = HTTP_HEADER_MAX + 1 - before;

	str_add(&p->raw, slice_make(bytes.p, bytes.n < room ? bytes.n : room));
	while (p->scanned < p->raw.n && p->stage == HTTP_AT_HEAD) {
		char c = p->raw.p[p->scanned++];
		bool after_cr = p->scanned - p->line >= 2 && p->raw.p[p->scanned - 2] == '\r';

		if (after_cr && c != '\n') {
			http_refuse(p, 400, "a CR without LF in the header");
		} else if (c == '\n' && !after_cr) {
			http_refuse(p, 400, "a line of the header ends in a bare LF");
		} else if (c == '\n') {
			size_t n = p->scanned - p->line - 2;
			bool end = head_line(p, slice_make(p->raw.p + p->line, n));
			p->line = p->scanned;
			if (end)
				head_done(p, p->scanned);
		} else if (c != '\r' && is_control(c)) {
			http_refuse(p, 400, "a control byte in the header");
		} else {
			head_limits(p);
		}
	}
	/* What follows the header is not ours yet. */
	p->raw.n = p->scanned;
	return p->scanned - before;
}

static void refuse_body(struct http_parse *p, llhttp_errno_t error)
{
	if (error == HPE_USER)
		http_refuse(p, 400, "a chunk extension is too long");
	else if (error == HPE_INVALID_CHUNK_SIZE)
		http_refuse(p, 400, "a chunk size is not a hexadecimal number");
	else if (p->in_trailer)
		http_refuse(p, 400, "the trailer is malformed");
	else
		http_refuse(p, 400, "the chunked body is malformed");
}

/* A byte of the trailer by the header's rules; the fields are not kept. */
static void trailer_byte(struct http_parse *p, char c)
{
	char last = p->last;

	p->last = c;
	p->trailers += c == '\n';
	if (++p->trailer_bytes > HTTP_HEADER_MAX || p->trailers > HTTP_HEADERS_MAX)
		http_refuse(p, 431, "the trailer is too long");
	else if ((last == '\r') != (c == '\n'))
		http_refuse(p, 400, "a line of the trailer does not end in CR LF");
	else if (c != '\r' && c != '\n' && is_control(c))
		http_refuse(p, 400, "a control byte in the trailer");
	else if (p->trailer == 0 && (c == ' ' || c == '\t'))
		http_refuse(p, 400, "a folded line in the trailer");
	p->trailer = c == '\n' ? 0 : p->trailer + 1;
}

/* Framing is counted where the body crosses these offsets, so that it does not matter how the bytes
 * were cut. */
enum { CHUNK_STEP = 4096 };

static size_t feed_body(struct http_parse *p, struct slice bytes)
{
	size_t n = bytes.n;

	if (p->in_trailer) {
		trailer_byte(p, bytes.p[0]);
		if (p->stage == HTTP_AT_REFUSAL)
			return 1;
		n = 1;
	} else if (p->chunked && n > CHUNK_STEP - p->taken % CHUNK_STEP) {
		n = CHUNK_STEP - (size_t)(p->taken % CHUNK_STEP);
	}
	llhttp_errno_t error = llhttp_execute(&p->parser, bytes.p, n);
	if (error == HPE_PAUSED) {
		const char *at = llhttp_get_error_pos(&p->parser);
		ASSERT(at >= bytes.p && at <= bytes.p + n);
		n = (size_t)(at - bytes.p);
		llhttp_resume(&p->parser);
	} else if (error != HPE_OK) {
		refuse_body(p, error);
		return n;
	}
	p->taken += n;
	if (p->complete)
		p->stage = HTTP_AT_END;
	else if (p->chunked && !p->in_trailer && p->taken % CHUNK_STEP == 0 &&
		 p->taken - p->given > HTTP_HEADER_MAX + 16 * p->given)
		http_refuse(p, 400, "the body is nearly nothing but chunk framing");
	return n;
}

size_t http_parse_feed(struct http_parse *p, struct slice bytes)
{
	size_t used = 0;

	if (p->stage == HTTP_AT_HEAD)
		return bytes.n ? feed_head(p, bytes) : 0;
	while (p->stage == HTTP_AT_BODY && used < bytes.n)
		used += feed_body(p, slice_make(bytes.p + used, bytes.n - used));
	return used;
}
