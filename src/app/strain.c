/*
 * Looks four times a second at what runs short and decides which new work is refused. The level rises at once and falls one at a time, when what it
 * was raised for has been over for STRAIN_CALM_MS. Called by node.c.
 */
#include "app/strain.h"

#include <stdio.h>
#include <sys/statvfs.h>

#include "app/node.h"
#include "base/log.h"
#include "store/inbox.h"

#define SHED_WHAT(level, what) what,
static const char *const refused[] = { SHED_LEVELS(SHED_WHAT) };
#undef SHED_WHAT

#define ROW_MORE(id, words, ...) { words, false, { __VA_ARGS__ } },
#define ROW_LESS(id, words, ...) { words, true, { __VA_ARGS__ } },
static const struct measure {
	const char *words;
	bool less;
	uint64_t from[SHED_COUNT - 1];
} measures[] = { STRAINS(ROW_MORE, ROW_LESS) };
#undef ROW_MORE
#undef ROW_LESS

enum shed strain_level(const uint64_t value[STRAIN_COUNT], size_t *worst)
{
	unsigned level = SHED_NOTHING;

	*worst = 0;
	for (size_t i = 0; i < STRAIN_COUNT; i++)
		while (level < SHED_COUNT - 1 &&
			(measures[i].less ? value[i] < measures[i].from[level]
					  : value[i] >= measures[i].from[level])) {
			level++;
			*worst = i;
		}
	return (enum shed)level;
}

/* ---- measuring ---- */

enum { STANDS_MS = 1000 }; /* without an answer Redis stands still, which is a measure of its own */

/* The least of the last looks: one long turn is over when it is seen. */
static uint64_t loop_late_ms(struct strain *s, uint64_t now_us)
{
	uint64_t every_us = STRAIN_EVERY_MS * 1000, due_us = s->looked_us + every_us;
	uint64_t least = UINT64_MAX;

	s->late_ms[s->looks++ % STRAIN_LOOKS] =
		s->looked_us && now_us > due_us ? (now_us - due_us) / 1000 : 0;
	s->looked_us = now_us;
	for (size_t i = 0; i < STRAIN_LOOKS; i++)
		if (s->late_ms[i] < least)
			least = s->late_ms[i];
	return least;
}

static uint64_t disk_left_mib(const char *dir)
{
	struct statvfs fs;

	return statvfs(dir, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize >> 20 : UINT64_MAX;
}

static void on_memory(void *arg, int status, uint64_t used, uint64_t most)
{
	struct node *n = arg;

	n->strain.asked = false;
	if (status == 0)
		n->strain.value[STRAIN_MEMORY] = most ? used * 100 / most : 0;
}

static void measure(struct node *n, uint64_t now_us)
{
	struct strain *s = &n->strain;

	s->value[STRAIN_INBOX] = inbox_length(n->store);
	s->value[STRAIN_STORE] = store_oldest_us(n->store) / 1000;
	s->value[STRAIN_WAIT] = inbox_wait_ms(&s->wait, now_us, inbox_length(n->store),
		inbox_taken_total(n->store), s->value[STRAIN_STORE] >= STANDS_MS);
	s->value[STRAIN_LOOP] = loop_late_ms(s, now_us);
	s->value[STRAIN_DISK] = disk_left_mib(n->config->data_dir.p);
	if (!s->asked && s->looks % STRAIN_LOOKS == 1) {
		s->asked = true;
		store_memory(n->store, on_memory, n);
	}
}

/* ---- what follows ---- */

static void change(struct node *n, enum shed level)
{
	struct strain *s = &n->strain;

	if (level > s->level)
		log_warn("app", "overload: refused are now %s and less why=\"%s\"", refused[level],
			s->why);
	else
		log_info("app", "overload eases: refused are now %s", refused[level]);
	s->level = level;
	host_shed(n->host, level);
	desk_shed(n->desk, level);
	if (level == SHED_NOTHING)
		s->why[0] = '\0';
}

static uint64_t calm_us(const struct strain *s)
{
	return (s->worst == STRAIN_WAIT ? STRAIN_CALM_WAIT_MS : STRAIN_CALM_MS) * UINT64_C(1000);
}

void strain_look(struct node *n)
{
	struct strain *s = &n->strain;
	uint64_t now_us = loop_monotonic_us(n->loop);
	size_t worst;

	measure(n, now_us);
	enum shed level = strain_level(s->value, &worst);
	if (level && level >= s->level) {
		s->worst = worst;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(s->why, sizeof(s->why), measures[worst].words,
			(unsigned long long)s->value[worst]);
#pragma GCC diagnostic pop
	}
	if (level >= s->level)
		s->calm_since_us = now_us;
	if (level > s->level)
		change(n, level);
	else if (now_us - s->calm_since_us > calm_us(s)) {
		s->calm_since_us = now_us;
		change(n, (enum shed)(s->level - 1));
	}
}

void strain_json(const struct strain *s, struct str *out)
{
	str_addf(out, "{\"level\":%d,\"refused\":[", (int)s->level);
	for (unsigned i = 1; i <= s->level; i++) {
		str_add_text(out, i > 1 ? "," : "");
		str_add_json(out, slice_of(refused[i]));
	}
	str_add_text(out, "],\"why\":");
	str_add_json(out, slice_of(s->why));
	str_add_char(out, '}');
}
