/* See recipients.h. Called by the router, which keeps them, and the desk, which shows them. */
#include "model/recipients.h"

static void add_number(struct str *out, const char *name, uint64_t number)
{
	struct str text = { 0 };

	if (!number)
		return;
	str_add_u64(&text, number);
	pairs_add(out, slice_of(name), str_slice(&text));
	str_free(&text);
}

static uint64_t get_number(struct slice line, const char *name, struct arena *arena)
{
	uint64_t number = 0;

	(void)slice_u64(pairs_get(line, name, arena), &number);
	return number;
}

void recipients_add(struct str *out, const struct recipient *r)
{
	if (out->n)
		str_add_char(out, '\n');
	pairs_add(out, SLICE("a"), r->address);
	pairs_add(out, SLICE("r"), r->role);
	pairs_add(out, SLICE("d"), slice_of(delivery_words[r->delivery]));
	if (r->why.n)
		pairs_add(out, SLICE("w"), r->why);
	add_number(out, "t", r->at_us);
	add_number(out, "f", r->first);
}

bool recipients_next(struct slice *rest, struct recipient *r, struct arena *arena)
{
	while (rest->p) {
		struct slice line = slice_cut(rest, '\n');
		if (!line.n)
			continue;
		*r = (struct recipient){ .address = pairs_get(line, "a", arena),
			.role = pairs_get(line, "r", arena),
			.delivery = word_parse(delivery_words, pairs_get(line, "d", arena)),
			.why = pairs_get(line, "w", arena),
			.at_us = get_number(line, "t", arena),
			.first = get_number(line, "f", arena) };
		return true;
	}
	return false;
}

static int delivery_rank(uint32_t delivery)
{
	switch ((enum delivery)delivery) {
	case DELIVERY_NONE:
	case DELIVERY_COUNT:
		return 0;
	case DELIVERY_QUEUED:
		return 1;
	case DELIVERY_UNSURE:
		return 2;
	case DELIVERY_SENT:
		return 3;
	case DELIVERY_FAILED:
		return 4;
	case DELIVERY_DELIVERED:
		return 5;
	case DELIVERY_READ:
		return 6;
	case DELIVERY_BOUNCED:
		return 7;
	}
	return 0;
}

bool delivery_is_news(uint32_t delivery, uint32_t before)
{
	return delivery_rank(delivery) > delivery_rank(before) ||
	       (delivery == DELIVERY_QUEUED && before == DELIVERY_QUEUED);
}

bool delivery_is_retryable(uint32_t delivery)
{
	return delivery == DELIVERY_FAILED || delivery == DELIVERY_BOUNCED ||
	       delivery == DELIVERY_UNSURE;
}

static struct slice taken(struct str *out, struct arena *arena)
{
	struct slice kept = arena_copy(arena, str_slice(out));

	str_free(out);
	return kept;
}

struct slice recipients_set(struct slice lines, uint64_t number, uint32_t delivery,
	struct slice why, struct arena *arena, bool *moved)
{
	struct str out = { 0 };
	struct recipient r;
	uint64_t i = 0;

	*moved = false;
	for (struct slice rest = lines; recipients_next(&rest, &r, arena); i++) {
		if (i == number && delivery_is_news(delivery, r.delivery)) {
			*moved = true;
			r.delivery = delivery;
			r.why = why;
		}
		recipients_add(&out, &r);
	}
	return taken(&out, arena);
}

struct slice recipients_retry(struct slice lines, struct arena *arena)
{
	struct str out = { 0 };
	struct recipient r;

	for (struct slice rest = lines; recipients_next(&rest, &r, arena);) {
		if (delivery_is_retryable(r.delivery)) {
			r.delivery = DELIVERY_QUEUED;
			r.why = (struct slice){ 0 };
		}
		recipients_add(&out, &r);
	}
	return taken(&out, arena);
}

/* The worse the higher. */
static int delivery_worry(uint32_t delivery)
{
	switch ((enum delivery)delivery) {
	case DELIVERY_BOUNCED:
		return 7;
	case DELIVERY_FAILED:
		return 6;
	case DELIVERY_UNSURE:
		return 5;
	case DELIVERY_QUEUED:
		return 4;
	case DELIVERY_SENT:
		return 3;
	case DELIVERY_DELIVERED:
		return 2;
	case DELIVERY_READ:
		return 1;
	case DELIVERY_NONE:
	case DELIVERY_COUNT:
		return 0;
	}
	return 0;
}

uint32_t recipients_state(struct slice lines, struct slice *why, struct arena *arena)
{
	uint32_t worst = DELIVERY_NONE;
	struct recipient r;

	*why = (struct slice){ 0 };
	for (struct slice rest = lines; recipients_next(&rest, &r, arena);) {
		if (delivery_worry(r.delivery) <= delivery_worry(worst))
			continue;
		worst = r.delivery;
		*why = r.why.n ? arena_printf(arena, "%.*s: %.*s", SLICE_ARG(r.address),
					 SLICE_ARG(r.why))
			       : (struct slice){ 0 };
	}
	return worst;
}
