/*
 * Shared objects that hold a plugin: found by name in one directory, checked, and kept for as long as the process lives.
 */
#ifndef USHER_HOST_PLUGIN_H
#define USHER_HOST_PLUGIN_H

#include <usher/channel.h>

#include "base/err.h"
#include "base/slice.h"

struct plugin {
	struct plugin *next;
	char *name;
	/* What it gave, as far as both sides know it; the rest is zero. */
	struct usher_channel api;
	struct usher_option *options; /* its table in our shape; api.options is this */
	/* Not NULL: the plugin that runs in a process of its own; `api` is exec's then (isolated.c). */
	const struct plugin *inner;
	const char *path;
	uintptr_t from, to; /* where it lies in memory */
};

/* DIR/NAME.so, loaded once. NULL and the reason when it is missing, speaks another version or lacks what every plugin has. */
struct plugin *plugin_load(struct slice dir, struct slice name, struct err *err);
/* The name of the plugin whose code this is, or NULL. May be asked in a signal handler. */
const char *plugin_holding(const void *code);
/* A file of that path, for its developer. */
struct plugin *plugin_load_file(const char *path, struct err *err);
/* Checks what a plugin's symbol says and copies what both sides know: 0, or -EINVAL and the reason. */
int plugin_adopt(struct plugin *p, const struct usher_channel *given, struct err *err);

#endif
