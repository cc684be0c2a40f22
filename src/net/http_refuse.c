/*
 * The refusals, by RFC 9110 and 9112 read strictly: request line, field lines, and the fields whose
 * combination decides where a request ends or whom it is for. Never repairs anything.
 */
#include "net/http_refuse.h"

#include <strings.h>

#include "model/limits.h"

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && (s.p[i] == 0 || !strchr("!#$%&'*+-.^_`|~", s.p[i])))
			return false;
	}
	return s.n > 0;
}

static void refuse_method(struct http_parse *p, struct slice method)
{
	static const char *const served[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
		"OPTIONS" };

	for (size_t i = 0; i < sizeof(served) / sizeof(*served); i++) {
		if (slice_is(method, served[i]))
			return;
	}
	if (!is_token(method))
		http_refuse(p, 400, "the method is not a word");
	else if (slice_is(method, "CONNECT") || slice_is(method, "TRACE"))
		http_refuse(p, 405, "this server is no proxy and echoes nothing");
	else
		http_refuse(p, 501, "the method is not known here");
}

static void refuse_target(struct http_parse *p, struct slice method, struct slice target)
{
	if (target.n > HTTP_TARGET_MAX) {
		http_refuse(p, 414, "the request target is too long");
		return;
	}
	for (size_t i = 0; i < target.n; i++) {
		unsigned char c = (unsigned char)target.p[i];
		if (c <= 0x20 || c >= 0x7f || c == '#' || c == '"' || c == '<' || c == '>' ||
			c == '\\') {
			http_refuse(p, 400, "a byte in the request target must be percent-encoded");
			return;
		}
	}
	bool absolute = (target.n > 7 && strncasecmp(target.p, "http://", 7) == 0) ||
			(target.n > 8 && strncasecmp(target.p, "https://", 8) == 0);
	bool star = slice_is(target, "*") && slice_is(method, "OPTIONS");
	if (target.n == 0 || (target.p[0] != '/' && !absolute && !star))
		http_refuse(p, 400, "the request target must be a path or an http URL");
}

static void refuse_version(struct http_parse *p, struct slice version)
{
	bool shaped = version.n == 8 && slice_starts(version, SLICE("HTTP/")) &&
		      version.p[6] == '.' && version.p[5] >= '0' && version.p[5] <= '9' &&
		      version.p[7] >= '0' && version.p[7] <= '9';

	if (!shaped)
		http_refuse(p, 400, "the request line must end in HTTP/1.1");
	else if (slice_is(version, "HTTP/1.0"))
		p->http_1_0 = true;
	else if (!slice_is(version, "HTTP/1.1"))
		http_refuse(p, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
}

void http_refuse_request_line(struct http_parse *p, struct slice line)
{
	struct slice rest = line;
	struct slice method = slice_cut(&rest, ' ');
	struct slice target = rest.p ? slice_cut(&rest, ' ') : (struct slice){ 0 };

	if (!rest.p) {
		http_refuse(p, 400, "the request line must be: method, target, HTTP/1.1");
		return;
	}
	refuse_version(p, rest);
	refuse_method(p, method);
	refuse_target(p, method, target);
	p->method = (struct http_span){ (uint32_t)(method.p - p->raw.p), (uint32_t)method.n };
	p->target = (struct http_span){ (uint32_t)(target.p - p->raw.p), (uint32_t)target.n };
}

void http_refuse_field_line(struct http_parse *p, struct slice line)
{
	size_t colon = slice_find(line, ':');

	if (line.p[0] == ' ' || line.p[0] == '\t')
		http_refuse(p, 400, "a folded header line");
	else if (colon == line.n)
		http_refuse(p, 400, "a header line without a colon");
	else if (colon == 0)
		http_refuse(p, 400, "a header field without a name");
	else if (!is_token(slice_make(line.p, colon)))
		http_refuse(p, 400, "a header field's name has a byte that does not belong there");
	else if (p->field_count == HTTP_HEADERS_MAX)
		http_refuse(p, 431, "too many header fields");
}

/* The only field of that name; refused when there are several. */
static struct slice single(struct http_parse *p, struct slice name, const char *several)
{
	const struct http_field *f = http_parse_field(p, name, 0);

	if (!f)
		return (struct slice){ 0 };
	if (http_parse_field(p, name, 1))
		http_refuse(p, 400, several);
	struct slice value = http_parse_span(p, f->value);
	return value.n ? value : SLICE("");
}

static bool host_is_valid(struct slice host)
{
	size_t colon = host.n;
	bool bracketed = host.n > 2 && host.p[0] == '[';

	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];
		if (!is_alnum(c) &&
			(c == 0 || !strchr(bracketed ? "[]:.%" : "-._~:%!$&'()*+;=", c)))
			return false;
	}
	for (size_t i = host.n; i > 0 && host.p[i - 1] != ']'; i--) {
		if (host.p[i - 1] == ':')
			colon = i - 1;
	}
	if (bracketed && host.p[colon - 1] != ']')
		return false;
	for (size_t i = colon + 1; i < host.n; i++) {
		if (host.p[i] < '0' || host.p[i] > '9')
			return false;
	}
	return colon > 0;
}

