/*
 * Plays the stories (*.scn, see README.md) on the bare engine in virtual time, with center.yaml read by the real
 * loader. It stands in for channels, resolver and desks: makes their commands, keeps the texts.
 *
 *   test_engine [FILE.scn ...]     all of tests/scenarios when none is named; `ok NAME` or `not ok NAME: why` each
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/config.h"
#include "base/arena.h"
#include "base/str.h"
#include "engine/engine.h"

enum { CONVS_MAX = 64, WORDS_MAX = 24, SAID_MAX = 256 };
static const char folder[] = "tests/scenarios";

struct words { /* one line: bare words and name=value pairs */
	char *v[WORDS_MAX];
	size_t n;
};
struct said {
	size_t conv;
	char *text;
};
struct story {
	struct config *config;
	struct engine *e;
	uint64_t start_us, now_us, serial;
	struct id conv[CONVS_MAX]; /* by number, from 1 */
	char *from[CONVS_MAX];
	size_t convs;
	struct said said[SAID_MAX];
	size_t said_count;
	enum answer answer;
	struct arena arena;
	char why[512];
};

static bool wrong(struct story *s, const char *what, const char *more)
{
	if (!s->why[0])
		snprintf(s->why, sizeof(s->why), "%s%s%s", what, *more ? ": " : "", more);
	return false;
}

/* ---- lines ---- */

static void words_split(struct story *s, const char *line, struct words *w)
{
	w->n = 0;
	while (*line && w->n < WORDS_MAX) {
		struct str word = { 0 };
		bool quoted = false;

		while (*line == ' ' || *line == '\t')
			line++;
		if (!*line || *line == '#')
			break;
		for (; *line && (quoted || (*line != ' ' && *line != '\t')); line++) {
			if (*line == '"')
				quoted = !quoted;
			else
				str_add_char(&word, *line);
		}
		w->v[w->n++] = (char *)(uintptr_t)arena_copy(&s->arena, str_slice(&word)).p;
		str_free(&word);
	}
}

/* The value of name= (or name~=), NULL when absent. */
static const char *words_get(const struct words *w, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < w->n; i++) {
		if (strncmp(w->v[i], name, n) == 0 && w->v[i][n] == '=')
			return w->v[i] + n + 1;
		if (strncmp(w->v[i], name, n) == 0 && w->v[i][n] == '~' && w->v[i][n + 1] == '=')
			return w->v[i] + n + 2;
	}
	return NULL;
}

static struct slice words_slice(const struct words *w, const char *name)
{
	return slice_of(words_get(w, name));
}

static size_t words_conv(const struct words *w)
{
	const char *text = words_get(w, "conv");

	return text ? strtoull(text, NULL, 10) : 0;
}

/* "1.5s", "2m", "15h" in microseconds. */
static uint64_t time_us(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	return (uint64_t)(v * (*end == 'h' ? 3600e6 : *end == 'm' ? 60e6 : 1e6) + 0.5);
}

/* ---- the engine's surroundings ---- */

/* A text of the configuration, as the router takes it. */
static void system_says(struct story *s, const struct event *ev)
{
	struct conv_view v;
	const struct queue *q =
		engine_conv(s->e, ev->conv, &v) ? config_queue(s->config, v.queue) : NULL;

	for (size_t n = 1; q && n <= s->convs && s->said_count < SAID_MAX; n++)
		if (id_equal(s->conv[n], ev->conv))
			s->said[s->said_count++] = (struct said){ n,
				(char *)(uintptr_t)(slice_is(ev->why, "full")	? q->full_text
						    : slice_is(ev->why, "away") ? q->away_text
										: q->greeting)
					.p };
}

static void took_place(struct story *s, const struct step *out)
{
	s->answer = out->answer;
	for (size_t i = 0; i < out->count; i++)
		if (out->events[i].type == EVENT_MESSAGE &&
			out->events[i].direction == DIRECTION_SYSTEM)
			system_says(s, &out->events[i]);
	for (size_t i = 0; getenv("SCN_TRACE") && i < out->count; i++) {
		struct str line = { 0 };

		record_print(&event_table, &out->events[i], &line);
		printf("#  %.3f %.*s\n", (double)(s->now_us - s->start_us) / 1e6,
			SLICE_ARG(str_slice(&line)));
		str_free(&line);
	}
}

