/*
 * A multipart body in any pieces: what the parser gives does not depend on where the bytes were cut, parts begin and end in
 * pairs, and file names hold no path and no controls.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/slice.h"

#include "../../channels/form/multipart.c"
#include "../../channels/kit/buf.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct buf all;
	unsigned parts;
	int open;
};

static void on_begin(void *arg, const struct multipart_part *p)
{
	struct seen *s = arg;

	ASSERT(!s->open);
	s->open = 1;
	s->parts++;
	ASSERT(p->is_file || !p->filename.n);
	for (size_t i = 0; i < p->filename.n; i++)
		ASSERT((unsigned char)p->filename.p[i] >= 0x20 && !strchr("/\\", p->filename.p[i]));
	buf_printf(&s->all, "[%zu,%zu,%zu,%d]", p->name.n, p->filename.n, p->type.n, p->is_file);
}

static void on_data(void *arg, struct usher_str piece)
{
	struct seen *s = arg;

	ASSERT(s->open && piece.n);
	buf_add(&s->all, piece.p, piece.n);
}

static void on_end(void *arg)
{
	struct seen *s = arg;

	ASSERT(s->open);
	s->open = 0;
	buf_text(&s->all, "[end]");
}

static const struct multipart_ops OPS = { .begin = on_begin, .data = on_data, .end = on_end };

static int parse(const uint8_t *data, size_t size, size_t step, struct seen *s)
{
	struct multipart m;
	int ok = 1;

	ASSERT(multipart_open(
		&m, (struct usher_str){ "multipart/form-data; boundary=\"B\"", 33 }, &OPS, s));
	for (size_t at = 0; ok && at < size; at += step)
		ok = multipart_feed(&m, (struct usher_str){ (const char *)data + at,
						size - at < step ? size - at : step });
	ok = multipart_finish(&m);
	ASSERT(ok || m.why);
	ASSERT(!ok || !s->open);
	ASSERT(s->parts <= MULTIPART_PARTS_MAX);
	multipart_close(&m);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { .open = 0 }, pieces = { .open = 0 };
	size_t step = size ? 1 + data[0] % 7 : 1;
	int ok = parse(data, size, size ? size : 1, &whole);

	/* A wrong body is wrong in any pieces, but how much was given before that may differ. */
	ASSERT(parse(data, size, step, &pieces) == ok);
	if (ok) {
		ASSERT(whole.parts == pieces.parts);
		ASSERT(slice_equal(slice_make(whole.all.p, whole.all.n),
			slice_make(pieces.all.p, pieces.all.n)));
	}
	buf_free(&whole.all);
	buf_free(&pieces.all);

	/* The Content-Type is a stranger's, too. */
	struct multipart m;
	struct buf type = { 0 };
	buf_text(&type, "multipart/form-data;");
	buf_add(&type, (const char *)data, size);
	if (multipart_open(&m, buf_str(&type), &OPS, NULL))
		ASSERT(m.delimiter_len > 4 && m.delimiter_len <= MULTIPART_BOUNDARY_MAX + 4);
	multipart_close(&m);
	buf_free(&type);
	return 0;
}