/* "a:80" and "a:" are "a" where 80 is usual (RFC 9110 4.2.3). */
static struct slice without_usual(struct slice host, struct slice port)
{
	if (slice_ends(host, port))
		return slice_make(host.p, host.n - port.n);
	return slice_ends(host, SLICE(":")) ? slice_make(host.p, host.n - 1) : host;
}

/* RFC 9112 3.2: exactly one Host, and an absolute target must name the same. */
static void refuse_host(struct http_parse *p)
{
	struct slice host = single(p, SLICE("host"), "several Host fields");
	struct slice target = http_parse_span(p, p->target);

	if (!host.p && p->http_1_0)
		return;
	if (!host.p)
		http_refuse(p, 400, "the Host field is missing");
	else if (!host_is_valid(host))
		http_refuse(p, 400, "the Host field is not a host name with an optional port");
	if (p->stage == HTTP_AT_REFUSAL || target.p[0] == '/' || target.p[0] == '*')
		return;
	bool https = strncasecmp(target.p, "https", 5) == 0;
	struct slice port = https ? SLICE(":443") : SLICE(":80");
	size_t skip = https ? 8 : 7;
	struct slice authority = { target.p + skip, target.n - skip };
	size_t end = 0;
	while (end < authority.n && authority.p[end] != '/' && authority.p[end] != '?')
		end++;
	authority.n = end;
	if (!slice_equal_nocase(without_usual(authority, port), without_usual(host, port)))
		http_refuse(p, 400, "the request target names another host than the Host field");
}

/* RFC 9112 6.1: a list of codings that could be meant is 501, anything else 400. */
static void refuse_coding(struct http_parse *p, struct slice coding)
{
	bool chunked_last = false;

	if (slice_equal_nocase(coding, SLICE("chunked")))
		return;
	for (struct slice rest = coding; rest.p;) {
		struct slice one = slice_trim(slice_cut(&rest, ','));
		if (chunked_last || !is_token(one)) {
			http_refuse(p, 400, "the Transfer-Encoding is malformed");
			return;
		}
		chunked_last = slice_equal_nocase(one, SLICE("chunked"));
	}
	http_refuse(p, 501, "the only Transfer-Encoding taken is chunked");
}

static void refuse_framing(struct http_parse *p)
{
	struct slice length = single(p, SLICE("content-length"), "several Content-Length fields");
	struct slice coding =
		single(p, SLICE("transfer-encoding"), "several Transfer-Encoding fields");
	uint64_t n;

	if (length.p && coding.p)
		http_refuse(p, 400, "both Content-Length and Transfer-Encoding");
	else if (coding.p && p->http_1_0)
		http_refuse(p, 400, "Transfer-Encoding in an HTTP/1.0 request");
	else if (coding.p)
		refuse_coding(p, coding);
	else if (length.p && !slice_u64(length, &n))
		http_refuse(p, 400, "the Content-Length is not a number");
}

void http_refuse_head(struct http_parse *p)
{
	refuse_host(p);
	refuse_framing(p);
	struct slice expect = single(p, SLICE("expect"), "several Expect fields");
	if (!expect.p || p->http_1_0)
		return;
	if (slice_equal_nocase(expect, SLICE("100-continue")))
		p->expects_continue = true;
	else
		http_refuse(p, 417, "the only expectation met is 100-continue");
}