static void step(struct story *s, struct command *c)
{
	struct step out;
	struct str faults = { 0 };

	c->at_us = s->now_us;
	c->id = (struct id){ 99, ++s->serial };
	c->random = s->serial * 0x9e3779b97f4a7c15u;
	engine_step(s->e, c, s->now_us, &out);
	took_place(s, &out);
	if (engine_check(s->e, &faults))
		wrong(s, "invariant", faults.p);
	str_free(&faults);
}

/* Virtual time goes on; every deadline on the way gets its tick. */
static void advance(struct story *s, uint64_t to_us)
{
	enum answer answer = s->answer;

	while (engine_deadline(s->e) <= to_us) {
		struct command tick = { .type = COMMAND_TICK };

		if (engine_deadline(s->e) > s->now_us)
			s->now_us = engine_deadline(s->e);
		step(s, &tick);
	}
	if (to_us > s->now_us)
		s->now_us = to_us;
	s->answer = answer;
}

static struct slice segment_of(const struct story *s, const char *from)
{
	const char *at = strchr(from, '@');

	for (size_t i = 0; i < s->config->segment_count; i++) {
		const struct segment *g = &s->config->segments[i];

		for (size_t j = 0; at && j < g->domain_count; j++)
			if (slice_is(g->domains[j], at + 1))
				return g->name;
		if (!g->domain_count && !g->address_count && !g->hint_name.n)
			return g->name;
	}
	return (struct slice){ NULL, 0 };
}

static struct slice queue_of(const struct story *s, const struct channel *ch, struct slice topic)
{
	for (size_t i = 0; i < s->config->rule_count; i++) {
		const struct rule *r = &s->config->rules[i];

		if (r->queue && slice_equal(r->channel, ch->name) &&
			slice_is(r->hint_name, "topic") && slice_equal(r->hint_value, topic))
			return r->queue->name;
	}
	return ch->queue->name;
}

static bool still_open(const struct story *s, size_t n)
{
	struct conv_view v;

	return n && n <= s->convs && engine_conv(s->e, s->conv[n], &v);
}

/* A message of a customer; `n` 0: whatever that visitor's thread says. */
static bool customer_says(struct story *s, const char *channel, const struct words *w, size_t n)
{
	const struct channel *ch = config_channel(s->config, slice_of(channel));
	const char *from = words_get(w, "from");
	struct command c = { .type = COMMAND_MESSAGE };

	if (!ch || !from)
		return wrong(s, "no such channel, or from= is missing", channel);
	if (!still_open(s, n)) {
		if (s->convs + 1 >= CONVS_MAX)
			return wrong(s, "too many conversations", "");
		n = ++s->convs;
		s->conv[n] = (struct id){ 1, n };
		s->from[n] = (char *)(uintptr_t)arena_copy(&s->arena, slice_of(from)).p;
		c.fresh = 1;
	}
	c.conv = s->conv[n];
	c.channel = ch->name;
	c.kind = ch->kind->name;
	c.queue = queue_of(s, ch, words_slice(w, "topic"));
	c.segment = segment_of(s, from);
	c.automatic = words_get(w, "auto") != NULL;
	step(s, &c);
	return true;
}

static size_t thread_of(const struct story *s, const char *from)
{
	for (size_t n = s->convs; n > 0; n--)
		if (from && strcmp(s->from[n], from) == 0)
			return n;
	return 0;
}

struct find {
	enum conv_state state;
	struct id want, found, offer;
	size_t count;
};
static bool find_fn(const struct conv_view *v, void *arg)
{
	struct find *f = arg;

	if (f->state && v->state != f->state)
		return true;
	if (!id_is_none(f->want) && !id_equal(f->want, v->conv))
		return true;
	if (!f->count++) {
		f->found = v->conv;
		f->offer = v->offer;
	}
	return true;
}

/* The agent's conversation that a command means: the named one, or the only one there is. */
static struct id agents_conv(const struct story *s, const char *agent, const struct words *w)
{
	struct find f = { .state = CONV_NONE };
	size_t n = words_conv(w);

	if (n)
		return n <= s->convs ? s->conv[n] : (struct id){ 0, 0 };
	engine_each_work(s->e, slice_of(agent), find_fn, &f);
	if (!f.count && s->convs) /* what it had last */
		return s->conv[s->convs];
	return f.found;
}

