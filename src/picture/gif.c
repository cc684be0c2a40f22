/*
 * The first frame of a GIF on its canvas; however many follow, they are not read. Called by decode.
 */
#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

#include "picture/picture.h"

static int take(GifFileType *gif, GifByteType *to, int n)
{
	struct bytes *rest = gif->UserData;
	size_t got = (size_t)n < rest->n ? (size_t)n : rest->n;

	memcpy(to, rest->p, got);
	rest->p += got;
	rest->n -= got;
	return (int)got;
}

/* Extensions before the picture; of interest is which colour is none. */
static bool extension(GifFileType *gif, int *none)
{
	int code;
	GifByteType *block;
	GraphicsControlBlock control;

	if (DGifGetExtension(gif, &code, &block) == GIF_ERROR)
		return false;
	while (block) {
		if (code == GRAPHICS_EXT_FUNC_CODE &&
			DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
			*none = control.TransparentColor;
		if (DGifGetExtensionNext(gif, &block) == GIF_ERROR)
			return false;
	}
	return true;
}

static void draw(const struct pixels *out, unsigned x, unsigned y, const ColorMapObject *map,
	int colour, int none)
{
	if (x >= out->w || y >= out->h || colour == none || colour >= map->ColorCount)
		return;
	unsigned char *to = out->p + ((size_t)y * out->w + x) * 4;
	to[0] = map->Colors[colour].Red;
	to[1] = map->Colors[colour].Green;
	to[2] = map->Colors[colour].Blue;
	to[3] = 255;
}

/* Interlaced: every eighth row, then the fourths between, the seconds, the rest. */
static const char *rows(GifFileType *gif, const struct pixels *out, int none)
{
	static const unsigned from[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
	const GifImageDesc *at = &gif->Image;
	const ColorMapObject *map = at->ColorMap ? at->ColorMap : gif->SColorMap;
	unsigned w = (unsigned)at->Width, h = (unsigned)at->Height;
	unsigned char *row = map ? malloc(w) : NULL;
	const char *why = row ? NULL : "it is no whole GIF";

	for (unsigned pass = at->Interlace ? 0 : 3; !why && pass < 4; pass++) {
		unsigned y = at->Interlace ? from[pass] : 0;
		for (; y < h && DGifGetLine(gif, row, (int)w) == GIF_OK;
			y += at->Interlace ? step[pass] : 1)
			for (unsigned x = 0; x < w; x++)
				draw(out, (unsigned)at->Left + x, (unsigned)at->Top + y, map,
					row[x], none);
		if (y < h)
			break; /* it ends early: shown as far as it goes */
	}
	free(row);
	return why;
}

static const char *first_frame(GifFileType *gif, struct pixels *out)
{
	GifRecordType type;
	int none = -1;

	while (DGifGetRecordType(gif, &type) == GIF_OK) {
		if (type == EXTENSION_RECORD_TYPE && extension(gif, &none))
			continue;
		if (type != IMAGE_DESC_RECORD_TYPE || DGifGetImageDesc(gif) == GIF_ERROR)
			break;
		if (gif->Image.Width <= 0 || gif->Image.Height <= 0 || gif->Image.Left < 0 ||
			gif->Image.Top < 0)
			break;
		const char *why = pixels_new((unsigned)gif->SWidth, (unsigned)gif->SHeight, out);
		return why ? why : rows(gif, out, none);
	}
	return "it is no whole GIF";
}

const char *gif_decode(struct bytes file, struct pixels *out)
{
	GifFileType *gif = DGifOpen(&file, take, NULL);
	const char *why = gif ? first_frame(gif, out) : "it is no whole GIF";

	if (gif)
		DGifCloseFile(gif, NULL);
	return why;
}
