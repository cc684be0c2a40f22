/*
 * How the camera was held: the one thing of a JPEG's metadata that is needed, since a telephone writes its pictures lying on their side and says
 * so (EXIF 2.3, tag 0x0112 of the first directory). Pure; reads nothing beyond what it was given. Called by picture.
 */
#include <string.h>

#include "picture/picture.h"

enum { APP1 = 0xe1, START_OF_SCAN = 0xda, TAG_TURN = 0x0112, TYPE_SHORT = 3, ENTRY = 12 };

/* A number of two or four bytes; 0 beyond the end. */
static unsigned number(struct bytes b, size_t at, unsigned n, bool little)
{
	unsigned v = 0;

	if (at > b.n || b.n - at < n)
		return 0;
	for (unsigned i = 0; i < n; i++)
		v = v << 8 | b.p[at + (little ? n - 1 - i : i)];
	return v;
}

static unsigned tiff_turn(struct bytes tiff)
{
	bool little = tiff.n > 8 && memcmp(tiff.p, "II*", 4) == 0;

	if (!little && (tiff.n <= 8 || memcmp(tiff.p, "MM\0*", 4) != 0))
		return 1;
	size_t at = number(tiff, 4, 4, little);
	unsigned count = number(tiff, at, 2, little);
	for (at += 2; count--; at += ENTRY) {
		if (at > tiff.n || tiff.n - at < ENTRY)
			return 1;
		if (number(tiff, at, 2, little) != TAG_TURN ||
			number(tiff, at + 2, 2, little) != TYPE_SHORT)
			continue;
		unsigned turn = number(tiff, at + 8, 2, little);
		return turn >= 1 && turn <= TURNS ? turn : 1;
	}
	return 1;
}

unsigned jpeg_turn(struct bytes file)
{
	static const char exif[] = "Exif\0";

	for (size_t at = 2; at < file.n && file.n - at > 4 && file.p[at] == 0xff;) {
		unsigned marker = file.p[at + 1], n = number(file, at + 2, 2, false);
		if (marker == START_OF_SCAN || n < 2 || n > file.n - at - 2)
			return 1;
		struct bytes body = { file.p + at + 4, n - 2 };
		if (marker == APP1 && body.n > sizeof(exif) &&
			memcmp(body.p, exif, sizeof(exif)) == 0)
			return tiff_turn(
				(struct bytes){ body.p + sizeof(exif), body.n - sizeof(exif) });
		at += 2 + n;
	}
	return 1;
}
