/* Pictures in and out of memory: what is smaller, upright, without metadata; what is refused, before it costs anything. */
#include "unit/cm.h"

#include <stdlib.h>
#include <string.h>

#include "picture/picture.h"

/* A file of one of our own, of any size and colours, as a JPEG or (alpha below 255) a PNG. */
static struct bytes file_of(unsigned w, unsigned h, unsigned char alpha)
{
	struct pixels p;
	unsigned char *out = NULL;
	size_t n = 0;

	assert_null(pixels_new(w, h, &p));
	for (unsigned y = 0; y < h; y++)
		for (unsigned x = 0; x < w; x++) {
			unsigned char *at = p.p + ((size_t)y * w + x) * 4;
			at[0] = x < w / 2 ? 255 : 0; /* red on the left, */
			at[2] = x < w / 2 ? 0 : 255; /* blue on the right */
			at[3] = alpha;
		}
	assert_null(pixels_encode(&p, &out, &n));
	free(p.p);
	return (struct bytes){ out, n };
}

static void made(struct bytes file, unsigned side, struct pixels *out)
{
	unsigned char *again = NULL;
	size_t n = 0;

	assert_null(picture_make(file, side, &again, &n));
	assert_null(picture_decode((struct bytes){ again, n }, side, out));
	free(again);
}

