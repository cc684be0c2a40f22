/* A stranger's picture: any bytes are a picture within the limits, or a reason; how it was held is 1 to 8. */
#include <stdlib.h>

#include "base/assert.h"
#include "picture/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct pixels p = { 0 };
	unsigned char *out = NULL;
	unsigned turn = jpeg_turn(file);
	size_t n = 0;

	ASSERT(turn >= 1 && turn <= TURNS);
	/* What is large takes long and finds nothing new: the sandbox bounds it. */
	const char *why = picture_decode(file, 32, &p);
	bool small = !why && p.w <= 512 && p.h <= 512;
	free(p.p);
	if (!small)
		return 0;
	why = picture_make(file, 32, &out, &n);
	ASSERT(!why && n);
	why = picture_decode((struct bytes){ out, n }, 32, &p);
	ASSERT(!why && p.w <= 32 && p.h <= 32);
	free(p.p);
	free(out);
	return 0;
}
