/* Quote splitting: the parts lie within the text, do not overlap, and nothing but blank lines is lost. */
#include "base/assert.h"
#include "text/language.h"
#include "text/normalize.h"
#include "text/quote.h"

static size_t letters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r' &&
		     s.p[i] != '\f' && s.p[i] != '\v';
	return n;
}

static void check_within(struct slice text, struct slice part)
{
	ASSERT(part.n == 0 || (part.p >= text.p && part.p + part.n <= text.p + text.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { 0 };

	text_normalize(&text, slice_make(data, size), 65536);
	struct slice s = str_slice(&text);
	struct quote_parts parts = quote_split(s);
	check_within(s, parts.fresh);
	check_within(s, parts.signature);
	check_within(s, parts.quoted);
	ASSERT(letters(parts.fresh) + letters(parts.signature) + letters(parts.quoted) ==
		letters(s));
	ASSERT(letters(s) == 0 || parts.fresh.n > 0);
	text_language(s);
	str_free(&text);
	return 0;
}
