/*
 * The whole way of one picture. Called by main and the fuzzer.
 */
#include "picture/picture.h"

#include <stdlib.h>

const char *picture_make(struct bytes file, unsigned side, unsigned char **out, size_t *n)
{
	struct pixels p = { 0 };
	const char *why = picture_decode(file, side, &p);

	*out = NULL;
	if (!why)
		why = pixels_fit(&p, side);
	if (!why)
		why = pixels_upright(&p, jpeg_turn(file));
	if (!why)
		why = pixels_encode(&p, out, n);
	free(p.p);
	return why;
}
