/*
 * Windows of the service level; see window.h. Counted from apply*.c, read through engine_levels.
 */
#include "engine/window.h"

#include <stdlib.h>

#include "base/str.h"
#include "engine/line.h"
#include "engine/pack.h"

#define LEVEL_WORD(name, word) word,
const char *const level_words[] = { LEVELS(LEVEL_WORD) NULL };

static uint64_t span_of(uint64_t at_us, uint32_t span_s)
{
	return at_us / (span_s * SECOND_US);
}

static struct bucket *bucket_at(struct bucket *ring, uint32_t size, uint64_t span)
{
	struct bucket *b = &ring[span % size];

	if (b->span != span)
		*b = (struct bucket){ .span = (uint32_t)span };
	return b;
}

static struct window *window_of(struct line *l, uint32_t segment)
{
	struct window **at = &l->windows;

	while (*at && (*at)->segment != segment)
		at = &(*at)->next;
	if (!*at) {
		*at = mem_alloc(sizeof(**at));
		(*at)->segment = segment;
	}
	return *at;
}

void window_count(struct line *l, uint32_t segment, enum window_count_kind what, uint64_t at_us)
{
	struct window *w = window_of(l, segment);

	ASSERT(what < WINDOW_COUNTS);
	bucket_at(w->minutes, WINDOW_MINUTES, span_of(at_us, WINDOW_MINUTE_S))->count[what]++;
	bucket_at(w->quarters, WINDOW_QUARTERS, span_of(at_us, WINDOW_QUARTER_S))->count[what]++;
}

void windows_free(struct line *l)
{
	while (l->windows) {
		struct window *w = l->windows;

		l->windows = w->next;
		free(w);
	}
}

/* ---- reading ---- */

static void ring_add(const struct bucket *ring, uint32_t size, uint64_t from, uint64_t to,
	struct level_view *out)
{
	for (uint32_t i = 0; i < size; i++) {
		const struct bucket *b = &ring[i];

		if (b->span < from || b->span > to)
			continue;
		out->answered += b->count[WINDOW_ANSWERED];
		out->within += b->count[WINDOW_WITHIN];
		out->abandoned += b->count[WINDOW_ABANDONED];
		out->missed += b->count[WINDOW_MISSED];
	}
}

static void window_read(
	const struct window *w, uint64_t now_us, uint64_t today_us, struct level_view *out)
{
	uint64_t minute = span_of(now_us, WINDOW_MINUTE_S);
	uint64_t quarter = span_of(now_us, WINDOW_QUARTER_S);

	if (minute < WINDOW_MINUTES)
		return; /* in 1970 */
	ring_add(w->minutes, WINDOW_MINUTES, minute - 14, minute, &out[LEVEL_15M]);
	ring_add(w->minutes, WINDOW_MINUTES, minute - 59, minute, &out[LEVEL_1H]);
	ring_add(w->quarters, WINDOW_QUARTERS, span_of(today_us, WINDOW_QUARTER_S), quarter,
		&out[LEVEL_TODAY]);
}

bool engine_levels(const struct engine *e, struct slice queue, uint64_t now_us, uint64_t today_us,
	struct level_view out[LEVEL_COUNT])
{
	uint32_t h = line_find(e, queue);

	memset(out, 0, LEVEL_COUNT * sizeof(*out));
	for (const struct window *w = h ? line_at(e, h)->windows : NULL; w; w = w->next)
		window_read(w, now_us, today_us, out);
	return h != 0;
}

void engine_each_level(const struct engine *e, struct slice queue, uint64_t now_us,
	uint64_t today_us,
	bool (*fn)(struct slice segment, const struct level_view levels[LEVEL_COUNT], void *arg),
	void *arg)
{
	uint32_t h = line_find(e, queue);

	for (const struct window *w = h ? line_at(e, h)->windows : NULL; w; w = w->next) {
		struct level_view levels[LEVEL_COUNT] = { { 0 } };

		window_read(w, now_us, today_us, levels);
		if (!fn(names_text(&e->labels, w->segment), levels, arg))
			return;
	}
}

void levels_write(const struct level_view levels[LEVEL_COUNT], struct str *out)
{
	for (uint32_t i = 0; i < LEVEL_COUNT; i++)
		str_addf(out, "%s%llu %llu %llu %llu", i ? " " : "",
			(unsigned long long)levels[i].answered,
			(unsigned long long)levels[i].within,
			(unsigned long long)levels[i].abandoned,
			(unsigned long long)levels[i].missed);
}

bool levels_read(struct slice text, struct level_view levels[LEVEL_COUNT])
{
	memset(levels, 0, LEVEL_COUNT * sizeof(*levels));
	for (uint32_t i = 0; i < LEVEL_COUNT; i++) {
		uint64_t *members[] = { &levels[i].answered, &levels[i].within,
			&levels[i].abandoned, &levels[i].missed };

		for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
			if (!text.p || !slice_u64(slice_cut(&text, ' '), members[k]))
				return false;
	}
	return !text.p;
}

/* ---- snapshots ---- */

static void ring_save(const struct bucket *ring, uint32_t size, struct str *out)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < size; i++)
		used += ring[i].span != 0;
	pack_u64(out, used);
	for (uint32_t i = 0; i < size; i++) {
		if (!ring[i].span)
			continue;
		pack_u64(out, ring[i].span);
		for (uint32_t k = 0; k < WINDOW_COUNTS; k++)
			pack_u64(out, ring[i].count[k]);
	}
}

static bool ring_load(struct bucket *ring, uint32_t size, struct unpack *u)
{
	uint32_t used = unpack_u32(u, size);

	for (uint32_t i = 0; i < used && !u->bad; i++) {
		uint32_t span = unpack_u32(u, UINT32_MAX);
		struct bucket *b = &ring[span % size];

		if (!span || b->span)
			return false;
		b->span = span;
		for (uint32_t k = 0; k < WINDOW_COUNTS; k++)
			b->count[k] = unpack_u32(u, UINT32_MAX);
	}
	return !u->bad;
}

void windows_save(const struct line *l, struct str *out)
{
	uint32_t count = 0;

	for (const struct window *w = l->windows; w; w = w->next)
		count++;
	pack_u64(out, count);
	for (const struct window *w = l->windows; w; w = w->next) {
		pack_u64(out, w->segment);
		ring_save(w->minutes, WINDOW_MINUTES, out);
		ring_save(w->quarters, WINDOW_QUARTERS, out);
	}
}

bool windows_load(struct engine *e, struct line *l, struct unpack *u)
{
	uint32_t count = unpack_u32(u, UINT16_MAX);

	for (uint32_t i = 0; i < count && !u->bad; i++) {
		uint32_t segment = unpack_u32(u, e->labels.count);
		struct window *w = l->windows;

		while (w && w->segment != segment)
			w = w->next;
		if (w || u->bad)
			return false;
		w = window_of(l, segment);
		if (!ring_load(w->minutes, WINDOW_MINUTES, u) ||
			!ring_load(w->quarters, WINDOW_QUARTERS, u))
			return false;
	}
	return !u->bad;
}
