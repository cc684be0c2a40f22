/*
 * Text made safe for where it goes: hexadecimal, JSON, HTML, URL. Each appends to a string and
 * copies whole runs of harmless bytes, since nearly all text is harmless.
 * Declared in str.h; called by whoever writes a frame, a page or an address.
 */
#include "base/str.h"
#include "base/utf8.h"

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

void str_add_hex(struct str *s, struct slice bytes)
{
	char *to = str_reserve(s, bytes.n * 2);

	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		*to++ = hex_lower[c >> 4];
		*to++ = hex_lower[c & 15];
	}
	*to = '\0';
	s->n += bytes.n * 2;
}

/* The letter of a two-character escape, or 0 when there is none. */
static char json_letter(char c)
{
	switch (c) {
	case '"':
	case '\\':
		return c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

static void json_ascii(struct str *s, char c)
{
	char letter = json_letter(c);

	str_add_char(s, '\\');
	if (letter) {
		str_add_char(s, letter);
		return;
	}
	str_add(s, SLICE("u00"));
	str_add_hex(s, slice_make(&c, 1));
}

/* How many bytes at the front can be copied as they are, not looking beyond ASCII. */
static size_t json_plain(struct slice s)
{
	size_t n = 0;

	while (n < s.n) {
		unsigned char c = (unsigned char)s.p[n];
		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			break;
		n++;
	}
	return n;
}

void str_add_json(struct str *s, struct slice text)
{
	str_reserve(s, text.n + 2);
	str_add_char(s, '"');
	while (text.n) {
		size_t n = json_plain(text);
		if (n) {
			str_add(s, slice_make(text.p, n));
		} else if ((unsigned char)text.p[0] < 0x80) {
			n = 1;
			json_ascii(s, text.p[0]);
		} else {
			uint32_t c;
			n = utf8_decode(text, &c);
			if (n == 0) {
				n = utf8_malformed(text);
				str_add(s, SLICE("\xef\xbf\xbd"));
			} else if (c == 0x2028 || c == 0x2029) {
				/* Line ends in JavaScript source, where JSON is sometimes pasted. */
				str_add_text(s, c == 0x2028 ? "\\u2028" : "\\u2029");
			} else {
				str_add(s, slice_make(text.p, n));
			}
		}
		text = slice_make(text.p + n, text.n - n);
	}
	str_add_char(s, '"');
}

/* RFC 3986, 2.3: unreserved. */
static bool url_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void str_add_percent(struct str *s, struct slice text)
{
	str_reserve(s, text.n);
	str_add(s, SLICE(""));
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (url_unreserved(c)) {
			str_add_char(s, c);
			continue;
		}
		str_add_char(s, '%');
		str_add_char(s, hex_upper[(unsigned char)c >> 4]);
		str_add_char(s, hex_upper[(unsigned char)c & 15]);
	}
}
