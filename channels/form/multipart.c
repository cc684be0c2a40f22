/*
 * See multipart.h. Called by post.c with pieces of a body, and by the fuzzer.
 *
 *   BETWEEN ──delimiter CRLF──▶ HEADER ──empty line──▶ BODY ──delimiter CRLF──▶ HEADER ...
 *      ▲ preamble                                        └─delimiter "--"──▶ OVER (epilogue ignored)
 *
 * `hold` begins with a line end of our own, so that a delimiter at the first byte looks like any other.
 */
#include "multipart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int wrong(struct multipart *m, const char *why)
{
	m->state = MULTIPART_WRONG;
	m->why = why;
	return 0;
}

static void drop(struct buf *b, size_t n)
{
	if (!n)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

/* ---- parameters: name=token; name="quoted" ---- */

static int is_space(char c)
{
	return c == ' ' || c == '\t';
}

struct param {
	struct usher_str name;
	struct buf value;
};

/* Reads the next parameter of *rest ("; name=value ..."); false at the end or at nonsense. */
static int param_next(struct usher_str *rest, struct param *out)
{
	const char *p = rest->p, *end = rest->p + rest->n;

	out->value.n = 0;
	while (p < end && (is_space(*p) || *p == ';'))
		p++;
	const char *name = p;
	while (p < end && *p != '=' && *p != ';' && !is_space(*p))
		p++;
	out->name = (struct usher_str){ name, (size_t)(p - name) };
	if (p == end || *p != '=' || !out->name.n)
		return 0;
	if (++p < end && *p == '"') {
		for (p++; p < end && *p != '"'; p++) {
			/* Old browsers escape a quote; nobody escapes a backslash (paths are sent as they are). */
			if (*p == '\\' && p + 1 < end && p[1] == '"')
				p++;
			buf_add(&out->value, p, 1);
		}
		if (p == end)
			return 0;
		p++;
	} else {
		while (p < end && *p != ';' && !is_space(*p))
			buf_add(&out->value, p++, 1);
	}
	*rest = (struct usher_str){ p, (size_t)(end - p) };
	return 1;
}

static int name_is(struct usher_str s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

/* ---- file names ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int percent_at(const char *p, size_t n)
{
	if (n < 3 || p[0] != '%' || hex(p[1]) < 0 || hex(p[2]) < 0)
		return -1;
	return hex(p[1]) * 16 + hex(p[2]);
}

/* Browsers write a quote and line ends so, and nothing else: any other percent sign is a percent sign. */
static void browser_decode(struct buf *out, struct usher_str s)
{
	out->n = 0;
	for (size_t i = 0; i < s.n; i++) {
		int c = percent_at(s.p + i, s.n - i);
		char one = (char)c;
		if (c != '"' && c != '\r' && c != '\n') {
			buf_add(out, s.p + i, 1);
			continue;
		}
		buf_add(out, &one, 1);
		i += 2;
	}
}

static void percent_decode(struct buf *out, const char *p, size_t n, int latin1)
{
	for (size_t i = 0; i < n; i++) {
		int c = percent_at(p + i, n - i);
		if (c >= 0)
			i += 2;
		else
			c = (unsigned char)p[i];
		char two[2] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)) }, one = (char)c;
		if (latin1 && c >= 0x80)
			buf_add(out, two, 2);
		else
			buf_add(out, &one, 1);
	}
}

/* RFC 8187: charset'language'percent-encoded. False when it is not that. */
static int extended_value(struct buf *out, struct usher_str v)
{
	const char *first = memchr(v.p, '\'', v.n), *end = v.p + v.n;
	const char *second = first ? memchr(first + 1, '\'', (size_t)(end - first - 1)) : NULL;
	struct usher_str charset = { v.p, first ? (size_t)(first - v.p) : 0 };

	if (!second || (!name_is(charset, "utf-8") && !name_is(charset, "iso-8859-1")))
		return 0;
	percent_decode(out, second + 1, (size_t)(end - second - 1), name_is(charset, "iso-8859-1"));
	return 1;
}

/* The last component, without control characters. */
static void name_make_safe(struct buf *b)
{
	size_t from = 0, to = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] == '/' || b->p[i] == '\\')
			from = i + 1;
	for (size_t i = from; i < b->n; i++)
		if ((unsigned char)b->p[i] >= 0x20 && b->p[i] != 0x7f)
			b->p[to++] = b->p[i];
	b->n = to;
}

/* ---- one part's header ---- */

struct header {
	struct buf name, filename, extended, type;
	int disposed, named, is_file;
};

static void header_free(struct header *h)
{
	buf_free(&h->name);
	buf_free(&h->filename);
	buf_free(&h->extended);
	buf_free(&h->type);
}