static bool agent_does(struct story *s, const char *agent, const char *what, const struct words *w)
{
	struct command c = { .agent = slice_of(agent) };
	struct find f = { .state = CONV_OFFERED };

	c.type = word_parse(command_words, slice_of(what));
	if (strcmp(what, "presence") == 0) {
		c.presence = word_parse(presence_words, slice_of(w->n > 4 ? w->v[4] : ""));
	} else if (strcmp(what, "connects") == 0 || strcmp(what, "disconnects") == 0) {
		c.type = *what == 'c' ? COMMAND_DESK_UP : COMMAND_DESK_DOWN;
		c.session = arena_printf(&s->arena, "n1:%s", agent);
		c.node = SLICE("n1");
	} else if (c.type == COMMAND_ACCEPT || c.type == COMMAND_DECLINE) {
		if (words_conv(w))
			f.want = s->conv[words_conv(w)];
		engine_each_work(s->e, c.agent, find_fn, &f);
		c.offer = f.count ? f.offer : (struct id){ 77, 77 };
	} else if (c.type) {
		c.conv = agents_conv(s, agent, w);
		c.to = words_slice(w, "to");
		c.text = words_slice(w, "text");
		c.outcome = words_slice(w, "outcome");
	} else {
		return wrong(s, "an agent cannot do this", what);
	}
	step(s, &c);
	if (c.type == COMMAND_REPLY && s->answer == ANSWER_OK && s->said_count < SAID_MAX)
		for (size_t n = 1; n <= s->convs; n++)
			if (id_equal(s->conv[n], c.conv))
				s->said[s->said_count++] =
					(struct said){ n, (char *)(uintptr_t)c.text.p };
	return true;
}

static bool user_is(struct story *s, const char *name, const struct words *w)
{
	struct command c = { .type = COMMAND_USER, .agent = slice_of(name) };

	c.skills = words_slice(w, "skills");
	c.role = word_parse(role_words, words_slice(w, "role"));
	c.units = words_get(w, "units") ? strtoull(words_get(w, "units"), NULL, 10) : 0;
	step(s, &c);
	return s->answer == ANSWER_OK || wrong(s, "no user could be made", name);
}

/* agent NAME ...: a user, a desk, a presence. */
static bool play_agent(struct story *s, const struct words *w)
{
	const char *presence = words_get(w, "presence");
	struct words p = { .n = 5 };

	if (w->n < 2 || !user_is(s, w->v[1], w))
		return wrong(s, "agent NAME ...", "");
	p.v[4] = (char *)(uintptr_t)(presence ? presence : "available");
	return agent_does(s, w->v[1], "connects", w) && agent_does(s, w->v[1], "presence", &p);
}

static const char *chat_channel(struct story *s, const char *queue)
{
	return queue ? arena_printf(&s->arena, "chat-%s", queue).p : "chat";
}

static bool play_at(struct story *s, const struct words *w)
{
	if (w->n < 4)
		return wrong(s, "at TIME WHO WHAT", "");
	uint64_t at_us = s->start_us + time_us(w->v[1]);
	const char *who = w->v[2], *what = w->v[3];
	struct command c = { .type = COMMAND_TICK };
	size_t thread = thread_of(s, words_get(w, "from"));

	advance(s, at_us > s->now_us ? at_us : s->now_us);
	if (strcmp(who, "mail") == 0)
		return customer_says(s, "support", w, words_conv(w));
	if (strcmp(who, "form") == 0)
		return customer_says(s, "contact", w, 0);
	if (strcmp(who, "chat") == 0)
		return customer_says(s, chat_channel(s, words_get(w, "queue")), w, thread);
	if (strcmp(who, "leave") == 0 || strcmp(who, "end") == 0) {
		c.type = COMMAND_VISIT;
		c.visit = *who == 'l' ? VISIT_LEFT : VISIT_END;
		c.conv = s->conv[thread];
	} else if (strcmp(who, "pause") == 0 || strcmp(who, "resume") == 0) {
		c.type = COMMAND_QUEUE;
		c.queue = slice_of(what);
		c.paused = *who == 'p';
	} else if (strcmp(who, "user") == 0) {
		return user_is(s, what, w);
	} else if (strcmp(who, "user_off") == 0) {
		c.type = COMMAND_USER_OFF;
		c.agent = slice_of(what);
	} else {
		return agent_does(s, who, what, w);
	}
	step(s, &c);
	return true;
}

/* ---- expectations: true when it holds now ---- */

static bool sees_offer(const struct story *s, const struct words *w, size_t at)
{
	struct find f = { .state = CONV_OFFERED };

	(void)at;
	if (words_conv(w))
		f.want = s->conv[words_conv(w)];
	engine_each_work(s->e, words_slice(w, "agent"), find_fn, &f);
	return f.count > 0;
}

