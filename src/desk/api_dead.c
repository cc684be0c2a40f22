/*
 * What could not be sent, through the API: a list for those who lead. What becomes of one is decided by the frames retry and discard. Called by
 * api.c.
 */
#include "desk/api.h"
#include "desk/out.h"
#include "store/dead.h"

enum { LIST_MAX = 200 };

static void add_letter(struct str *o, const struct held *l)
{
	out_comma(o);
	str_add_char(o, '{');
	out_id(o, "id", l->message);
	out_id(o, "conv", l->conv);
	out_u64(o, "seq", l->seq);
	out_u64(o, "at_ms", l->en.at_us / 1000);
	out_text(o, "channel", l->channel);
	out_text(o, "to", l->en.address);
	out_text(o, "subject", l->en.subject);
	out_word(o, "delivery", delivery_words, l->en.delivery);
	out_text(o, "why", l->en.why);
	str_add_char(o, '}');
}

static void on_list(void *arg, int status, const struct held *letters, size_t count, uint64_t all)
{
	struct call *c = arg;
	struct str o = { 0 };

	if (status) {
		call_failed(c, status);
	} else {
		str_add_char(&o, '{');
		out_u64(&o, "dead", all);
		str_add_text(&o, ",\"letters\":[");
		for (size_t i = 0; i < count; i++)
			add_letter(&o, &letters[i]);
		str_add_text(&o, "]}");
		call_json(c, 200, &o);
	}
	str_free(&o);
	call_release(c);
}

void call_dead(struct call *c)
{
	call_hold(c);
	dead_read(c->d->store, (struct id){ 0 }, LIST_MAX, on_list, c);
}