static void read_disposition(struct header *h, struct usher_str v)
{
	struct param p = { .name = { NULL, 0 } };
	struct usher_str kind = { v.p, 0 };

	while (kind.n < v.n && v.p[kind.n] != ';' && !is_space(v.p[kind.n]))
		kind.n++;
	h->disposed = name_is(kind, "form-data");
	v.p += kind.n;
	v.n -= kind.n;
	while (param_next(&v, &p)) {
		if (name_is(p.name, "name")) {
			h->named = 1;
			browser_decode(&h->name, buf_str(&p.value));
		} else if (name_is(p.name, "filename")) {
			h->is_file = 1;
			browser_decode(&h->filename, buf_str(&p.value));
		} else if (name_is(p.name, "filename*") && p.value.n) {
			h->is_file = 1;
			h->extended.n = 0;
			if (!extended_value(&h->extended, buf_str(&p.value)))
				h->extended.n = 0;
		}
	}
	buf_free(&p.value);
}

static const char *read_field(struct header *h, struct usher_str line)
{
	const char *colon = memchr(line.p, ':', line.n);

	if (!colon || colon == line.p || is_space(line.p[0]))
		return "a header line of a part is malformed";
	struct usher_str name = { line.p, (size_t)(colon - line.p) };
	struct usher_str v = { colon + 1, line.n - name.n - 1 };
	while (v.n && is_space(v.p[0])) {
		v.p++;
		v.n--;
	}
	if (name_is(name, "content-disposition")) {
		if (h->disposed)
			return "a part has two Content-Dispositions";
		read_disposition(h, v);
	} else if (name_is(name, "content-type")) {
		if (v.n >= 10 && strncasecmp(v.p, "multipart/", 10) == 0)
			return "a part is itself multipart, which forms do not send";
		h->type.n = 0;
		buf_add(&h->type, v.p, v.n);
	} else if (name_is(name, "content-transfer-encoding") && !name_is(v, "binary") &&
		   !name_is(v, "8bit") && !name_is(v, "7bit")) {
		return "a part has a Content-Transfer-Encoding, which forms do not send";
	}
	return NULL;
}

static const char *read_header(struct header *h, const char *p, size_t n)
{
	while (n) {
		const char *end = memmem(p, n, "\r\n", 2);
		size_t len = end ? (size_t)(end - p) : n;
		const char *why = memchr(p, 0, len) ? "a NUL in a part's header"
						    : read_field(h, (struct usher_str){ p, len });
		if (why)
			return why;
		n -= end ? len + 2 : len;
		p += end ? len + 2 : len;
	}
	if (!h->disposed || !h->named)
		return "a part lacks Content-Disposition: form-data with a name";
	return NULL;
}

static int begin_part(struct multipart *m, size_t header_len)
{
	struct header h = { .disposed = 0 };
	const char *why = read_header(&h, m->hold.p, header_len);
	struct buf *file = h.extended.n ? &h.extended : &h.filename;

	if (!why && ++m->parts > MULTIPART_PARTS_MAX)
		why = "there are too many parts";
	if (why) {
		header_free(&h);
		return wrong(m, why);
	}
	name_make_safe(file);
	struct multipart_part part = { .name = buf_str(&h.name),
		.filename = buf_str(file),
		.type = buf_str(&h.type),
		.is_file = h.is_file };
	m->in_part = m->at_start = 1;
	m->state = MULTIPART_BODY;
	m->ops->begin(m->arg, &part);
	header_free(&h);
	return 1;
}

/* ---- the stream ---- */

enum { PADDING_MAX = 64 }; /* blanks behind a delimiter, RFC 2046 allows them */

/* What follows a delimiter: 2 the last one, 1 another part (*skip: bytes up to its header), 0 more bytes are needed, -1 it only
 * looked like one. */
static int after_delimiter(const char *p, size_t n, size_t *skip)
{
	size_t i = 0;

	if (n >= 2 && p[0] == '-' && p[1] == '-')
		return 2;
	while (i < n && is_space(p[i]) && i < PADDING_MAX)
		i++;
	if (i == PADDING_MAX)
		return -1; /* the same wherever the stream was cut */
	if (n - i < 2 && (n == i || p[i] == '\r' || (i == 0 && p[0] == '-')))
		return 0;
	if (p[i] != '\r' || p[i + 1] != '\n')
		return -1;
	*skip = i + 2;
	return 1;
}

static void give(struct multipart *m, size_t n)
{
	if (n && m->in_part)
		m->ops->data(m->arg, (struct usher_str){ m->hold.p, n });
	drop(&m->hold, n);
}

