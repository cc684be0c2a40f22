/*
 * Reasons in words. Formatted beside the old text first, so a reason may quote itself. A reason that
 * is too long is cut at a whole character.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/utf8.h"

static void err_write(struct err *e, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void err_write(struct err *e, const char *format, va_list ap)
{
	char text[sizeof(e->text) + 4];
	int n = vsnprintf(text, sizeof(text), format, ap);

	ASSERT(n >= 0);
	struct slice kept = utf8_truncate(slice_of(text), sizeof(e->text) - 1);
	memcpy(e->text, kept.p, kept.n);
	e->text[kept.n] = '\0';
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list ap;

	ASSERT(code > 0);
	if (e) {
		va_start(ap, format);
		err_write(e, format, ap);
		va_end(ap);
	}
	return -code;
}

void err_prefix(struct err *e, const char *format, ...)
{
	struct err was;
	va_list ap;

	if (!e)
		return;
	was = *e;
	va_start(ap, format);
	err_write(e, format, ap);
	va_end(ap);
	struct err front = *e;
	err_set(e, 1, "%s: %s", front.text, was.text);
}
