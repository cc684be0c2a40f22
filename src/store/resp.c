/*
 * Glue to hiredis' formatter and reader. Never touches a socket. Called by link.
 *
 * The reader builds whatever objects it is told to: ours are placed straight into their parent's
 * array, in one arena that is emptied before each reply, so a reply costs no malloc.
 */
#include "store/resp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include "base/assert.h"
#include "model/limits.h"

struct resp_reader {
	redisReader *hiredis;
	struct arena arena;
	bool too_big;
	bool delivered; /* the arena holds a reply that was handed out */
};

/* `$12\r\n`, or with `*`; returns what is behind it. */
static char *head_put(char *to, char sign, size_t count)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + count % 10);
		count /= 10;
	} while (count);
	*to++ = sign;
	memcpy(to, digits + at, sizeof(digits) - at);
	to += sizeof(digits) - at;
	*to++ = '\r';
	*to++ = '\n';
	return to;
}

/*
 * `*3\r\n$3\r\nSET\r\n...`: written here, since hiredis prints each length with sprintf, a tenth of a node's time under load. Room is asked for
 * once: a commit of a hundred messages has ten thousand words.
 */
void resp_command(struct str *out, const struct argv *command)
{
	enum { HEAD_MAX = 1 + 20 + 2 };
	size_t most = HEAD_MAX;

	ASSERT(command->n > 0 && command->n <= INT32_MAX);
	for (size_t i = 0; i < command->n; i++)
		most += HEAD_MAX + command->v[i].n + 2;
	char *to = head_put(str_reserve(out, most), '*', command->n);
	for (size_t i = 0; i < command->n; i++) {
		struct slice word = command->v[i];
		to = head_put(to, '$', word.n);
		if (word.n)
			memcpy(to, word.p, word.n);
		to += word.n;
		*to++ = '\r';
		*to++ = '\n';
	}
	*to = '\0';
	out->n = (size_t)(to - out->p);
}

/* Where the object of this task goes: its place in the parent, or alone. */
static struct reply *reply_place(const redisReadTask *task)
{
	struct resp_reader *r = task->privdata;

	if (!task->parent)
		return arena_alloc(&r->arena, sizeof(struct reply));
	struct reply *parent = task->parent->obj;
	ASSERT(parent->type == REPLY_ARRAY && (size_t)task->idx < parent->count);
	return &parent->items[task->idx];
}

static void *reply_string(const redisReadTask *task, char *bytes, size_t n)
{
	struct resp_reader *r = task->privdata;
	struct reply *o = reply_place(task);

	o->type = task->type == REDIS_REPLY_ERROR    ? REPLY_ERROR
		  : task->type == REDIS_REPLY_STATUS ? REPLY_STATUS
						     : REPLY_STRING;
	o->text = arena_copy(&r->arena, slice_make(bytes, n));
	return o;
}

static void *reply_array(const redisReadTask *task, int count)
{
	struct resp_reader *r = task->privdata;

	if (count < 0 || count > REDIS_ITEMS_MAX) {
		r->too_big = true;
		return NULL;
	}
	struct reply *o = reply_place(task);
	o->type = REPLY_ARRAY;
	o->count = (size_t)count;
	o->items = arena_array(&r->arena, o->count, sizeof(*o->items));
	return o;
}

static void *reply_integer(const redisReadTask *task, long long value)
{
	struct reply *o = reply_place(task);

	o->type = REPLY_INTEGER;
	o->integer = value;
	return o;
}

static void *reply_nil(const redisReadTask *task)
{
	return reply_place(task);
}

static void reply_free(void *object)
{
	(void)object; /* the arena's */
}

static redisReplyObjectFunctions reply_functions = {
	.createString = reply_string,
	.createArray = reply_array,
	.createInteger = reply_integer,
	.createNil = reply_nil,
	.freeObject = reply_free,
};

struct resp_reader *resp_reader_new(void)
{
	struct resp_reader *r = mem_alloc(sizeof(*r));