/* Body or preamble: up to the next delimiter. True when there is more to do with what is held. */
static int step_body(struct multipart *m)
{
	size_t from = 0, skip = 0;

	for (;;) {
		const char *hit = m->hold.n > from ? memmem(m->hold.p + from, m->hold.n - from,
							     m->delimiter, m->delimiter_len)
						   : NULL;
		if (!hit) {
			size_t keep = m->delimiter_len - 1;
			give(m, m->hold.n > keep ? m->hold.n - keep : 0);
			return 0;
		}
		size_t at = (size_t)(hit - m->hold.p), after = at + m->delimiter_len;
		int what = after_delimiter(m->hold.p + after, m->hold.n - after, &skip);
		if (what < 0) {
			from = at + 1;
			continue;
		}
		give(m, at);
		if (what == 0)
			return 0;
		if (m->in_part)
			m->ops->end(m->arg);
		m->in_part = 0;
		drop(&m->hold, m->delimiter_len + skip);
		m->state = what == 2 ? MULTIPART_OVER : MULTIPART_HEADER;
		return 1;
	}
}

static int step_header(struct multipart *m)
{
	const char *end = m->hold.n ? memmem(m->hold.p, m->hold.n, "\r\n\r\n", 4) : NULL;
	size_t len;

	if (m->hold.n >= 2 && memcmp(m->hold.p, "\r\n", 2) == 0)
		return begin_part(m, 0); /* no header at all: refused with the reason */
	if (!end && m->hold.n > MULTIPART_HEADER_MAX)
		return wrong(m, "a part's header is too long");
	if (!end)
		return 0;
	len = (size_t)(end - m->hold.p);
	if (len > MULTIPART_HEADER_MAX)
		return wrong(m, "a part's header is too long");
	if (!begin_part(m, len))
		return 0;
	/* The last line end stays: an empty body has its delimiter right there. */
	drop(&m->hold, len + 2);
	return 1;
}

/* The line end before a body is the header's, unless it already begins the delimiter (a part without a body). */
static int step_first(struct multipart *m)
{
	size_t n = m->hold.n < m->delimiter_len ? m->hold.n : m->delimiter_len, skip;
	int what = -1;

	if (memcmp(m->hold.p, m->delimiter, n) == 0) {
		what = n < m->delimiter_len ? 0
					    : after_delimiter(m->hold.p + n, m->hold.n - n, &skip);
		if (what == 0)
			return 0;
	}
	if (what < 0)
		drop(&m->hold, 2);
	m->at_start = 0;
	return 1;
}

int multipart_feed(struct multipart *m, struct usher_str piece)
{
	int more = 1;

	if (m->state == MULTIPART_OVER)
		return 1;
	buf_add(&m->hold, piece.p, piece.n);
	while (more) {
		switch (m->state) {
		case MULTIPART_BETWEEN:
			more = step_body(m);
			break;
		case MULTIPART_HEADER:
			more = step_header(m);
			break;
		case MULTIPART_BODY:
			more = m->at_start ? step_first(m) : step_body(m);
			break;
		case MULTIPART_OVER:
		case MULTIPART_WRONG:
			more = 0;
			break;
		}
	}
	return m->state != MULTIPART_WRONG;
}

int multipart_finish(struct multipart *m)
{
	if (m->state == MULTIPART_WRONG)
		return 0;
	if (m->state != MULTIPART_OVER)
		return wrong(m, "it ends before its last boundary");
	return 1;
}

int multipart_open(
	struct multipart *m, struct usher_str type, const struct multipart_ops *ops, void *arg)
{
	static const char WANT[] = "multipart/form-data";
	struct param p = { .name = { NULL, 0 } };
	struct usher_str rest = type;

	*m = (struct multipart){ .ops = ops, .arg = arg };
	if (type.n < sizeof(WANT) - 1 || strncasecmp(type.p, WANT, sizeof(WANT) - 1) != 0)
		return 0;
	rest.p += sizeof(WANT) - 1;
	rest.n -= sizeof(WANT) - 1;
	while (param_next(&rest, &p))
		if (name_is(p.name, "boundary") && p.value.n &&
			p.value.n <= MULTIPART_BOUNDARY_MAX && !m->delimiter_len) {
			memcpy(m->delimiter, "\r\n--", 4);
			memcpy(m->delimiter + 4, p.value.p, p.value.n);
			m->delimiter_len = 4 + p.value.n;
		}
	buf_free(&p.value);
	if (m->delimiter_len)
		buf_text(&m->hold, "\r\n");
	return m->delimiter_len != 0;
}

void multipart_close(struct multipart *m)
{
	buf_free(&m->hold);
}
