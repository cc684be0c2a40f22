/*
 * What is refused of a request and what is taken, however the bytes are cut: whole, one by one, at
 * random. Each refusal is checked for its status and for saying what was wrong.
 */
#include "net_test.h"

#include "model/limits.h"
#include "net/http_parse.h"

#define OK	"GET / HTTP/1.1\r\nHost: x\r\n"
#define POST	"POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
/* A literal with its length, so that NUL can be in it. */
#define B(lit)                                                                                     \
	{                                                                                          \
		lit, sizeof(lit) - 1                                                               \
	}

struct refused {
	int status;
	struct slice bytes;
	const char *says;
};

static const struct refused refused[] = {
	/* the request line */
	{ 400, B("GET /\r\n\r\n"), "request line" },
	{ 400, B("GET\r\n\r\n"), "request line" },
	{ 400, B("GET / HTTP/1.1 \r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 400, B("GET  / HTTP/1.1\r\nHost: x\r\n\r\n"), "" },
	{ 400, B("GET /  HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 400, B(" GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "" },
	{ 400, B("GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n"), "request line" },
	{ 400, B("GET / HTTP/1.1\nHost: x\n\n"), "bare LF" },
	{ 400, B("GET / HTTP/1.1\rHost: x\r\r"), "CR" },
	{ 400, B("GET / http/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 400, B("GET / HTTP/11\r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 400, B("GET / HTTP/1.10\r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 400, B("GET / HTTP/1,1\r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 400, B("GET / HTTP/+1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 505, B("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 505, B("GET / HTTP/1.2\r\nHost: x\r\n\r\n"), "HTTP/1.1" },
	{ 505, B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP/1.1" },
	{ 400, B("G\0T / HTTP/1.1\r\nHost: x\r\n\r\n"), "control" },
	{ 400, B("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "control" },
	{ 400, B("GE(T / HTTP/1.1\r\nHost: x\r\n\r\n"), "method" },
	{ 501, B("BREW / HTTP/1.1\r\nHost: x\r\n\r\n"), "method" },
	{ 501, B("get / HTTP/1.1\r\nHost: x\r\n\r\n"), "method" },
	{ 501, B("PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n"), "method" },
	{ 405, B("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"), "" },
	{ 405, B("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"), "proxy" },
	{ 400, B("GET foo HTTP/1.1\r\nHost: x\r\n\r\n"), "target" },
	{ 400, B("GET * HTTP/1.1\r\nHost: x\r\n\r\n"), "target" },
	{ 400, B("GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n"), "target" },
	{ 400, B("GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"), "target" },
	{ 400, B("GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n"), "target" },
	{ 400, B("GET /a\\b HTTP/1.1\r\nHost: x\r\n\r\n"), "target" },
	{ 400, B("GET /a\x7f HTTP/1.1\r\nHost: x\r\n\r\n"), "control" },
	{ 400, B("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), "empty lines" },
	{ 400, B("\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), "bare LF" },
	/* Host */
	{ 400, B("GET / HTTP/1.1\r\n\r\n"), "Host" },
	{ 400, B("GET / HTTP/1.1\r\nAccept: x\r\n\r\n"), "Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"), "several Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost: x\r\nhOST: y\r\n\r\n"), "several Host" },
	{ 400, B("GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"), "several Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), "Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), "Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), "Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), "Host" },
	{ 400, B("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), "Host" },
	{ 400, B("GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n"), "another host" },
	{ 400, B("GET http://x@y/ HTTP/1.1\r\nHost: y\r\n\r\n"), "another host" },
	{ 400, B("GET http://x:443/ HTTP/1.1\r\nHost: x\r\n\r\n"), "another host" },
	{ 400, B("GET http:///p HTTP/1.1\r\nHost: x\r\n\r\n"), "another host" },
	{ 400, B("GET http://x:81/ HTTP/1.1\r\nHost: x\r\n\r\n"), "another host" },
	/* field lines */
	{ 400, B(OK " folded: x\r\n\r\n"), "folded" },
	{ 400, B(OK "A: b\r\n\tc\r\n\r\n"), "folded" },
	{ 400, B(OK "A: b\r\n \r\n\r\n"), "folded" },
	{ 400, B("GET / HTTP/1.1\r\n Host: x\r\n\r\n"), "folded" },
	{ 400, B(OK ": empty\r\n\r\n"), "without a name" },
	{ 400, B(OK "nocolon\r\n\r\n"), "colon" },
	{ 400, B(OK "A : b\r\n\r\n"), "name" },
	{ 400, B(OK "A\t: b\r\n\r\n"), "name" },
	{ 400, B(OK "A b: c\r\n\r\n"), "name" },
	{ 400, B(OK "A\"b: c\r\n\r\n"), "name" },
	{ 400, B(OK "\xc3\xa4: c\r\n\r\n"), "name" },
	{ 400, B(OK "A: b\0c\r\n\r\n"), "control" },
	{ 400, B(OK "A: b\x01\r\n\r\n"), "control" },
	{ 400, B(OK "A: b\x0b\r\n\r\n"), "control" },
	{ 400, B(OK "A: b\x7f\r\n\r\n"), "control" },
	{ 400, B(OK "A\0: b\r\n\r\n"), "control" },
	{ 400, B(OK "A: b\rC: d\r\n\r\n"), "CR" },
	{ 400, B(OK "A: b\nC: d\r\n\r\n"), "bare LF" },
	{ 400, B(OK "A: b\r\n\n"), "bare LF" },
	{ 400, B(OK "A: b\n\r\n"), "bare LF" },
	{ 400, B(OK "A: b\r\r\n\r\n"), "CR" },
	{ 417, B(POST "Expect: a-pony\r\nContent-Length: 1\r\n\r\nx"), "100-continue" },
	/* how long is the body? */
	{ 400, B(POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
		"several Content-Length" },
	{ 400, B(POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
		"several Content-Length" },
	{ 400, B(POST "Content-Length: 1, 1\r\n\r\nx"), "Content-Length" },
	{ 400, B(POST "Content-Length: +1\r\n\r\nx"), "Content-Length" },
	{ 400, B(POST "Content-Length: -1\r\n\r\nx"), "Content-Length" },
	{ 400, B(POST "Content-Length: 0x1\r\n\r\nx"), "Content-Length" },
	{ 400, B(POST "Content-Length: 1 1\r\n\r\nx"), "Content-Length" },
	{ 400, B(POST "Content-Length: 1;\r\n\r\nx"), "Content-Length" },
	{ 400, B(POST "Content-Length:\r\n\r\nx"), "Content-Length" },
	{ 400, B(POST "Content-Length: 99999999999999999999\r\n\r\nx"), "Content-Length" },
	{ 400, B(POST "Content-Length : 1\r\n\r\nx"), "name" },
	{ 400, B(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "both" },
	{ 400, B(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), "both" },
	{ 400, B(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
		"several" },
	{ 400, B(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"), "several" },
	{ 400, B(POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
		"Transfer-Encoding" },
	{ 400, B(POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
		"Transfer-Encoding" },
	{ 400, B(POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"), "Transfer-Encoding" },
	{ 400, B(POST "Transfer-Encoding: \"chunked\"\x80\r\n\r\n0\r\n\r\n"), "Transfer-Encoding" },
	{ 400, B(POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), "Transfer-Encoding" },
	{ 400, B(POST "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"), "Transfer-Encoding" },
	{ 400,
		B(POST "Transfer-Encoding: \x0b"
		       "chunked\r\n\r\n0\r\n\r\n"),
		"control" },
	{ 400, B(POST "Transfer-Encoding\r\n: chunked\r\n\r\n0\r\n\r\n"), "colon" },
	{ 400, B(POST " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "folded" },
	{ 501, B(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), "Transfer-Encoding" },
	{ 501, B(POST "Transfer-Encoding: identity\r\n\r\n"), "Transfer-Encoding" },
	{ 501, B(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "Transfer-Encoding" },
	{ 400, B("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "HTTP/1.0" },
	/* chunks */
	{ 400, B(CHUNKED "5\nhello\r\n0\r\n\r\n"), "chunk" },
	{ 400, B(CHUNKED "5\r\nhello\n0\r\n\r\n"), "chunk" },
	{ 400, B(CHUNKED "5\r\nhelloX\r\n0\r\n\r\n"), "chunk" },
	{ 400, B(CHUNKED "5\r\nhell\r\n0\r\n\r\n"), "chunk" },
	{ 400, B(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"), "chunk size" },
	{ 400, B(CHUNKED "+5\r\nhello\r\n0\r\n\r\n"), "chunk size" },
	{ 400, B(CHUNKED "-5\r\nhello\r\n0\r\n\r\n"), "chunk size" },
	{ 400, B(CHUNKED " 5\r\nhello\r\n0\r\n\r\n"), "chunk size" },
	{ 400, B(CHUNKED "5 \r\nhello\r\n0\r\n\r\n"), "chunk size" },
	{ 400, B(CHUNKED "\r\n5\r\nhello\r\n0\r\n\r\n"), "chunk size" },
	{ 400, B(CHUNKED "g\r\nhello\r\n0\r\n\r\n"), "chunk size" },
	{ 400, B(CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n"), "chunk size" },
	{ 400, B(CHUNKED "5;a\nb\r\nhello\r\n0\r\n\r\n"), "chunk" },
	{ 400, B(CHUNKED "5;a\rb\r\nhello\r\n0\r\n\r\n"), "chunk" },
	{ 400, B(CHUNKED "5;\0\r\nhello\r\n0\r\n\r\n"), "chunk" },
	{ 400, B(CHUNKED "5\rhello\r\n0\r\n\r\n"), "chunk" },
	{ 400, B(CHUNKED "0\r\nA: b\n\r\n"), "trailer" },
	{ 400, B(CHUNKED "0\r\nA: b\r\n c\r\n\r\n"), "trailer" },
	{ 400, B(CHUNKED "0\r\nA : b\r\n\r\n"), "trailer" },
	{ 400, B(CHUNKED "0\r\nA: \0\r\n\r\n"), "trailer" },
	{ 400, B(CHUNKED "0\r\nA\r\n\r\n"), "trailer" },
	{ 400, B(CHUNKED "0\r\n\n"), "trailer" },
	{ 400, B(CHUNKED "0\r\n\rX"), "trailer" },
};

struct accepted {
	struct slice bytes;
	const char *body;
	size_t left; /* bytes behind the request */
	bool keep_alive;
};

static const struct accepted accepted[] = {
	{ B(OK "\r\n"), "", 0, true },
	{ B("\r\n" OK "\r\n"), "", 0, true },
	{ B(OK "\r\nGET /next"), "", 9, true },
	{ B("HEAD /a?b=c|d HTTP/1.1\r\nhost:x:80\r\n\r\n"), "", 0, true },
	{ B("GET / HTTP/1.0\r\n\r\n"), "", 0, false },
	{ B("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "", 0, true },
	{ B(OK "Connection: close\r\n\r\n"), "", 0, false },
	{ B("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), "", 0, true },
	{ B("GET http://X:8/p HTTP/1.1\r\nHost: x:8\r\n\r\n"), "", 0, true },
	{ B("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), "", 0, true },
	{ B("GET http://x:80/ HTTP/1.1\r\nHost: X\r\n\r\n"), "", 0, true },
	{ B("GET https://x HTTP/1.1\r\nHost: x:443\r\n\r\n"), "", 0, true },
	{ B(OK "Empty:\r\nA:\tb \t\r\nObs: \xe4\xff\r\n\r\n"), "", 0, true },
	{ B(OK "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81"), "", 1, true },
	{ B(POST "Content-Length: 5\r\n\r\nhelloGET"), "hello", 3, true },
	{ B(POST "Content-Length: 0\r\n\r\n"), "", 0, true },
	{ B(POST "Content-Length:\t5 \t\r\n\r\nhello"), "hello", 0, true },
	{ B(POST "Content-Length: 005\r\n\r\nhello"), "hello", 0, true },
	{ B(POST "\r\nx"), "", 1, true },
	{ B(CHUNKED "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET"), "hello world", 3, true },
	{ B(POST "transfer-encoding: Chunked\r\n\r\nB\r\nhello world\r\n0\r\n\r\n"), "hello world",
		0, true },
	{ B(CHUNKED "5;name=value\r\nhello\r\n000\r\n\r\n\n"), "hello", 1, true },
	{ B(CHUNKED "5\r\nhello\r\n0\r\nDigest: x\r\nMore: y\r\n\r\nGET"), "hello", 3, true },
	{ B(POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx"), "x", 0, true },
	{ B("PUT /a%20b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"), "x", 0, true },
};

static void add_body(struct slice piece, void *arg)
{
	str_add(arg, piece);
}

enum cut { WHOLE, SINGLE, RANDOM };

/* Feeds until nothing more is taken; returns how many bytes were. */
static size_t feed(struct http_parse *p, struct slice bytes, enum cut cut)
{
	size_t used = 0, given = 0;

	while (given < bytes.n || cut == WHOLE) {
		size_t n = cut == WHOLE ? bytes.n : cut == SINGLE ? 1 : (size_t)(rand() % 9 + 1);
		given = given + n < bytes.n ? given + n : bytes.n;
		for (size_t now = 1; now;) {
			/* a copy of exactly that size: the sanitizer sees any step beyond */
			char *copy = slice_dup(slice_make(bytes.p + used, given - used));
			now = http_parse_feed(p, slice_make(copy, given - used));
			free(copy);
			used += now;
		}
		if (given == bytes.n || p->stage == HTTP_AT_END || p->stage == HTTP_AT_REFUSAL)
			break;
	}
	return used;
}

static void name_of(const struct slice bytes, char out[200])
{
	size_t n = 0;

	for (size_t i = 0; i < bytes.n && n < 190; i++)
		n += (size_t)snprintf(out + n, 200 - n,
			bytes.p[i] >= 0x20 && bytes.p[i] < 0x7f ? "%c" : "\\x%02x",
			(unsigned char)bytes.p[i]);
}

static void what_must_be_refused_is_however_it_is_cut(void **state)
{
	char name[200];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		for (int round = 0; round < 20; round++) {
			struct http_parse p;
			http_parse_init(&p, NULL, NULL);
			feed(&p, refused[i].bytes, round < 2 ? (enum cut)round : RANDOM);
			name_of(refused[i].bytes, name);
			if (p.stage != HTTP_AT_REFUSAL)
				fail_msg("accepted (cut %d): %s", round, name);
			if (p.status != refused[i].status || !strstr(p.detail, refused[i].says))
				fail_msg("%d \"%s\", not %d \"%s\" (cut %d): %s", p.status,
					p.detail, refused[i].status, refused[i].says, round, name);
			http_parse_free(&p);
		}
	}
	print_message("%zu refused\n", sizeof(refused) / sizeof(*refused));
}

static void what_is_right_is_taken_however_it_is_cut(void **state)
{
	char name[200];

	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		for (int round = 0; round < 20; round++) {
			const struct accepted *a = &accepted[i];
			struct http_parse p;
			struct str body = { 0 };
			http_parse_init(&p, add_body, &body);
			size_t used = feed(&p, a->bytes, round < 2 ? (enum cut)round : RANDOM);
			name_of(a->bytes, name);
			if (p.stage == HTTP_AT_REFUSAL)
				fail_msg("refused: %s (%s)", p.detail, name);
			if (p.stage != HTTP_AT_END || used != a->bytes.n - a->left)
				fail_msg("stage %d, %zu of %zu used: %s", p.stage, used, a->bytes.n,
					name);
			assert_string_equal(body.p ? body.p : "", a->body);
			assert_int_equal(p.keep_alive, a->keep_alive);
			http_parse_free(&p);
			str_free(&body);
		}
	}
	print_message("%zu accepted\n", sizeof(accepted) / sizeof(*accepted));
}

static struct slice field(const struct http_parse *p, const char *name)
{
	const struct http_field *f = http_parse_field(p, slice_of(name), 0);

	return f ? http_parse_span(p, f->value) : (struct slice){ 0 };
}

static void fields_are_cut_out_without_blanks(void **state)
{
	struct http_parse p;

	(void)state;
	http_parse_init(&p, NULL, NULL);
	feed(&p,
		(struct slice)B("GET /p?q HTTP/1.1\r\nHost: x\r\nA:  b c\t \r\nE:\r\na: 2\r\n\r\n"),
		SINGLE);
	assert_int_equal(p.stage, HTTP_AT_END);
	assert_true(slice_is(http_parse_span(&p, p.method), "GET"));
	assert_true(slice_is(http_parse_span(&p, p.target), "/p?q"));
	assert_true(slice_is(field(&p, "a"), "b c"));
	assert_true(slice_is(field(&p, "E"), ""));
	assert_true(slice_is(http_parse_span(&p, http_parse_field(&p, SLICE("A"), 1)->value), "2"));
	assert_null(http_parse_field(&p, SLICE("A"), 2));
	http_parse_free(&p);
}

static void expect_status(const struct str *s, int status)
{
	for (enum cut cut = WHOLE; cut <= RANDOM; cut++) {
		struct http_parse p;
		http_parse_init(&p, NULL, NULL);
		feed(&p, str_slice(s), cut);
		if (status)
			assert_int_equal(p.status, status);
		else
			assert_int_equal(p.stage, HTTP_AT_END);
		http_parse_free(&p);
	}
}

static void repeat(struct str *s, const char *text, size_t n)
{
	while (n--)
		str_add_text(s, text);
}

static void sizes_are_limited(void **state)
{
	struct str s = { 0 };

	(void)state;
	str_add_text(&s, "GET /");
	repeat(&s, "a", HTTP_TARGET_MAX - 1);
	str_add_text(&s, " HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_status(&s, 0);
	str_clear(&s);
	str_add_text(&s, "GET /");
	repeat(&s, "a", HTTP_TARGET_MAX);
	str_add_text(&s, " HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_status(&s, 414);
	/* a line that never ends is not waited for; of a method alone, too */
	str_clear(&s);
	str_add_text(&s, "GET ");
	repeat(&s, "a", 10000);
	expect_status(&s, 414);
	str_clear(&s);
	repeat(&s, "A", 10000);
	expect_status(&s, 400);
	str_clear(&s);
	str_add_text(&s, OK "A: ");
	repeat(&s, "a", HTTP_LINE_MAX);
	expect_status(&s, 431);
	str_clear(&s);
	str_add_text(&s, OK);
	repeat(&s, "A: b\r\n", HTTP_HEADERS_MAX - 1);
	str_add_text(&s, "\r\n");
	expect_status(&s, 0);
	str_clear(&s);
	str_add_text(&s, OK);
	repeat(&s, "A: b\r\n", HTTP_HEADERS_MAX);
	str_add_text(&s, "\r\n");
	expect_status(&s, 431);
	str_clear(&s);
	str_add_text(&s, OK "A: ");
	repeat(&s, "a", HTTP_LINE_MAX - 100);
	str_add_text(&s, "\r\nB: ");
	repeat(&s, "a", HTTP_LINE_MAX - 100);
	str_add_text(&s, "\r\nC: ");
	repeat(&s, "a", 1000);
	expect_status(&s, 431);
	str_free(&s);
}

static void chunk_framing_is_limited(void **state)
{
	struct str s = { 0 };

	(void)state;
	str_add_text(&s, CHUNKED "5;");
	repeat(&s, "a", HTTP_CHUNK_LINE_MAX + 1);
	expect_status(&s, 400);
	str_clear(&s);
	str_add_text(&s, CHUNKED);
	repeat(&s, "0", 2 * HTTP_HEADER_MAX);
	expect_status(&s, 400);
	str_clear(&s);
	str_add_text(&s, CHUNKED "0\r\n");
	repeat(&s, "A: b\r\n", HTTP_HEADERS_MAX + 1);
	expect_status(&s, 431);
	str_clear(&s);
	str_add_text(&s, CHUNKED "0\r\nA: ");
	repeat(&s, "a", HTTP_HEADER_MAX);
	expect_status(&s, 431);
	/* many one-byte chunks are slow but legal */
	str_clear(&s);
	str_add_text(&s, CHUNKED);
	repeat(&s, "1\r\nx\r\n", 20000);
	str_add_text(&s, "0\r\n\r\n");
	expect_status(&s, 0);
	str_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_be_refused_is_however_it_is_cut),
		cmocka_unit_test(what_is_right_is_taken_however_it_is_cut),
		cmocka_unit_test(fields_are_cut_out_without_blanks),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(chunk_framing_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
