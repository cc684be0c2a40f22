/*
 * `usherd -t`: every channel's plugin is there and its options are what the plugin says. Opens nothing.
 */
#include "base/err.h"
#include "host/inside.h"

struct place {
	const struct channel *channel;
	void (*fn)(void *arg, unsigned line, unsigned col, const char *message);
	void *arg;
};

static void tell(void *arg, unsigned line, unsigned col, const char *message)
{
	const struct place *p = arg;
	struct str text = { 0 };

	str_addf(&text, "channel %.*s: %s", SLICE_ARG(p->channel->name), message);
	p->fn(p->arg, line, col, text.p);
	str_free(&text);
}

static size_t check_channel(const struct config *config, struct place *p)
{
	struct options o = { 0 };
	struct err err = { "" };
	struct plugin *plugin = plugin_load(config->plugin_dir, p->channel->plugin, &err);

	if (!plugin) {
		tell(p, p->channel->line, 0, err.text);
		return 1;
	}
	size_t problems = options_read(&o, plugin->api.options, p->channel->options,
		p->channel->option_count, p->channel->line, tell, p);
	options_free(&o);
	return problems;
}

size_t host_check(const struct config *config,
	void (*fn)(void *arg, unsigned line, unsigned col, const char *message), void *arg)
{
	size_t problems = 0;

	for (size_t i = 0; i < config->channel_count; i++) {
		struct place p = { &config->channels[i], fn, arg };
		problems += check_channel(config, &p);
	}
	return problems;
}
