/*
 * Where the new part of a reply ends. The text is looked at line by line, each line folded to lower case
 * once it may matter; the first line that opens a quotation wins:
 *
 *   attribution   On 3 Nov 2025, at 10:00, X <x@y> wrote:          one to four lines, then a quotation
 *   banner        -----Original Message-----                       ____________ in front of a header block
 *   header block  From: / Sent: / To: / Subject:                   three different labels close together
 *   marks         > lines to the end
 *
 * Everything behind is quoted, unless new lines stand there too: then they were answers between the lines
 * (or below the quotation), and nothing may be hidden. The signature is looked for in what is fresh.
 * Pure, no regular expressions; at most JOIN_MAX lines are joined, so time is linear.
 */
#include "text/quote.h"

#include <stdbool.h>

#include "base/utf8.h"
#include "text/lower.h"

enum {
	FOLD_MAX = 400,
	JOIN_MAX = 4,
	BEGINNING_MAX = 32, /* no shorter than the longest of them */
	BLOCK_LINES = 8,
	SIGN_OFF_LINES = 7,
	DEVICE_LINES = 3,
	SIGN_OFF_LINE_MAX = 160
};

/* A line of the text and where the next starts. */
struct line {
	struct slice s; /* without LF */
	size_t next;
};

/* A line, or several joined by spaces, in lower case. */
struct fold {
	char p[FOLD_MAX + 8];
	size_t n;
};

static struct line line_at(struct slice text, size_t at)
{
	struct slice rest = slice_make(text.p + at, text.n - at);
	size_t n = slice_find(rest, '\n');

	return (struct line){ slice_make(rest.p, n), at + n + (n < rest.n) };
}

static bool is_blank(struct slice line)
{
	return slice_trim(line).n == 0;
}

static bool is_marked(struct slice line)
{
	struct slice s = slice_trim(line);

	return s.n > 0 && s.p[0] == '>';
}

/* Without "> > " in front. */
static struct slice unmark(struct slice line)
{
	struct slice s = slice_trim(line);

	while (s.n > 0 && s.p[0] == '>')
		s = slice_trim(slice_make(s.p + 1, s.n - 1));
	return s;
}

static bool fold_add(struct fold *f, struct slice s)
{
	if (f->n && f->n < FOLD_MAX)
		f->p[f->n++] = ' ';
	while (s.n > 0) {
		uint32_t c = (unsigned char)s.p[0];
		size_t n = c < 0x80 ? 1 : utf8_decode(s, &c);
		if (n == 0 || f->n >= FOLD_MAX)
			return false;
		s = slice_make(s.p + n, s.n - n);
		if (c == 0xa0 || c == 0x202f)
			c = ' ';
		f->n += cp_put(f->p + f->n, cp_lower(c));
	}
	return true;
}

static struct slice fold_slice(const struct fold *f)
{
	return slice_trim(slice_make(f->p, f->n));
}

static bool has(struct slice s, const char *part)
{
	size_t n = strlen(part);

	return s.n >= n && memmem(s.p, s.n, part, n);
}

static bool starts_with_any(struct slice s, const char *const *list)
{
	for (; *list; list++) {
		if (slice_starts(s, slice_of(*list)))
			return true;
	}
	return false;
}

static bool ends_with_any(struct slice s, const char *const *list)
{
	for (; *list; list++) {
		if (slice_ends(s, slice_of(*list)))
			return true;
	}
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 10:00, 9.05 am is not worth it */
static bool has_time(struct slice s)
{
	for (size_t i = 1; i + 2 < s.n; i++) {
		if (s.p[i] == ':' && is_digit(s.p[i - 1]) && is_digit(s.p[i + 1]) &&
			is_digit(s.p[i + 2]))
			return true;
	}
	return false;
}

/* 1990..2099, or 03.11.25, 11/3/25, 2025-11-03 */
static bool has_date(struct slice s)
{
	size_t run = 0;

	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && is_digit(s.p[i])) {
			run++;
			continue;
		}
		if (run == 4 && (!memcmp(s.p + i - 4, "20", 2) || !memcmp(s.p + i - 4, "199", 3)))
			return true;
		if ((run == 1 || run == 2) && i + 2 < s.n && strchr("./-", s.p[i]) &&
			is_digit(s.p[i + 1])) {
			size_t j = i + 1;
			while (j < s.n && is_digit(s.p[j]))
				j++;
			if (j + 1 < s.n && s.p[j] == s.p[i] && is_digit(s.p[j + 1]))
				return true;
		}
		run = 0;
	}
	return false;
}

