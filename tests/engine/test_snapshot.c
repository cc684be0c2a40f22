/*
 * Snapshots of earlier versions: each format that was ever written is kept in snapshots/ beside what it said, and
 * must load into an engine that says the same, holds every invariant, saves as today's version and goes on working.
 *
 *   test_snapshot                         what is kept loads; a later version and unknown bytes are refused with a reason
 *   test_snapshot --write DIR/vN          a busy center as vN.snapshot and vN.txt: once, when the format became N
 */
#include "engine/center.h"

#include <string.h>

#include "base/str.h"

#define KEPT_DIR "tests/engine/snapshots"

static int failures;

static void check(bool holds, const char *name, const char *what)
{
	if (holds)
		return;
	printf("%s: %s\n", name, what);
	failures++;
}

/* ---- a center in which everything happens ---- */

static void give(struct engine *e, struct command c, uint64_t at_s)
{
	struct step out;

	c.at_us = CENTER_START_US + at_s * S_US;
	engine_step(e, &c, c.at_us, &out);
	check(out.answer == ANSWER_OK, command_words[c.type], out.why);
}

static void give_agent(struct engine *e, const char *name, const char *skills, bool available)
{
	struct slice who = slice_of(name);

	give(e,
		(struct command){ .type = COMMAND_USER,
			.agent = who,
			.name = SLICE("A Name"),
			.skills = slice_of(skills) },
		1);
	give(e,
		(struct command){ .type = COMMAND_DESK_UP,
			.agent = who,
			.session = SLICE("n1:1"),
			.node = SLICE("n1") },
		2);
	if (available)
		give(e,
			(struct command){ .type = COMMAND_PRESENCE,
				.agent = who,
				.presence = PRESENCE_AVAILABLE },
			3);
}

static void give_message(struct engine *e, uint64_t n, const char *kind, const char *queue,
	const char *skills, uint64_t at_s)
{
	give(e,
		(struct command){ .type = COMMAND_MESSAGE,
			.fresh = 1,
			.conv = center_id(n),
			.customer = center_id(100 + n),
			.id = center_id(200 + n),
			.channel = SLICE("mailbox"),
			.kind = slice_of(kind),
			.segment = n % 4 ? SLICE("mass") : SLICE("premier"),
			.queue = slice_of(queue),
			.skills = slice_of(skills) },
		at_s);
}

static struct id offer_of(const struct engine *e, uint64_t n, struct slice *agent)
{
	struct conv_view v = { .state = CONV_NONE };

	(void)engine_conv(e, center_id(n), &v);
	*agent = v.agent;
	return v.offer;
}

static void give_accept(struct engine *e, uint64_t n, uint64_t at_s)
{
	struct slice who;
	struct id offer = offer_of(e, n, &who);

	give(e, (struct command){ .type = COMMAND_ACCEPT, .agent = who, .offer = offer }, at_s);
}

static void give_work(struct engine *e, enum command_type type, uint64_t n, const char *agent,
	const char *to, uint64_t at_s)
{
	give(e,
		(struct command){ .type = type,
			.agent = slice_of(agent),
			.conv = center_id(n),
			.id = center_id(500 + at_s),
			.to = slice_of(to),
			.text = SLICE("a word"),
			.outcome = SLICE("solved") },
		at_s);
}

/* Waiting, parked, offered, active, pending, in wrap-up, resolved; declined, transferred, a grace, a pause, the night; somebody is asked. */
static struct engine *busy_center(const struct config *config)
{
	struct engine *e = engine_new(config);
	struct slice who;

