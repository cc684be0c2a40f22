/*
 * Any bytes: cleaning gives valid UTF-8 and leaves valid text alone; the verdict does not depend on
 * where the text is cut; escaping for JSON gives valid text without controls.
 */
#include "base/assert.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool valid_in_two(struct slice s, size_t cut)
{
	uint32_t state = 0;

	return utf8_feed(&state, slice_make(s.p, cut)) &&
	       utf8_feed(&state, slice_make(s.p + cut, s.n - cut)) && state == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	struct str out = { 0 };
	bool valid = utf8_valid(s);

	utf8_clean(&out, s);
	ASSERT(utf8_valid(str_slice(&out)));
	ASSERT(slice_equal(s, str_slice(&out)) == valid);
	if (size)
		ASSERT(valid_in_two(s, data[0] % size) == valid);
	if (valid)
		ASSERT(utf8_valid(utf8_truncate(s, size / 2)));

	str_clear(&out);
	str_add_json(&out, s);
	ASSERT(utf8_valid(str_slice(&out)));
	for (size_t i = 0; i < out.n; i++)
		ASSERT((unsigned char)out.p[i] >= 0x20);
	str_free(&out);
	return 0;
}
