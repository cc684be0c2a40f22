/*
 * The verb dead: messages that could not be sent, sending them again, and setting one aside. Sends nothing itself: it asks the router, as the
 * buttons at the desk do. Called by control.c.
 *
 *   dead ─▶ list ─▶ shown, or a command for each that was meant in the inbox ─▶ how many
 */
#include <string.h>

#include "app/call.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/entry.h"
#include "store/dead.h"
#include "store/inbox.h"

enum { LIST_MAX = 10000 };

struct dead {
	enum command_type ask; /* of what was meant; COMMAND_NONE: only shown */
	struct slice channel;  /* those of this channel that failed; empty: one */
	size_t owed, stored;
};

static void add_letter(struct control_call *c, const struct held *l, bool first)
{
	str_addf(&c->text, "%s{\"seq\":%llu,\"since_ms\":%llu", first ? "" : ",",
		(unsigned long long)l->seq, (unsigned long long)(l->en.at_us / 1000));
	json_id(&c->text, "id", l->message);
	json_id(&c->text, "conv", l->conv);
	json_text(&c->text, "channel", l->channel);
	json_text(&c->text, "to", l->en.address);
	json_text(&c->text, "state", slice_of(delivery_words[l->en.delivery]));
	json_text(&c->text, "why", l->en.why);
	str_add_char(&c->text, '}');
}

static void show(struct control_call *c, const struct held *letters, size_t count, uint64_t all)
{
	str_addf(&c->text, "{\"dead\":%llu,\"letters\":[", (unsigned long long)all);
	for (size_t i = 0; i < count; i++)
		add_letter(c, &letters[i], i == 0);
	str_add_text(&c->text, "]}");
	control_result(c, str_slice(&c->text), 0);
}

/* ---- decided ---- */

static void decided_end(struct control_call *c, const struct dead *d)
{
	str_addf(&c->text, "{\"%s\":%zu}", d->ask == COMMAND_RETRY ? "replayed" : "discarded",
		d->stored);
	control_result(c, str_slice(&c->text), 0);
}

static void on_stored(void *arg, int status)
{
	struct control_call *c = arg;
	struct dead *d = c->state;

	d->stored += status == 0;
	if (--d->owed == 0 && d->stored)
		decided_end(c, d);
	else if (d->owed == 0)
		control_error(c, CALL_REFUSED, "Redis did not take it: %s", strerror(-status));
	control_release(c);
}

static void decide_one(struct control_call *c, const struct held *l)
{
	struct dead *d = c->state;
	struct command cmd = { .type = d->ask, .conv = l->conv, .seq = l->seq };
	uint8_t chance[10];

	chance_bytes(chance, sizeof(chance));
	cmd.at_us = loop_wall_us(c->node->loop);
	cmd.id = id_make(cmd.at_us, chance);
	d->owed++;
	inbox_put(c->node->store, &cmd, on_stored, control_hold(c));
}

/* Of a channel only those that failed: what bounced or may have been sent is for somebody to look at, one by one. */
static void decide(struct control_call *c, const struct held *letters, size_t count)
{
	struct dead *d = c->state;

	for (size_t i = 0; i < count; i++)
		if (!d->channel.n || (slice_equal(letters[i].channel, d->channel) &&
					     letters[i].en.delivery == DELIVERY_FAILED))
			decide_one(c, &letters[i]);
	log_info("control", "dead letters %s count=%zu",
		d->ask == COMMAND_RETRY ? "sent again" : "set aside", d->owed);
	if (!d->owed && d->channel.n)
		decided_end(c, d);
	else if (!d->owed)
		control_error(c, CALL_REFUSED,
			"there is no dead letter %.*s: usherctl dead lists them",
			SLICE_ARG(c->args[1]));
}

static void on_read(void *arg, int status, const struct held *letters, size_t count, uint64_t all)
{
	struct control_call *c = arg;
	struct dead *d = c->state;

	if (status)
		control_error(c, CALL_REFUSED, "Redis did not answer: %s", strerror(-status));
	else if (d->ask)
		decide(c, letters, count);
	else
		show(c, letters, count, all);
	control_release(c);
}

static enum command_type asked(const struct control_call *c)
{
	if (c->arg_count && slice_is(c->args[0], "replay"))
		return COMMAND_RETRY;
	return c->arg_count && slice_is(c->args[0], "discard") ? COMMAND_DISCARD : COMMAND_NONE;
}

void verb_dead(struct control_call *c)
{
	struct dead *d = arena_alloc(&c->arena, sizeof(*d));
	struct id only = { 0 };

	c->state = d;
	d->channel = control_option(c, "channel");
	d->ask = asked(c);
	bool list = !c->arg_count || (slice_is(c->args[0], "list") && c->arg_count == 1);
	if (!d->ask && !list)
		control_error(c, CALL_USAGE,
			"dead: expected list, replay ID, replay --channel NAME or discard ID");
	else if (d->ask == COMMAND_RETRY && (c->arg_count == 2) == (d->channel.n > 0))
		control_error(
			c, CALL_USAGE, "dead replay: expected either an id or --channel NAME");
	else if (d->ask == COMMAND_DISCARD && (c->arg_count != 2 || d->channel.n))
		control_error(c, CALL_USAGE, "dead discard: expected an id");
	else if (d->channel.n && !config_channel(c->node->config, d->channel))
		control_error(c, CALL_REFUSED, "there is no channel '%.*s'", SLICE_ARG(d->channel));
	else if (d->ask && !d->channel.n && !id_parse(c->args[1], &only))
		control_error(c, CALL_REFUSED, "'%.*s' is no message's id", SLICE_ARG(c->args[1]));
	else
		dead_read(c->node->store, only, LIST_MAX, on_read, control_hold(c));
}
