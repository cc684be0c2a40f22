/* See charset.h. */
#include "charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>

enum { TWICE_MAX = 524288 }; /* bytes; letter by letter it costs what a bomb may not */

/* Labels that mean something else in practice. */
static const char *charset_name(const char *label)
{
	static const struct {
		const char *label, *name;
	} aliases[] = { { "iso-8859-1", "windows-1252" }, { "latin1", "windows-1252" },
		{ "us-ascii", NULL }, { "ascii", NULL }, { "ansi_x3.4-1968", NULL },
		{ "unknown-8bit", NULL }, { "x-unknown", NULL }, { "unknown", NULL },
		{ "default", NULL }, { "8bit", NULL }, { "binary", NULL }, { "utf8", "utf-8" },
		{ "x-utf8", "utf-8" }, { "gb2312", "gb18030" }, { "gbk", "gb18030" },
		{ "ks_c_5601-1987", "cp949" }, { "euc-kr", "cp949" }, { "shift_jis", "cp932" },
		{ "x-sjis", "cp932" }, { "cp-1251", "windows-1251" },
		{ "win-1251", "windows-1251" }, { "cp1251", "windows-1251" }, { "koi8", "koi8-r" },
		{ "iso-8859-8-i", "iso-8859-8" }, { "x-mac-cyrillic", "mac-cyrillic" },
		{ "x-cp1251", "windows-1251" }, { "windows1251", "windows-1251" },
		{ "koi8r", "koi8-r" }, { "x-koi8-r", "koi8-r" }, { "koi8-ru", "koi8-u" },
		{ "dos-866", "cp866" }, { "x-cp866", "cp866" }, { "utf_8", "utf-8" },
		{ "unicode-1-1-utf-8", "utf-8" }, { "unicode-1-1-utf-7", "utf-7" },
		{ "x-gbk", "gb18030" }, { "x-gb2312", "gb18030" }, { "big5", "big5-hkscs" },
		{ "x-euc-jp", "euc-jp" }, { "iso-8859-9", "windows-1254" },
		{ "iso-8859-11", "cp874" }, { "tis-620", "cp874" }, { "windows-874", "cp874" } };

	if (!label || !*label)
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
		if (g_ascii_strcasecmp(label, aliases[i].label) == 0)
			return aliases[i].name;
	}
	return label;
}

static bool has_high(const char *p, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (p[i] & 0x80)
			return true;
	}
	return false;
}

/* Labelled UTF-8 and not a bit of it: letters everywhere and hardly a continuation byte. */
static bool never_utf8(const char *p, gsize n)
{
	gsize letters = 0, continuations = 0;

	for (gsize i = 0; i < n; i++) {
		letters += (unsigned char)p[i] >= 0xc0;
		continuations += (unsigned char)p[i] >= 0x80 && (unsigned char)p[i] < 0xc0;
	}
	return letters >= 4 && continuations * 8 < letters;
}

static bool is_one_byte(const char *name)
{
	static const char *const prefixes[] = { "iso-8859", "windows-125", "koi8", "cp125", "ibm",
		"cp866", "mac", NULL };

	for (const char *const *p = prefixes; *p; p++) {
		if (g_ascii_strncasecmp(name, *p, strlen(*p)) == 0)
			return true;
	}
	return false;
}

static void append_valid(GString *out, const char *p, gsize n)
{
	const char *end;

	while (n > 0) {
		if (g_utf8_validate(p, (gssize)n, &end)) {
			g_string_append_len(out, p, (gssize)n);
			return;
		}
		g_string_append_len(out, p, end - p);
		n -= (gsize)(end - p);
		p = end;
		if (*p) /* a NUL is no text */
			g_string_append(out, "\xef\xbf\xbd");
		p++;
		n--;
	}
}

bool charset_convert(GString *out, const char *p, gsize n, const char *name)
{
	iconv_t cd = iconv_open("UTF-8", name);
	char *in = (char *)(uintptr_t)p;
	size_t left = n;

	if (cd == (iconv_t)-1)
		return false;
	for (bool flush = false;;) {
		char buffer[4096], *to = buffer;
		size_t room = sizeof(buffer);
		size_t r = iconv(cd, flush ? NULL : &in, flush ? NULL : &left, &to, &room);
		g_string_append_len(out, buffer, to - buffer);
		if (r == (size_t)-1 && errno == E2BIG)
			continue;
		if (flush)
			break;
		if (r == (size_t)-1 && left > 0) {
			g_string_append(out, "\xef\xbf\xbd");
			in++;
			left--;
		}
		flush = left == 0;
	}
	iconv_close(cd);
	return true;
}

static bool is_western(const char *name)
{
	return g_ascii_strcasecmp(name, "windows-1252") == 0 || g_ascii_strcasecmp(name, "iso-8859-"
											 "15") == 0;
}

/* The byte that `from` writes for c, as programs do that take undefined ones for what they are; -1 for none. */
static int byte_of(iconv_t cd, gunichar c)
{
	char utf8[8], byte, *in = utf8, *to = &byte;
	size_t left = (size_t)g_unichar_to_utf8(c, utf8), room = 1;

	if (iconv(cd, &in, &left, &to, &room) == 0 && room == 0)
		return (unsigned char)byte;
	iconv(cd, NULL, NULL, NULL, NULL);
	return c >= 0x80 && c < 0xa0 ? (int)c : -1;
}

