/*
 * A stranger's picture, drawn anew: only its pixels come through, no metadata, nothing that a browser could take for something else.
 * Made for a process of its own that has nothing to lose (sandbox.h): whatever a decoder does wrong stays there.
 *
 *   PNG, JPEG, GIF, WebP ─▶ struct pixels (RGBA) ─▶ smaller, upright ─▶ JPEG, or PNG where something is transparent
 *
 * The size is known from the header before memory is taken. Of an animation the first frame.
 */
#ifndef USHER_PICTURE_PICTURE_H
#define USHER_PICTURE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DECODED_PIXELS_MAX = 32 * 1024 * 1024, /* 128 MiB as RGBA */
	HEADER_SIDE_MAX = 32768,
	SIDE_MIN = 16,
	SIDE_MAX = 2048,
	TURNS = 8 /* of EXIF: 1 is upright */
};

struct bytes {
	const unsigned char *p;
	size_t n;
};

/* Rows from the top, four bytes a pixel: red, green, blue, alpha. */
struct pixels {
	unsigned char *p; /* free() it */
	unsigned w, h;
};

/* The picture as a file, no side longer than `side`: malloc'd bytes in *out, or a reason. */
const char *picture_make(struct bytes file, unsigned side, unsigned char **out, size_t *n);

/* decode.c: whichever of the four it is. `side` is what will be wanted: a JPEG is decoded smaller at once. */
const char *picture_decode(struct bytes file, unsigned side, struct pixels *out);
/* gif.c */
const char *gif_decode(struct bytes file, struct pixels *out);
/* Room for a picture of that size, or why not. */
const char *pixels_new(unsigned w, unsigned h, struct pixels *out);
/* exif.c: how the camera was held, 1..8; 1 where it does not say. */
unsigned jpeg_turn(struct bytes file);
/* resize.c: not larger than `side`, each new pixel the mean of those it covers; then turned upright. Replaces *p. */
const char *pixels_fit(struct pixels *p, unsigned side);
const char *pixels_upright(struct pixels *p, unsigned turn);
/* encode.c */
const char *pixels_encode(const struct pixels *p, unsigned char **out, size_t *n);

#endif
