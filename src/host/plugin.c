/*
 * Loads plugins. A plugin of another major version is refused; an older minor one brings a shorter table (the calls it
 * does not have are NULL), a newer one a longer table, whose end is not looked at. Never unloads: a plugin may have threads.
 * Called by channel.c, check.c and usherctl.
 *
 *   usher_channel_v1 in the plugin:  size │ major minor │ name ... open close │ calls it does not know
 *   struct usher_channel here:       copied up to min(size, ours)             │ zero
 */
#include "host/plugin.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/str.h"

static const char SYMBOL[] = "usher_channel_v1";

/* Every plugin has had this much. */
enum { LEAST_SIZE = offsetof(struct usher_channel, close) };

static struct plugin *loaded; /* for the life of the process, as dlopen's own list */

/* Its rows may be shorter or longer than ours. */
static void take_options(struct plugin *p)
{
	size_t stride = p->api.option_size ? p->api.option_size : sizeof(struct usher_option);
	size_t known = stride < sizeof(struct usher_option) ? stride : sizeof(struct usher_option);
	const char *row = (const char *)p->api.options;
	size_t count = 0;
	const char *key;

	for (;; count++) {
		memcpy(&key, row + count * stride, sizeof(key));
		if (!key)
			break;
	}
	p->options = mem_alloc((count + 1) * sizeof(*p->options));
	for (size_t i = 0; i < count; i++)
		memcpy(&p->options[i], row + i * stride, known);
	p->api.options = p->options;
}

static int refuse_version(const struct usher_channel *given, struct err *err)
{
	return err_set(err, EINVAL,
		"it was built for version %u.%u of usher's channel ABI, this usher has %u.%u: "
		"build "
		"it anew against this usher's usher/channel.h",
		given->abi_major, given->abi_minor, USHER_ABI_MAJOR, USHER_ABI_MINOR);
}

int plugin_adopt(struct plugin *p, const struct usher_channel *given, struct err *err)
{
	size_t size = given->size < sizeof(p->api) ? given->size : sizeof(p->api);

	if (given->abi_major != USHER_ABI_MAJOR)
		return refuse_version(given, err);
	if (given->size < LEAST_SIZE)
		return err_set(err, EINVAL, "its table has %zu bytes, at least %d are needed",
			given->size, LEAST_SIZE);
	memset(&p->api, 0, sizeof(p->api));
	memcpy(&p->api, given, size);
	if (!p->api.name || !p->api.open || !p->api.options)
		return err_set(err, EINVAL, "its table lacks name, options or open");
	take_options(p);
	return 0;
}

static bool name_is_plain(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", name.p[i]))
			return false;
	return name.n > 0;
}

/* The table of a plugin for another major version: of that only the first words are alike. */
static const struct usher_channel *other_version(void *so)
{
	enum { VERSIONS_MAX = 32 };
	char symbol[32];

	for (int i = 0; i < VERSIONS_MAX; i++) {
		snprintf(symbol, sizeof(symbol), "usher_channel_v%d", i);
		const struct usher_channel *given = dlsym(so, symbol);
		if (given)
			return given;
	}
	return NULL;
}

struct place {
	uintptr_t of, from, to;
};

/* dl_iterate_phdr's: takes the place of the shared object that `of` lies in. */
static int find_place(struct dl_phdr_info *so, size_t size, void *arg)
{
	struct place *at = arg;
	uintptr_t from = UINTPTR_MAX, to = 0;

	(void)size;
	for (size_t i = 0; i < so->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &so->dlpi_phdr[i];
		uintptr_t start = so->dlpi_addr + h->p_vaddr;
		if (h->p_type != PT_LOAD)
			continue;
		from = start < from ? start : from;
		to = start + h->p_memsz > to ? start + h->p_memsz : to;
	}
	if (at->of < from || at->of >= to)
		return 0;
	at->from = from;
	at->to = to;
	return 1;
}

const char *plugin_holding(const void *code)
{
	for (const struct plugin *p = loaded; p; p = p->next)
		if ((uintptr_t)code >= p->from && (uintptr_t)code < p->to)
			return p->name;
	return NULL;
}

static int plugin_open(struct plugin *p, const char *path, struct err *err)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const char *why = so ? NULL : dlerror();
	const struct usher_channel *given;

	if (!so)
		return err_set(err, ENOENT, "%s", why ? why : "cannot be loaded");
	given = dlsym(so, SYMBOL);
	if (given) {
		struct place at = { .of = (uintptr_t)given };
		dl_iterate_phdr(find_place, &at);
		p->from = at.from;
		p->to = at.to;
		return plugin_adopt(p, given, err);
	}
	given = other_version(so);
	if (given)
		return refuse_version(given, err);
	return err_set(err, EINVAL, "%s has no symbol %s: it is not a plugin for channel ABI %d",
		path, SYMBOL, USHER_ABI_MAJOR);
}

static int is_shared_object(const struct dirent *d)
{
	return slice_ends(slice_of(d->d_name), SLICE(".so"));
}

/* Says which there are, when it is not among them; false: it is there. */
static bool missing(struct slice dir, const char *path, struct err *err)
{
	struct str all = { 0 };
	struct dirent **found = NULL;
	char *name = slice_dup(dir);

	if (access(path, F_OK) == 0) {
		free(name);
		return false;
	}
	int count = scandir(name, &found, is_shared_object, alphasort);
	if (count < 0)
		err_set(err, errno, "plugin_dir %s: %s", name, strerror(errno));
	for (int i = 0; i < count; i++) {
		str_addf(&all, "%s%.*s", i ? ", " : "", (int)strlen(found[i]->d_name) - 3,
			found[i]->d_name);
		free(found[i]);
	}
	if (count >= 0)
		err_set(err, ENOENT, "there is no %s; there are: %s", path, all.n ? all.p : "none");
	free(found);
	free(name);
	str_free(&all);
	return true;
}

static struct plugin *plugin_keep(struct plugin *p, struct slice name)
{
	p->name = slice_dup(name);
	p->next = loaded;
	loaded = p;
	return p;
}

struct plugin *plugin_load_file(const char *path, struct err *err)
{
	struct plugin *p = mem_alloc(sizeof(*p));
	struct str file = { 0 };

	/* Without a slash it would be looked for in the system's libraries. */
	str_addf(&file, "%s%s", strchr(path, '/') ? "" : "./", path);
	if (plugin_open(p, file.p, err)) {
		free(p->options);
		free(p);
		p = NULL;
	} else {
		plugin_keep(p, slice_of(p->api.name));
	}
	str_free(&file);
	return p;
}

struct plugin *plugin_load(struct slice dir, struct slice name, struct err *err)
{
	struct str path = { 0 };

	for (struct plugin *p = loaded; p; p = p->next)
		if (slice_is(name, p->name))
			return p;
	if (!name_is_plain(name)) {
		err_set(err, EINVAL, "plugin \"%.*s\": a name has only a-z, 0-9, _ and -",
			SLICE_ARG(name));
		return NULL;
	}
	struct plugin *p = mem_alloc(sizeof(*p));
	str_addf(&path, "%.*s/%.*s.so", SLICE_ARG(dir), SLICE_ARG(name));
	int status = missing(dir, path.p, err) ? -ENOENT : plugin_open(p, path.p, err);
	str_free(&path);
	if (status) {
		err_prefix(err, "plugin %.*s", SLICE_ARG(name));
		free(p->options);
		free(p);
		return NULL;
	}
	ASSERT(p->api.open);
	return plugin_keep(p, name);
}
