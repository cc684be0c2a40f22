/*
 * A channel whose plugin runs in a process of its own: the plugin exec drives `usherd --apart PLUGIN.so`, which has the real one inside (apart.c).
 * Here only the table of the plugin is read, to check its options; nothing of it is called. Called by channel.c and check.c.
 *
 *   channel {plugin: line, isolated: yes} ─▶ struct plugin {name line, calls of exec, capabilities of both}
 *   its options, checked by line's table ─▶ `settings` of exec
 */
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/inside.h"

/* As exec takes it. */
enum { FILES_MAX = 65536 };

/* What a line cannot say: these want an answer at once, or a WebSocket. */
static int refuse_live(const struct usher_channel *api, struct err *err)
{
	const char *what = api->capabilities & USHER_CAP_LIVE ? "USHER_CAP_LIVE"
			   : api->ws			      ? "WebSockets (ws)"
			   : api->update		      ? "update"
							      : NULL;

	if (!what)
		return 0;
	return err_set(err, ENOTSUP,
		"isolated: the plugin %s has %s, which cannot leave usherd's process; without "
		"isolated it runs inside",
		api->name, what);
}

static struct plugin *load_exec(const struct config *config, struct err *err)
{
	struct err first = { "" };
	struct plugin *exec = plugin_load(config->plugin_dir, SLICE("exec"), &first);

	return exec ? exec : plugin_load(config->own_plugin_dir, SLICE("exec"), err);
}

/* One for each inner plugin, for the life of the process. */
static struct plugin *wrap(
	const struct config *config, const struct plugin *inner, const struct plugin *exec)
{
	static struct plugin *wrapped;
	char path[PATH_MAX];
	struct str file = { 0 };

	for (struct plugin *p = wrapped; p; p = p->next)
		if (p->inner == inner)
			return p;
	struct plugin *p = mem_alloc(sizeof(*p));
	*p = (struct plugin){ .next = wrapped,
		.name = inner->name,
		.api = exec->api,
		.options = exec->options,
		.inner = inner };
	p->api.version = inner->api.version;
	p->api.capabilities = inner->api.capabilities;
	p->api.text_max = inner->api.text_max;
	p->api.parts_max = inner->api.parts_max;
	if (!inner->api.reread)
		p->api.reread = NULL;
	if (!inner->api.send)
		p->api.send = NULL;
	str_addf(&file, "%.*s/%s.so", SLICE_ARG(config->plugin_dir), inner->name);
	p->path = slice_dup(slice_of(realpath(file.p, path) ? path : file.p));
	str_free(&file);
	wrapped = p;
	return p;
}

struct plugin *plugin_of(const struct config *config, const struct channel *c, struct err *err)
{
	struct plugin *inner = plugin_load(config->plugin_dir, c->plugin, err);

	if (!inner || !c->isolated)
		return inner;
	if (refuse_live(&inner->api, err))
		return NULL;
	struct plugin *exec = load_exec(config, err);
	return exec ? wrap(config, inner, exec) : NULL;
}

/* ---- options ---- */

struct building {
	struct arena arena;
	struct option *list;
	size_t count, cap;
};

static void add(struct building *b, struct slice name, struct slice value)
{
	if (b->count == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 64;
		b->list = mem_resize(b->list, b->cap, sizeof(*b->list));
	}
	b->list[b->count++] = (struct option){ .name = name, .value = value };
}

static bool is_given(const struct channel *c, const char *name)
{
	for (size_t i = 0; i < c->process_count; i++)
		if (slice_is(c->process[i].name, name))
			return true;
	return false;
}

static void add_unless_given(
	struct building *b, const struct channel *c, const char *name, const char *value)
{
	if (!is_given(c, name))
		add(b, slice_of(name), slice_of(value));
}

static void add_program(struct building *b, const struct plugin *p)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	add(b, SLICE("command.0"), arena_copy(&b->arena, slice_make(exe, n > 0 ? (size_t)n : 0)));
	add(b, SLICE("command.1"), SLICE("--apart"));
	add(b, SLICE("command.2"), slice_of(p->path));
}

/* As much as it could do inside, unless `process` says less. */
static void add_process(struct building *b, const struct plugin *p, const struct channel *c)
{
	const struct passwd *who = geteuid() == 0 ? getpwuid(0) : NULL;
	uint32_t can = p->api.capabilities;
	unsigned long long files = 1024;
	struct rlimit open_files;

	if (who)
		add_unless_given(b, c, "user", arena_copy(&b->arena, slice_of(who->pw_name)).p);
	add_unless_given(b, c, "idempotent", can & USHER_CAP_IDEMPOTENT_SEND ? "yes" : "no");
	add_unless_given(b, c, "attachments", can & USHER_CAP_FILES ? "yes" : "no");
	add_unless_given(b, c, "sandbox", "no"); /* it would answer by itself, inside */
	add_unless_given(b, c, "memory_mib", "0");
	if (getrlimit(RLIMIT_NOFILE, &open_files) == 0)
		files = open_files.rlim_max < FILES_MAX ? open_files.rlim_max : FILES_MAX;
	add_unless_given(b, c, "files", arena_printf(&b->arena, "%llu", files).p);
	add_unless_given(b, c, "attachment_mib", "50");
	add_unless_given(b, c, "attachments_max", "1000");
	add_unless_given(b, c, "body_kib", "40960");
	add_unless_given(b, c, "line_kib", "65536");
	add_unless_given(b, c, "in_max", "1000");
	add_unless_given(b, c, "sends_max", "64");
	for (size_t i = 0; i < c->process_count; i++) {
		add(b, c->process[i].name, c->process[i].value);
		b->list[b->count - 1].line = c->process[i].line;
		b->list[b->count - 1].col = c->process[i].col;
	}
}

static void add_settings(struct building *b, const struct options *own)
{
	struct map_entry e;
	size_t n = 0;

	for (size_t i = 0; map_next(&own->values, &i, &e); n++) {
		add(b, arena_printf(&b->arena, "settings.%zu.name", n),
			arena_copy(&b->arena, e.key));
		add(b, arena_printf(&b->arena, "settings.%zu.value", n), slice_of(e.value));
	}
}

size_t plugin_options(const struct plugin *p, const struct channel *c, struct options *o,
	options_problem_fn *problem, void *arg)
{
	struct options own = { 0 };
	struct building b = { 0 };

	if (!p->inner)
		return options_read(
			o, p->api.options, c->options, c->option_count, c->line, problem, arg);
	size_t problems = options_read(
		&own, p->inner->api.options, c->options, c->option_count, c->line, problem, arg);
	if (!problems) {
		add_program(&b, p);
		add_process(&b, p, c);
		add_settings(&b, &own);
		problems = options_read(o, p->api.options, b.list, b.count, c->line, problem, arg);
	}
	options_free(&own);
	arena_free(&b.arena);
	free(b.list);
	return problems;
}

uint64_t channel_hash(const struct channel *c)
{
	return options_hash(c->options, c->option_count) +
	       31 * options_hash(c->process, c->process_count) + c->isolated;
}
