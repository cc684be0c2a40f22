/*
 * One file to one struct config: read, parse, fill by the schema, check what concerns several keys, hash. No side effects: opens only the
 * file and the .ics files it names, looks where the program lies. Called by main.c, reload.c and tests.
 */
#include "app/config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cross.h"
#include "app/hours.h"
#include "app/rules.h"
#include "app/section.h"
#include "app/texts.h"
#include "base/clock.h"
#include "model/limits.h"
#include "text/classify.h"

bool config_read(const char *file, struct str *text, struct str *problems)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd >= 0 && text->n <= TREE_SIZE_MAX) {
		n = read(fd, str_reserve(text, 65536), 65536);
		if (n <= 0)
			break;
		text->n += (size_t)n;
		text->p[text->n] = '\0';
	}
	if (fd < 0 || n < 0)
		str_addf(problems, "%s:1:1: cannot read it: %s\n", file, strerror(errno));
	if (fd >= 0)
		close(fd);
	return fd >= 0 && n >= 0;
}

/* The first of these beside the program that is a directory; the first when none is. */
static struct slice beside_program(struct arena *arena, const char *const *candidates)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct slice first = { 0 };

	exe[n > 0 ? n : 0] = '\0';
	const char *dir = dirname(exe);
	for (size_t i = 0; candidates[i]; i++) {
		struct slice path = arena_printf(arena, "%s/%s", dir, candidates[i]);
		struct stat st;
		if (stat(path.p, &st) == 0 && S_ISDIR(st.st_mode))
			return path;
		if (!i)
			first = path;
	}
	return first;
}

static void fill_defaults(struct config *c)
{
	static const char *const web[] = { "web", "../share/usher/web", NULL };
	static const char *const plugins[] = { "channels", "../lib/usher/channels",
		"../lib/x86_64-linux-gnu/usher/channels", "../lib/aarch64-linux-gnu/usher/channels",
		NULL };

	if (!c->web_dir.n)
		c->web_dir = beside_program(c->arena, web);
	c->own_plugin_dir = beside_program(c->arena, plugins);
	if (!c->plugin_dir.n)
		c->plugin_dir = c->own_plugin_dir;
	if (!c->public_url.n)
		c->public_url = arena_printf(c->arena, "%s://%.*s",
			c->tls_cert.n ? "https" : "http", SLICE_ARG(c->http_listen));
	for (size_t i = 0; i < c->queue_count; i++)
		if (!c->queues[i].title.n)
			c->queues[i].title = c->queues[i].name;
	for (size_t i = 0; i < c->segment_count; i++)
		if (!c->segments[i].title.n)
			c->segments[i].title = c->segments[i].name;
	for (size_t i = 0; i < c->channel_count; i++)
		if (!c->channels[i].title.n)
			c->channels[i].title = c->channels[i].name;
	for (size_t i = 0; i < c->template_count; i++)
		if (!c->templates[i].title.n)
			c->templates[i].title = c->templates[i].name;
	for (size_t i = 0; i < c->person_count; i++)
		if (!c->people[i].name.n)
			c->people[i].name = c->people[i].id;
}

/* Of what routing depends on, as written: not of the hours of these particular days. */
static uint64_t hash_routing(const struct config *c, const struct tree *root)
{
	static const char *const whole[] = { "desk", "kinds", "calendars", "queues", "segments",
		"hold_back", "rules" };
	static const char *const of_channel[] = { "kind", "queue", "skills" };
	struct str text = { 0 };

	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
		const struct tree *t = tree_get(root, whole[i]);
		str_addf(&text, "%s:", whole[i]);
		if (t)
			tree_print(t, &text);
	}
	for (size_t i = 0; i < c->channel_count; i++) {
		str_add_json(&text, c->channels[i].name);
		for (size_t k = 0; k < 3; k++) {
			const struct tree *t =
				tree_named(root, "channels", c->channels[i].name, of_channel[k]);
			if (t)
				tree_print(t, &text);
		}
	}
	uint64_t hash = slice_hash(str_slice(&text));
	str_free(&text);
	return hash ? hash : 1;
}

static bool fill(struct loader *l, struct slice text)
{
	struct config *c = l->config;
	struct tree *root = tree_parse(text, c->arena, &l->problems);

	if (!root)
		return false;
	if (root->kind != TREE_MAP) {
		problem_at(&l->problems, root->line, root->col, "expected a map of keys");
		return false;
	}
	section_read(l, root, SECTION_TOP, c, "the configuration");
	if (l->problems.count)
		return false;
	fill_defaults(c);
	cross_check(l, root);
	const struct tree *desk = tree_get(root, "desk");
	hours_midnights(l, desk && desk->kind == TREE_MAP ? tree_get(desk, "zone") : NULL);
	rules_compile(l, root);
	texts_check(l, root);
	c->hash = hash_routing(c, root);
	return l->problems.count == 0;
}

struct config *config_parse(
	const char *file, struct slice text, uint64_t now_us, struct str *problems)
{
	struct config *c = mem_alloc(sizeof(*c));
	struct loader l = {
		.problems = { .file = file, .out = problems }, .config = c, .now_us = now_us
	};

	c->arena = mem_alloc(sizeof(*c->arena));
	c->file = arena_copy(c->arena, slice_of(file));
	if (!fill(&l, text))
		config_free(&c);
	if (l.problems.count > PROBLEMS_MAX)
		str_addf(problems, "%s: and %zu more\n", file, l.problems.count - PROBLEMS_MAX);
	return c;
}

struct config *config_load(const char *file, struct str *problems)
{
	struct str text = { 0 };
	struct config *c = NULL;

	if (config_read(file, &text, problems))
		c = config_parse(file, str_slice(&text), clock_wall_us(), problems);
	str_free(&text);
	return c;
}

void config_free(struct config **c)
{
	if (!*c)
		return;
	struct arena *arena = (*c)->arena;
	classifier_free(&(*c)->classifier);
	arena_free(arena);
	free(arena);
	free(*c);
	*c = NULL;
}
