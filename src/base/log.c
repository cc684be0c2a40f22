/*
 * One event, one line, one write(2): lines of several threads never mix. The format is walked here
 * rather than handed to printf whole, because a value may come from a stranger: what stands behind
 * `key=` is quoted when it has blanks or quotes, and no value can start a new line or a new field.
 * Never called by the pure layers. A line that cannot be written is lost: logging must not stop work.
 */
#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { LOG_LINE_MAX = 4096 };

static _Atomic int log_least = LOG_INFO;
static _Atomic bool log_relayed;

void log_set_level(enum log_level least)
{
	atomic_store(&log_least, (int)least);
}

void log_set_relayed(void)
{
	atomic_store(&log_relayed, true);
}

/* What JSON lets through and a terminal or an editor obeys: C1 controls, ends of lines, turns of the direction. */
static bool log_is_obeyed(uint32_t c)
{
	return (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* Whether logfmt can carry the value bare. */
static bool log_bare(struct slice v)
{
	bool bare = v.n > 0;

	for (uint32_t c; bare && v.n;) {
		size_t n = utf8_decode(v, &c);
		bare = n && c > ' ' && c != '"' && c != '=' && c != '\\' && !log_is_obeyed(c);
		v = slice_make(v.p + n, v.n - n);
	}
	return bare;
}

static void log_quote(struct str *out, struct slice v)
{
	struct str json = { 0 };
	uint32_t c;

	str_add_json(&json, v);
	for (struct slice rest = str_slice(&json); rest.n;) {
		size_t n = utf8_decode(rest, &c);
		if (log_is_obeyed(c))
			str_addf(out, "\\u%04x", (unsigned)c);
		else
			str_add(out, slice_make(rest.p, n));
		rest = slice_make(rest.p + n, rest.n - n);
	}
	str_free(&json);
}

static void log_value(struct str *out, struct slice v, bool after_key)
{
	if (after_key) {
		if (log_bare(v))
			str_add(out, v);
		else
			log_quote(out, v);
		return;
	}
	/* In the words: the same escapes, without the quotes around. */
	struct str quoted = { 0 };
	log_quote(&quoted, v);
	str_add(out, slice_make(quoted.p + 1, quoted.n - 2));
	str_free(&quoted);
}

/* One conversion of the format, e.g. "%-5.*s": its text with numbers for `*`. */
struct log_spec {
	char text[32]; /* "%08", then the length and the conversion are appended */
	int longs;     /* l = 1, ll and j and z and t = 2: all 64 bits here */
	char conversion;
};

static const char *log_spec_read(const char *f, struct log_spec *s, va_list *ap)
{
	struct str text = { 0 };

	*s = (struct log_spec){ 0 };
	str_add_char(&text, *f++); /* % */
	for (; *f && strchr("-+ #0123456789.*", *f); f++) {
		if (*f != '*') {
			str_add_char(&text, *f);
			continue;
		}
		int star = va_arg(*ap, int);
		if (star < 0 && text.p[text.n - 1] == '.')
			text.n--; /* a negative precision counts as none */
		else
			str_add_i64(&text, star);
	}
	for (; *f && strchr("hlzjt", *f); f++)
		s->longs += *f == 'l' ? 1 : *f == 'h' ? 0 : 2;
	ASSERT(*f && text.n < sizeof(s->text) - 4);
	memcpy(s->text, text.p, text.n); /* the rest is zero */
	str_free(&text);
	s->conversion = *f++;
	return f;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the parts come from a checked literal */

static void log_number(struct str *out, struct log_spec *s, va_list *ap)
{
	size_t n = strlen(s->text);
	bool is_signed = s->conversion == 'd' || s->conversion == 'i';

	s->text[n++] = 'j';
	s->text[n++] = s->conversion;
	s->text[n] = '\0';
	if (is_signed)
		str_addf(out, s->text,
			(intmax_t)(s->longs == 0   ? va_arg(*ap, int)
				   : s->longs == 1 ? va_arg(*ap, long)
						   : va_arg(*ap, long long)));
	else
		str_addf(out, s->text,
			(uintmax_t)(s->longs == 0   ? va_arg(*ap, unsigned)
				    : s->longs == 1 ? va_arg(*ap, unsigned long)
						    : va_arg(*ap, unsigned long long)));
}

static void log_text(struct str *out, struct log_spec *s, va_list *ap, bool after_key)
{
	const char *v = va_arg(*ap, const char *);
	size_t n = strlen(s->text);
	struct str text = { 0 };

	s->text[n++] = 's';
	s->text[n] = '\0';
	str_addf(&text, s->text, v ? v : "(none)");
	log_value(out, str_slice(&text), after_key);
	str_free(&text);
}

#pragma GCC diagnostic pop

static void log_format(struct str *out, const char *f, va_list *ap)
{
	const char *start = f;
	struct log_spec spec;

	while (*f) {
		if (*f != '%') {
			str_add_char(out, *f++);
			continue;
		}
		bool after_key = f > start && f[-1] == '=';
		if (f[1] == '%') {
			str_add_char(out, '%');
			f += 2;
			continue;
		}
		f = log_spec_read(f, &spec, ap);
		if (spec.conversion == 's') {
			log_text(out, &spec, ap, after_key);
		} else if (spec.conversion == 'c') {
			char c = (char)va_arg(*ap, int);
			log_value(out, slice_make(&c, 1), after_key);
		} else if (spec.conversion == 'p') {
			str_addf(out, "%p", va_arg(*ap, void *));
		} else if (strchr("eEfFgGaA", spec.conversion)) {
			str_addf(out, "%g", va_arg(*ap, double));
		} else {
			ASSERT(strchr("diouxX", spec.conversion));
			log_number(out, &spec, ap);
		}
	}
}

static void log_time(struct str *out)
{
	uint64_t now_us = clock_wall_us();
	time_t s = (time_t)(now_us / 1000000);
	struct tm t;

	gmtime_r(&s, &t);
	str_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", t.tm_year + 1900, t.tm_mon + 1,
		t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (unsigned)(now_us / 1000 % 1000));
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	static const char *const prefixes[] = { "<7>", "<6>", "<4>", "<3>" };
	struct str line = { 0 };
	va_list ap;

	ASSERT((size_t)level < sizeof(names) / sizeof(names[0]));
	if ((int)level < atomic_load(&log_least))
		return;
	if (atomic_load(&log_relayed)) {
		str_add_text(&line, prefixes[level]);
	} else {
		log_time(&line);
		str_addf(&line, " %s %s ", names[level], area);
	}
	va_start(ap, format);
	log_format(&line, format, &ap);
	va_end(ap);
	struct slice kept = utf8_truncate(str_slice(&line), LOG_LINE_MAX - 1);
	line.n = kept.n;
	str_add_char(&line, '\n');
	ssize_t written = write(STDERR_FILENO, line.p, line.n);
	(void)written; /* there is nobody to tell */
	str_free(&line);
}