static bool sees_state(const struct story *s, const struct words *w, size_t at)
{
	struct conv_view v;
	const char *state = w->n > at + 2 ? w->v[at + 2] : "";

	if (!engine_conv(s->e, s->conv[words_conv(w)], &v))
		return strcmp(state, "closed") == 0;
	return strcmp(conv_state_words[v.state], state) == 0;
}

static bool sees_owner(const struct story *s, const struct words *w, size_t at)
{
	struct conv_view v;

	return engine_conv(s->e, s->conv[words_conv(w)], &v) && v.state != CONV_OFFERED &&
	       w->n > at + 2 && slice_is(v.agent, w->v[at + 2]);
}

static bool counts(const struct words *w, const char *name, size_t is)
{
	const char *want = words_get(w, name);

	return !want || strtoull(want, NULL, 10) == is;
}

static bool sees_queue(const struct story *s, const struct words *w, size_t at)
{
	struct queue_view q;

	return w->n > at + 1 && engine_queue(s->e, slice_of(w->v[at + 1]), &q) &&
	       counts(w, "waiting", q.waiting) && counts(w, "parked", q.parked) &&
	       counts(w, "active", q.active);
}

struct order {
	const struct story *s;
	struct slice queue;
	struct str text;
};
static bool order_fn(const struct conv_view *v, void *arg)
{
	struct order *o = arg;

	if (slice_equal(v->queue, o->queue))
		str_addf(&o->text, "%s%llu", o->text.n ? " " : "", (unsigned long long)v->conv.lo);
	return true;
}
static bool sees_order(const struct story *s, const struct words *w, size_t at)
{
	struct order o = { .s = s, .queue = slice_of(w->n > at + 1 ? w->v[at + 1] : "") };
	struct str want = { 0 };

	for (size_t i = at + 2; i < w->n && w->v[i][0] >= '0' && w->v[i][0] <= '9'; i++)
		str_addf(&want, "%s%s", want.n ? " " : "", w->v[i]);
	engine_each_conv(s->e, CONV_WAITING, order_fn, &o);
	bool same = slice_equal(str_slice(&want), str_slice(&o.text));

	str_free(&want);
	str_free(&o.text);
	return same;
}

static bool sees_presence(const struct story *s, const struct words *w, size_t at)
{
	struct agent_view a;

	return w->n > at + 2 && engine_agent(s->e, slice_of(w->v[at + 1]), &a) &&
	       strcmp(presence_words[a.presence], w->v[at + 2]) == 0;
}

static bool sees_used(const struct story *s, const struct words *w, size_t at)
{
	struct agent_view a;

	return w->n > at + 2 && engine_agent(s->e, slice_of(w->v[at + 1]), &a) &&
	       a.used == strtoull(w->v[at + 2], NULL, 10);
}

static bool sees_message(const struct story *s, const struct words *w, size_t at)
{
	const char *to = words_get(w, "to"), *text = words_get(w, "text");

	(void)at;
	for (size_t i = 0; to && text && i < s->said_count; i++)
		if (strcmp(s->from[s->said[i].conv], to) == 0 && strstr(s->said[i].text, text))
			return true;
	return false;
}

static bool sees_answer(const struct story *s, const struct words *w, size_t at)
{
	return w->n > at + 1 && strcmp(answer_words[s->answer], w->v[at + 1]) == 0;
}

static bool sees_why(const struct story *s, const struct words *w, size_t at)
{
	struct str json = { 0 };
	const char *text = words_get(w, "text");
	bool holds = engine_explain(s->e, s->conv[words_conv(w)], s->now_us, &json) && text &&
		     strstr(json.p, text);

	(void)at;
	str_free(&json);
	return holds;
}

static const struct {
	const char *name;
	bool (*sees)(const struct story *s, const struct words *w, size_t at);
} expectations[] = { { "offer", sees_offer }, { "state", sees_state }, { "owner", sees_owner },
	{ "queue", sees_queue }, { "order", sees_order }, { "presence", sees_presence },
	{ "used", sees_used }, { "message", sees_message }, { "answer", sees_answer },
	{ "why", sees_why } };

/* "within 2s" or "for 2s" at the end of the line. */
static uint64_t patience_us(const struct words *w, const char *word)
{
	for (size_t i = 0; i + 1 < w->n; i++)
		if (strcmp(w->v[i], word) == 0)
			return time_us(w->v[i + 1]);
	return 0;
}

