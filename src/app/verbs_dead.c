/*
 * The verb dead: messages that could not be sent, and sending them again. Sends nothing itself: it asks the router, as the button at the
 * desk does. Called by control.c.
 *
 *   dead ─▶ list ─▶ the entry of each ─▶ shown, or a retry of each that was meant in the inbox ─▶ how many
 */
#include <string.h>

#include "app/call.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/entry.h"
#include "store/dead.h"
#include "store/inbox.h"
#include "store/lookup.h"

enum { LIST_MAX = 10000 };

struct letter {
	struct dead_letter at;
	struct slice packed;
};
struct dead {
	struct letter *letters;
	size_t count;
	uint64_t all;
	bool replay;
	struct id only;	      /* replay this one */
	struct slice channel; /* or those of this channel that failed */
	size_t owed, stored;
};

static void add_letter(
	struct control_call *c, const struct letter *l, const struct entry *en, bool first)
{
	str_addf(&c->text, "%s{\"seq\":%llu,\"since_ms\":%llu", first ? "" : ",",
		(unsigned long long)l->at.seq, (unsigned long long)(en->at_us / 1000));
	json_id(&c->text, "id", l->at.message);
	json_id(&c->text, "conv", l->at.conv);
	json_text(&c->text, "channel", l->at.channel);
	json_text(&c->text, "to", en->address);
	json_text(&c->text, "state", slice_of(delivery_words[en->delivery]));
	json_text(&c->text, "why", en->why);
	str_add_char(&c->text, '}');
}

/* False when its history is gone or damaged: verify tells of those. */
static bool letter_entry(const struct letter *l, struct entry *en)
{
	return l->packed.n && record_unpack(&entry_table, en, l->packed, NULL) == 0;
}

static void show(struct control_call *c, const struct dead *d)
{
	struct entry en;
	bool first = true;

	str_addf(&c->text, "{\"dead\":%llu,\"letters\":[", (unsigned long long)d->all);
	for (size_t i = 0; i < d->count; i++) {
		if (!letter_entry(&d->letters[i], &en))
			continue;
		add_letter(c, &d->letters[i], &en, first);
		first = false;
	}
	str_add_text(&c->text, "]}");
	control_result(c, str_slice(&c->text), 0);
}

/* ---- again ---- */

/* Of a channel only those that failed: what bounced or may have been sent is for somebody to look at, one by one. */
static bool is_meant(const struct dead *d, const struct letter *l, const struct entry *en)
{
	if (!d->channel.n)
		return id_equal(l->at.message, d->only);
	return slice_equal(l->at.channel, d->channel) && en->delivery == DELIVERY_FAILED;
}

static void replay_end(struct control_call *c, const struct dead *d)
{
	str_addf(&c->text, "{\"replayed\":%zu}", d->stored);
	control_result(c, str_slice(&c->text), 0);
}

static void on_stored(void *arg, int status)
{
	struct control_call *c = arg;
	struct dead *d = c->state;

	d->stored += status == 0;
	if (--d->owed == 0 && d->stored)
		replay_end(c, d);
	else if (d->owed == 0)
		control_error(c, CALL_REFUSED, "Redis did not take it: %s", strerror(-status));
	control_release(c);
}

static void replay_one(struct control_call *c, const struct letter *l)
{
	struct dead *d = c->state;
	struct command cmd = { .type = COMMAND_RETRY, .conv = l->at.conv, .seq = l->at.seq };
	uint8_t chance[10];

	chance_bytes(chance, sizeof(chance));
	cmd.at_us = loop_wall_us(c->node->loop);
	cmd.id = id_make(cmd.at_us, chance);
	d->owed++;
	inbox_put(c->node->store, &cmd, on_stored, control_hold(c));
}

static void replay(struct control_call *c, struct dead *d)
{
	struct entry en;

	for (size_t i = 0; i < d->count; i++)
		if (letter_entry(&d->letters[i], &en) && is_meant(d, &d->letters[i], &en))
			replay_one(c, &d->letters[i]);
	log_info("control", "dead letters sent again count=%zu", d->owed);
	if (!d->owed && d->channel.n)
		replay_end(c, d);
	else if (!d->owed)
		control_error(c, CALL_REFUSED,
			"there is no dead letter %.*s: usherctl dead lists them",
			SLICE_ARG(c->args[1]));
}

/* ---- reading ---- */

static void on_entries(void *arg, int status)
{
	struct control_call *c = arg;
	struct dead *d = c->state;

	if (status)
		control_error(c, CALL_REFUSED, "Redis did not answer: %s", strerror(-status));
	else if (d->replay)
		replay(c, d);
	else
		show(c, d);
	control_release(c);
}

static void on_list(
	void *arg, int status, const struct dead_letter *letters, size_t count, uint64_t all)
{
	struct control_call *c = arg;
	struct dead *d = c->state;

	if (status) {
		control_error(c, CALL_REFUSED, "Redis did not answer: %s", strerror(-status));
		control_release(c);
		return;
	}
	d->letters = arena_array(&c->arena, count, sizeof(*d->letters));
	d->count = count;
	d->all = all;
	struct lookup *l = lookup_new(c->node->store, &c->arena);
	for (size_t i = 0; i < count; i++) {
		d->letters[i].at = letters[i];
		d->letters[i].at.channel = arena_copy(&c->arena, letters[i].channel);
		lookup_entry(l, letters[i].conv, letters[i].seq, &d->letters[i].packed);
	}
	lookup_run(l, on_entries, c);
}

void verb_dead(struct control_call *c)
{
	struct dead *d = arena_alloc(&c->arena, sizeof(*d));

	c->state = d;
	d->channel = control_option(c, "channel");
	d->replay = c->arg_count && slice_is(c->args[0], "replay");
	bool list = !c->arg_count || (slice_is(c->args[0], "list") && c->arg_count == 1);
	if (!d->replay && !list)
		control_error(
			c, CALL_USAGE, "dead: expected list, replay ID or replay --channel NAME");
	else if (d->replay && (c->arg_count == 2) == (d->channel.n > 0))
		control_error(
			c, CALL_USAGE, "dead replay: expected either an id or --channel NAME");
	else if (d->channel.n && !config_channel(c->node->config, d->channel))
		control_error(c, CALL_REFUSED, "there is no channel '%.*s'", SLICE_ARG(d->channel));
	else if (d->replay && !d->channel.n && !id_parse(c->args[1], &d->only))
		control_error(c, CALL_REFUSED, "'%.*s' is no message's id", SLICE_ARG(c->args[1]));
	else
		dead_read(c->node->store, LIST_MAX, on_list, control_hold(c));
}
