/*
 * Which of the four kinds it is, by its first bytes, and its pixels by that kind's own library. Called by picture.
 */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <webp/decode.h>

#include "picture/picture.h"

const char *pixels_new(unsigned w, unsigned h, struct pixels *out)
{
	if (!w || !h || w > HEADER_SIDE_MAX || h > HEADER_SIDE_MAX ||
		(uint64_t)w * h > DECODED_PIXELS_MAX)
		return "it has more pixels than are shown here";
	*out = (struct pixels){ calloc((size_t)w * h, 4), w, h };
	return out->p ? NULL : "it needs more memory than a picture may have";
}

static const char *png_decode(struct bytes file, struct pixels *out)
{
	png_image png = { .version = PNG_IMAGE_VERSION };
	const char *why = NULL;

	if (!png_image_begin_read_from_memory(&png, file.p, file.n))
		return "it is no whole PNG";
	png.format = PNG_FORMAT_RGBA;
	why = pixels_new(png.width, png.height, out);
	if (!why && !png_image_finish_read(&png, NULL, out->p, 0, NULL))
		why = "it is no whole PNG";
	png_image_free(&png);
	return why;
}

/* The smallest of the sizes that the decoder offers which is not smaller than what is wanted. */
static void jpeg_scaled(int *w, int *h, unsigned side)
{
	int count, longest = *w > *h ? *w : *h;
	const tjscalingfactor *scales = tjGetScalingFactors(&count);
	tjscalingfactor best = { 1, 1 };

	for (int i = 0; i < count; i++)
		if (scales[i].num < scales[i].denom && TJSCALED(longest, scales[i]) >= (int)side &&
			scales[i].num * best.denom < best.num * scales[i].denom)
			best = scales[i];
	*w = TJSCALED(*w, best);
	*h = TJSCALED(*h, best);
}

static const char *jpeg_read(tjhandle tj, struct bytes file, unsigned side, struct pixels *out)
{
	int w = 0, h = 0, sampling, colours; /* tables alone are a header to it, without a size */

	if (tjDecompressHeader3(tj, file.p, file.n, &w, &h, &sampling, &colours) || w <= 0 ||
		h <= 0)
		return "it is no whole JPEG";
	if (w > HEADER_SIDE_MAX || h > HEADER_SIDE_MAX)
		return "it has more pixels than are shown here";
	jpeg_scaled(&w, &h, side);
	const char *why = pixels_new((unsigned)w, (unsigned)h, out);
	if (why)
		return why;
	/* A file that ends too early is shown as far as it goes. */
	if (tjDecompress2(tj, file.p, file.n, out->p, w, 0, h, TJPF_RGBA, TJFLAG_LIMITSCANS) &&
		tjGetErrorCode(tj) != TJERR_WARNING)
		return "it is no whole JPEG";
	return NULL;
}

static const char *jpeg_decode(struct bytes file, unsigned side, struct pixels *out)
{
	tjhandle tj = tjInitDecompress();
	const char *why = tj ? jpeg_read(tj, file, side, out) : "there is no memory for it";

	if (tj)
		tjDestroy(tj);
	return why;
}

static const char *webp_decode(struct bytes file, struct pixels *out)
{
	int w, h;

	if (!WebPGetInfo(file.p, file.n, &w, &h))
		return "it is no whole WebP";
	const char *why = pixels_new((unsigned)w, (unsigned)h, out);
	if (!why && !WebPDecodeRGBAInto(file.p, file.n, out->p, (size_t)w * (size_t)h * 4, w * 4))
		why = "it is no whole WebP, or an animation";
	return why;
}

static bool starts(struct bytes file, const char *with, size_t n)
{
	return file.n >= n && memcmp(file.p, with, n) == 0;
}

const char *picture_decode(struct bytes file, unsigned side, struct pixels *out)
{
	*out = (struct pixels){ 0 };
	if (starts(file, "\x89PNG\r\n\x1a\n", 8))
		return png_decode(file, out);
	if (starts(file, "\xff\xd8\xff", 3))
		return jpeg_decode(file, side, out);
	if (starts(file, "GIF87a", 6) || starts(file, "GIF89a", 6))
		return gif_decode(file, out);
	if (starts(file, "RIFF", 4) && file.n > 12 && memcmp(file.p + 8, "WEBP", 4) == 0)
		return webp_decode(file, out);
	return "it is no PNG, JPEG, GIF or WebP";
}
