/*
 * Urlencoded pairs, attachments as lines of pairs, and skills with levels.
 */
#include "model/pairs.h"

#include "base/assert.h"

void pairs_add(struct str *out, struct slice name, struct slice value)
{
	if (out->n && out->p[out->n - 1] != '\n')
		str_add_char(out, '&');
	str_add_percent(out, name);
	str_add_char(out, '=');
	str_add_percent(out, value);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* A malformed escape stands for itself: these texts were written by pairs_add. */
static struct slice decode(struct slice s, struct arena *arena)
{
	char *out = arena_alloc(arena, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		int hi = -1, lo = -1;
		if (s.p[i] == '%' && i + 2 < s.n) {
			hi = hex_digit(s.p[i + 1]);
			lo = hex_digit(s.p[i + 2]);
		}
		if (hi >= 0 && lo >= 0) {
			out[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	return slice_make(out, n);
}

bool pairs_next(struct slice *rest, struct slice *name, struct slice *value, struct arena *arena)
{
	while (rest->p && rest->n) {
		struct slice v = slice_cut(rest, '&');
		if (!v.n)
			continue;
		struct slice n = slice_cut(&v, '=');
		*name = decode(n, arena);
		*value = v.p ? decode(v, arena) : slice_make("", 0);
		return true;
	}
	return false;
}

struct slice pairs_get(struct slice pairs, const char *name, struct arena *arena)
{
	struct slice n, v;
	for (struct slice rest = pairs; pairs_next(&rest, &n, &v, arena);)
		if (slice_is(n, name))
			return v;
	return (struct slice){ NULL, 0 };
}

static void part_add_field(struct str *out, const char *name, struct slice value)
{
	if (value.n)
		pairs_add(out, slice_of(name), value);
}

void parts_add(struct str *out, const struct part *p)
{
	struct str size = { 0 };
	if (out->n)
		str_add_char(out, '\n');
	str_add_u64(&size, p->size_bytes);
	part_add_field(out, "n", p->name);
	part_add_field(out, "t", p->type);
	part_add_field(out, "s", str_slice(&size));
	part_add_field(out, "b", p->blob);
	part_add_field(out, "c", p->cid);
	str_free(&size);
}

bool parts_next(struct slice *rest, struct part *p, struct arena *arena)
{
	if (!rest->p || !rest->n)
		return false;
	struct slice line = slice_cut(rest, '\n');
	struct slice name, value;
	*p = (struct part){ 0 };
	while (pairs_next(&line, &name, &value, arena)) {
		if (slice_is(name, "n"))
			p->name = value;
		else if (slice_is(name, "t"))
			p->type = value;
		else if (slice_is(name, "s"))
			(void)slice_u64(value, &p->size_bytes);
		else if (slice_is(name, "b"))
			p->blob = value;
		else if (slice_is(name, "c"))
			p->cid = value;
	}
	return true;
}

bool skills_next(struct slice *rest, struct skill *s, bool *bad)
{
	enum { LEVEL_MAX = 100 };
	*bad = false;
	while (rest->p) {
		struct slice level = slice_cut(rest, ' ');
		if (!level.n)
			continue;
		struct slice name = slice_cut(&level, '=');
		uint64_t n = 1;
		if (!name.n || (level.p && (!slice_u64(level, &n) || n > LEVEL_MAX))) {
			*bad = true;
			return false;
		}
		*s = (struct skill){ name, (uint8_t)n };
		return true;
	}
	return false;
}

void skills_add(struct str *out, struct slice name, uint8_t level)
{
	ASSERT(name.n > 0);
	if (out->n)
		str_add_char(out, ' ');
	str_add(out, name);
	str_add_char(out, '=');
	str_add_u64(out, level);
}
