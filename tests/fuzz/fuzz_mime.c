/* What looks at a raw mail before and beside GMime: limits, encoded words, charsets, format=flowed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../channels/email/charset.h"
#include "../../channels/email/scan.h"
#include "../../channels/email/words.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const labels[] = { NULL, "utf-8", "koi8-r", "iso-2022-jp", "gb2312",
		"us-ascii", "utf-7", "nonsense", "iso-8859-1", "windows-1251" };
	const char *p = (const char *)data;
	GString *text, *flowed;
	GByteArray *raw;
	char *named;

	if (size == 0)
		return 0;
	raw = g_byte_array_new();
	must(scan_body(p, size) <= size);
	scan_refusal(p, size, false);
	g_byte_array_append(raw, data, (guint)size);
	words_join(raw);
	must(raw->len <= size);
	named = charset_in(p, size);
	must(!named || *named);
	charset_is_foreign(p, size);
	must(*charset_guess(p, size));
	text = charset_to_utf8(p, size, labels[data[0] % G_N_ELEMENTS(labels)]);
	must(g_utf8_validate(text->str, (gssize)text->len, NULL));
	flowed = flowed_join(text->str, text->len, size & 1);
	must(g_utf8_validate(flowed->str, (gssize)flowed->len, NULL));
	g_free(named);
	g_string_free(flowed, TRUE);
	g_string_free(text, TRUE);
	g_byte_array_unref(raw);
	return 0;
}
