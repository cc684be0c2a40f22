/*
 * Which segment a customer belongs to: the card's own word first, then the configuration's rules, first match wins.
 */
#include "router/batch.h"

static struct slice domain_of(struct slice address)
{
	for (size_t i = address.n; i-- > 0;)
		if (address.p[i] == '@')
			return slice_make(address.p + i + 1, address.n - i - 1);
	return (struct slice){ NULL, 0 };
}

static bool listed(const struct slice *list, size_t count, struct slice value)
{
	for (size_t i = 0; i < count; i++)
		if (value.n && slice_equal_nocase(list[i], value))
			return true;
	return false;
}

/* All of them: one attribute alone says little of a customer. */
static bool attributes_match(const struct segment *s, const struct pairs_found *customer)
{
	for (size_t i = 0; i < s->attribute_count; i++) {
		/* names of the configuration end in NUL */
		struct slice has = found_get(customer, s->attributes[i].name.p);
		if (!has.n || !slice_equal_nocase(has, s->attributes[i].value))
			return false;
	}
	return s->attribute_count > 0;
}

static bool language_matches(const struct segment *s, const struct command *c)
{
	return s->language.n && slice_equal(s->language, c->lang.n ? c->lang : SLICE("unknown"));
}

static bool segment_matches(const struct segment *s, const struct command *c,
	const struct pairs_found *customer, struct arena *arena)
{
	if (segment_is_open(s) || language_matches(s, c) || attributes_match(s, customer))
		return true;
	if (slice_is(c->ident_kind, "email") &&
		(listed(s->domains, s->domain_count, domain_of(c->ident_value)) ||
			listed(s->addresses, s->address_count, c->ident_value)))
		return true;
	if (!s->hint_name.n)
		return false;
	struct slice hint = pairs_get(c->hints, s->hint_name.p, arena);
	return hint.p && slice_equal_nocase(hint, s->hint_value);
}

const struct segment *segment_for(const struct config *config, const struct command *c,
	const struct pairs_found *customer, struct arena *arena)
{
	const struct segment *own = config_segment(config, found_get(customer, "segment_set"));
	if (own)
		return own;
	for (size_t i = 0; i < config->segment_count; i++)
		if (segment_matches(&config->segments[i], c, customer, arena))
			return &config->segments[i];
	return config->segment_count ? &config->segments[config->segment_count - 1] : NULL;
}