/* --- attribution lines */

static const char *const verbs[] = { "wrote:", "writes:", "написал:", "написала:", "написал(а):",
	"написал (а):", "написали:", "пишет:", "писал:", "писала:", "писал(а):", "schrieb:",
	"a écrit :", "a écrit:", "escribió:", "ha scritto:", "escreveu:", "schreef:", "пише:",
	"написав:", NULL };

static const char *const beginnings[] = { "on ", "le ", "el ", "am ", "il ", "mon", "tue", "wed",
	"thu", "fri", "sat", "sun", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "понедельник",
	"четверг", "суббота", "воскресенье", "пятница", "jan", "feb", "mar", "apr", "may", "jun",
	"jul", "aug", "sep", "oct", "nov", "dec", "пользователь", "от ", NULL };

static bool begins_attribution(struct slice s)
{
	return s.n > 0 && (is_digit(s.p[0]) || starts_with_any(s, beginnings));
}

static bool next_is_marked(struct slice text, size_t at)
{
	while (at < text.n) {
		struct line l = line_at(text, at);
		if (!is_blank(l.s))
			return is_marked(l.s);
		at = l.next;
	}
	return false;
}

static bool is_attribution(struct slice s, struct slice text, size_t next)
{
	if (s.n < 6 || s.p[s.n - 1] != ':')
		return false;
	bool mail = has(s, "@"), date = has_date(s), time = has_time(s);
	if (ends_with_any(s, verbs))
		return (date && (time || mail)) || (mail && time) || next_is_marked(text, next);
	/* Gmail and Yandex in Russian name nobody's deed: "пн, 3 нояб. 2025 г. в 10:00, X <x@y>:" */
	return mail && date && (time || next_is_marked(text, next)) &&
	       (slice_ends(s, SLICE(">:")) || slice_ends(s, SLICE("):")) ||
		       next_is_marked(text, next) || has(s, " от "));
}

/* By its first letters or its last one, so that the lines of an ordinary text are not folded whole. */
static bool may_be_attribution(struct slice line)
{
	struct fold f = { .n = 0 };

	if (slice_ends(line, SLICE(":")))
		return true;
	return fold_add(&f, utf8_truncate(line, BEGINNING_MAX)) &&
	       begins_attribution(fold_slice(&f));
}

/* The end of the attribution that starts at `at`, or 0. */
static size_t attribution_end(struct slice text, size_t at)
{
	struct fold f = { .n = 0 };
	size_t next = at;

	for (unsigned lines = 0; lines < JOIN_MAX && next < text.n; lines++) {
		struct line l = line_at(text, next);
		struct slice line = unmark(l.s);
		if (is_blank(l.s) || (lines == 0 && !may_be_attribution(line)) ||
			!fold_add(&f, line))
			return 0;
		next = l.next;
		if (is_attribution(fold_slice(&f), text, next))
			return next;
	}
	return 0;
}

/* --- banners and header blocks */

static const char *const banners[] = { "original message", "original appointment",
	"исходное сообщение", "оригинальное сообщение", "пересылаемое сообщение",
	"пересланное сообщение", "перенаправленное сообщение", "переадресованное сообщение",
	"forwarded message", "forwarded by", "конец пересылаемого сообщения", "reply message",
	"ursprüngliche nachricht", NULL };

static const char *const begins[] = { "begin forwarded message:",
	"начало переадресованного сообщения:", "начало пересылаемого сообщения:", NULL };

static bool is_banner(struct slice folded)
{
	struct slice s = folded;

	if (starts_with_any(s, begins))
		return true;
	while (s.n > 0 && strchr("-_=* ", s.p[0]))
		s = slice_make(s.p + 1, s.n - 1);
	return folded.n - s.n >= 2 && starts_with_any(s, banners);
}

static bool is_rule(struct slice line)
{
	struct slice s = slice_trim(line);

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '_' && s.p[i] != '-')
			return false;
	}
	return s.n >= 10;
}

struct label {
	const char *name;
	unsigned bit;
};
enum { LABEL_FROM = 1, LABEL_SENT = 2, LABEL_TO = 4, LABEL_SUBJECT = 8, LABEL_COPY = 16 };

