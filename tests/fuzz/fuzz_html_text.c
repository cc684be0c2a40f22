/* HTML to text: any bytes, bounded output, which normalises to valid UTF-8. */
#include "base/assert.h"
#include "base/utf8.h"
#include "text/html_text.h"
#include "text/normalize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str out = { 0 }, clean = { 0 };
	size_t max = size ? data[0] * 64u : 0;

	html_to_text(&out, slice_make(data, size), max);
	ASSERT(out.n <= max);
	text_normalize(&clean, str_slice(&out), max);
	ASSERT(clean.n <= max && utf8_valid(str_slice(&clean)));
	str_free(&out);
	str_free(&clean);
	return 0;
}
