/*
 * Pixels into a file: JPEG, or PNG where something can be seen through. Nothing but the pixels is in it. Called by picture.
 */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "picture/picture.h"

enum { JPEG_QUALITY = 88 };

static bool opaque(const struct pixels *p)
{
	for (size_t i = 0, n = (size_t)p->w * p->h; i < n; i++)
		if (p->p[i * 4 + 3] != 255)
			return false;
	return true;
}

static const char *jpeg_encode(const struct pixels *p, unsigned char **out, size_t *n)
{
	tjhandle tj = tjInitCompress();
	unsigned long size = tjBufSize((int)p->w, (int)p->h, TJSAMP_444);
	int bad = !tj || !(*out = malloc(size)) ||
		  tjCompress2(tj, p->p, (int)p->w, 0, (int)p->h, TJPF_RGBA, out, &size, TJSAMP_444,
			  JPEG_QUALITY, TJFLAG_NOREALLOC);

	if (tj)
		tjDestroy(tj);
	*n = size;
	return bad ? "it could not be drawn anew" : NULL;
}

static const char *png_encode(const struct pixels *p, unsigned char **out, size_t *n)
{
	png_image png = { .version = PNG_IMAGE_VERSION,
		.width = p->w,
		.height = p->h,
		.format = PNG_FORMAT_RGBA };
	png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
	int good = (*out = malloc(size)) &&
		   png_image_write_to_memory(&png, *out, &size, 0, p->p, 0, NULL);

	*n = size;
	return good ? NULL : "it could not be drawn anew";
}

const char *pixels_encode(const struct pixels *p, unsigned char **out, size_t *n)
{
	const char *why;

	*out = NULL;
	why = opaque(p) ? jpeg_encode(p, out, n) : png_encode(p, out, n);
	if (why) {
		free(*out);
		*out = NULL;
	}
	return why;
}