static unsigned label_of(struct slice line)
{
	static const struct label labels[] = { { "from:", LABEL_FROM }, { "от:", LABEL_FROM },
		{ "от кого:", LABEL_FROM }, { "отправитель:", LABEL_FROM }, { "von:", LABEL_FROM },
		{ "sent:", LABEL_SENT }, { "date:", LABEL_SENT }, { "дата:", LABEL_SENT },
		{ "отправлено:", LABEL_SENT }, { "отправлен:", LABEL_SENT },
		{ "дата отправки:", LABEL_SENT }, { "gesendet:", LABEL_SENT }, { "to:", LABEL_TO },
		{ "кому:", LABEL_TO }, { "получатель:", LABEL_TO }, { "an:", LABEL_TO },
		{ "subject:", LABEL_SUBJECT }, { "тема:", LABEL_SUBJECT },
		{ "betreff:", LABEL_SUBJECT }, { "cc:", LABEL_COPY }, { "копия:", LABEL_COPY },
		{ "reply-to:", LABEL_COPY } };
	struct fold f = { .n = 0 };
	struct slice s = unmark(line);

	while (s.n > 0 && s.p[0] == '*') /* Outlook's bold as plain text: *From:* */
		s = slice_make(s.p + 1, s.n - 1);
	fold_add(&f, utf8_truncate(s, 64));
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (slice_starts(fold_slice(&f), slice_of(labels[i].name)))
			return labels[i].bit;
	}
	return 0;
}

/* From (or the date, in some) first, and three different ones within a few lines. */
static bool is_header_block(struct slice text, size_t at)
{
	unsigned seen = label_of(line_at(text, at).s), count = 1;

	if (seen != LABEL_FROM && seen != LABEL_SENT)
		return false;
	size_t next = line_at(text, at).next;
	for (unsigned lines = 1; lines < BLOCK_LINES && next < text.n; lines++) {
		struct line l = line_at(text, next);
		unsigned bit = label_of(l.s);
		count += bit && !(seen & bit);
		seen |= bit;
		next = l.next;
	}
	return count >= 3 && (seen & LABEL_FROM);
}

static bool rule_opens_block(struct slice text, size_t at)
{
	size_t next = line_at(text, at).next;

	while (next < text.n && is_blank(line_at(text, next).s))
		next = line_at(text, next).next;
	return next < text.n && is_header_block(text, next);
}

static bool line_is_banner(struct slice line)
{
	struct fold f = { .n = 0 };
	struct slice s = slice_trim(line);

	if (s.n == 0 || s.n > 200)
		return false;
	return fold_add(&f, s) && is_banner(fold_slice(&f));
}

/* --- the signature */

static const char *const device_beginnings[] = { "sent from ", "sent with ", "sent via ",
	"get outlook for ", "скачать outlook для ", "отправлено ", "написано с ", "послано с ",
	NULL };
/* A sentence may begin like that; it names none of these. */
static const char *const device_names[] = { "iphone", "ipad", "mac", "android", "samsung", "galaxy",
	"huawei", "honor", "xiaomi", "redmi", "blackberry", "nokia", "phone", "mobile", "device",
	"outlook", "windows", "mail", "proton", "gmail", "yandex", "почт", "яндекс", "телефон",
	"смартфон", "устройств", "приложени", "мобильн", NULL };

static const char *const sign_offs[] = { "best regards", "kind regards", "with kind regards",
	"warm regards", "regards,", "sincerely", "yours sincerely", "yours truly",
	"yours faithfully", "best wishes", "many thanks,", "с уважением",
	"с наилучшими пожеланиями", "всего доброго", "всего хорошего", "с благодарностью", NULL };

static bool is_delimiter(struct slice line)
{
	struct slice s = slice_trim(line);

	return slice_is(s, "--") || slice_is(s, "—") || slice_is(s, "\xe2\x80\x94 ") ||
	       slice_is(s, "__") || (s.n >= 3 && s.n < 10 && s.p[0] == '_' && s.p[s.n - 1] == '_');
}

static bool line_starts(struct slice line, const char *const *list)
{
	struct fold f = { .n = 0 };
	struct slice s = slice_trim(line);

	if (s.n == 0 || s.n > SIGN_OFF_LINE_MAX)
		return false;
	return fold_add(&f, s) && starts_with_any(fold_slice(&f), list);
}

static bool line_names_device(struct slice line)
{
	struct fold f = { .n = 0 };

	if (!line_starts(line, device_beginnings))
		return false;
	fold_add(&f, slice_trim(line));
	for (const char *const *name = device_names; *name; name++) {
		if (has(fold_slice(&f), *name))
			return true;
	}
	return false;
}

