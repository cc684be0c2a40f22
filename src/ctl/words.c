/*
 * The command line: verb, arguments, options. The verbs are those of model/verb.h; whether their values make sense is
 * the node's to say. Never reads anything. Called by main.c.
 */
#include "ctl/words.h"

#include <errno.h>
#include <stdlib.h>

#include "model/verb.h"

struct verb_row {
	const char *name, *arguments;
	size_t least, most;
	const char *what;
};
#define VERB_ROW(id, name, arguments, least, most, what) { name, arguments, least, most, what },
static const struct verb_row verbs[] = { VERBS(VERB_ROW) };

/* Options with a value that go to the node; `many`: a list. */
static const struct {
	const char *name;
	bool many;
} options[] = { { "role", false }, { "name", false }, { "units", false }, { "skill", true },
	{ "channel", false }, { "why", false }, { "since", false }, { "agents", false } };

void words_usage(struct str *out)
{
	str_add_text(out, "usage: usherctl [--socket PATH] VERB [--json]\n");
	for (size_t i = 0; i < VERB_COUNT; i++)
		str_addf(out, "  %s %s\n      %s\n", verbs[i].name, verbs[i].arguments,
			verbs[i].what);
	str_add_text(out, "  channel check PLUGIN.so [--option KEY=VALUE ...]\n"
			  "      tries a channel plugin against the contract; asks no usherd\n");
	str_add_text(out, "The socket is DATA/usherctl.sock: --socket, $USHER_SOCKET or "
			  "./data/usherctl.sock.\n"
			  "Exit: 0 done, 1 refused, 2 usage, 3 not reachable.\n");
}

static int take_option(struct words *w, const char *name, const char *value, struct err *err)
{
	json_t *all = json_object_get(w->request, "options");

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (strcmp(options[i].name, name) != 0)
			continue;
		json_t *text = value ? json_string(value) : NULL;
		if (!text)
			return err_set(err, EINVAL, "--%s wants a value (UTF-8)", name);
		if (!options[i].many)
			return json_object_set_new(all, name, text);
		json_t *list = json_object_get(all, name);
		if (!list) {
			list = json_array();
			json_object_set_new(all, name, list);
		}
		return json_array_append_new(list, text);
	}
	return err_set(err, EINVAL, "there is no option --%s", name);
}

static int take_word(struct words *w, const char *word, struct err *err)
{
	if (w->verb) {
		json_t *text = json_string(word);
		if (!text)
			return err_set(err, EINVAL, "an argument is not UTF-8");
		return json_array_append_new(json_object_get(w->request, "args"), text);
	}
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, word) == 0) {
			w->verb = verbs[i].name;
			return json_object_set_new(w->request, "verb", json_string(word));
		}
	return err_set(err, EINVAL, "there is no verb '%s'", word);
}

static int check_count(const struct words *w, struct err *err)
{
	size_t n = json_array_size(json_object_get(w->request, "args"));

	if (!w->verb)
		return err_set(err, EINVAL, "which verb?");
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, w->verb) == 0 &&
			(n < verbs[i].least || n > verbs[i].most))
			return err_set(err, EINVAL, "usage: usherctl %s %s", verbs[i].name,
				verbs[i].arguments);
	return 0;
}

int words_parse(int argc, char **argv, struct words *out, struct err *err)
{
	int error = 0;

	*out = (struct words){ .request = json_pack(
				       "{s:s, s:[], s:{}}", "verb", "", "args", "options") };
	for (int i = 1; i < argc && !error; i++) {
		const char *a = argv[i];
		if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0)
			out->help = true;
		else if (strcmp(a, "--json") == 0)
			out->json = true;
		else if (strcmp(a, "--password-stdin") == 0)
			out->password_stdin = true;
		else if (strcmp(a, "--socket") == 0 && i + 1 < argc)
			out->socket = argv[++i];
		else if (strcmp(a, "--config") == 0 && i + 1 < argc)
			out->config = argv[++i];
		else if (strncmp(a, "--", 2) == 0) {
			error = take_option(out, a + 2, i + 1 < argc ? argv[i + 1] : NULL, err);
			i++;
		} else {
			error = take_word(out, a, err);
		}
	}
	if (!error && !out->help)
		error = check_count(out, err);
	if (!out->socket)
		out->socket = getenv("USHER_SOCKET");
	if (!out->socket || !*out->socket)
		out->socket = "./data/usherctl.sock";
	return error;
}

void words_free(struct words *w)
{
	json_decref(w->request);
	w->request = NULL;
}