/* UTF-8 that was taken for another charset and encoded again: "РџСЂРё", "Ð¿Ñ€Ð¸". False when it is not, all of it. */
static bool encoded_twice(const GString *text, const char *charset, GString *once)
{
	iconv_t cd = iconv_open(charset, "UTF-8");
	gsize high = 0;
	unsigned owed = 0; /* bytes that belong to the one before */
	bool is = cd != (iconv_t)-1;

	/* A text that was encoded once fails at its second letter. */
	for (const char *c = text->str; is && *c; c = g_utf8_next_char(c)) {
		gunichar u = g_utf8_get_char(c);
		int byte = u < 0x80 ? (int)u : byte_of(cd, u);
		bool follows = byte >= 0x80 && byte < 0xc0;
		is = byte >= 0 && follows == (owed > 0);
		owed = follows ? owed - 1 : byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
		high += u >= 0x80;
		g_string_append_c(once, (char)byte);
	}
	if (cd != (iconv_t)-1)
		iconv_close(cd);
	return is && high >= 4 && g_utf8_validate(once->str, (gssize)once->len, NULL);
}

static void undo_second_encoding(GString *text)
{
	static const char *const names[] = { "windows-1251", "windows-1252" };

	for (gsize i = 0; i < G_N_ELEMENTS(names) && text->len <= TWICE_MAX; i++) {
		GString *once = g_string_new(NULL);
		bool is = encoded_twice(text, names[i], once);
		if (is)
			g_string_assign(text, once->str);
		g_string_free(once, TRUE);
		if (is)
			return;
	}
}

char *charset_in(const char *text, gsize n)
{
	static const char word[] = "charset=";

	for (gsize i = 0; i + sizeof(word) < n; i++) {
		if (g_ascii_strncasecmp(text + i, word, sizeof(word) - 1) != 0)
			continue;
		i += sizeof(word) - 1;
		i += text[i] == '"' || text[i] == '\'';
		gsize from = i;
		while (i < n && (g_ascii_isalnum(text[i]) || strchr("-_", text[i])) && text[i])
			i++;
		return i > from ? g_strndup(text + from, i - from) : NULL;
	}
	return NULL;
}

GString *charset_to_utf8(const char *p, gsize n, const char *label)
{
	GString *out = g_string_sized_new(n + 16);
	const char *name = charset_name(label);
	bool high = has_high(p, n);
	bool utf8 = g_utf8_validate(p, (gssize)n, NULL);

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		append_valid(out, p + 3, n - 3);
		return out;
	}
	if (utf8 && high &&
		(!name || is_one_byte(name) || g_ascii_strcasecmp(name, "utf-8") == 0)) {
		append_valid(out, p, n);
		undo_second_encoding(out);
		return out;
	}
	if (name && high && is_western(name) && charset_is_foreign(p, n))
		name = NULL;
	if (!name && high)
		name = charset_guess(p, n);
	if (name && g_ascii_strcasecmp(name, "utf-8") == 0 && !utf8 && never_utf8(p, n))
		name = charset_guess(p, n);
	bool plain = !name || g_ascii_strcasecmp(name, "utf-8") == 0;
	if (!plain && !charset_convert(out, p, n, name)) /* there is no such charset */
		plain = utf8 || !charset_convert(out, p, n, charset_guess(p, n));
	if (plain)
		append_valid(out, p, n);
	/* iconv may give NULs and, from odd charsets, things that are no UTF-8 text. */
	if (!g_utf8_validate(out->str, (gssize)out->len, NULL)) {
		GString *clean = g_string_sized_new(out->len);
		append_valid(clean, out->str, out->len);
		g_string_free(out, TRUE);
		return clean;
	}
	return out;
}

static gsize quote_depth(const char *p, gsize n)
{
	gsize i = 0;

	while (i < n && p[i] == '>')
		i++;
	return i;
}

GString *flowed_join(const char *text, gsize n, bool delsp)
{
	GString *out = g_string_sized_new(n);
	bool open = false; /* the line before ended softly */
	gsize open_depth = 0;

	while (n > 0) {
		const char *lf = memchr(text, '\n', n);
		gsize whole = lf ? (gsize)(lf - text) + 1 : n, len = lf ? whole - 1 : n;
		if (len && text[len - 1] == '\r')
			len--;
		gsize depth = quote_depth(text, len);
		const char *p = text + depth;
		len -= depth;
		if (len && *p == ' ') { /* stuffed */
			p++;
			len--;
		}
		bool signature = len == 3 && memcmp(p, "-- ", 3) == 0;
		bool soft = len && p[len - 1] == ' ' && !signature;
		if (out->len && !(open && depth == open_depth && !signature))
			g_string_append_c(out, '\n');
		if (depth && !(open && depth == open_depth)) {
			for (gsize i = 0; i < depth; i++)
				g_string_append_c(out, '>');
			g_string_append_c(out, ' ');
		}
		g_string_append_len(out, p, (gssize)(soft && delsp ? len - 1 : len));
		open = soft;
		open_depth = depth;
		text += whole;
		n -= whole;
	}
	return out;
}