/* At most so many short lines to the end, none of them a question. */
static bool is_short_to_end(struct slice text, size_t at, unsigned lines_max)
{
	unsigned lines = 0;

	while (at < text.n) {
		struct line l = line_at(text, at);
		struct slice s = slice_trim(l.s);
		at = l.next;
		if (s.n == 0)
			continue;
		if (++lines > lines_max || s.n > SIGN_OFF_LINE_MAX || s.p[s.n - 1] == '?')
			return false;
	}
	return true;
}

static bool opens_signature(struct slice text, size_t at)
{
	struct line l = line_at(text, at);

	if (is_delimiter(l.s))
		return true;
	if (line_names_device(l.s))
		return is_short_to_end(text, at, DEVICE_LINES);
	return line_starts(l.s, sign_offs) && is_short_to_end(text, at, SIGN_OFF_LINES);
}

/* --- the parts */

static struct slice trim_lines(struct slice s)
{
	while (s.n > 0 && is_blank(line_at(s, 0).s)) {
		size_t next = line_at(s, 0).next;
		s = slice_make(s.p + next, s.n - next);
	}
	while (s.n > 0 && strchr(" \t\n", s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct slice cut(struct slice text, size_t from, size_t to)
{
	return trim_lines(slice_make(text.p + from, to - from));
}

static void take_signature(struct quote_parts *parts)
{
	struct slice s = parts->fresh;

	for (size_t at = 0; at < s.n; at = line_at(s, at).next) {
		if (!opens_signature(s, at) || is_blank(slice_make(s.p, at)))
			continue;
		parts->signature = cut(s, at, s.n);
		parts->fresh = cut(s, 0, at);
		return;
	}
}

/* What opened the quotation decides whether lines without a mark belong to it. */
enum opening { NOTHING, MARKED, UNMARKED };

static enum opening opens_quotation(struct slice text, size_t at, size_t *body)
{
	struct line l = line_at(text, at);
	size_t end;

	*body = l.next;
	if (is_blank(l.s))
		return NOTHING;
	if ((end = attribution_end(text, at)) > 0) {
		*body = end;
		return next_is_marked(text, end) ? MARKED : UNMARKED;
	}
	if (line_is_banner(l.s) || is_header_block(text, at) ||
		(is_rule(l.s) && rule_opens_block(text, at)))
		return UNMARKED;
	if (is_marked(l.s)) {
		*body = at;
		return MARKED;
	}
	return NOTHING;
}

/* Where the marked lines from `at` end, blank ones between them included. */
static size_t marked_end(struct slice text, size_t at)
{
	size_t end = at;

	while (at < text.n) {
		struct line l = line_at(text, at);
		if (is_marked(l.s))
			end = l.next;
		else if (!is_blank(l.s))
			break;
		at = l.next;
	}
	return end;
}

static bool has_marked(struct slice text)
{
	for (size_t at = 0; at < text.n; at = line_at(text, at).next) {
		if (is_marked(line_at(text, at).s))
			return true;
	}
	return false;
}

/* Text behind the marked lines: a signature ends it, further quotation is quoted, anything else is an answer. */
static struct quote_parts split_marked(struct slice text, size_t start, size_t body)
{
	size_t end = marked_end(text, body), next;
	struct slice below = cut(text, end, text.n);
	struct quote_parts parts = { cut(text, 0, start), { 0 }, cut(text, start, end) };

	if (below.n == 0)
		return parts;
	if (parts.fresh.n && opens_signature(below, 0) && !has_marked(below)) {
		parts.signature = below;
		return parts;
	}
	if (opens_quotation(below, 0, &next) == UNMARKED) {
		parts.quoted = cut(text, start, text.n);
		return parts;
	}
	if (parts.fresh.n == 0 && !has_marked(below)) {
		parts.fresh = below; /* answered below */
		return parts;
	}
	return (struct quote_parts){ trim_lines(text), { 0 }, { 0 } };
}

struct quote_parts quote_split(struct slice text)
{
	struct quote_parts parts = { trim_lines(text), { 0 }, { 0 } };
	enum opening opening = NOTHING;
	size_t start = 0, body = 0;

	for (; start < text.n; start = line_at(text, start).next) {
		opening = opens_quotation(text, start, &body);
		if (opening != NOTHING)
			break;
	}
	if (opening == MARKED)
		parts = split_marked(text, start, body);
	else if (opening == UNMARKED)
		parts = (struct quote_parts){ cut(text, 0, start), { 0 },
			cut(text, start, text.n) };
	if (parts.fresh.n == 0)
		parts = (struct quote_parts){ trim_lines(text), { 0 }, { 0 } };
	if (parts.signature.n == 0)
		take_signature(&parts);
	return parts;
}
