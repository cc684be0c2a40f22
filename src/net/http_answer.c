/*
 * Answers: the status line, the fields that always apply, the handler's own, the body; and what happens to the
 * connection after it. Never calls the handler. Called by handlers and by the server itself for what it refuses.
 */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "base/assert.h"
#include "model/limits.h"
#include "net/http_list.h"
#include "net/http_private.h"

#define STATUSES(STATUS)                                                                           \
	STATUS(200, "OK")                                                                          \
	STATUS(201, "Created")                                                                     \
	STATUS(202, "Accepted")                                                                    \
	STATUS(204, "No Content")                                                                  \
	STATUS(206, "Partial Content")                                                             \
	STATUS(301, "Moved Permanently")                                                           \
	STATUS(302, "Found")                                                                       \
	STATUS(303, "See Other")                                                                   \
	STATUS(304, "Not Modified")                                                                \
	STATUS(307, "Temporary Redirect")                                                          \
	STATUS(308, "Permanent Redirect")                                                          \
	STATUS(400, "Bad Request")                                                                 \
	STATUS(401, "Unauthorized")                                                                \
	STATUS(403, "Forbidden")                                                                   \
	STATUS(404, "Not Found")                                                                   \
	STATUS(405, "Method Not Allowed")                                                          \
	STATUS(406, "Not Acceptable")                                                              \
	STATUS(408, "Request Timeout")                                                             \
	STATUS(409, "Conflict")                                                                    \
	STATUS(410, "Gone")                                                                        \
	STATUS(411, "Length Required")                                                             \
	STATUS(412, "Precondition Failed")                                                         \
	STATUS(413, "Content Too Large")                                                           \
	STATUS(414, "URI Too Long")                                                                \
	STATUS(415, "Unsupported Media Type")                                                      \
	STATUS(416, "Range Not Satisfiable")                                                       \
	STATUS(417, "Expectation Failed")                                                          \
	STATUS(421, "Misdirected Request")                                                         \
	STATUS(422, "Unprocessable Content")                                                       \
	STATUS(426, "Upgrade Required")                                                            \
	STATUS(428, "Precondition Required")                                                       \
	STATUS(429, "Too Many Requests")                                                           \
	STATUS(431, "Request Header Fields Too Large")                                             \
	STATUS(500, "Internal Server Error")                                                       \
	STATUS(501, "Not Implemented")                                                             \
	STATUS(502, "Bad Gateway")                                                                 \
	STATUS(503, "Service Unavailable")                                                         \
	STATUS(504, "Gateway Timeout")                                                             \
	STATUS(505, "HTTP Version Not Supported")                                                  \
	STATUS(507, "Insufficient Storage")

static const char *status_text(int status)
{
	switch (status) {
#define STATUS_CASE(code, text)                                                                    \
	case code:                                                                                 \
		return text;
		STATUSES(STATUS_CASE)
#undef STATUS_CASE
	default:
		return "Status";
	}
}

void http_set(struct http_request *r, const char *name, struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		ASSERT(value.p[i] != '\r' && value.p[i] != '\n' && value.p[i] != 0);
	str_add_text(&r->fields, name);
	str_add_text(&r->fields, ": ");
	str_add(&r->fields, value);
	str_add_text(&r->fields, "\r\n");
}

/* The rest of a body that nobody took is read away when that is cheap; else the connection ends. */
static bool answer_keeps_alive(struct http_request *r)
{
	const struct http_parse *p = &r->parse;

	if (r->close || !p->keep_alive || r->hc->server->draining)
		return false;
	if (p->stage == HTTP_AT_END)
		return true;
	if (p->stage != HTTP_AT_BODY || p->chunked || p->body_length > HTTP_DISCARD_MAX ||
		(p->expects_continue && !r->continued))
		return false;
	r->take = HTTP_TAKE_AWAY;
	conn_read_resume(r->hc->c);
	return true;
}

static void answer_head(struct http_request *r, struct str *out, int status, const char *type,
	struct slice body, bool keep)
{
	str_addf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, status_text(status),
		http_server_date(r->hc->server));
	if (type)
		str_addf(out, "Content-Type: %s\r\n", type);
	if (status != 204 && status != 304)
		str_addf(out, "Content-Length: %zu\r\n", body.n);
	/* same-origin, not no-referrer: with that browsers post forms with "Origin: null". */
	str_add_text(out, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n");
	if (r->hc->server->strict_transport && http_is_tls(r))
		str_add_text(out, "Strict-Transport-Security: max-age=15552000\r\n");
	if (status == 426) /* RFC 9110 15.5.22, RFC 6455 4.4: to what */
		str_add_text(out, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
				  "Connection: Upgrade\r\n");
	if (!keep)
		str_add_text(out, "Connection: close\r\n");
	else if (r->parse.http_1_0)
		str_add_text(out, "Connection: keep-alive\r\n");
	str_add(out, str_slice(&r->fields));
	str_add_text(out, "\r\n");
}