static bool play_expect(struct story *s, const struct words *w)
{
	bool no = w->n > 1 && strcmp(w->v[1], "no") == 0;
	size_t at = no ? 2 : 1, i = 0;
	uint64_t within_us = s->now_us + patience_us(w, "within");
	uint64_t for_us = s->now_us + patience_us(w, "for");

	while (i < sizeof(expectations) / sizeof(expectations[0]) &&
		(w->n <= at || strcmp(expectations[i].name, w->v[at]) != 0))
		i++;
	if (i == sizeof(expectations) / sizeof(expectations[0]))
		return wrong(s, "nothing that could be expected", w->n > at ? w->v[at] : "");
	if (words_conv(w) > s->convs)
		return wrong(s, "there is no such conversation yet", "");
	while (expectations[i].sees(s, w, at) == no && s->now_us < within_us)
		advance(s, engine_deadline(s->e) < within_us ? engine_deadline(s->e) : within_us);
	if (expectations[i].sees(s, w, at) == no)
		return wrong(s, "does not hold", "");
	while (s->now_us < for_us) {
		advance(s, engine_deadline(s->e) < for_us ? engine_deadline(s->e) : for_us);
		if (expectations[i].sees(s, w, at) == no)
			return wrong(s, "did not last", "");
	}
	return true;
}

/* ---- a story ---- */

static uint64_t start_of(const char *text)
{
	struct tm tm = { 0 };
	const char *line = strstr(text, "\nstart: ");

	if (line && strptime(line + strlen("\nstart: "), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return (uint64_t)timegm(&tm) * 1000000;
	return UINT64_C(1767614400000000);
}

static bool play_line(struct story *s, const char *line)
{
	struct words w;

	if (strncmp(line, "title:", 6) == 0 || strncmp(line, "only:", 5) == 0 ||
		strncmp(line, "start:", 6) == 0)
		return true;
	words_split(s, line, &w);
	if (!w.n)
		return true;
	if (strcmp(w.v[0], "agent") == 0)
		return play_agent(s, &w);
	if (strcmp(w.v[0], "at") == 0)
		return play_at(s, &w);
	if (strcmp(w.v[0], "expect") == 0)
		return play_expect(s, &w);
	return wrong(s, "no such line", w.v[0]);
}

static bool play(struct story *s, char *text)
{
	unsigned number = 0;
	struct step out;

	engine_step(s->e, &(struct command){ .type = COMMAND_TICK }, s->now_us, &out);
	for (char *line = text, *end; line && *line; line = end) {
		char where[64];

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		number++;
		if (play_line(s, line) && !s->why[0])
			continue;
		snprintf(where, sizeof(where), " (line %u, at %.3f s)", number,
			(double)(s->now_us - s->start_us) / 1e6);
		strncat(s->why, where, sizeof(s->why) - strlen(s->why) - 1);
		return false;
	}
	return true;
}

static bool tell(const char *file)
{
	struct str yaml = { 0 }, text = { 0 }, problems = { 0 };
	struct story s = { .answer = ANSWER_NONE };
	char center[256];
	const char *name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	bool good = false;

	snprintf(center, sizeof(center), "%s/center.yaml", folder);
	if (config_read(file, &text, &problems) && config_read(center, &yaml, &problems)) {
		s.start_us = s.now_us = start_of(text.p);
		s.config = config_parse(center, str_slice(&yaml), s.start_us, &problems);
	}
	if (s.config) {
		s.e = engine_new(s.config);
		good = play(&s, text.p);
		engine_free(&s.e);
	} else {
		wrong(&s, "cannot begin", problems.n ? problems.p : "");
	}
	printf("%s scenarios/engine/%.*s%s%s\n", good ? "ok" : "not ok",
		(int)(strlen(name) - strlen(".scn")), name, good ? "" : ": ", s.why);
	config_free(&s.config);
	arena_free(&s.arena);
	str_free(&yaml);
	str_free(&text);
	str_free(&problems);
	return good;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
	char *files[512];
	size_t count = 0, failed = 0;
	DIR *dir = argc > 1 ? NULL : opendir(folder);

	for (struct dirent *d = dir ? readdir(dir) : NULL; d && count < 512; d = readdir(dir)) {
		size_t n = strlen(d->d_name);
		char path[512];

		if (n < 5 || strcmp(d->d_name + n - 4, ".scn") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		files[count++] = strdup(path);
	}
	if (dir)
		closedir(dir);
	qsort(files, count, sizeof(files[0]), by_name);
	for (int i = 1; i < argc && count < 512; i++)
		files[count++] = strdup(argv[i]);
	for (size_t i = 0; i < count; i++) {
		failed += !tell(files[i]);
		free(files[i]);
	}
	return failed || !count ? 1 : 0;
}