	r->hiredis = redisReaderCreateWithFunctions(&reply_functions);
	ASSERT(r->hiredis);
	r->hiredis->privdata = r;
	return r;
}

void resp_reader_free(struct resp_reader **r)
{
	if (!*r)
		return;
	redisReaderFree((*r)->hiredis);
	arena_free(&(*r)->arena);
	free(*r);
	*r = NULL;
}

int resp_feed(struct resp_reader *r, struct slice bytes, struct err *err)
{
	ASSERT(bytes.n <= RESP_PIECE);
	if (r->hiredis->len - r->hiredis->pos + r->arena.used + bytes.n > REDIS_REPLY_MAX)
		return err_set(err, EFBIG, "a reply is larger than %d bytes", REDIS_REPLY_MAX);
	if (redisReaderFeed(r->hiredis, bytes.p, bytes.n) != REDIS_OK)
		return err_set(err, EPROTO, "not Redis' protocol: %s", r->hiredis->errstr);
	return 0;
}

int resp_next(struct resp_reader *r, const struct reply **out, struct err *err)
{
	void *object = NULL;

	*out = NULL;
	if (r->delivered)
		arena_reset(&r->arena);
	r->delivered = false;
	if (redisReaderGetReply(r->hiredis, &object) != REDIS_OK) {
		if (r->too_big)
			return err_set(
				err, EFBIG, "a reply has more than %d items", REDIS_ITEMS_MAX);
		return err_set(err, EPROTO, "not Redis' protocol: %s", r->hiredis->errstr);
	}
	*out = object;
	r->delivered = object != NULL;
	return 0;
}

/* X(first word of the error, -errno): what store.h promises. */
#define REPLY_ERRORS(X)                                                                            \
	X("OOM", ENOSPC)                                                                           \
	X("MISCONF", ENOSPC)                                                                       \
	X("READONLY", ENOSPC)                                                                      \
	X("NOREPLICAS", ENOSPC)                                                                    \
	X("LOADING", EAGAIN)                                                                       \
	X("BUSY", EAGAIN)                                                                          \
	X("MASTERDOWN", EAGAIN)                                                                    \
	X("CLUSTERDOWN", EAGAIN)                                                                   \
	X("TRYAGAIN", EAGAIN)                                                                      \
	X("NOAUTH", EACCES)                                                                        \
	X("WRONGPASS", EACCES)                                                                     \
	X("NOPERM", EACCES)                                                                        \
	X("NOGROUP", ENOENT)                                                                       \
	X("BUSYGROUP", EEXIST)                                                                     \
	X("EXECABORT", ECANCELED)

int reply_status(const struct reply *r)
{
	if (r->type != REPLY_ERROR)
		return 0;
	struct slice word = slice_make(r->text.p, slice_find(r->text, ' '));
#define REPLY_ERROR_CASE(name, code)                                                               \
	if (slice_is(word, name))                                                                  \
		return -(code);
	REPLY_ERRORS(REPLY_ERROR_CASE)
#undef REPLY_ERROR_CASE
	return -EPROTO;
}

const struct reply *reply_at(const struct reply *r, size_t i)
{
	static const struct reply nil = { .type = REPLY_NIL };

	return r->type == REPLY_ARRAY && i < r->count ? &r->items[i] : &nil;
}

uint64_t reply_u64(const struct reply *r)
{
	uint64_t v = 0;

	if (r->type == REPLY_INTEGER)
		return r->integer < 0 ? 0 : (uint64_t)r->integer;
	slice_u64(r->text, &v);
	return v;
}

size_t reply_slices(const struct reply *r, struct slice **out, struct arena *arena)
{
	struct slice *v = arena_array(arena, r->count, sizeof(*v));

	for (size_t i = 0; i < r->count; i++)
		v[i] = r->items[i].text;
	*out = v;
	return r->count;
}

bool reply_is(const struct reply *r, const char *text)
{
	return (r->type == REPLY_STRING || r->type == REPLY_STATUS) && slice_is(r->text, text);
}