	give_agent(e, "ann", "ru=80 cards=50", true);
	give_agent(e, "bo", "ru=60", true);
	give_agent(e, "cy", "en=50", false);
	give_agent(e, "dan", "ru=90", true);
	give_message(e, 1, "email", "support", "", 10);
	give_message(e, 2, "email", "support", "", 11);
	give_message(e, 3, "email", "support", "", 12);
	for (uint64_t n = 1; n <= 3; n++)
		give_accept(e, n, 12 + n);
	offer_of(e, 1, &who);
	struct conv_view v[4];
	for (uint64_t n = 1; n <= 3; n++)
		engine_conv(e, center_id(n), &v[n]);
	give_work(e, COMMAND_REPLY, 1, v[1].agent.p, "", 20); /* pending */
	give_work(e, COMMAND_REPLY, 2, v[2].agent.p, "", 21);
	give_work(e, COMMAND_RESOLVE, 2, v[2].agent.p, "", 22); /* wrap-up, then resolved */
	for (uint64_t n = 4; n <= 9; n++)
		give_message(e, n, n % 2 ? "chat" : "email", "cards", "", 40 + n);
	struct id offer = offer_of(e, 4, &who);
	give(e, (struct command){ .type = COMMAND_DECLINE, .agent = who, .offer = offer }, 51);
	give_accept(e, 5, 52);
	give_message(e, 10, "chat", "support", "klingon=4", 53); /* parked */
	give_message(e, 11, "email", "desk", "", 54);		 /* the desk is closed at night */
	for (uint64_t n = 12; n <= 24; n++)
		give_message(e, n, "callback", "support", "", 50 + n / 4);
	give_work(e, COMMAND_TRANSFER, 3, v[3].agent.p, "agent:cy", 58);
	give(e, (struct command){ .type = COMMAND_QUEUE, .queue = SLICE("any"), .paused = 1 }, 59);
	give(e,
		(struct command){
			.type = COMMAND_VISIT, .conv = center_id(20), .visit = VISIT_END },
		60);
	give(e,
		(struct command){ .type = COMMAND_DESK_DOWN,
			.agent = SLICE("dan"),
			.session = SLICE("n1:1"),
			.node = SLICE("n1") },
		61);
	give_agent(e, "fay", "en=90", true);
	give_work(e, COMMAND_CONSULT, 1, v[1].agent.p, "agent:fay", 61);
	return e;
}

/* ---- what a state says, in words that later versions still have ---- */

static bool dump_conv(const struct conv_view *v, void *arg)
{
	str_addf(arg,
		"conv %llu %s queue=%.*s channel=%.*s kind=%.*s segment=%.*s agent=%.*s "
		"arrived=%llu key=%lld tier=%llu seq=%llu units=%llu offer=%s outcome=%.*s\n",
		(unsigned long long)v->conv.lo, conv_state_words[v->state], SLICE_ARG(v->queue),
		SLICE_ARG(v->channel), SLICE_ARG(v->kind), SLICE_ARG(v->segment),
		SLICE_ARG(v->agent), (unsigned long long)v->arrived_us, (long long)v->key,
		(unsigned long long)v->tier, (unsigned long long)v->seq_last,
		(unsigned long long)v->units, id_is_none(v->offer) ? "no" : "yes",
		SLICE_ARG(v->outcome));
	return true;
}

static bool dump_agent(const struct agent_view *v, void *arg)
{
	str_addf(arg,
		"agent %.*s name=%.*s skills=%.*s presence=%s online=%d used=%llu limit=%llu "
		"handled=%llu\n",
		SLICE_ARG(v->agent), SLICE_ARG(v->name), SLICE_ARG(v->skills),
		presence_words[v->presence], v->online, (unsigned long long)v->used,
		(unsigned long long)v->limit, (unsigned long long)v->handled);
	return true;
}

static bool dump_queue(const struct queue_view *v, void *arg)
{
	str_addf(arg,
		"queue %.*s waiting=%zu offered=%zu active=%zu parked=%zu open=%d paused=%d "
		"answered=%llu within=%llu abandoned=%llu\n",
		SLICE_ARG(v->queue), v->waiting, v->offered, v->active, v->parked, v->open,
		v->paused, (unsigned long long)v->answered, (unsigned long long)v->answered_within,
		(unsigned long long)v->abandoned);
	return true;
}

