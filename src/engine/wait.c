/*
 * Estimated wait: from the waits lately seen in the queue (the last that were accepted), given that this
 * conversation has waited as long as it has. Looks only.
 */
#include "engine/conv.h"

static void wait_sort(uint64_t *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t x = v[i];
		size_t j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

bool engine_wait(
	const struct engine *e, struct id conv, uint64_t now_us, uint64_t *low_s, uint64_t *high_s)
{
	uint32_t h = conv_find(e, conv);
	uint64_t rest[WAITS_KEPT];
	size_t n = 0;

	if (!h || (conv_at(e, h)->state != CONV_WAITING && conv_at(e, h)->state != CONV_OFFERED))
		return false;
	const struct conv *c = conv_at(e, h);
	const struct line *l = line_at(e, c->line);
	uint64_t waited_s = now_us > c->arrived_us ? (now_us - c->arrived_us) / SECOND_US : 0;
	size_t kept = l->waits_seen < WAITS_KEPT ? (size_t)l->waits_seen : WAITS_KEPT;

	if (!kept)
		return false;
	for (size_t i = 0; i < kept; i++)
		if (l->waits_s[i] >= waited_s)
			rest[n++] = l->waits_s[i] - waited_s;
	if (!n) {
		/* Longer than anyone lately: it may take as long again. */
		*low_s = 0;
		*high_s = waited_s;
		return true;
	}
	wait_sort(rest, n);
	*low_s = rest[(n - 1) / 2];
	*high_s = rest[(n - 1) * 9 / 10];
	ASSERT(*low_s <= *high_s);
	return true;
}