void http_answer(struct http_request *r, int status, const char *content_type, struct slice body)
{
	struct http_conn *hc = r->hc;
	struct str head = { 0 };

	ASSERT(status >= 200 && status <= 599);
	if (r->answered || !hc->c)
		return;
	if (status == 429)
		http_server_told_to_wait(hc->server, r->peer);
	bool keep = answer_keeps_alive(r);
	r->answered = true;
	answer_head(r, &head, status, content_type, body, keep);
	if (slice_is(http_method(r), "HEAD") || status == 204 || status == 304)
		body.n = 0;
	conn_write2(hc->c, str_slice(&head), body);
	str_free(&head);
	uint64_t bytes = conn_output(hc->c);
	http_conn_deadline(hc, hc->server->times.request_us + bytes * 1000000 / LINGER_BYTES_S);
	if (!keep) {
		r->close = true;
		conn_finish(hc->c, "answered");
	}
	loop_soon_wake(hc->server->loop, &r->soon);
}

void http_problem(struct http_request *r, int status, const char *detail)
{
	struct str body = { 0 };

	str_add_text(&body, "{\"type\":\"about:blank\",\"title\":");
	str_add_json(&body, slice_of(status_text(status)));
	str_addf(&body, ",\"status\":%d,\"detail\":", status);
	str_add_json(&body, slice_of(detail));
	str_add_text(&body, "}\n");
	http_answer(r, status, "application/problem+json", str_slice(&body));
	str_free(&body);
}

void http_redirect(struct http_request *r, int status, const char *location)
{
	ASSERT(status >= 300 && status <= 399);
	http_set(r, "Location", slice_of(location));
	http_answer(r, status, NULL, SLICE(""));
}

void http_refused(struct http_request *r)
{
	r->close = true;
	if (r->answered) {
		if (r->hc->c)
			conn_finish(r->hc->c, r->parse.detail);
		return;
	}
	if (r->parse.status == 405)
		http_set(r, "Allow", SLICE(HTTP_METHODS));
	http_problem(r, r->parse.status, r->parse.detail);
}

/* 16 bytes in base64: 22 characters and "==". */
static bool key_is_valid(struct slice key)
{
	unsigned char bytes[24];

	return key.n == 24 && slice_ends(key, SLICE("==")) && key.p[21] != '=' &&
	       EVP_DecodeBlock(bytes, (const unsigned char *)key.p, 24) == 18;
}

static bool upgrade_is_meant(const struct http_request *r)
{
	return http_list_has(http_header(r, "upgrade"), SLICE("websocket")) &&
	       http_list_has(http_header(r, "connection"), SLICE("upgrade"));
}

bool http_is_upgrade(const struct http_request *r)
{
	return slice_is(http_method(r), "GET") && !r->parse.http_1_0 && upgrade_is_meant(r) &&
	       r->parse.stage == HTTP_AT_END && !r->parse.chunked &&
	       slice_is(http_header(r, "sec-websocket-version"), "13") &&
	       key_is_valid(http_header(r, "sec-websocket-key"));
}

void http_upgrade_required(struct http_request *r)
{
	bool version = slice_is(http_header(r, "sec-websocket-version"), "13");

	if (!upgrade_is_meant(r))
		http_problem(r, 426, "a WebSocket is served here: Connection: Upgrade is needed");
	else if (!version)
		http_problem(r, 426, "the WebSocket version must be 13");
	else
		http_problem(r, 400, "the WebSocket upgrade is malformed");
}

/* RFC 6455 4.2.2: what proves that the upgrade was understood. */
void http_switch_protocols(struct http_request *r)
{
	struct str out = { 0 };
	unsigned char digest[SHA_DIGEST_LENGTH], text[32];

	str_add(&out, http_header(r, "sec-websocket-key"));
	str_add_text(&out, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	SHA1((const unsigned char *)out.p, out.n, digest);
	EVP_EncodeBlock(text, digest, sizeof(digest));
	str_clear(&out);
	str_addf(&out,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n",
		(const char *)text);
	str_add(&out, str_slice(&r->fields));
	str_add_text(&out, "\r\n");
	conn_write(r->hc->c, str_slice(&out));
	str_free(&out);
}
