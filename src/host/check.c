/*
 * `usherd -t` and the first half of a reload: every channel's plugin is there, its options are what its table says, and it has nothing
 * against them itself. Opens nothing. Called by app.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "host/inside.h"

struct place {
	const struct channel *channel;
	void (*fn)(void *arg, unsigned line, unsigned col, const char *message);
	void *arg;
};

/* The house that channels are asked in: it has no doors, but knows what would be written on them. */
struct inspection {
	struct host house;
	struct map paths; /* of HTTP → whose */
	struct place at;
	size_t problems;
};

static void tell(void *arg, unsigned line, unsigned col, const char *message)
{
	const struct place *p = arg;
	struct str text = { 0 };

	str_addf(&text, "channel %.*s: %s", SLICE_ARG(p->channel->name), message);
	p->fn(p->arg, line, col, text.p);
	str_free(&text);
}

/* "keys.0: too short" or "keys: missing" speaks of the option keys.0: where it stands, or the channel when it stands nowhere. */
static void tell_of_option(struct place *p, const char *why)
{
	const struct channel *c = p->channel;
	size_t n = strcspn(why, ": ");
	const struct option *best = NULL;

	for (size_t i = 0; i < c->option_count && n; i++) {
		const struct option *o = &c->options[i];
		bool is = o->name.n >= n && memcmp(o->name.p, why, n) == 0 &&
			  (o->name.n == n || o->name.p[n] == '.');
		if (is && (!best || o->name.n == n))
			best = o;
	}
	tell(p, best ? best->line : c->line, best ? best->col : 0, why);
}

/* `http_route` of a channel that is asked, not opened. */
void check_path(struct usher_host *h, const char *prefix)
{
	struct inspection *i = LIST_ENTRY(h->host, struct inspection, house);
	const char *other = map_get(&i->paths, slice_of(prefix));
	struct err err = { "" };

	if (!other) {
		map_put(&i->paths, slice_of(prefix), slice_dup(slice_of(h->name)));
		return;
	}
	err_set(&err, EEXIST, "its path %s is that of channel %s", prefix, other);
	tell(&i->at, i->at.channel->line, 0, err.text);
	i->problems++;
}

/* What only the plugin knows of its options. Nothing is opened: it gets services that have no effect. */
static size_t check_inside(struct inspection *i, struct plugin *plugin, struct options *options)
{
	struct place *p = &i->at;
	struct usher_host h = {
		.host = &i->house, .refs = 1, .plugin = plugin, .api = &plugin->api
	};
	char why[256] = "";

	if (!plugin->api.check)
		return 0;
	h.name = slice_dup(p->channel->name);
	h.options = *options;
	uint64_t began = call_begin(&h, "check");
	int refused = plugin->api.check(&h, &check_services, why, sizeof(why));
	call_end(&h, began);
	why[sizeof(why) - 1] = 0;
	if (refused)
		tell_of_option(p, why[0] ? why : "the plugin refuses these options");
	free(h.name);
	return refused != 0;
}

/* Whether a channel that is there can send; what is wrong with its plugin is said of that channel itself. */
static bool sends(const struct config *config, const struct channel *by)
{
	struct err err = { "" };
	struct plugin *plugin = plugin_of(config, by, &err);

	return !plugin || plugin->api.send;
}

/* Who is mailed what he has not seen in the chat must be reached by that channel. */
static size_t check_away(const struct config *config, struct place *p)
{
	const struct channel *by = config_channel(config, p->channel->away_mailbox);
	struct err err = { "" };

	if (!by || sends(config, by))
		return 0; /* one that is not there is the configuration's to tell of */
	err_set(&err, EINVAL, "away_mail: its mailbox '%.*s' (plugin %.*s) sends nothing",
		SLICE_ARG(by->name), SLICE_ARG(by->plugin));
	tell(p, p->channel->line, 0, err.text);
	return 1;
}

/* An option that names a channel: one that is there, and sends. Without it the rest of the center works, so that it is only told. */
static void check_named(const struct config *config, const struct place *p, const struct option *o)
{
	const struct channel *by = config_channel(config, o->value);
	struct str there = { 0 };

	if (by && sends(config, by))
		return;
	for (size_t i = 0; i < config->channel_count; i++)
		if (sends(config, &config->channels[i]))
			str_addf(&there, "%s%.*s", there.n ? ", " : "",
				SLICE_ARG(config->channels[i].name));
	log_warn("host",
		"what goes out by another channel cannot leave channel=%.*s line=%u option=%.*s "
		"why=\"%s\" channel_named=\"%.*s\" there_are=\"%s\"",
		SLICE_ARG(p->channel->name), o->line, SLICE_ARG(o->name),
		by ? "it sends nothing" : "there is none of that name", SLICE_ARG(o->value),
		there.n ? there.p : "");
	str_free(&there);
}

static void check_names(
	const struct config *config, const struct place *p, const struct usher_option *table)
{
	for (; table->key; table++)
		for (size_t i = 0;
			table->type == USHER_TEXT && table->choices &&
			strcmp(table->choices, "channel") == 0 && i < p->channel->option_count;
			i++) {
			const struct option *o = &p->channel->options[i];
			if (slice_is(o->name, table->key) && o->value.n)
				check_named(config, p, o);
		}
}

static void check_channel(struct inspection *i)
{
	const struct config *config = i->house.config;
	struct place *p = &i->at;
	struct options o = { 0 };
	struct err err = { "" };
	struct plugin *plugin = plugin_of(config, p->channel, &err);

	if (!plugin) {
		tell(p, p->channel->line, 0, err.text);
		i->problems++;
		return;
	}
	size_t problems = plugin_options(plugin, p->channel, &o, tell, p);
	check_names(config, p, plugin->inner ? plugin->inner->api.options : plugin->api.options);
	if (!problems)
		problems = check_inside(i, plugin, &o);
	options_free(&o);
	i->problems += problems + check_away(config, p);
}

size_t host_check(const struct config *config,
	void (*fn)(void *arg, unsigned line, unsigned col, const char *message), void *arg)
{
	struct inspection i = { .house = { .config = config, .thread = pthread_self() } };

	for (size_t n = 0; n < config->channel_count; n++) {
		i.at = (struct place){ &config->channels[n], fn, arg };
		check_channel(&i);
	}
	struct map_entry e;
	for (size_t at = 0; map_next(&i.paths, &at, &e);)
		free(e.value);
	map_free(&i.paths);
	return i.problems;
}
