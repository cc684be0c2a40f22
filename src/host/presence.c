/*
 * What a visitor does beside writing: left, came back, ended, has seen: commands for the inbox. Typing goes straight to the
 * desks and is never kept.
 */
#include "host/inside.h"
#include "model/limits.h"
#include "text/normalize.h"

static uint32_t visit_of(enum usher_presence what)
{
	switch (what) {
	case USHER_LEFT:
		return VISIT_LEFT;
	case USHER_BACK:
		return VISIT_BACK;
	case USHER_END:
		return VISIT_END;
	case USHER_SEEN:
		return VISIT_SEEN;
	case USHER_TYPING:
		break;
	}
	return VISIT_NONE;
}

void service_presence(
	struct usher_host *h, struct usher_str thread, enum usher_presence what, uint64_t seq)
{
	if (!service_allowed(h, "presence"))
		return;
	struct host *host = h->host;
	struct command c = { .type = COMMAND_VISIT,
		.channel = slice_of(h->name),
		.thread = to_slice(thread),
		.visit = visit_of(what),
		.seq = seq };

	if (what == USHER_TYPING) {
		if (host->on_typing)
			host->on_typing(host->on_typing_arg, c.channel, c.thread);
		return;
	}
	if (!c.visit || !thread.n)
		plugin_wrong(h, "presence %d of a thread of %zu bytes", (int)what, thread.n);
	else
		put_stubborn(h, &c, NULL, NULL);
}

/* Stars that everybody can read, then what was said beside them. */
static void rating_words(struct str *out, uint32_t score, struct slice said)
{
	for (uint32_t i = 1; i <= RATING_MAX; i++)
		str_add_text(out, i <= score ? "\xe2\x98\x85" : "\xe2\x98\x86");
	str_addf(out, " %u/%d", (unsigned)score, RATING_MAX);
	if (said.n) {
		str_add_char(out, '\n');
		text_normalize(out, said, RATING_TEXT_MAX);
	}
}

void service_rate(struct usher_host *h, struct usher_str thread, struct usher_str dedup,
	uint32_t score, struct usher_str text)
{
	struct str words = { 0 }, key = { 0 }, hints = { 0 }, number = { 0 };

	if (!service_allowed(h, "rate"))
		return;
	if (!thread.n || !dedup.n || dedup.n > MESSAGE_KEY_MAX || score < 1 || score > RATING_MAX) {
		plugin_wrong(
			h, "a rating of %u for a thread of %zu bytes", (unsigned)score, thread.n);
		return;
	}
	rating_words(&words, score, to_slice(text));
	str_addf(&key, "%s\n", h->name);
	str_add(&key, to_slice(dedup));
	str_add_u64(&number, score);
	pairs_add(&hints, SLICE("rating"), str_slice(&number));
	struct command c = { .type = COMMAND_VISIT,
		.channel = slice_of(h->name),
		.thread = to_slice(thread),
		.dedup = str_slice(&key),
		.visit = VISIT_RATED,
		.seq = score,
		.hints = str_slice(&hints),
		.text = str_slice(&words) };
	put_stubborn(h, &c, NULL, NULL);
	str_free(&words);
	str_free(&key);
	str_free(&hints);
	str_free(&number);
}
