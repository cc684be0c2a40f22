/*
 * Frames and bodies from desks: any bytes either become a command that keeps its promises or are refused with a reason; the answer about
 * them is always valid JSON.
 */
#include <jansson.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "desk/frames.h"
#include "desk/protocol.h"
#include "model/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_command(const struct frame *f)
{
	ASSERT(f->action > ACTION_NONE && f->action < ACTION_COUNT);
	ASSERT(f->id.n <= 64 && f->c.text.n <= MESSAGE_TEXT_MAX && f->c.to.n <= NAME_MAX_LEN + 6);
	ASSERT(utf8_valid(f->c.text) && utf8_valid(f->c.why) && utf8_valid(f->c.to));
	/* who acts is never read from outside */
	ASSERT(!f->c.agent.n && !f->c.session.n && !f->c.node.n && !f->c.dedup.n && !f->c.secret.n);
	ASSERT(!f->c.type || f->id.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct str out = { 0 };
	struct frame f;
	const char *code = NULL, *message = NULL;
	if (protocol_parse(slice_make(data, size), &arena, &f, &code, &message))
		check_command(&f);
	else
		ASSERT(code && *code && message && *message);
	frame_error(&out, f.id, code, message);
	json_t *v = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	ASSERT(v);
	json_decref(v);
	str_free(&out);
	arena_free(&arena);
	return 0;
}