static void dump(const struct engine *e, struct str *out)
{
	engine_each_conv(e, CONV_NONE, dump_conv, out);
	engine_each_agent(e, dump_agent, out);
	engine_each_queue(e, dump_queue, out);
}

/* ---- files ---- */

static bool file_read(const char *path, struct str *out)
{
	char part[4096];
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	for (size_t n; (n = fread(part, 1, sizeof(part), f)) > 0;)
		str_add(out, slice_make(part, n));
	fclose(f);
	return true;
}

static bool file_write(const char *stem, const char *ending, const struct str *bytes)
{
	char path[512];

	snprintf(path, sizeof(path), "%s.%s", stem, ending);
	FILE *f = fopen(path, "wb");

	if (!f)
		return false;
	bool done = fwrite(bytes->p, 1, bytes->n, f) == bytes->n;

	return fclose(f) == 0 && done;
}

static int write_kept(const char *stem)
{
	struct config *config = center_new();
	struct engine *e = busy_center(config);
	struct str saved = { 0 }, said = { 0 };

	engine_save(e, &saved);
	dump(e, &said);
	check(file_write(stem, "snapshot", &saved) && file_write(stem, "txt", &said), stem,
		"cannot be written");
	str_free(&saved);
	str_free(&said);
	engine_free(&e);
	center_free(config);
	return failures ? 1 : 0;
}

/* ---- the checks ---- */

static void goes_on(struct engine *e, const char *name)
{
	struct str why = { 0 };

	/* past every deadline it holds: offers end, the grace ends, the doors open */
	for (uint64_t s = 62; s < 40000; s += 600)
		give(e, (struct command){ .type = COMMAND_TICK }, s);
	give_message(e, 90, "email", "support", "", 40001);
	check(engine_check(e, &why) == 0, name, why.n ? why.p : "broken after going on");
	str_free(&why);
}

static void loads(const struct config *config, const char *name)
{
	char path[512];
	struct str saved = { 0 }, said = { 0 }, says = { 0 }, again = { 0 }, why = { 0 };
	struct err err = { "" };

	snprintf(path, sizeof(path), "%s/%s.snapshot", KEPT_DIR, name);
	check(file_read(path, &saved), name, "no snapshot");
	snprintf(path, sizeof(path), "%s/%s.txt", KEPT_DIR, name);
	check(file_read(path, &said), name, "no text");
	struct engine *e = engine_load(config, str_slice(&saved), &err);

	check(e != NULL, name, err.text);
	if (e) {
		dump(e, &says);
		check(slice_equal(str_slice(&says), str_slice(&said)), name,
			"it says something else:");
		if (!slice_equal(str_slice(&says), str_slice(&said)))
			printf("%s", says.p);
		check(engine_check(e, &why) == 0, name, why.n ? why.p : "broken");
		engine_save(e, &again);
		struct engine *twin = engine_load(config, str_slice(&again), &err);

		check(twin && engine_hash(twin) == engine_hash(e), name,
			"saved anew it is another");
		engine_free(&twin);
		goes_on(e, name);
	}
	engine_free(&e);
	str_free(&saved);
	str_free(&said);
	str_free(&says);
	str_free(&again);
	str_free(&why);
}

static void refused(const struct config *config, struct slice bytes, const char *expect)
{
	struct err err = { "" };
	struct engine *e = engine_load(config, bytes, &err);

	check(!e, expect, "was loaded");
	check(strstr(err.text, expect) != NULL, expect, err.text);
	engine_free(&e);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_kept(argv[2]);
	struct config *config = center_new();
	static const char *const kept[] = { "v1", "v2", "v3", "v4" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		loads(config, kept[i]);
	refused(config, SLICE("usher-engine 999\nwhatever"), "version 999");
	refused(config, SLICE("usher-engine 999\nwhatever"), "newer usherd");
	refused(config, SLICE("usher-engine \n"), "not a snapshot");
	refused(config, SLICE("usher-engine 0\n"), "not a snapshot");
	refused(config, SLICE("{}"), "not a snapshot");
	center_free(config);
	return failures ? 1 : 0;
}
