/*
 * A channel's options by the plugin's own table: checked, defaults filled in.
 *
 * A key in the table may have `*` where the configuration has an index: "fields.*.name" stands for fields.0.name, fields.1.name ...
 * Such an option is required (no fallback) of each index that any option of its group uses.
 */
#ifndef USHER_HOST_OPTIONS_H
#define USHER_HOST_OPTIONS_H

#include <usher/channel.h>

#include "base/map.h"
#include "model/config.h"

struct options {
	struct map values; /* key → char *, NUL-terminated */
};
typedef void options_problem_fn(void *arg, unsigned line, unsigned col, const char *message);

/* Fills `o` (zeroed) and returns the number of problems, each told. `line` is the channel's, for what is missing. Numbers are
 * given in plain decimal, truth values as "yes" or "no". */
size_t options_read(struct options *o, const struct usher_option *table, const struct option *given,
	size_t count, unsigned line, options_problem_fn *problem, void *arg);
/* {NULL, 0} when there is none of that key. */
struct slice options_get(const struct options *o, const char *key);
void options_free(struct options *o);
/* Changes when an option's name or value does. */
uint64_t options_hash(const struct option *given, size_t count);

#endif
