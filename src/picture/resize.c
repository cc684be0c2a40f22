/*
 * Smaller and upright. Each new pixel is the mean of those it covers, a transparent one counting for nothing. Pure. Called by picture.
 */
#include <stdlib.h>
#include <string.h>

#include "picture/picture.h"

static void mean(const struct pixels *from, unsigned x0, unsigned x1, unsigned y0, unsigned y1,
	unsigned char *to)
{
	uint64_t sum[3] = { 0 }, alpha = 0;

	for (unsigned y = y0; y < y1; y++) {
		const unsigned char *p = from->p + ((size_t)y * from->w + x0) * 4;
		for (unsigned x = x0; x < x1; x++, p += 4) {
			alpha += p[3];
			for (int i = 0; i < 3; i++)
				sum[i] += (uint64_t)p[i] * p[3];
		}
	}
	for (int i = 0; i < 3; i++)
		to[i] = (unsigned char)(alpha ? (sum[i] + alpha / 2) / alpha : 0);
	to[3] = (unsigned char)(alpha / ((uint64_t)(x1 - x0) * (y1 - y0)));
}

/* Part i of n of a length; never empty, since n is not larger. */
static unsigned edge(unsigned i, unsigned n, unsigned length)
{
	return (unsigned)((uint64_t)i * length / n);
}

const char *pixels_fit(struct pixels *p, unsigned side)
{
	unsigned longest = p->w > p->h ? p->w : p->h;
	struct pixels small;

	if (longest <= side)
		return NULL;
	unsigned w = edge(p->w, longest, side), h = edge(p->h, longest, side);
	const char *why = pixels_new(w ? w : 1, h ? h : 1, &small);
	if (why)
		return why;
	for (unsigned y = 0; y < small.h; y++)
		for (unsigned x = 0; x < small.w; x++)
			mean(p, edge(x, small.w, p->w), edge(x + 1, small.w, p->w),
				edge(y, small.h, p->h), edge(y + 1, small.h, p->h),
				small.p + ((size_t)y * small.w + x) * 4);
	free(p->p);
	*p = small;
	return NULL;
}

const char *pixels_upright(struct pixels *p, unsigned turn)
{
	bool swap = turn >= 5; /* rows become columns */
	struct pixels up;

	if (turn <= 1 || turn > TURNS)
		return NULL;
	const char *why = pixels_new(swap ? p->h : p->w, swap ? p->w : p->h, &up);
	if (why)
		return why;
	bool from_right = turn == 2 || turn == 3 || turn == 7 || turn == 8;
	bool from_below = turn == 3 || turn == 4 || turn == 6 || turn == 7;
	for (unsigned y = 0; y < up.h; y++)
		for (unsigned x = 0; x < up.w; x++) {
			unsigned fx = swap ? y : x, fy = swap ? x : y;
			fx = from_right ? p->w - 1 - fx : fx;
			fy = from_below ? p->h - 1 - fy : fy;
			memcpy(up.p + ((size_t)y * up.w + x) * 4,
				p->p + ((size_t)fy * p->w + fx) * 4, 4);
		}
	free(p->p);
	*p = up;
	return NULL;
}