static void test_smaller_never_larger(void **state)
{
	static const struct {
		unsigned w, h, side, to_w, to_h;
	} cases[] = {
		{ 640, 320, 64, 64, 32 },
		{ 320, 640, 64, 32, 64 },
		{ 40, 20, 64, 40, 20 },
		{ 3000, 16, 16, 16, 1 },
		{ 1, 1, 16, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (unsigned char alpha = 254; alpha; alpha++) {
			struct bytes file = file_of(cases[i].w, cases[i].h, alpha);
			struct pixels p;
			made(file, cases[i].side, &p);
			assert_int_equal(p.w, cases[i].to_w);
			assert_int_equal(p.h, cases[i].to_h);
			if (p.w > 8) {
				assert_true(p.p[0] > 200 && p.p[2] < 60);
				assert_true(
					p.p[(p.w - 1) * 4] < 60 && p.p[(p.w - 1) * 4 + 2] > 200);
			}
			assert_true(alpha == 255 ? p.p[3] == 255 : p.p[3] == 254);
			free(p.p);
			free((void *)(uintptr_t)file.p);
		}
}

/* A JPEG with what a camera writes: how it was held, and a secret. */
static struct bytes held(struct bytes jpeg, unsigned char turn, bool little)
{
	static const unsigned char big_tiff[] = { 'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3,
		0, 0, 0, 1, 0, 0, 0, 0 },
				   little_tiff[] = { 'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
					   0, 1, 0, 0, 0, 0, 0, 0, 0 };
	static const char secret[] = "GPS: at home";
	size_t n = 4 + 6 + sizeof(big_tiff) + sizeof(secret);
	unsigned char *p = calloc(1, jpeg.n + n);

	assert_non_null(p);
	memcpy(p, "\xff\xd8\xff\xe1", 4);
	p[4] = (unsigned char)((n - 2) >> 8);
	p[5] = (unsigned char)(n - 2);
	memcpy(p + 6, "Exif\0\0", 6);
	memcpy(p + 12, little ? little_tiff : big_tiff, sizeof(big_tiff));
	p[12 + (little ? 18 : 19)] = turn;
	memcpy(p + 12 + sizeof(big_tiff), secret, sizeof(secret));
	memcpy(p + 2 + n, jpeg.p + 2, jpeg.n - 2);
	return (struct bytes){ p, jpeg.n + n };
}

static bool red_at(const struct pixels *p, unsigned x, unsigned y)
{
	return p->p[((size_t)y * p->w + x) * 4] > 128;
}

static void test_upright_and_without_metadata(void **state)
{
	/* Red was on the left; where it is when the camera was held so. */
	static const struct {
		unsigned w, h, x, y;
	} red[] = { { 64, 32, 4, 16 }, { 64, 32, 60, 16 }, { 64, 32, 60, 16 }, { 64, 32, 4, 16 },
		{ 32, 64, 16, 4 }, { 32, 64, 16, 4 }, { 32, 64, 16, 60 }, { 32, 64, 16, 60 } };
	struct bytes plain = file_of(64, 32, 255);

	(void)state;
	assert_int_equal(jpeg_turn(plain), 1);
	for (unsigned turn = 1; turn <= TURNS; turn++) {
		struct bytes file = held(plain, (unsigned char)turn, turn % 2);
		unsigned char *out = NULL;
		struct pixels p;
		size_t n = 0;
		assert_int_equal(jpeg_turn(file), turn);
		made(file, 64, &p);
		assert_int_equal(p.w, red[turn - 1].w);
		assert_int_equal(p.h, red[turn - 1].h);
		assert_true(red_at(&p, red[turn - 1].x, red[turn - 1].y));
		assert_false(red_at(&p, p.w - 1 - red[turn - 1].x, p.h - 1 - red[turn - 1].y));
		free(p.p);
		assert_null(picture_make(file, 64, &out, &n));
		assert_null(memmem(out, n, "GPS", 3));
		assert_null(memmem(out, n, "Exif", 4));
		free(out);
		/* Cut anywhere, it is read no further than there. */
		for (size_t cut = 0; cut < 60; cut++)
			assert_in_range(jpeg_turn((struct bytes){ file.p, cut }), 1, TURNS);
		free((void *)(uintptr_t)file.p);
	}
	struct bytes odd = held(plain, 99, false);
	assert_int_equal(jpeg_turn(odd), 1);
	free((void *)(uintptr_t)odd.p);
	free((void *)(uintptr_t)plain.p);
}

/* 4 × 2, interlaced, two frames of which the first is seen: red, its last column transparent. */
static void test_first_frame_of_a_gif(void **state)
{
	static const unsigned char gif[] = { 'G', 'I', 'F', '8', '9', 'a', 4, 0, 2, 0, 0x80, 0, 0,
		255, 0, 0, 0, 0, 255,		    /* red, blue */
		0x21, 0xf9, 4, 1, 0, 0, 1, 0,	    /* blue is none */
		0x2c, 0, 0, 0, 0, 4, 0, 2, 0, 0x40, /* interlaced */
		2, 4, 0x04, 0x22, 0xa1, 0x05, 0, 0x3b };
	struct pixels p = { 0 };
	const char *why = gif_decode((struct bytes){ gif, sizeof(gif) }, &p);

	(void)state;
	assert_null(why);
	assert_int_equal(p.w, 4);
	assert_int_equal(p.h, 2);
	assert_int_equal(p.p[0], 255);
	assert_int_equal(p.p[3], 255);
	free(p.p);
	/* Cut anywhere: a reason or a picture, never more than is there. */
	for (size_t cut = 0; cut < sizeof(gif); cut++) {
		p = (struct pixels){ 0 };
		(void)gif_decode((struct bytes){ gif, cut }, &p);
		free(p.p);
	}
}

static void test_refused_before_it_costs(void **state)
{
	static const char *const none[] = { "", "G", "GIF89a", "GIF89a\xff\xff\xff\xff\x80",
		"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "RIFF....WEBP", "<svg/>", "<html>",
		"%PDF-1.7" };
	struct pixels p;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		unsigned char *out;
		size_t n;
		assert_non_null(picture_make(
			(struct bytes){ (const unsigned char *)none[i], strlen(none[i]) }, 64, &out,
			&n));
		assert_null(out);
	}
	/* Tables and no picture: the library says that all is well and leaves the size as it was. */
	static const unsigned char tables[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 'J', 'F', 'I', 'F',
		0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xd9 };
	assert_non_null(picture_decode((struct bytes){ tables, sizeof(tables) }, 64, &p));
	assert_null(p.p);
	assert_non_null(pixels_new(65535, 65535, &p));
	assert_non_null(pixels_new(0, 5, &p));
	assert_non_null(pixels_new(32768, 1025, &p));
	assert_null(pixels_new(32768, 1024, &p));
	free(p.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smaller_never_larger),
		cmocka_unit_test(test_upright_and_without_metadata),
		cmocka_unit_test(test_first_frame_of_a_gif),
		cmocka_unit_test(test_refused_before_it_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
